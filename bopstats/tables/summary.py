"""The summary of an analysis, as sections that any format can print."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bopstats.costs import Cost
from bopstats.evaluation import Evaluation
from bopstats.groups import POPULATION
from bopstats.inference.gamma import Gamma
from bopstats.inference.tests import BoPTest
from bopstats.inference.verdicts import CANNOT_BE_TOLD
from bopstats.tables.content import (
    Section,
    Shown,
    count,
    decimals_for,
    number,
    p_words,
    power_of_ten,
    pvalue,
)
from bopstats.tables.document import Summary
from bopstats.tables.findings import Findings
from bopstats.tables.suppression import MASK, MASKED
from bopstats.tables.wording import (
    association_words,
    design_words,
    estimand,
    evaluation_words,
    family_words,
    heterogeneity_words,
    masking_words,
    notes,
    rows_words,
    title,
)

_SHORT = {CANNOT_BE_TOLD: "cannot be told"}


def build_summary(findings: Findings) -> Summary:
    """Put the summary together; see `BoPResults.summary`."""
    evaluation = findings.evaluation
    sections = [
        _header(findings),
        Section("Verdicts", _verdicts(evaluation, findings.tests)),
        _groups(findings),
    ]
    ordered = sorted(evaluation.costs, key=lambda cost: cost.kind == "explanation")
    sections += [_cost(cost, findings) for cost in ordered]
    sections += [] if findings.effects is None else [design_effects(findings, findings.effects)]
    lines = notes(
        evaluation, findings.frame, findings.tests, findings.alpha, findings.max_error
    ) + masking_words(findings.masks)
    sections.append(Section("Notes", lines=lines))
    return Summary(title(evaluation.settings), tuple(sections))


def _header(findings: Findings) -> Section:
    evaluation = findings.evaluation
    settings, groups = evaluation.settings, evaluation.groups
    outcome = settings.outcome
    if settings.event is not None:
        outcome += f" (event: {settings.event})"
    rows = rows_words(evaluation.row_flow)
    if settings.evaluation in ("hold-out", "given"):
        frame = findings.frame
        everyone = frame.loc[frame["group"] == POPULATION, "n"].iloc[0]
        rows += f"; {MASK if pd.isna(everyone) else count(everyone)} held out and evaluated"
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
    if findings.association is not None:
        words = association_words(findings.association)
        pairs.append(
            ("Association", f"{words} (personal terms on all rows; another question than benefit)")
        )
    if settings.weight_type is not None or settings.complex_design:
        pairs.insert(6, ("Design", design_words(settings)))
    return Section("", tuple(pairs))


def _groups(findings: Findings) -> Section:
    """Sizes and events of the groups, once for all costs."""
    rows = findings.rows(findings.evaluation.costs[0].name)
    columns = {"n": [count(n) for n in rows["n"]]}
    if findings.evaluation.settings.family == "binomial":
        columns["events"] = [count(e) for e in rows["events"]]
        share = rows["events"] / rows["n"].where(rows["n"] > 0)
        columns["%"] = [number(100 * s, 1) for s in share]
    known = rows[["n", "n_eff"]].dropna()  # an empty group has no effective n
    if (known["n_eff"] != known["n"]).any():
        columns["effective n"] = [number(n, 1) for n in rows["n_eff"]]
    if not rows["status"].isin(["ok", MASKED]).all():
        columns["status"] = list(rows["status"])
    cells = {name: findings.masks.show(c, findings.masks.counts) for name, c in columns.items()}
    table = pd.DataFrame({"group": rows["group"], **cells})
    return Section("Groups", table=table, rules=(len(table) - 1,))


def design_effects(findings: Findings, effects: pd.DataFrame) -> Section:
    """Show what the design does to the precision of the primary cost's benefit."""
    columns = {"n": [count(n) for n in effects["n"]]}
    for name in ("clusters", "strata"):
        if effects[name].notna().any():
            columns[name] = [count(value) for value in effects[name]]
    if effects["icc"].notna().any():
        columns["ICC"] = [number(value, 3) for value in effects["icc"]]
    columns["design effect"] = [number(value, 2) for value in effects["deff"]]
    columns["effective n"] = [number(value, 1) for value in effects["n_eff"]]
    cells = {name: findings.masks.show(c, findings.masks.counts) for name, c in columns.items()}
    table = pd.DataFrame({"group": effects["group"], **cells})
    return Section(
        f"Design effects: {effects['cost'].iloc[0]}", table=table, rules=(len(table) - 1,)
    )


