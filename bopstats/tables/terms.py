"""Names of coefficients taken apart: variables, levels and the order in which a paper has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bopstats.syntax import core, is_expression
from bopstats.tables.labels import level_label

_TREATMENT = re.compile(r"(.+?)\[T\.(.*)\]", re.DOTALL)
# All levels of a categorical variable, as interactions without a main effect have them; the
# columns of a spline look alike, but for the call.
_EVERY_LEVEL = re.compile(r"(\w+|[CQ]\(.*?\))\[(.*)\]", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """One factor of a coefficient: the variable, and for a categorical one the level."""

    variable: str
    level: str | None = None


def parts_of(name: str) -> tuple[Part, ...]:
    """Take a coefficient's name apart.

    Examples
    --------
    >>> parts_of("C(race)[T.Black]:age")
    (Part(variable='race', level='Black'), Part(variable='age', level=None))
    >>> parts_of("sex[female]:bs(age, df=3)[0]")
    (Part(variable='sex', level='female'), Part(variable='bs(age, df=3)[0]', level=None))
    """
    found = []
    for piece in _pieces(name):
        match = _TREATMENT.fullmatch(piece) or _EVERY_LEVEL.fullmatch(piece)
        code, level = (match[1], match[2]) if match else (piece, None)
        found.append(Part(core(code)[0] if is_expression(code) else code, level))
    return tuple(found)


def _pieces(name: str) -> list[str]:
    """Split at colons outside of brackets."""
    pieces, depth = [""], 0
    for sign in name:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == ":" and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += sign
    return pieces


def heading(parts: tuple[Part, ...], labels: Mapping[str, str]) -> str:
    """Return the variables of a coefficient, as readers know them."""
    return " × ".join(labels.get(part.variable, part.variable) for part in parts)


def row_label(parts: tuple[Part, ...], labels: Mapping[str, str]) -> str:
    """Return the levels of a coefficient; a number has its variable's name."""
    return " × ".join(
        labels.get(part.variable, part.variable)
        if part.level is None
        else str(level_label(labels, part.variable, part.level))
        for part in parts
    )
