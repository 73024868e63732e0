"""Parquet files named by a path, a folder or a pattern, in natural order."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

from bopstats._validation import fail
from bopstats.exceptions import DataError

_ENDINGS = (".parquet", ".parq", ".pq")
_ALLOWED = (
    "a Parquet file, a folder of them or a pattern such as 'people/*.parquet' (elsewhere than on "
    "this file system: a pyarrow.dataset)"
)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which part-2 comes before part-10."""
    found = re.findall(r"(\d+)|(\D+)", name)
    return [(0, int(digits), "") if digits else (1, 0, text) for digits, text in found]


def find_files(path: str | os.PathLike[str]) -> tuple[Path, list[Path]]:
    """Return the folder that holds all files, and the files.

    Hidden files and those that begin with an underscore are passed over, as other programs do.

    Raises
    ------
    DataError
        If there is no such path, or no Parquet file in it.
    """
    text = os.path.expanduser(os.fspath(path))
    given = Path(text)
    if given.is_file():
        return given.parent, [given]
    if given.is_dir():
        base, found = given, _inside(given)
    elif glob.has_magic(text):
        base = _fixed(given)
        found = [each for match in glob.glob(text, recursive=True) for each in _one(Path(match))]
        found = [each for each in set(found) if _shown(each, base)]
    else:
        fail("data", os.fspath(path), f"{_ALLOWED}; there is nothing of this name", DataError)
    if not found:
        fail("data", os.fspath(path), f"{_ALLOWED}; no Parquet file is there", DataError)
    return base, sorted(found, key=lambda each: natural(each.as_posix()))


def _fixed(pattern: Path) -> Path:
    """Return the folders of a pattern that are no pattern themselves."""
    parts = pattern.parts
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:first])


def _one(match: Path) -> list[Path]:
    return _inside(match) if match.is_dir() else [match]


def _inside(folder: Path) -> list[Path]:
    files = (each for each in folder.rglob("*") if each.name.lower().endswith(_ENDINGS))
    return [each for each in files if each.is_file() and _shown(each, folder)]


def _shown(file: Path, base: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in file.relative_to(base).parts)
