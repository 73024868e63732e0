"""A table before any format: columns, rows and cells, all of them texts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import pandas as pd

_WORDS = frozenset({"verdict", "status"})
_MINUS = re.compile(r"(?<![^\s(\[])-(?=\d)")


@dataclass(frozen=True)
class Column:
    """A column's heading; neighbours with the same text `over` them share a merged heading.

    A line feed in a heading breaks the line. Numeric columns stand on the right.
    """

    head: str
    over: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Row:
    """A row: "body", "head" (one cell, which spans all columns) or "total" (a line above it)."""

    cells: tuple[str, ...]
    kind: Literal["body", "head", "total"] = "body"
    level: int = 0


@dataclass(frozen=True)
class Grid:
    """A table's columns and rows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, totals: tuple[int, ...] = ()) -> Grid:
        """Return a grid from ready texts; a line is drawn above the rows `totals`."""
        columns = [
            Column(str(name), numeric=j > 0 and name not in _WORDS)
            for j, name in enumerate(frame.columns)
        ]
        rows = [
            Row(tuple(map(str, cells)), "total" if i in totals else "body")
            for i, cells in enumerate(frame.itertuples(index=False, name=None))
        ]
        return cls(tuple(columns), tuple(rows))

    @property
    def overs(self) -> list[tuple[str, int]]:
        """Merged headings with the number of columns below each; empty where there are none."""
        if not any(column.over for column in self.columns):
            return []
        # Columns without one never merge, so that each keeps its own place.
        keys = [column.over or j for j, column in enumerate(self.columns)]
        runs = [(key, len(list(run))) for key, run in groupby(keys)]
        return [(key if isinstance(key, str) else "", size) for key, size in runs]

    @property
    def head_lines(self) -> list[list[str]]:
        """The headings line by line, each column's last line in the last one."""
        parts = [clean(column.head, keep_breaks=True).split("\n") for column in self.columns]
        depth = max(map(len, parts))
        padded = [[""] * (depth - len(part)) + part for part in parts]
        return [list(line) for line in zip(*padded, strict=True)]

    def bodies(self) -> list[list[Row]]:
        """Rows in runs that begin with a head row or a total."""
        runs: list[list[Row]] = []
        for row in self.rows:
            if not runs or row.kind != "body":
                runs.append([])
            runs[-1].append(row)
        return runs


def clean(text: str, *, keep_breaks: bool = False) -> str:
    r"""Return text without control characters, which some formats cannot hold.

    Examples
    --------
    >>> clean("a\tb\x00")
    'a b '
    """
    kept = "\n" if keep_breaks else ""
    return "".join(
        each if each in kept or unicodedata.category(each) not in _UNPRINTABLE else " "
        for each in text
    )


# Controls, lone surrogates, unassigned code points, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})


def typeset(text: str) -> str:
    """Return clean text with true minus signs before numbers.

    Examples
    --------
    >>> typeset("-0.1 (-0.2 to 0.3), ages 18-24")
    '−0.1 (−0.2 to 0.3), ages 18-24'
    """
    return _MINUS.sub("−", clean(text))
