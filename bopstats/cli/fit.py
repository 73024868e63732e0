"""``bopstats fit DATA FORMULA``: the summary of an analysis."""

from __future__ import annotations

import argparse
from typing import Any

from bopstats.cli import options

_EXAMPLE = """example:
  bopstats fit cohort.csv "died ~ age + sofa | sex * insurance" \\
      --event yes --effect zero_one=0.01 --suppress cms --out summary.docx

A formula or condition may use columns, operators and a short list of functions
only. Nothing that is written there is run as code.
"""


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = options.command(
        commands,
        "fit",
        "compare a generic with a personalized model",
        _EXAMPLE,
        "DATA FORMULA",
    )
    parser.add_argument("data", metavar="DATA", help=options.DATA)
    parser.add_argument(
        "formula", metavar="FORMULA", help="'outcome ~ generic | personal', or @FILE with it"
    )
    options.add_design(parser)
    options.add_fit(parser)
    options.add_questions(parser)
    looks = options.add_looks(parser)
    options.add_formats(looks, ".txt .md .html .tex .csv .docx .json")
    looks.add_argument(
        "--save",
        metavar="FILE",
        help="also save the result as .json, without rows of the data, for 'table' and 'report'; "
        "nothing is masked there",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Fit and write the summary."""
    from bopstats.cli.analysing import analyse
    from bopstats.cli.summarising import check, summarise
    from bopstats.cli.writing import check_file
    from bopstats.inference.calibration import FAMILIES

    check(arguments)
    if arguments.save is not None:
        check_file(arguments, "--save", arguments.save, (".json",))
    result = analyse(arguments)
    summarise(arguments, result)
    if arguments.save is not None:  # last, so that the file holds what was worked out before
        if result.evaluation.settings.family in FAMILIES:
            result.calibration(alpha=arguments.alpha)
        result.save(arguments.save)
