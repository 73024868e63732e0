"""Designs with strata by definition, and what must not matter; test_survey_r.py has R's figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import evaluation_of
from scipy import stats

from bopstats.exceptions import ArgumentError
from bopstats.inference.design_effects import COLUMNS, design_effects, intraclass_correlation
from bopstats.inference.estimates import estimate
from bopstats.inference.heterogeneity import group_covariance
from bopstats.inference.means import group_means
from bopstats.inference.paired import clopper_pearson
from bopstats.inference.testability import data_bounds
from bopstats.inference.tests import Question, run_test
from bopstats.sampling import between_units, between_units_matrix, domain_variance

RNG = np.random.default_rng(17)
N = 120
CLUSTER = RNG.integers(0, 20, N)
STRATUM = CLUSTER // 4
GROUP = RNG.integers(0, 3, N)
BENEFIT = RNG.normal(0.1, 1, N) + 0.8 * STRATUM
WEIGHT, COPIES = RNG.uniform(0.2, 3, N), RNG.integers(0, 4, N)
DESIGNS = {
    "rows": {"stratum": STRATUM},
    "clusters": {"stratum": STRATUM, "cluster": CLUSTER},
    "weights": {"stratum": STRATUM, "weight": WEIGHT, "weight_type": "prob"},
    "all": {"stratum": STRATUM, "cluster": CLUSTER, "weight": WEIGHT, "weight_type": "prob"},
}
each_design = pytest.mark.parametrize("options", DESIGNS.values(), ids=DESIGNS)


def means(benefit=BENEFIT, group=GROUP, **options):
    moments = evaluation_of(benefit, group, **options).moments[0].with_population()
    return group_means(moments, 0, options.get("weight_type"))


def by_definition(benefit, member, stratum, cluster=None, weight=None, weight_type=None):
    """Variance of a domain's ratio mean, unit by unit."""
    w = np.ones(len(benefit)) if weight is None else weight
    unit = np.arange(len(benefit)) if cluster is None else cluster
    u = w * member * (benefit - np.average(benefit, weights=w * member)) / (w * member).sum()
    total = 0.0
    for h in np.unique(stratum):
        sums = np.array([u[unit == c].sum() for c in np.unique(unit[stratum == h])])
        total += len(sums) / (len(sums) - 1) * ((sums - sums.mean()) ** 2).sum()
    return total


@each_design
def test_errors_are_those_of_the_definition(options):
    found = means(**options)
    for g, member in enumerate([GROUP == 0, GROUP == 1, GROUP == 2, GROUP >= 0]):
        wanted = np.sqrt(by_definition(BENEFIT, member, **options))
        assert found.std_err[g] == pytest.approx(wanted, rel=1e-10)
        units = np.arange(N) if "cluster" not in options else CLUSTER
        df = len(np.unique(units[member])) - len(np.unique(STRATUM[member]))
        assert found.df[g] == df


def test_one_stratum_of_clusters_is_none():
    one, none = means(cluster=CLUSTER, stratum=np.zeros(N, dtype=int)), means(cluster=CLUSTER)
    for name in ("std_err", "df", "n_eff", "sigma"):
        np.testing.assert_allclose(getattr(one, name), getattr(none, name), rtol=1e-12)


@pytest.mark.parametrize("cluster", [None, CLUSTER])
def test_frequency_weights_are_copies_none_of_them_for_zero(cluster):
    options = {"stratum": STRATUM} | ({} if cluster is None else {"cluster": cluster})
    short = means(weight=COPIES, weight_type="freq", **options)
    long = means(
        np.repeat(BENEFIT, COPIES),
        np.repeat(GROUP, COPIES),
        **{name: np.repeat(value, COPIES) for name, value in options.items()},
    )
    for name in ("mean", "std_err", "df", "n_eff", "sigma"):
        np.testing.assert_allclose(getattr(short, name), getattr(long, name), rtol=1e-10)


def test_frequency_weights_with_clusters_alone_are_copies_too():
    short = means(weight=COPIES, weight_type="freq", cluster=CLUSTER)
    long = means(
        np.repeat(BENEFIT, COPIES), np.repeat(GROUP, COPIES), cluster=np.repeat(CLUSTER, COPIES)
    )
    for name in ("mean", "std_err", "df", "n_eff", "sigma"):
        np.testing.assert_allclose(getattr(short, name), getattr(long, name), rtol=1e-10)


