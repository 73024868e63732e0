"""Benefit of personalization: tell whether personal attributes help every group of people.

Names are loaded on first use, so that ``import bopstats`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bopstats._version import __version__ as __version__

if TYPE_CHECKING:
    from bopstats import datasets as datasets
    from bopstats import planning as planning
    from bopstats import plotting as plotting
    from bopstats import theory as theory
    from bopstats.exceptions import BopError as BopError
    from bopstats.external import compare as compare
    from bopstats.external import compare_models as compare_models
    from bopstats.inference.tests import BoPTest as BoPTest
    from bopstats.loading import load as load
    from bopstats.model import PersonalizedGLM as PersonalizedGLM
    from bopstats.model import glm as glm
    from bopstats.planning import *  # noqa: F403
    from bopstats.pooling import pool as pool
    from bopstats.results import BoPResults as BoPResults
    from bopstats.results.several import summary_table as summary_table
    from bopstats.theory import *  # noqa: F403

_HOMES = {
    "BopError": "bopstats.exceptions",
    "BoPResults": "bopstats.results",
    "BoPTest": "bopstats.inference.tests",
    "PersonalizedGLM": "bopstats.model",
    "compare": "bopstats.external",
    "compare_models": "bopstats.external",
    "glm": "bopstats.model",
    "load": "bopstats.loading",
    "pool": "bopstats.pooling",
    "summary_table": "bopstats.results.several",
}
_MODULES = ("datasets", "planning", "plotting", "theory")
# All public names of these are public here too.
_REEXPORTED = ("theory", "planning")


def __getattr__(name: str) -> Any:
    """Import a public name or module when it is first asked for."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"bopstats.{name}")
    if name == "__all__":
        return sorted([*_HOMES, *_MODULES, *_reexports()])
    if not name.startswith("_"):
        home = _reexports().get(name)
        if home is not None:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'bopstats' has no attribute {name!r}")


def _reexports() -> dict[str, str]:
    """Return where each re-exported name of theory and planning lives."""
    modules = [importlib.import_module(f"bopstats.{each}") for each in _REEXPORTED]
    return {name: module.__name__ for module in modules for name in module.__all__}


def __dir__() -> list[str]:
    return [*__getattr__("__all__"), "__version__"]
