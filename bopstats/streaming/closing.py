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
from bopstats.fitting.working import working
from bopstats.streaming.costs import on_rows_of


@dataclass(frozen=True)
class Closing:
    """Addable sums of one model at its coefficients.

    `information` X'WX, and `meat`, the sum of products of scores of rows with sampling weights
    (else 0), shape (p, p); `deviance`, `pearson`, and `loglike`, the log likelihood at scale 1
    (0 where the family has a dispersion); `weight` Σw, and `rows`.
    """

    information: FloatArray
    meat: FloatArray
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
    """Sums of scores by cluster, which can be added: `cluster` (C,) and `total` (C, p)."""

    cluster: IntArray
    total: FloatArray

    @classmethod
    def of(cls, cluster: IntArray, scores: FloatArray) -> Scores:
        """Sum rows' scores, shape (n, p), by cluster."""
        names, where = np.unique(cluster, return_inverse=True)
        total = np.zeros((len(names), scores.shape[1]))
        np.add.at(total, where, scores)
        return cls(names, total)

    def __add__(self, other: Self) -> Scores:
        """Join the clusters of other rows."""
        both = np.concatenate([self.cluster, other.cluster])
        return Scores.of(both, np.concatenate([self.total, other.total]))


@dataclass(frozen=True)
class ClosingPass:
    """The pass that sums the figures of both models, scores by cluster (or None), and row counts.

    Rows read and rows dropped, shape (2, G + 1), are those of `Design`.
    """

    pair: FittedPair

    def __call__(
        self, design: Design, _fold: IntArray
    ) -> tuple[tuple[Closing, Closing], tuple[Scores | None, Scores | None], IntArray]:
        """Sum a design's rows."""
        here = on_rows_of(design, self.pair)
        models = (here.generic, here.personalized)
        return (
            (_closing(models[0], design), _closing(models[1], design)),
            (_by_cluster(models[0], design), _by_cluster(models[1], design)),
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


def canonical(family: Any) -> bool:
    """Tell whether the observed information is the expected one."""
    known = (
        (sm_families.Binomial, sm_links.Logit),
        (sm_families.Poisson, sm_links.Log),
        (sm_families.Gaussian, sm_links.Identity),
    )
    return any(isinstance(family, f) and type(family.link) is link for f, link in known)


def _closing(model: FittedModel, design: Design) -> Closing:
    weight = np.ones(design.n) if design.weight is None else design.weight
    problem = HeldProblem.of(design, model.matrix, model.family, weight)
    sums = evaluate(problem, model.keep, model.params[model.keep])
    size = len(model.keep)
    scores = np.zeros((0, size))
    if is_survey(design) and design.cluster is None:
        scores = _scores(model, design)
    return Closing(
        sums.information,
        scores.T @ scores,
        sums.deviance,
        sums.pearson,
        0.0 if has_dispersion(model.family) else _loglike(model, design, 1.0),
        float(weight.sum()),
        design.n,
    )


def _by_cluster(model: FittedModel, design: Design) -> Scores | None:
    if design.cluster is None:
        return None
    return Scores.of(design.cluster, _scores(model, design))


def _scores(model: FittedModel, design: Design) -> FloatArray:
    """Return the rows' scores of the columns kept, shape (n, p)."""
    x = model.matrix.rows(slice(None))
    offset = 0.0 if design.offset is None else design.offset
    score = working(model.family, x @ model.params + offset, design.outcome.values).score
    if design.weight is not None:
        score = score * design.weight
    return np.asarray(x[:, model.keep] * score[:, None], dtype=np.float64)


def _means(model: FittedModel, design: Design) -> FloatArray:
    eta = model.matrix.rows(slice(None)) @ model.params
    if design.offset is not None:
        eta = eta + design.offset
    return np.asarray(model.family.link.inverse(eta), dtype=np.float64)


def _loglike(model: FittedModel, design: Design, scale: float) -> float:
    mu = _means(model, design)
    one = np.ones(design.n)
    weight = one if design.weight is None else design.weight
    copies = design.weight_type == "freq"
    kinds = {
        "var_weights": one if copies else weight,
        "freq_weights": weight if copies else one,
    }
    return float(model.family.loglike(design.outcome.values, mu, scale=scale, **kinds))
