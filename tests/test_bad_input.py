"""Bad input gets one clear error: what is wrong, what it was, what is allowed."""

import warnings

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.exceptions import (
    ArgumentError,
    DataError,
    FormulaError,
    OutcomeError,
    SplitError,
)

FORMULA = "y ~ x | sex * race"
ROWS = np.arange(240)


def run(data, formula=FORMULA, fit=None, **options):
    return bop.glm(formula, data, **options).fit(repeats=1, **(fit or {}))


def holes(data, column, where):
    return data.assign(**{column: data[column].mask(where)})


FORMULAS = {
    "no bar": ("y ~ x", "no bar; write 'outcome ~ generic terms | personal terms'"),
    "no tilde": ("y", "no '~' between the outcome and the generic model"),
    "nothing": ("", "no '~'"),
    "empty outcome": ("~ x | sex", "the outcome is empty"),
    "empty generic side": ("y ~ | sex", "the generic side is empty; write 1 for a model"),
    "empty personal side": ("y ~ x |", "the personal side is empty"),
    "categorical on both sides": ("y ~ x + sex | sex * race", "'sex' .* stands on both sides"),
    "no attribute": ("y ~ x + z | x", "no personal attribute; .* beyond .*'x', 'z'"),
    "unknown column": ("y ~ x | sexx", r"column 'sexx' is not in the data \(did you mean 'sex'"),
    "unknown function": ("y ~ lgo(x) | sex", r"function 'lgo' .* \(did you mean 'log'"),
    "unclosed bracket": ("y ~ (x | sex", r"'\(' is not closed"),
    "syntax": ("y ~ x + * z | sex", "expected a noun"),
    "not Python": ("y ~ I(x +) | sex", "is not a valid expression"),
    "no intercept": ("y ~ 0 + x | sex", "the intercept cannot be removed"),
    "no groups": ("y ~ x | age", r"no personal attribute makes groups .* groups=\[...\]"),
    "no formula": (None, "got None; allowed: a string such as 'y ~ x | sex'"),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(people, name):
    formula, message = FORMULAS[name]
    with pytest.raises(FormulaError, match=f"^formula: (.* )?{message}"):
        run(people, formula)


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ("y ~ x + $ z | sex", "$"),
        ("y ~ x | sex * (race", "(race"),
        ("y ~ I(x +) | sex", "I(x +)"),
        ("y ~ x | sex + nowhere", "nowhere"),
        ("y ~ x + y | sex", "y |"),
    ],
)
def test_formula_errors_have_a_caret_under_the_place(people, formula, place):
    with pytest.raises(FormulaError) as caught:
        run(people, formula)
    shown, carets = str(caught.value).splitlines()[-2:]
    assert abs(carets.index("^") - shown.index(place)) <= 1  # patsy points before a stray sign


CV = {
    "overlap": ([(ROWS[:200], ROWS[199:])], SplitError, r"cv\[0\]: row 199 is in both halves"),
    "twice tested": (
        [(ROWS[:100], ROWS[200:]), (ROWS[100:200], ROWS[239:])],
        SplitError,
        r"cv\[1\]: row 239 is in two test sets",
    ),
    "repeated": ([(np.r_[0, ROWS[:200]], ROWS[200:])], SplitError, r"cv\[0\]: row 0 is twice"),
    "out of range": (
        [(ROWS[:200], ROWS[200:] + 1)],
        ArgumentError,
        r"cv\[0\]: got 'positions 201…240'; allowed: 0…239",
    ),
    "one fold": (1, ArgumentError, "cv: got 1; allowed: an integer of at least 2"),
    "more folds than rows": (241, ArgumentError, "cv: got 241; allowed: .* at most 240"),
    "share of 1": (1.0, ArgumentError, "cv: got 1.0; allowed: .* a test share in"),
    "text": ("five", ArgumentError, "cv: got 'five'; allowed: an integer number of folds"),
}


