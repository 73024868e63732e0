"""What users hold: a summary or a table, in every format."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import IO

import pandas as pd

from bopstats.tables import (
    csv_writer,
    html_writer,
    latex_writer,
    markdown_writer,
    text_writer,
    word_writer,
)
from bopstats.tables.content import Section
from bopstats.tables.grid import Grid


@dataclass(frozen=True)
class Document:
    """Sections under a title; all labels are escaped in every format."""

    title: str
    sections: tuple[Section, ...]

    def as_text(self) -> str:
        """Return plain text."""
        return text_writer.render(self.title, self.sections)

    def as_markdown(self) -> str:
        """Return Markdown with pipe tables."""
        return markdown_writer.write(self.title, self.sections)

    def as_html(self) -> str:
        """Return a part of an HTML page, with its style."""
        return html_writer.write(self.title, self.sections)

    def as_latex(self) -> str:
        r"""Return LaTeX for the body of a document.

        Its first line names the packages; tables of more than 40 rows are longtables. Signs that
        pdflatex cannot set, such as emoji, show as their number.
        """
        return latex_writer.write(self.title, self.sections)

    def as_csv(self) -> str:
        """Return comma-separated values in which no cell is a formula."""
        return csv_writer.write(self.title, self.sections)

    def to_docx(self, path: str | os.PathLike[str] | IO[bytes]) -> None:
        """Write a Word document (needs ``bopstats[word]``).

        Parameters
        ----------
        path : str, path or binary file
            Where to; an existing file is replaced.

        Raises
        ------
        BopError
            If python-docx is not installed.
        """
        word_writer.write(self.title, self.sections, path)

    def _repr_html_(self) -> str:
        """Show in a notebook."""
        return self.as_html()

    def __str__(self) -> str:
        """Return plain text."""
        return self.as_text()

    def __repr__(self) -> str:
        """Return plain text, as statsmodels' summaries do."""
        return self.as_text()


class Summary(Document):
    """A summary ready to print: ``print(summary)`` or ``summary.as_text()``."""


@dataclass(frozen=True, repr=False)
class Table(Document):
    """One table of a paper: caption, headings, rows and notes.

    Attributes
    ----------
    figures : DataFrame
        The numbers behind the texts; see `to_frame`.
    """

    figures: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)

    @classmethod
    def of(cls, caption: str, grid: Grid, notes: tuple[str, ...], figures: pd.DataFrame) -> Table:
        """Put a table together."""
        return cls("", (Section(caption, table=grid, lines=notes),), figures)

    @property
    def caption(self) -> str:
        """The text above the table."""
        return self.sections[0].title

    @property
    def notes(self) -> tuple[str, ...]:
        """The texts below the table."""
        return self.sections[0].lines

    def as_text(self) -> str:
        """Return plain text."""
        return text_writer.write_table(self.sections[0])

    def as_csv(self) -> str:
        """Return headings and rows as comma-separated values, without caption and notes.

        No cell is a formula; group headings stand before the labels of their rows.
        """
        return csv_writer.write_grid(self.sections[0].grid or Grid((), ()))

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers behind the table, in full; masked ones are missing."""
        return self.figures.copy()
