"""Which items of reporting guidelines the parts of a report answer, and what is left to say.

STROBE items bear their numbers (von Elm et al. 2007). Those of TRIPOD+AI (Collins et al. 2024) are
named by topic. All wording here is our own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

STROBE = (
    "von Elm E, Altman DG, Egger M, Pocock SJ, Gøtzsche PC, Vandenbroucke JP. The Strengthening "
    "the Reporting of Observational Studies in Epidemiology (STROBE) statement. Lancet "
    "2007;370:1453–1457."
)
TRIPOD = (
    "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for reporting "
    "clinical prediction models that use regression or machine learning methods. BMJ "
    "2024;385:e078378."
)


@dataclass(frozen=True)
class Item:
    """An item or topic of a guideline, the parts that answer it, and what authors must add."""

    guideline: str
    item: str
    parts: tuple[str, ...]
    left: str


_ITEMS = (
    Item("STROBE", "7 Variables", ("analysis",), "definitions and how each variable was measured"),
    Item("STROBE", "10 Study size", ("tests",), "how the size was arrived at"),
    Item("STROBE", "12a Statistical methods", ("methods",), "control of confounding"),
    Item("STROBE", "12b Subgroups and interactions", ("methods", "benefit"), ""),
    Item("STROBE", "12c Missing data", ("methods", "people"), "why values are missing; imputation"),
    Item("STROBE", "13 Participants", ("people",), "numbers at stages before these data"),
    Item(
        "STROBE",
        "14 Descriptive data",
        ("people",),
        "characteristics and exposures of participants",
    ),
    Item("STROBE", "15 Outcome data", ("people",), "follow-up time, where there was any"),
    Item("STROBE", "16 Main results", ("benefit", "models"), "which confounders, and why"),
    Item("STROBE", "17 Other analyses", ("benefit", "explanation", "tests"), "sensitivity"),
    Item("STROBE", "19 Limitations", ("notes",), "bias, and its likely direction"),
    Item("TRIPOD+AI", "Sample size", ("tests",), "how the size was arrived at"),
    Item("TRIPOD+AI", "Missing data", ("methods", "people"), "why values are missing"),
    Item("TRIPOD+AI", "Analytical methods", ("methods",), "choice and coding of predictors"),
    Item(
        "TRIPOD+AI",
        "Fairness: how it was addressed, and why",
        ("methods", "benefit"),
        "why these groups",
    ),
    Item("TRIPOD+AI", "Participants and events in each analysis", ("people", "benefit"), ""),
    Item("TRIPOD+AI", "Full model specification", ("models",), "how to use the model"),
    Item(
        "TRIPOD+AI",
        "Performance with confidence intervals, also in key subgroups",
        ("benefit", "calibration"),
        "",
    ),
    Item("TRIPOD+AI", "Heterogeneity of performance", ("benefit", "tests"), "centres, periods"),
    Item("TRIPOD+AI", "Limitations", ("notes",), "representativeness of the sample"),
)


def checklist(parts: Collection[str]) -> tuple[Item, ...]:
    """Return the items that a report with these parts answers.

    Examples
    --------
    >>> [item.item for item in checklist(["calibration"])]
    ['Performance with confidence intervals, also in key subgroups']
    """
    found = [
        Item(each.guideline, each.item, tuple(p for p in each.parts if p in parts), each.left)
        for each in _ITEMS
    ]
    return tuple(item for item in found if item.parts)
