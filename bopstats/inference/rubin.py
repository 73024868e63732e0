"""One answer from the analyses of multiply imputed data, by Rubin's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from bopstats._typing import FloatArray
from bopstats.fitting.results import AssociationTest
from bopstats.inference.estimates import Estimates

METHOD = "t (Rubin)"


def pool_estimates(analyses: Sequence[Estimates], alpha: float, null: float) -> Estimates:
    r"""Combine one cost's estimates over imputations (Rubin 1987).

    Parameters
    ----------
    analyses : sequence of Estimates
        One an imputation, the same groups in each; what each reports is combined.
    alpha, null : float
        As in `estimate`.

    Returns
    -------
    Estimates
        A single row: :math:`\bar Q`, and :math:`T = \bar U + (1 + 1/m) B` from the mean variance
        and the variance between imputations, with t limits on the degrees of freedom of Barnard
        and Rubin (1999). Where nothing changed in any imputation, the widest limits and the
        largest p-values of the analyses.
    """
    first, m = analyses[0], len(analyses)
    centres = {
        name: np.stack([each.mean(name) for each in analyses])
        for name in ("generic", "personalized", "bop")
    } | {
        name: np.stack([each.median(name) for each in analyses])
        for name in ("n", "n_eff", "events", "changed", "skewness")
    }
    spread = {
        name: np.stack([each.median(name) for each in analyses])
        for name in ("std_err", "sigma", "low", "high", "bonferroni_high", "p_benefit", "p_harm")
    }
    between = centres["bop"].var(axis=0, ddof=1)
    within = np.mean(spread["std_err"] ** 2, axis=0)
    total = within + (1 + 1 / m) * between
    degrees = _degrees(total, between, centres["n_eff"].mean(axis=0) - 1, m)
    mean = centres["bop"].mean(axis=0)
    flat = np.isnan(spread["std_err"].sum(axis=0))
    family = alpha / max(1, int(first.covered.sum()))
    figures = {
        "low": np.where(flat, spread["low"].min(axis=0), _limit(mean, total, degrees, alpha, -1)),
        "high": np.where(flat, spread["high"].max(axis=0), _limit(mean, total, degrees, alpha, 1)),
        "bonferroni_high": np.where(
            flat, spread["bonferroni_high"].max(axis=0), _limit(mean, total, degrees, family, 1)
        ),
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (mean - null) / np.sqrt(total)
    for name, sign in (("p_benefit", 1), ("p_harm", -1)):
        tail = np.asarray(stats.t.sf(sign * t, degrees), dtype=np.float64)
        figures[name] = np.where(flat, spread[name].max(axis=0), tail)
    figures |= {name: values.mean(axis=0) for name, values in centres.items()}
    figures["std_err"] = np.where(flat, np.nan, np.sqrt(total))
    figures["sigma"] = np.sqrt(np.mean(spread["sigma"] ** 2, axis=0))
    method = tuple(each if flat[g] or not each else METHOD for g, each in enumerate(first.method))
    rows: dict[str, Any] = {name: row[None, :] for name, row in figures.items()}
    return replace(first, **rows, method=method)


def _limit(
    mean: FloatArray, total: FloatArray, degrees: FloatArray, alpha: float, sign: int
) -> FloatArray:
    with np.errstate(invalid="ignore"):
        half = stats.t.isf(alpha / 2, degrees) * np.sqrt(total)
    return np.asarray(mean + sign * half, dtype=np.float64)


def _degrees(total: FloatArray, between: FloatArray, complete: FloatArray, m: int) -> FloatArray:
    """Degrees of freedom of Barnard and Rubin (1999); `complete` are those without missing data."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (1 + 1 / m) * between / total
        observed = (complete + 1) / (complete + 3) * complete * (1 - share)
        return np.asarray(1.0 / (share**2 / (m - 1) + 1.0 / observed), dtype=np.float64)


def pool_association(analyses: Sequence[AssociationTest]) -> AssociationTest:
    """Combine association tests over imputations by the D2 statistic (Li et al. 1991).

    Each F or Wald statistic enters times its degrees of freedom, as a chi-square.
    """
    m, df = len(analyses), analyses[0].df
    known = [each.statistic * (1 if np.isnan(each.df_denom) else df) for each in analyses]
    squares = np.array(known)
    r = (1 + 1 / m) * np.sqrt(squares).var(ddof=1)
    statistic = (squares.mean() / df - (m + 1) / (m - 1) * r) / (1 + r)
    if r == 0:
        return analyses[0]
    rest = df ** (-3 / m) * (m - 1) * (1 + 1 / r) ** 2
    statistic = max(float(statistic), 0.0)
    pvalue = float(stats.f.sf(statistic, df, rest))
    return AssociationTest("pooled D2", statistic, df, float(rest), pvalue)
