"""What stands below a table: abbreviations, methods, evaluation, exclusions, version."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from bopstats._validation import fail
from bopstats.tables.content import Shown, p_words
from bopstats.tables.findings import Findings
from bopstats.tables.suppression import MASK
from bopstats.tables.wording import (
    evaluation_words,
    group_lines,
    heterogeneity_words,
    masking_words,
    rows_words,
)

ABBREVIATIONS = {
    "BoP": "benefit of personalization, the cost of the generic minus that of the personalized "
    "model (positive: personalization helps)",
    "CI": "confidence interval",
    "OR": "odds ratio",
    "RR": "risk ratio",
    "IRR": "rate ratio",
    "HR": "hazard ratio",
    "AIC": "Akaike information criterion",
    "BIC": "Bayesian information criterion",
}


def check_prespecified(value: Any) -> bool | str | None:
    """Return whether the analysis was pre-specified: yes, no, not said, or where."""
    if value is not None and not isinstance(value, (bool, str)):
        fail("prespecified", value, "True, False, or a text that says where")
    return value


def abbreviations(names: Iterable[str]) -> str:
    """Spell abbreviations out."""
    return "; ".join(f"{name}, {ABBREVIATIONS[name]}" for name in names) + "."


def general(findings: Findings, prespecified: bool | str | None) -> list[str]:
    """Return what every table says of its analysis."""
    settings = findings.evaluation.settings
    seed = "; seed drawn from a generator" if settings.seed is None else f"; seed {settings.seed}"
    if settings.seed is None and settings.evaluation == "predictions":
        seed = ""
    return [
        f"Evaluation: {evaluation_words(settings)}{seed}. Rows: "
        f"{rows_words(findings.evaluation.row_flow)}.",
        *_specified(prespecified),
        *masking_words(findings.masks),
        *findings.evaluation.notes,
        f"Computed with bopstats {software_version()}.",
    ]


def _specified(value: bool | str | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [f"Pre-specified: {value}."]
    return [f"The analysis by these groups was {'pre-specified' if value else 'exploratory'}."]


def software_version() -> str:
    """Return the version of bopstats."""
    try:
        return version("bopstats")
    except PackageNotFoundError:  # run from a folder
        return "(not installed)"


def by_group(findings: Findings, cost: str) -> list[str]:
    """Return notes on single groups, those of a cost."""
    return group_lines(findings.rows(cost))


def interval_methods(findings: Findings, cost: str) -> str:
    """Name the interval methods of a cost."""
    methods = dict.fromkeys(m for m in findings.rows(cost)["ci_method"] if m)
    return ", ".join(methods) or "none could be computed"


def all_groups(findings: Findings, cost: str, show: Shown) -> list[str]:
    """Return the smallest benefit with its test and verdict, and the heterogeneity of benefit."""
    smallest, *others = gamma_lines(findings, cost, show)
    return [f"{smallest} Verdict: {findings.tests[cost].verdict}.", *others]


def gamma_lines(findings: Findings, cost: str, show: Shown) -> list[str]:
    """Return the smallest benefit with its test, and the heterogeneity of benefit."""
    gamma, test = findings.gammas[cost], findings.tests[cost]
    equal = findings.heterogeneity.get(cost)
    known = MASK if cost in findings.masks.covers else str(gamma.covers[0])
    smallest = (
        f"{MASK} (that of a masked group)"
        if cost in findings.masks.gammas
        else f"{show(gamma.value)} ({gamma.group}; limits {show(gamma.ci_low)} to "
        f"{show(gamma.ci_upp)})"
    )
    p = f"p = {MASK}" if cost in findings.masks.pvalues else p_words(test.pvalue)
    tested = "" if np.isnan(test.pvalue) and MASK not in p else f"; gamma above 0: {p}"
    lines = [
        f"Smallest group benefit (gamma): {smallest}{tested}, by intersection-union, covers "
        f"{known} of {gamma.covers[1]} groups."
    ]
    if equal is not None and np.isfinite(equal.pvalue):
        lines.append(f"Heterogeneity of benefit between groups: {heterogeneity_words(equal)}.")
    return lines
