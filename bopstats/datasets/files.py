"""Tables from files in the formats that epidemiologists keep them in, all read by pandas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from bopstats.exceptions import DataError

_SMALLEST_IBM = 1e-78
# What stands for a missing value in CSV: pandas' own list without "None", which is a level of
# insurance, of treatment, of schooling.
_MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "<NA>", "#N/A")


def _read_csv(source: Any) -> pd.DataFrame:
    return pd.read_csv(source, keep_default_na=False, na_values=list(_MISSING))


def _read_sas(path: Path) -> pd.DataFrame:
    """Read SAS data; text is UTF-8, or Windows-1252 where it is not."""
    try:
        return pd.read_sas(path, encoding="utf-8")
    except UnicodeDecodeError:
        return pd.read_sas(path, encoding="cp1252")


def _read_xport(path: Path) -> pd.DataFrame:
    """Read a SAS transport file; pandas reads its zeros as the smallest IBM float, 5.4e-79."""
    frame = _read_sas(path)
    for name in frame.select_dtypes("float"):
        frame[name] = frame[name].mask(frame[name].abs() < _SMALLEST_IBM, 0.0)
    return frame


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".parquet": pd.read_parquet,
    ".dta": pd.read_stata,
    ".sas7bdat": _read_sas,
    ".xpt": _read_xport,
}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a data file by its ending.

    Parameters
    ----------
    path : str or Path
        A .csv, .csv.gz, .parquet (extra ``parquet``), .dta, .sas7bdat or .xpt file.

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        If the file is missing, of another kind, or cannot be read.
    """
    path = Path(path)
    name = path.name.lower()
    reader = next((each for ending, each in _READERS.items() if name.endswith(ending)), None)
    if reader is None:
        raise DataError(f"data: got {path.name!r}; allowed: files in {', '.join(_READERS)}")
    if not path.is_file():
        raise DataError(f"data: no file {str(path)!r}")
    return _read(reader, path, path.name)


def read_csv(stream: BinaryIO, name: str) -> pd.DataFrame:
    """Read CSV from a stream, called `name` in messages.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    return _read(_read_csv, stream, name)


def _read(reader: Callable[[Any], Any], source: Path | BinaryIO, name: str) -> pd.DataFrame:
    try:
        return pd.DataFrame(reader(source))
    except ImportError as error:
        raise DataError(f"data: {name!r} needs pyarrow: pip install 'bopstats[parquet]'") from error
    except Exception as error:  # each reader has errors of its own
        raise DataError(f"data: cannot read {name!r}: {error}") from error
