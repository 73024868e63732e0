"""How many personal attributes, how many rows, how small a benefit: before any data are seen."""

from __future__ import annotations

from bopstats.planning.budgets import AttributeBudget, attribute_budget
from bopstats.planning.menus import AttributeMenu, attribute_menu
from bopstats.planning.samples import (
    DetectableEffect,
    SampleSize,
    detectable_effect,
    sample_size,
    solve,
)

__all__ = [
    "AttributeBudget",
    "AttributeMenu",
    "DetectableEffect",
    "SampleSize",
    "attribute_budget",
    "attribute_menu",
    "detectable_effect",
    "sample_size",
    "solve",
]
