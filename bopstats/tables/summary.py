"""The summary of an analysis, as sections that any format can print."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats.costs import Cost
from bopstats.evaluation import Evaluation
from bopstats.fitting.results import AssociationTest
from bopstats.groups import POPULATION
from bopstats.inference.estimates import Estimates
from bopstats.inference.gamma import Gamma
from bopstats.inference.tests import BoPTest
from bopstats.inference.verdicts import CANNOT_BE_TOLD
from bopstats.tables.content import (
    Section,
    Shown,
    decimals_for,
    number,
    p_words,
    power_of_ten,
    pvalue,
)
from bopstats.tables.text import render
from bopstats.tables.wording import (
    design_words,
    estimand,
    evaluation_words,
    family_words,
    heterogeneity_words,
    notes,
    title,
)


@dataclass(frozen=True)
class Summary:
    """A summary ready to print: ``print(summary)`` or ``summary.as_text()``."""

    title: str
    sections: tuple[Section, ...]

    def as_text(self) -> str:
        """Return the summary as plain text of at most 100 columns."""
        return render(self.title, self.sections)

    def __str__(self) -> str:
        """Return the summary as plain text."""
        return self.as_text()

    __repr__ = __str__


_SHORT = {CANNOT_BE_TOLD: "cannot be told"}


def build_summary(
    evaluation: Evaluation,
    frame: pd.DataFrame,
    estimates: dict[str, Estimates],
    tests: dict[str, BoPTest],
    heterogeneity: dict[str, BoPTest],
    gammas: dict[str, Gamma],
    association: AssociationTest | None,
    effects: pd.DataFrame | None,
    alpha: float,
    max_error: float,
) -> Summary:
    """Put the summary together; see `BoPResults.summary`."""
    sections = [
        _header(evaluation, frame, association),
        Section("Verdicts", _verdicts(evaluation, tests)),
        _groups(evaluation, frame),
    ]
    ordered = sorted(evaluation.costs, key=lambda cost: cost.kind == "explanation")
    sections += [
        _cost(
            cost,
            cost is evaluation.costs[0],
            frame[frame["cost"] == cost.name],
            estimates[cost.name],
            tests[cost.name],
            heterogeneity.get(cost.name),
            gammas[cost.name],
            alpha,
        )
        for cost in ordered
    ]
    sections += [] if effects is None else [_design_effects(effects)]
    sections.append(Section("Notes", lines=notes(evaluation, frame, tests, alpha, max_error)))
    return Summary(title(evaluation.settings), tuple(sections))


def _header(
    evaluation: Evaluation, frame: pd.DataFrame, association: AssociationTest | None
) -> Section:
    settings, groups = evaluation.settings, evaluation.groups
    outcome = settings.outcome
    if settings.event is not None:
        outcome += f" (event: {settings.event})"
    dropped = evaluation.n_read - evaluation.n_used
    rows = f"{evaluation.n_used} of {evaluation.n_read} read ({dropped} dropped)"
    if dropped:
        flow = evaluation.row_flow
        steps = flow[flow["dropped"] > 0]
        each = [f"{s} {d}" for s, d in zip(steps["step"], steps["dropped"], strict=True)]
        rows += f": {', '.join(each)}"
    if settings.evaluation in ("hold-out", "given"):
        everyone = frame.loc[frame["group"] == POPULATION, "n"].iloc[0]
        rows += f"; {_count(everyone)} held out and evaluated"
    given = settings.evaluation == "predictions"
    pairs = [
        ("Models" if given else "Formula", settings.formula),
        ("Outcome", outcome),
        ("Family", family_words(settings)),
        ("Evaluation", evaluation_words(settings)),
        ("Estimand", estimand(settings)),
        ("Rows", rows),
        ("Groups", f"{groups.n_groups} ({' × '.join(groups.attributes)})"),
    ]
    if settings.seed is not None or not given:
        pairs.append(("Seed", "generator" if settings.seed is None else str(settings.seed)))
    if association is not None:
        pairs.append(("Association", _association(association)))
    if settings.weight_type is not None or settings.complex_design:
        pairs.insert(6, ("Design", design_words(settings)))
    return Section("", tuple(pairs))


def _association(test: AssociationTest) -> str:
    df = f"{test.df}" if np.isnan(test.df_denom) else f"{test.df}, {test.df_denom:g}"
    return (
        f"{test.method} = {test.statistic:.2f}, df = {df}, {p_words(test.pvalue)} (personal terms "
        "on all rows; another question than benefit)"
    )


def _groups(evaluation: Evaluation, frame: pd.DataFrame) -> Section:
    """Sizes and events of the groups, once for all costs."""
    rows = frame[frame["cost"] == evaluation.costs[0].name]
    table = pd.DataFrame({"group": rows["group"], "n": [_count(n) for n in rows["n"]]})
    if rows["events"].notna().all():
        table["events"] = [_count(e) for e in rows["events"]]
        share = rows["events"] / rows["n"].where(rows["n"] > 0)
        table["%"] = [number(100 * s, 1) for s in share]
    if (rows["n_eff"] != rows["n"]).any():
        table["effective n"] = [number(n, 1) for n in rows["n_eff"]]
    if (rows["status"] != "ok").any():
        table["status"] = list(rows["status"])
    return Section("Groups", table=table, rules=(len(table) - 1,))


def _design_effects(effects: pd.DataFrame) -> Section:
    """Show what the design does to the precision of the primary cost's benefit."""
    table = pd.DataFrame({"group": effects["group"], "n": [_count(n) for n in effects["n"]]})
    for name in ("clusters", "strata"):
        if effects[name].notna().any():
            table[name] = [_count(value) for value in effects[name]]
    if effects["icc"].notna().any():
        table["ICC"] = [number(value, 3) for value in effects["icc"]]
    table["design effect"] = [number(value, 2) for value in effects["deff"]]
    table["effective n"] = [number(value, 1) for value in effects["n_eff"]]
    return Section(
        f"Design effects: {effects['cost'].iloc[0]}", table=table, rules=(len(table) - 1,)
    )


