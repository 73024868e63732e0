"""Tests of all groups together, with bounds on the error that any test must make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bopstats.costs import Cost
from bopstats.inference.tests import BoPTest
from bopstats.tables.benefit import cost_name, scaled, shown_cost
from bopstats.tables.content import number, pvalue, ranges
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import abbreviations, general
from bopstats.tables.grid import Column, Grid, Row
from bopstats.tables.options import Options
from bopstats.tables.suppression import MASK
from bopstats.tables.wording import heterogeneity_words

_ERROR_DIGITS = 3


def tests_table(findings: Findings, options: Options) -> Table:
    """Return one row a cost, and below it one a law of the bounds; see `BoPResults.table`."""
    costs = findings.evaluation.costs
    bounded = any(not findings.tests[cost.name].error_lower.empty for cost in costs)
    columns = [
        Column("Cost", numeric=False),
        Column("Smallest BoP\n(limits)"),
        Column("in group", numeric=False),
        Column("p"),
    ]
    if bounded:
        over = "Type I + type II error"
        columns += [Column("at least", over), Column("reached", over)]
        columns += [Column("Attributes\nat most")]
    columns += [Column("Verdict", numeric=False)]
    rows: list[Row] = []
    for cost in costs:
        rows += _cost_rows(findings, cost, options, bounded)
    return Table.of(
        "Does every group benefit? Tests of all groups together",
        Grid(tuple(columns), tuple(rows)),
        tuple(_notes(findings, options, bounded)),
        _figures(findings),
    )


def _cost_rows(findings: Findings, cost: Cost, options: Options, bounded: bool) -> list[Row]:
    masks, name = findings.masks, cost.name
    gamma, test = findings.gammas[name], findings.tests[name]
    show = shown_cost(findings, cost, options)
    limits = ranges([gamma.ci_low], [gamma.ci_upp], show)[0]
    smallest = show(gamma.value) if limits == "–" else f"{show(gamma.value)} ({limits})"
    if name in masks.gammas:
        smallest = MASK
    p = MASK if name in masks.pvalues else pvalue(test.pvalue)
    label = scaled(cost_name(cost, options), show).replace("\n", " ")
    bounds = ("", "", "") if bounded else ()
    rows = [Row((label, smallest, gamma.group, p, *bounds, test.verdict))]
    if bounded and not test.error_lower.empty:
        rows += [Row((each[0], "", "", "", *each[1:], ""), level=1) for each in _laws(test)]
    return rows


def _laws(test: BoPTest) -> list[tuple[str, str, str, str]]:
    """Return law, lower and upper bound, and most yes/no attributes."""
    tables = (test.error_lower, test.error_upper, test.max_attributes)
    laws: list[tuple[str, str, str, str]] = []
    for low, upp, cap in zip(*(each.to_dict("records") for each in tables), strict=True):
        most = str(cap["necessary_any"]) if np.isfinite(cap["lambert_w"]) else "–"
        laws.append(
            (
                f"{low['law']} law ({low['kind']})",
                number(float(low["error_lower"]), _ERROR_DIGITS),
                number(float(upp["error_upper"]), _ERROR_DIGITS),
                most,
            )
        )
    return laws


def _notes(findings: Findings, options: Options, bounded: bool) -> list[str]:
    one_sided = f"{findings.alpha / 2:g}"
    lines = [
        abbreviations(["BoP"]),
        "p: one-sided, for a benefit above 0 in every group (intersection-union test, no "
        f"correction needed; Berger 1982), at {one_sided}. 'harms some group': smallest p for harm "
        f"after Holm's correction at most {one_sided}. The first cost is primary, the others are "
        "exploratory.",
    ]
    if bounded:
        lines.append(
            "Type I + type II error: that of the best possible test of no benefit in some group "
            "against a benefit of at least the effect in every group (chance = 1): at least this, "
            "and what the test on the smallest mean reaches. Certified laws hold for any data of "
            "this kind, plug-in laws are estimated. Attributes: yes/no attributes up to which an "
            f"error of {findings.max_error:g} is not excluded. Effect: "
            f"{_effects(findings, options)}."
        )
    unbounded = any(t.effect is not None and t.error_lower.empty for t in findings.tests.values())
    if unbounded and findings.masks.k is not None:
        lines.append("Bounds that depend on masked groups are not shown.")
    lines += [
        f"Heterogeneity of benefit between groups, {cost_name(cost, options)}: "
        f"{heterogeneity_words(equal)}."
        for cost in findings.evaluation.costs
        if (equal := findings.heterogeneity.get(cost.name)) is not None
        and np.isfinite(equal.pvalue)
    ]
    for name in dict.fromkeys(t.note for t in findings.tests.values() if t.note):
        lines.append(name)
    return lines + general(findings, options.prespecified)


def _effects(findings: Findings, options: Options) -> str:
    return "; ".join(
        f"{cost_name(cost, options)} {test.effect:g} ({cost.unit})"
        for cost in findings.evaluation.costs
        if (test := findings.tests[cost.name]).effect is not None
    )


def _figures(findings: Findings) -> pd.DataFrame:
    records: list[dict[str, Any]] = []
    for name, test in findings.tests.items():
        gamma, equal = findings.gammas[name], findings.heterogeneity.get(name)
        records.append(
            {
                "cost": name,
                "gamma": gamma.value,
                "group": gamma.group,
                "ci_low": gamma.ci_low,
                "ci_upp": gamma.ci_upp,
                "p_value": test.pvalue,
                "effect": np.nan if test.effect is None else test.effect,
                "heterogeneity": np.nan if equal is None else equal.statistic,
                "heterogeneity_df": np.nan if equal is None else equal.df,
                "heterogeneity_p": np.nan if equal is None else equal.pvalue,
                "verdict": test.verdict,
            }
        )
    return pd.DataFrame(records)
