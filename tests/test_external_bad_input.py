"""`compare` and `compare_models` refuse bad input, naming the argument and what it allows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import bopstats as bop
from bopstats.exceptions import ArgumentError, BopError, DataError, OutcomeError

N = 20
Y = np.arange(N) % 2
MU = np.linspace(0.1, 0.9, N)
GROUPS = np.repeat(["a", "b"], N // 2)
LABELS = np.resize(["u", "v", "w"], N)
P = pd.DataFrame(np.full((N, 3), 1 / 3), columns=["u", "v", "w"])
SHIFTED = pd.RangeIndex(1, N + 1)


def changed(values, place, value):
    out = np.array(values, dtype=float)
    out[place] = value
    return out


def compare(y=Y, generic=MU, personalized=MU, groups=GROUPS, **options):
    return bop.compare(y, generic, personalized, groups, **options)


CASES = {
    "nan in generic": ({"generic": changed(MU, 3, np.nan)}, r"generic: got 1 missing values"),
    "nan in personalized": (
        {"personalized": changed(MU, [3, 4], np.nan)},
        r"personalized: got 2 missing values",
    ),
    "nan in y": ({"y": changed(Y, 0, np.nan)}, r"y: got 1 missing values"),
    "missing group": (
        {"groups": {"sex": [None, *GROUPS[1:]]}},
        r"groups\['sex'\]: got 1 missing values",
    ),
    "missing weight": (
        {"weights": changed(MU, 0, np.nan), "weight_type": "prob"},
        r"weights: got 1 missing values",
    ),
    "missing cluster": ({"cluster": changed(MU, 0, np.nan)}, r"cluster: got 1 missing values"),
    "missing fold": ({"folds": changed(MU, 0, np.nan)}, r"folds: got 1 missing values"),
    "infinite": (
        {"y": MU, "generic": changed(MU, 0, np.inf), "family": "gaussian"},
        r"'generic' has 1 infinite values",
    ),
    "text for numbers": ({"generic": np.array(["x"] * N)}, r"generic: got values of type"),
    "length": ({"generic": MU[1:]}, r"generic: got '19 rows'; allowed: as many rows as y has \(20"),
    "length of groups": ({"groups": {"sex": GROUPS[1:]}}, r"groups\['sex'\]: got '19 rows'"),
    "no column": ({"generic": 0.5}, r"generic: got 0.5; allowed: a column"),
    "no rows": ({"y": [], "generic": [], "personalized": [], "groups": [[]]}, r"y: no rows"),
    "indexes": (
        {"generic": pd.Series(MU), "personalized": pd.Series(MU, SHIFTED)},
        r"personalized: got an index that differs from that of generic",
    ),
    "index of groups": (
        {"y": pd.Series(Y), "groups": pd.Series(GROUPS, SHIFTED, name="sex")},
        r"groups\['sex'\]: got an index that differs from that of y",
    ),
    "above 1": ({"generic": changed(MU, [0, 1], 1.2)}, r"generic: got 2 values outside \[0, 1\]"),
    "below 0": ({"personalized": -MU}, r"personalized: got 20 values outside \[0, 1\]"),
    "one group": ({"groups": ["a"] * N}, r"groups: all used rows are in one group"),
    "empty groups": ({"groups": {}}, r"groups: got 'dict of nothing'; allowed: at least one"),
    "attribute twice": (
        {"groups": [pd.Series(GROUPS, name="sex"), pd.Series(GROUPS, name="sex")]},
        r"groups: got 'sex'; allowed: each name once",
    ),
    "no groups": ({"groups": 7}, r"groups: got 7; allowed: a DataFrame"),
    "text without an event": ({"y": GROUPS}, r"event='a'"),
    "unknown event": ({"y": GROUPS, "event": "c"}, r"event: got 'c'.*'a', 'b'"),
    "not binary": ({"y": MU, "family": "binomial"}, r"not binary"),
    "negative counts": ({"y": -MU, "family": "poisson"}, r"needs values of at least 0"),
    "unknown family": ({"family": "gausian"}, r"family: got 'gausian'.*did you mean"),
    "dispersion": ({"family": "negative_binomial"}, r"NegativeBinomial\(alpha"),
    "threshold": ({"threshold": 1.5}, r"threshold: got 1.5"),
    "unknown cost": ({"costs": ["briar"]}, r"costs: got 'briar'.*did you mean 'brier'"),
    "cost of another family": ({"y": MU, "costs": ["brier"]}, r"'brier' needs a binomial family"),
    "unmasked explanation": (
        {"costs": ["brier", "sufficiency"]},
        r"costs: got 'sufficiency'.*explanations\['sufficiency'\]",
    ),
    "weights without type": ({"weights": MU}, r"weight_type: got None"),
    "type without weights": ({"weight_type": "freq"}, r"weight_type: got 'freq'"),
    "negative weights": ({"weights": -MU, "weight_type": "prob"}, r"weights: got '20 negative"),
    "cluster in two strata": (
        {"cluster": np.arange(N) % 5, "strata": GROUPS},
        r"cluster: 0 lies in strata 'a' and 'b'",
    ),
    "stratum of one row": (
        {"strata": np.where(np.arange(N) < 1, "x", "y")},
        r"strata: 'x' has a single row",
    ),
    "missing stratum": ({"strata": [None, *GROUPS[1:]]}, r"strata: got 1 missing values"),
    "probability 1": (
        {"generic": changed(MU, 0, 1.0), "costs": ["log_loss"]},
        r"generic: got 1 predictions with a probability of exactly 0 or 1.*clip=",
    ),
    "probability 0": (
        {"personalized": changed(MU, [0, 1, 2], 0.0), "costs": ["brier", "deviance"]},
        r"personalized: got 3 predictions with a probability of exactly 0 or 1",
    ),
    "clip for nothing": ({"clip": 1e-6}, r"clip: got 1e-06; allowed: None without log_loss"),
    "clip too large": ({"clip": 0.7, "costs": ["log_loss"]}, r"clip: got 0.7"),
    "explanations": ({"explanations": [MU, MU]}, r"explanations: got .*a mapping"),
    "unknown explanation": (
        {"explanations": {"suficiency": (MU, MU)}},
        r"explanations: got 'suficiency'.*did you mean",
    ),
    "no pair": (
        {"explanations": {"sufficiency": MU}},
        r"explanations\['sufficiency'\]: got 'ndarray'; allowed: a pair",
    ),
    "nan in masked": (
        {"explanations": {"sufficiency": (MU, changed(MU, 0, np.nan))}},
        r"explanations\['sufficiency'\]\[1\]: got 1 missing values",
    ),
    "masked above 1": (
        {"explanations": {"sufficiency": (MU + 1, MU)}},
        r"explanations\['sufficiency'\]\[0\]: got 20 values outside \[0, 1\]",
    ),
    "length of masked": (
        {"explanations": {"sufficiency": (MU[1:], MU)}},
        r"explanations\['sufficiency'\]\[0\]: got '19 rows'",
    ),
    "two columns": (
        {"generic": np.stack([1 - MU, MU], axis=1)},
        r"generic: .*\(20, 2\).*one column.*family='multinomial'",
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_compare_names_the_argument(case):
    options, message = CASES[case]
    with pytest.raises(BopError, match=message):
        compare(**options)


ROWS = changed(P, (4, 1), 0.5)
CLASS_CASES = {
    "label without a column": (
        {"y": np.where(np.arange(N) < 2, "x", LABELS)},
        r"y: got labels that are no column of generic: 'x' \(2 rows\); allowed: 'u', 'v', 'w'",
    ),
    "numbers for text": ({"y": np.arange(N) % 3}, r"labels that are no column of generic: 0, 1, 2"),
    "array without a column": (
        {"generic": P.to_numpy()[:, :2], "family": "multinomial"},
        r"generic: got '2 columns'; allowed: one for each of the 3 sorted levels",
    ),
    "other columns": (
        {"personalized": P.rename(columns={"w": "x"})},
        r"personalized: got \['u', 'v', 'x'\]; allowed: the columns \['u', 'v', 'w'\]",
    ),
    "one column": ({"personalized": MU}, r"personalized: .*\(20,\).*allowed: shape \(20, 3\)"),
    "column twice": (
        {"generic": P.set_axis(["u", "v", "v"], axis=1)},
        r"generic: got \"column 'v' twice\"",
    ),
    "sums": ({"generic": P.to_numpy() * 0.9}, r"generic: got 20 rows whose .* up to 1, e.g. 0.9"),
    "one sum": (
        {"personalized": pd.DataFrame(ROWS, columns=P.columns)},
        r"personalized: got 1 rows whose probabilities do not add up to 1",
    ),
    "outside": (
        {"generic": P + np.array([-0.5, 0.5, 0.0])},
        r"generic: got 20 values outside \[0, 1\]",
    ),
    "nan": ({"generic": P[3:].reindex(P.index)}, r"generic: got 9 missing"),
    "event": ({"event": "u", "family": "multinomial"}, r"event: got 'u'.*multinomial"),
    "threshold": ({"threshold": 0.3}, r"threshold: got 0.3; allowed: 0.5 with classes"),
    "auc": ({"costs": ["brier", "auc"]}, r"'auc' needs a binomial family"),
    "squared error": ({"costs": ["squared_error"]}, r"costs: got 'squared_error'; allowed: brier"),
    "probability 0": (
        {"generic": P.assign(u=0.0, v=2 / 3), "costs": ["log_loss"]},
        r"generic: got 20 predictions with a probability of exactly 0 or 1",
    ),
    "mixed labels": (
        {"y": np.array([1, "u"] * 10, dtype=object), "generic": P.to_numpy()},
        r"mixes kinds of labels",
    ),
}


@pytest.mark.parametrize("case", list(CLASS_CASES))
def test_compare_names_the_argument_with_classes(case):
    options, message = CLASS_CASES[case]
    with pytest.raises(BopError, match=message):
        compare(**({"y": LABELS, "generic": P, "personalized": P} | options))


def test_errors_are_of_the_stage_that_they_belong_to():
    with pytest.raises(DataError, match="missing"):
        compare(generic=changed(MU, 3, np.nan))
    with pytest.raises(OutcomeError, match="no column"):
        compare(y=np.arange(N), generic=P, personalized=P)
    with pytest.raises(ArgumentError, match="rows"):
        compare(generic=MU[1:])


def test_a_negative_binomial_that_says_its_dispersion_is_accepted():
    family = sm.families.NegativeBinomial(alpha=0.5)
    res = compare(y=np.arange(N) % 4, generic=MU + 1, personalized=MU + 2, family=family)
    assert res.evaluation.costs[0].name == "deviance"


X = pd.DataFrame({"a": MU, "b": MU[::-1], "c": np.cos(np.arange(N))})


def model(table):
    return np.asarray(table)[:, 0]


def models(h0=model, hp=model, X0=X[["a", "b"]], Xp=X, y=MU, groups=GROUPS, **options):
    return bop.compare_models(h0, hp, X0, Xp, y, groups, **options)


V = np.zeros((N, 2)), np.zeros((N, 3))
MODEL_CASES = {
    "no model": ({"h0": 7}, r"h0: got 'int'; allowed: a model with predict_proba or predict"),
    "shape of predictions": ({"hp": lambda _: np.zeros(3)}, r"hp: .*\(3,\) for 20 rows"),
    "text predictions": ({"h0": lambda t: ["x"] * len(t)}, r"h0: predictions are not numbers"),
    "nan predictions": ({"h0": lambda t: np.full(len(t), np.nan)}, r"h0: got 20 missing values"),
    "not probabilities": ({"y": Y, "hp": lambda t: model(t) + 1}, r"hp: got 20 values outside"),
    "nan when masked": (
        {"hp": lambda t: np.where(t["a"] == t["a"].iloc[0], np.nan, 0.5) if len(t) > N else t["a"]},
        r"hp: got .* missing values",
    ),
    "no table": ({"X0": MU}, r"X0: got 'ndarray of shape \(20,\)'; allowed: a DataFrame"),
    "object array": ({"X0": X.to_numpy(dtype=object)}, r"X0: got 'an array of type object'"),
    "rows": ({"X0": X[["a"]][1:]}, r"X0: got '19 rows'; allowed: as many rows as y has"),
    "index": ({"Xp": X.set_axis(SHIFTED)}, r"Xp: got an index that differs from that of X0"),
    "column twice": ({"X0": X[["a", "a"]]}, r"X0: column 'a' is there more than once"),
    "no columns": ({"X0": X[[]]}, r"X0: no columns"),
    "empty column": ({"X0": X[["a"]].assign(b=np.nan)}, r"X0: column 'b' has no value"),
    "attribution": ({"attribution": "oclusion"}, r"attribution: got 'oclusion'.*did you mean"),
    "rank": ({"rank": "size"}, r"rank: got 'size'"),
    "top_of": ({"top_of": "both"}, r"top_of: got 'both'"),
    "share above 1": ({"top": 1.5}, r"top: got 1.5"),
    "share of 0": ({"top": 0.0}, r"top: got 0.0"),
    "count of 0": ({"top": 0}, r"top: got 0; allowed: an integer of at least 1 and at most 2"),
    "count above": ({"top": 3}, r"top: got 3; allowed: an integer of at least 1 and at most 2"),
    "count above personalized": ({"X0": X, "Xp": X[["a"]], "top": 2}, r"top: got 2.*at most the 1"),
    "permutations": (
        {"permutations": 2},
        r"permutations: got 2; .* at least 4",
    ),
    "odd permutations": ({"permutations": 5}, r"permutations: got 5; allowed: an even integer"),
    "batch": ({"batch": 0}, r"batch: got 0"),
    "rng": ({"rng": -1}, r"rng: got -1"),
    "baseline name": ({"baseline": "zero"}, r"baseline: got 'zero'; allowed: 'mean', 'median'"),
    "baseline kind": ({"baseline": 3}, r"baseline: got 3; allowed: 'mean', 'median', a mapping"),
    "baseline unknown": (
        {"baseline": {"a": 0, "b": 0, "c": 0, "d": 0}},
        r"baseline: got 'd'; allowed: columns",
    ),
    "baseline missing": ({"baseline": {"a": 0, "b": 0}}, r"baseline: got \"no value for 'c'\""),
    "baseline row": ({"baseline": ([0, 0], [0, 0])}, r"baseline\[1\]: .*a row of 3 values"),
    "baseline nan": (
        {"baseline": {"a": 0, "b": np.nan, "c": 0}},
        r"baseline\['b'\]: got nan; allowed: a finite number",
    ),
    "baseline level": (
        {
            "Xp": X.assign(a=pd.Categorical(GROUPS)),
            "X0": X[["b"]],
            "hp": lambda table: table["b"],
            "baseline": {"a": "z", "b": 0, "c": 0},
        },
        r"baseline\['a'\]: got 'z'; allowed: one of \['a', 'b'\]",
    ),
    "groups of columns": ({"column_groups": ["a", "b"]}, r"column_groups: .*a mapping"),
    "group of no columns": ({"column_groups": {"g": []}}, r"column_groups\['g'\]: got \[\]"),
    "group as text": ({"column_groups": {"g": "ab"}}, r"column_groups\['g'\]: got 'ab'; allowed"),
    "unknown column": (
        {"column_groups": {"g": ["a", "zz"]}},
        r"column_groups\['g'\]: got 'zz'; allowed: columns of X0 or Xp",
    ),
    "column in two groups": (
        {"column_groups": {"g": ["a"], "h": ["a", "b"]}},
        r"column_groups\['h'\]: got 'a'; allowed: each column in one unit",
    ),
    "name of another column": (
        {"column_groups": {"c": ["a", "b"]}},
        r"column_groups: got 'c'; allowed: a name that no other column has",
    ),
    "attributions are no pair": ({"attributions": V[0]}, r"attributions: got 'ndarray'; .*a pair"),
    "attribution rows": (
        {"attributions": (V[0][1:], V[1])},
        r"attributions\[0\]: got '19 rows'; allowed: as many rows as y has",
    ),
    "attribution columns": (
        {"attributions": (V[0], V[0])},
        r"attributions\[1\]: .*\(20, 2\).*one column for each of 3 units",
    ),
    "attribution names": (
        {"attributions": (pd.DataFrame(V[0], columns=["a", "z"]), V[1])},
        r"attributions\[0\]: got \['a', 'z'\]; allowed: the units \['a', 'b'\]",
    ),
    "attribution nan": (
        {"attributions": (V[0], V[1] * np.nan)},
        r"attributions\[1\]: got 60 missing values",
    ),
    "attributions unasked": (
        {"attributions": V, "attribution": None},
        r"attribution: got None; allowed: its default",
    ),
}


@pytest.mark.parametrize("case", list(MODEL_CASES))
def test_compare_models_names_the_argument(case):
    options, message = MODEL_CASES[case]
    with pytest.raises(BopError, match=message):
        models(**options)


class Classifier:
    """Two labels, neither of which is 1."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, table):
        return np.full((len(table), 2), 0.5)


def test_a_classifier_of_labels_needs_the_event():
    one = Classifier()
    with pytest.raises(BopError, match=r"h0.classes_: got .*event="):
        models(h0=one, hp=one, y=Y)
    res = models(h0=one, hp=one, y=np.where(Y == 1, "yes", "no"), event="yes")
    assert res.frame()["events"].iloc[-1] == Y.sum()


def test_a_regression_asks_for_predict_only():
    with pytest.raises(BopError, match=r"h0: got 'Classifier'; allowed: a model with predict,"):
        models(h0=Classifier(), family="gaussian")
