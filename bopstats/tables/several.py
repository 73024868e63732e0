"""Several analyses or outcomes in one table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bopstats.costs import Cost
from bopstats.tables.benefit import benefit_cells, cost_name, scaled, shown_cost
from bopstats.tables.content import count, pvalue
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import abbreviations, all_groups, general, interval_methods
from bopstats.tables.grid import Column, Grid, Row
from bopstats.tables.options import Options
from bopstats.tables.stub import group_rows, stub_column

Analysis = tuple[str, Findings, Cost]
_SIDE_BY_SIDE = 3


def several_table(analyses: Sequence[Analysis], options: Options) -> Table:
    """Return benefits of several analyses; see `bopstats.summary_table`.

    Up to three on the same groups stand side by side; otherwise one block follows the other.
    """
    groups = analyses[0][1].evaluation.groups
    same = all(each.evaluation.groups == groups for _, each, _ in analyses)
    beside = same and len(analyses) <= _SIDE_BY_SIDE
    grid = _beside(analyses, options) if beside else _stacked(analyses, options)
    figures = [findings.rows(cost.name).assign(analysis=name) for name, findings, cost in analyses]
    frame = pd.concat(figures, ignore_index=True)
    frame.insert(0, "analysis", frame.pop("analysis"))
    return Table.of(
        "Benefit of personalization, by group, in several analyses",
        grid,
        tuple(_notes(analyses, options)),
        frame,
    )


def _cells(analysis: Analysis, options: Options) -> list[list[str]]:
    """Return the columns n, BoP (CI), p and verdict of one analysis."""
    _, findings, cost = analysis
    rows, masks = findings.rows(cost.name), findings.masks
    show = shown_cost(findings, cost, options)
    hidden = findings.hidden(cost.name)
    return [
        masks.show([count(n) for n in rows["n"]], masks.counts),
        masks.show(benefit_cells(findings, cost, show), hidden),
        masks.show([pvalue(p) for p in rows["p_benefit"]], hidden),
        masks.show(list(rows["verdict"]), hidden),
    ]


def _level(findings: Findings) -> str:
    return f"{100 * (1 - findings.alpha):g}% CI"


def _beside(analyses: Sequence[Analysis], options: Options) -> Grid:
    groups = analyses[0][1].evaluation.groups
    columns, cells = [stub_column(groups)], []
    for analysis in analyses:
        name, findings, cost = analysis
        head = scaled(f"BoP ({_level(findings)})", shown_cost(findings, cost, options))
        columns += [Column("n", name), Column(head, name), Column("p", name)]
        cells += _cells(analysis, options)[:3]
    return Grid(tuple(columns), tuple(group_rows(groups, list(zip(*cells, strict=True)))))


def _stacked(analyses: Sequence[Analysis], options: Options) -> Grid:
    columns = (
        Column("Group", numeric=False),
        Column("n"),
        Column(f"BoP ({_level(analyses[0][1])})"),
        Column("p"),
        Column("Verdict", numeric=False),
    )
    rows: list[Row] = []
    for analysis in analyses:
        name, findings, cost = analysis
        head = scaled(name, shown_cost(findings, cost, options)).replace("\n", " ")
        rows.append(Row((head,), "head"))
        labels = [*findings.evaluation.groups.labels, "Population"]
        texts = zip(labels, *_cells(analysis, options), strict=True)
        rows += [Row(each, level=1) for each in texts]
    return Grid(columns, tuple(rows))


def _notes(analyses: Sequence[Analysis], options: Options) -> list[str]:
    lines = [
        abbreviations(["BoP", "CI"]),
        "p: one-sided, for a benefit above 0 (values near 1 speak of harm). Verdicts on groups use "
        "p-values adjusted by Holm's method within an analysis; analyses are not adjusted for one "
        "another.",
    ]
    common: dict[str, list[str]] = {}
    for name, findings, cost in analyses:
        show = shown_cost(findings, cost, options)
        lines.append(
            f"{name}: outcome {findings.evaluation.settings.outcome}; {cost_name(cost, options)} "
            f"({cost.unit}); intervals: {interval_methods(findings, cost.name)}. "
            + " ".join(all_groups(findings, cost.name, show))
        )
        for line in general(findings, options.prespecified):
            common.setdefault(line, []).append(name)
    for line, names in common.items():
        lines.append(line if len(names) == len(analyses) else f"{', '.join(names)}: {line}")
    if any(np.isnan(f.rows(c.name)["bop"]).any() and f.masks.k is None for _, f, c in analyses):
        lines.append("–: could not be computed.")
    return lines
