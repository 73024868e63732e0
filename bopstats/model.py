"""The analysis as one object: formula and data in, results out."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bopstats._progress import progress_bar
from bopstats._validation import check_choice, check_flag, check_rng, check_share, fail, is_number
from bopstats.assembly import Request, build_design
from bopstats.costs import Cost, explanation_costs, resolve
from bopstats.crossfit import CrossFit
from bopstats.design import Design
from bopstats.evaluation import Settings, gather
from bopstats.exceptions import ArgumentError
from bopstats.explanations.options import Explanation, check_explanation
from bopstats.fitting.families import family_name, link_name, resolve_family, unit_deviance
from bopstats.fitting.firth import check_firth
from bopstats.fitting.results import ModelResults
from bopstats.outcome import check_family, default_family
from bopstats.resampling import refit
from bopstats.results import BoPResults
from bopstats.sources.kinds import as_source
from bopstats.splitting import make_plan
from bopstats.streaming.learning import Learned, learn_source
from bopstats.streaming.run import StreamedRun, check_streamed, deal


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
    strata: Any = None,
    id: Any = None,  # noqa: A002 - the name that R's and statsmodels' users know
    offset: Any = None,
    exposure: Any = None,
    missing: str = "drop",
    client: Any = None,
) -> PersonalizedGLM:
    """Set up a comparison of a generic with a personalized generalized linear model.

    Parameters
    ----------
    formula : str
        ``outcome ~ generic terms | personal terms``. The generic model is ``outcome ~ generic``,
        the personalized one ``outcome ~ generic + personal``. Both sides are patsy formulas; log,
        exp, sqrt and the like are known by name. The crossing of the categorical personal
        attributes makes the groups.
    data : DataFrame, mapping of columns, or data larger than memory
        One row a person (or a record, see `cluster`). A text in ``data.attrs["note"]`` is carried
        into the summary's notes. Read piece by piece are the path of a Parquet file, a folder or a
        pattern, a `pyarrow.dataset`, a DuckDB relation, and a list of DataFrames or what iterates
        over them anew each time; arguments then name columns. See `docs/guides/larger.md`.
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
    strata : column name or array, optional
        Sampling strata of a survey's design, within which clusters (or else rows) were drawn;
        standard errors allow for them, with groups as domains of the design. Each stratum needs
        two clusters or rows, and a cluster lies in one stratum.
    id : column name or array, optional
        Key of a row for dealing folds, so that these do not depend on row order.
    offset, exposure : column name or array, optional
        Offset of the linear predictor; the logarithm of the exposure is added to it (log link).
    missing : {"drop", "raise"}
        What to do with rows that lack any variable of the analysis. Both models always see the
        same rows.
    client : distributed.Client, optional
        A Dask cluster that reads Parquet files or a `dask.dataframe`; see the guide "On a cluster".

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
        groups,
        event,
        ref,
        subset,
        weights,
        weight_type,
        cluster,
        strata,
        id,
        offset,
        exposure,
        missing,
    )
    namespace = ChainMap(caller.f_locals, caller.f_globals)
    source = as_source(data, client)
    if source is None:
        return PersonalizedGLM(build_design(formula, data, request, namespace), family, link)
    learned = learn_source(source, formula, request, namespace)
    return PersonalizedGLM(learned.recipe.design, family, link, learned)


