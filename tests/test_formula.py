import re
import warnings

import numpy as np
import pandas as pd
import patsy
import pytest
import statsmodels.formula.api as smf

import bopstats as bop
from bopstats.exceptions import CodingWarning, DataError, FormulaError, SplitError

LOUD = {"np": np, "log": np.log}


def by_patsy(side, data):
    """The design that patsy builds by itself, with nothing of ours."""
    return patsy.dmatrix(side, data, patsy.EvalEnvironment([LOUD]), return_type="dataframe")


def frame_of(matrix, design):
    return matrix.frame(design.index)


PAIRS = [
    ("x", "sex"),
    ("x + z", "sex * race"),
    ("x", "sex + race + sex:race"),
    ("x", "sex:race"),
    ("x", "race / sex"),
    ("x", "(sex + race + insured)**2"),
    ("x * z", "sex * race - sex:race"),
    ("x", "C(race, Treatment('White')) * sex"),
    ("x", "C(region)"),
    ("x", "C(region, Sum) * sex"),
    ("x", "C(race, Poly)"),
    ("x", "insured"),
    ("x", "insured * sex"),
    ("x", "age * sex"),
    ("x", "I(age > 50)"),
    ("x", "x * sex"),
    ("x", "sex:x"),
    ("x + z", "sex * (x + z) + x:z"),
    ("x + x:z", "z:x + sex"),
    ("clinic", "sex"),
    ("clinic * x", "sex * x"),
    ("C(clinic, Treatment('north'))", "sex"),
    ("log(z) + np.sqrt(age)", "sex"),
    ("center(x) + standardize(z)", "sex * center(x)"),
    ("bs(x, df=5)", "sex"),
    ("bs(x, df=5)", "sex * bs(x, df=5)"),
    ("cr(x, df=4) + cc(age, df=4)", "sex"),
    ("te(cr(x, 3), cr(z, 3))", "sex"),
    ("I(x**2) + x", "sex * I(x**2)"),
    ('Q("weight kg")', 'Q("sex") * Q("weight kg")'),
    ("1", "sex"),
]


@pytest.mark.parametrize(("generic", "personal"), PAIRS)
def test_both_matrices_are_those_of_patsy(people, generic, personal):
    design = bop.glm(f"y ~ {generic} | {personal}", people).design
    first = by_patsy(generic, people)
    both = by_patsy(f"{generic} + {personal}", people)
    pd.testing.assert_frame_equal(
        frame_of(design.generic, design), first, rtol=1e-12, check_index_type=False
    )
    pd.testing.assert_frame_equal(
        frame_of(design.personalized, design), both, rtol=1e-12, check_index_type=False
    )


@pytest.mark.parametrize(("generic", "personal"), PAIRS)
def test_columns_know_their_terms(people, generic, personal):
    design = bop.glm(f"y ~ {generic} | {personal}", people).design
    both = by_patsy(f"{generic} + {personal}", people)
    expected = {
        column: term
        for term, where in both.design_info.term_name_slices.items()
        for column in both.columns[where]
    }
    for matrix in (design.generic, design.personalized):
        for name, term in zip(matrix.names, matrix.term_of, strict=True):
            assert (matrix.terms[term] if term >= 0 else "Intercept") == expected[name]


def test_the_generic_matrix_is_a_view_where_terms_allow(people):
    design = bop.glm("y ~ x + clinic | sex * race", people).design
    assert design.generic.base is design.personalized.base


def test_a_changed_coding_gives_the_generic_model_its_own_matrix(people):
    design = bop.glm("y ~ z:clinic | z * sex", people).design
    own, both = design.generic, design.personalized
    assert not set(own.names) <= set(both.names)
    pd.testing.assert_frame_equal(frame_of(own, design), by_patsy("z:clinic", people))
    pd.testing.assert_frame_equal(
        frame_of(both, design), by_patsy("z:clinic + z * sex", people), check_exact=False
    )
    stacked = np.hstack([own.rows(slice(None)), both.rows(slice(None))])
    assert np.linalg.matrix_rank(stacked) == np.linalg.matrix_rank(both.rows(slice(None)))


