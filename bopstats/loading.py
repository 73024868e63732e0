"""Saved results, read back."""

from __future__ import annotations

import os

from bopstats.exceptions import DataError
from bopstats.pooling import PooledResults
from bopstats.results import BoPResults
from bopstats.saving.files import read

_KINDS: dict[str, type[BoPResults]] = {each._kind: each for each in (BoPResults, PooledResults)}


def load(path: str | os.PathLike[str]) -> BoPResults:
    """Read a result that ``res.save(path)`` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    BoPResults
        With the figures and texts of the result that was saved; see `BoPResults.save` for what
        needs the rows.

    Raises
    ------
    DataError
        If there is no such file, or it is none that this version of bopstats can read. Nothing in
        a file is run as code.
    """
    record = read(path)
    kind = record.get("kind")
    if kind not in _KINDS:
        raise DataError(f"path: {os.fspath(path)!r} holds a result of unknown kind {kind!r}")
    try:
        return _KINDS[kind]._from_record(record["result"])
    except (DataError, LookupError, TypeError) as error:
        source = f"{os.fspath(path)!r}, which bopstats {record.get('bopstats')} wrote"
        raise DataError(f"path: {source}: {error}") from error
