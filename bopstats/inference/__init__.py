"""Tests, confidence intervals and verdicts from group moments."""