@pytest.mark.parametrize(
    "formula",
    ["y ~ x | sex * race", "y ~ bs(z, df=4) | sex", "y ~ z:clinic | z * sex", "y ~ x | insured"],
)
def test_coefficients_are_those_of_smf_glm(people, formula):
    outcome, _, sides = formula.partition("~")
    generic, _, personal = sides.partition("|")
    result = bop.glm(formula, people).fit(cv=None)
    for ours, side in (
        (result.generic, generic),
        (result.personalized, f"{generic} + {personal}"),
    ):
        theirs = smf.glm(f"{outcome} ~ {side}", people, family=ours.model.family).fit()
        np.testing.assert_allclose(ours.params[theirs.params.index], theirs.params, rtol=1e-8)
        np.testing.assert_allclose(ours.bse[theirs.params.index], theirs.bse, rtol=1e-8)


def test_terms_of_the_right_side_that_the_left_has_are_not_repeated(people):
    design = bop.glm("y ~ x + z | sex * x + z", people).design
    assert design.personalized.terms.count("x") == 1
    assert set(design.personalized.terms) == {"x", "z", "sex", "sex:x"}


# Groups


def sizes(design):
    """Rows in each group, by the labels of its attributes."""
    counts = np.bincount(design.group, minlength=design.groups.n_groups)
    return dict(zip(design.groups.labels, counts.tolist(), strict=True))


def by_pandas(people, *columns):
    """Sizes by label; levels that are no text come with their attribute's name."""

    def label(key):
        pairs = zip(columns, key, strict=True)
        return ", ".join(v if isinstance(v, str) else f"{name}={v}" for name, v in pairs)

    counts = people.value_counts(list(columns), sort=False).sort_index()
    return {label(key): int(size) for key, size in counts.items()}


@pytest.mark.parametrize(
    ("personal", "columns"),
    [
        ("sex * race", ["sex", "race"]),
        ("race * sex", ["race", "sex"]),
        ("sex:race", ["sex", "race"]),
        ("sex + race + insured", ["sex", "race", "insured"]),
        ("C(race, Treatment('White')) * sex", ["race", "sex"]),
        ("C(region) * sex", ["region", "sex"]),
        ("C(race) + Q('sex')", ["race", "sex"]),
        ("C(Q('race'), Sum)", ["race"]),
        ("sex * age", ["sex"]),
        ("sex * x", ["sex"]),
        ("sex + C(sex)", ["sex"]),
    ],
)
def test_groups_are_the_crossing_of_the_bare_variables(people, personal, columns):
    design = bop.glm(f"y ~ x | {personal}", people).design
    assert design.groups.attributes == tuple(columns)
    assert sizes(design) == by_pandas(people, *columns)


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("I(age > 50)", "age > 50"),
        ("C(age > 50)", "age > 50"),
        ("C(np.where(age > 50, 'old', 'young'))", "np.where(age > 50, 'old', 'young')"),
        ("race.str.upper()", "race.str.upper()"),
    ],
)
def test_an_attribute_made_by_an_expression_is_called_like_it(people, term, name):
    assert bop.glm(f"y ~ x | {term}", people).design.groups.attributes == (name,)


def test_a_condition_makes_two_groups(people):
    design = bop.glm("y ~ x | C(region > 2)", people).design
    counts = (people["region"] > 2).value_counts()
    assert sizes(design) == {
        "(region > 2)=False": counts[False],
        "(region > 2)=True": counts[True],
    }


def test_empty_crossings_stay(people):
    few = people[~((people["sex"] == "male") & (people["race"] == "Asian"))]
    design = bop.glm("y ~ x | sex * race", few).design
    assert sizes(design)["male, Asian"] == 0
    assert design.groups.n_groups == 6


@pytest.mark.parametrize("personal", ["race", "C(race)", "C(race, Treatment('Black'))"])
def test_a_level_that_lost_all_its_rows_stays(people, personal):
    holes = people.assign(x=people["x"].where(people["race"] != "White"))
    design = bop.glm(f"y ~ x | {personal}", holes).design
    assert sizes(design) == {
        "Asian": (people["race"] == "Asian").sum(),
        "Black": (people["race"] == "Black").sum(),
        "White": 0,
    }


def test_a_number_that_lost_one_of_its_two_values_keeps_both(people):
    holes = people.assign(x=people["x"].where(people["insured"] == 1))
    design = bop.glm("y ~ x | insured + sex", holes).design
    assert sizes(design)["insured=0, female"] == sizes(design)["insured=0, male"] == 0


