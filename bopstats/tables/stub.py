"""The left side of a table by group: merged heads by the first attribute, levels below."""

from __future__ import annotations

from collections.abc import Sequence

from bopstats.groups import GroupIndex
from bopstats.tables.grid import Column, Row

POPULATION_LABEL = "Population"


def stub_column(groups: GroupIndex) -> Column:
    """Return the first column: the attribute's name, or where there are several, the others'."""
    if len(groups.attributes) == 1:
        return Column(groups.attributes[0], numeric=False)
    return Column(" × ".join(groups.attributes), numeric=False)


def group_rows(groups: GroupIndex, cells: Sequence[tuple[str, ...]]) -> list[Row]:
    """Return rows of cells, one a group and the population last, behind their labels.

    Two attributes or more: a head row for each level of the first one.
    """
    first, several = groups.attributes[0], len(groups.attributes) > 1
    rows: list[Row] = []
    above = None
    for levels, texts in zip(
        groups.frame().itertuples(index=False, name=None), cells, strict=False
    ):
        pairs = list(zip(groups.attributes, levels, strict=True))
        if several and (above is None or levels[0] != above):
            above = levels[0]
            rows.append(Row((f"{first}: {above}",), "head"))
        label = ", ".join(_level(name, level) for name, level in (pairs[1:] if several else pairs))
        rows.append(Row((label, *texts), level=int(several)))
    return [*rows, Row((POPULATION_LABEL, *cells[-1]), "total")]


def _level(name: str, level: object) -> str:
    return level if isinstance(level, str) else f"{name} = {level}"
