"""The oracle cases, computed elsewhere with 60 digits, as pytest parameters."""

import json
import os
from pathlib import Path

import mpmath
import pytest

BESIDE = Path(__file__).resolve().parents[2].parent / "shared"
FILE = Path(os.environ.get("BOPSTATS_SHARED", BESIDE)) / "oracles" / "theory.json"
CASES = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []

#: Every function of the oracles must be asked for by some test.
FUNCTIONS = sorted({case["function"] for case in CASES})


def cases(*functions):
    """Return the cases of these functions as (inputs, value); one skipped case without them."""
    if not CASES:
        reason = f"no oracles at {FILE} (set BOPSTATS_SHARED)"
        return [pytest.param({}, "nan", marks=pytest.mark.skip(reason=reason))]
    chosen = [case for case in CASES if case["function"] in functions]
    assert chosen, functions
    return [
        pytest.param({**case["inputs"], "function": case["function"]}, case["value"], id=case["id"])
        for case in chosen
    ]


def relative(got, expected):
    """Return the relative error against a 40-digit text."""
    with mpmath.workdps(60):
        truth = mpmath.mpf(expected)
        if mpmath.isinf(truth):
            return 0.0 if mpmath.isinf(mpmath.mpf(got)) else float("inf")
        return float(abs(mpmath.mpf(got) - truth) / abs(truth)) if truth else float(abs(got))