@each_design
@given(
    scale=st.sampled_from([1e-9, -1.0, 7.0, 1e9]),
    weighted=st.sampled_from([1, 1000]),
    seed=st.integers(0, 99),
)
def test_units_the_scale_of_weights_names_and_order_do_not_matter(options, scale, weighted, seed):
    rng = np.random.default_rng(seed)
    order, rename = rng.permutation(N), rng.permutation(50)
    changed = {k: v if isinstance(v, str) else v[order] for k, v in options.items()}
    for name in {"stratum", "cluster"} & set(options):
        changed[name] = rename[changed[name]]
    if "weight" in options:
        changed["weight"] = weighted * changed["weight"]
    swap = np.array([2, 0, 1, 3])  # the groups' new numbers; the population stays
    a, b = means(**options), means(scale * BENEFIT[order], swap[GROUP[order]], **changed)
    np.testing.assert_allclose(b.mean[swap], scale * a.mean, rtol=1e-9)
    np.testing.assert_allclose(b.std_err[swap], abs(scale) * a.std_err, rtol=1e-9)
    np.testing.assert_array_equal(b.df[swap], a.df)
    np.testing.assert_allclose(b.n_eff[swap], a.n_eff, rtol=1e-9)


@each_design
def test_covariance_of_groups_adds_up_to_the_population(options):
    """The population's mean is that of the groups', weighted; so is its error at fixed shares."""
    moments = evaluation_of(BENEFIT, GROUP, **options).moments[0]
    covariance = group_covariance(moments, 0)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), means(**options).std_err[:3])
    assert (np.linalg.eigvalsh(covariance) > 0).all()
    share = moments.w / moments.w.sum()
    centred = BENEFIT - (moments.wb[0] / moments.w)[GROUP]
    wanted = by_definition(centred, np.ones(N), **options)
    assert share @ covariance @ share == pytest.approx(wanted, rel=1e-10)


@each_design
@pytest.mark.parametrize("value", [0.0, 0.1, -1e6])
def test_benefits_that_do_not_vary_have_no_error_not_rounding(options, value):
    assert (means(np.full(N, value), **options).std_err == 0).all()


@each_design
def test_benefits_that_vary_between_strata_only_have_no_error(options):
    everyone = np.zeros(N, dtype=int)
    level = np.array([0.1, -0.7, 1e3, 2 / 3, 5.5])[STRATUM]
    found = means(level, everyone, **options)
    if "cluster" in options or "weight" in options:
        # Units differ in size, so that the ratio mean varies.
        assert (found.std_err > 0).all()
    else:
        assert (found.std_err == 0).all()


@pytest.mark.parametrize("cluster", [None, np.repeat(np.arange(24), 5)])
def test_covariances_of_a_group_that_varies_between_strata_only_are_zero(cluster):
    stratum, group = np.arange(N) // 30, np.arange(N) % 5 // 3
    benefit = np.where(group == 0, BENEFIT, np.array([0.1, -0.7, 1 / 3, 5.5])[stratum])
    stratum = stratum if cluster is None else cluster // 6
    rows = {"stratum": stratum} | ({} if cluster is None else {"cluster": cluster})
    member = group == 1
    if cluster is not None:  # of equal size
        assert np.unique(np.bincount(cluster[member])).size == 1
    else:  # a stratum's only members
        rows["stratum"] = 2 * stratum + member
    covariance = group_covariance(evaluation_of(benefit, group, **rows).moments[0], 0)
    assert covariance[0, 0] > 0
    assert covariance[1, 1] == covariance[0, 1] == covariance[1, 0] == 0


def test_a_01_cost_without_variance_counts_both_signs():
    """Everyone's prediction changed, by strata alone: not the interval of nothing changed."""
    stratum = np.repeat([0, 1], [10, 30])
    benefit = np.where(stratum == 0, 1.0, -1.0)
    evaluation = evaluation_of(benefit, np.zeros(40, dtype=int), cost="zero_one", stratum=stratum)
    found = estimate(evaluation, "zero_one", alpha=0.05)
    assert found.method[0] == "clopper-pearson (effective n)"
    low = clopper_pearson(10, 40, 0.05)[0] - clopper_pearson(30, 40, 0.05)[1]
    high = clopper_pearson(10, 40, 0.05)[1] - clopper_pearson(30, 40, 0.05)[0]
    assert found.bop[0, 0] == -0.5
    # One-sided limits of either share at alpha / 4.
    assert low > found.low[0, 0] > -1
    assert high < found.high[0, 0] < 0.1
    real = evaluation_of(0.1 * benefit, np.zeros(40, dtype=int), stratum=stratum)
    assert "between strata only" in estimate(real, "squared_error", alpha=0.05).reason[0]


