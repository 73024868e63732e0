"""Group means, errors and t figures against scipy, definitions and what must not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import evaluation_of
from scipy import stats

from bopstats.inference.means import group_means

RNG = np.random.default_rng(5)
N = 90
BENEFIT, GROUP = RNG.normal(0.1, 1, N), RNG.integers(0, 3, N)
WEIGHT, COPIES, CLUSTER = RNG.uniform(0.2, 3, N), RNG.integers(1, 5, N), RNG.integers(0, 25, N)


def means(benefit=BENEFIT, group=GROUP, **options):
    kind = options.get("weight_type")
    return group_means(evaluation_of(benefit, group, **options).moments[0], 0, kind)


def test_plain_means_are_those_of_the_t_test():
    found = means()
    low, high = found.interval(0.1)
    benefit, harm = found.pvalues(0.05)
    for g in range(3):
        own = BENEFIT[g == GROUP]
        test = stats.ttest_1samp(own, 0.05, alternative="greater")
        interval = stats.ttest_1samp(own, 0.0).confidence_interval(0.9)
        assert found.mean[g] == pytest.approx(own.mean(), rel=1e-12)
        assert found.std_err[g] == pytest.approx(stats.sem(own), rel=1e-12)
        assert (low[g], high[g]) == pytest.approx((interval.low, interval.high), rel=1e-10)
        assert benefit[g] == pytest.approx(test.pvalue, rel=1e-9)
        assert harm[g] == pytest.approx(1 - test.pvalue, rel=1e-9)
        assert found.n_eff[g] == len(own)


def test_frequency_weights_are_repeated_rows():
    found = means(weight=COPIES, weight_type="freq")
    expected = means(np.repeat(BENEFIT, COPIES), np.repeat(GROUP, COPIES))
    for name in ("mean", "std_err", "df", "n_eff"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12)


@pytest.mark.parametrize("kind", ["prob", "precision"])
def test_other_weights_give_the_linearised_ratio_mean(kind):
    found = means(weight=WEIGHT, weight_type=kind)
    for g in range(3):
        w, b = WEIGHT[g == GROUP], BENEFIT[g == GROUP]
        mean = np.average(b, weights=w)
        variance = len(w) / (len(w) - 1) * np.sum((w * (b - mean)) ** 2) / w.sum() ** 2
        assert found.mean[g] == pytest.approx(mean, rel=1e-12)
        assert found.std_err[g] == pytest.approx(np.sqrt(variance), rel=1e-10)
        assert found.n_eff[g] == pytest.approx(w.sum() ** 2 / np.sum(w**2), rel=1e-12)
        assert found.df[g] == len(w) - 1


@pytest.mark.parametrize("options", [{}, {"weight": WEIGHT, "weight_type": "prob"}])
def test_clusters_give_the_sandwich_over_all_clusters_of_the_design(options):
    found = means(cluster=CLUSTER, **options)
    w = options.get("weight", np.ones(N))
    clusters = np.unique(CLUSTER)
    for g in range(3):
        own = g == GROUP
        mean = np.average(BENEFIT[own], weights=w[own])
        sums = [
            np.sum((w * (BENEFIT - mean))[own & (c == CLUSTER)]) for c in clusters
        ]  # 0 for clusters without a member of the group
        variance = len(clusters) / (len(clusters) - 1) * np.sum(np.square(sums)) / w[own].sum() ** 2
        assert found.std_err[g] == pytest.approx(np.sqrt(variance), rel=1e-10)
        assert found.df[g] == len(np.unique(CLUSTER[own])) - 1


def test_clusters_of_one_person_are_no_clusters():
    found = means(np.sort(BENEFIT), np.zeros(N, dtype=int), cluster=np.arange(N))
    plain = means(np.sort(BENEFIT), np.zeros(N, dtype=int))
    np.testing.assert_allclose(found.std_err, plain.std_err, rtol=1e-12)
    np.testing.assert_allclose(found.df, plain.df)
    np.testing.assert_allclose(found.n_eff, plain.n_eff * (N - 1) / N, rtol=0.02)


def test_copies_that_share_a_cluster_add_nothing():
    found = means(np.tile(BENEFIT, 2), np.tile(GROUP, 2), cluster=np.tile(np.arange(N), 2))
    once = means(cluster=np.arange(N))
    np.testing.assert_allclose(found.std_err, once.std_err, rtol=1e-12)
    np.testing.assert_allclose(found.n_eff, once.n_eff, rtol=0.05)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": WEIGHT, "weight_type": "prob"},
        {"weight": COPIES, "weight_type": "freq"},
        {"cluster": CLUSTER},
        {"cluster": CLUSTER, "weight": WEIGHT, "weight_type": "prob"},
    ],
)
@given(scale=st.sampled_from([1e-12, 1e-3, -1.0, 7.0, 1e9]), weighted=st.sampled_from([1, 3, 1000]))
def test_units_and_the_scale_of_weights_do_not_matter(options, scale, weighted):
    changed = dict(options)
    if options.get("weight_type") == "prob":
        changed["weight"] = options["weight"] * weighted
    a, b = means(**options), means(scale * BENEFIT, **changed)
    np.testing.assert_allclose(b.mean, scale * a.mean, rtol=1e-9)
    np.testing.assert_allclose(b.std_err, abs(scale) * a.std_err, rtol=1e-9)
    np.testing.assert_allclose(b.n_eff, a.n_eff, rtol=1e-9)
    order = np.random.default_rng(0).permutation(N)
    shuffled = {k: v if isinstance(v, str) else v[order] for k, v in options.items()}
    c = means(BENEFIT[order], GROUP[order], **shuffled)
    np.testing.assert_allclose(c.std_err, a.std_err, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6])
@pytest.mark.parametrize(
    "options", [{}, {"weight": WEIGHT, "weight_type": "prob"}, {"cluster": CLUSTER}]
)
def test_benefits_that_do_not_vary_have_no_error_not_rounding(value, options):
    found = means(np.full(N, value), **options)
    assert (found.std_err == 0).all()


@given(
    alpha=st.floats(1e-6, 0.9),
    mean=st.floats(-3, 3),
    spread=st.floats(1e-3, 10),
    null=st.floats(-2, 2),
)
def test_tests_and_limits_agree(alpha, mean, spread, null):
    found = means(mean + spread * BENEFIT)
    low, high = found.interval(alpha)
    benefit, harm = found.pvalues(null)
    clear = np.minimum(abs(low - null), abs(high - null)) > 1e-9
    assert ((benefit <= alpha / 2) == (low >= null))[clear].all()
    assert ((harm <= alpha / 2) == (high <= null))[clear].all()
