"""The command line: ``bopstats demo``, ``bopstats fit DATA FORMULA`` and ``bopstats plan``.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 bad
input, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import pandas as pd

from bopstats._validation import is_number
from bopstats.assembly import Request, build_design
from bopstats.cli_plan import add_plan
from bopstats.datasets.files import read_table
from bopstats.datasets.nhanes import load_nhanes
from bopstats.exceptions import BopError
from bopstats.model import PersonalizedGLM
from bopstats.results import BoPResults

DEMO_FORMULA = (
    "high_bp ~ bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
    " | sex * race_ethnicity"
)

_FIT_EXAMPLE = """example:
  bopstats fit cohort.csv "died ~ age + sofa | sex * insurance" --event yes --effect zero_one=0.01

A formula from the command line may use columns, operators and a short list of transforms only.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = _parser().parse_args(argv)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            output = arguments.run(arguments)
        except BopError as error:
            _say(caught)
            print(f"bopstats: error: {error}", file=sys.stderr)
            return 1
    _say(caught)
    return _print(output)


def _print(output: str) -> int:
    """Print to whoever reads on; characters that the terminal lacks become question marks."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(output.encode(encoding, "replace").decode(encoding), flush=True)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(caught: list[warnings.WarningMessage]) -> None:
    for text in dict.fromkeys(str(each.message) for each in caught):
        print(f"bopstats: warning: {text}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bopstats",
        description="Does adding personal attributes to a model help every group of people?",
    )
    parser.add_argument("--version", action="version", version=f"bopstats {version('bopstats')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="the main analysis on the shipped NHANES data")
    demo.add_argument("--json", action="store_true", help="print JSON instead of text")
    demo.set_defaults(run=_demo)
    fit = commands.add_parser(
        "fit",
        help="compare a generic with a personalized model",
        epilog=_FIT_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fit.add_argument(
        "data",
        metavar="DATA",
        help=".csv, .csv.gz, .parquet (needs bopstats[parquet]), .dta, .sas7bdat or .xpt",
    )
    fit.add_argument("formula", metavar="FORMULA", help="'outcome ~ generic | personal'")
    fit.add_argument("--family", help="binomial, gaussian, poisson, gamma, … (default: by outcome)")
    fit.add_argument("--event", help="level of the outcome that counts")
    fit.add_argument(
        "--effect",
        action="append",
        type=_effect,
        default=[],
        metavar="[COST=]NUMBER",
        help="smallest benefit that matters, for the primary or a named cost; repeatable",
    )
    fit.add_argument(
        "--cv", type=_cv, default=5, help="folds, a test share in (0, 1), or 'none' (default: 5)"
    )
    fit.add_argument("--seed", type=int, default=0, help="seed of the partitions (default: 0)")
    fit.add_argument("--json", action="store_true", help="print JSON instead of text")
    fit.set_defaults(run=_fit)
    add_plan(commands)
    return parser


def _effect(text: str) -> tuple[str | None, float]:
    name, _, value = text.rpartition("=")
    try:
        return name or None, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not [COST=]NUMBER") from None


def _cv(text: str) -> int | float | None:
    if text.lower() == "none":
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number or 'none'") from None


def _demo(arguments: argparse.Namespace) -> str:
    design = build_design(DEMO_FORMULA, load_nhanes(), Request(safe=True), {})
    result = PersonalizedGLM(design, "binomial").fit(rng=1)
    return _output(result, {"zero_one": 0.01}, arguments.json)


def _fit(arguments: argparse.Namespace) -> str:
    data = read_table(arguments.data)
    request = Request(event=_event(arguments, data), safe=True)
    design = build_design(arguments.formula, data, request, {})
    result = PersonalizedGLM(design, arguments.family).fit(cv=arguments.cv, rng=arguments.seed)
    primary = result.evaluation.costs[0].name
    effects = {name or primary: value for name, value in arguments.effect}
    return _output(result, effects or None, arguments.json)


def _event(arguments: argparse.Namespace, data: pd.DataFrame) -> Any:
    """Return the level of the outcome's column that reads as the option does."""
    outcome = arguments.formula.partition("~")[0].strip()
    event = arguments.event
    if event is None or outcome not in data:
        return event
    levels = data[outcome].dropna().unique()
    for level in levels:
        if str(level).lower() == event.lower():
            return level
    try:
        number = float(event)
    except ValueError:
        return event
    return next((level for level in levels if is_number(level) and level == number), event)


def _output(result: BoPResults, effects: dict[str, float] | None, as_json: bool) -> str:
    if as_json:
        return json.dumps(result.to_dict(effect=effects), indent=1, ensure_ascii=False)
    return result.summary(effect=effects).as_text()