def test_01_costs_have_no_exact_method_with_strata():
    benefit = RNG.integers(-1, 2, N).astype(float)
    evaluation = evaluation_of(benefit, GROUP, cost="zero_one", stratum=STRATUM)
    found = estimate(evaluation, "zero_one", alpha=0.05)
    assert set(found.method) == {"t"}
    wanted = means(benefit, stratum=STRATUM)
    low, high = wanted.interval(0.05)
    np.testing.assert_allclose(found.low[0], low)
    np.testing.assert_allclose(found.high[0], high)


def test_a_group_with_one_unit_in_each_stratum_has_no_error():
    group = np.ones(N, dtype=int)
    group[[np.flatnonzero(h == STRATUM)[0] for h in range(3)]] = 0
    found = estimate(evaluation_of(BENEFIT, group, stratum=STRATUM), "squared_error", alpha=0.05)
    assert found.method[0] == ""
    assert "one sampling unit in each stratum" in found.reason[0]
    assert found.covered.tolist() == [True, True]
    assert found.tested.tolist() == [False, True]


def ask(kind, **options):
    evaluation = evaluation_of(BENEFIT, GROUP, **options)
    found = estimate(evaluation, "squared_error", alpha=0.05)
    return run_test(
        found,
        Question(kind),
        ("a", "b", "c"),
        moments=evaluation.moments,
        place=0,
        bounds=None,
        in_sample=False,
    )


@each_design
def test_heterogeneity_is_walds_with_units_less_strata(options):
    test = ask("heterogeneity", **options)
    moments = evaluation_of(BENEFIT, GROUP, **options).moments[0]
    v, b = group_covariance(moments, 0), moments.wb[0] / moments.w
    difference = np.array([[-1.0, 1, 0], [-1, 0, 1]])
    wald = difference @ b @ np.linalg.solve(difference @ v @ difference.T, difference @ b)
    df = (20 if "cluster" in options else N) - 5
    assert (test.df, test.df_error) == (2, df - 1)
    assert test.statistic == pytest.approx(wald * (df - 1) / (2 * df), rel=1e-9)
    assert test.pvalue == pytest.approx(stats.f.sf(test.statistic, 2, df - 1), rel=1e-9)


@pytest.mark.parametrize("cluster", [np.zeros(N, dtype=int), np.arange(N) % 2])
def test_too_few_clusters_for_the_groups_give_no_test(cluster):
    assert np.isnan(ask("heterogeneity", cluster=cluster).pvalue)


def test_gail_and_simon_need_independent_groups():
    with pytest.raises(ArgumentError, match="'harm' with clusters or strata"):
        ask("gail_simon", stratum=STRATUM)


@each_design
def test_upper_bounds_never_count_more_rows_than_there_are(options):
    evaluation = evaluation_of(BENEFIT, GROUP, **options)
    found = estimate(evaluation, "squared_error", alpha=0.05)
    assert (found.n_eff <= found.n).all()
    if "cluster" not in options and "weight" not in options:
        # Strata explain much of the benefit, so that they are worth more rows than there are.
        effects = design_effects(evaluation)["deff"]
        assert (effects < 0.9).all()
        assert effects.iloc[-1] < 0.5
        np.testing.assert_array_equal(found.n_eff, found.n)
        simple = estimate(evaluation_of(BENEFIT, GROUP), "squared_error", alpha=0.05)
        np.testing.assert_allclose(found.sigma, simple.sigma, rtol=1e-12)
        bounds = [
            data_bounds(each, 0.5, 0.5, evaluation.rows).upper["error_upper"]
            for each in (found, simple)
        ]
        np.testing.assert_allclose(*bounds, rtol=1e-12)


def test_design_effects_are_medians_over_partitions_with_the_frames_columns():
    partitions = [BENEFIT, BENEFIT**2, np.abs(BENEFIT)]
    options = DESIGNS["all"]
    table = design_effects(evaluation_of(partitions, GROUP, **options))
    assert tuple(table.columns) == COLUMNS
    assert table["group"].tolist() == ["a", "b", "c", "population"]
    each = [design_effects(evaluation_of(one, GROUP, **options)) for one in partitions]
    for name in ("icc", "deff", "n_eff"):
        np.testing.assert_allclose(table[name], np.median([one[name] for one in each], axis=0))
    assert table["clusters"].iloc[-1] == 20
    assert table["strata"].iloc[-1] == 5


