"""Both fitted models without the rows: coefficients, covariances and figures of fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn, TypeVar

import numpy as np
import pandas as pd
from scipy import stats

from bopstats import exceptions
from bopstats._validation import check_share
from bopstats.exceptions import BopError, RowsNotKept
from bopstats.fitting.penalized import PenalizedResults
from bopstats.fitting.results import AssociationTest, Models
from bopstats.tables.coefficients import fewest

_FIT = ("llf", "deviance", "scale", "nobs", "df_resid")
_MORE = ("df_model", "aic", "bic_llf", "pearson_chi2", "cov_type", "converged")
_LEVEL = 0.05
Result = TypeVar("Result")


class NoSuchMember(RowsNotKept, AttributeError):
    """A model without rows lacks a member of the one with rows; `hasattr` says so too."""


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A model fitted on all used rows, as a result without rows holds it.

    Results that were saved, or are of data read piece by piece, have such models. Members are named
    as in statsmodels; they give the same figures as before saving.

    Attributes
    ----------
    name : str
        "generic" or "personalized".
    params, bse, pvalues : Series
        Coefficients, standard errors, and two-sided p-values.
    llf, deviance, scale, nobs, df_resid : float
        Log likelihood (penalised with a penalty), deviance, scale, rows, and residual degrees of
        freedom.

    Notes
    -----
    `df_model`, `aic`, `bic_llf`, `pearson_chi2`, `cov_type` and `converged` are there if the model
    had them. What needs the rows (``predict``, ``resid_response``, ``summary()``) raises
    `RowsNotKept`: fit a DataFrame.
    """

    name: str
    params: pd.Series[float]
    bse: pd.Series[float]
    pvalues: pd.Series[float]
    covariance: pd.DataFrame
    llf: float
    deviance: float
    scale: float
    nobs: float
    df_resid: float
    more: dict[str, Any] = field(default_factory=dict)
    limits: dict[float, pd.DataFrame] | None = None

    def __repr__(self) -> str:
        """Return a useful line."""
        return (
            f"<SavedModel: {self.name} model, n = {self.nobs:g}, {len(self.params)} coefficients>"
        )

    def __getattr__(self, name: str) -> Any:
        """Return a figure of fit that only some models have."""
        if name.startswith("_") or name == "more":
            raise AttributeError(name)
        if name in self.more:
            return self.more[name]
        here = ", ".join([each.name for each in fields(self)[1:-2] if each.name != "covariance"])
        raise NoSuchMember(
            f"{self.name}.{name}: a model without rows (loaded, or of data read piece by piece) "
            f"has {here}, cov_params() and conf_int(); for more, fit the analysis again "
            "with a DataFrame"
        )

    def cov_params(self) -> pd.DataFrame:
        """Return the covariance of the coefficients, shape (p, p)."""
        return self.covariance.copy()

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Return limits of the coefficients, columns 0 and 1.

        Parameters
        ----------
        alpha : float
            Limits at 1 − alpha: Wald's, or with a penalty those of the profile likelihood.

        Raises
        ------
        RowsNotKept
            With a penalty, at another alpha than 0.05 and those asked for before saving.
        """
        alpha = check_share("alpha", alpha)
        if self.limits is None:
            half = stats.norm.ppf(1 - alpha / 2) * self.bse
            return pd.DataFrame({0: self.params - half, 1: self.params + half})
        if alpha not in self.limits:
            known = ", ".join(f"{each:g}" for each in self.limits)
            raise RowsNotKept(
                f"conf_int: alpha={alpha:g} needs the rows, but this model was saved with profile "
                f"limits at alpha = {known}; ask for others before saving"
            )
        return self.limits[alpha].copy()


@dataclass(frozen=True)
class Failure:
    """An error that a model or test gave, and gives again."""

    error: str
    message: str

    def again(self) -> NoReturn:
        """Raise it."""
        raise getattr(exceptions, self.error, BopError)(self.message)


@dataclass(frozen=True, eq=False)
class SavedModels:
    """Both models of a result without rows and the test of the personal terms, or what went wrong.

    `references` and `not_estimable` are as in `bopstats.fitting.results.ModelResults`.
    """

    models: tuple[SavedModel | Failure, SavedModel | Failure]
    test: AssociationTest | Failure
    references: dict[str, object]
    not_estimable: dict[str, frozenset[str]]

    @property
    def generic(self) -> SavedModel:
        """The generic model."""
        return _or_again(self.models[0])

    @property
    def personalized(self) -> SavedModel:
        """The personalized model."""
        return _or_again(self.models[1])

    @property
    def association(self) -> AssociationTest:
        """The test of the personal terms."""
        return _or_again(self.test)


def without_rows(models: Models) -> SavedModels:
    """Return what of two fitted models may be saved."""
    if isinstance(models, SavedModels):
        return models
    return SavedModels(
        (
            _attempt(lambda: _saved("generic", models.generic)),
            _attempt(lambda: _saved("personalized", models.personalized)),
        ),
        _attempt(lambda: models.association),
        models.references,
        models.not_estimable,
    )


def _attempt(get: Callable[[], Result]) -> Result | Failure:
    try:
        return get()
    except BopError as error:
        return Failure(type(error).__name__, str(error))


def _or_again(found: Result | Failure) -> Result:
    if isinstance(found, Failure):
        found.again()
    return found


def _saved(name: str, results: Any) -> SavedModel:
    if isinstance(results, SavedModel):
        return results
    limits = None
    if isinstance(results, PenalizedResults):
        results.conf_int(_LEVEL)
        limits = dict(sorted(results.limits.items()))
    names = pd.Index(list(results.params.index))

    def named(values: Any) -> pd.Series[float]:
        return pd.Series(np.asarray(values, dtype=np.float64), index=names)

    covariance = np.asarray(results.cov_params(), dtype=np.float64)
    return SavedModel(
        name=name,
        params=named(results.params),
        bse=named(results.bse),
        pvalues=named(results.pvalues),
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        **{each: getattr(results, each) for each in _FIT},
        more={each: getattr(results, each) for each in _MORE if hasattr(results, each)}
        | {"fewest": fewest(results)},
        limits=limits,
    )
