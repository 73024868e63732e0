"""Calibration of a model's predictions in each group: intercept, slope, and binned means.

The tiny regressions have one parameter a group, so all groups are fitted at once: a Newton step
needs five sums a group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, logit, ndtri, stdtrit

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats._validation import check_choice, check_count, check_share
from bopstats.sampling import domain_variance, units_by_stratum

FAMILIES = ("binomial", "gaussian")
_STEPS, _TOLERANCE = 100, 1e-10


@dataclass(frozen=True)
class Coefficient:
    """A coefficient a group with standard error and Wald limits, shape (G,) each; nan if none."""

    value: FloatArray
    std_err: FloatArray
    low: FloatArray
    high: FloatArray
    reason: tuple[str, ...]


@dataclass(frozen=True)
class Calibration:
    """Calibration in the large (ideal 0) and calibration slope (ideal 1) of each group."""

    intercept: Coefficient
    slope: Coefficient


def calibration(
    y: FloatArray,
    mu: FloatArray,
    group: IntArray,
    n_groups: int,
    *,
    family: str,
    alpha: float = 0.05,
    weight: FloatArray | None = None,
    weight_type: str | None = None,
    cluster: IntArray | None = None,
    stratum: IntArray | None = None,
) -> Calibration:
    r"""Return calibration intercept and slope of one model in each group.

    Parameters
    ----------
    y, mu : ndarray, shape (n,)
        Outcomes and predicted means.
    group, n_groups, weight, weight_type, cluster, stratum
        As in `bopstats.groups.RowBop`.
    family : {"binomial", "gaussian"}
        Logit or identity link.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    Calibration
        nan, with a reason, where a group has none: without events or non-events, say.

    Notes
    -----
    With :math:`\eta` the link of `mu`, the intercept is a in :math:`g(E\,y) = a + \eta` and the
    slope b in :math:`g(E\,y) = a' + b \eta`, both by maximum likelihood (Cox 1958; Steyerberg
    2019, section 15.2). Standard errors are the model's (gaussian: with the residual variance on
    n − 1 and n − 2 degrees of freedom, and t limits); with sampling or precision weights or
    clusters the sandwich's, times m/(m − 1) for m rows of the group or clusters of the design; with
    strata `bopstats.sampling.domain_variance` of the influence values.

    References
    ----------
    Cox, D. R. (1958). Biometrika 45, 562–565.
    Steyerberg, E. W. (2019). Clinical Prediction Models, 2nd edition.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z, group = rng.normal(size=4000), np.repeat([0, 1], 2000)
    >>> y = (rng.random(4000) < expit(0.5 + z)).astype(float)
    >>> found = calibration(y, expit(2 * z), group, 2, family="binomial")
    >>> found.slope.value.round(1).tolist()
    [0.5, 0.5]
    """
    binomial = check_choice("family", family, FAMILIES) == "binomial"
    level = check_share("alpha", alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = np.asarray(logit(mu) if binomial else mu, dtype=np.float64)
        rows = _rows(y, eta, group, n_groups, binomial, weight, weight_type, cluster, stratum)
        reasons = _reasons(rows)
        return Calibration(*(_coefficient(rows, which, level, reasons[which]) for which in (0, 1)))


@dataclass(frozen=True)
class _Rows:
    """Rows on the scale of the linear predictor; `times` is how often each counts in n.

    `unit` is a row's cluster, or the row; `units` (H,) the units of each stratum, None without.
    """

    y: FloatArray
    eta: FloatArray
    group: IntArray
    n_groups: int
    weight: FloatArray
    times: FloatArray
    unit: IntArray
    binomial: bool
    robust: bool
    clusters: int
    stratum: IntArray
    units: FloatArray | None

    def total(self, values: FloatArray | BoolArray) -> FloatArray:
        """Sum by group."""
        return np.bincount(self.group, values, self.n_groups).astype(np.float64)

    def of(self, groups: BoolArray) -> _Rows:
        """Return the rows of some groups."""
        keep = groups[self.group]
        some = {
            name: getattr(self, name)[keep]
            for name in ("y", "eta", "group", "weight", "times", "unit", "stratum")
        }
        return replace(self, **some)


def _rows(
    y: FloatArray,
    eta: FloatArray,
    group: IntArray,
    n_groups: int,
    binomial: bool,
    weight: FloatArray | None,
    weight_type: str | None,
    cluster: IntArray | None,
    stratum: IntArray | None,
) -> _Rows:
    w = np.ones(len(y)) if weight is None else weight
    times = w if weight_type == "freq" else np.ones(len(y))
    unit, clusters = np.arange(len(y)), 0
    if cluster is not None:
        unit = np.unique(cluster, return_inverse=True)[1]
        clusters = int(unit.max(initial=-1)) + 1
    robust = cluster is not None or stratum is not None or weight_type in ("prob", "precision")
    place, units = np.zeros(len(y), dtype=np.int64), None
    if stratum is not None:
        place = np.unique(stratum, return_inverse=True)[1]
        units = units_by_stratum(place, unit if clusters else None, times)
    return _Rows(y, eta, group, n_groups, w, times, unit, binomial, robust, clusters, place, units)


def _reasons(rows: _Rows) -> tuple[list[str], list[str]]:
    """Say for each group why it has no intercept, and why it has no slope; "" where it has."""
    counted = rows.weight > 0
    event = counted & (rows.y > 0)
    other = counted & ~(rows.y > 0)

    def extreme(mask: BoolArray, take: np.ufunc, start: float) -> FloatArray:
        found = np.full(rows.n_groups, start)
        take.at(found, rows.group[mask], rows.eta[mask])
        return found

    low, high = extreme(counted, np.minimum, np.inf), extreme(counted, np.maximum, -np.inf)
    flat = ~(high - low > 1e-10 * np.maximum(np.abs(high), np.abs(low)))
    n = rows.total(rows.times * counted)
    causes = [("fewer than two rows", n < 2)]
    if rows.binomial:
        causes += [
            ("no events", rows.total(event) == 0),
            ("no non-events", rows.total(other) == 0),
        ]
    causes += [("a prediction has no finite link", rows.total(~np.isfinite(rows.eta)) > 0)]
    slope = [("fewer than three rows", n < 3), ("the predictions do not vary", flat)]
    if rows.binomial:
        above = extreme(event, np.minimum, np.inf) >= extreme(other, np.maximum, -np.inf)
        below = extreme(event, np.maximum, -np.inf) <= extreme(other, np.minimum, np.inf)
        slope += [("the predictions separate events from non-events", above | below)]

    def first(found: list[tuple[str, BoolArray]]) -> list[str]:
        return [next((why for why, yes in found if yes[g]), "") for g in range(rows.n_groups)]

    return first(causes), first(causes + slope)


def _coefficient(rows: _Rows, which: int, alpha: float, reasons: list[str]) -> Coefficient:
    """Return calibration in the large (`which` = 0) or the slope (1) of the groups that have it."""
    has = np.array([not why for why in reasons], dtype=bool)
    rows = rows.of(has)
    if which == 0:
        offset, x = rows.eta, np.zeros_like(rows.eta)
    else:
        # Centred predictors keep the two equations apart.
        centre = rows.total(rows.weight * rows.eta) / rows.total(rows.weight)
        offset, x = np.zeros_like(rows.eta), rows.eta - centre[rows.group]
    fit = _newton(rows, offset, x, which == 1, has)
    value, std_err, df = fit.intercept if which == 0 else fit.slope, *_error(rows, fit, x, which)
    half = np.where(np.isinf(df), -ndtri(alpha / 2), -stdtrit(df, alpha / 2)) * std_err
    value, half = np.where(has, value, np.nan), np.where(has, half, np.nan)
    std_err = np.where(has, std_err, np.nan)
    return Coefficient(value, std_err, value - half, value + half, tuple(reasons))


@dataclass(frozen=True)
class _Fit:
    """Coefficients a group, the information's three entries, and residuals a row."""

    intercept: FloatArray
    slope: FloatArray
    information: tuple[FloatArray, FloatArray, FloatArray]
    residual: FloatArray


