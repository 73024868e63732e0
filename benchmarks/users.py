"""The analysis of reference as people put it together today, without bopstats.

The careful user: statsmodels formulas for every fit, a sort of captum's attributions, masked rows
predicted anew, scipy's bootstrap for every cost. The strongest: glum and tabmat, all fits on one
design with weights 0 and 1 and started from the fit on everyone, `argpartition`, masked predictions
as sums of contributions, closed-form intervals for 0–1 costs, scipy's bootstrap for the Brier
score. Both call captum's DeepLift in chunks, which for these models ranks like integrated
gradients. They give no tests, bounds, adjusted p-values or curve over the number of terms kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from measured import ATTRIBUTES, GENERIC, PERSONALIZED, TERMS, Stages, invented
from scipy.special import expit

KEPT, FOLDS, REPLICATES, CHUNK = TERMS // 2, 5, 2000, 1024
EXPLAINED = 20_000  # people of a fold whose attributions stand for all
FORMULAS = (GENERIC, PERSONALIZED)


@dataclass(frozen=True)
class Tested:
    """One model on the test rows of a fold: columns (n, p), their terms, what masks them."""

    x: np.ndarray
    params: np.ndarray
    baseline: np.ndarray
    terms: np.ndarray  # (p,): −1 for the intercept


def folds_of(rows: int) -> np.ndarray:
    """Each row's fold."""
    return np.random.default_rng(1).permutation(rows) % FOLDS


def group_codes(data: pd.DataFrame) -> np.ndarray:
    code = np.zeros(len(data), dtype=np.int64)
    for name, levels in ATTRIBUTES.items():
        code = code * len(levels) + data[name].cat.codes.to_numpy()
    return code


