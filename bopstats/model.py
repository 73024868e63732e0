"""The analysis as one object: formula and data in, results out."""

from __future__ import annotations

import sys
import warnings
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import check_rng, check_share, is_number
from bopstats.assembly import Request, build_design
from bopstats.costs import Cost, explanation_costs, resolve
from bopstats.design import Design
from bopstats.evaluation import Evaluation, Settings
from bopstats.exceptions import ArgumentError, ConvergenceWarning, SeparationWarning
from bopstats.explanations import Masked, explanation_cost, masked_predictions, top_count
from bopstats.fitting.families import family_name, link_name, resolve_family, unit_deviance
from bopstats.fitting.models import FittedPair, fit_pair, predict
from bopstats.groups import GroupMoments, RowBop
from bopstats.outcome import check_family, default_family
from bopstats.results import BoPResults
from bopstats.splitting import Plan, Split, make_plan


def glm(
    formula: str,
    data: Any,
    family: Any = None,
    *,
    link: Any = None,
    groups: Any = None,
    event: object | None = None,
    ref: Mapping[str, object] | None = None,
    subset: Any = None,
    weights: Any = None,
    weight_type: str | None = None,
    cluster: Any = None,
    id: Any = None,  # noqa: A002 - the name that R's and statsmodels' users know
    offset: Any = None,
    exposure: Any = None,
    missing: str = "drop",
) -> PersonalizedGLM:
    """Set up a comparison of a generic with a personalized generalized linear model.

    Parameters
    ----------
    formula : str
        ``outcome ~ generic terms | personal terms``. The generic model is ``outcome ~ generic``,
        the personalized one ``outcome ~ generic + personal``. Both sides are patsy formulas; log,
        exp, sqrt and the like are known by name. The crossing of the categorical personal
        attributes makes the groups.
    data : DataFrame or mapping of columns
        One row a person (or a record, see `cluster`).
    family : str or statsmodels family, optional
        "binomial", "gaussian", "poisson", "gamma" (log link), "inverse_gaussian",
        "negative_binomial" (dispersion estimated by maximum likelihood in the personalized model
        on training rows, one value for both models) or "tweedie". Without it 0/1, booleans and
        `event` mean binomial, real numbers gaussian; anything else is an error.
    link : str or statsmodels link, optional
        Another link than the family's default.
    groups : column names or arrays, optional
        What makes the groups, instead of the categorical personal attributes.
    event : optional
        The level of the outcome that counts; needed unless the outcome is 0/1 or boolean.
    ref : mapping, optional
        Reference levels, e.g. ``{"race": "White"}``.
    subset : str or boolean array, optional
        Rows to use: a boolean column or array, or a condition such as ``"age > 50"``.
    weights : column name or array, optional
        Weights; `weight_type` says which kind.
    weight_type : {"freq", "prob", "precision"}, optional
        Frequencies (whole numbers), sampling (probability) weights, or precisions.
    cluster : column name or array, optional
        Rows that belong together: they share a fold, and standard errors allow for them.
    id : column name or array, optional
        Key of a row for dealing folds, so that these do not depend on row order.
    offset, exposure : column name or array, optional
        Offset of the linear predictor; the logarithm of the exposure is added to it (log link).
    missing : {"drop", "raise"}
        What to do with rows that lack any variable of the analysis. Both models always see the
        same rows.

    Returns
    -------
    PersonalizedGLM
        Call ``.fit(...)`` on it.

    Raises
    ------
    BopError
        `FormulaError`, `DataError`, `OutcomeError` or `ArgumentError`, naming what was wrong.

    References
    ----------
    Cornelis, Bernárdez, Jeong and Miolane, "When Machine Learning Gets Personal",
    arXiv:2502.02786.

    Examples
    --------
    >>> import bopstats as bop
    >>> nhanes = bop.datasets.load_nhanes()
    >>> model = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes)
    >>> res = model.fit(rng=1, repeats=1)
    >>> res.gamma("zero_one").covers
    (2, 2)
    """
    caller = sys._getframe(1)
    request = Request(
        groups, event, ref, subset, weights, weight_type, cluster, id, offset, exposure, missing
    )
    namespace = ChainMap(caller.f_locals, caller.f_globals)
    return PersonalizedGLM(build_design(formula, data, request, namespace), family, link)


