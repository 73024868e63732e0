"""Heterogeneity tests: published critical values, special cases, size by simulation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bopstats.exceptions import ArgumentError
from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.heterogeneity import (
    cochran_q,
    gail_simon,
    group_covariance,
    wald_equal,
    welch,
)

# Gail and Simon (1985), table 1: number of groups, critical values at 0.10, 0.05 and 0.025.
TABLE = [
    *[(2, 1.64, 2.71, 3.84), (3, 2.95, 4.23, 5.54), (4, 4.01, 5.43, 6.86), (5, 4.96, 6.50, 8.02)],
    *[(6, 5.84, 7.48, 9.09), (7, 6.67, 8.41, 10.09), (8, 7.48, 9.29, 11.05)],
    *[(9, 8.26, 10.15, 11.98), (10, 9.02, 10.99, 12.87), (14, 11.93, 14.15, 16.25)],
    *[(16, 13.33, 15.66, 17.85), (20, 16.04, 18.57, 20.94), (30, 22.55, 25.50, 28.23)],
]


def effects_with(statistic, n_groups):
    """Two effects of opposite sign whose smaller square is the statistic; zeros elsewhere."""
    z = np.zeros(n_groups)
    z[0], z[1] = np.sqrt(statistic), -np.sqrt(statistic) - 1
    return z


@pytest.mark.parametrize("row", TABLE, ids=lambda r: str(r[0]))
def test_published_critical_values_of_the_interaction_test(row):
    n_groups, *critical = row
    for value, alpha in zip(critical, (0.10, 0.05, 0.025), strict=True):
        below, above = (
            gail_simon(effects_with(value + shift, n_groups), np.ones(n_groups))[2].pvalue
            for shift in (-0.006, 0.006)
        )
        assert above < alpha < below


def test_with_two_groups_the_interaction_needs_both_one_sided_tests():
    z = np.array([1.7, -2.4])
    harm, benefit, both = gail_simon(z, np.ones(2))
    assert both.pvalue == pytest.approx(stats.norm.sf(1.7))
    assert both.statistic == pytest.approx(1.7**2)
    for test, q in ((harm, 2.4**2), (benefit, 1.7**2)):
        wanted = 0.5 * stats.chi2.sf(q, 1) + 0.25 * stats.chi2.sf(q, 2)
        assert test.statistic == pytest.approx(q)
        assert test.pvalue == pytest.approx(wanted)


def test_size_of_the_sign_tests_at_the_least_favourable_points():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(20_000, 5))
    pvalues = np.array([[t.pvalue for t in gail_simon(each, np.ones(5))[:2]] for each in z[:5000]])
    assert (pvalues <= 0.05).mean(axis=0) == pytest.approx([0.05, 0.05], abs=0.01)
    z[:, 0] += 12.0  # one group benefits for certain, the others not at all
    interaction = np.array([gail_simon(each, np.ones(5))[2].pvalue for each in z[:5000]])
    assert (interaction <= 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_one_sided_extremes():
    harm, benefit, both = gail_simon(np.array([1.0, 2.0, 0.0]), np.ones(3))
    assert (harm.statistic, harm.pvalue) == (0.0, 1.0)
    assert (both.statistic, both.pvalue) == (0.0, 1.0)
    assert benefit.pvalue < 0.1
    tiny = gail_simon(np.full(2000, -0.9), np.ones(2000))[0].pvalue
    assert 0 < tiny < 1e-20
    assert gail_simon(np.full(3, -30.0), np.ones(3))[0].pvalue == pytest.approx(
        0.125 * stats.chi2.sf(2700, 3), abs=1e-300
    )


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(0.1, 3), st.integers(2, 500)),
        min_size=2,
        max_size=12,
    )
)
def test_symmetries(rows):
    b, se, df = np.array(rows).T
    order = np.argsort(b + se)
    for method, extra in ((cochran_q, ()), (welch, (df,))):
        one = method(b, se, *extra)
        swapped = method(-b, se, *extra)
        assert one == swapped
        moved = method(b[order], se[order], *(each[order] for each in extra))
        assert moved.statistic == pytest.approx(one.statistic, rel=1e-9, abs=1e-9)
        assert 0 <= one.pvalue <= 1
        assert 0 <= one.i2 < 1
        assert one.tau2 >= 0
    q = cochran_q(b, se)
    wald = wald_equal(b, np.diag(se**2))
    assert wald.statistic == pytest.approx(q.statistic, rel=1e-7, abs=1e-9)
    assert wald.df == q.df
    harm, benefit, both = gail_simon(b, se)
    other = gail_simon(-b, se)
    assert (harm.pvalue, benefit.pvalue, both.pvalue) == (
        other[1].pvalue,
        other[0].pvalue,
        other[2].pvalue,
    )


def test_wald_does_not_depend_on_the_reference_group():
    rng = np.random.default_rng(2)
    root = rng.normal(size=(4, 9))
    v, b = root @ root.T / 100, rng.normal(size=4)
    order = np.array([2, 0, 3, 1])
    one, other = wald_equal(b, v, df=20), wald_equal(b[order], v[np.ix_(order, order)], df=20)
    assert one.statistic == pytest.approx(other.statistic, rel=1e-10)
    assert (one.df, one.df_error) == (3, 18)
    assert one.pvalue == pytest.approx(stats.f.sf(one.statistic, 3, 18), rel=1e-12)
    known = wald_equal(b, v)
    assert one.statistic == pytest.approx(known.statistic * 18 / 60, rel=1e-12)
    assert known.pvalue == pytest.approx(stats.chi2.sf(known.statistic, 3), rel=1e-12)


def test_welch_holds_its_size_in_groups_of_ten_where_q_does_not():
    rng = np.random.default_rng(3)
    n, sd = 10, np.array([1.0, 2.0, 1.0, 0.5, 1.5])
    data = rng.normal(size=(4000, n, 5)) * sd
    mean, se = data.mean(axis=1), data.std(axis=1, ddof=1) / np.sqrt(n)
    df = np.full(5, n - 1.0)
    f = np.mean([welch(m, s, df).pvalue <= 0.05 for m, s in zip(mean, se, strict=True)])
    q = np.mean([cochran_q(m, s).pvalue <= 0.05 for m, s in zip(mean, se, strict=True)])
    assert f == pytest.approx(0.05, abs=0.012)
    assert q > 0.08


def test_adjusted_wald_holds_its_size_with_groups_that_share_clusters():
    rng = np.random.default_rng(4)
    n_clusters, size, rejected = 30, 6, []
    for _ in range(800):
        cluster = np.repeat(np.arange(n_clusters), size)
        benefit = rng.normal(size=n_clusters)[cluster] + rng.normal(size=len(cluster))
        moments = moments_of(benefit, np.tile([0, 1, 2], len(cluster) // 3), cluster, 3)
        covariance = group_covariance(moments, 0)
        mean = moments.wb[0] / moments.w
        rejected.append(wald_equal(mean, covariance, df=n_clusters - 1).pvalue <= 0.05)
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.025)


def moments_of(benefit, group, cluster, n_groups):
    n, zero = len(benefit), np.zeros(len(benefit))
    return GroupMoments.from_rows(
        RowBop(
            *(("c",), benefit[None], zero[None], zero, zero, zero, group),
            *(np.zeros(n, dtype=np.int64), np.arange(n), n_groups, None, None, cluster, False),
        )
    )


def test_groups_without_a_standard_error_are_left_out():
    b, se = np.array([1.0, 2.0, np.nan, 4.0, 0.0]), np.array([1.0, 1.0, 1.0, np.nan, 0.0])
    assert cochran_q(b, se).n_groups == 2
    assert cochran_q(b, se).statistic == pytest.approx(0.5)
    assert welch(b, se, np.full(5, 9.0)).n_groups == 2
    assert gail_simon(b, se)[2].n_groups == 2
    few = cochran_q(b[2:], se[2:])
    assert np.isnan(few.pvalue)
    assert "fewer than two" in few.reason
    assert np.isnan(welch(b[:2], se[:2], np.array([5.0, 0.0])).statistic)
    one = gail_simon(b[:1], se[:1])
    assert np.isfinite(one[0].pvalue)
    assert np.isnan(one[2].pvalue)
    assert "fewer than two" in one[2].reason
    assert "no group" in gail_simon(b[2:], se[2:])[0].reason


def test_a_singular_covariance_has_no_test():
    v = np.ones((3, 3)) + 1e-14
    assert "clusters" in wald_equal(np.arange(3.0), v).reason
    assert np.isnan(wald_equal(np.arange(3.0), np.eye(3), df=1).pvalue)
    assert wald_equal(np.arange(3.0), np.diag([1.0, np.nan, 1.0])).n_groups == 2


def test_a_group_that_does_not_vary_has_no_variance_rather_than_rounding():
    rng = np.random.default_rng(5)
    cluster, group = np.arange(60) % 7, np.repeat([0, 1, 2], 20)
    benefit = np.where(group == 1, 0.1, rng.normal(size=60))
    moments = moments_of(benefit, group, cluster, 3)
    covariance = group_covariance(moments, 0)
    assert covariance[1, 1] == 0.0
    assert wald_equal(moments.wb[0] / moments.w, covariance, df=6).n_groups == 2


def test_covariance_of_an_empty_group_is_nan_and_clusters_are_needed():
    group, cluster = np.array([0, 0, 2, 2]), np.array([0, 1, 1, 2])
    moments = moments_of(np.array([1.0, 2.0, 5.0, 3.0]), group, cluster, 3)
    found = group_covariance(moments, 0)
    np.testing.assert_array_equal(np.isfinite(np.diag(found)), [True, False, True])
    # Scores −1/4, 1/4 in group 0 and 1/2, −1/2 in group 2; they meet in cluster 1.
    np.testing.assert_allclose(found[::2, ::2], 1.5 * np.array([[0.125, 0.125], [0.125, 0.5]]))
    with pytest.raises(ArgumentError, match="moments"):
        group_covariance(moments_of(np.ones(4), group, None, 3), 0)


def test_one_precise_group_leaves_tau_squared_finite():
    benefit, error = np.array([0.0, 1.0, 2.0]), np.array([1e-9, 1.0, 2.0])
    found = cochran_q(benefit, error)
    with mpmath.workdps(60):
        v = [1 / mpmath.mpf(e) ** 2 for e in error]
        centre = sum(w * b for w, b in zip(v, benefit, strict=True)) / sum(v)
        q = sum(w * (b - centre) ** 2 for w, b in zip(v, benefit, strict=True))
        room = sum(v) - sum(w**2 for w in v) / sum(v)
    assert found.statistic == pytest.approx(float(q), rel=1e-6)
    assert found.tau2 == pytest.approx(max(0.0, float((q - 2) / room)), abs=1e-9)
