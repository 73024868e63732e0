"""Attributions and masked predictions once more, person by person, by definition."""

import math
from itertools import combinations

import numpy as np
import statsmodels.api as sm

from bopstats.explanations.masking import Masker
from bopstats.explanations.options import check_explanation

FAMILIES = sm.families
LINKS = sm.families.links
# Linear predictors that each link allows.
POSITIVE, ANY = (0.05, 6.0), (-6.0, 6.0)
PAIRS = [
    *((FAMILIES.Binomial, link, ANY) for link in (LINKS.Logit, LINKS.Probit, LINKS.Cauchy)),
    *((FAMILIES.Binomial, link, ANY) for link in (LINKS.CLogLog, LINKS.LogLog)),
    (FAMILIES.Binomial, LINKS.Log, (-6.0, 0.0)),
    (FAMILIES.Binomial, LINKS.Identity, (0.0, 1.0)),
    *((FAMILIES.Gaussian, link, ANY) for link in (LINKS.Identity, LINKS.Log)),
    (FAMILIES.Gaussian, LINKS.InversePower, POSITIVE),
    *((FAMILIES.Poisson, link, ANY) for link in (LINKS.Log, LINKS.Identity)),
    (FAMILIES.Poisson, LINKS.Sqrt, POSITIVE),
    *((FAMILIES.Gamma, link, ANY) for link in (LINKS.Log, LINKS.Identity)),
    (FAMILIES.Gamma, LINKS.InversePower, POSITIVE),
    (FAMILIES.InverseGaussian, LINKS.InverseSquared, POSITIVE),
    (FAMILIES.InverseGaussian, LINKS.Log, ANY),
    (FAMILIES.NegativeBinomial, LINKS.Log, ANY),
    (FAMILIES.Tweedie, LINKS.Log, ANY),
    (FAMILIES.Tweedie, LINKS.Power, POSITIVE),
]
NAMES = [f"{family.__name__}-{link.__name__}" for family, link, _ in PAIRS]


def made(family, link):
    """An instance of a family; the general power link is that of 0.7."""
    options = {"alpha": 1.0} if family is FAMILIES.NegativeBinomial else {}
    return family(link=link(power=0.7) if link is LINKS.Power else link(), **options)


def explanation(design, **options):
    usual = {"top": 1, "top_of": "generic", "attribution": "integrated_gradients", "seed": 0}
    usual |= {"rank": "absolute", "baseline": "mean", "unit": "term"}
    return check_explanation(design, **(usual | options))


def masker(model, design, **options):
    return Masker(model, design, explanation(design, **options))


def kept_terms(units, members):
    """The terms that a set of units keeps: all whose units are in it."""
    return [t for t, own in enumerate(members) if set(own) <= set(units)]


def game(mu, start, parts, members):
    """From a set of units to the prediction with these kept."""

    def value(units):
        return mu(start + sum(parts[t] for t in kept_terms(units, members)))

    return value


def shapley(value, units):
    """Shapley values over all subsets, as the definition has it."""
    found = []
    for unit in units:
        others, total = [u for u in units if u != unit], 0.0
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(len(others) - size)
            for chosen in combinations(others, size):
                gain = value((*chosen, unit)) - value(chosen)
                total += weight / math.factorial(len(units)) * gain
        found.append(total)
    return np.array(found)


def occlusion(value, units):
    """The change of the prediction as each unit alone is masked."""
    return np.array([value(units) - value([u for u in units if u != unit]) for unit in units])
