"""Genuine statsmodels results of a fitted pair, and the association test of the personal terms."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import DomainWarning, SpecificationWarning

from bopstats._typing import IntArray
from bopstats.design import Design
from bopstats.exceptions import FitError
from bopstats.fitting.families import has_dispersion
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.penalized import PenalizedResults, penalized_ratio
from bopstats.fitting.survey import degrees_of_freedom, is_survey, stratified_covariance

# Smallest eigenvalue of a correlation matrix that is more than rounding.
_SINGULAR = 1e-10


def model_results(model: FittedModel, design: Design) -> Any:
    """Return the results of a model fitted on all used rows.

    Returns
    -------
    statsmodels GLMResults or PenalizedResults
        The latter with a penalty, which statsmodels does not have.
    """
    if model.penalty is not None:
        return PenalizedResults(model, design)
    return statsmodels_results(model, design)


def statsmodels_results(model: FittedModel, design: Design) -> Any:
    """Fit one model on all used rows by statsmodels itself.

    With clusters the covariance is cluster-robust, with sampling weights heteroskedasticity-robust,
    with strata design-based; redundant columns and rows of weight zero are then left out, with
    which statsmodels has none.

    Returns
    -------
    statsmodels.genmod.generalized_linear_model.GLMResults
        The same as ``smf.glm(...).fit()`` on these rows; with strata, which statsmodels does not
        have, its ``cov_params()`` are those of `stratified_covariance`.
    """
    how: dict[str, Any] = {}
    rows = np.arange(design.n)
    if is_survey(design):
        how = {"cov_type": "HC0"}
        rows = rows if design.weight is None else np.flatnonzero(design.weight)
    if design.cluster is not None and design.stratum is None:
        how = {"cov_type": "cluster", "cov_kwds": {"groups": design.cluster[rows]}}
    options: dict[str, Any] = {}
    if design.weight is not None:
        kind = "freq_weights" if design.weight_type == "freq" else "var_weights"
        options[kind] = design.weight[rows]
    if design.offset is not None:
        options["offset"] = design.offset[rows]
    endog = pd.Series(design.outcome.values, index=design.index, name=design.outcome.name)
    columns = model.keep if how else np.arange(model.matrix.n_columns)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", DomainWarning)  # the user named the link
        # The cluster-robust covariance is right with weights; a test has it by hand.
        warnings.simplefilter("ignore", SpecificationWarning)
        if model.separation is not None or model.dropped or not model.converged:
            warnings.simplefilter("ignore")  # said when the model was fitted
        known = GLM(
            endog.iloc[rows],
            model.matrix.frame(design.index).iloc[rows, columns],
            family=model.family,
            **options,
        )
        try:
            results = known.fit(**how)
        except ValueError:  # its own start has impossible means
            results = _from_ours(known, model, columns, how)
    if design.stratum is not None:
        # What every error, test and table of these results is made of.
        results._results.cov_params_default = stratified_covariance(results, design, rows)
        results._results.cov_type = "stratified"
    return results


def _from_ours(known: GLM, model: FittedModel, columns: IntArray, how: dict[str, Any]) -> Any:
    """Let statsmodels start from our estimate."""
    try:
        return known.fit(start_params=model.params[columns], **how)
    except ValueError as error:
        raise FitError(
            f"the {model.name} model: statsmodels cannot fit it on all rows ({error}); look for "
            "impossible means under this link, or separation"
        ) from error


@dataclass(frozen=True)
class AssociationTest:
    """Whether the personal terms are associated with the outcome, given the generic ones.

    This is a question about coefficients on all rows, another than whether held-out predictions
    get better. `method` is "likelihood ratio", "penalized likelihood ratio", "F" or "Wald";
    `df_denom` is nan for a chi-square.
    """

    method: str
    statistic: float
    df: int
    df_denom: float
    pvalue: float

    def __str__(self) -> str:
        """Return one line."""
        tail = "" if np.isnan(self.df_denom) else f", {self.df_denom:g}"
        return f"{self.method} = {self.statistic:.4f}, df = {self.df}{tail}, p = {self.pvalue:.4g}"


class Models(Protocol):
    """The two models on all used rows, and the test of what the second one adds."""

    @property
    def generic(self) -> Any:
        """Results of the generic model."""

    @property
    def personalized(self) -> Any:
        """Results of the personalized model."""

    @property
    def association(self) -> AssociationTest:
        """Test of the personal terms."""

    @property
    def references(self) -> dict[str, object]:
        """Reference level of each categorical variable."""

    @property
    def not_estimable(self) -> dict[str, frozenset[str]]:
        """Names of coefficients without an estimate in each model: redundant, or separated."""


def not_estimable(model: FittedModel) -> frozenset[str]:
    """Return the names of coefficients without an estimate: redundant, or separated."""
    separated = () if model.separation is None else model.separation.columns
    return frozenset((*model.dropped, *separated))


class ModelResults:
    """Both models of a pair on all used rows, fitted by statsmodels when first asked for."""

    def __init__(self, pair: FittedPair, design: Design) -> None:
        self._pair, self._design = pair, design

    @cached_property
    def generic(self) -> Any:
        """The generic model: statsmodels `GLMResults`, or `PenalizedResults`."""
        return model_results(self._pair.generic, self._design)

    @cached_property
    def personalized(self) -> Any:
        """The personalized model: statsmodels `GLMResults`, or `PenalizedResults`."""
        return model_results(self._pair.personalized, self._design)

    @property
    def references(self) -> dict[str, object]:
        """Reference level of each categorical variable."""
        groups = zip(self._design.groups.attributes, self._design.groups.levels, strict=True)
        known = {name: levels[0] for name, levels in groups}
        return known | {factor.name: factor.levels[0] for factor in self._design.factors}

    @property
    def not_estimable(self) -> dict[str, frozenset[str]]:
        """Names of coefficients without an estimate in each model: redundant, or separated."""
        models = (self._pair.generic, self._pair.personalized)
        return {model.name: not_estimable(model) for model in models}

    @cached_property
    def association(self) -> AssociationTest:
        """The test of the personal terms; see `association_test`."""
        robust = self.personalized if is_survey(self._design) else None
        return association_test(self._pair, self._design, robust)


def association_test(pair: FittedPair, design: Design, personalized: Any) -> AssociationTest:
    """Test that all personal coefficients are zero, on all used rows.

    Parameters
    ----------
    pair : FittedPair
        Both models on all rows.
    design : Design
        For weights, clusters and strata.
    personalized : GLMResults
        The personalized model; its robust covariance serves the Wald test.

    Notes
    -----
    The deviances' difference is compared with a chi-square (scale known) or, divided by df and by
    the personalized model's Pearson scale, with F. With clusters, strata or sampling weights a
    likelihood is not at hand: the Wald statistic W/df of the robust covariance is compared with
    F(df, C − H), C clusters (or rows) and H strata (or 1). With Firth's penalty
    both fits maximise the personalized model's penalised likelihood, the generic one with its
    personal coefficients at 0.
    """
    full = pair.personalized
    if full.penalty is not None:
        change, df = penalized_ratio(pair, design)
        return AssociationTest(
            "penalized likelihood ratio",
            change,
            df,
            float("nan"),
            float(stats.chi2.sf(change, df)),
        )
    if is_survey(design):
        return wald_test(pair, personalized, degrees_of_freedom(design))
    total = design.n
    if design.weight is not None and design.weight_type == "freq":
        total = int(design.weight.sum())
    return ratio_test(pair, total)


def ratio_test(pair: FittedPair, total: int) -> AssociationTest:
    """Compare the deviances of both models on `total` people; see `association_test`."""
    generic, full = pair.generic, pair.personalized
    df = len(full.keep) - len(generic.keep)
    change = max(generic.deviance - full.deviance, 0.0)
    if not has_dispersion(full.family):
        return AssociationTest(
            "likelihood ratio", change, df, float("nan"), float(stats.chi2.sf(change, df))
        )
    rest = total - len(full.keep)
    statistic = change / df / (full.pearson / rest)
    return AssociationTest("F", statistic, df, float(rest), float(stats.f.sf(statistic, df, rest)))


def wald_test(pair: FittedPair, personalized: Any, rest: float) -> AssociationTest:
    """Test the personal coefficients by their robust covariance; see `association_test`.

    `personalized` has `params` and `cov_params()`; `rest` are the design's degrees of freedom.
    """
    full = pair.personalized
    known = set(pair.generic.matrix.names)
    added = [i for i, j in enumerate(full.keep) if full.matrix.names[j] not in known]
    if len(added) != len(full.keep) - len(pair.generic.keep):
        raise FitError(
            "anova: the personal terms change how the generic ones are coded, so their "
            "coefficients cannot be tested apart; write the generic interactions with main effects"
        )
    beta = np.asarray(personalized.params)[added]
    covariance = np.asarray(personalized.cov_params())[np.ix_(added, added)]
    df = len(added)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.diag(covariance))
        correlation = covariance / np.outer(error, error)
    if not np.isfinite(correlation).all() or np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        raise FitError(
            f"anova: the robust covariance of the {df} personal coefficients is singular with "
            f"{rest:g} degrees of freedom: too few clusters or sampling units, or separation"
        )
    statistic = float(beta / error @ np.linalg.solve(correlation, beta / error)) / df
    return AssociationTest("Wald", statistic, df, rest, float(stats.f.sf(statistic, df, rest)))