class PersonalizedGLM:
    """A generic and a personalized GLM, ready to be fitted and compared.

    Made by `glm`, whose parameters say what it holds.

    Attributes
    ----------
    design : Design
        Matrices, outcome, groups and rows.
    family : statsmodels family
        Used by both models.
    """

    def __init__(self, design: Design, family: Any = None, link: Any = None) -> None:
        self.design = design
        chosen = default_family(design.outcome) if family is None else family
        self.family = resolve_family(chosen, link)
        self._estimate_alpha = isinstance(chosen, str) and (
            family_name(self.family) == "negative_binomial"
        )
        check_family(design.outcome, family_name(self.family))

    def fit(
        self,
        *,
        cv: Any = 5,
        repeats: int | None = None,
        folds: str = "stratified",
        costs: Any = None,
        threshold: float = 0.5,
        explain: bool = True,
        top: float | int = 0.5,
        rng: Any = 0,
    ) -> BoPResults:
        """Fit both models, predict held-out rows and compare the costs.

        Parameters
        ----------
        cv : int, float, iterable of (train, test), or None
            Number of folds; a test share in (0, 1); pairs of position arrays into the data; or
            None for in-sample evaluation, which is optimistic.
        repeats : int, optional
            Odd number of partitions, of which medians are reported; by default 11 up to 20,000
            rows, else 1; a hold-out has 1.
        folds : {"stratified", "hash"}
            Deal rows round within groups by a hash of (seed, key), or by the hash alone.
        costs : sequence of str or callables, optional
            The first is primary. By default brier and zero_one (binomial), squared_error
            (gaussian), else deviance. Callables take ``(y, mu)`` and return one cost a person.
        threshold : float
            Probability from which the event is predicted (zero_one, net_benefit, explanations).
        explain : bool
            Whether to add sufficiency and incomprehensiveness.
        top : float or int
            How many terms an explanation keeps: a share of the generic model's terms, or a count;
            the same count in both models.
        rng : int or numpy.random.Generator
            Seed of the partitions.

        Returns
        -------
        BoPResults

        Warns
        -----
        SeparationWarning, ConvergenceWarning
            Naming the model, and for separation the terms and groups.
        """
        generator = check_rng(rng)
        threshold = check_share("threshold", threshold)
        chosen = self._costs(costs, threshold, explain)
        n_terms = len(self.design.generic.terms)
        explained = any(cost.kind == "explanation" for cost in chosen)
        count = top_count(top, n_terms) if explained else None
        plan = make_plan(self.design, cv, repeats, folds, generator)
        run = _Run(self.design, self.family, self._estimate_alpha, chosen, threshold, count)
        full = run.full_fit()
        rows = tuple(run.partition(partition, full, plan) for partition in plan.partitions)
        settings = self._settings(plan, full, folds, rng, threshold, count)
        evaluation = Evaluation(
            settings,
            chosen,
            self.design.groups,
            rows,
            tuple(GroupMoments.from_rows(each) for each in rows),
            self.design.n_read,
            self.design.n,
            self.design.row_flow,
            (*self.design.notes, *plan.notes, *run.notes(plan)),
        )
        return BoPResults(evaluation, full, self.design)

    def _costs(self, costs: Any, threshold: float, explain: bool) -> tuple[Cost, ...]:
        name = family_name(self.family)

        def deviance(y: FloatArray, mu: FloatArray) -> FloatArray:
            return unit_deviance(self.family, y, mu)

        chosen = resolve(costs, name, threshold, deviance)
        if explain:
            have = {cost.name for cost in chosen}
            extra = explanation_costs(name == "binomial")
            chosen = (*chosen, *(cost for cost in extra if cost.name not in have))
        if not self.design.generic.terms:
            if any(c.kind == "explanation" for c in chosen) and not explain:
                raise ArgumentError(
                    "costs: explanations need at least one term in the generic model"
                )
            chosen = tuple(c for c in chosen if c.kind == "prediction")
        return chosen

    def _settings(
        self, plan: Plan, full: FittedPair, folds: str, rng: Any, threshold: float, top: int | None
    ) -> Settings:
        design = self.design
        binary = design.outcome.binary and family_name(self.family) == "binomial"
        return Settings(
            formula=design.formula,
            outcome=design.outcome.name,
            generic_terms=design.generic_terms,
            personal_terms=design.personal_terms,
            event=design.outcome.event if binary else None,
            family=family_name(self.family),
            link=link_name(self.family),
            dispersion=full.personalized.family.alpha if self._estimate_alpha else None,
            evaluation=plan.kind,
            folds=plan.folds,
            test_share=plan.share,
            partitions=len(plan.partitions),
            fold_rule=folds,
            seed=int(rng) if is_number(rng) else None,
            threshold=threshold,
            top=top,
            n_terms=len(design.generic.terms),
            weight_type=design.weight_type,
            clustered=design.cluster is not None,
            shifts_only=design.shifts_only,
        )


