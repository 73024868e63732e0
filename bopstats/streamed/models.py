"""Both models on all streamed rows, as results without rows hold them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from bopstats._typing import FloatArray, IntArray
from bopstats.exceptions import FitError
from bopstats.fitting.families import has_dispersion, is_linear
from bopstats.fitting.models import FittedModel, FittedPair
from bopstats.fitting.results import AssociationTest, not_estimable, ratio_test, wald_test
from bopstats.saving.models import Failure, SavedModel, SavedModels
from bopstats.streaming.closing import Closing, LikelihoodPass, Scores, canonical
from bopstats.streaming.fitting import StreamedFits

Closed = tuple[tuple[Closing, Closing], tuple[Scores | None, Scores | None], IntArray]
_NO_COVARIANCE = (
    "anova: the robust covariance that it needs cannot be had piece by piece with strata or this "
    "link; give the data as a DataFrame"
)


def streamed_models(fits: StreamedFits, full: FittedPair, closed: Closed) -> SavedModels:
    """Return coefficients, covariances and figures of fit of both models, and the test.

    Parameters
    ----------
    fits : StreamedFits
        What fitted them.
    full : FittedPair
        The fits on all rows.
    closed : tuple
        What `ClosingPass` found.
    """
    sums, scores, _ = closed
    pair = FittedPair(_ended(full.generic, sums[0]), _ended(full.personalized, sums[1]))
    models = (pair.generic, pair.personalized)
    design = fits.rows.learned.recipe.design
    total = round(sums[0].weight) if design.weight_type == "freq" else sums[0].rows
    survey = fits.units is not None or design.weight_type == "prob"
    figures = [
        _figures(model, own, by_cluster, total, llf, survey, stratified=_stratified(fits))
        for model, own, by_cluster, llf in zip(
            models, sums, scores, _likelihoods(fits, pair, sums, total), strict=True
        )
    ]
    names = zip(design.groups.attributes, design.groups.levels, strict=True)
    references = {name: levels[0] for name, levels in names}
    references |= {factor.name: factor.levels[0] for factor in design.factors}
    return SavedModels(
        (figures[0], figures[1]),
        _test(pair, figures[1], total, scores[1], survey),
        references,
        {model.name: not_estimable(model) for model in models},
    )


def _stratified(fits: StreamedFits) -> bool:
    return fits.units is not None and fits.units.stratified


def _ended(model: FittedModel, sums: Closing) -> FittedModel:
    return replace(
        model, information=sums.information, deviance=sums.deviance, pearson=sums.pearson
    )


def _test(
    pair: FittedPair, personalized: SavedModel, total: int, scores: Scores | None, survey: bool
) -> AssociationTest | Failure:
    if not survey:
        return ratio_test(pair, total)
    if np.isnan(personalized.covariance.to_numpy()[np.ix_(*[pair.personalized.keep] * 2)]).any():
        return Failure("RowsNotKept", _NO_COVARIANCE)
    units = total if scores is None else len(scores.cluster)
    try:
        kept = replace(personalized, params=personalized.params.iloc[pair.personalized.keep])
        keep = pair.personalized.keep
        kept = replace(kept, covariance=personalized.covariance.iloc[keep, keep])
        return wald_test(pair, kept, float(units - 1))
    except FitError as error:
        return Failure("FitError", str(error))


def _likelihoods(
    fits: StreamedFits, pair: FittedPair, sums: tuple[Closing, Closing], total: int
) -> tuple[float, float]:
    """Return the log likelihoods as statsmodels has them; a pass more with a dispersion."""
    if not has_dispersion(fits.family):
        return sums[0].loglike, sums[1].loglike
    one, two = pair.generic, pair.personalized
    scales = one.pearson / (total - len(one.keep)), two.pearson / (total - len(two.keep))
    if is_linear(fits.family):  # statsmodels takes the scale of largest likelihood
        scales = one.deviance / total, two.deviance / total
    found = fits.rows.total(LikelihoodPass(pair, scales), "likelihoods")
    return float(found[0]), float(found[1])


def _figures(
    model: FittedModel,
    sums: Closing,
    scores: Scores | None,
    total: int,
    llf: float,
    survey: bool,
    stratified: bool,
) -> SavedModel:
    keep, rest = model.keep, total - len(model.keep)
    scale = model.pearson / rest if has_dispersion(model.family) else 1.0
    covariance = np.full((model.matrix.n_columns,) * 2, np.nan)
    if not survey:
        covariance[np.ix_(keep, keep)] = scale * _inverse(model.information)
    elif canonical(model.family) and not stratified:
        covariance[np.ix_(keep, keep)] = _sandwich(model.information, sums, scores)
    names = pd.Index(model.matrix.names)
    params = np.full(len(names), np.nan)
    params[keep] = model.params[keep]
    error = np.sqrt(np.diag(covariance))
    deviance_free = {
        "df_model": len(keep) - 1,
        "aic": -2 * llf + 2 * len(keep),
        "bic_llf": -2 * llf + np.log(total) * len(keep),
        "pearson_chi2": model.pearson,
        "cov_type": _kind(survey, stratified, scores),
        "converged": model.converged,
    }
    return SavedModel(
        name=model.name,
        params=pd.Series(params, index=names),
        bse=pd.Series(error, index=names),
        pvalues=pd.Series(2 * stats.norm.sf(np.abs(params / error)), index=names),
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        llf=llf,
        deviance=model.deviance,
        scale=scale,
        nobs=float(sums.rows),
        df_resid=float(rest),
        more=deviance_free,
    )


def _kind(survey: bool, stratified: bool, scores: Scores | None) -> str:
    if not survey:
        return "nonrobust"
    return "stratified" if stratified else "HC0" if scores is None else "cluster"


def _inverse(information: FloatArray) -> FloatArray:
    """Invert by a scaled matrix, as columns may be on very different scales."""
    scale = 1.0 / np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information * scale[:, None] * scale)
    return np.asarray(inverse * scale[:, None] * scale, dtype=np.float64)


def _sandwich(information: FloatArray, sums: Closing, scores: Scores | None) -> FloatArray:
    """Return the robust covariance: HC0 of rows, or that of clusters with its correction."""
    inverse = _inverse(information)
    if scores is None:
        return np.asarray(inverse @ sums.meat @ inverse, dtype=np.float64)
    units, rows, size = len(scores.cluster), sums.rows, len(information)
    correction = units / (units - 1) * (rows - 1) / (rows - size)
    meat = scores.total.T @ scores.total
    return np.asarray(correction * (inverse @ meat @ inverse), dtype=np.float64)