def _newton(
    rows: _Rows, offset: FloatArray, x: FloatArray, sloped: bool, active: BoolArray
) -> _Fit:
    """Maximise all groups' likelihoods; a step that lowers a group's is halved."""
    y, w, group = rows.y, rows.weight, rows.group
    a = b = da = db = np.zeros(rows.n_groups)
    best = np.full(rows.n_groups, -np.inf)
    for _ in range(_STEPS):
        eta = offset + (a + da)[group] + (b + db)[group] * x
        mean = expit(eta) if rows.binomial else eta
        if rows.binomial:
            value = rows.total(w * (y * log_expit(eta) + (1 - y) * log_expit(-eta)))
            spread = w * mean * expit(-eta)
        else:
            value, spread = -rows.total(w * (y - mean) ** 2), w
        residual = y - mean
        i00, i01, i11 = (rows.total(spread * each) for each in (np.ones_like(x), x, x * x))
        s0, s1 = rows.total(w * residual), rows.total(w * residual * x)
        if sloped:
            det = i00 * i11 - i01**2
            next_a, next_b = (i11 * s0 - i01 * s1) / det, (i00 * s1 - i01 * s0) / det
        else:
            next_a, next_b = s0 / i00, np.zeros_like(s0)
        worse = value < best - 1e-12 * np.abs(best)
        a, b = np.where(worse, a, a + da), np.where(worse, b, b + db)
        best = np.where(worse, best, value)
        da, db = np.where(worse, da / 2, next_a), np.where(worse, db / 2, next_b)
        step = np.maximum(np.abs(da) / (1 + np.abs(a)), np.abs(db) / (1 + np.abs(b)))
        if not (step[active] > _TOLERANCE).any():
            break
    return _Fit(a, b, (i00, i01, i11), residual)


