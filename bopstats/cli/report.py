"""``bopstats report DATA FORMULA -o report.html``: everything on one page."""

from __future__ import annotations

import argparse
from typing import Any

from bopstats.cli import options

_EXAMPLE = """examples:
  bopstats report cohort.csv "died ~ age + sofa | sex * insurance" \\
      --effect zero_one=0.01 --suppress cms -o report.html
  bopstats report result.json -o report.html
"""


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = options.command(
        commands,
        "report",
        "one page with verdicts, tables, figures and methods",
        _EXAMPLE,
        "DATA [FORMULA] -o FILE",
    )
    options.add_source(parser)
    options.add_questions(parser)
    looks = options.add_looks(parser)
    looks.add_argument("--title", help="heading of the page")
    looks.add_argument("--exponentiate", action="store_true", help="ratios in the models table")
    looks.add_argument("--versions", action="store_true", help="list versions of packages")
    looks.add_argument(
        "-o", "--out", metavar="FILE", required=True, help=".html file (needs bopstats[report])"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Fit and write the page."""
    from bopstats.cli.analysing import obtain, shown
    from bopstats.cli.summarising import check_looks
    from bopstats.cli.writing import check_file, writing

    check_file(arguments, "--out", arguments.out, (".html",))
    check_looks(arguments)
    result = obtain(arguments)
    with writing(arguments.out):
        result.report(
            arguments.out,
            title=arguments.title,
            exponentiate=arguments.exponentiate,
            versions=arguments.versions,
            **shown(arguments, result, arguments.named),
        )
