"""Finished work on disk: a folder for each set of inputs, every file written whole or not at all.

A file gets its name only after all of it is written, so a run that is stopped leaves what was
finished before, and the next run with the same inputs goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from bopstats._validation import fail
from bopstats.datasets.mimic3 import csvfiles
from bopstats.exceptions import DataError

VERSION = 1  # raise it when the same inputs give other figures
_SMALL = 64 * 2**20  # up to this size a file is known by its content
_END = 2**20
_ATTRS = b"bopstats"


def fingerprint(files: Iterable[csvfiles.CsvFile], settings: dict[str, Any]) -> str:
    """Return a key of the inputs: files by content, large ones by size, ends and time of change."""
    known = [[file.name, *_identity(file.path)] for file in files]
    text = json.dumps([VERSION, csvfiles.BLOCK, settings, known], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _identity(path: Path) -> list[object]:
    status, digest = path.stat(), hashlib.sha256()
    small = status.st_size <= _SMALL
    with path.open("rb") as stream:
        if small:
            digest.update(stream.read())
        else:
            digest.update(stream.read(_END))
            stream.seek(-_END, os.SEEK_END)
            digest.update(stream.read())
    return [
        path.suffix.lower(),
        status.st_size,
        0 if small else status.st_mtime_ns,
        digest.hexdigest(),
    ]


class Cache:
    """Arrow tables and the finished frame of one set of inputs; without a folder it keeps nothing.

    Parameters
    ----------
    folder : Path or None
        Where caches of all inputs live; made if it is not there.
    key : str
        What `fingerprint` says of the inputs.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._folder = None if folder is None else folder / f"mimic3-{key}"
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                with self._whole(self._folder / "writable") as path:
                    path.touch()
                (self._folder / "writable").unlink()
            except OSError as error:
                fail("cache", str(folder), f"a folder that can be written to ({error.strerror})")

    def read(self, name: str) -> Any:
        """Return a table that was written before, or None."""
        import pyarrow as pa
        from pyarrow import parquet

        path = self._path(name)
        if path is None or not path.is_file():
            return None
        try:
            return parquet.read_table(path)
        except (OSError, pa.ArrowException):  # damaged on disk: made again
            return None

    def write(self, name: str, table: Any) -> None:
        """Keep a table under a name."""
        from pyarrow import parquet

        path = self._path(name)
        if path is None:
            return
        try:
            with self._whole(path) as unfinished:
                parquet.write_table(table, unfinished, compression="zstd")
        except OSError as error:
            raise DataError(f"cache: cannot write {str(path)!r}: {error}") from error

    def read_frame(self) -> pd.DataFrame | None:
        """Return the finished frame with its attrs, or None."""
        table = self.read("frame")
        if table is None:
            return None
        frame: pd.DataFrame = table.to_pandas()
        frame.attrs = json.loads(table.schema.metadata[_ATTRS])
        return frame

    def write_frame(self, frame: pd.DataFrame) -> None:
        """Keep the finished frame with its attrs, which not every version of Arrow does itself."""
        import pyarrow as pa

        table = pa.Table.from_pandas(frame)
        attrs = {_ATTRS: json.dumps(frame.attrs).encode()}
        self.write("frame", table.replace_schema_metadata({**table.schema.metadata, **attrs}))

    def forget(self, names: Iterable[str]) -> None:
        """Remove tables that a larger one holds by now."""
        for name in names:
            path = self._path(name)
            if path is not None:
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{name}.parquet"

    @contextmanager
    def _whole(self, path: Path) -> Iterator[Path]:
        """Yield a path to write to, which becomes `path` when all is written."""
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            yield unfinished
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
