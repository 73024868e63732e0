"""``bopstats table WHICH DATA FORMULA``: one table of a paper, also of a saved result."""

from __future__ import annotations

import argparse
from typing import Any

from bopstats.cli import options

SCHEMA, VERSION = "bopstats.table", 1
WHICH = ("groups", "benefit", "models", "tests", "calibration", "flow")
_EXAMPLE = """examples:
  bopstats table benefit cohort.csv "died ~ age + sofa | sex" --out table2.docx
  bopstats table models result.json --exponentiate
"""


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = options.command(
        commands, "table", "one table of an analysis", _EXAMPLE, "WHICH DATA [FORMULA]"
    )
    parser.add_argument("which", metavar="WHICH", choices=WHICH, help=", ".join(WHICH))
    options.add_source(parser)
    options.add_questions(parser)
    looks = options.add_looks(parser)
    looks.add_argument("--cost", help="cost of a benefit table (default: the primary one)")
    looks.add_argument("--decimals", type=int, metavar="N", help="decimals of figures")
    looks.add_argument("--exponentiate", action="store_true", help="ratios in a models table")
    options.add_formats(looks, ".txt .md .html .tex .csv .docx .json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Fit and write the table."""
    from bopstats.cli.analysing import obtain, shown
    from bopstats.cli.summarising import check
    from bopstats.cli.writing import write_document
    from bopstats.tables.record import plain

    check(arguments)
    result = obtain(arguments)
    table = result.table(
        arguments.which,
        arguments.cost,
        decimals=arguments.decimals,
        exponentiate=arguments.exponentiate,
        **shown(arguments, result, arguments.named),
    )
    write_document(
        arguments,
        lambda: table,
        lambda: {
            "schema": SCHEMA,
            "version": VERSION,
            "which": arguments.which,
            "caption": table.caption,
            "figures": plain(table.to_frame()),
            "notes": list(table.notes),
        },
    )
