"""``bopstats demo``: the main analysis on the shipped data."""

from __future__ import annotations

import argparse
from typing import Any

from bopstats.cli import options

DEMO_FORMULA = (
    "high_bp ~ bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
    " | sex * race_ethnicity"
)
_EXAMPLE = """example:
  bopstats demo --out demo.html
"""


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = options.command(
        commands, "demo", "the main analysis on the shipped NHANES data", _EXAMPLE
    )
    options.add_formats(options.add_looks(parser), ".txt .md .html .tex .csv .docx .json")
    parser.set_defaults(run=run, effect=[("zero_one", 0.01)], alpha=0.05)


def run(arguments: argparse.Namespace) -> None:
    """Fit and write the summary."""
    from bopstats.assembly import Request, build_design
    from bopstats.cli.summarising import check, summarise
    from bopstats.datasets.nhanes import load_nhanes
    from bopstats.model import PersonalizedGLM

    check(arguments)
    design = build_design(DEMO_FORMULA, load_nhanes(), Request(safe=True), {})
    summarise(arguments, PersonalizedGLM(design, "binomial").fit(rng=1))
