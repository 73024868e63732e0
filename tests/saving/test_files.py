"""Files: strict and the same each time, whole or not there, one clear error each."""

import copy
import json
import os
import pickle
import stat
from dataclasses import fields
from pathlib import Path

import pytest
from analyses import analysis

import bopstats as bop
from bopstats.exceptions import ArgumentError, DataError
from bopstats.saving.files import VERSION
from bopstats.saving.values import _DECODERS, CLASSES, LEFT_OUT


def refuse(literal):
    raise AssertionError(f"{literal} is not JSON")


def test_a_file_is_strict_json_that_names_itself(tmp_path):
    analysis("nested").save(tmp_path / "r.json")
    record = json.loads((tmp_path / "r.json").read_bytes(), parse_constant=refuse)
    head = {key: value for key, value in record.items() if key != "result"}
    assert head == {
        "schema": "bopstats.saved",
        "version": 1,
        "bopstats": bop.__version__,
        "kind": "single",
        "rows": False,
    }
    assert list(record["result"]) == ["evaluation", "models", "computed"]


def test_a_result_is_the_same_file_in_whatever_order_it_was_asked(tmp_path):
    one, two = copy.copy(analysis("binomial")), copy.copy(analysis("binomial"))
    one._computed, two._computed = {}, {}
    one.calibration(), one.frame("brier", ci="bca"), one.calibration_bins(3)
    two.calibration_bins(3), two.frame("brier", ci="bca"), two.summary(0.01), two.calibration()
    one.save(tmp_path / "1.json")
    two.save(str(tmp_path / "2.json"))
    one.save(tmp_path / "1 again.json")
    files = [(tmp_path / name).read_bytes() for name in ("1.json", "2.json", "1 again.json")]
    assert files[0] == files[1] == files[2]


@pytest.fixture
def saved(tmp_path):
    analysis("gaussian").save(tmp_path / "r.json")
    return tmp_path / "r.json"


def test_a_file_is_replaced_and_nothing_is_left_beside_it(saved):
    analysis("poisson").save(saved)
    assert bop.load(saved).evaluation.settings.family == "poisson"
    assert [path.name for path in saved.parent.iterdir()] == ["r.json"]


def test_a_file_stays_as_it_was_if_writing_fails(saved, monkeypatch):
    before = saved.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(DataError, match=r"path: cannot write .*r\.json': No space left on device"):
        analysis("poisson").save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["r.json"]


def test_a_link_is_followed_and_rights_are_the_users(saved):
    link = saved.with_name("link.json")
    link.symlink_to(saved)
    analysis("poisson").save(link)
    assert link.is_symlink()
    assert bop.load(saved).evaluation.settings.family == "poisson"
    plain = saved.with_name("plain")
    plain.write_text("")
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_places_that_cannot_be_written_are_named(tmp_path):
    results = analysis("gaussian")
    with pytest.raises(DataError, match=r"path: cannot write .*nowhere/r\.json': No such file"):
        results.save(tmp_path / "nowhere" / "r.json")
    with pytest.raises(DataError, match=r"path: cannot write .*: it is a folder"):
        results.save(tmp_path)
    with pytest.raises(ArgumentError, match=r"keep_rows: got 1; allowed: True or False"):
        results.save(tmp_path / "r.json", keep_rows=1)
    for call in (results.save, bop.load):
        with pytest.raises(ArgumentError, match=r"path: got 3; allowed: the name of a file"):
            call(3)
    assert not list(tmp_path.iterdir())


def test_rows_that_are_not_there_cannot_be_kept(saved):
    with pytest.raises(bop.BopError, match="keep_rows=True: needs the rows"):
        bop.load(saved).save(saved, keep_rows=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"is not a result that bopstats saved \(no JSON\)"),
        (b"\xff\xfe\x00", r"is not a result that bopstats saved \(no UTF-8 text\)"),
        (b"a,b\n1,2\n", r"is not a result that bopstats saved \(no JSON\)"),
        (b"[1, 2]", r"is not a result that bopstats saved \(schema 'bopstats.saved'\)"),
        (b'{"schema": "bopstats.result", "version": 1}', "is not a result that bopstats saved"),
        (b'{"schema":"bopstats.saved","version":"x"}', "damaged: its version is 'x'"),
        (b'{"schema":"bopstats.saved","version":1,"x":NaN}', "NaN is not JSON"),
        (b'{"schema":"bopstats.saved","version":1}', "unknown kind None"),
        (b'{"schema":"bopstats.saved","version":1,"kind":"single"}', "result"),
        (b'{"schema":"bopstats.saved","version":1,"kind":"single","result":{}}', "evaluation"),
        (b'{"schema":"bopstats.saved",' + b'"a":[' * 20000, "damaged or not whole"),
    ],
)
def test_other_files_are_refused(content, said, tmp_path):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(DataError, match=r"path: '.*r\.json'.*" + said):
        bop.load(tmp_path / "r.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"path: cannot read '.*gone\.json': No such file"):
        bop.load(tmp_path / "gone.json")
    with pytest.raises(DataError, match="path: cannot read"):
        bop.load(tmp_path)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.999])
def test_a_truncated_file_is_said_to_be_so(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="damaged or not whole"):
        bop.load(saved)


def test_a_newer_file_names_both_versions(saved):
    record = json.loads(saved.read_bytes())
    record |= {"version": VERSION + 1, "bopstats": "9.9"}
    saved.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"saved by bopstats 9\.9 in version 2 .* up to version 1"):
        bop.load(saved)


def edited(path, edit):
    record = json.loads(path.read_bytes())
    edit(record["result"]["evaluation"])
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda e: e.pop("notes"), "damaged: KeyError.*Evaluation.notes"),
        (lambda e: e.update(future=1), "Evaluation has future, which this version"),
        (lambda e: e["settings"].update({"is": "os.system"}), "'os.system', which this version"),
        (lambda e: e["moments"][0]["wb"].update(shape=[7, 7]), "damaged: ValueError"),
        (lambda e: e["moments"][0]["wb"].update(dtype="O"), "array of object cannot be saved"),
        (lambda e: e["settings"].pop("is"), "damaged: KeyError"),
    ],
)
def test_a_damaged_file_is_said_to_be_so(saved, edit, said):
    edited(saved, edit)
    with pytest.raises(DataError, match=r"path: '.*r\.json'.*" + said):
        bop.load(saved)


def test_a_field_that_older_files_lack_has_its_default(saved):
    edited(saved, lambda e: (e.pop("refitted"), e["settings"].pop("strata")))
    assert str(bop.load(saved).summary()) == str(analysis("gaussian").summary())


def test_a_newer_pickle_is_refused():
    call, (cls, record) = analysis("gaussian").__reduce__()
    with pytest.raises(DataError, match=r"the pickle was saved by bopstats .* in version 2"):
        call(cls, record | {"version": 2})
    assert pickle.dumps(analysis("gaussian")) == pickle.dumps(analysis("gaussian"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_without_rights_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="Permission denied"):
        analysis("gaussian").save(tmp_path / "r.json")


def test_the_page_on_the_format_has_every_field():
    page = (Path(__file__).parents[2] / "docs" / "saved-results.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    for name, kind in CLASSES.items():
        left_out = LEFT_OUT.get(kind, ())
        expected = [f"`{each.name}`" for each in fields(kind) if each.name not in left_out]
        assert rows[name] == f"| `{name}` | {', '.join(expected)} |"
    for key in ("schema", "version", "bopstats", "kind", "rows", "result", *_DECODERS):
        assert f"`{key}`" in page
