"""Invented people, whole and with gaps, and a sample that is smaller than they are."""

import alike
import pytest

from bopstats.streaming import witnesses


@pytest.fixture(autouse=True)
def few_witnesses(monkeypatch):
    """Let the first pass keep fewer rows than there are, as with large data."""
    monkeypatch.setattr(witnesses, "_SAMPLE", 300)


@pytest.fixture(scope="session")
def people():
    """Give 1,600 people, nothing missing."""
    return alike.people()


@pytest.fixture(scope="session")
def gaps(people):
    """Give the same people with values missing, among them all of one piece."""
    return alike.with_gaps(people)
