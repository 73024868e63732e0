"""The figures of a report, drawn from labelled frames in which small cells are masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from bopstats.costs import Cost
from bopstats.groups import POPULATION
from bopstats.inference.testability import default_effects, error_band
from bopstats.reporting.blocks import Numbered, Picture
from bopstats.tables.benefit import cost_name, shown_cost
from bopstats.tables.content import ranges
from bopstats.tables.findings import Findings
from bopstats.tables.options import Options
from bopstats.tables.suppression import MASKED, small


def forest(
    name: str, findings: Findings, cost: Cost, options: Options, number: Numbered
) -> Iterator[Picture]:
    """Draw a cost's benefits by group if any is known; `name` is that of the figure."""
    from bopstats import plotting

    rows, label = findings.rows(cost.name), cost_name(cost, options)
    effect = findings.tests[cost.name].effect
    frame = rows.assign(cost=_drawn_name(cost, options))
    hidden = findings.hidden(cost.name)
    if hidden is not None:
        frame.loc[hidden, "status"] = MASKED
    if frame["bop"].isna().all():
        return
    yield number.figure(
        name,
        lambda: plotting.forest(frame, unit=cost.unit, effect=effect, alpha=findings.alpha),
        caption=f"Benefit of personalization by group: {label}",
        description=_forest_words(findings, cost, options),
    )


def _drawn_name(cost: Cost, options: Options) -> str:
    """Return a label that was asked for, else the name, which figures know."""
    return options.labels.get(cost.name, cost.name)


def _forest_words(findings: Findings, cost: Cost, options: Options) -> str:
    rows, show = findings.rows(cost.name), shown_cost(findings, cost, options)
    limits = ranges(rows["ci_low"], rows["ci_upp"], show)
    known = np.isfinite(rows["bop"].to_numpy(dtype=np.float64)[:-1])
    words = f"Forest plot of {len(rows) - 1} groups and the population."
    if known.any():
        shown = rows["bop"].iloc[:-1][known]
        low, high = shown.idxmin(), shown.idxmax()
        words += " " + " ".join(
            f"{which} benefit: {show(rows['bop'][i])} ({limits[i]}) in {rows['group'][i]}."
            for which, i in (("Smallest", low), ("Largest", high))
        )
    if np.isfinite(rows["bop"].iloc[-1]):
        words += f" Population: {show(rows['bop'].iloc[-1])} ({limits[-1]})."
    return words + " The table beside this figure has all the numbers."


def quadrant(findings: Findings, options: Options, number: Numbered) -> Iterator[Picture]:
    """Draw benefits for prediction against benefits for explanation, if explanations were asked."""
    from bopstats import plotting

    first, *others = findings.evaluation.costs
    explained = [cost for cost in others if cost.kind == "explanation"]
    if not explained:
        return
    names = {cost.name: _drawn_name(cost, options) for cost in (first, *explained)}
    frame = findings.frame[findings.frame["cost"].isin(list(names))]
    frame = frame.assign(cost=frame["cost"].map(names))
    prediction, *explanations = names.values()
    corners = plotting.quadrant_data(frame, prediction, explanations)
    yield number.figure(
        "quadrant",
        lambda: plotting.quadrant(frame, prediction, explanations),
        caption="Benefit for prediction against benefit for explanation, by group",
        description=_corner_words(corners, explained, options),
    )


def _corner_words(corners: pd.DataFrame, explained: Sequence[Cost], options: Options) -> str:
    groups = corners[corners["group"] != POPULATION]
    parts = []
    for cost, (_, rows) in zip(explained, groups.groupby("explanation", sort=False), strict=True):
        counts = rows["corner"].value_counts(sort=False)
        each = ", ".join(f"{corner}: {count}" for corner, count in counts.items())
        parts.append(f"{cost_name(cost, options)}: {each} groups.")
    return "Scatter plot with one point a group. " + " ".join(parts)