def _error(rows: _Rows, fit: _Fit, x: FloatArray, which: int) -> tuple[FloatArray, FloatArray]:
    """Return standard errors and degrees of freedom of one coefficient."""
    i00, i01, i11 = fit.information
    inverse = 1.0 / i00 if which == 0 else i00 / (i00 * i11 - i01**2)
    n = rows.total(rows.times)
    if not rows.robust:
        if rows.binomial:
            return np.sqrt(inverse), np.full(rows.n_groups, np.inf)
        df = n - 1.0 - which
        scale = rows.total(rows.weight * fit.residual**2) / df
        return np.sqrt(inverse * scale), df
    pull = np.ones_like(x) if which == 0 else x - (i01 / i00)[rows.group]
    influence = rows.weight * fit.residual * pull * inverse[rows.group]
    if rows.units is not None:
        times = None if rows.clusters else rows.times
        variance, df = domain_variance(
            influence, rows.unit, rows.group, rows.stratum, rows.units, times, rows.n_groups
        )
        return np.sqrt(np.where(df > 0, variance, np.nan)), df
    pair, where = np.unique(rows.unit * rows.n_groups + rows.group, return_inverse=True)
    squares = np.bincount(where, influence, len(pair)) ** 2
    variance = np.bincount(pair % rows.n_groups, squares, rows.n_groups).astype(np.float64)
    if rows.clusters:
        members = np.bincount(pair % rows.n_groups, minlength=rows.n_groups)
        variance = variance * rows.clusters / (rows.clusters - 1.0)
        return np.sqrt(variance), np.asarray(members - 1.0, dtype=np.float64)
    df = np.full(rows.n_groups, np.inf) if rows.binomial else n - 1.0 - which
    return np.asarray(np.sqrt(variance * n / (n - 1.0)), dtype=np.float64), df


