import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.exceptions import ArgumentError, DataError


def frame_of(matrix, design):
    return matrix.frame(design.index)


def sizes(design):
    """Rows in each group, by the labels of its attributes."""
    counts = np.bincount(design.group, minlength=design.groups.n_groups)
    return dict(zip(design.groups.labels, counts.tolist(), strict=True))


# Kinds of columns

CONVERSIONS = {
    "insured": [
        lambda s: s.astype("Int8"),
        lambda s: s.astype("UInt8"),
        lambda s: s.astype("Float64"),
        lambda s: s.astype(object),
        lambda s: s.astype("Int64").astype(object),
    ],
    "x": [lambda s: s.astype("Float64"), lambda s: s.astype(object)],
    "race": [
        lambda s: s.astype("string"),
        lambda s: s.astype(object),
        lambda s: s.astype("category"),
        lambda s: pd.Categorical(s, categories=["Asian", "Black", "Martian", "White"]),
        lambda s: pd.Categorical(s, ordered=True),
        lambda s: s.to_numpy(dtype="U10"),
    ],
}


@pytest.mark.parametrize(
    ("column", "convert"), [(name, each) for name, all_ in CONVERSIONS.items() for each in all_]
)
@pytest.mark.parametrize("formula", ["y ~ x | race * insured", "y ~ x | C(race) * C(insured)"])
def test_every_type_of_column_gives_the_same_design(people, formula, column, convert):
    plain = bop.glm(formula, people).design
    other = bop.glm(formula, people.assign(**{column: convert(people[column])})).design
    names = [name.replace("[T.1.0]", "[T.1]") for name in other.personalized.names]
    assert names == list(plain.personalized.names)
    np.testing.assert_array_equal(
        other.personalized.rows(slice(None)), plain.personalized.rows(slice(None))
    )
    assert sizes(other) == sizes(plain)


@pytest.mark.parametrize("kind", ["string", "int64", "bool"])
def test_arrow_columns_give_the_same_design(people, kind):
    pyarrow = pytest.importorskip("pyarrow", reason="Arrow types need pyarrow")
    column = {"string": "race", "int64": "insured", "bool": "y"}[kind]
    arrow = pd.ArrowDtype(getattr(pyarrow, "bool_" if kind == "bool" else kind)())
    plain = bop.glm("y ~ x | race * insured", people).design
    values = people[column].astype(bool) if kind == "bool" else people[column]
    other = bop.glm(
        "y ~ x | race * insured", people.assign(**{column: values.astype(arrow)})
    ).design
    np.testing.assert_array_equal(
        other.personalized.rows(slice(None)), plain.personalized.rows(slice(None))
    )
    np.testing.assert_array_equal(other.outcome.values, plain.outcome.values)
    assert sizes(other) == sizes(plain)


@pytest.mark.parametrize("dtype", ["bool", "boolean", object])
def test_booleans_are_categorical(people, dtype):
    data = people.assign(old=(people["age"] > 50).astype(dtype))
    design = bop.glm("y ~ x | old", data).design
    assert design.personalized.names == ("Intercept", "old[T.True]", "x")
    assert list(sizes(design)) == ["old=False", "old=True"]


@pytest.mark.parametrize("dtype", ["Int8", "boolean", "string", "Float64", "category", object])
def test_missing_values_of_every_type_drop_their_row(people, dtype):
    values = people["sex"] if dtype in ("string", "category", object) else people["insured"]
    values = values.astype(dtype).mask(np.arange(len(people)) % 5 == 0)
    design = bop.glm("y ~ x | v", people.assign(v=values)).design
    np.testing.assert_array_equal(design.positions, np.flatnonzero(values.notna()))
    kept = values.dropna()
    assert list(sizes(design).values()) == [(kept == v).sum() for v in sorted(kept.unique())]


def test_codes_that_lack_values_are_still_whole_in_labels(people):
    codes = people["region"].astype(float).mask(people.index % 7 == 0)
    design = bop.glm("y ~ x | C(region)", people.assign(region=codes)).design
    assert list(sizes(design)) == [f"region={code}" for code in (1, 2, 3, 4)]