class Careful:
    """statsmodels by formula, on the rows that each fit needs."""

    closed_forms = False

    def __init__(self, data: pd.DataFrame, stages: Stages) -> None:
        self.data, self.stages = data, stages
        with stages.part("fits"):
            for right in FORMULAS:
                self._fit(right, data)

    def _fit(self, right: str, data: pd.DataFrame) -> Any:
        import statsmodels.api as sm
        import statsmodels.formula.api as smf

        return smf.glm(f"y ~ {right}", data, family=sm.families.Binomial()).fit()

    def tested(self, train: np.ndarray, times: float) -> Iterator[Tested]:
        import patsy

        for right in FORMULAS:
            with self.stages.part("fits", times):
                fit = self._fit(right, self.data[train])
                baseline = fit.model.exog.mean(axis=0)
            with self.stages.part("designs", times):
                info = fit.model.data.model_spec
                x = np.asarray(patsy.build_design_matrices([info], self.data[~train])[0])
                terms = np.empty(x.shape[1], dtype=np.int64)
                for k, where in enumerate(info.term_slices.values()):
                    terms[where] = k - 1
            yield Tested(x, fit.params.to_numpy(), baseline, terms)

    def masked(self, model: Tested, ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities with the top terms alone, and without them."""
        order = np.argsort(-ranks, axis=1, kind="stable")
        top = np.zeros(ranks.shape, dtype=bool)
        np.put_along_axis(top, order[:, :KEPT], True, axis=1)
        columns = top[:, model.terms]
        columns[:, model.terms < 0] = True
        kept = np.where(columns, model.x, model.baseline)
        columns[:, model.terms >= 0] ^= True
        left = np.where(columns, model.x, model.baseline)
        return expit(kept @ model.params), expit(left @ model.params)


class Strongest:
    """glum on one tabmat design: training rows by their weights, no copies."""

    closed_forms = True

    def __init__(self, data: pd.DataFrame, stages: Stages) -> None:
        import tabmat

        self.y, self.stages = data["y"].to_numpy(float), stages
        with stages.part("designs"):
            self.designs = [
                tabmat.from_formula(right, data, ensure_full_rank=True, include_intercept=True)
                for right in FORMULAS
            ]
            self.terms = [
                pd.factorize(np.array(each.get_names("term")))[0] - 1 for each in self.designs
            ]
        with stages.part("fits"):
            self.full = [self._fit(each, None, None) for each in self.designs]

    def _fit(self, design: Any, weight: Any, start: Any) -> np.ndarray:
        from glum import GeneralizedLinearRegressor

        model = GeneralizedLinearRegressor(
            alpha=0,
            family="binomial",
            fit_intercept=False,
            gradient_tol=1e-8,
            start_params=start,
        )
        return model.fit(design, self.y, sample_weight=weight).coef_

    def tested(self, train: np.ndarray, times: float) -> Iterator[Tested]:
        weight = train.astype(float)
        for design, terms, full in zip(self.designs, self.terms, self.full, strict=True):
            with self.stages.part("fits", times):
                params = self._fit(design, weight, full)
                baseline = design.transpose_matvec(weight) / weight.sum()
            with self.stages.part("designs", times):
                x = design[np.flatnonzero(~train)].toarray()
            yield Tested(x, params, baseline, terms)

    def masked(self, model: Tested, ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As above, from sums of contributions, piece by piece."""
        kept, left = np.empty(len(ranks)), np.empty(len(ranks))
        by_term = _by_term(model.terms) * model.params[:, None]
        at_baseline = model.baseline @ model.params
        for at in range(0, len(ranks), 4 * CHUNK):
            part = slice(at, at + 4 * CHUNK)
            each = (model.x[part] - model.baseline) @ by_term
            top = np.argpartition(-ranks[part], KEPT - 1, axis=1)[:, :KEPT]
            inside = np.take_along_axis(each, top, axis=1).sum(axis=1)
            kept[part] = at_baseline + inside
            left[part] = at_baseline + each.sum(axis=1) - inside
        return expit(kept), expit(left)


def _by_term(terms: np.ndarray) -> np.ndarray:
    """Adds columns up to terms: shape (p, T)."""
    return (terms[:, None] == np.arange(terms.max() + 1)).astype(float)


def attributions(model: Tested, people: int) -> np.ndarray:
    """captum's DeepLift by term, absolute values."""
    import torch
    from captum.attr import DeepLift

    torch.set_num_threads(1)
    p = model.x.shape[1]
    layer = torch.nn.Linear(p, 1, bias=False, dtype=torch.float64)
    layer.weight.data[:] = torch.from_numpy(model.params)
    explainer = DeepLift(torch.nn.Sequential(layer, torch.nn.Sigmoid()))
    x, base = torch.from_numpy(model.x), torch.from_numpy(model.baseline)[None]
    by_term, parts = _by_term(model.terms), []
    for at in range(0, people, CHUNK):
        found = explainer.attribute(x[at : min(at + CHUNK, people)], base)
        parts.append(np.abs(found.detach().numpy() @ by_term))
    return np.concatenate(parts)


def bootstrap(benefit: np.ndarray, group: np.ndarray, replicates: int = REPLICATES) -> np.ndarray:
    """scipy's percentile limits of each group's mean; the population's add up its replicates."""
    from scipy.stats import bootstrap as resample

    rng, limits, people = np.random.default_rng(0), [], 0.0
    for g in range(16):
        values = benefit[group == g]
        found = resample(
            (values,),
            np.mean,
            n_resamples=replicates,
            batch=max(1, 1_000_000 // len(values)),
            method="percentile",
            rng=rng,
        )
        limits.append([*found.confidence_interval])
        people = people + found.bootstrap_distribution * (len(values) / len(benefit))
    return np.array([*limits, np.quantile(people, [0.025, 0.975])])


def closed_form(benefit: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Limits of the means of −1, 0 and +1."""
    n = np.bincount(group).astype(float)
    mean, square = (np.bincount(group, each) / n for each in (benefit, benefit**2))
    error = 1.959964 * np.sqrt((square - mean**2) / n)
    return np.column_stack([mean - error, mean + error])


def costs(y: np.ndarray, model: Tested, masked: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Brier score, 0–1 loss, sufficiency, incomprehensiveness: shape (4, n)."""
    mu = expit(model.x @ model.params)
    event, kept, left = mu >= 0.5, masked[0] >= 0.5, masked[1] >= 0.5
    rows = [(y - mu) ** 2, event != y, event != kept, -(event != left).astype(float)]
    return np.array(rows, dtype=float)


def analysis(rows: int, who: str, real: bool, guess: bool) -> Callable[[], Stages]:
    """The whole, with 0–1 costs alone or the Brier score too.

    With `guess` one fold stands for five, and some people's attributions for all of a fold's. The
    answer holds mean benefits, costs × groups (none with `guess`).
    """
    data, fold = invented(rows), folds_of(rows)
    used = slice(0 if real else 1, 4)

    def run() -> Stages:
        stages = Stages()
        user = {"careful": Careful, "strongest": Strongest}[who](data, stages)
        y, group = data["y"].to_numpy(), group_codes(data)
        benefit = np.zeros((4, rows))
        times = FOLDS if guess else 1
        for k in range(1 if guess else FOLDS):
            test = fold == k
            both, people = [], int(test.sum())
            some = min(people, EXPLAINED) if guess else people
            for model in user.tested(~test, times):
                with stages.part("attributions", times * people / some):
                    ranks = attributions(model, some)
                if some < people:
                    ranks = np.resize(ranks, (people, ranks.shape[1]))
                with stages.part("masks and costs", times):
                    both.append(costs(y[test], model, user.masked(model, ranks)))
                del model
            with stages.part("masks and costs", times):
                benefit[:, test] = both[0] - both[1]
        seen = fold == 0 if guess else np.ones(rows, dtype=bool)
        for k, values in list(enumerate(benefit))[used]:
            with stages.part("intervals", times):
                if user.closed_forms and k:
                    closed_form(values[seen], group[seen])
                else:
                    bootstrap(values[seen], group[seen])
        if not guess:
            sums = np.array([np.bincount(group, each) for each in benefit])
            stages.answer = sums / np.bincount(group)
        return stages

    return run