def _cost(cost: Cost, findings: Findings) -> Section:
    rows, alpha = findings.rows(cost.name), findings.alpha
    error = findings.estimates[cost.name].median("std_err")
    power = power_of_ten(error, rows[["cost_generic", "cost_personalized"]].to_numpy(dtype=float))
    show = Shown(decimals_for(error / 10.0**power), power)
    low, high = f"[{alpha / 2:g}", f"{1 - alpha / 2:g}]"
    cells = {
        "generic": [show(v) for v in rows["cost_generic"]],
        "person.": [show(v) for v in rows["cost_personalized"]],
        "BoP": [show(v) for v in rows["bop"]],
        low: [show(v) for v in rows["ci_low"]],
        high: [show(v) for v in rows["ci_upp"]],
        "p ben.": [pvalue(v) for v in rows["p_benefit"]],
        "p harm": [pvalue(v) for v in rows["p_harm"]],
        "verdict": [_SHORT.get(v, v) for v in rows["verdict"]],
    }
    hidden = findings.hidden(cost.name)
    table = pd.DataFrame(
        {"group": rows["group"], **{k: findings.masks.show(c, hidden) for k, c in cells.items()}}
    )
    role = "primary" if cost is findings.evaluation.costs[0] else "exploratory"
    unit = cost.unit + (f", in units of 10^{power}" if power else "")
    heading = f"{cost.kind.capitalize()}: {cost.name} ({unit}), {role}"
    lines = tuple(_lines(cost, findings, show))
    return Section(heading, table=table, lines=lines, rules=(len(table) - 1,))


def _lines(cost: Cost, findings: Findings, show: Shown) -> list[str]:
    masks, test = findings.masks, findings.tests[cost.name]
    gamma, equal = findings.gammas[cost.name], findings.heterogeneity.get(cost.name)
    known = MASK if cost.name in masks.covers else str(gamma.covers[0])
    covers = f"covers {known} of {gamma.covers[1]} groups"
    level = f"{'rejected' if test.reject else 'not rejected'} at one-sided {test.alpha / 2:g}"
    lines = [_gamma_line(gamma, cost.name in masks.gammas, covers, show)]
    if cost.name in masks.pvalues:
        lines.append(f"H0 gamma <= 0 (intersection-union): p = {MASK}, {level}")
    elif np.isfinite(test.pvalue):
        lines.append(f"H0 gamma <= 0 (intersection-union): {p_words(test.pvalue)}, {level}")
    else:
        lines.append("H0 gamma <= 0: not tested, no group has an interval for this metric")
    if equal is not None and np.isfinite(equal.pvalue):
        lines.append(f"Heterogeneity of benefit between groups: {heterogeneity_words(equal)}")
    if test.effect is not None and masks.k is not None and masks.figures[cost.name].any():
        lines.append("Bounds on the error of any test depend on masked groups: not shown.")
    elif test.effect is not None:
        lines += _bound_lines(cost, test)
    return [*lines, test.note] if test.note else lines


def _gamma_line(gamma: Gamma, hidden: bool, covers: str, show: Shown) -> str:
    mark = f"; {gamma.note}" if gamma.note else ""
    words = (
        f"{MASK}, that of a masked group; limits {MASK}"
        if hidden
        else f"{show(gamma.value)}, {gamma.group}; limits {show(gamma.ci_low)} to "
        f"{show(gamma.ci_upp)}"
    )
    return f"gamma (smallest group BoP): {words}; {covers}{mark}"


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


def _verdicts(evaluation: Evaluation, tests: Mapping[str, BoPTest]) -> tuple[tuple[str, str], ...]:
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