def test_a_level_lost_by_groups_stays(people):
    holes = people.assign(x=people["x"].where(people["race"] != "White"))
    design = bop.glm("y ~ x | age", holes, groups="race").design
    assert sizes(design)["White"] == 0


@pytest.mark.parametrize("groups", [None, "race"])
def test_what_subset_leaves_out_is_no_group(people, groups):
    design = bop.glm("y ~ x | race", people, subset="race != 'White'", groups=groups).design
    assert list(sizes(design)) == ["Asian", "Black"]


@pytest.mark.parametrize(
    ("groups", "attributes"),
    [
        ("race", ("race",)),
        (["race", "sex"], ("race", "sex")),
        (lambda d: d["race"], ("race",)),
        (lambda d: d["race"].to_numpy(), ("group1",)),
        (lambda d: ["sex", d["race"].to_numpy()], ("sex", "group2")),
    ],
)
def test_groups_by_name_or_values(people, groups, attributes):
    chosen = groups(people) if callable(groups) else groups
    design = bop.glm("y ~ x | age", people, groups=chosen).design
    assert design.groups.attributes == attributes
    columns = [{"group1": "race", "group2": "race"}.get(a, a) for a in attributes]
    assert sorted(sizes(design).values()) == sorted(by_pandas(people, *columns).values())


def test_ref_sets_the_first_level_of_matrix_and_groups(people):
    design = bop.glm("y ~ x | race", people, ref={"race": "White"}).design
    assert design.groups.labels == ("White", "Asian", "Black")
    expected = by_patsy("C(race, Treatment('White')) + x", people)
    got = frame_of(design.personalized, design)
    for level in ("Asian", "Black"):
        theirs = expected[f"C(race, Treatment('White'))[T.{level}]"]
        np.testing.assert_array_equal(got[f"race[T.{level}]"], theirs)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ({"race": "Whit"}, r"ref\['race'\]: got 'Whit'; allowed: one of .*did you mean 'White'"),
        ({"rase": "White"}, r"ref: got 'rase'; allowed: .*did you mean 'race'"),
        ({"x": 1}, r"ref\['x'\]: got 1; allowed: a level of a categorical column"),
    ],
)
def test_a_bad_reference_is_named(people, ref, message):
    with pytest.raises(bop.BopError, match=message):
        bop.glm("y ~ x | race", people, ref=ref)


def test_a_number_makes_no_groups_and_a_note_says_so(people):
    design = bop.glm("y ~ x | age * sex", people).design
    assert design.groups.attributes == ("sex",)
    assert any("age is numeric" in note and "no groups" in note for note in design.notes)


@pytest.mark.parametrize("dtype", ["int64", "Int8", "float64"])
def test_whole_numbers_that_look_like_codes_warn(people, dtype):
    data = people.astype({"region": dtype})
    said = r"'region' .* 4 distinct whole numbers.*C\(region\)"
    with pytest.warns(CodingWarning, match=said) as caught:
        bop.glm("y ~ x | region + sex", data)
    assert caught[0].filename == __file__


def test_codes_that_are_declared_do_not_warn(people):
    design = bop.glm("y ~ x | C(region)", people).design
    assert sizes(design) == by_pandas(people, "region")


@pytest.mark.parametrize(
    ("personal", "constant"),
    [
        ("sex * race", True),
        ("sex * insured", True),
        ("sex * age", False),
        ("sex * x", False),
    ],
)
def test_it_is_known_whether_personal_terms_are_constant_within_groups(people, personal, constant):
    design = bop.glm(f"y ~ x | {personal}", people).design
    added = [name for name in design.personalized.names if name not in design.generic.names]
    spread = frame_of(design.personalized, design)[added].groupby(design.group).std().fillna(0)
    assert (spread.to_numpy() == 0).all() == constant
    assert design.shifts_only == constant


@pytest.mark.parametrize(
    "term",
    [
        "C(race.map({'White': 'w'}))",
        "pd.cut(age, [30, 50])",
        "C(np.where(age > 50, race, None))",
    ],
)
@pytest.mark.parametrize("formula", ["y ~ x | {}", "y ~ {} | sex"])
def test_a_term_that_makes_missing_labels_is_an_error(people, formula, term):
    with pytest.raises(bop.BopError, match=r"missing values|has no value in some rows"):
        bop.glm(formula.format(term), people)