def top_curves(
    findings: Findings, options: Options, curve: pd.DataFrame | None, number: Numbered
) -> Iterator[Picture]:
    """Draw benefits for explanation at every number of top terms.

    Not where small cells are masked: at each number, other people's predictions change.
    """
    from bopstats import plotting

    if curve is None or findings.masks.k is not None:
        return
    settings = findings.evaluation.settings
    costs = {cost.name: _drawn_name(cost, options) for cost in findings.evaluation.costs}
    frame = curve.assign(cost=curve["cost"].map(costs), status="ok")
    yield number.figure(
        "top-curves",
        lambda: plotting.top_curve(frame, r=settings.top),
        caption=f"Benefit for explanation by the number of top {settings.unit}s",
        description=f"Panels, one a group and one for the population: the benefit with its limits "
        f"for r from 1 to {int(curve['r'].max())}. The tables above are for r = {settings.top}.",
    )


def error_curves(findings: Findings, options: Options, number: Numbered) -> Iterator[Picture]:
    """Draw the error of any test for each cost whose bounds may be shown."""
    from bopstats import plotting

    for i, cost in enumerate(findings.evaluation.costs, 1):
        test, effect = findings.tests[cost.name], findings.tests[cost.name].effect
        if effect is None or test.error_lower.empty:
            continue
        found = findings.estimates[cost.name]
        band = error_band(found, np.union1d(default_effects(found), [effect]))
        yield number.figure(
            f"error-{i}",
            partial(
                plotting.data_error_curve,
                band,
                findings.gammas[cost.name],
                cost=_drawn_name(cost, options),
                unit=cost.unit,
                effect=effect,
                max_error=findings.max_error,
            ),
            caption=f"Error of the best test by the smallest benefit: {cost_name(cost, options)}",
            description=_error_words(test.error_lower, effect),
        )


def _error_words(lower: pd.DataFrame, effect: float) -> str:
    known = lower[np.isfinite(lower["error_lower"].to_numpy(dtype=np.float64))]
    parts = [
        f"at least {row.error_lower:.3f} under the {row.law} law ({row.kind})"
        for row in known.itertuples()
    ]
    return (
        "Bands of the sum of type I and type II error, which fall as the benefit rises. At "
        f"{effect:g} the error is {'; '.join(parts) or 'not known'}."
    )


def calibration(
    findings: Findings, bins: pd.DataFrame, table: pd.DataFrame, number: Numbered
) -> Iterator[Picture]:
    """Draw the calibration of both models in the groups whose bins may all be shown."""
    from bopstats import plotting

    shown = _safe(findings, bins)
    if shown.empty:
        return
    some = shown["group"].nunique()
    words = "" if some == bins["group"].nunique() else " (groups with small bins are masked)"
    yield number.figure(
        "calibration-figure",
        lambda: plotting.calibration(shown.assign(status="ok"), table),
        caption=f"Calibration of both models' predictions, by group{words}",
        description=f"{some} panels, one a group and one for the population: mean outcome against "
        "mean prediction in bins, for the generic and the personalized model, with the diagonal "
        "of perfect calibration. The table beside this figure has intercepts and slopes.",
    )


def _safe(findings: Findings, bins: pd.DataFrame) -> pd.DataFrame:
    """Leave out groups with a bin of few people, events or non-events, whose mean would tell."""
    k = findings.masks.k
    if k is None:
        return bins
    n = bins["n"].to_numpy(dtype=np.float64)
    counts = [n]
    if findings.evaluation.settings.family == "binomial":
        # Means over partitions are not whole: what is near 0 is 0.
        events = np.round(n * bins["observed"].to_numpy(dtype=np.float64), 6)
        counts += [events, np.round(n - events, 6)]
    few = np.any([small(each, k) for each in counts], axis=0)
    rows = findings.rows(findings.evaluation.costs[0].name)
    masked = rows.loc[findings.masks.counts, "group"]
    return bins[~bins["group"].isin([*bins.loc[few, "group"], *masked])]
