"""statsmodels families and links by name, and the dispersion of negative binomial counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma
from statsmodels.genmod import families as sm_families
from statsmodels.genmod.families import links as sm_links

from bopstats._typing import BoolArray, FloatArray
from bopstats._validation import fail, nearest
from bopstats.exceptions import ArgumentError

_FAMILIES = {
    "binomial": sm_families.Binomial,
    "gaussian": sm_families.Gaussian,
    "poisson": sm_families.Poisson,
    "gamma": sm_families.Gamma,
    "inverse_gaussian": sm_families.InverseGaussian,
    "negative_binomial": sm_families.NegativeBinomial,
    "tweedie": sm_families.Tweedie,
}
_LINKS = {
    "identity": sm_links.Identity,
    "log": sm_links.Log,
    "logit": sm_links.Logit,
    "probit": sm_links.Probit,
    "cauchy": sm_links.Cauchy,
    "cloglog": sm_links.CLogLog,
    "loglog": sm_links.LogLog,
    "inverse": sm_links.InversePower,
    "inverse_squared": sm_links.InverseSquared,
    "sqrt": sm_links.Sqrt,
}
_DEFAULT_LINKS = {"gamma": "log"}
_LOG_ALPHA = (-12.0, 6.0)


def resolve_family(family: Any, link: Any) -> Any:
    """Return a statsmodels family instance.

    Parameters
    ----------
    family : str or statsmodels family
        A name (any case, dots or underscores), a family instance or class.
    link : str, statsmodels link, or None
        None for the family's default; the gamma family's is the log.

    Returns
    -------
    statsmodels.genmod.families.Family

    Raises
    ------
    ArgumentError
        If the family or the link is unknown, or the two do not go together.
    """
    if isinstance(family, sm_families.Family):
        if link is not None:
            fail("link", link, "None when family is an instance, which has its own link")
        return family
    name = _family_key(family)
    chosen = _resolve_link(link if link is not None else _DEFAULT_LINKS.get(name))
    maker = _FAMILIES[name]
    if chosen is not None and not isinstance(chosen, tuple(maker.links)):
        known = {key for key, cls in _LINKS.items() if issubclass(cls, tuple(maker.links))}
        fail("link", link, f"{', '.join(sorted(known))} for the {name} family")
    options = {"alpha": 1.0} if name == "negative_binomial" else {}
    return maker(**options) if chosen is None else maker(link=chosen, **options)


def _family_key(family: Any) -> str:
    if isinstance(family, type) and issubclass(family, sm_families.Family):
        matches = [name for name, cls in _FAMILIES.items() if cls is family]
        if matches:
            return matches[0]
    if isinstance(family, str):
        key = family.lower().replace(".", "_").replace(" ", "_")
        if key in _FAMILIES:
            return key
        fail("family", family, ", ".join(map(repr, _FAMILIES)) + nearest(key, _FAMILIES))
    fail("family", family, f"a statsmodels family or one of {', '.join(map(repr, _FAMILIES))}")


def _resolve_link(link: Any) -> Any:
    if link is None or isinstance(link, sm_links.Link):
        return link
    if isinstance(link, str) and link.lower() in _LINKS:
        return _LINKS[link.lower()]()
    hint = nearest(str(link), _LINKS)
    raise ArgumentError(f"link: got {link!r}; allowed: {', '.join(map(repr, _LINKS))}{hint}")


def family_name(family: Any) -> str:
    """Return the name by which `resolve_family` knows a family instance."""
    return next((n for n, cls in _FAMILIES.items() if isinstance(family, cls)), "other")


def link_name(family: Any) -> str:
    """Return the name of a family instance's link."""
    link = family.link
    exact = [name for name, cls in _LINKS.items() if type(link) is cls]
    return exact[0] if exact else type(link).__name__.lower()


def may_be_impossible(family: Any) -> bool:
    """Tell whether the link leads to means that the family does not have."""
    return not isinstance(family.link, tuple(family.safe_links))


def impossible_means(family: Any, mu: FloatArray) -> BoolArray:
    """Tell which means the family does not have; some links lead there."""
    if isinstance(family, sm_families.Gaussian):
        return np.isnan(mu)
    beyond = mu > 1 if isinstance(family, sm_families.Binomial) else False
    return np.asarray(~(mu >= 0) | beyond, dtype=bool)


def unit_deviance(family: Any, y: FloatArray, mu: FloatArray) -> FloatArray:
    """Return each person's unit deviance 2·[ℓ(y; y) − ℓ(μ; y)] at scale 1, shape (n,).

    Infinite where the mean is impossible.
    """
    if isinstance(family, sm_families.Gaussian):
        return (y - mu) ** 2
    impossible = impossible_means(family, mu)
    possible = np.where(impossible, y, mu)
    return np.where(impossible, np.inf, np.asarray(family.resid_dev(y, possible)) ** 2)


def has_dispersion(family: Any) -> bool:
    """Tell whether the family's scale is estimated (so that tests use F)."""
    known = (sm_families.Binomial, sm_families.Poisson, sm_families.NegativeBinomial)
    return not isinstance(family, known)


def is_linear(family: Any) -> bool:
    """Tell whether the family is gaussian with the identity link."""
    return isinstance(family, sm_families.Gaussian) and type(family.link) is sm_links.Identity


def with_alpha(family: Any, alpha: float) -> Any:
    """Return the negative binomial family with another dispersion, the same link."""
    return sm_families.NegativeBinomial(link=family.link, alpha=alpha)


def best_alpha(y: FloatArray, mu: FloatArray, weight: FloatArray) -> float:
    r"""Return the dispersion that maximises the negative binomial likelihood at means `mu`.

    Variance is μ + αμ². Searched on the log scale between e⁻¹² and e⁶, for the root of the score

    .. math:: \partial\ell/\partial\log\alpha = \sum w \left[r(\log(1 + \alpha\mu)
        + \psi(r) - \psi(y + r)) + (y - \mu)/(1 + \alpha\mu)\right], \quad r = 1/\alpha.
    """

    def score(log_alpha: float) -> float:
        alpha = float(np.exp(log_alpha))
        size = 1.0 / alpha
        change = np.log1p(alpha * mu) + digamma(size) - digamma(y + size)
        return float(np.sum(weight * (size * change + (y - mu) / (1.0 + alpha * mu))))

    low, high = _LOG_ALPHA
    if score(low) <= 0:
        return float(np.exp(low))
    if score(high) >= 0:
        return float(np.exp(high))
    return float(np.exp(brentq(score, low, high, xtol=1e-12)))
