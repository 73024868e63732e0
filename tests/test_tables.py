"""Tables, labels, masking and tidy frames of whole analyses."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import bopstats as bop
from bopstats.exceptions import ArgumentError, BopError, RowsNotKept
from bopstats.results.tabled import TABLES
from bopstats.tables.suppression import MASK

FORMULA = "high_bp ~ bmi + hba1c | sex * insured"
LABELS = {"sex": "Sex", "sex=female": "Women", "insured=1": "Insured", "hba1c": "HbA1c, %"}


@pytest.fixture(scope="module")
def nhanes():
    return bop.datasets.load_nhanes()


@pytest.fixture(scope="module")
def res(nhanes):
    return bop.glm(FORMULA, nhanes).fit(repeats=3, rng=4)


@pytest.fixture(scope="module")
def sparse():
    """Give an analysis in which a group is small, another has few events, and few rows drop."""
    rng = np.random.default_rng(5)
    sizes = {"a": 300, "b": 250, "c": 200, "d": 7, "e": 120, "f": 90}
    people = pd.DataFrame({"g": np.repeat(list(sizes), list(sizes.values()))})
    people["x"] = rng.normal(size=len(people))
    people["y"] = (rng.random(len(people)) < 1 / (1 + np.exp(-people["x"]))).astype(int)
    rare = people["g"] == "e"
    people.loc[rare, "y"] = 0
    people.loc[people.index[rare][:4], "y"] = 1
    people.loc[[0, 1, 2], "x"] = np.nan
    return bop.glm("y ~ x | g", people).fit(repeats=1, rng=1)


@pytest.mark.parametrize("which", TABLES)
def test_every_table_has_every_format_and_the_same_bytes_twice(res, nhanes, which, tmp_path):
    other = bop.glm(FORMULA, nhanes).fit(repeats=3, rng=4)
    first, again = res.table(which, effect=0.01), other.table(which, effect=0.01)
    for form in ("as_text", "as_html", "as_latex", "as_markdown", "as_csv"):
        text = getattr(first, form)()
        assert text == getattr(again, form)()
        assert text
    assert isinstance(first.to_frame(), pd.DataFrame)
    assert len(first.to_frame())


def test_benefit_table_holds_the_numbers_of_the_frame(res):
    table, frame = res.table("benefit", decimals=5), res.frame("brier")
    text = table.as_text()
    for row in frame.itertuples():
        assert f"{row.bop:.5f} (" in text
        assert f"{row.ci_upp:.5f})" in text
        assert f"{row.events} ({100 * row.events / row.n:.1f})" in text
    pd.testing.assert_frame_equal(
        table.to_frame()[["bop", "p_benefit"]], frame[["bop", "p_benefit"]]
    )
    assert text.count("sex: ") == 2
    assert "Heterogeneity of benefit between groups: Cochran's Q" in text


def test_exponentiated_ends_are_those_of_statsmodels(res, nhanes):
    fit = smf.glm("high_bp ~ bmi + hba1c", nhanes, family=sm.families.Binomial()).fit()
    frame = res.table("models", exponentiate=True).to_frame()
    generic = frame[frame["model"] == "generic"].set_index("term")
    np.testing.assert_allclose(generic["estimate"], np.exp(fit.params), rtol=1e-8)
    np.testing.assert_allclose(generic["conf_low"], np.exp(fit.conf_int()[0]), rtol=1e-6)
    np.testing.assert_allclose(generic["conf_high"], np.exp(fit.conf_int()[1]), rtol=1e-6)
    np.testing.assert_allclose(generic["p_value"], fit.pvalues, rtol=1e-6)
    assert "std_error" not in frame
    assert "OR (95% CI)" in res.table("models", exponentiate=True).as_text()


@pytest.mark.parametrize(
    ("formula", "family", "name"),
    [
        ("told ~ x | sex", "poisson", "IRR"),
        ("cost ~ x | sex", "gamma", "Ratio of means"),
    ],
)
def test_ratios_are_named_by_family_and_link(formula, family, name, make_people):
    people = make_people().assign(told=lambda d: d["count"], cost=lambda d: np.exp(d["t"]))
    result = bop.glm(formula, people, family).fit(repeats=1, rng=1)
    assert f"{name} (95% CI)" in result.table("models", exponentiate=True).as_text()


def test_identity_links_have_no_ratios(make_people):
    result = bop.glm("t ~ x | sex", make_people()).fit(repeats=1, rng=1)
    with pytest.raises(ArgumentError, match="exponentiate"):
        result.table("models", exponentiate=True)


def test_reference_levels_have_a_row(res):
    lines = res.table("models").as_text().splitlines()
    assert any(re.match(r"  female +reference$", line) for line in lines)


def test_labels_reach_every_text(res):
    for text in (
        res.summary(labels=LABELS).as_text(),
        res.table("benefit", labels=LABELS).as_text(),
        res.table("groups", labels=LABELS).as_text(),
        res.table("calibration", labels=LABELS).as_text(),
    ):
        assert "Women" in text
        assert "female" not in text
    models = res.table("models", labels=LABELS).as_text()
    assert "HbA1c, %" in models
    assert "Sex × insured" in models or "Sex × Insured" in models
    assert res.evaluation.groups.attributes == ("sex", "insured")


@pytest.mark.parametrize(
    "labels",
    [
        {"sex": 5},
        {"sex": " "},
        ["sex"],
        {"sex=female": "same", "sex=male": "same"},
        {"sex": "x", "insured": "x"},
    ],
)
def test_labels_that_make_no_sense_are_refused(res, labels):
    with pytest.raises(ArgumentError, match="labels"):
        res.table("benefit", labels=labels)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"which": "table1"}, "which"),
        ({"decimals": -1}, "decimals"),
        ({"suppress": 1}, "suppress"),
        ({"prespecified": 3}, "prespecified"),
        ({"cost": "nope"}, "cost"),
    ],
)
def test_bad_options_name_the_argument(res, options, name):
    with pytest.raises(BopError, match=name):
        res.table(**options)


def test_prespecified_is_said(res):
    assert "was pre-specified" in res.table(prespecified=True).as_text()
    assert "was exploratory" in res.table(prespecified=False).as_text()
    assert "Pre-specified: protocol 4." in res.table(prespecified="protocol 4").as_text()


def test_small_groups_are_masked_with_another_one_in_every_table(sparse):
    frame = sparse.table("groups", suppress=11).to_frame()
    masked = frame["n"].isna()
    assert masked[frame["group"].isin(["d", "e"])].all()
    assert not masked.iloc[-1]
    hidden = frame.loc[masked, "group"].tolist()
    figures = sparse.table("benefit", suppress=11).to_frame()
    columns = ["n", "n_eff", "events", "n_changed", "bop", "std_err", "ci_low", "p_benefit"]
    assert figures.loc[figures["group"].isin(hidden), columns].isna().all(axis=None)
    for which in ("groups", "benefit", "calibration"):
        lines = sparse.table(which, suppress=11).as_text().splitlines()
        for group in hidden:
            row = next(line for line in lines if line.startswith(f"{group} "))
            assert not re.search(r"\d", row), row


@pytest.mark.parametrize("form", ["as_text", "as_html", "as_latex", "as_markdown", "as_csv"])
def test_no_format_tells_a_masked_number(sparse, form):
    """Numbers that belong to masked groups alone stand nowhere in what is printed."""
    plain = sparse.frame()
    masked = set(sparse.table("groups", suppress=11).to_frame().query("n.isna()")["group"])
    secret, known = set(), set()
    for row in plain.itertuples():
        values = {f"{v:.6f}" for v in (row.bop, row.ci_low, row.ci_upp, row.cost_generic)}
        (secret if row.group in masked else known).update(values)
    secret -= known
    assert secret
    shown = ""
    for which in ("benefit", "tests"):
        for cost in (None, "zero_one", "sufficiency"):
            shown += getattr(
                sparse.table(which, cost, suppress=11, decimals=6, effect=0.01), form
            )()
    shown += getattr(sparse.summary(suppress=11, effect=0.01), form)()
    assert any(value in shown for value in known)
    for value in secret:
        assert value.lstrip("-") not in shown, value


def test_summary_and_flow_do_not_tell_how_few_were_dropped(sparse):
    summary = sparse.summary(suppress=11).as_text()
    assert f"874 of {MASK}" in summary or f"964 of {MASK}" in summary
    flow = sparse.table("flow", suppress=11)
    assert "3" not in re.sub(r"seed \d+|0\.\d\.\d|\d-fold", "", flow.as_csv())
    assert flow.to_frame()["left"].isna().iloc[0]


def test_masked_models_hide_what_gives_cells_back(sparse):
    frame = sparse.table("models", suppress=11).to_frame()
    personal = frame["term"].str.startswith("g[") | (
        (frame["term"] == "Intercept") & (frame["model"] == "personalized")
    )
    figures = ["estimate", "std_error", "conf_low", "p_value"]
    assert frame.loc[personal, figures].isna().all(axis=None)
    assert frame.loc[~personal, "estimate"].notna().any()


def test_bounds_and_small_groups_are_not_told_under_masking(sparse):
    text = sparse.summary(effect=0.01, suppress=11).as_text()
    assert "depend on masked groups" in text
    assert "at least 0." not in text
    assert "No count of people from 1 to 10 is shown" in text


def test_statistics_that_are_functions_of_counts_are_masked_too(make_people):
    """A saturated model's likelihood, and Q of a 0-1 cost, would be one more equation."""
    people = make_people(600).assign(g=lambda d: np.where(d.index < 5, "few", d["race"]))
    result = bop.glm("y ~ 1 | g", people).fit(repeats=1, rng=1)
    plain, masked = result.summary().as_text(), result.summary(suppress=11).as_text()
    assert "likelihood ratio" in plain
    assert "likelihood ratio" not in masked
    assert f"personalized {MASK}." in result.table("models", suppress=11).as_text()
    heterogeneity = "Heterogeneity of benefit between groups"
    assert heterogeneity in result.table("benefit", "zero_one").as_text()
    assert heterogeneity not in result.table("benefit", "zero_one", suppress=11).as_text()


