"""Parquet files by path, and datasets of pyarrow, as sources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bopstats.exceptions import DataError
from bopstats.sources.batches import ArrowSource, arrow_errors, counted
from bopstats.sources.parquet import BUFFER, File, ParquetSource
from bopstats.sources.paths import find_files
from bopstats.sources.schema import Field, fields_of

_NAME = "the dataset"


def path_source(path: str | os.PathLike[str]) -> ParquetSource:
    """Return the rows of Parquet files; folders named ``sex=F`` give a column.

    Raises
    ------
    DataError
        If there are no such files, or they cannot be read together.
    """
    from pyarrow.fs import LocalFileSystem

    base, paths = find_files(path)
    keys, values = _folder_columns(base, paths)
    names = _names([str(each) for each in paths], str(base))
    files = [
        File(LocalFileSystem(), os.path.abspath(each), name, values.get(each, {}))
        for each, name in zip(paths, names, strict=True)
    ]
    return ParquetSource(files, keys)


def _folder_columns(
    base: Path, paths: Sequence[Path]
) -> tuple[dict[str, Field], dict[Path, Mapping[str, Any]]]:
    """Return the columns that folders give, and their values of each file."""
    if not any("=" in part for each in paths for part in each.relative_to(base).parts[:-1]):
        return {}, {}
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    options = ds.FileSystemFactoryOptions(
        partition_base_dir=os.path.abspath(base), partitioning=ds.HivePartitioning.discover()
    )
    whole = {os.path.abspath(each): each for each in paths}
    try:
        dataset = ds.FileSystemDatasetFactory(
            LocalFileSystem(), list(whole), ds.ParquetFileFormat(), options
        ).finish()
    except arrow_errors() as error:
        raise DataError(f"data: cannot open the files in {base.name}: {error}") from error
    fields = fields_of(dataset.partitioning.schema, "the names of the folders")
    fragments = list(dataset.get_fragments())
    return fields, {whole[each.path]: _keys(each, fields) for each in fragments}


def _keys(fragment: Any, fields: Mapping[str, Field]) -> dict[str, Any]:
    import pyarrow.dataset as ds

    known = ds.get_partition_keys(fragment.partition_expression)
    return {name: known.get(name) for name in fields}


def _names(paths: Sequence[str], base: str) -> list[str]:
    """Name files from the folder that holds them all on; a single file by its own name."""
    if len(paths) == 1:
        return [os.path.basename(paths[0])]
    folder = os.path.basename(os.path.abspath(base))
    return [os.path.join(folder, os.path.relpath(each, base)) for each in paths]


def dataset_source(dataset: Any) -> ParquetSource | ArrowSource:
    """Return the rows of a `pyarrow.dataset.Dataset`, read file by file where they are Parquet.

    Raises
    ------
    DataError
        If files cannot be read, or have other columns than the dataset says.
    """
    import pyarrow.dataset as ds

    stated = fields_of(dataset.schema, "the dataset's schema")
    files = isinstance(dataset, ds.FileSystemDataset) and len(dataset.files) > 0
    if files and isinstance(dataset.format, ds.ParquetFileFormat):
        source = _by_file(dataset, stated)
        if source is not None:
            return source
    return _by_batch(dataset, stated)


def _by_file(dataset: Any, stated: Mapping[str, Field]) -> ParquetSource | None:
    """Return all rows of all files, or None where the dataset has fewer."""
    try:
        fragments = list(dataset.get_fragments())
    except ValueError:  # it has a filter
        return None
    partitioning = dataset.partitioning
    names = () if partitioning is None else partitioning.schema.names
    keys = {name: stated[name] for name in names if name in stated}
    paths = [each.path for each in fragments]
    base = os.path.commonpath([os.path.dirname(each) for each in paths])
    files = [
        File(each.filesystem, each.path, name, _keys(each, keys))
        for each, name in zip(fragments, _names(paths, base), strict=True)
    ]
    source = ParquetSource(files, keys, stated)
    with _errors():
        whole = dataset.count_rows() == source.n_rows
    return source if whole else None  # it may be made of some row groups only


def _by_batch(dataset: Any, stated: Mapping[str, Field]) -> ArrowSource:
    options = {"batch_readahead": 1, "fragment_readahead": 1, **_unbuffered(dataset)}

    def scanned(columns: Sequence[str], at_once: int) -> Iterator[Any]:
        scanner = dataset.scanner(columns=list(columns), batch_size=at_once, **options)
        batches: Iterator[Any] = scanner.to_batches()
        return batches

    @contextmanager
    def opened(columns: Sequence[str], at_once: int) -> Iterator[Any]:
        yield scanned(columns, at_once)

    def count(names: list[str]) -> tuple[int, list[int]]:
        n_rows, missing = 0, [0] * len(names)
        with _errors():
            for batch in scanned(names, 65_536):
                n_rows += batch.num_rows
                missing = [m + batch.column(j).null_count for j, m in enumerate(missing)]
        return n_rows, missing

    fields, n_rows = counted(stated, count)
    return ArrowSource(_NAME, fields, opened, n_rows)


def _unbuffered(dataset: Any) -> dict[str, Any]:
    """Return what keeps Arrow from holding whole row groups in memory."""
    import pyarrow.dataset as ds

    if not isinstance(getattr(dataset, "format", None), ds.ParquetFileFormat):
        return {}
    return {
        "fragment_scan_options": ds.ParquetFragmentScanOptions(
            pre_buffer=False, use_buffered_stream=True, buffer_size=BUFFER
        )
    }


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except arrow_errors() as error:
        raise DataError(f"data: cannot read {_NAME}: {error}") from error
