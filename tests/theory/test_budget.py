"""Numbers of groups: mpmath where float64 goes wrong, headline values, and what "none" means."""

import math

import mpmath
import numpy as np
import pytest

from bopstats.planning import attribute_budget
from bopstats.theory import (
    Bounded,
    BoundedVariance,
    Gaussian,
    Laplace,
    PublishedCategorical,
    PublishedLaplace,
    StudentT,
    Ternary,
    budget,
)

N = 8_000_000_000


@pytest.mark.parametrize(
    ("law", "published", "balanced", "any_groups"),
    [
        (Bounded(-1, 1), "17.970555274044712331413952567774", 15, 16),
        (Gaussian(0.1), "22.303091257555503803987531615038", 21, 22),
    ],
    ids=repr,
)
def test_headline(law, published, balanced, any_groups):
    plan = attribute_budget(N, 0.01, law, max_error=0.5)
    with mpmath.workdps(40):
        assert abs(plan.published - mpmath.mpf(published)) < mpmath.mpf("1e-28")
    assert plan.necessary_balanced == plan.achievable == balanced
    assert plan.necessary_any == any_groups
    assert plan.lambert_w > plan.exact > any_groups


def test_published_laws_say_what_they_are():
    plan = attribute_budget(N, 0.01, PublishedCategorical(), max_error=0.5)
    assert plan.published == plan.lambert_w
    assert plan.achievable is None
    assert "not known" in str(plan)
    loose = attribute_budget(N, 0.01, Laplace(0.1), max_error=0.5)
    assert (
        loose.published == attribute_budget(N, 0.01, PublishedLaplace(0.1), max_error=0.5).lambert_w
    )
    assert attribute_budget(N, 0.01, Bounded(-1, 2), max_error=0.5).published is None


@pytest.mark.parametrize(
    ("n", "effect", "whole"),
    [(10**20, 5e-9, 10), (665421265942, 1e-5, 5), (66542865347068, 1e-6, 6)],
)
def test_where_naive_float64_gives_another_integer(n, effect, whole):
    plan = attribute_budget(n, effect, PublishedCategorical(), max_error=0.5)
    assert math.floor(plan.lambert_w) == whole
    # The naive route, as in the literature's notebooks: log(1 + 4 eps²) in float64.
    naive_moment = np.log(1 + 4 * effect**2)
    naive = float(mpmath.lambertw(n * naive_moment).real / mpmath.log(2)) if naive_moment else 0.0
    assert math.floor(naive) != whole


@pytest.mark.parametrize("law", [Gaussian(1.0), Bounded(-1, 1), BoundedVariance(1.0)], ids=repr)
@pytest.mark.parametrize("max_error", [0.05, 0.3, 0.5, 0.9])
def test_the_exact_inversion_solves_its_equation(law, max_error):
    plan = attribute_budget(10**6, 0.1, law, max_error=max_error, digits=40)
    with mpmath.workdps(60):
        d = 2**plan.exact
        a = budget.chi2_threshold(max_error)
        moment = law.log_moment("0.1", digits=50)
        assert abs(mpmath.exp(10**6 * moment / d) - (1 + a * d)) / (a * d) < mpmath.mpf("1e-33")
        w = plan.lambert_w * mpmath.log(2) + mpmath.log(a)
        assert abs(w * mpmath.exp(w) / (a * 10**6 * moment) - 1) < mpmath.mpf("1e-35")
    assert plan.lambert_w > plan.exact


def test_integers_at_the_edge():
    # Rows exactly necessary for 10 attributes, and one row in 10^30 fewer.
    law, d = Gaussian(0.1), 2**10
    moment = law.log_moment("0.01", digits=60)
    with mpmath.workdps(60):
        threshold = budget.chi2_threshold(0.5)
        rows = budget.necessary_rows(d, moment, threshold, 60)
        assert budget.not_excluded(rows * (1 + mpmath.mpf("1e-30")), d, moment, threshold, 50)
        assert not budget.not_excluded(rows * (1 - mpmath.mpf("1e-30")), d, moment, threshold, 50)
        assert budget.necessary_rows_whole(d, moment, threshold, 60) == int(mpmath.ceil(rows))


def test_none_is_not_clipped_to_zero():
    plan = attribute_budget(N, 1e-6, PublishedCategorical(), max_error=0.5)
    assert plan.necessary_any == plan.necessary_balanced == "none"
    assert plan.exact < -2
    assert plan.lambert_w > 0
    assert "not even the pooled population" in str(plan)
    # The pooled population alone can be tested: 0 attributes, which is not "none".
    pooled = attribute_budget(50, 0.5, Gaussian(1.0))
    assert pooled.achievable == 0
    assert attribute_budget(5, 0.5, Gaussian(1.0)).achievable == "none"


def test_more_attributes_than_rows():
    # A huge effect: only empty groups limit the number.
    plan = attribute_budget(1000, 1.0, Gaussian(1e-3))
    assert plan.necessary_any == 9
    edge = attribute_budget(1000, 1.0, Bounded(-1, 1))
    assert edge.lambert_w == mpmath.inf
    assert edge.necessary_any == 9


def test_levels():
    even = attribute_budget(N, 0.01, Gaussian(0.1), max_error=0.5, levels=3)
    assert float(even.exact) == pytest.approx(14.07168386032451)
    listed = attribute_budget(N, 0.01, Gaussian(0.1), max_error=0.5, levels=[3] * 20)
    assert float(listed.exact) == pytest.approx(float(even.exact))
    assert listed.necessary_any == even.necessary_any == 14
    # A list ends: no more attributes than are on it.
    short = attribute_budget(N, 0.01, Gaussian(0.1), max_error=0.5, levels=[2, 5, 4])
    assert short.necessary_any == short.necessary_balanced == short.achievable == 3
    assert short.exact > 3
    assert "2, 5, 4 levels" in str(short)
    mixed = attribute_budget(3000, 0.1, Gaussian(0.5), levels=[2, 5, 4, 7])
    d = np.cumprod([1, 2, 5, 4, 7])
    assert mixed.exact < 4
    low, high = int(mixed.exact), int(mixed.exact) + 1
    rate = 3000 * 0.04
    a = float(budget.chi2_threshold(0.25))
    assert rate / d[low] > np.log1p(a * d[low])
    assert rate / d[high] < np.log1p(a * d[high])


def test_frame_and_text():
    plan = attribute_budget(N, 0.01, Ternary(0.3), alpha=0.05, power=0.55)
    assert plan.max_error == 0.5
    frame = plan.to_frame().set_index("quantity")["attributes"]
    assert frame["achievable"] == plan.achievable
    assert frame["lambert_w"] == pytest.approx(float(plan.lambert_w))
    text = str(plan)
    for word in ("8000000000 rows", "share 0.3", "0.01", "at most 0.5", "achievable", "published"):
        assert word in text


def test_laws_without_sharper_bounds():
    plan = attribute_budget(10**6, 0.1, StudentT(1.0, 3.0))
    assert plan.achievable <= plan.necessary_balanced == plan.necessary_any
    assert plan.published is None
