import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import bopstats as bop
from bopstats.exceptions import DataError, FormulaError, OutcomeError
from bopstats.fitting.families import family_name


def model(people, values, **options):
    return bop.glm("v ~ x | sex", people.assign(v=values), **options)


@pytest.mark.parametrize(
    "convert",
    [
        lambda y: y,
        lambda y: y.astype(bool),
        lambda y: y.astype("boolean"),
        lambda y: y.astype("Int8"),
        lambda y: y.astype("uint8"),
        lambda y: y.astype(float),
        lambda y: y.astype("Float64"),
        lambda y: y.astype(bool).astype(object),
        lambda y: y.astype(object),
    ],
)
def test_0_1_and_booleans_mean_what_they_say(people, convert):
    made = model(people, convert(people["y"]))
    assert family_name(made.family) == "binomial"
    np.testing.assert_array_equal(made.design.outcome.values, people["y"])


LABELS = {0: "alive", 1: "dead"}


@pytest.mark.parametrize("dtype", ["str", "string", object, "category"])
def test_event_names_the_level_that_counts(people, dtype):
    values = people["y"].map(LABELS).astype(dtype)
    for event, expected in (("dead", people["y"]), ("alive", 1 - people["y"])):
        outcome = model(people, values, event=event).design.outcome
        np.testing.assert_array_equal(outcome.values, expected)
        assert outcome.event == event


@pytest.mark.parametrize(
    ("event", "expected"),
    [(0, lambda y: 1 - y), (1, lambda y: y), (True, lambda y: y), (False, lambda y: 1 - y)],
)
def test_event_may_turn_0_1_round(people, event, expected):
    outcome = model(people, people["y"], event=event).design.outcome
    np.testing.assert_array_equal(outcome.values, expected(people["y"]))


def test_event_may_be_one_of_many_levels_or_numbers(people):
    outcome = bop.glm("race ~ x | sex", people, event="Black").design.outcome
    np.testing.assert_array_equal(outcome.values, people["race"] == "Black")
    outcome = bop.glm("region ~ x | sex", people, event=3).design.outcome
    np.testing.assert_array_equal(outcome.values, people["region"] == 3)


def test_a_condition_is_an_outcome(people):
    made = bop.glm("I(age > 50) ~ x | sex", people)
    assert family_name(made.family) == "binomial"
    np.testing.assert_array_equal(made.design.outcome.values, people["age"] > 50)


def test_an_expression_is_an_outcome(people):
    made = bop.glm("np.log(age) ~ x | sex", people)
    assert family_name(made.family) == "gaussian"
    np.testing.assert_allclose(made.design.outcome.values, np.log(people["age"]))


@pytest.mark.parametrize("dtype", ["str", "string", object, "category"])
def test_labels_without_event_are_an_error_that_lists_them(people, dtype):
    values = people["y"].map(LABELS).astype(dtype)
    with pytest.raises(OutcomeError, match=r"'v' has the levels 'alive', 'dead': .*event='alive'"):
        model(people, values)


def test_0_1_as_text_is_no_number(people):
    with pytest.raises(OutcomeError, match="has the levels '0', '1'"):
        model(people, people["y"].astype(str))


def test_an_unknown_event_lists_the_levels(people):
    with pytest.raises(OutcomeError, match=r"event: got 'ded'; .* 'alive', 'dead' .*mean 'dead'"):
        model(people, people["y"].map(LABELS), event="ded")
    with pytest.raises(OutcomeError, match=r"event: got 2; 'v' has the levels 0, 1"):
        model(people, people["y"], event=2)


@pytest.mark.parametrize("values", [0, 1, 3.5, True])
def test_a_constant_outcome_is_an_error(people, values):
    with pytest.raises(OutcomeError, match="outcome 'v' is constant"):
        model(people, values, family="gaussian")


