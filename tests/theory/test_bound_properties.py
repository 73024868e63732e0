"""What must hold in every setting: lower below upper, and more data, fewer groups, never worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bopstats.theory import (
    Bounded,
    BoundedVariance,
    Gaussian,
    Skellam,
    Ternary,
    error_lower_bound,
    error_upper_bound,
    mse_lower_bound,
)

SETTINGS = 10_000


def draw(seed, count=SETTINGS):
    """Return random effects, sizes and numbers of groups where errors are neither 0 nor 1."""
    rng = np.random.default_rng(seed)
    d = 2.0 ** rng.integers(0, 41, count)
    size = np.exp(rng.uniform(0, np.log(1e9), count))
    # Standardised effects around the ones that matter for so many groups.
    delta = np.sqrt(2 * np.log(d) + 1) * np.exp(rng.uniform(-3, 1, count))
    return d, size, delta


@pytest.mark.parametrize("kind", ["normal", "any variance", "bounded", "skewed"])
def test_lower_below_upper_in_ten_thousand_settings(kind):
    d, size, delta = draw(7)
    law = {
        "normal": Gaussian(1.0),
        "any variance": BoundedVariance(1.0),
        "bounded": Bounded(-1, 1),
        "skewed": Bounded(-1, 0.4),
    }[kind]
    count = SETTINGS if kind in ("normal", "any variance") else SETTINGS // 10
    d, size, delta = d[:count], size[:count], delta[:count]
    effect = np.minimum(delta / np.sqrt(size), 0.39)
    low = error_lower_bound(effect, size, law, n_groups=d)
    high = error_upper_bound(effect, size, law, n_groups=d)
    assert ((low >= 0) & (high <= 1)).all()
    assert (low <= high * (1 + 1e-8)).all()
    assert ((low > 0.01) & (low < 0.99)).mean() > 0.2
    for method in ("chi2", "published"):
        other = error_lower_bound(effect, size, law, n_groups=d, method=method)
        # The printed direction of the moment is valid for symmetric location families only.
        valid = method == "chi2" or kind in ("normal", "any variance")
        assert not valid or (other <= low * (1 + 1e-9)).all()


@pytest.mark.parametrize("law", [Gaussian(1.0), BoundedVariance(1.0), Bounded(-1, 1)], ids=repr)
def test_more_rows_larger_effects_and_fewer_groups_never_hurt(law):
    d, size, delta = draw(11, 400)
    size = np.round(size) + 1
    effect = np.minimum(delta / np.sqrt(size), 0.9)
    for bound in (error_lower_bound, error_upper_bound):
        base = bound(effect, size, law, n_groups=d)
        for more in (1, 2, 3, 17):
            assert (bound(effect, size + more, law, n_groups=d) <= base + 1e-8).all()
        assert (bound(effect * 1.05, size, law, n_groups=d) <= base + 1e-8).all()
        assert (bound(effect, size, law, n_groups=2 * d) >= base - 1e-8).all()
        # The same rows spread over more attributes.
        assert (bound(effect, size / 2, law, n_groups=2 * d) >= base - 1e-8).all()


@pytest.mark.parametrize("law", [Ternary(0.2), Ternary(1.0), Skellam(0.2)], ids=repr)
def test_whole_sums_are_monotone(law):
    size = np.arange(1, 120)
    for d in (2, 64):
        for bound in (error_lower_bound, error_upper_bound):
            value = bound(0.07, size, law, n_groups=d)
            assert (np.diff(value) <= 1e-9).all()
        low, high = (b(0.07, size, law, n_groups=d) for b in (error_lower_bound, error_upper_bound))
        assert (low <= high + 1e-9).all()


groups = st.lists(st.tuples(st.floats(1, 1e6), st.floats(0.05, 3.0)), min_size=1, max_size=9)


@settings(max_examples=60)
@given(groups=groups, effect=st.floats(0.001, 0.9), extra=st.floats(1, 1e5))
def test_unequal_groups(groups, effect, extra):
    sizes, sigmas = np.array(groups).T
    for kind in (Gaussian, BoundedVariance):
        laws = [kind(float(s)) for s in sigmas]
        low = error_lower_bound(effect, sizes, laws)
        high = error_upper_bound(effect, sizes, laws)
        assert 0 <= low <= high * (1 + 1e-9) <= 1 + 1e-8
        # Order does not matter; another group and smaller groups never help.
        turned = error_lower_bound(effect, sizes[::-1], laws[::-1])
        assert turned == pytest.approx(float(low), rel=1e-9, abs=1e-300)
        more, wider = [*sizes, extra], [*laws, kind(1.0)]
        assert error_upper_bound(effect, more, wider) >= high - 1e-9
        assert error_lower_bound(effect, more, wider) >= low - 1e-6
        assert error_upper_bound(effect, sizes / 2, laws) >= high - 1e-9
        assert error_lower_bound(effect, sizes / 2, laws) >= low - 1e-6


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=6), effect=st.floats(0.01, 0.45))
def test_unequal_bounded_groups(sizes, effect):
    for law in (Bounded(-1, 1), Bounded(-1, 0.5), Ternary(0.5)):
        low = error_lower_bound(effect, sizes, law)
        high = error_upper_bound(effect, sizes, law)
        assert 0 <= low <= high * (1 + 1e-8) <= 1 + 1e-7


@given(scale=st.floats(1e-6, 1e6), d=st.integers(1, 10**9), size=st.floats(1, 1e9))
def test_units_do_not_matter(scale, d, size):
    effect = 2.0 / np.sqrt(size)
    for bound in (error_lower_bound, error_upper_bound):
        one = bound(effect, size, Gaussian(1.0), n_groups=d)
        assert bound(effect * scale, size, Gaussian(scale), n_groups=d) == pytest.approx(
            float(one), rel=1e-9
        )
    one = mse_lower_bound(size, Gaussian(1.0), n_groups=d)
    assert mse_lower_bound(size, Gaussian(scale), n_groups=d) == pytest.approx(
        float(one * scale**2), rel=1e-8
    )
