"""A pass that is watched, and one that stops."""

import io
import sys

import pandas as pd
import pytest

from bopstats.exceptions import DataError
from bopstats.sources.kinds import as_source
from bopstats.sources.watched import watched

PEOPLE = [pd.DataFrame({"x": range(1500)}), pd.DataFrame({"x": range(500)})]


def test_all_pieces_come(capsys):
    with watched(as_source(PEOPLE), ["x"], "fit 1", show=False) as pieces:
        assert [len(piece.frame) for piece in pieces] == [1500, 500]
    assert capsys.readouterr().err == ""


def test_the_bar_counts_rows(monkeypatch):
    pytest.importorskip("tqdm", reason="a bar needs the extra 'progress'")
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    with watched(as_source(PEOPLE), ["x"], "fit 1", show=True) as pieces:
        list(pieces)
    assert "fit 1" in shown.getvalue()
    assert "2.00k" in shown.getvalue()
    assert "rows/s" in shown.getvalue()


def stop_at_the_second(pieces, error):
    for piece in pieces:
        if piece.position:
            raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, DataError, OSError])
def test_what_interrupts_the_work_says_where(error):
    with (
        pytest.raises(error) as caught,
        watched(as_source(PEOPLE), ["x"], "fit 3", show=False) as pieces,
    ):
        stop_at_the_second(pieces, error)
    assert caught.value.__notes__ == ["stopped in pass 'fit 3' at data[1] (1,500 rows done)"]


def test_what_fails_in_reading_says_where():
    broken = [PEOPLE[0], pd.DataFrame({"x": ["a"]})]
    with (
        pytest.raises(DataError, match=r"data\[1\]") as caught,
        watched(as_source(broken), ["x"], "levels", show=False) as pieces,
    ):
        list(pieces)
    assert caught.value.__notes__ == ["stopped in pass 'levels' at data[0] (1,500 rows done)"]


def test_what_fails_at_the_start_says_so():
    with pytest.raises(DataError) as caught, watched(as_source(PEOPLE), ["x"], "l"):
        raise DataError
    assert caught.value.__notes__ == ["stopped in pass 'l' at its start (0 rows done)"]