@given(rho=st.sampled_from([0.0, 0.3, 0.8]))
def test_icc_and_deff_of_balanced_clusters_have_closed_forms(rho):
    rng = np.random.default_rng(3)
    clusters, size = 40, 5
    cluster = np.repeat(np.arange(clusters), size)
    effect = rng.normal(0, np.sqrt(rho), clusters)
    b = effect[cluster] + rng.normal(0, np.sqrt(1 - rho), len(cluster))
    evaluation = evaluation_of(b, np.zeros(len(b), dtype=int), cluster=cluster)
    each = b.reshape(clusters, size)
    between = size * each.mean(axis=1).var(ddof=1)
    within = each.var(axis=1, ddof=1).mean()
    icc = (between - within) / (between + (size - 1) * within)
    table = design_effects(evaluation)
    assert table["icc"].iloc[0] == pytest.approx(icc, rel=1e-9)
    # For equal clusters V n / S² is the mean square between clusters over that of all rows.
    assert table["deff"].iloc[0] == pytest.approx(between / b.var(ddof=1), rel=1e-9)


@pytest.mark.parametrize(
    ("benefit", "cluster", "icc"),
    [
        ([1.0, 2, 3, 4], [0, 1, 2, 3], np.nan),  # no two rows of one cluster
        ([1.0, 2, 3, 4], [0, 0, 0, 0], np.nan),  # one cluster
        ([2.0, 2, 2, 2], [0, 0, 1, 1], np.nan),  # nothing varies
        ([1.0, 1, 3, 3], [0, 0, 1, 1], 1.0),
        ([1.0, 3, 1, 3], [0, 0, 1, 1], -1.0),  # means alike: σa² = −σe²/2
    ],
)
def test_icc_where_it_is_extreme_or_not_there(benefit, cluster, icc):
    evaluation = evaluation_of(benefit, [0, 0, 0, 0], cluster=cluster)
    found = intraclass_correlation(evaluation.moments[0], 0)
    assert found[0] == pytest.approx(icc, nan_ok=True)


def test_without_a_design_the_effect_is_one():
    table = design_effects(evaluation_of(BENEFIT, GROUP))
    np.testing.assert_allclose(table["deff"], 1.0, rtol=1e-12)
    np.testing.assert_array_equal(table["n_eff"], table["n"])
    assert table[["icc", "clusters", "strata"]].isna().all(axis=None)


def test_three_forms_of_the_variance_between_units_are_one():
    units = np.bincount(np.unique(np.stack([STRATUM, CLUSTER]), axis=1)[0]).astype(float)
    variance, df = domain_variance(BENEFIT, CLUSTER, GROUP, STRATUM, units, None, 3)
    sums = np.zeros((20, 3))
    np.add.at(sums, (CLUSTER, GROUP), BENEFIT)
    matrix = between_units_matrix(sums, np.arange(20) // 4, units)
    np.testing.assert_allclose(np.diag(matrix), variance, rtol=1e-10)
    parts = sums.reshape(5, 4, 3)
    found = between_units((parts**2).sum(axis=1).T, parts.sum(axis=1).T, units)
    np.testing.assert_allclose(found, variance, rtol=1e-10)
    assert df.tolist() == [len(np.unique(CLUSTER[g == GROUP])) - 5 for g in range(3)]


def test_an_intraclass_correlation_is_at_least_minus_one():
    """Two rows of one cluster apart, single rows between them: the estimate would be -6."""
    benefit = np.array([[-1.0, 1.0, 0.0, 0.0, 0.0, 0.0]])
    evaluation = evaluation_of(benefit, np.zeros(6, dtype=np.int64), cluster=[0, 0, 1, 2, 3, 4])
    moments = evaluation.moments[0]
    # SSW = 2 with coefficient 1; SSB = 0 with 6 - 8/6 and, of the variance within, 5 - 1.
    inner, outer = 2.0, (0.0 - 2.0 * (5.0 - 1.0)) / (6.0 - 8.0 / 6.0)
    assert outer / (outer + inner) < -1
    assert intraclass_correlation(moments, 0)[0] == -1.0
