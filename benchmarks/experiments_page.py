"""Run the experiments of `examples/` and put what they print into docs/experiments.md.

    python benchmarks/experiments_page.py FOLDER             all of them
    python benchmarks/experiments_page.py FOLDER student_grades …

FOLDER holds the data: mimic3_demo/, support2_small.parquet, hsls.parquet, adult.parquet and
student_por.parquet. Every block between ``<!-- run: name -->`` and ``<!-- end -->`` is replaced by
the date, the versions and the output of that example.
"""

from __future__ import annotations

import datetime
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "experiments.md"
LIBRARIES = ("numpy", "scipy", "pandas", "patsy", "statsmodels")
DATA = {  # the arguments of each example, with the name of its file or folder
    "attribute_budget_of_mankind": (),
    "length_of_stay_support2": ("--data", "support2_small.parquet"),
    "adult_income": ("--data", "adult.parquet"),
    "hsls_mathematics": ("--data", "hsls.parquet"),
    "student_grades": ("--data", "student_por.parquet"),
    "length_of_stay_mimic3": ("--mimic", "mimic3_demo"),
}


def arguments(name: str, folder: Path) -> list[str]:
    """Command line arguments of an example."""
    return [each if each.startswith("--") else str(folder / each) for each in DATA[name]]


def printed(name: str, folder: Path) -> str:
    """Run an example and return what it prints, without blanks at the ends of lines."""
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments(name, folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def block(name: str, page: str) -> str:
    """Return the page's block of an example, between its markers."""
    return re.search(_pattern(name), page, re.S)[1]


def replaced(name: str, page: str, output: str) -> str:
    """Return the page with the block of an example written anew."""
    libraries = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    command = " ".join([f"examples/{name}.py", *DATA[name]])
    said = f"`{command}`, run on {today} with Python {platform.python_version()}, {libraries}:"
    start, end = _markers(name)
    text = f"{start}\n{said}\n\n```text\n{output}\n```\n{end}"
    return re.sub(_pattern(name), lambda _: text, page, flags=re.S)


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- run: {name} -->", "<!-- end -->"


def _pattern(name: str) -> str:
    return "(.*?)".join(_markers(name))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for example in sys.argv[2:] or DATA:
        print(example, file=sys.stderr, flush=True)
        output = printed(example, folder)
        PAGE.write_text(replaced(example, PAGE.read_text("utf-8"), output), "utf-8")
