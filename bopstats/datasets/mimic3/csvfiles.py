"""The CSV files of a release: found by name, checked by header, read in blocks of whole lines.

A block is parsed by pyarrow, so memory holds one block however large the file is, and a gzip file
needs no copy on disk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bopstats._validation import nearest
from bopstats.exceptions import DataError

BLOCK = 128 * 2**20  # bytes of text read at a time
_PARSE = 4 * 2**20  # bytes that one thread parses at a time
_ENDINGS = (".csv", ".csv.gz")

# Columns of each file that are read, with their Arrow types.
_ID, _TIME, _TEXT, _NUMBER = "int64", "timestamp[us]", "string", "float64"
COLUMNS = {
    "PATIENTS": {"SUBJECT_ID": _ID, "GENDER": _TEXT, "DOB": _TIME},
    "ADMISSIONS": {
        "SUBJECT_ID": _ID,
        "HADM_ID": _ID,
        "ADMITTIME": _TIME,
        "DISCHTIME": _TIME,
        "ADMISSION_TYPE": _TEXT,
        "INSURANCE": _TEXT,
        "LANGUAGE": _TEXT,
        "MARITAL_STATUS": _TEXT,
        "ETHNICITY": _TEXT,
        "HOSPITAL_EXPIRE_FLAG": _ID,
    },
    "ICUSTAYS": {
        "SUBJECT_ID": _ID,
        "HADM_ID": _ID,
        "ICUSTAY_ID": _ID,
        "INTIME": _TIME,
        "OUTTIME": _TIME,
    },
    "DIAGNOSES_ICD": {"HADM_ID": _ID, "SEQ_NUM": _ID, "ICD9_CODE": _TEXT},
    "CHARTEVENTS": {
        "HADM_ID": _ID,
        "ICUSTAY_ID": _ID,
        "ITEMID": _ID,
        "CHARTTIME": _TIME,
        "VALUENUM": _NUMBER,
        "ERROR": _ID,
    },
    "LABEVENTS": {"HADM_ID": _ID, "ITEMID": _ID, "CHARTTIME": _TIME, "VALUENUM": _NUMBER},
}


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header holds all columns that are read; names are upper case."""

    name: str
    path: Path
    header: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    def blocks(self, advance: Callable[[int], object]) -> Iterator[memoryview]:
        """Yield the lines below the header in blocks; `advance` is told of bytes passed on disk."""
        with _named(self), _opened(self.path) as (stream, position):
            _read_line(stream)
            rest, passed = b"", 0
            while chunk := stream.read(BLOCK):
                text = rest + chunk
                end = _end_of_lines(text)
                rest = text[end:]
                self._check_ends(open_end=len(rest) > BLOCK)
                if end:
                    yield memoryview(text)[:end]
                advance(position() - passed)
                passed = position()
            self._check_ends(open_end=rest.count(b'"') % 2 == 1)
            if rest:
                yield memoryview(rest)
            if not passed:
                raise DataError(f"{self.path.name}: no rows below the header")

    def _check_ends(self, *, open_end: bool) -> None:
        """Stop where all that follows would be taken for one long value."""
        if open_end:
            raise DataError(f"{self.path.name}: a quote is opened and never closed")

    def parse(self, block: memoryview, threads: int | None) -> Any:
        """Return the columns that are read as an Arrow table, names in lower case."""
        import pyarrow as pa

        with _named(self):
            try:
                return self._parsed(block, threads, newlines=False)
            except pa.ArrowInvalid:  # there may be newlines between quotes, at twice the time
                return self._parsed(block, threads, newlines=True)

    def _parsed(self, block: memoryview, threads: int | None, *, newlines: bool) -> Any:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        types = {name: pa.type_for_alias(kind) for name, kind in COLUMNS[self.name].items()}
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(block)),
            arrow_csv.ReadOptions(
                column_names=self.header, use_threads=threads != 1, block_size=_PARSE
            ),
            arrow_csv.ParseOptions(newlines_in_values=newlines),
            arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        return table.rename_columns([name.lower() for name in table.column_names])

    def read(self) -> Any:
        """Return the whole file as an Arrow table."""
        import pyarrow as pa

        return pa.concat_tables(self.parse(each, None) for each in self.blocks(lambda _: None))


