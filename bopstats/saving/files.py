"""One record a file: written whole or not at all, read with one clear error."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bopstats._validation import fail
from bopstats._version import __version__
from bopstats.exceptions import DataError

SCHEMA, VERSION = "bopstats.saved", 1


def envelope(kind: str, keep_rows: bool, result: dict[str, Any]) -> dict[str, Any]:
    """Return a record with what says how to read it."""
    head = {"schema": SCHEMA, "version": VERSION, "bopstats": __version__}
    return {**head, "kind": kind, "rows": keep_rows, "result": result}


def check(record: Any, what: str) -> dict[str, Any]:
    """Return a record that this version can read, or say why it cannot."""
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise DataError(f"{what} is not a result that bopstats saved (schema {SCHEMA!r})")
    version = record.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DataError(f"{what} is damaged: its version is {version!r}")
    if version > VERSION:
        raise DataError(
            f"{what} was saved by bopstats {record.get('bopstats')} in version {version} of the "
            f"format; bopstats {__version__} reads up to version {VERSION}: install a newer one"
        )
    return record


def write(record: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a record as JSON; a file of that name is replaced once all is written."""
    if not isinstance(path, str | os.PathLike):
        fail("path", path, "the name of a file")
    text = json.dumps(record, allow_nan=False, separators=(",", ":")) + "\n"
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError("it is a folder")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"path: cannot write {os.fspath(path)!r}: {_reason(error)}") from error


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a record."""
    if not isinstance(path, str | os.PathLike):
        fail("path", path, "the name of a file")
    what = f"path: {os.fspath(path)!r}"
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"path: cannot read {os.fspath(path)!r}: {_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{what} is not a result that bopstats saved (no UTF-8 text)") from error
    try:
        record = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if text.startswith(f'{{"schema":"{SCHEMA}"'):
            raise DataError(f"{what} is damaged or not whole: {error}") from error
        raise DataError(f"{what} is not a result that bopstats saved (no JSON)") from error
    return check(record, what)


def _refuse(literal: str) -> Any:
    raise ValueError(f"{literal} is not JSON")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
