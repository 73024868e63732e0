"""Tables of the benchmarks: printed as Markdown, kept as CSV, copied into the documentation.

    python benchmarks/stored.py         put all stored tables into docs/coverage.md

A script makes a `Table` whose cells are texts, so that the CSV under `benchmarks/tables/` and the
Markdown in the documentation hold the same characters; tests re-run parts of both.
"""

from __future__ import annotations

import csv
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "tables"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "coverage.md"


@dataclass(frozen=True)
class Table:
    """A name, column titles and rows of texts."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    @property
    def markdown(self) -> str:
        """The table without a newline at its end."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def write(self) -> None:
        """Store the table."""
        FOLDER.mkdir(exist_ok=True)
        with (FOLDER / f"{self.name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([self.columns, *self.rows])

    @classmethod
    def read(cls, name: str) -> Table:
        """Return a stored table."""
        with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
        return cls(name, tuple(columns), [tuple(row) for row in rows])

    def find(self, **cells: str) -> dict[str, str]:
        """Return the one row with these cells, by column title."""
        titled = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        (found,) = [row for row in titled if cells.items() <= row.items()]
        return found


def report(table: Table, arguments: Sequence[str]) -> None:
    """Print a table; with ``--csv`` store it too."""
    print(table.markdown, "\n")
    if "--csv" in arguments:
        table.write()


def samples_of(arguments: Sequence[str], default: int) -> int:
    """Return the number of samples, ``--samples=N`` or the default."""
    wish = [each.partition("=")[2] for each in arguments if each.startswith("--samples=")]
    return int(wish[0]) if wish else default


def progress(what: str, start: float) -> None:
    """Say on stderr what is done."""
    print(f"{time.perf_counter() - start:7.0f} s  {what}", file=sys.stderr, flush=True)


def stored_by(name: str, keys: dict[tuple[str, ...], Any]) -> dict[Any, list[tuple[str, ...]]]:
    """Return a stored table's rows by what their first cells are the key of.

    All values of `keys` are there, in its order, without rows where nothing is stored.
    """
    width = len(next(iter(keys)))
    found: dict[Any, list[tuple[str, ...]]] = {value: [] for value in keys.values()}
    if (FOLDER / f"{name}.csv").exists():
        for row in Table.read(name).rows:
            found[keys[row[:width]]].append(row)
    return found


def names() -> list[str]:
    """Names of the stored tables."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def filled(text: str) -> str:
    """Return the documentation with every table behind its marker replaced by the stored one."""
    for name in names():
        marker = re.escape(f"<!-- table: {name} -->")
        new = f"<!-- table: {name} -->\n\n{Table.read(name).markdown}\n"
        text, count = re.subn(rf"{marker}\n(\n(\|.*\n)*)?", lambda _, new=new: new, text)
        if count != 1:
            raise ValueError(f"{DOCUMENT.name}: {count} markers for the table {name!r}")
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