def test_nothing_is_masked_where_nothing_is_small(res):
    plain, masked = res.table("groups").as_csv(), res.table("groups", suppress=11).as_csv()
    assert plain == masked


def test_several_analyses_stand_side_by_side_or_in_blocks(res, nhanes):
    other = bop.glm("diabetes ~ bmi | sex * insured", nhanes).fit(repeats=1, rng=1)
    beside = bop.summary_table([res, other], model_names=["Pressure", "Diabetes"])
    assert beside.as_csv().splitlines()[0].count("Diabetes: ") == 3
    third = bop.glm("sbp ~ bmi | sex", nhanes).fit(repeats=1, rng=1)
    stacked = bop.summary_table([res, third])
    assert [line for line in stacked.as_text().splitlines() if line in ("high_bp", "sbp")]
    frame = stacked.to_frame()
    assert frame["analysis"].unique().tolist() == ["high_bp", "sbp"]
    np.testing.assert_array_equal(
        frame.loc[frame["analysis"] == "sbp", "bop"], third.frame("squared_error")["bop"]
    )
    with pytest.raises(ArgumentError, match="model_names"):
        bop.summary_table([res, other], model_names=["one"])
    with pytest.raises(ArgumentError, match="results"):
        bop.summary_table([])


def test_given_predictions_have_the_same_tables(make_people):
    people = make_people()
    p = 1 / (1 + np.exp(-people["x"]))
    result = bop.compare(people["y"], np.full(len(people), 0.5), p, groups=people["sex"])
    for which in ("groups", "benefit", "tests", "calibration", "flow"):
        text = result.table(which, suppress=11).as_text()
        assert "given predictions" in text
        assert "seed" not in text
    with pytest.raises(BopError, match="no model"):
        result.table("models")
    assert np.isnan(result.glance()["aic_generic"].iloc[0])


