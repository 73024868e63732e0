"""Fixtures that several test files share."""

import os
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

# Conftests hold no doctests, and as modules all of them would have one name.
collect_ignore_glob = ["*conftest.py"]

settings.register_profile("bopstats", deadline=None, derandomize=True, database=None)
settings.load_profile("bopstats")


@pytest.fixture(scope="session")
def shared():
    """The folder of real data beside the repository; BOPSTATS_SHARED names another one."""
    beside = Path(__file__).resolve().parents[1].parent / "shared"
    folder = Path(os.environ.get("BOPSTATS_SHARED", beside))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data at {folder} (set BOPSTATS_SHARED)")
    return folder


@pytest.fixture(scope="session")
def make_people():
    """Make tables of invented people, see `_make_people`."""
    return _make_people


@pytest.fixture(scope="session")
def people():
    """Give 240 invented people; tests work on copies of it."""
    return _make_people()


def _make_people(n=240, seed=0):
    """Invent n people: numbers, labels, codes and outcomes of every kind, nothing missing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "y": (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int),
            "count": rng.poisson(3, n),
            "t": x + rng.normal(size=n),
            "x": x,
            "z": rng.normal(5, 1, size=n),
            "age": rng.integers(20, 80, n),
            "clinic": rng.choice(["east", "north", "west"], n),
            "sex": rng.choice(["female", "male"], n),
            "race": rng.choice(["Asian", "Black", "White"], n),
            "insured": rng.integers(0, 2, n),
            "region": rng.integers(1, 5, n),
            "weight kg": rng.normal(70, 10, n),
        }
    )


@pytest.fixture(scope="session")
def within():
    """Give a context manager that fails what takes longer than some seconds."""
    return _within


@contextmanager
def _within(seconds):
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        pytest.fail(f"not done within {seconds} s")  # no Exception, so nothing can swallow it

    # Seconds of the processor, which others that use it do not lengthen.
    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
