"""Where output goes: standard output as text or JSON, or a file in the format of its ending."""

from __future__ import annotations

import argparse
import html
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bopstats.exceptions import DataError
from bopstats.tables.document import Document

DOCUMENT_ENDINGS = (".txt", ".md", ".html", ".tex", ".csv", ".docx", ".json")


def check_output(arguments: argparse.Namespace, endings: tuple[str, ...]) -> None:
    """Stop with a usage error unless the ending of --out is known and agrees with --json."""
    out = arguments.out
    if out is None:
        return
    check_file(arguments, "--out", out, endings)
    if arguments.json and _ending(out) != ".json":
        arguments.usage_error(f"--json: allowed: with --out to a .json file; got {out!r}")


def check_file(
    arguments: argparse.Namespace, option: str, path: str, endings: tuple[str, ...]
) -> None:
    """Stop before hours of fitting if a file cannot be written after them."""
    if _ending(path) not in endings:
        arguments.usage_error(f"{option}: got {path!r}; allowed: a name in {', '.join(endings)}")
    folder = Path(path).parent
    if not folder.is_dir():
        raise DataError(f"{option}: no folder {str(folder)!r}")


def write_document(
    arguments: argparse.Namespace,
    document: Callable[[], Document],
    record: Callable[[], dict[str, Any]],
) -> None:
    """Write a summary or table in the format asked for; only what is written is made."""
    out = arguments.out
    ending = "" if out is None else _ending(out)
    if arguments.json or ending == ".json":
        write_text(arguments, as_json(record()))
    elif ending == ".docx":
        with writing(out):
            document().to_docx(out)
    else:
        write_text(arguments, _TEXTS[ending](document()))


def write_text(arguments: argparse.Namespace, text: str) -> None:
    """Write a text to the file of --out, or print it."""
    text = text if text.endswith("\n") else text + "\n"
    if arguments.out is None:
        _print(text)
        return
    with writing(arguments.out):
        Path(arguments.out).write_text(text, encoding="utf-8", newline="")


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Say which file cannot be written, and why."""
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot write {path!r}: {error.strerror}") from error


def as_json(record: dict[str, Any]) -> str:
    """Return plain data as JSON."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)


def _print(text: str) -> None:
    """Print to whoever reads on; characters that the terminal lacks become question marks."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ending(path: str) -> str:
    return Path(path).suffix.lower()


def _page(document: Document) -> str:
    title = html.escape(document.title or document.sections[0].title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n</head>\n<body>\n{document.as_html()}\n</body>\n</html>\n"
    )


_TEXTS: Mapping[str, Callable[[Document], str]] = {
    "": lambda document: document.as_text(),
    ".txt": lambda document: document.as_text(),
    ".md": lambda document: document.as_markdown(),
    ".html": _page,
    ".tex": lambda document: document.as_latex(),
    ".csv": lambda document: document.as_csv(),
}
