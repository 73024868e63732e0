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
from bopstats.sampling import DesignSums, between_units_matrix, centre_in_strata
from bopstats.saving.models import Failure, SavedModel, SavedModels
from bopstats.streaming.closing import Closing, LikelihoodPass, Scores
from bopstats.streaming.fitting import StreamedFits

Closed = tuple[tuple[Closing, Closing], tuple[Scores | None, Scores | None], IntArray]


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
    figures = [
        _figures(model, own, of_units, total, llf, fits.units)
        for model, own, of_units, llf in zip(
            models, sums, scores, _likelihoods(fits, pair, sums, total), strict=True
        )
    ]
    names = zip(design.groups.attributes, design.groups.levels, strict=True)
    references = {name: levels[0] for name, levels in names}
    references |= {factor.name: factor.levels[0] for factor in design.factors}
    return SavedModels(
        (figures[0], figures[1]),
        _test(fits, pair, figures[1], total),
        references,
        {model.name: not_estimable(model) for model in models},
    )


def _ended(model: FittedModel, sums: Closing) -> FittedModel:
    return replace(model, deviance=sums.deviance, pearson=sums.pearson)


def _test(
    fits: StreamedFits, pair: FittedPair, personalized: SavedModel, total: int
) -> AssociationTest | Failure:
    if personalized.more["cov_type"] == "nonrobust":
        return ratio_test(pair, total)
    rest = fits.rows.learned.n - 1.0 if fits.units is None else fits.units.df
    keep = pair.personalized.keep
    kept = replace(
        personalized,
        params=personalized.params.iloc[keep],
        covariance=personalized.covariance.iloc[keep, keep],
    )
    try:
        return wald_test(pair, kept, rest)
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
    units: DesignSums | None,
) -> SavedModel:
    keep, rest = model.keep, total - len(model.keep)
    scale = model.pearson / rest if has_dispersion(model.family) else 1.0
    kind, found = "nonrobust", scale * _inverse(sums.information)
    if scores is not None:
        kind, found = _robust(sums.information, scores, sums.rows, units)
    covariance = np.full((model.matrix.n_columns,) * 2, np.nan)
    covariance[np.ix_(keep, keep)] = found
    names = pd.Index(model.matrix.names)
    params = np.full(len(names), np.nan)
    params[keep] = model.params[keep]
    error = np.sqrt(np.diag(covariance))
    more = {
        "df_model": len(keep) - 1,
        "aic": -2 * llf + 2 * len(keep),
        "bic_llf": -2 * llf + np.log(total) * len(keep),
        "pearson_chi2": model.pearson,
        "cov_type": kind,
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
        more=more,
    )


def _inverse(information: FloatArray) -> FloatArray:
    """Invert by a scaled matrix, as columns may be on very different scales."""
    scale = 1.0 / np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information * scale[:, None] * scale)
    return np.asarray(inverse * scale[:, None] * scale, dtype=np.float64)


def _robust(
    information: FloatArray, scores: Scores, rows: int, units: DesignSums | None
) -> tuple[str, FloatArray]:
    """Return which robust covariance it is, and the covariance, as statsmodels would.

    That of strata is `bopstats.fitting.survey.stratified_covariance`.
    """
    if units is None:
        bread = _inverse(scores.observed)
        return "HC0", np.asarray(bread @ scores.products @ bread, dtype=np.float64)
    if not units.stratified:
        bread = _inverse(scores.observed)
        count, size = len(scores.unit), len(information)
        correction = count / (count - 1) * (rows - 1) / (rows - size)
        return "cluster", correction * (bread @ (scores.total.T @ scores.total) @ bread)
    bread = _inverse(information)
    values, place = scores.total @ bread, np.searchsorted(units.strata, scores.stratum)
    if units.clustered:
        return "stratified", between_units_matrix(values, place, units.units)
    products = bread @ scores.products @ bread
    return "stratified", centre_in_strata(products, values, units.units)