def calibration_bins(
    y: FloatArray,
    mu: FloatArray,
    group: IntArray,
    n_groups: int,
    *,
    bins: int = 10,
    binary: bool,
    alpha: float = 0.05,
    weight: FloatArray | None = None,
    weight_type: str | None = None,
) -> pd.DataFrame:
    r"""Return mean prediction and mean outcome of each group's rows, binned by prediction.

    Parameters
    ----------
    y, mu, group, n_groups, weight, weight_type
        As in `calibration`.
    bins : int
        Bins a group, of equal weight but for ties, which stay together.
    binary : bool
        Whether y is 0/1: Wilson limits, else t limits.
    alpha : float
        One minus the confidence level.

    Notes
    -----
    Clusters are not allowed for: limits are too narrow with them.

    With z the normal quantile, p the observed mean and n the effective number of rows, Wilson's
    (1927) limits are :math:`(p + z^2/2n \pm z \sqrt{p(1-p)/n + z^2/4n^2}) / (1 + z^2/n)`.

    Examples
    --------
    >>> y, mu = np.array([0, 0, 1, 0, 1, 1.0]), np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    >>> found = calibration_bins(y, mu, np.zeros(6, dtype=np.int64), 1, bins=2, binary=True)
    >>> found[["n", "predicted", "observed", "ci_low", "ci_upp"]].round(3).values.tolist()
    [[3.0, 0.2, 0.333, 0.061, 0.792], [3.0, 0.7, 0.667, 0.208, 0.939]]
    """
    count, level = check_count("bins", bins), check_share("alpha", alpha)
    w = np.ones(len(y)) if weight is None else weight
    cell = group * count + _bins(mu, group, n_groups, count, w)

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(cell, values, n_groups * count).astype(np.float64)

    n = total(w if weight_type == "freq" else np.ones(len(y)))
    with np.errstate(invalid="ignore", divide="ignore"):
        size = total(w)
        mean, predicted = total(w * y) / size, total(w * mu) / size
        n_eff = n if weight_type in (None, "freq") else size**2 / total(w * w)
        variance = total(w * (y - mean[cell]) ** 2) / size
        centre, half = (_wilson if binary else _student)(mean, variance, n_eff, level)
    there = np.flatnonzero(n > 0)
    columns = {"n": n, "n_eff": n_eff, "predicted": predicted, "observed": mean}
    columns |= {"ci_low": centre - half, "ci_upp": centre + half}
    found = pd.DataFrame(columns).iloc[there].reset_index(drop=True)
    found.insert(0, "group", there // count)
    found.insert(1, "bin", there % count)
    return found


def _wilson(
    mean: FloatArray, variance: FloatArray, n: FloatArray, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Return centre and half width; `variance` is p(1 − p)."""
    share = float(ndtri(alpha / 2)) ** 2 / n
    half = np.sqrt(share * variance + share**2 / 4) / (1 + share)
    return (mean + share / 2) / (1 + share), np.asarray(half, dtype=np.float64)


def _student(
    mean: FloatArray, variance: FloatArray, n: FloatArray, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Return centre and half width; `variance` has divisor n."""
    quantile = np.asarray(-stdtrit(n - 1, alpha / 2), dtype=np.float64)
    return mean, quantile * np.sqrt(variance / (n - 1))


def _bins(
    mu: FloatArray, group: IntArray, n_groups: int, count: int, weight: FloatArray
) -> IntArray:
    """Return each row's bin, by the share of its group's weight with a smaller prediction."""
    order = np.lexsort((mu, group))
    g, score = group[order], mu[order]
    before = np.cumsum(weight[order]) - weight[order]
    new_group = np.append(True, np.diff(g) != 0)[: len(g)]
    # Copies of a person may be predicted apart by rounding: these are ties too.
    apart = np.diff(score) > 1e-12 * np.abs(score[1:])
    new_tie = new_group | np.append(True, apart)[: len(g)]
    run, block = np.cumsum(new_tie) - 1, np.cumsum(new_group) - 1
    below = before[new_tie][run] - before[new_group][block]
    size = np.bincount(group, weight, n_groups)[g]
    found = np.empty(len(g), dtype=np.int64)
    found[order] = np.minimum(np.floor(below * count / size), count - 1)
    return found
