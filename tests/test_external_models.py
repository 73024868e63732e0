"""`compare_models`: any two models, and explanations made from their predictions alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import bopstats as bop

COLUMNS = ["age", "dose", "lab"]
EXPLAINED = ["sufficiency", "incomprehensiveness"]


@pytest.fixture(scope="module")
def data():
    """Give 160 people, the first 100 to train on."""
    rng = np.random.default_rng(7)
    table = pd.DataFrame(rng.normal(size=(160, 3)), columns=COLUMNS)
    table["female"] = rng.integers(0, 2, 160)
    score = table["age"] + table["dose"] * (2 * table["female"] - 1) + 0.3 * table["lab"]
    table["y"] = (score + rng.normal(size=160) > 0).astype(int)
    table["kind"] = np.where(score > 0.7, "high", np.where(score < -0.7, "low", "middle"))
    table["t"] = score + rng.normal(size=160)
    return table


def forests(data, outcome):
    train = data.iloc[:100]
    columns = [COLUMNS, [*COLUMNS, "female"]]
    return [
        RandomForestClassifier(4, max_depth=4, random_state=0).fit(train[c], train[outcome])
        for c in columns
    ], [data.iloc[100:][c] for c in columns]


def plain_masked(predict, X, baseline, attributions, count):
    """Sufficient and incomprehensive predictions, person by person and column by column."""
    kept, without = [], []
    for person, values in zip(X.to_numpy(dtype=float), attributions, strict=True):
        order = sorted(range(len(values)), key=lambda j: (-abs(values[j]), j))
        top = order[:count]
        for out, keep in ((kept, True), (without, False)):
            row = [person[j] if (j in top) == keep else baseline[j] for j in range(len(person))]
            out.append(predict(pd.DataFrame([row], columns=X.columns))[0])
    return np.array(kept), np.array(without)


def plain_occlusion(predict, X, baseline):
    found = []
    for person in X.to_numpy(dtype=float):
        whole = predict(pd.DataFrame([person], columns=X.columns))[0]
        values = []
        for j in range(len(person)):
            row = person.copy()
            row[j] = baseline[j]
            values.append(whole - predict(pd.DataFrame([row], columns=X.columns))[0])
        found.append(values)
    return np.array(found)


@pytest.mark.parametrize("batch", [7, 8192])
def test_occlusion_equals_a_loop_over_people_and_columns(data, batch):
    models, tables = forests(data, "y")
    held = data.iloc[100:]
    res = bop.compare_models(*models, *tables, held["y"], held["female"], batch=batch)
    predict = [lambda X, m=model: m.predict_proba(X)[:, 1] for model in models]
    masked = {name: [] for name in EXPLAINED}
    for f, X in zip(predict, tables, strict=True):
        baseline = X.mean().to_numpy()
        kept, without = plain_masked(f, X, baseline, plain_occlusion(f, X, baseline), 2)
        masked["sufficiency"].append(kept)
        masked["incomprehensiveness"].append(without)
    whole = [f(X) for f, X in zip(predict, tables, strict=True)]
    wanted = bop.compare(held["y"], *whole, held["female"], explanations=masked)
    pd.testing.assert_frame_equal(res.frame(), wanted.frame(), rtol=1e-12, atol=1e-12)
    assert res.frame("sufficiency")["n_changed"].iloc[-1] > 0


def test_explanations_of_linear_models_equal_those_of_glm(data):
    fold = (np.arange(100), np.arange(100, 160))
    formula = "t ~ age + dose + lab | female * dose"
    res = bop.glm(formula, data).fit(cv=[fold])
    data = data.assign(both=data["female"] * data["dose"])
    columns = [COLUMNS, [*COLUMNS, "female", "both"]]
    train, held = data.iloc[:100], data.iloc[100:]
    ours = bop.compare_models(
        *(LinearRegression().fit(train[c], train["t"]) for c in columns),
        *(held[c] for c in columns),
        held["t"],
        held["female"],
        baseline=train[columns[1]].mean(),
    )
    for cost in ["squared_error", *EXPLAINED]:
        wanted = res.frame(cost)[["n", "cost_generic", "cost_personalized", "bop", "ci_low"]]
        found = ours.frame(cost)[wanted.columns]
        pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, atol=1e-12)


def test_given_attributions_rank_the_columns(data):
    models, tables = forests(data, "y")
    held = data.iloc[100:]
    rng = np.random.default_rng(8)
    values = [rng.normal(size=X.shape) for X in tables]
    frames = [
        pd.DataFrame(v, index=X.index, columns=X.columns)[list(X.columns)[::-1]]
        for v, X in zip(values, tables, strict=True)
    ]
    args = (*models, *tables, held["y"], held["female"])
    arrays = bop.compare_models(*args, attributions=values, top=1)
    named = bop.compare_models(*args, attributions=frames, top=1)
    pd.testing.assert_frame_equal(arrays.frame(), named.frame())
    masked = [
        plain_masked(lambda X, m=m: m.predict_proba(X)[:, 1], X, X.mean().to_numpy(), v, 1)
        for m, X, v in zip(models, tables, values, strict=True)
    ]
    whole = [m.predict_proba(X)[:, 1] for m, X in zip(models, tables, strict=True)]
    wanted = bop.compare(
        held["y"],
        *whole,
        held["female"],
        explanations={name: [m[i] for m in masked] for i, name in enumerate(EXPLAINED)},
    )
    pd.testing.assert_frame_equal(arrays.frame(), wanted.frame())
    signed = bop.compare_models(*args, attributions=values, top=1, rank="signed")
    absolute = bop.compare_models(*args, attributions=[np.exp(v) for v in values], top=1)
    pd.testing.assert_frame_equal(signed.frame(), absolute.frame())


def test_columns_that_are_not_numbers_are_masked_by_the_most_frequent_value(data):
    rng = np.random.default_rng(12)
    table = data[["age"]].assign(
        site=rng.choice(["north", "south", "west"], 160, p=[0.2, 0.5, 0.3]),
        grade=pd.Categorical(rng.choice(["a", "b"], 160, p=[0.8, 0.2])),
        smoker=rng.random(160) < 0.3,
        visits=pd.array(rng.integers(0, 5, 160), dtype="Int64"),
    )
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["site", "grade"]), remainder="passthrough"),
        LogisticRegression(),
    ).fit(table[:100], data["y"][:100])
    held = table[100:].reset_index(drop=True)
    seen = []

    def predict(X):
        seen.append(X)
        return model.predict_proba(X)[:, 1]

    res = bop.compare_models(
        predict, model, held, held, data["y"][100:].to_numpy(), data["female"][100:].to_numpy()
    )
    assert "or the most frequent value" in " ".join(res.notes)
    masked = pd.concat(seen[1:])
    assert list(masked.columns) == list(table.columns)
    for name in ("site", "grade"):
        changed = masked[name].to_numpy() != np.resize(held[name].to_numpy(), len(masked))
        assert set(masked[name].to_numpy()[changed]) == {held[name].mode()[0]}
    assert held["smoker"].mean() in set(masked["smoker"])
    assert masked["visits"].astype(float).isin([float(held["visits"].mean())]).any()


def test_classes_are_explained_by_the_class_that_a_model_finds_most_probable(data):
    models, tables = forests(data, "kind")
    held = data.iloc[100:]
    res = bop.compare_models(*models, *tables, held["kind"], held["female"])
    assert res.evaluation.settings.family == "multinomial"
    masked, whole = {name: [] for name in EXPLAINED}, []
    for model, X in zip(models, tables, strict=True):
        baseline, p = X.mean().to_numpy(), model.predict_proba(X)
        values = np.array(
            [
                plain_occlusion(
                    lambda Z, m=model, k=k: m.predict_proba(Z)[:, k], X[i : i + 1], baseline
                )[0]
                for i, k in enumerate(p.argmax(axis=1))
            ]
        )
        pair = plain_masked(model.predict_proba, X, baseline, values, 2)
        for name, each in zip(EXPLAINED, pair, strict=True):
            masked[name].append(each)
        whole.append(p)
    wanted = bop.compare(held["kind"], *whole, held["female"], explanations=masked)
    pd.testing.assert_frame_equal(res.frame(), wanted.frame(), rtol=1e-12, atol=1e-12)


def test_models_may_be_callables_regressors_or_classifiers_with_labels(data):
    held = data.iloc[100:]
    models, tables = forests(data, "y")
    text = data.assign(y=np.where(data["y"] == 1, "ill", "well"))
    labelled, _ = forests(text, "y")
    options = {"attribution": None}
    wanted = bop.compare_models(*models, *tables, held["y"], held["female"], **options).frame()
    by_label = bop.compare_models(
        *labelled, *tables, text["y"][100:], held["female"], event="ill", **options
    )
    both = [m.predict_proba for m in models]
    one = [lambda X, f=f: f(X)[:, 1:] for f in both]
    for found in (
        by_label,
        bop.compare_models(*both, *tables, held["y"], held["female"], **options),
        bop.compare_models(*one, *tables, held["y"], held["female"], **options),
    ):
        pd.testing.assert_frame_equal(found.frame(), wanted)
    assert set(wanted["cost"]) == {"brier", "zero_one"}
    line = [LinearRegression().fit(X[:40], held["t"][:40]) for X in tables]
    res = bop.compare_models(*line, *tables, held["t"], held["female"], **options)
    error = np.mean((held["t"] - line[0].predict(tables[0])) ** 2)
    assert res.frame()["cost_generic"].iloc[-1] == pytest.approx(error)


def test_a_torch_module_goes_through_a_callable():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(dim=1)).double()

    def predict(X):
        with torch.no_grad():
            return net(torch.as_tensor(X)).numpy()

    X = np.random.default_rng(13).normal(size=(30, 4))
    y = np.arange(30) % 3
    res = bop.compare_models(predict, predict, X, X, y, np.arange(30) // 15)
    assert res.evaluation.settings.family == "multinomial"
    assert res.frame()["bop"].eq(0).all()


def test_options_of_compare_are_passed_on(data):
    models, tables = forests(data, "y")
    held = data.iloc[100:]
    options = {
        "costs": ["log_loss", "auc"],
        "clip": 0.01,
        "folds": np.arange(60) % 3,
        "weights": np.arange(60) % 4,
        "weight_type": "freq",
        "cluster": np.arange(60) // 2,
        "strata": np.arange(60) // 20,
        "threshold": 0.4,
    }
    res = bop.compare_models(
        *models, *tables, held["y"], held["female"], attribution=None, **options
    )
    whole = [m.predict_proba(X)[:, 1] for m, X in zip(models, tables, strict=True)]
    wanted = bop.compare(held["y"], *whole, held["female"], **options)
    pd.testing.assert_frame_equal(res.frame(), wanted.frame())
    assert res.individual.index.equals(held.index)