def test_unused_levels_are_left_out_and_a_note_says_so(people):
    race = pd.Categorical(people["race"], categories=["Martian", "White", "Black", "Asian"])
    design = bop.glm("y ~ x | race", people.assign(race=race)).design
    assert design.groups.labels == ("White", "Black", "Asian")
    assert any("Martian" in note for note in design.notes)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.Timestamp("2020-01-01"), "column 'v' has type datetime64"),
        (pd.Timestamp("2020-01-01").date(), "column 'v' holds values of type date"),
        (1j, "column 'v' has complex numbers"),
        ([1, "a"] * 120, "column 'v' mixes int and str"),
        (b"a", "column 'v' holds values of type bytes"),
    ],
)
def test_other_types_are_refused_by_name(people, values, message):
    with pytest.raises(DataError, match=message):
        bop.glm("y ~ v | sex", people.assign(v=values))


# Rows


def with_holes(people):
    holes = people.copy()
    for i, column in enumerate(["y", "x", "race", "age"]):
        holes[column] = holes[column].mask(np.arange(len(holes)) % (i + 5) == 0)
    return holes


def test_both_models_and_the_groups_see_the_same_rows(people):
    holes = with_holes(people)
    used = holes[["y", "x", "race", "sex", "age"]].notna().all(axis=1).to_numpy()
    design = bop.glm("y ~ x | sex * race", holes, event=1, offset="age").design
    np.testing.assert_array_equal(design.positions, np.flatnonzero(used))
    assert design.index.equals(people.index[used])
    for matrix in (design.generic, design.personalized):
        assert len(matrix.rows(slice(None))) == used.sum()
    np.testing.assert_array_equal(frame_of(design.generic, design)["x"], people.loc[used, "x"])
    np.testing.assert_array_equal(design.outcome.values, people.loc[used, "y"])
    np.testing.assert_array_equal(design.offset, people.loc[used, "age"])
    counts = people[used].groupby(["sex", "race"]).size()
    assert list(sizes(design).values()) == counts.tolist()


def test_the_row_flow_adds_up(people):
    holes = with_holes(people)
    keep = people["z"] > 4.5
    flow = bop.glm("y ~ x | race", holes, event=1, subset="z > 4.5", id="age").design.row_flow
    assert flow["step"].tolist() == [
        *("read", "outside subset", "missing y", "missing x", "missing race", "missing id", "used")
    ]
    left = flow["left"].to_numpy()
    assert left[0] == len(people)
    np.testing.assert_array_equal(left[1:], left[:-1] - flow["dropped"].to_numpy()[1:])
    columns = holes.loc[keep, ["y", "x", "race", "age"]].isna()
    assert flow["missing"].iloc[2:6].tolist() == columns.sum().tolist()
    assert left[-1] == (~columns.any(axis=1)).sum()


def test_a_variable_that_is_not_used_drops_nothing(people):
    data = people.assign(unused=np.nan)
    assert bop.glm("y ~ x | sex", data).design.n == len(people)


def test_missing_raise_names_the_column(people):
    with pytest.raises(DataError, match="column 'x' lacks 1 values"):
        bop.glm(
            "y ~ x | sex", people.assign(x=people["x"].mask(people.index == 3)), missing="raise"
        )


