"""Files and pickles hold nothing of a single person, unless rows are asked for."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from analyses import NAMES, SPECS, analysis, invent

import bopstats as bop
from bopstats.exceptions import RowsNotKept
from bopstats.sampling import DesignSums


def marked():
    """People with values that are seen wherever they turn up."""
    people = invent().assign(name=[f"Zyxwvut Patient {i}" for i in range(240)])
    people["t"] += 0.1234567890123
    people["w"] += 0.0001234567
    return people.set_index("name")


MARKED = {
    "gaussian": ("t ~ x + z | sex", {}),
    "survey": (
        "t ~ x + z | sex",
        {"weights": "w", "weight_type": "prob", "cluster": "psu", "strata": "stratum"},
    ),
    "a person a cluster": ("t ~ x | sex", {"cluster": np.arange(240)}),
    "names as clusters": ("t ~ x | sex", {"cluster": [f"Zyxwvut {i}" for i in range(240)]}),
}


def bytes_of(results, path):
    results.save(path)
    text = path.read_bytes()
    plain = pickle.dumps(results)
    return text, plain


def floats_in(record):
    """All numbers of a record."""
    if isinstance(record, dict):
        record = list(record.values())
    if isinstance(record, (list, tuple)):
        for each in record:
            yield from floats_in(each)
    elif isinstance(record, float):
        yield record


@pytest.mark.parametrize("kind", MARKED)
def test_no_value_of_the_data_is_in_a_file_or_a_pickle(kind, tmp_path):
    people, (formula, about) = marked(), MARKED[kind]
    results = bop.glm(formula, people, **about).fit(rng=1, repeats=1)
    (
        results.calibration(),
        results.calibration_bins(30),
        results.individual,
        results.frame(ci="bca"),
        results.test(effect=0.1),
    )
    _ = results.generic, results.personalized, results.anova()
    rows = results.evaluation.rows[0]
    secrets = np.concatenate(
        [
            *(people[name].to_numpy(dtype=float) for name in ("t", "x", "z", "w")),
            *(rows.mu_generic, rows.mu_personalized, *rows.generic, *rows.benefit),
        ]
    )
    secrets = set(secrets[secrets % 1 != 0].tolist())
    for content in bytes_of(results, tmp_path / "r.json"):
        assert b"Zyxwvut" not in content
        # As text, as a pickle holds floats, and as arrays do.
        if content.startswith(b"{"):
            assert not secrets & set(floats_in(json.loads(content)))
        else:
            assert not secrets & set(floats_in(pickle.loads(content).__reduce__()[1][1]))  # noqa: S301
        packed = [np.array(list(secrets), dtype=order).tobytes() for order in ("<f8", ">f8")]
        for block in packed:
            found = [block[i : i + 8] for i in range(0, len(block), 8)]
            assert not any(each in content for each in found)


def test_the_search_finds_rows_that_are_kept(tmp_path):
    people = marked()
    results = bop.glm("t ~ x | sex", people).fit(rng=1, repeats=1)
    results.save(tmp_path / "r.json", keep_rows=True)
    content = (tmp_path / "r.json").read_bytes()
    assert b"Zyxwvut Patient 17" in content
    assert set(people["t"]) <= set(floats_in(json.loads(content)))
    assert json.loads(content)["rows"] is True


@pytest.mark.parametrize("name", [n for n in NAMES if "cluster" in n or n == "survey"])
def test_no_cell_of_a_design_is_saved(name, tmp_path):
    results = analysis(name)
    cells = results.evaluation.moments[0].design
    assert isinstance(cells, DesignSums)
    content, _ = bytes_of(results, tmp_path / "r.json")
    assert b"DesignSums" not in content
    found = set(floats_in(json.loads(content)))
    group, count = np.unique(cells.group, return_counts=True)
    sums = cells.wb[:, np.isin(cells.group, group[count > 1])]
    sums = sums[sums % 1 != 0]
    assert sums.size
    assert not set(sums.tolist()) & found
    loaded = bop.load(tmp_path / "r.json").evaluation.moments[0]
    for call in (loaded.pooled, lambda: loaded + loaded):
        with pytest.raises(bop.BopError, match="no sums by cluster or stratum"):
            call()


def test_a_pickle_does_not_grow_with_the_people():
    formula, about, how = SPECS["clusters of one"]
    sizes = []
    for n in (240, 2400):
        options = about | {"cluster": np.arange(n)}
        results = bop.glm(formula, invent(n), **options).fit(rng=1, **how)
        sizes.append(len(pickle.dumps(results)))
    assert sizes[1] < 1.05 * sizes[0]


def test_the_table_of_rows_dropped_counts_only(tmp_path):
    people = marked()
    people.loc[people.index[:7], "x"] = np.nan
    results = bop.glm("t ~ x | sex", people).fit(rng=1, repeats=1)
    results.save(tmp_path / "r.json")
    after = bop.load(tmp_path / "r.json")
    pd.testing.assert_frame_equal(after.row_flow, results.row_flow)
    assert (after.evaluation.n_read, after.evaluation.n_used) == (240, 233)
    assert len(after.evaluation.index) == 0


def test_bins_of_few_people_are_not_saved(tmp_path):
    results = copy.copy(analysis("gaussian"))
    results._computed = {}
    assert results.calibration_bins(100)["n"].min() == 1
    assert results.calibration_bins(4)["n"].min() >= 5
    results.save(tmp_path / "r.json")
    after = bop.load(tmp_path / "r.json")
    pd.testing.assert_frame_equal(after.calibration_bins(4), results.calibration_bins(4))
    with pytest.raises(RowsNotKept, match="calibration_bins"):
        after.calibration_bins(100)
