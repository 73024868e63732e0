"""Data larger than memory, whatever holds them, as one kind of source."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from bopstats._validation import fail
from bopstats.exceptions import DataError
from bopstats.sources.cluster import SpreadSource, check_client
from bopstats.sources.datasets import dataset_source, path_source
from bopstats.sources.duckdb import relation_source
from bopstats.sources.frames import FrameSource
from bopstats.sources.parquet import ParquetSource
from bopstats.sources.partitions import DaskSource
from bopstats.sources.pieces import Source

_WITH_CLIENT = "Parquet files (a path, a folder, a pattern, a pyarrow.dataset) or a dask.dataframe"
_IN_MEMORY = (pd.DataFrame, pd.Series, np.ndarray, Mapping, bytes)


def as_source(data: Any, client: Any = None) -> Source | None:
    """Return what `data` hold as a source of pieces, or None where they are no such thing.

    Parameters
    ----------
    data : object
        The path of a Parquet file, of a folder of them (with folders in it; hidden files and those
        that begin with an underscore are passed over; ``sex=F`` as a folder's name makes a column)
        or a pattern such as ``"people/*.parquet"``; a `pyarrow.dataset.Dataset`; a DuckDB relation;
        a list of DataFrames or an object that iterates over them anew each time; a
        `dask.dataframe`, which Dask reads.
    client : distributed.Client, optional
        Of the cluster whose workers read the data, which are Parquet or a `dask.dataframe`.

    Returns
    -------
    Source or None
        None for a DataFrame, a mapping and all that cannot be iterated over.
        Text comes as categoricals whose levels can differ between pieces, decimals as floats,
        dates as datetime64. A column of Arrow has one type in all pieces: integers are float64 and
        booleans "boolean" if a value is missing anywhere; where no footer tells, these columns are
        read once to see. DataFrames keep the types that they have.

    Raises
    ------
    ArgumentError
        If the data can be iterated over only once; if the client is none, or of no use with the
        data.
    DataError
        If files are missing or cannot be read, files do not have the same columns, a column name
        comes twice, there are no rows, or pyarrow is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> from bopstats.sources.kinds import as_source
    >>> people = [pd.DataFrame({"age": [34, 51]}), pd.DataFrame({"age": [29]})]
    >>> source = as_source(people)
    >>> [(piece.where, piece.position, len(piece.frame)) for piece in source.pieces(["age"])]
    [('data[0]', 0, 2), ('data[1]', 2, 1)]
    """
    if client is not None:
        check_client(client)
    if _is_a("dask.dataframe", "DataFrame", data):
        return DaskSource(data, client)
    source = _here(data)
    if client is None:
        return source
    if not isinstance(source, ParquetSource):
        fail("client", f"one with data as {type(data).__name__}", _WITH_CLIENT)
    return SpreadSource(source, client)


def _here(data: Any) -> Source | None:
    """Return a source that this process reads."""
    if isinstance(data, (str, os.PathLike)):
        _check_arrow(os.fspath(data))
        return path_source(data)
    if _is_a("pyarrow.dataset", "Dataset", data):
        return dataset_source(data)
    if _is_a("duckdb", "DuckDBPyRelation", data):
        _check_arrow("a DuckDB relation")
        return relation_source(data)
    in_memory = isinstance(data, _IN_MEMORY) or type(data).__module__.split(".")[0] == "dask"
    return FrameSource(data) if isinstance(data, Iterable) and not in_memory else None


def _is_a(module: str, name: str, data: Any) -> bool:
    """Tell whether `data` is of a class whose module is imported only where somebody uses it."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(data, kind)


def _check_arrow(what: str) -> None:
    if find_spec("pyarrow") is None:
        raise DataError(f"data: {what!r} needs pyarrow: pip install 'bopstats[parquet]'")