def test_an_event_that_no_used_row_lacks_is_a_constant_outcome(people):
    values = people["y"].map(LABELS)
    with pytest.raises(OutcomeError, match="constant"):
        model(people, values, event="dead", subset=(values == "dead").to_numpy())


def test_an_event_among_dropped_rows_only_is_unknown(people):
    values = people["y"].map(LABELS)
    holes = people.assign(v=values, x=people["x"].where(values == "alive"))
    with pytest.raises(OutcomeError, match="event: got 'dead'; 'v' has the levels 'alive'"):
        bop.glm("v ~ x | sex", holes, event="dead")


@pytest.mark.parametrize("dtype", ["int64", "Int16", "uint8"])
def test_counts_without_family_are_an_error(people, dtype):
    with pytest.raises(OutcomeError, match="'v' holds whole numbers: say family='poisson'"):
        model(people, people["count"].astype(dtype))


def test_counts_with_family_are_counts(people):
    made = model(people, people["count"], family="poisson")
    np.testing.assert_array_equal(made.design.outcome.values, people["count"])


def test_real_numbers_are_gaussian(people):
    assert family_name(model(people, people["t"]).family) == "gaussian"


@pytest.mark.parametrize(
    ("column", "shown"), [("count", "0, 1, 2"), ("t", "values -"), ("age", "20, 21")]
)
@pytest.mark.parametrize("family", ["binomial", sm.families.Binomial()])
def test_binomial_needs_a_binary_outcome(people, column, shown, family):
    with pytest.raises(OutcomeError, match=f"'{column}' is not binary .*{shown}"):
        bop.glm(f"{column} ~ x | sex", people, family)


@pytest.mark.parametrize(
    "family", ["gaussian", "poisson", sm.families.Gaussian(), sm.families.Poisson]
)
def test_event_is_for_binomial_models(people, family):
    with pytest.raises(OutcomeError, match="event: got 1; allowed: None with family"):
        model(people, people["y"], family=family, event=1)


@pytest.mark.parametrize(
    ("family", "column", "needs"),
    [
        ("gamma", "count", "values above 0"),
        ("inverse_gaussian", "t", "values above 0"),
        ("poisson", "t", "values of at least 0"),
        ("negative_binomial", "t", "values of at least 0"),
    ],
)
def test_a_family_refuses_values_outside_of_its_range(people, family, column, needs):
    with pytest.raises(OutcomeError, match=f"outcome '{column}': family '{family}' needs {needs}"):
        bop.glm(f"{column} ~ x | sex", people, family)


@pytest.mark.parametrize("outcome", ["log(x)", "np.sqrt(x)"])
def test_an_outcome_outside_of_its_domain_is_an_error(people, outcome):
    with pytest.raises(DataError, match=r"no value in [0-9]+ rows"):
        bop.glm(f"{outcome} ~ z | sex", people)


@pytest.mark.parametrize("values", [np.inf, -np.inf])
def test_an_infinite_outcome_is_an_error(people, values):
    with pytest.raises(DataError, match="column 'v' has 1 infinite values"):
        model(people, people["t"].mask(people.index == 7, values))
    with pytest.raises(DataError, match="infinite"):
        bop.glm("log(insured) ~ x | sex", people)


@pytest.mark.parametrize(
    "outcome", ["np.column_stack([y, x])", "np.mean(x)", "C(y)", "x[:5]", "[y]"]
)
def test_an_outcome_is_one_value_a_row(people, outcome):
    with pytest.raises(FormulaError, match="the outcome must be one value a row"):
        bop.glm(f"{outcome} ~ z | sex", people)


@pytest.mark.parametrize("outcome", ["center(t)", "bs(t, df=4)"])
def test_an_outcome_does_not_learn(people, outcome):
    with pytest.raises(FormulaError, match="the outcome may not use a transform that learns"):
        bop.glm(f"{outcome} ~ z | sex", people)


def test_dates_are_no_outcome(people):
    with pytest.raises(DataError, match="column 'v' has type datetime"):
        model(people, pd.Timestamp("2020-01-01"))