@pytest.mark.parametrize(
    "index",
    [
        lambda n: [0] * n,
        lambda n: [f"id{i}" for i in range(n)],
        lambda n: pd.MultiIndex.from_product([range(n // 2), ["a", "b"]]),
        lambda n: np.arange(n)[::-1],
    ],
)
def test_the_index_of_the_data_does_not_matter(people, index):
    plain = bop.glm("log(age) ~ x | sex * race", people, weights="z", weight_type="prob").design
    other = people.set_axis(index(len(people)), axis=0)
    design = bop.glm("log(age) ~ x | sex * race", other, weights="z", weight_type="prob").design
    assert design.index.equals(other.index)
    np.testing.assert_array_equal(
        design.personalized.rows(slice(None)), plain.personalized.rows(slice(None))
    )
    np.testing.assert_array_equal(design.outcome.values, plain.outcome.values)
    np.testing.assert_array_equal(design.weight, plain.weight)


def test_a_mapping_of_columns_is_data_too(people):
    columns = {name: people[name].to_numpy() for name in ("y", "x", "sex")}
    design = bop.glm("y ~ x | sex", columns).design
    np.testing.assert_array_equal(design.generic.rows(slice(None))[:, 1], people["x"])


def test_data_are_left_as_they_were(people):
    before = people.copy(deep=True)
    holes = with_holes(people)
    copy = holes.copy(deep=True)
    bop.glm("y ~ bs(x, df=4) | sex * race", holes, event=1, ref={"race": "White"}).fit(repeats=1)
    pd.testing.assert_frame_equal(people, before)
    pd.testing.assert_frame_equal(holes, copy)


@pytest.mark.parametrize("dtype", ["boolean", object])
def test_rows_of_which_subset_knows_nothing_are_left_out(people, dtype):
    keep = (people["age"] > 50).astype(dtype).mask(people.index % 3 == 0)
    expected = np.flatnonzero((people["age"] > 50) & (people.index % 3 > 0))
    chosen = keep.astype("boolean") if dtype == "boolean" else "chosen"
    design = bop.glm("y ~ x | race", people.assign(chosen=keep), subset=chosen).design
    np.testing.assert_array_equal(design.positions, expected)


# Columns and arrays beside the formula


@pytest.mark.parametrize(
    "give",
    [
        lambda _: "age",
        lambda d: d["age"],
        lambda d: d["age"].to_numpy(),
        lambda d: d["age"].tolist(),
        lambda d: tuple(d["age"]),
        lambda d: d["age"].astype("Int16").array,
        lambda d: pd.Index(d["age"]),
    ],
)
def test_a_column_by_name_or_in_any_array(people, give):
    design = bop.glm("y ~ x | sex", people, weights=give(people), weight_type="freq").design
    np.testing.assert_array_equal(design.weight, people["age"])


def test_offset_and_exposure_add_up_on_the_log_scale(people):
    design = bop.glm("count ~ x | sex", people, "poisson", offset="z", exposure="age").design
    np.testing.assert_allclose(design.offset, people["z"] + np.log(people["age"]))
    design = bop.glm("count ~ x | sex", people, "poisson", exposure="age").design
    np.testing.assert_allclose(design.offset, np.log(people["age"]))


@pytest.mark.parametrize("value", [0, -1])
def test_an_exposure_is_positive(people, value):
    exposure = people["age"].mask(people.index == 3, value)
    with pytest.raises(ArgumentError, match="exposure: got '1 values of at most 0'; allowed: pos"):
        bop.glm("count ~ x | sex", people, "poisson", exposure=exposure)


@pytest.mark.parametrize("role", ["weights", "cluster", "id", "offset", "groups"])
def test_rows_that_lack_a_value_beside_the_formula_are_dropped(people, role):
    data = people.assign(v=people["age"].astype("Int64").mask(people.index % 10 == 0))
    options = {role: "v", **({"weight_type": "prob"} if role == "weights" else {})}
    design = bop.glm("y ~ x | sex", data, **options).design
    np.testing.assert_array_equal(design.positions, np.flatnonzero(people.index % 10))
    assert design.row_flow["dropped"].sum() == 24


def test_a_row_that_is_not_used_may_be_infinite(people):
    data = people.assign(
        x=people["x"].mask(people.index == 0),
        z=people["z"].mask(people.index == 0, np.inf),
        w=people["z"].mask(people.index == 0, np.inf),
    )
    design = bop.glm("y ~ x | sex * z", data, weights="w", weight_type="prob").design
    assert design.n == len(people) - 1


def test_weights_of_the_used_rows_must_not_all_be_zero(people):
    weights = (people["age"] > 50).astype(float)
    with pytest.raises(ArgumentError, match="weights: got 'only zeros'"):
        bop.glm("y ~ x | sex", people, weights=weights, weight_type="prob", subset="age <= 50")


@pytest.mark.parametrize("dtype", ["str", "category", "float64", object])
def test_clusters_are_numbered_by_their_values(people, dtype):
    cluster = people["region"].astype(dtype)
    numbers = bop.glm("y ~ x | sex", people, cluster=cluster).design.cluster
    pairs = set(zip(numbers.tolist(), people["region"], strict=True))
    assert sorted(number for number, _ in pairs) == [0, 1, 2, 3]
    assert len(pairs) == 4
