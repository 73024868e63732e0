"""Group means, their errors and tests of heterogeneity against R: t.test, survey, sandwich."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.heterogeneity import (
    cochran_q,
    gail_simon,
    group_covariance,
    wald_equal,
    welch,
)
from bopstats.inference.means import group_means

ORACLES = Path(__file__).parent.parent / "oracles"
GROUPS = ("a", "b", "c", "d")
DATA = pd.read_csv(ORACLES / "means_data.csv", comment="#")
EXPECTED = pd.read_csv(ORACLES / "means_expected.csv", comment="#").set_index(
    ["what", "group", "name"]
)["value"]
WEIGHTS = {"freq": ("copies", "freq"), "prob": ("weight", "prob"), "none": (None, None)}


def moments(weights="none", cluster=False):
    """Moments of the groups, and of the population appended."""
    column, weight_type = WEIGHTS[weights]
    n = len(DATA)
    zero, group = np.zeros((1, n)), DATA["group"].map(GROUPS.index).to_numpy()
    found = GroupMoments.from_rows(
        RowBop(
            costs=("squared_error",),
            generic=DATA["benefit"].to_numpy()[None],
            personalized=zero,
            y=zero[0],
            mu_generic=zero[0],
            mu_personalized=zero[0],
            group=group,
            fold=np.zeros(n, dtype=np.int64),
            rows=np.arange(n),
            n_groups=4,
            weight=None if column is None else DATA[column].to_numpy(dtype=float),
            weight_type=weight_type,
            cluster=DATA["cluster"].to_numpy() if cluster else None,
            binary=False,
        )
    )
    return found, found.with_population(), weight_type


def expected(what, name, groups=(*GROUPS, "population")):
    return [EXPECTED[what, group, name] for group in groups]


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("weights", "what"), [("none", "plain"), ("freq", "freq")])
def test_plain_and_frequency_weighted_means_are_t_tests(weights, what):
    _, both, weight_type = moments(weights)
    means = group_means(both, 0, weight_type)
    for name in ("mean", "std_err", "df"):
        close(getattr(means, name), expected(what, name))
    low, high = means.interval(0.1)
    close(low, expected(what, "low"))
    close(high, expected(what, "high"))
    benefit, harm = means.pvalues(0.2)
    close(benefit, expected(what, "p_benefit"))
    close(harm, expected(what, "p_harm"))


def test_sampling_weights_are_svymean_of_each_groups_own_rows():
    _, both, weight_type = moments("prob")
    means = group_means(both, 0, weight_type)
    for name in ("mean", "std_err", "df"):
        close(getattr(means, name), expected("prob", name))


def test_the_domain_of_an_unclustered_design_differs_by_a_known_factor():
    groups, _, weight_type = moments("prob")
    means = group_means(groups, 0, weight_type)
    n, total = groups.n, groups.n.sum()
    as_domain = means.std_err * np.sqrt(total / (total - 1) * (n - 1) / n)
    close(as_domain, expected("prob domain", "std_err", GROUPS))


@pytest.mark.parametrize(
    ("weights", "what"),
    [("none", "cluster"), ("prob", "cluster prob"), ("freq", "cluster freq")],
)
def test_clustered_means_are_domains_in_survey_and_vcovcl(weights, what):
    groups, both, weight_type = moments(weights, cluster=True)
    means = group_means(both, 0, weight_type)
    for name in ("mean", "std_err", "df"):
        close(getattr(means, name), expected(what, name))
    close(means.std_err[-1], EXPECTED[what, "population", "vcovCL"])
    covariance = group_covariance(groups, 0)
    close(np.sqrt(np.diag(covariance)), means.std_err[:-1])
    for name in ("cov", "vcovCL"):
        for j, other in enumerate(GROUPS):
            close(covariance[:, j], expected(what, f"{name}_{other}", GROUPS))


@pytest.mark.parametrize(
    ("weights", "what"),
    [("none", "cluster"), ("prob", "cluster prob"), ("freq", "cluster freq")],
)
def test_wald_statistic_is_that_of_regtermtest(weights, what):
    groups, _, weight_type = moments(weights, cluster=True)
    found = wald_equal(group_means(groups, 0, weight_type).mean, group_covariance(groups, 0))
    close(found.statistic, EXPECTED[what, "population", "wald"])
    assert found.df == 3


def test_welch_is_oneway_test():
    groups, _, _ = moments()
    means = group_means(groups, 0, None)
    found = welch(means.mean, means.std_err, means.df)
    wanted = [EXPECTED["heterogeneity", "population", f"welch_{name}"] for name in ("f", "df", "p")]
    close([found.statistic, found.df_error, found.pvalue], wanted)


def test_cochran_and_dersimonian_laird():
    found = cochran_q(np.array([0.02, 0.01, -0.03, 0.05]), np.array([0.01, 0.02, 0.01, 0.03]))
    wanted = [EXPECTED["heterogeneity", "population", name] for name in ("q", "q_p", "tau2")]
    close([found.statistic, found.pvalue, found.tau2], wanted)
    assert found.i2 == pytest.approx(1 - 3 / found.statistic, rel=1e-14)


def test_gail_and_simons_own_example():
    difference = np.array([0.163, -0.114, -0.047, -0.151])
    tests = gail_simon(difference, np.array([0.0788, 0.0689, 0.0614, 0.0547]))
    names = ("harm", "benefit", "interaction")
    wanted = [EXPECTED["gail_simon", "population", name] for name in names]
    close([test.pvalue for test in tests], wanted)
