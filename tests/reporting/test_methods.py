"""The methods section says what was run, and cites what it rests on, in order."""

import re
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

import bopstats as bop
from bopstats.reporting.checklist import checklist
from bopstats.reporting.methods import write_methods
from bopstats.reporting.references import REFERENCES
from bopstats.tables.options import Options


def people(n=400):
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n)})
    data["y"] = (rng.uniform(size=n) < 0.45).astype(int)
    data["score"] = data["x"] + rng.normal(size=n)
    data["clinic"] = np.arange(n) // 8
    data["area"] = np.arange(n) // 100
    data["w"] = rng.uniform(0.5, 2.0, n)
    return data


def methods(result, prespecified=None, **options):
    return write_methods(result._findings(**options), Options(prespecified=prespecified))


def test_what_was_compared_and_how_rows_were_held_out(nhanes_result):
    found = methods(nhanes_result, "protocol, section 4")
    text = " ".join(found.paragraphs)
    assert "binomial family, logit link" in text
    assert nhanes_result.evaluation.settings.formula in text
    assert "5-fold cross-fitting" in text
    assert "each of 3 partitions" in text
    assert "pre-specified (protocol, section 4)" in text
    assert "missing value" in text
    assert "seed 1" in text


def test_citations_are_numbered_as_they_come_and_none_is_left_over(nhanes_result):
    found = methods(nhanes_result, effect=0.01)
    numbers = [
        int(number)
        for text in found.paragraphs
        for group in re.findall(r"\[([\d, ]+)\]", text)
        for number in group.split(", ")
    ]
    first_seen = list(dict.fromkeys(numbers))
    assert first_seen == list(range(1, len(found.references) + 1))
    assert len(set(found.references)) == len(found.references)
    assert found.as_text().count("\n1. ") == 1


@pytest.mark.parametrize(
    ("options", "fit", "words", "works"),
    [
        ({"cluster": "clinic"}, {}, "50 clusters were the sampling units", ["sampling", "korn"]),
        ({"weights": "w", "weight_type": "prob"}, {}, "Sampling weights", ["sampling"]),
        ({}, {"cv": 0.3}, "A share of 0.3 of the rows was held out", []),
        ({}, {"cv": None}, "optimistic", []),
        ({}, {"penalty": "firth"}, "Firth's penalty", ["firth", "heinze"]),
        ({}, {"nested": True}, "nested cross-validation", ["bates"]),
        ({}, {"folds": "hash"}, "by a hash of their key", []),
        (
            {},
            {"costs": ["net_benefit"]},
            "the net benefit at threshold 0.5 (negated)",
            ["net_benefit"],
        ),
        ({"strata": "area"}, {}, "4 sampling strata", ["sampling"]),
        ({}, {"attribution": "deeplift"}, "DeepLIFT", ["deeplift"]),
        ({}, {"attribution": "shapley"}, "Shapley values", ["shap"]),
        ({}, {"attribution": "occlusion"}, "occlusion", ["occlusion"]),
        ({}, {"explain": False}, "improve predictions of", []),
    ],
)
def test_each_way_of_running_is_said(options, fit, words, works):
    if "penalty" in fit:
        pytest.importorskip("firthmodels")
    result = bop.glm("y ~ x | sex", people(), **options).fit(rng=1, repeats=1, **fit)
    found = methods(result)
    assert words in " ".join(found.paragraphs)
    for work in works:
        assert REFERENCES[work] in found.references


@pytest.mark.parametrize("folds", [None, 5])
def test_of_given_predictions_nothing_is_claimed_about_their_training(folds):
    data = people()
    given = [np.linspace(0.2, 0.8, len(data)), np.linspace(0.25, 0.75, len(data))]
    result = bop.compare(
        *(data["y"], *given, data[["sex"]]),
        folds=None if folds is None else np.arange(len(data)) % folds,
    )
    text = " ".join(methods(result).paragraphs)
    assert "made beforehand" in text
    assert ("in 5 folds" in text) is (folds == 5)
    for word in ("generalized linear", "formula", "held out", "trained neither", "statsmodels"):
        assert word not in text, word


def test_what_was_not_run_is_not_said():
    result = bop.glm("score ~ x | sex", people()).fit(rng=1, repeats=1, explain=False)
    found = methods(result)
    text = " ".join(found.paragraphs)
    for word in ("bound", "xplanation", "weights", "cluster", "event", "partitions", "masked"):
        assert word not in text, word
    for work in ("tango", "eraser", "gradients", "brier", "median"):
        assert REFERENCES.get(work) not in found.references


def test_every_work_can_be_cited_and_every_key_is_a_work():
    folder = files("bopstats.reporting")
    source = "".join(
        folder.joinpath(name).read_text(encoding="utf-8") for name in ("study.py", "inference.py")
    )
    for key in REFERENCES:
        assert f'"{key}"' in source, key


def test_the_checklist_names_parts_of_the_report_only():
    assert checklist([]) == ()
    for item in checklist(["people", "methods"]):
        assert set(item.parts) <= {"people", "methods"}
        assert item.parts
