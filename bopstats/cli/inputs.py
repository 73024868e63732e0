"""What a command reads: data, formulas and labels, each once. All of it is data, none is run."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from bopstats._validation import is_number
from bopstats.datasets.files import read_csv, read_table
from bopstats.exceptions import ArgumentError, DataError


def read_data(source: str) -> pd.DataFrame:
    """Read a data file, or CSV from standard input where the source is "-"."""
    if source == "-":
        return read_csv(sys.stdin.buffer, "standard input")
    return read_table(source)


def read_formula(text: str) -> str:
    """Return a formula, from a text file where it reads ``@file``."""
    return _text(text[1:], "formula") if text.startswith("@") else text


def read_labels(path: str | None) -> dict[str, str] | None:
    """Read labels from a JSON object, or from the first two columns of a CSV file without header.

    Raises
    ------
    DataError, ArgumentError
        If the file cannot be read, or holds anything but pairs of texts.
    """
    if path is None:
        return None
    text = _text(path, "labels")
    pairs = _json_pairs(text, path) if path.lower().endswith(".json") else _csv_pairs(text, path)
    for name, label in pairs.items():
        if not isinstance(label, str) or not label.strip():
            raise ArgumentError(f"labels: {name!r} in {path!r} has no text; allowed: a text each")
    return pairs


def _text(path: str, role: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{role}: {path!r} is not UTF-8 text") from error
    except OSError as error:
        raise DataError(f"{role}: cannot read {path!r}: {error.strerror}") from error


def _json_pairs(text: str, path: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"labels: {path!r} is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise DataError(f'labels: {path!r} is no JSON object such as {{"sex": "Sex"}}')
    return found


def _csv_pairs(text: str, path: str) -> dict[str, Any]:
    rows = [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise DataError(f"labels: row {number} of {path!r} has {len(row)} cells; allowed: two")
    return {name.strip(): label.strip() for name, label in rows}


def level_of(data: pd.DataFrame, column: str, text: str) -> Any:
    """Return the level of a column that reads as `text` does, or the text if there is none."""
    if column not in data:
        return text
    levels = data[column].dropna().unique()
    for level in levels:
        if str(level) == text:
            return level
    for level in levels:
        if str(level).lower() == text.lower():
            return level
    try:
        number = float(text)
    except ValueError:
        return text
    return next((level for level in levels if is_number(level) and level == number), text)
