"""Figures of the two models on all streamed rows: errors, likelihood, dispersion."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from statsmodels.genmod import families as sm_families
from statsmodels.genmod.families import links as sm_links

from bopstats._typing import FloatArray, IntArray
from bopstats.design import Design
from bopstats.fitting.families import has_dispersion
from bopstats.fitting.irls import evaluate
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.problems import HeldProblem
from bopstats.fitting.survey import is_survey
from bopstats.fitting.working import Working, working
from bopstats.sampling import DesignSums
from bopstats.streaming.costs import on_rows_of

_CANONICAL = (
    (sm_families.Binomial, sm_links.Logit),
    (sm_families.Poisson, sm_links.Log),
    (sm_families.Gaussian, sm_links.Identity),
)


@dataclass(frozen=True)
class Closing:
    """Addable sums of one model at its coefficients.

    `information` X'WX, shape (p, p); `deviance`, `pearson`, and `loglike`, the log likelihood at
    scale 1 (0 where the family has a dispersion); `weight` Σw, and `rows`, with clusters, strata
    or sampling weights only those of positive weight.
    """

    information: FloatArray
    deviance: float
    pearson: float
    loglike: float
    weight: float
    rows: int

    def __add__(self, other: Self) -> Closing:
        """Add the sums of other rows."""
        return Closing(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Scores:
    """Addable sums of scores by sampling unit, of which robust covariances are made.

    `observed` is the observed information, shape (p, p). `unit` (U,) are clusters, or else strata
    (0 without), `stratum` (U,) theirs; `total` (U, p) their sums of scores. Where rows are units
    `products`, shape (p, p), sums products of rows' scores, times C/(C − 1) of their stratum.
    """

    observed: FloatArray
    products: FloatArray
    unit: IntArray
    stratum: IntArray
    total: FloatArray

    def __add__(self, other: Self) -> Scores:
        """Join the units of other rows."""
        unit, stratum, total = _by_unit(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("unit", "stratum", "total")
            )
        )
        observed, products = self.observed + other.observed, self.products + other.products
        return Scores(observed, products, unit, stratum, total)


@dataclass(frozen=True)
class ClosingPass:
    """The pass that sums the figures of both models, scores of surveys (or None), and row counts.

    `units` are rows by cluster and stratum, or None without these. Rows read and rows dropped,
    shape (2, G + 1), are those of `Design`.
    """

    pair: FittedPair
    units: DesignSums | None

    def __call__(
        self, design: Design, _fold: IntArray
    ) -> tuple[tuple[Closing, Closing], tuple[Scores | None, Scores | None], IntArray]:
        """Sum a design's rows."""
        here = on_rows_of(design, self.pair)
        models = (here.generic, here.personalized)
        return (
            (_closing(models[0], design), _closing(models[1], design)),
            (_scores(models[0], design, self.units), _scores(models[1], design, self.units)),
            np.stack([design.read, design.dropped]),
        )


@dataclass(frozen=True)
class LikelihoodPass:
    """The pass that sums both models' log likelihoods at their own scales, shape (2,)."""

    pair: FittedPair
    scales: tuple[float, float]

    def __call__(self, design: Design, _fold: IntArray) -> FloatArray:
        """Sum a design's rows."""
        here = on_rows_of(design, self.pair)
        found = [
            _loglike(model, design, scale)
            for model, scale in zip((here.generic, here.personalized), self.scales, strict=True)
        ]
        return np.array(found)


def _closing(model: FittedModel, design: Design) -> Closing:
    weight = np.ones(design.n) if design.weight is None else design.weight
    problem = HeldProblem.of(design, model.matrix, model.family, weight)
    sums = evaluate(problem, model.keep, model.params[model.keep])
    return Closing(
        sums.information,
        sums.deviance,
        sums.pearson,
        0.0 if has_dispersion(model.family) else _loglike(model, design, 1.0),
        float(weight.sum()),
        int((weight > 0).sum()) if is_survey(design) else design.n,
    )


def _scores(model: FittedModel, design: Design, units: DesignSums | None) -> Scores | None:
    """Sum scores and information of the columns kept."""
    if not is_survey(design):
        return None
    some = np.arange(design.n) if design.weight is None else np.flatnonzero(design.weight)
    weight = np.ones(len(some)) if design.weight is None else design.weight[some]
    x = model.matrix.rows(some)
    eta = x @ model.params + (0.0 if design.offset is None else design.offset[some])
    x, y = x[:, model.keep], design.outcome.values[some]
    with np.errstate(all="ignore"):
        at = working(model.family, eta, y)
        observed = x.T @ (x * (weight * at.weight * _observed(model.family, at))[:, None])
    stratum = np.zeros(len(some), dtype=np.int64)
    if design.stratum is not None:
        stratum = design.stratum[some]
    unit = stratum if design.cluster is None else design.cluster[some]
    scores = x * (weight * at.score)[:, None]
    products = np.zeros_like(observed)
    if design.cluster is None:
        copies = weight if design.weight_type == "freq" else np.ones(len(some))
        products = (scores * (_factor(units, stratum) / copies)[:, None]).T @ scores
    return Scores(observed, products, *_by_unit(unit, stratum, scores))


def _observed(family: Any, at: Working) -> Any:
    """Return the observed information of rows over the expected one, 1 with canonical links."""
    if any(isinstance(family, f) and type(family.link) is link for f, link in _CANONICAL):
        return 1.0
    link, variance = family.link, family.variance
    bend = variance(at.mu) * link.deriv2(at.mu) + variance.deriv(at.mu) * link.deriv(at.mu)
    return 1.0 + at.score * bend


def _factor(units: DesignSums | None, stratum: IntArray) -> Any:
    """Return C/(C − 1) for each row, of the C rows in its stratum; 1 without strata."""
    if units is None or not units.stratified:
        return 1.0
    count = units.units[np.searchsorted(units.strata, stratum)]
    return count / (count - 1.0)


def _by_unit(
    unit: IntArray, stratum: IntArray, values: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Sum values, shape (n, p), by unit; return units, their strata, and the sums."""
    names, first, where = np.unique(unit, return_index=True, return_inverse=True)
    total = np.zeros((len(names), values.shape[1]))
    np.add.at(total, where, values)
    return names, stratum[first], total


def _loglike(model: FittedModel, design: Design, scale: float) -> float:
    """Return the log likelihood of the rows of positive weight."""
    some = np.arange(design.n) if design.weight is None else np.flatnonzero(design.weight)
    eta = model.matrix.rows(some) @ model.params
    if design.offset is not None:
        eta = eta + design.offset[some]
    mu = model.family.link.inverse(eta)
    one = np.ones(len(some))
    weight = one if design.weight is None else design.weight[some]
    copies = design.weight_type == "freq"
    kinds = {
        "var_weights": one if copies else weight,
        "freq_weights": weight if copies else one,
    }
    return float(model.family.loglike(design.outcome.values[some], mu, scale=scale, **kinds))
