"""What comes piece by piece gives what the same rows in memory give."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from alike import check, cut

F = "y ~ x + z | sex * race"
PLAIN = "x + z | sex + race"


@pytest.mark.parametrize(
    ("outcome", "options"),
    [
        ("y", {}),
        ("y", {"family": "binomial", "link": "probit"}),
        ("y", {"family": "binomial", "link": "cloglog"}),
        ("t", {}),
        ("count", {"family": "poisson", "exposure": "time"}),
        ("count", {"family": "poisson", "exposure": "time", "offset": "z"}),
        ("pos", {"family": "gamma"}),
        ("pos", {"family": "inverse_gaussian", "link": "log"}),
        ("pos", {"family": sm.families.Tweedie(var_power=1.5, eql=True)}),
        ("count", {"family": sm.families.NegativeBinomial(alpha=0.5)}),
    ],
)
def test_families(people, outcome, options):
    check(f"{outcome} ~ {PLAIN}", people, **options)


def outcomes(data):
    data = data.assign(yes=data["y"] == 1, real=data["y"].astype(float), two=data["y"] + 1.0)
    data["level"] = pd.Categorical(data["label"], ["yes", "no", "maybe"])
    return data


@pytest.mark.parametrize(
    ("outcome", "options"),
    [
        ("yes", {}),
        ("real", {}),
        ("label", {"event": "yes"}),
        ("level", {"event": "no"}),
        ("two", {"event": 2}),
        ("np.log(pos)", {}),
        ("I(t > 0)", {}),
    ],
)
def test_outcomes(gaps, outcome, options):
    data = outcomes(gaps).dropna(subset="y") if outcome == "yes" else outcomes(gaps)
    check(f"{outcome} ~ {PLAIN}", data.reset_index(drop=True), fit={"cv": 2}, **options)


def attributes(data):
    rng = np.random.default_rng(5)
    data = data.assign(
        sex2=pd.Categorical(data["sex"], ["M", "F"]),
        race2=pd.Categorical(data["race"], ["C", "A", "B", "none"]),
        code=rng.integers(0, 20, len(data)),
        codes=rng.integers(1, 6, len(data)),
        two=np.where(data["insured"] == 1, 2.5, 1.5),
        old=(data["age"] > 50).astype("boolean").mask(rng.random(len(data)) < 0.02),
        whole=data["insured"].astype("Int64"),
        lost=data["race"],
        late=data["race"].mask(data.index > 1560, "D"),
    )
    data.loc[10, ["lost", "x"]] = ["gone", np.nan]
    return data


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        (F, {}),
        ("y ~ x + z | sex2 * race2", {}),
        ("y ~ x + z | sex2 * race2", {"ref": {"race2": "A"}}),
        ("y ~ x + region | sex * race", {"ref": {"sex": "M", "race": "B", "region": "s"}}),
        ("y ~ x | C(code)", {"fit": {"cv": 2}}),
        ("y ~ x | insured * sex", {}),
        ("y ~ x | two + sex", {}),
        ("y ~ x | old + whole", {}),
        ("y ~ x | sex + codes", {}),
        ("y ~ x | sex + z + age", {}),
        ("y ~ x | sex + z", {"groups": ["race", "insured"], "ref": {"race": "B"}}),
        ("y ~ x | z", {"groups": "lost"}),
        ("y ~ x | sex + lost", {}),
        ("y ~ x | sex + late", {}),
        ("y ~ x + z | sex + x:sex + race:z", {}),
        ("y ~ C(age > 50) + x | C(insured) + (z > 1)", {}),
        ("y ~ x | C(race, Treatment('B')) * C(sex, Sum)", {}),
        ("y ~ np.log(z + 1) + np.sqrt(age) | sex", {}),
        ("y ~ x:region + z | sex", {}),
        ("y ~ 1 | sex + race", {}),
    ],
)
def test_terms(gaps, formula, options):
    check(formula, attributes(gaps), **options)


def test_a_column_without_values_in_a_piece(gaps):
    frames = cut(gaps)
    frames[2] = frames[2].assign(race=pd.Series([None] * len(frames[2]), dtype=object))
    check("y ~ x + z | sex + race", pd.concat(frames, ignore_index=True), pieces=frames)


FREQ, PROB, PRECISION = (
    {"weights": name, "weight_type": kind}
    for name, kind in (("times", "freq"), ("weight", "prob"), ("weight", "precision"))
)
CLUSTER, STRATA = {"cluster": "clinic"}, {"strata": "stratum"}


@pytest.mark.parametrize(
    ("outcome", "options"),
    [
        ("y", FREQ),
        ("y", PROB),
        ("t", {"weights": "time", "weight_type": "precision"}),
        ("y", PRECISION),
        ("y", CLUSTER),
        ("y", CLUSTER | PROB),
        ("y", CLUSTER | FREQ),
        ("y", STRATA),
        ("y", STRATA | PROB),
        ("y", STRATA | FREQ),
        ("y", STRATA | CLUSTER | PROB),
        ("y", STRATA | CLUSTER | FREQ),
        ("t", CLUSTER),
        ("pos", {"family": "gamma"} | FREQ),
        ("pos", {"family": "gamma"} | PROB),
        ("pos", {"family": "gamma"} | STRATA),
        ("y", {"family": "binomial", "link": "probit"} | CLUSTER),
    ],
    ids=str,
)
def test_weights_and_designs(gaps, outcome, options):
    check(f"{outcome} ~ {PLAIN}", gaps, **options)


def test_text_that_names_clusters(gaps):
    check(F, gaps.assign(clinic="c" + gaps["clinic"].astype(str)), **CLUSTER)


@pytest.mark.parametrize(
    "key",
    [
        lambda data: data["key"],
        lambda data: data["key"].mask(data["age"] > 75),
        lambda data: data["key"] + 0.5,
        lambda data: data["key"].astype(float).mask(data.index == len(data) - 1, 0.5),
        lambda data: "p" + data["key"].astype(str),
        lambda data: data["key"] // 2,
    ],
    ids=["whole", "missing", "fractions", "one fraction", "text", "shared"],
)
def test_keys(gaps, key):
    check(F, gaps.assign(key=key), id="key", fit={"cv": 3, "explain": False})


@pytest.mark.parametrize("subset", ["old", "age > 40"])
def test_subsets(gaps, subset):
    check(F, gaps.assign(old=gaps["age"] > 40), subset=subset)


def odd(y, mu):
    return np.abs(y - mu) ** 1.5


COSTS = ["log_loss", "brier", "net_benefit", "r2", "deviance", "zero_one", odd]


@pytest.mark.parametrize(
    "fit",
    [
        {"cv": 2},
        {"cv": 0.3, "repeats": None},
        {"cv": 0.3, "repeats": 3},
        {"cv": None},
        {"repeats": 3},
        {"rng": 77},
        {"costs": COSTS, "threshold": 0.3},
        {"explain": False},
        {"top": 1},
        {"top": 0.3, "top_of": "each"},
        {"rank": "signed"},
        {"baseline": "zero"},
        {"baseline": {"x": 0, "z": 1, "sex": "F", "race": "B"}},
    ],
    ids=lambda fit: " ".join(fit),
)
def test_how_to_fit(gaps, fit):
    check(F, gaps, fit=fit)


def test_a_given_row_as_baseline(gaps):
    check(F, gaps, fit={"baseline": gaps.dropna().iloc[[5]]})


@pytest.mark.parametrize("attribution", ["deeplift", "linear_shap", "shapley", "occlusion"])
def test_attributions(gaps, attribution):
    fit = {"attribution": attribution, "unit": "variable", "cv": 2}
    check("y ~ x * z + region | sex", gaps, fit=fit)


def test_sampled_shapley_values_do_not_depend_on_pieces(people):
    rng = np.random.default_rng(2)
    more = {f"v{i}": rng.normal(size=len(people)) for i in range(13)}
    formula = f"y ~ {' + '.join(more)} | sex"
    fit = {"cv": 2, "attribution": "shapley"}
    one, _ = check(formula, people.assign(**more), fit=fit)
    assert "are sampled" in "".join(one.notes)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ center(x) + standardize(z) | sex", {}),
        ("y ~ scale(x) + z | sex", {"fit": {"cv": None}}),
        ("y ~ bs(x, df=4) + z | sex", {}),
        ("y ~ x | sex * bs(age, df=4)", {"fit": {"cv": 2}}),
        ("t ~ cr(x, df=4, constraints='center') | sex", {"fit": {"cv": 0.3, "repeats": 3}}),
        ("y ~ bs(x, df=4) | sex", FREQ | {"fit": {"cv": 2}}),
        ("y ~ bs(x, df=4) | sex", CLUSTER | PROB | {"fit": {"cv": 2}}),
    ],
    ids=str,
)
def test_transforms_are_learned_from_the_training_rows(gaps, formula, options):
    one, _ = check(formula, gaps, **options)
    assert "bs(" not in formula or "fit" in options or "moved to its edge" in "".join(one.notes)


# statsmodels' own coefficients are others where columns are redundant or run to infinity.


@pytest.mark.parametrize("formula", ["y ~ x + z | rare", "y ~ x + z | rare + sex"])
@pytest.mark.parametrize("cv", [5, None])
def test_separation(people, formula, cv):
    data = people.assign(rare=np.where(people.index < 40, "r", "n"))
    data.loc[:40, "y"] = 1
    one, _ = check(formula, data, fit={"cv": cv}, models=False)
    assert "eparation in the personalized model: rare in group" in "".join(one.notes)


@pytest.mark.parametrize("formula", ["y ~ x + x2 + z | sex", "y ~ x + z | sex + x2"])
def test_redundant_columns(people, formula):
    one, _ = check(formula, people.assign(x2=2 * people["x"] - 1), models=False)
    assert "x2" in "".join(one.notes)
    assert one.personalized.params.isna().sum() == 1
