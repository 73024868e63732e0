"""DuckDB, within a cap on memory and without a file, a download or a word of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from bopstats._validation import fail
from bopstats.exceptions import ArgumentError, DataError

_OWN = 768 * 2**20  # bytes for the libraries and one block of text; DuckDB gets the rest
_LEAST = 1.5e9
_BYTES = {"MB": 10**6, "GB": 10**9, "MIB": 2**20, "GIB": 2**30}


def check_memory(memory: object) -> int:
    """Return the bytes that DuckDB may use within a cap on the whole process."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MG]i?B)", str(memory).strip(), re.IGNORECASE)
    total = 0.0 if found is None else float(found[1]) * _BYTES[found[2].upper()]
    if total < _LEAST:
        fail("memory", memory, "a size of at least 1.5 GB, such as '2GB' or '1500MB'")
    return int(total) - _OWN


def check_libraries() -> None:
    """Raise `DataError` if a library of the extra is not installed."""
    for name in ("duckdb", "pyarrow"):
        if find_spec(name) is None:
            raise DataError(f"mimic3 needs {name}: pip install 'bopstats[mimic]'")


@contextmanager
def connected(limit: int, threads: int | None) -> Iterator[Any]:
    """Open DuckDB in memory with at most `limit` bytes; None means all threads."""
    import duckdb

    config: dict[str, Any] = {
        "memory_limit": f"{limit // 2**20}MiB",
        "temp_directory": "",
        "preserve_insertion_order": False,  # takes memory; queries say what order they need
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if threads is not None:
        config["threads"] = threads
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET enable_progress_bar = false")
        try:
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise ArgumentError(
                f"memory: DuckDB needs more than {limit / 1e9:.2g} GB for these files; allow more, "
                "or take fewer threads"
            ) from error
