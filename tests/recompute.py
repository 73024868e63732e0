"""`res.frame()`, gamma and the tests once more, by plain statsmodels, numpy and scipy.

Nothing of bopstats is used here but the fold and group numbers, the frame that is checked, its
choice of method for each group, and the paired intervals of 0–1 costs (which have oracles of their
own). Explanations are computed person by person and term by term.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import patsy
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.multitest import multipletests

from bopstats.inference.paired import METHODS, paired_interval, paired_pvalues

FIGURES = ["n", "n_changed", "cost_generic", "cost_personalized", "bop", "std_err", "ci_low"]
FIGURES += ["ci_upp", "p_benefit", "p_harm", "p_benefit_adjusted", "p_harm_adjusted"]
LOCATED = {"bop", "ci_low", "ci_upp"}
MEANS = {"cost_generic", "cost_personalized", "bop"}


def plain_rows(frame, columns):
    """Complete rows of some columns, numbers as floats and categoricals without unused levels."""
    used = frame[list(dict.fromkeys(columns))].dropna().copy()
    for name in used:
        if used[name].dtype.kind in "iufb" or str(used[name].dtype).startswith(("Int", "UInt")):
            used[name] = used[name].astype(float)
        elif str(used[name].dtype) == "category":
            used[name] = used[name].cat.remove_unused_categories()
    return used


def partition_costs(frame, formulas, family, folds, *, share=0.5, threshold=0.5):
    """Costs of one partition, name to array (2, n): refit on all folds but one, predict it."""
    binomial = isinstance(family, sm.families.Binomial)
    outcome = formulas[0].split("~")[0].strip()
    y = np.asarray(patsy.dmatrix(f"0 + {outcome}", frame))[:, 0]
    whole, kept, masked = partition_predictions(frame, formulas, family, folds, share=share)
    if binomial:
        costs = {"brier": (y - whole) ** 2, "zero_one": 1.0 * ((whole >= threshold) != (y > 0))}
        change = [1.0 * ((whole >= threshold) != (m >= threshold)) for m in (kept, masked)]
    else:
        costs = {"squared_error": (y - whole) ** 2}
        change = [(whole - m) ** 2 for m in (kept, masked)]
    return costs | {"sufficiency": change[0], "incomprehensiveness": -change[1]}


def partition_predictions(frame, formulas, family, folds, *, share=0.5):
    """Held-out predictions of both models, (2, n): whole, with top terms only, without these."""
    whole, kept, masked = (np.zeros((2, len(frame))) for _ in range(3))
    count = None
    for which, formula in enumerate(formulas):
        for k in np.unique(folds):
            train, test = frame[folds != k], frame[folds == k]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = smf.glm(formula, train, family=family)
                fit = model.fit(atol=0.0, rtol=1e-14)
            info = patsy.dmatrix(formula.split("~")[1], train).design_info
            design = np.asarray(patsy.build_design_matrices([info], test)[0])
            baseline, beta = model.exog.mean(axis=0), np.asarray(fit.params)
            slices = [s for t, s in info.term_slices.items() if t.factors]
            count = math.ceil(share * len(slices)) if count is None else count
            whole[which, folds == k] = fit.predict(test)
            kept[which, folds == k], masked[which, folds == k] = _masked(
                design, baseline, beta, slices, count, family
            )
    return whole, kept, masked


def _masked(design, baseline, beta, slices, count, family):
    kept, masked = [], []
    base = float(baseline @ beta)
    for person in (design - baseline) * beta:
        parts = [sum(person[s].tolist()) for s in slices]
        top = sorted(range(len(parts)), key=lambda t: (-abs(parts[t]), t))[:count]
        kept.append(base + sum(parts[t] for t in top))
        masked.append(base + sum(part for t, part in enumerate(parts) if t not in top))
    inverse = family.link.inverse
    return inverse(np.array(kept)), inverse(np.array(masked))


def group_figures(costs, group, methods, *, bounded, alpha=0.05):
    """Figures of each group and, last, the population; `methods` says how limits are found.

    Returns a dict from the names in `FIGURES` to arrays, and "bonferroni" limits for gamma.
    """
    size = len(methods) - 1
    level = alpha / max(1, sum(np.sum(group == g) >= 2 for g in range(size)))
    rows = []
    for g, method in enumerate(methods):
        inside = group == g if g < size else np.ones(len(group), dtype=bool)
        benefit = costs[0, inside] - costs[1, inside]
        row = {"n": inside.sum(), "n_changed": np.sum(benefit != 0)}
        if len(benefit):
            row |= {"cost_generic": costs[0, inside].mean(), "bop": benefit.mean()}
            row |= {"cost_personalized": costs[1, inside].mean()}
        if len(benefit) > 1:
            row["std_err"] = benefit.std(ddof=1) / np.sqrt(len(benefit)) or np.nan
        if method == "t":
            row |= _by_t(benefit, alpha, bounded) | {"bonferroni": _by_t(benefit, level, bounded)}
        elif method in METHODS:
            table = (len(benefit), int(np.sum(benefit > 0)), int(np.sum(benefit < 0)), method)
            row |= _by_counts(*table, alpha) | {"bonferroni": _by_counts(*table, level)}
        row["bonferroni"] = row.get("bonferroni", {}).get("ci_upp", np.nan)
        rows.append(row)
    found = {
        name: np.array([row.get(name, np.nan) for row in rows], dtype=float)
        for name in [*FIGURES, "bonferroni"]
    }
    tested = np.flatnonzero(np.isfinite(found["p_benefit"][:-1]))
    for side in ("p_benefit", "p_harm"):
        if len(tested):
            adjusted = multipletests(found[side][tested], method="holm")[1]
            found[f"{side}_adjusted"][tested] = adjusted
    return found


def _by_t(benefit, alpha, bounded):
    test = stats.ttest_1samp(benefit, 0.0)
    low, high = test.confidence_interval(1 - alpha)
    if bounded:
        low, high = max(low, -1.0), min(high, 1.0)
    tails = stats.t.sf([test.statistic, -test.statistic], len(benefit) - 1)
    return {"ci_low": low, "ci_upp": high, "p_benefit": tails[0], "p_harm": tails[1]}


def _by_counts(n, plus, minus, method, alpha):
    low, high = paired_interval(n, plus, minus, alpha=alpha, method=method)
    tails = paired_pvalues(n, plus, minus, method=method)
    return {"ci_low": low, "ci_upp": high, "p_benefit": tails[0], "p_harm": tails[1]}


def recomputed(res, frame, formulas, family):
    """From cost to figures, gamma, and the p-values of both tests.

    Costs and benefits are means over partitions, everything else medians.
    """
    tables, bounded = {}, isinstance(family, sm.families.Binomial)
    for rows in res.evaluation.rows:
        for name, costs in partition_costs(frame, formulas, family, rows.fold).items():
            methods = res.frame(name)["ci_method"].tolist()
            figures = group_figures(costs, rows.group, methods, bounded=bounded)
            tables.setdefault(name, []).append(figures)
    return {name: _over_partitions(parts) for name, parts in tables.items()}


def _over_partitions(parts):
    figures = {
        name: (np.mean if name in MEANS else np.median)([part[name] for part in parts], axis=0)
        for name in FIGURES
    }
    if len(parts) > 1:
        figures["partition_sd"] = np.std([part["bop"] for part in parts], axis=0, ddof=1)
    tested = np.flatnonzero(np.isfinite(figures["p_benefit"][:-1]))

    def each(name, take):
        over = np.mean if name in MEANS else np.median
        return over([take(part[name][tested]) for part in parts])

    if len(tested):
        figures["gamma"] = each("bop", np.min)
        figures["gamma_low"] = each("ci_low", np.min)
        figures["gamma_upp"] = each("bonferroni", np.min)
        figures["p_every"] = each("p_benefit", np.max)
        figures["p_some_harm"] = each("p_harm_adjusted", np.min)
    return figures


def reported(res, name):
    """The same figures as bopstats reports them."""
    frame = res.frame(name)
    figures = {column: frame[column].to_numpy(dtype=float) for column in [*FIGURES, "partition_sd"]}
    gamma = res.gamma(name)
    figures |= {"gamma": gamma.value, "gamma_low": gamma.ci_low, "gamma_upp": gamma.ci_upp}
    figures["p_every"] = res.test(name).pvalue
    figures["p_some_harm"] = res.test(name, kind="harm").pvalue
    return figures


def differences(res, frame, formulas, family):
    """Largest relative difference of each figure, by cost and name of the figure.

    Benefits and limits are compared relative to the larger of the benefit and its standard error.
    A number on one side only is an infinite difference. How many real-valued costs have changed is
    not compared: predictions that are equal but for rounding count or not by chance.
    """
    found = {}
    for cost, wanted in recomputed(res, frame, formulas, family).items():
        ours = reported(res, cost)
        unit = np.fmax(np.abs(wanted["bop"]), wanted["std_err"])
        for name, values in wanted.items():
            if name == "n_changed" and cost in {"brier", "squared_error"}:
                continue
            scale = unit if name in LOCATED else np.abs(values)
            gap = np.abs(np.asarray(ours[name]) - values)
            relative = np.where(gap == 0, 0.0, gap / np.where(scale > 0, scale, 1.0))
            lonely = np.isnan(ours[name]) != np.isnan(values)
            relative = np.where(lonely, np.inf, np.where(np.isnan(values), 0.0, relative))
            found[cost, name] = float(np.max(relative))
    return found


def largest_difference(res, frame, formulas, family):
    """Largest relative difference of any figure from its recomputation."""
    return max(differences(res, frame, formulas, family).values())