def _count(value: float) -> str:
    return f"{value:g}" if value % 1 else f"{int(value)}"


def _cost(
    cost: Cost,
    primary: bool,
    rows: pd.DataFrame,
    estimates: Estimates,
    test: BoPTest,
    equal: BoPTest | None,
    gamma: Gamma,
    alpha: float,
) -> Section:
    error = estimates.median("std_err")
    power = power_of_ten(error, rows[["cost_generic", "cost_personalized"]].to_numpy(dtype=float))
    show = Shown(decimals_for(error / 10.0**power), power)
    low, high = f"[{alpha / 2:g}", f"{1 - alpha / 2:g}]"
    table = pd.DataFrame(
        {
            "group": rows["group"],
            "generic": [show(v) for v in rows["cost_generic"]],
            "person.": [show(v) for v in rows["cost_personalized"]],
            "BoP": [show(v) for v in rows["bop"]],
            low: [show(v) for v in rows["ci_low"]],
            high: [show(v) for v in rows["ci_upp"]],
            "p ben.": [pvalue(v) for v in rows["p_benefit"]],
            "p harm": [pvalue(v) for v in rows["p_harm"]],
            "verdict": [_SHORT.get(v, v) for v in rows["verdict"]],
        }
    )
    role = "primary" if primary else "exploratory"
    unit = cost.unit + (f", in units of 10^{power}" if power else "")
    title = f"{cost.kind.capitalize()}: {cost.name} ({unit}), {role}"
    lines = tuple(_lines(cost, test, equal, gamma, show))
    return Section(title, table=table, lines=lines, rules=(len(table) - 1,))


def _lines(
    cost: Cost, test: BoPTest, equal: BoPTest | None, gamma: Gamma, show: Shown
) -> list[str]:
    covers = f"covers {gamma.covers[0]} of {gamma.covers[1]} groups"
    mark = f"; {gamma.note}" if gamma.note else ""
    lines = [
        f"gamma (smallest group BoP): {show(gamma.value)}, {gamma.group}; limits "
        f"{show(gamma.ci_low)} to {show(gamma.ci_upp)}; {covers}{mark}",
        f"H0 gamma <= 0 (intersection-union): {p_words(test.pvalue)}, "
        f"{'rejected' if test.reject else 'not rejected'} at one-sided {test.alpha / 2:g}"
        if np.isfinite(test.pvalue)
        else "H0 gamma <= 0: not tested, no group has an interval for this metric",
    ]
    if equal is not None and np.isfinite(equal.pvalue):
        lines.append(f"Heterogeneity of benefit between groups: {heterogeneity_words(equal)}")
    if test.effect is not None:
        lines += _bound_lines(cost, test)
    return [*lines, test.note] if test.note else lines


def _bound_lines(cost: Cost, test: BoPTest) -> list[str]:
    """One line a law: error of any test, error of the min-of-means test, attribute cap."""
    lines = [f"Type I + type II error of any test of gamma <= 0 against gamma >= {test.effect:g}"]
    lines[0] += f" ({cost.unit}):"
    if test.error_lower.empty:
        return [*lines, "  no bounds: the metric has no value for one person"]
    laws = zip(
        test.error_lower.to_dict("records"),
        test.error_upper.to_dict("records"),
        test.max_attributes.to_dict("records"),
        strict=True,
    )
    for low, upp, cap in laws:
        lines.append(_bound_line(low, upp["error_upper"], cap, test.max_error))
    return lines


def _bound_line(
    low: dict[Hashable, Any], upper: float, cap: dict[Hashable, Any], max_error: float
) -> str:
    text = f"  {low['law']} ({low['kind']}"
    if np.isnan(low["error_lower"]):
        return f"{text}): not computable, {low['reason']}"
    text += f"; {low['describes']}): at least {low['error_lower']:.3f}"
    if np.isfinite(upper):
        text += f", {upper:.3f} can be reached"
    if np.isfinite(cap["lambert_w"]):
        some = cap["necessary_any"] != "none"
        most = f"at most {cap['necessary_any']}" if some else "none, not even everyone pooled"
        text += f"; yes/no attributes at error {max_error:g}: {most} (Lambert W "
        text += f"{cap['lambert_w']:.2f})"
    return text


def _verdicts(evaluation: Evaluation, tests: dict[str, BoPTest]) -> tuple[tuple[str, str], ...]:
    pairs = []
    in_sample = evaluation.settings.evaluation == "in-sample"
    for cost in evaluation.costs:
        test = tests[cost.name]
        text = test.verdict
        if text == CANNOT_BE_TOLD:
            text += f" (effect {test.effect:g}, plug-in law)"
        text += " (in-sample: optimistic)" if in_sample else ""
        pairs.append((f"{cost.name} ({cost.kind})", text))
    return tuple(pairs)