def test_tidy_renames_the_frame(res):
    tidy, frame = res.tidy(), res.frame()
    np.testing.assert_array_equal(tidy["estimate"], frame["bop"])
    np.testing.assert_array_equal(tidy["conf_high"], frame["ci_upp"])
    np.testing.assert_array_equal(tidy["p_value"], frame["p_benefit"])
    assert {"cost", "sex", "insured", "group", "n", "std_error", "conf_low"} <= set(tidy)


def test_glance_has_one_row_with_both_models(res):
    row = res.glance()
    assert len(row) == 1
    row = row.iloc[0]
    assert row["aic_generic"] == pytest.approx(res.generic.aic)
    assert row["bic_personalized"] == pytest.approx(res.personalized.bic_llf)
    assert row["gamma"] == res.gamma().value
    assert row["p_value"] == res.test().pvalue
    assert row["n"] == 3924


def test_augment_has_the_rows_of_the_data(nhanes):
    data = nhanes.sample(400, random_state=1)
    result = bop.glm("high_bp ~ bmi | sex", data).fit(repeats=1, rng=1)
    people = result.augment()
    assert people.index.equals(data.index)
    np.testing.assert_array_equal(people["outcome"], data["high_bp"])
    np.testing.assert_array_equal(people["group"], data["sex"])
    brier = (people["outcome"] - people["predicted_generic"]) ** 2 - (
        people["outcome"] - people["predicted_personalized"]
    ) ** 2
    np.testing.assert_allclose(people["benefit_brier"], brier, atol=1e-12)


def test_augment_needs_rows(nhanes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [bop.glm("sbp ~ bmi | sex", nhanes).fit(repeats=1, rng=i) for i in (1, 2)]
    with pytest.raises(RowsNotKept, match="augment"):
        bop.pool(fits).augment()
    assert np.isnan(bop.pool(fits).glance()["aic_generic"].iloc[0])