@pytest.mark.parametrize("term", ["log(x)", "np.sqrt(x)", "I(1 / insured)", "I(x / 0)"])
def test_a_term_that_is_not_finite_is_named_without_noise(people, term):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="values that are infinite or undefined"):
            bop.glm(f"y ~ {term} | sex", people)


# What a formula may see


def double(values):
    return 2 * values


def test_functions_modules_and_scalars_of_the_caller_are_usable(people):
    half, cuts = 0.5, [19, 50, 90]

    def triple(values):
        return 3 * values

    formula = "y ~ double(x) + triple(x) + I(half * z) + I(np.pi * x) | C(pd.cut(age, cuts))"
    design = bop.glm(formula, people).design
    got = frame_of(design.generic, design)
    np.testing.assert_allclose(got["double(x)"], 2 * people["x"])
    np.testing.assert_allclose(got["triple(x)"], 3 * people["x"])
    np.testing.assert_allclose(got["I(half * z)"], half * people["z"])
    np.testing.assert_allclose(got["I(np.pi * x)"], np.pi * people["x"])
    expected = pd.cut(people["age"], cuts).value_counts(sort=False)
    assert list(sizes(design).values()) == expected.tolist()


def test_methods_of_columns_are_usable(people):
    design = bop.glm("y ~ x.clip(-1, 1) | sex", people).design
    np.testing.assert_allclose(frame_of(design.generic, design).iloc[:, 1], people["x"].clip(-1, 1))


def test_a_column_goes_before_a_name_of_the_session(people):
    z = 0.0
    design = bop.glm("y ~ z | sex", people).design
    assert z == 0
    np.testing.assert_array_equal(frame_of(design.generic, design)["z"], people["z"])


def test_a_column_may_be_called_like_a_transform(people):
    data = people.assign(C=people["x"], log=people["z"], np=people["x"])
    design = bop.glm("y ~ log(z) | C(race)", data).design
    np.testing.assert_allclose(frame_of(design.generic, design)["log(z)"], np.log(people["z"]))
    assert design.groups.attributes == ("race",)
    assert bop.glm("y ~ C + log + np | race", data).design.generic.terms == ("C", "log", "np")


@pytest.mark.parametrize("kind", [np.asarray, pd.Series, lambda v: pd.DataFrame({"a": v})])
@pytest.mark.parametrize("term", ["rows", "I(x + rows)", "double(rows)", "rows.a"])
def test_arrays_of_the_session_are_refused(people, kind, term):
    rows = kind(people["x"])
    with pytest.raises(FormulaError, match=r"'rows' is not in the data.*an array in the session"):
        bop.glm(f"y ~ {term} | sex", people)
    assert len(rows) == len(people)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ xx | sex", "column 'xx' is not in the data"),
        ("y ~ x | rase", r"column 'rase' is not in the data \(did you mean 'race'\?\)"),
        ("yy ~ x | sex", "column 'yy' is not in the data"),
        ("y ~ log(agee) | sex", r"column 'agee' .*did you mean 'age'"),
        ("y ~ Q('weight') | sex", r"column 'weight' .*did you mean 'weight kg'"),
        ("y ~ len | sex", "column 'len' is not in the data"),
        ("y ~ lgo(x) | sex", r"function 'lgo' is not known \(did you mean 'log'\?\)"),
    ],
)
def test_unknown_names_are_told_with_the_nearest(people, formula, message):
    with pytest.raises(FormulaError, match=message) as caught:
        bop.glm(formula, people)
    said, shown, carets = str(caught.value).rsplit("\n", 2)
    start = carets.index("^")
    assert shown[start : len(carets)].strip("'") in said


# Transforms that learn

STATEFUL = [
    "center(x)",
    "standardize(x)",
    "scale(x) + z",
    "bs(x, df=5)",
    "bs(x, df=6, degree=2)",
    "cr(x, df=4)",
    "cc(x, df=4)",
    "te(cr(x, 3), cr(z, 3))",
    "bs(center(x), df=4)",
    "center(x) * clinic",
]


