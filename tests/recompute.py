"""`res.frame()` once more, by plain statsmodels, numpy and scipy on the same splits.

Nothing of bopstats is used here but the fold numbers and the frame that is checked. Explanations
are computed person by person and term by term.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import patsy
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

FIGURES = ["n", "cost_generic", "cost_personalized", "bop", "std_err", "ci_low", "ci_upp"]
FIGURES += ["p_benefit", "p_harm"]


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
    y = patsy.dmatrix(f"0 + {outcome}", frame)[:, 0]
    whole, kept, masked = (np.zeros((2, len(frame))) for _ in range(3))
    count = None
    for which, formula in enumerate(formulas):
        for k in np.unique(folds):
            train, test = frame[folds != k], frame[folds == k]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = smf.glm(formula, train, family=family)
                fit = model.fit(tol=1e-12)
            info = patsy.dmatrix(formula.split("~")[1], train).design_info
            design = np.asarray(patsy.build_design_matrices([info], test)[0])
            baseline, beta = model.exog.mean(axis=0), np.asarray(fit.params)
            slices = [s for t, s in info.term_slices.items() if t.factors]
            count = math.ceil(share * len(slices)) if count is None else count
            whole[which, folds == k] = fit.predict(test)
            kept[which, folds == k], masked[which, folds == k] = _masked(
                design, baseline, beta, slices, count, family
            )
    if binomial:
        costs = {"brier": (y - whole) ** 2, "zero_one": 1.0 * ((whole >= threshold) != (y > 0))}
        change = [1.0 * ((whole >= threshold) != (m >= threshold)) for m in (kept, masked)]
    else:
        costs = {"squared_error": (y - whole) ** 2}
        change = [(whole - m) ** 2 for m in (kept, masked)]
    return costs | {"sufficiency": change[0], "incomprehensiveness": -change[1]}


def _masked(design, baseline, beta, slices, count, family):
    kept, masked = [], []
    for person in design:
        parts = [float((person[s] - baseline[s]) @ beta[s]) for s in slices]
        top = sorted(range(len(parts)), key=lambda t: (-abs(parts[t]), t))[:count]
        base = float(baseline @ beta)
        kept.append(base + sum(parts[t] for t in top))
        masked.append(base + sum(part for t, part in enumerate(parts) if t not in top))
    inverse = family.link.inverse
    return inverse(np.array(kept)), inverse(np.array(masked))


def group_figures(costs, group, size, alpha=0.05):
    """The rows of `FIGURES` for each group and, last, the population, shape (G + 1, 9)."""
    rows = []
    for g in [*range(size), None]:
        inside = np.ones(len(group), dtype=bool) if g is None else group == g
        n = int(inside.sum())
        if n < 2:
            rows.append([n, *[np.nan] * 8])
            continue
        benefit = costs[0, inside] - costs[1, inside]
        mean, error = benefit.mean(), benefit.std(ddof=1) / np.sqrt(n)
        with np.errstate(divide="ignore", invalid="ignore"):
            t, half = mean / error, stats.t.isf(alpha / 2, n - 1) * error
        tails = stats.t.sf([t, -t], n - 1)
        models = [costs[0, inside].mean(), costs[1, inside].mean()]
        rows.append([n, *models, mean, error, mean - half, mean + half, *tails])
    return np.array(rows)


def largest_difference(res, frame, formulas, family):
    """Largest relative difference of any figure in `res.frame()` from its recomputation.

    Benefits and limits are compared relative to the larger of the benefit and its standard error.
    Limits and p-values of 0–1 costs come from other methods and are not compared here.
    """
    size, tables = res.evaluation.groups.n_groups, {}
    for rows in res.evaluation.rows:
        for name, costs in partition_costs(frame, formulas, family, rows.fold).items():
            tables.setdefault(name, []).append(group_figures(costs, rows.group, size))
    worst = 0.0
    for name, parts in tables.items():
        expected, found = np.median(np.stack(parts), axis=0), res.frame(name)
        by_t = (found["ci_method"] == "t").all()
        for j, figure in enumerate(FIGURES if by_t else FIGURES[:5]):
            values, wanted = found[figure].to_numpy(dtype=float), expected[:, j]
            scale = np.abs(wanted)
            if figure in {"bop", "ci_low", "ci_upp"}:
                scale = np.maximum(np.abs(expected[:, 3]), expected[:, 4])
            known = np.isfinite(wanted) & np.isfinite(values) & (scale > 0)
            difference = np.abs(values - wanted)[known] / scale[known]
            worst = max(worst, float(difference.max(initial=0.0)))
    return worst