@pytest.mark.parametrize("name", CV)
def test_cv(people, name):
    cv, error, message = CV[name]
    with pytest.raises(error, match=message):
        bop.glm(FORMULA, people).fit(cv=cv)


def test_given_pairs_cannot_be_repeated(people):
    with pytest.raises(
        ArgumentError, match="repeats: got 3; allowed: None or 1, since cv= as expl"
    ):
        bop.glm(FORMULA, people).fit(cv=[(ROWS[:200], ROWS[200:])], repeats=3)


def test_a_training_set_that_lacks_a_group_names_both(people):
    rows = np.flatnonzero(people["race"] == "Asian")
    split = (np.setdiff1d(ROWS, rows), rows)
    with pytest.raises(SplitError, match=r"training set 1 of 1 lacks group 'female, Asian'.*merge"):
        bop.glm(FORMULA, people).fit(cv=[split])


def test_a_generic_level_unseen_in_training_names_column_and_level(people):
    rows = np.flatnonzero(people["clinic"] == "east")
    split = (np.setdiff1d(ROWS, rows), rows)
    with pytest.raises(SplitError, match=r"column 'clinic': level 'east' .* training set 1; merge"):
        bop.glm("y ~ x + clinic | sex", people).fit(cv=[split])


def test_no_more_folds_than_clusters_in_the_smallest_group(people):
    cluster = np.where(people["sex"] == "male", ROWS % 3, ROWS)
    with pytest.raises(SplitError, match=r"cv: got 5 folds; allowed: at most 3, .*group 'male'"):
        run(people, "y ~ x | sex", cluster=cluster)