@pytest.mark.parametrize("generic", STATEFUL)
def test_transforms_learn_from_the_training_rows_only(people, generic):
    design = bop.glm(f"y ~ {generic} | sex * race", people).design
    train = np.flatnonzero(np.arange(len(people)) % 3 > 0)
    learned = design.relearn(train)[:2]
    low, high = people["x"].iloc[train].min(), people["x"].iloc[train].max()
    clipped = people.assign(x=people["x"].clip(low, high)) if "bs(" in generic else people
    for matrix, side in zip(learned, (generic, f"{generic} + sex * race"), strict=True):
        info = by_patsy(side, people.iloc[train]).design_info
        theirs = patsy.build_design_matrices([info], clipped, return_type="dataframe")[0]
        ours = matrix.frame(design.index)
        assert list(ours.columns) == list(theirs.columns)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_a_learning_transform_on_the_right_learns_too(people):
    design = bop.glm("y ~ x | sex * center(age)", people).design
    train = np.arange(100)
    matrix = design.relearn(train)[1].frame(design.index)
    np.testing.assert_allclose(matrix["center(age)"], people["age"] - people["age"][:100].mean())


def test_rows_beyond_the_training_range_of_a_spline_are_noted(people):
    design = bop.glm("y ~ bs(x, df=4) | sex", people).design
    order = np.argsort(people["x"].to_numpy())
    notes = design.relearn(np.sort(order[10:-10]))[2]
    assert any("bs(x, df=4)" in note and "moved to its edge" in note for note in notes)
    assert design.relearn(np.arange(design.n))[2] == ()


def test_nothing_is_learned_anew_without_such_transforms(people):
    assert bop.glm("y ~ log(z) + x**2 | sex", people).design.relearn is None


def test_held_out_predictions_use_the_learned_transforms(people):
    train, test = np.arange(0, 160), np.arange(160, 240)
    result = bop.glm(
        "t ~ standardize(x) + bs(z, df=4, lower_bound=0, upper_bound=10) | sex", people
    )
    rows = result.fit(cv=[(train, test)], explain=False).evaluation.rows[0]
    side = "standardize(x) + bs(z, df=4, lower_bound=0, upper_bound=10)"
    for ours, formula in ((rows.mu_generic, side), (rows.mu_personalized, f"{side} + sex")):
        theirs = smf.ols(f"t ~ {formula}", people.iloc[train]).fit().predict(people.iloc[test])
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("bs(x, df=4, lower_bound=0, upper_bound=1)", "outside of the bounds"),
        ("bs(x, df=1)", "df=1 is too small"),
        ("bs(x, df=4, dof=3)", "unexpected keyword"),
    ],
)
def test_a_transform_that_cannot_be_computed_is_one_clear_error(people, term, message):
    with pytest.raises(FormulaError, match=message):
        bop.glm(f"y ~ {term} | sex", people)


@pytest.mark.parametrize("term", ["site", "C(site)", "C(site, Treatment('a'))", "x * site"])
def test_a_generic_level_unseen_in_training_is_named(people, term):
    site = np.where(np.arange(len(people)) < 3, "rare", "a")
    site[100:] = "b"
    model = bop.glm(f"y ~ {term} | sex", people.assign(site=site))
    split = (np.arange(3, 200), np.r_[0:3, 200:240])
    with pytest.raises(SplitError, match=r"column 'site': level 'rare' has 3 test rows"):
        model.fit(cv=[split])


# Sides


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ clinic | clinic",
        "y ~ clinic | clinic * sex",
        "y ~ C(region) | region * sex",
        "y ~ region | C(region) * sex",
        "y ~ x:clinic | clinic",
        "y ~ x + C(clinic, Sum) | sex + clinic",
    ],
)
def test_a_categorical_variable_on_both_sides_is_an_error(people, formula):
    with pytest.raises(FormulaError, match="categorical and stands on both sides of the bar"):
        bop.glm(formula, people)


@pytest.mark.parametrize("formula", ["y ~ x | x", "y ~ x | 1", "y ~ x + z | x:z", "y ~ log(z) | z"])
def test_no_attribute_of_its_own_on_the_right_is_an_error(people, formula):
    with pytest.raises(FormulaError, match="no personal attribute"):
        bop.glm(formula, people)


def test_no_attribute_that_makes_groups_needs_groups(people):
    with pytest.raises(FormulaError, match=r"makes groups .*groups=\[...\]"):
        bop.glm("y ~ x | age", people)
    assert bop.glm("y ~ x | age", people, groups="sex").design.groups.attributes == ("sex",)


