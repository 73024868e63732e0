"""Benefit of personalization: tell whether personal attributes help every group of people.

Names are loaded on first use, so that ``import bopstats`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bopstats import datasets, planning, theory
    from bopstats.exceptions import BopError
    from bopstats.inference.tests import BoPTest
    from bopstats.model import PersonalizedGLM, glm
    from bopstats.results import BoPResults

__version__ = "0.1.0"

_HOMES = {
    "BopError": "bopstats.exceptions",
    "BoPResults": "bopstats.results",
    "BoPTest": "bopstats.inference.tests",
    "PersonalizedGLM": "bopstats.model",
    "attribute_budget": "bopstats.planning",
    "glm": "bopstats.model",
}
_MODULES = ("datasets", "planning", "theory")

__all__ = ["BoPResults", "BoPTest", "BopError", "PersonalizedGLM", "datasets", "glm", "planning"]
__all__ += ["theory"]


def __getattr__(name: str) -> Any:
    """Import a public name or module when it is first asked for."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"bopstats.{name}")
    raise AttributeError(f"module 'bopstats' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
