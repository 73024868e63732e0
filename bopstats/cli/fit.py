"""``bopstats fit DATA FORMULA``: the summary of an analysis."""

from __future__ import annotations

import argparse
from typing import Any

from bopstats.cli import options

_EXAMPLE = """example:
  bopstats fit cohort.csv "died ~ age + sofa | sex * insurance" \\
      --event yes --effect zero_one=0.01 --suppress cms --out summary.docx

A formula or condition may use columns, operators and a short list of functions
only; @FILE reads the formula from a file.
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
    parser.add_argument("formula", metavar="FORMULA", help="'outcome ~ generic | personal'")
    options.add_design(parser)
    options.add_fit(parser)
    options.add_questions(parser)
    looks = options.add_looks(parser)
    options.add_formats(looks, ".txt .md .html .tex .csv .docx .json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Fit and write the summary."""
    from bopstats.cli.analysing import analyse
    from bopstats.cli.summarising import check, summarise

    check(arguments)
    summarise(arguments, analyse(arguments))
