"""Rows read and dropped by group, against counts made with plain pandas."""

import numpy as np
import pandas as pd
import pytest

import bopstats as bop


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(4)
    n = 900
    data = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "sex": rng.choice(["f", "m"], n),
            "race": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
            "site": rng.choice([3, 5, 8], n),
            "insured": rng.choice([0.0, 1.0], n),
            "age": rng.integers(20, 80, n).astype(float),
        }
    )
    data["y"] = data["x"] + (data["sex"] == "f") + rng.normal(size=n)
    for name, share in (("x", 0.1), ("sex", 0.03), ("race", 0.05), ("insured", 0.02), ("y", 0.04)):
        data.loc[rng.random(n) < share, name] = np.nan
    data.loc[rng.random(n) < 0.06, "age"] = np.nan
    return data


def counts(model):
    """The design's counts by label, unknown last."""
    labels = [*model.design.groups.labels, "unknown"]
    frame = pd.DataFrame({"read": model.design.read, "dropped": model.design.dropped}, labels)
    assert frame["read"].sum() == model.design.row_flow["left"].iloc[0] - (
        model.design.row_flow.set_index("step")["dropped"].get("outside subset", 0)
    )
    assert (frame["read"] - frame["dropped"]).sum() == model.design.n
    return frame


def check(found, key, used):
    """Compare with value_counts of a key (missing where the group is not known)."""
    for label in found.index[:-1]:
        assert found.loc[label, "read"] == (key == label).sum(), label
        assert found.loc[label, "dropped"] == ((key == label) & ~used).sum(), label
    assert found.loc["unknown", "read"] == key.isna().sum()
    assert found.loc["unknown", "dropped"] == key.isna().sum()


def test_simple_variables(people):
    found = counts(bop.glm("y ~ x | sex * race", people))
    key = (people["sex"] + ", " + people["race"]).where(people[["sex", "race"]].notna().all(axis=1))
    check(found, key, people[["y", "x", "sex", "race"]].notna().all(axis=1))


def test_a_reference_level_and_a_subset(people):
    found = counts(bop.glm("y ~ x | race", people, ref={"race": "c"}, subset="age > 40"))
    assert list(found.index) == ["c", "a", "b", "unknown"]
    kept = people[people["age"] > 40]
    check(found, kept["race"], kept[["y", "x", "race"]].notna().all(axis=1))


@pytest.mark.parametrize("written", ["C(site)", "C(site, Treatment(5))"])
def test_codes(people, written):
    found = counts(bop.glm(f"y ~ x | {written}", people))
    key = "site=" + people["site"].astype(str)
    check(found, key, people[["y", "x"]].notna().all(axis=1))


def test_two_numbers(people):
    found = counts(bop.glm("y ~ x | insured", people))
    key = people["insured"].map({0.0: "insured=0", 1.0: "insured=1"})
    check(found, key, people[["y", "x", "insured"]].notna().all(axis=1))


def test_expressions(people):
    found = counts(bop.glm("y ~ x | C(age > 50)", people))
    key = (people["age"] > 50).map({False: "no", True: "yes"}).where(people["age"].notna())
    found.index = ["no", "yes", "unknown"]
    check(found, key, people[["y", "x", "age"]].notna().all(axis=1))


def test_columns_that_are_named(people):
    found = counts(bop.glm("y ~ x | sex", people, groups=["race", "site"]))
    key = (people["race"] + ", site=" + people["site"].astype(str)).where(people["race"].notna())
    check(found, key, people[["y", "x", "sex", "race"]].notna().all(axis=1))


def test_categoricals_booleans_and_nullable_types(people):
    data = people.assign(
        race=people["race"].astype(pd.CategoricalDtype(["b", "a", "c", "never"])),
        insured=people["insured"].astype("boolean"),
    )
    found = counts(bop.glm("y ~ x | race + insured", data))
    both = people[["race", "insured"]].notna().all(axis=1)
    texts = people["insured"].map({0.0: "insured=False", 1.0: "insured=True"})
    key = (people["race"] + ", " + texts).where(both)
    check(found, key, people[["y", "x", "race", "insured"]].notna().all(axis=1))


def test_a_level_that_only_dropped_rows_have(people):
    data = people.copy()
    data.loc[:6, "race"], data.loc[:6, "x"] = "rare", np.nan
    found = counts(bop.glm("y ~ x | race", data))
    check(found, data["race"], data[["y", "x", "race"]].notna().all(axis=1))
    assert found.loc["rare"].tolist() == [7, 7]


def table_of(people, **options):
    res = bop.glm("y ~ x | sex * race", people).fit(rng=1, repeats=1, explain=False)
    return res.table("groups", **options)


def test_the_table_shows_them(people):
    table = table_of(people)
    frame = table.to_frame()
    known = people[["sex", "race"]].notna().all(axis=1)
    used = people[["y", "x", "sex", "race"]].notna().all(axis=1)
    assert frame["read"].tolist()[-1] == len(people)
    assert frame["missing"].tolist()[-1] == (~used).sum()
    assert frame["read"].iloc[:-1].sum() == known.sum()
    assert (frame["read"] - frame["missing"] == frame["n"]).all()
    assert "Read,Missing" in table.as_csv()
    assert f"group is not known ({(~known).sum()})" in " ".join(table.as_text().split())


def test_without_dropped_rows_there_is_nothing_to_show(people):
    table = table_of(people.dropna())
    assert "Read" not in table.as_text().split("\n", 4)[2]
    assert "missing" not in table.to_frame()


@pytest.mark.parametrize("k", [3, 6, 11, 25, 60])
def test_small_numbers_of_dropped_rows_are_masked(people, k):
    whole, shown = table_of(people), table_of(people, suppress=k)
    before, after = whole.to_frame(), shown.to_frame()
    hidden = after["missing"].isna()
    assert (after["read"].isna() == hidden).all()
    missing = before["missing"].astype(int)
    assert not missing[~hidden].between(1, k - 1).any()
    assert hidden[after["n"].isna()].all()
    note = " ".join(shown.as_text().split()).partition("group is not known (")[2]
    unknown = int(people[["sex", "race"]].isna().any(axis=1).sum())
    told = not note.startswith("[c]")
    assert not (told and 0 < unknown < k)
    if hidden.any() and not hidden.iloc[-1]:
        # The union of what is hidden is known, so it must be safe.
        rest = missing.iloc[-1] - missing.iloc[:-1][~hidden.iloc[:-1]].sum() - told * unknown
        assert rest >= k
        assert hidden.iloc[:-1].sum() + (not told) >= 2


def test_given_predictions_have_no_dropped_rows(people):
    data = people.dropna()
    res = bop.compare(data["y"], data["x"], data["x"] + 0.1, groups=data["sex"])
    assert "missing" not in res.table("groups").to_frame()
    res.table("groups", suppress=11).as_text()