def test_a_too_small_group_is_an_error_when_all_are_required(people):
    lone = people.assign(sex=people["sex"].mask(ROWS == 0, "lone"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its coefficient is not estimable
        result = run(lone, "y ~ x | sex")
    assert result.test().covers == (2, 3)
    with pytest.raises(bop.BopError, match="lone"):
        result.test(require_all=True)


DATA = {
    "all rows dropped": (
        lambda d: holes(holes(d, "x", ROWS < 120), "race", ROWS >= 120),
        DataError,
        "data: no row is left",
    ),
    "no rows": (lambda d: d.iloc[:0], DataError, "data: no rows"),
    "one group": (
        lambda d: d.assign(sex="female", race="White"),
        DataError,
        r"groups: all used rows are in one group \(female, White\); allowed: at least two",
    ),
    "infinite value": (
        lambda d: d.assign(x=d["x"].mask(ROWS == 9, np.inf)),
        DataError,
        "column 'x' has 1 infinite values; allowed: finite numbers",
    ),
    "infinite level": (
        lambda d: d.assign(x=pd.Categorical(np.where(ROWS == 9, np.inf, ROWS % 3.0))),
        DataError,
        "column 'x' has 1 infinite values; allowed: finite numbers",
    ),
    "infinite outcome": (
        lambda d: d.assign(y=d["x"].mask(ROWS == 9, -np.inf)),
        DataError,
        "column 'y' has 1 infinite values; allowed: finite numbers",
    ),
    "unknown type": (
        lambda d: d.assign(x=np.datetime64("2020-01-01")),
        DataError,
        "column 'x' has type datetime64.*; allowed: numbers, booleans, strings, categoricals",
    ),
    "mixed types": (
        lambda d: d.assign(race=[1, "a"] * 120),
        DataError,
        "column 'race' mixes int and str; allowed: one kind",
    ),
    "column twice": (
        lambda d: d.set_axis(["y", "x", "x", *d.columns[3:]], axis=1),
        DataError,
        "data: column 'x' is there more than once",
    ),
    "columns of different lengths": (
        lambda _: {"y": [0, 1, 1], "x": [1.0, 2.0], "sex": list("abc")},
        ArgumentError,
        "data: .* allowed: columns of one length",
    ),
    "no table": (
        lambda d: d.to_numpy(),
        ArgumentError,
        "data: got 'ndarray'; allowed: a pandas DataFrame or a mapping",
    ),
    "constant outcome": (lambda d: d.assign(y=1), OutcomeError, r"outcome 'y' is constant \(1 "),
    "labels as outcome": (
        lambda d: d.assign(y=d["clinic"]),
        OutcomeError,
        "outcome 'y' has the levels 'east', 'north', 'west': .*event='east'",
    ),
    "counts without family": (
        lambda d: d.assign(y=d["count"]),
        OutcomeError,
        "outcome 'y' holds whole numbers: say family='poisson'",
    ),
}


@pytest.mark.parametrize("name", DATA)
def test_data(people, name):
    change, error, message = DATA[name]
    with pytest.raises(error, match=message):
        run(change(people))


LENGTH = "got 'an array of shape .*'; allowed: a column name or an array of the data's 240 rows"
PROB = {"weight_type": "prob"}
OPTIONS = {
    "negative weights": (
        {"weights": -ROWS, **PROB},
        ArgumentError,
        "weights: got '239 negative weights, .*'; allowed: weights of at least 0",
    ),
    "zero weights": (
        {"weights": 0 * ROWS, **PROB},
        ArgumentError,
        "weights: got 'only zeros'; all",
    ),
    "infinite weights": (
        {"weights": np.full(240, np.inf), **PROB},
        DataError,
        "column 'weights' has 240 infinite values",
    ),
    "weights without type": (
        {"weights": "age"},
        ArgumentError,
        "weight_type: got None; allowed: 'freq', 'prob', 'precision'",
    ),
    "type without weights": (PROB, ArgumentError, "weight_type: got 'prob'; allowed: None"),
    "unknown weight type": (
        {"weights": "age", "weight_type": "sampling"},
        ArgumentError,
        "weight_type: got 'sampling'; allowed: 'freq', 'prob', 'precision'",
    ),
    "fractional frequencies": (
        {"weights": "z", "weight_type": "freq"},
        ArgumentError,
        "weights: got 'fractional frequency weights'; allowed: whole numbers",
    ),
    "weights of labels": ({"weights": "race", **PROB}, DataError, "weights: .* allowed: numbers"),
    "short weights": ({"weights": ROWS[:9], **PROB}, ArgumentError, f"weights: {LENGTH}"),
    "short cluster": ({"cluster": ROWS[:9]}, ArgumentError, f"cluster: {LENGTH}"),
    "short id": ({"id": ROWS[:9]}, ArgumentError, f"id: {LENGTH}"),
    "short offset": ({"offset": ROWS[:9]}, ArgumentError, f"offset: {LENGTH}"),
    "short subset": ({"subset": ROWS[:9] > 3}, ArgumentError, f"subset: {LENGTH}"),
    "short groups": ({"groups": ROWS[:9]}, ArgumentError, f"groups: {LENGTH}"),
    "table as cluster": ({"cluster": np.ones((240, 2))}, ArgumentError, f"cluster: {LENGTH}"),
    "unknown cluster": ({"cluster": "clinik"}, DataError, "cluster: .*did you mean 'clinic'"),
    "unknown groups": ({"groups": ["rase"]}, DataError, "groups: .*'rase' .*did you mean 'race'"),
    "no groups": ({"groups": []}, ArgumentError, r"groups: got \[\]; allowed: a column name"),
    "number as groups": ({"groups": 3}, ArgumentError, "groups: got 3; allowed: a column name"),
    "groups twice": ({"groups": ["race", "race"]}, ArgumentError, "groups: got 'race'; .* once"),
    "unknown event": ({"event": 2}, OutcomeError, "event: got 2; 'y' has the levels 0, 1"),
    "several events": ({"event": [0, 1]}, OutcomeError, r"event: got \[0, 1\]; 'y' has the levels"),
    "event of a gaussian": (
        {"event": 1, "family": "gaussian"},
        OutcomeError,
        "event: got 1; allowed: None with family 'gaussian'",
    ),
    "unknown family": (
        {"family": "binomal"},
        ArgumentError,
        r"family: got 'binomal'; allowed: .*\(did you mean 'binomial'",
    ),
    "unknown link": (
        {"link": "logitt"},
        ArgumentError,
        "link: got 'logitt'; .*did you mean 'logit'",
    ),
    "infinite offset": ({"offset": np.full(240, np.inf)}, DataError, "'offset' has 240 infinite"),
    "exposure without log link": (
        {"exposure": "age"},
        ArgumentError,
        "exposure: got 'the logit link'; allowed: models with the log link",
    ),
    "unknown subset": (
        {"subset": "aeg > 50"},
        ArgumentError,
        r"subset: 'aeg' is not allowed in a condition \(did you mean 'age'\?\); allowed: columns",
    ),
    "numeric subset": (
        {"subset": "age"},
        ArgumentError,
        "subset: got .*int64.*; allowed: booleans",
    ),
    "nobody in subset": ({"subset": "age > 200"}, DataError, "data: no row is left"),
    "reference of no variable": ({"ref": {"z": 1}}, ArgumentError, "ref: got 'z'; allowed: .* sex"),
    "unknown reference": (
        {"ref": {"race": "Whit"}},
        ArgumentError,
        r"ref\['race'\]: got 'Whit'; allowed: .*\(did you mean 'White'",
    ),
    "no mapping": ({"ref": "White"}, ArgumentError, "ref: got 'White'; allowed: a mapping"),
    "unknown rule for missing": (
        {"missing": "omit"},
        ArgumentError,
        "missing: got 'omit'; allowed: 'drop', 'raise'",
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_glm(people, name):
    options, error, message = OPTIONS[name]
    with pytest.raises(error, match=message):
        run(people, **options)


@pytest.mark.parametrize("column", ["count", "t", "age"])
def test_binomial_needs_a_binary_outcome(people, column):
    with pytest.raises(
        OutcomeError, match=f"'{column}' is not binary .*allows 0/1, False/True, or"
    ):
        run(people, f"{column} ~ x | sex", family="binomial")


def test_a_series_in_another_order_is_not_taken_by_position(people):
    weights = people["age"].sample(frac=1, random_state=0)
    with pytest.raises(ArgumentError, match="weights: got a Series whose index differs"):
        run(people, weights=weights, weight_type="prob")


FIT = {
    "repeats": (2, "repeats: got 2; allowed: an odd number"),
    "folds": ("random", "folds: got 'random'; allowed: 'stratified', 'hash'"),
    "threshold": (1.5, r"threshold: got 1.5; allowed: a number in \(0, 1\)"),
    "top": (0, "top: got 0; allowed: an integer of at least 1"),
    "rng": (-1, "rng: got -1; allowed: a non-negative integer seed or a numpy.random.Generator"),
    "costs": (["briar"], r"costs: got 'briar'; allowed: .*\(did you mean 'brier'"),
}


def test_the_share_of_top_units_may_be_one(people):
    with pytest.raises(ArgumentError, match=r"top: got 0.0; allowed: a number in \(0, 1\]"):
        bop.glm(FORMULA, people).fit(top=0.0)
    with pytest.raises(ArgumentError, match=r"top: got 'all'; allowed: a share in \(0, 1\], or"):
        bop.glm(FORMULA, people).fit(top="all")


@pytest.mark.parametrize("name", FIT)
def test_options_of_fit(people, name):
    value, message = FIT[name]
    with pytest.raises(ArgumentError, match=message):
        bop.glm(FORMULA, people).fit(**{name: value})


def test_all_errors_are_value_errors():
    for error in (ArgumentError, DataError, FormulaError, OutcomeError, SplitError):
        assert issubclass(error, bop.BopError)
    assert issubclass(bop.BopError, ValueError)
