"""Who was analysed: the groups, and where rows were dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bopstats.tables.content import count, number
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import general
from bopstats.tables.grid import Column, Grid, Row
from bopstats.tables.options import Options
from bopstats.tables.stub import group_rows, stub_column
from bopstats.tables.suppression import MASK


def groups_table(findings: Findings, options: Options) -> Table:
    """Return people and events of each group; see `BoPResults.table`."""
    evaluation, masks = findings.evaluation, findings.masks
    rows = findings.rows(evaluation.costs[0].name)
    total = rows["n"].iloc[-1]
    digits = 1 if options.decimals is None else options.decimals
    columns = [stub_column(evaluation.groups), Column("n"), Column("% of all")]
    texts = [[count(n) for n in rows["n"]], [number(100 * n / total, digits) for n in rows["n"]]]
    if evaluation.settings.family == "binomial":
        columns += [Column("Events (%)")]
        texts += [events_cells(rows, digits)]
    if (rows["n_eff"].dropna() != rows["n"].dropna()).any():
        columns += [Column("Effective n")]
        texts += [[number(n, 1) for n in rows["n_eff"]]]
    cells = [masks.show(each, masks.counts) for each in texts]
    read, unknown = _read(findings)
    for name in read:
        columns.append(Column(str(name).capitalize()))
        cells.append([MASK if pd.isna(n) else str(n) for n in read[name]])
    grid = Grid(
        tuple(columns), tuple(group_rows(evaluation.groups, list(zip(*cells, strict=True))))
    )
    outcome = evaluation.settings.outcome
    event = evaluation.settings.event
    caption = f"People evaluated, by group; outcome {outcome}"
    caption += f" (event: {event})" if event is not None else ""
    keep = [*evaluation.groups.attributes, "group", "n", "n_eff", "events", "status"]
    figures = rows[[name for name in rows.columns if name in keep]].join(read)
    notes = (*unknown, *general(findings, options.prespecified))
    return Table.of(caption, grid, notes, figures)


def _read(findings: Findings) -> tuple[pd.DataFrame, list[str]]:
    """Return rows read and dropped by group, the population last, and what to say of them.

    There is nothing to show where no row was dropped.
    """
    evaluation, masks = findings.evaluation, findings.masks
    if evaluation.read is None or evaluation.dropped is None or not evaluation.dropped.any():
        return pd.DataFrame(), []
    counts = pd.DataFrame({"read": evaluation.read, "missing": evaluation.dropped}, dtype="Int64")
    counts.loc[len(counts)] = counts.sum()
    if masks.k is not None:
        counts = counts.mask(np.repeat(masks.read[:, None], 2, axis=1))
    unknown = len(counts) - 2
    notes = ["Read: rows of the data; missing: those without a value that the analysis uses."]
    if evaluation.read[-1]:
        many = counts["read"].iloc[unknown]
        words = MASK if pd.isna(many) else str(many)
        notes[0] += f" Rows whose group is not known ({words}) count in the population only."
    if evaluation.settings.weight_type == "freq":
        notes[0] += " A row stands for as many people as its weight says."
    return counts.drop(index=unknown).reset_index(drop=True), notes


def events_cells(rows: pd.DataFrame, digits: int) -> list[str]:
    """Return counts of events with their percentage."""
    share = 100 * rows["events"] / rows["n"].where(rows["n"] > 0)
    return [
        count(events) if pd.isna(part) else f"{count(events)} ({number(part, digits)})"
        for events, part in zip(rows["events"], share, strict=True)
    ]


def flow_table(findings: Findings, options: Options) -> Table:
    """Return where rows were dropped; see `BoPResults.table`."""
    flow = findings.evaluation.row_flow
    columns = (
        Column("Step", numeric=False),
        *(Column(name) for name in ("Missing", "Dropped", "Left")),
    )
    masked = findings.masks.k is not None
    last = len(flow) - 1
    rows = []
    for i, step in enumerate(flow.itertuples(index=False)):
        inner = 0 < i < last
        name = str(step.step)
        absent = "" if not inner or not name.startswith("missing") else _cell(step.missing, masked)
        dropped = _cell(step.dropped, masked) if inner else ""
        cells = (name[:1].upper() + name[1:], absent, dropped, _cell(step.left, masked))
        rows.append(Row(cells, "total" if i == last else "body"))
    notes = [
        "Missing: rows without this variable. Dropped: those of them still there before this step. "
        "Both models use the same rows."
    ]
    notes += general(findings, options.prespecified)
    return Table.of("Rows read, dropped and used", Grid(columns, tuple(rows)), tuple(notes), flow)


def _cell(value: Any, masked: bool) -> str:
    return (MASK if masked else "–") if pd.isna(value) else str(value)