class PersonalizedGLM:
    """A generic and a personalized GLM, ready to be fitted and compared.

    Made by `glm`, whose parameters say what it holds.

    Attributes
    ----------
    design : Design
        Matrices, outcome, groups and rows; of data read piece by piece, those of a sample.
    family : statsmodels family
        Used by both models.
    """

    def __init__(
        self, design: Design, family: Any = None, link: Any = None, learned: Learned | None = None
    ) -> None:
        self.design, self._learned = design, learned
        chosen = default_family(design.outcome) if family is None else family
        self.family = resolve_family(chosen, link)
        self._estimate_alpha = isinstance(chosen, str) and (
            family_name(self.family) == "negative_binomial"
        )
        check_family(design.outcome, family_name(self.family))
        if design.exposed and link_name(self.family) != "log":
            fail("exposure", f"the {link_name(self.family)} link", "models with the log link")

    def fit(
        self,
        *,
        cv: Any = 5,
        repeats: int | None = None,
        folds: str | None = None,
        costs: Any = None,
        threshold: float = 0.5,
        explain: bool = True,
        top: float | int = 0.5,
        top_of: str = "generic",
        attribution: str = "integrated_gradients",
        rank: str = "absolute",
        baseline: Any = "mean",
        unit: str = "term",
        penalty: str | None = None,
        nested: bool = False,
        refit_bootstrap: int = 0,
        rng: Any = 0,
        progress: bool | None = None,
    ) -> BoPResults:
        """Fit both models, predict held-out rows and compare the costs.

        Parameters
        ----------
        cv : int, float, iterable of (train, test), or None
            Number of folds; a test share in (0, 1); pairs of position arrays into the data; or
            None for in-sample evaluation, which is optimistic.
        repeats : int, optional
            Odd number of partitions; estimates are means over them, limits and p-values medians.
            By default 11 up to 20,000 rows, else 1; a hold-out has 1.
        folds : {"stratified", "hash"}, optional
            Deal rows round within groups by a hash of (seed, key), or by the hash alone. By default
            "stratified"; data read piece by piece allow "hash" only.
        costs : sequence of str or callables, optional
            The first is primary. By default brier and zero_one (binomial), squared_error
            (gaussian), else deviance. Callables take ``(y, mu)`` and return one cost a person.
        threshold : float
            Probability from which the event is predicted (zero_one, net_benefit, explanations).
        explain : bool
            Whether to add sufficiency and incomprehensiveness.
        top : float or int
            How many units an explanation keeps: a float is a share of them, rounded up, an integer
            a count. Prediction costs do not depend on it, nor on the five options that follow.
        top_of : {"generic", "each"}
            Whether a share is one of the generic model's units, and both models keep the same
            number, or of each model's own units.
        attribution : str
            What ranks the units: "integrated_gradients", "deeplift" (rescale rule; the same for a
            GLM), "linear_shap" (contributions to the linear predictor), "shapley" (of the mean;
            exact up to 12 units, else sampled, with the standard error in the notes) or
            "occlusion". See `docs/explanations.md`.
        rank : {"absolute", "signed"}
            Rank by size, or by value with the most positive first.
        baseline : {"mean", "zero", "median"}, mapping, Series or DataFrame of one row
            What masked columns of the design are set to: the training rows' mean or median, 0, or
            the values that the variables given have there. A median of dummies is 0 or 1.
        unit : {"term", "variable"}
            What is ranked and masked as one: a term of the formula with all its columns, or a
            variable with every term that reads it. How an interaction and its main effects share
            a contribution depends on the reference levels, and the costs of explanation with it.
        penalty : {None, "firth"}
            "firth" adds ½ log|X'WX| to the log likelihood of both models, on all rows and in every
            training set (Firth 1993; Heinze and Schemper 2002), so that coefficients stay finite
            where a group or term predicts the outcome perfectly. Binomial family with the logit
            link; offsets and frequency weights are allowed, other weights, clusters and strata not.
            Needs the extra ``firth``.
        nested : bool
            Whether to replace intervals and p-values by those of nested cross-validation (Bates
            et al. 2024), which do not take the rows as independent given the folds. Needs at
            least 3 folds; fits K(K − 1)/2 more pairs of models a partition. Not with strata, of
            which one fold has too few units.
        refit_bootstrap : int
            Number of bootstrap samples in which both models are fitted anew, for intervals that
            are not conditional on the fitted models; 0 for none.
        rng : int or numpy.random.Generator
            Seed of the partitions, and of what is drawn after them.
        progress : bool, optional
            Whether to show a progress bar (needs tqdm); by default in a terminal or notebook, of
            what takes over two seconds.

        Returns
        -------
        BoPResults
            Without the rows where data were read piece by piece.

        Warns
        -----
        SeparationWarning, ConvergenceWarning
            Naming the model, and for separation the terms and groups.
        """
        generator = check_rng(rng)
        threshold = check_share("threshold", threshold)
        explain, nested = check_flag("explain", explain), check_flag("nested", nested)
        if penalty is not None and check_choice("penalty", penalty, ("firth",)):
            check_firth(self.design, self.family)
        chosen = self._costs(costs, threshold, explain)
        learned = self._learned
        if learned is None:
            folds = "stratified" if folds is None else folds
            plan = make_plan(self.design, cv, repeats, folds, generator)
        else:
            check_streamed(chosen, baseline, penalty, nested, refit_bootstrap, self._estimate_alpha)
            folds, dealings = "hash", deal(learned, cv, repeats, folds, generator)
        bootstrap_seed = int(generator.integers(2**63))
        explanation = None
        if any(cost.kind == "explanation" for cost in chosen):
            explanation = check_explanation(
                self.design,
                top=top,
                top_of=top_of,
                attribution=attribution,
                rank=rank,
                baseline=baseline,
                unit=unit,
                seed=bootstrap_seed,
            )
        told: dict[str, Any] = {
            "fold_rule": folds,
            "seed": int(rng) if is_number(rng) else None,
            "bootstrap_seed": bootstrap_seed,
            "threshold": threshold,
            "penalty": penalty,
        }
        if learned is not None:
            run = StreamedRun(
                learned, self.family, chosen, threshold, explanation, dealings, progress
            )
            first = dealings[0]
            split = (first.kind, first.folds, first.share, len(dealings))
            settings = self._settings(*split, explanation, dispersion=None, **told)
            return BoPResults(*run.run(settings))
        crossfit = CrossFit(
            self.design,
            self.family,
            self._estimate_alpha,
            chosen,
            threshold,
            explanation,
            penalty,
        )
        full = crossfit.full_fit(plan)
        with progress_bar(sum(map(len, plan.partitions)), plan.kind, progress) as tick:
            found = [crossfit.partition(splits, full, plan, tick) for splits in plan.partitions]
        rows = tuple(each for each, _ in found)
        dispersion = full.personalized.family.alpha if self._estimate_alpha else None
        split = (plan.kind, plan.folds, plan.share, len(plan.partitions))
        settings = self._settings(*split, explanation, dispersion=dispersion, **told)
        evaluation = gather(
            settings,
            chosen,
            self.design.groups,
            rows,
            index=self.design.index,
            n_read=self.design.n_read,
            row_flow=self.design.row_flow,
            notes=(*self.design.notes, *plan.notes, *crossfit.notes(plan)),
            curve=tuple(sums for _, sums in found if sums is not None),
            read=self.design.read,
            dropped=self.design.dropped,
        )
        if nested or refit_bootstrap:
            refitted = refit(
                crossfit, plan, full, evaluation, nested, refit_bootstrap, generator, progress
            )
            evaluation = replace(evaluation, refitted=refitted)
        return BoPResults(evaluation, ModelResults(full, self.design))

    def _costs(self, costs: Any, threshold: float, explain: bool) -> tuple[Cost, ...]:
        name = family_name(self.family)
        chosen = resolve(costs, name, threshold, partial(unit_deviance, self.family))
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
        self,
        evaluation: str,
        folds: int,
        share: float | None,
        partitions: int,
        explanation: Explanation | None,
        **rest: Any,
    ) -> Settings:
        design = self.design
        binary = design.outcome.binary and family_name(self.family) == "binomial"
        settings = Settings(
            formula=design.formula,
            outcome=design.outcome.name,
            generic_terms=design.generic_terms,
            personal_terms=design.personal_terms,
            event=design.outcome.event if binary else None,
            family=family_name(self.family),
            link=link_name(self.family),
            evaluation=evaluation,
            folds=folds,
            test_share=share,
            partitions=partitions,
            top=None,
            n_terms=len(design.generic.terms),
            weight_type=design.weight_type,
            clustered=design.cluster is not None,
            shifts_only=design.shifts_only,
            clusters=0 if design.cluster is None else len(np.unique(design.cluster)),
            strata=0 if design.stratum is None else len(np.unique(design.stratum)),
            **rest,
        )
        return settings if explanation is None else replace(settings, **explanation.told())