@pytest.mark.parametrize(
    ("file", "formula", "options"),
    [
        ("nhanes2017", "high_bp ~ bmi + hba1c + sleep_hours | sex * race_ethnicity", {}),
        ("nhanes2017", "sbp ~ bmi * age | insured + sex", {}),
        ("support2_small", "hospdead ~ age + bs(meanbp, df=4) | sex * race", {}),
        ("nhefs", "death ~ age + smokeintensity | sex_label * race_label", {}),
        ("student_por", "G3 ~ absences + studytime | sex * address", {"family": "gaussian"}),
    ],
)
def test_real_data_with_missing_values_give_the_design_of_patsy(shared, file, formula, options):
    pytest.importorskip("pyarrow", reason="the data are Parquet files")
    data = pd.read_parquet(shared / "data" / f"{file}.parquet")
    outcome, _, sides = formula.partition("~")
    generic = sides.partition("|")[0]
    design = bop.glm(formula, data, **options).design
    names = [name for name in data if re.search(rf"\b{name}\b", formula)]
    plain = data[names].dropna()
    assert design.index.equals(plain.index)
    for name in names:
        if pd.api.types.is_numeric_dtype(plain[name]):
            plain[name] = plain[name].astype(float)
    np.testing.assert_array_equal(design.outcome.values, plain[outcome.strip()])
    for matrix, side in ((design.generic, generic), (design.personalized, sides.replace("|", "+"))):
        theirs = by_patsy(side, plain)
        assert list(matrix.names) == list(theirs.columns)
        np.testing.assert_allclose(matrix.rows(slice(None)), theirs, rtol=1e-12)


def test_terms_stand_in_the_order_of_the_formula(people):
    design = bop.glm("y ~ x + race + age | sex * insured", people).design
    assert design.generic.terms == ("x", "race", "age")
    assert design.personalized.terms == ("x", "race", "age", "sex", "insured", "sex:insured")
    first = [i for i, name in enumerate(design.personalized.names) if name.startswith("race[")]
    assert (design.personalized.term_of[first] == 1).all()


ASSEMBLED = [
    "y ~ x + z | sex * race",
    "y ~ x * z + C(k) + np.log(z) | sex + race:x",
    "y ~ center(x) + bs(z, df=5) | sex * race * C(k, Sum)",
    "y ~ x:z:C(k) | race + x:sex",
    "y ~ 1 | sex",
    "y ~ C(k, Poly):race2 + standardize(x):bs(z, df=4) | sex",
]


@pytest.mark.parametrize("formula", ASSEMBLED)
@pytest.mark.parametrize("cells", [1 << 14, 1])
def test_assembled_matrices_are_those_of_patsy(formula, cells, monkeypatch):
    """Any rows of them, by slice and by number, with categorical columns from a table or not."""
    monkeypatch.setattr("bopstats.formula.assembled._MOST_CELLS", cells)
    rng = np.random.default_rng(4)
    people = pd.DataFrame({"x": rng.normal(size=300), "z": rng.uniform(1, 3, 300)})
    people["k"] = rng.integers(0, 4, 300)
    for name, levels in (("sex", "fm"), ("race", "abc"), ("race2", "uvw")):
        people[name] = rng.choice(list(levels), 300)
    people["y"] = rng.normal(size=300)
    design = bop.glm(formula, people).design
    left, right = formula.removeprefix("y ~ ").split(" | ")
    for matrix, text in ((design.generic, left), (design.personalized, f"{left} + {right}")):
        theirs = patsy.dmatrix(text, people)
        assert matrix.names == tuple(theirs.design_info.column_names)
        some = rng.integers(0, 300, 40)
        np.testing.assert_array_equal(matrix.rows(slice(None)), theirs)
        np.testing.assert_array_equal(matrix.rows(slice(17, 400)), theirs[17:])
        np.testing.assert_array_equal(matrix.rows(some), theirs[some])
        for j in range(matrix.n_columns):
            np.testing.assert_array_equal(matrix.column(j), theirs[:, j])


def test_a_design_keeps_the_data_as_they_were():
    """Columns of the data are used as they are, but later changes to the data do not reach them."""
    people = pd.DataFrame({"x": np.arange(40.0), "sex": ["f", "m"] * 20})
    people["y"] = np.cos(people["x"])
    design = bop.glm("y ~ x | sex", people).design
    before = design.personalized.rows(slice(None))
    people.loc[3, "x"] = 1000.0
    people["x"] *= 2
    np.testing.assert_array_equal(design.personalized.rows(slice(None)), before)