@dataclass
class _Run:
    """The loop over partitions and training sets, and what it met on the way."""

    design: Design
    family: Any
    estimate_alpha: bool
    costs: tuple[Cost, ...]
    threshold: float
    top: int | None

    def __post_init__(self) -> None:
        self._separated = {"generic": 0, "personalized": 0}
        self._unconverged = {"generic": 0, "personalized": 0}
        self._dropped: dict[str, set[str]] = {"generic": set(), "personalized": set()}
        self._found: list[str] = []

    def full_fit(self) -> FittedPair:
        """Fit both models on all rows, warning of what went wrong."""
        everyone = np.ones(self.design.n, dtype=bool)
        matrices = (self.design.generic, self.design.personalized)
        pair = fit_pair(
            self.design, matrices, self.family, everyone, estimate_alpha=self.estimate_alpha
        )
        for model in (pair.generic, pair.personalized):
            if model.separation is not None:
                text = f"separation in the {model.name} model: {model.separation}"
                self._found.append(
                    f"{text[0].upper()}{text[1:]}; not estimable: "
                    f"{', '.join(model.separation.columns)}."
                )
                warnings.warn(
                    f"{text}; these coefficients run to infinity and are not estimable",
                    SeparationWarning,
                    stacklevel=3,
                )
            if not model.converged:
                text = f"the {model.name} model did not converge"
                self._found.append(f"{text[0].upper()}{text[1:]}.")
                warnings.warn(text, ConvergenceWarning, stacklevel=3)
            if model.dropped:
                self._found.append(
                    f"Redundant columns of the {model.name} model are dropped: "
                    f"{', '.join(model.dropped)}."
                )
        return pair

    def partition(self, splits: tuple[Split, ...], full: FittedPair, plan: Plan) -> RowBop:
        """Predict every test row of a partition and compute its costs."""
        parts, folds = [], []
        for k, split in enumerate(splits):
            pair = full if plan.kind == "in-sample" else self._train(split, full)
            parts.append([self._predict(m, split.test) for m in (pair.generic, pair.personalized)])
            folds.append(np.full(len(split.test), k, dtype=np.int64))
        rows = np.concatenate([split.test for split in splits])
        order = np.argsort(rows, kind="stable")
        predictions = [
            Masked(
                *(
                    np.concatenate([getattr(part[which], field) for part in parts])[order]
                    for field in ("whole", "top_only", "without_top")
                )
            )
            for which in (0, 1)
        ]
        return self._rows(rows[order], np.concatenate(folds)[order], predictions)

    def _train(self, split: Split, full: FittedPair) -> FittedPair:
        matrices = (full.generic.matrix, full.personalized.matrix)
        if self.design.relearn is not None:
            generic, personalized, notes = self.design.relearn(np.flatnonzero(split.train))
            matrices = (generic, personalized)
            self._found += [f"{note}." for note in notes if f"{note}." not in self._found]
        pair = fit_pair(
            self.design,
            matrices,
            full.generic.family,
            split.train,
            estimate_alpha=self.estimate_alpha,
            start=full,
            warm=self.design.relearn is None,
        )
        for model, whole in ((pair.generic, full.generic), (pair.personalized, full.personalized)):
            self._separated[model.name] += model.separation is not None
            self._unconverged[model.name] += not model.converged
            self._dropped[model.name] |= set(model.dropped) - set(whole.dropped)
        return pair

    def _predict(self, model: Any, rows: IntArray) -> Masked:
        if self.top is None:
            mu = predict(model, self.design, rows)
            return Masked(mu, mu, mu)
        return masked_predictions(model, self.design, rows, self.top)

    def _rows(self, rows: IntArray, fold: IntArray, predictions: list[Masked]) -> RowBop:
        design = self.design
        y = design.outcome.values[rows]
        own = [cost for cost in self.costs if not cost.group_only]
        values = [[self._cost(cost, y, masked) for cost in own] for masked in predictions]
        shape = (len(own), len(rows))
        return RowBop(
            costs=tuple(cost.name for cost in own),
            generic=np.array(values[0]).reshape(shape),
            personalized=np.array(values[1]).reshape(shape),
            y=y,
            mu_generic=predictions[0].whole,
            mu_personalized=predictions[1].whole,
            group=design.group[rows],
            fold=fold,
            rows=rows,
            n_groups=design.groups.n_groups,
            weight=None if design.weight is None else design.weight[rows],
            weight_type=design.weight_type,
            cluster=None if design.cluster is None else design.cluster[rows],
            binary=design.outcome.binary,
        )

    def _cost(self, cost: Cost, y: FloatArray, masked: Masked) -> FloatArray:
        if cost.per_person is not None:
            return cost.per_person(y, masked.whole)
        binomial = family_name(self.family) == "binomial"
        if cost.name == "sufficiency":
            return explanation_cost(masked.whole, masked.top_only, binomial, self.threshold)
        return -explanation_cost(masked.whole, masked.without_top, binomial, self.threshold)

    def notes(self, plan: Plan) -> list[str]:
        """Say what was met, on all rows and in training sets."""
        total = plan.folds * len(plan.partitions)
        found = list(self._found)
        for name in ("generic", "personalized"):
            if self._separated[name]:
                found.append(
                    f"Separation in {self._separated[name]} of {total} training sets of the "
                    f"{name} model."
                )
            if self._unconverged[name]:
                found.append(
                    f"No convergence in {self._unconverged[name]} of {total} training sets of "
                    f"the {name} model."
                )
            if self._dropped[name]:
                found.append(
                    f"Some training sets of the {name} model also drop: "
                    f"{', '.join(sorted(self._dropped[name]))}."
                )
        return found