def find_files(folder: Path) -> dict[str, CsvFile]:
    """Return the files of a release by name; each plain or .gz, in either case."""
    if not folder.is_dir():
        raise DataError(f"path: no folder {str(folder)!r}")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        found.setdefault(path.name.lower(), []).append(path)
    chosen = {name: _chosen(found, name) for name in COLUMNS}
    missing = [f"{name}.csv" for name, path in chosen.items() if path is None]
    if missing:
        raise DataError(
            f"path: no {', '.join(missing)} (or .csv.gz, in either case) in {str(folder)!r}"
        )
    return {name: _checked(name, path) for name, path in chosen.items() if path is not None}


def _chosen(found: Mapping[str, list[Path]], name: str) -> Path | None:
    for ending in _ENDINGS:  # a plain file is read faster than its gzip copy
        paths = found.get(f"{name.lower()}{ending}", [])
        if len(paths) > 1:
            raise DataError(f"path: {' and '.join(p.name for p in paths)}: which one to read?")
        if paths:
            return paths[0]
    return None


def _checked(name: str, path: Path) -> CsvFile:
    file = CsvFile(name, path, ())
    with _named(file), _opened(path) as (stream, _):
        text = _read_line(stream).decode("utf-8-sig")
    if "\0" in text:
        raise DataError(f"{path.name}: not UTF-8 text")
    if not text:
        raise DataError(f"{path.name}: the file is empty")
    header = tuple(word.strip().upper() for word in next(csv.reader([text]), []))
    for column in COLUMNS[name]:
        if column not in header:
            hint = nearest(column, header)
            raise DataError(f"{path.name}: no column {column}{hint}; it has {', '.join(header)}")
        if header.count(column) > 1:
            raise DataError(f"{path.name}: column {column} stands there twice")
    return CsvFile(name, path, header)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Callable[[], int]]]:
    """Open a file; yield its stream of text and a function that tells the position on disk."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as raw:
        if path.name.lower().endswith(".gz"):
            with pa.CompressedInputStream(raw, "gzip") as stream:
                yield stream, raw.tell
        else:
            yield raw, raw.tell


def _read_line(stream: Any) -> bytes:
    """Read the header; byte by byte, so that the stream stands at the first row."""
    line = bytearray()
    while (byte := stream.read(1)) and byte != b"\n":
        line += byte
        if len(line) > 2**16:
            break
    return bytes(line).rstrip(b"\r")


def _end_of_lines(text: bytes) -> int:
    """Return where the last whole line ends; a newline between quotes ends none."""
    end = text.rfind(b"\n") + 1
    odd = text.count(b'"', 0, end) % 2
    while odd and end:
        shorter = text.rfind(b"\n", 0, end - 1) + 1
        odd = (odd + text.count(b'"', shorter, end)) % 2
        end = shorter
    return end


@contextmanager
def _named(file: CsvFile) -> Iterator[None]:
    """Turn what can go wrong in reading into one clear error that names the file."""
    name = file.path.name
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8 text") from error
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name}: {_reason(str(error), file.header)}") from error


def _reason(message: str, header: tuple[str, ...]) -> str:
    """Say what Arrow found wrong, with names for numbers of columns and without the row's text."""
    if "runcated" in message or "zlib" in message or "gzip" in message.lower():
        return f"the gzip data are cut short or damaged ({message})"
    if "UTF8" in message:
        message += " (not UTF-8 text)"

    def named(found: re.Match[str]) -> str:
        return f"column {header[int(found[1])]}"

    message = re.sub(r"column #(\d+)", named, message)
    return re.sub(r"(Expected \d+ columns, got \d+).*", r"\1", message, flags=re.DOTALL)
