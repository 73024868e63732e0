"""Calibration of both models in each group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bopstats.tables.coefficients import MODELS
from bopstats.tables.content import Shown, ranges
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import abbreviations, general
from bopstats.tables.grid import Column, Grid
from bopstats.tables.options import Options
from bopstats.tables.stub import group_rows, stub_column

_DECIMALS = 2


def calibration_table(findings: Findings, frame: pd.DataFrame, options: Options) -> Table:
    """Return calibration intercepts and slopes; see `BoPResults.table`.

    Parameters
    ----------
    findings : Findings
        The analysis.
    frame : DataFrame
        As `BoPResults.calibration` returns it: a row a group and model, the population last.
    options : Options
        How it is to look.
    """
    groups, masks = findings.evaluation.groups, findings.masks
    if masks.k is not None:
        figures = frame.columns.difference(["group", "model", "note"])
        hide = np.repeat(masks.counts, len(MODELS))
        frame = frame.copy()
        frame.loc[hide, figures] = np.nan
        frame.loc[hide, "note"] = ""
    show = Shown(_DECIMALS if options.decimals is None else options.decimals)
    level = f"{100 * (1 - findings.alpha):g}% CI"
    columns, cells = [stub_column(groups)], []
    for model in MODELS:
        rows = frame[frame["model"] == model]
        for name in ("intercept", "slope"):
            columns.append(Column(f"{name.capitalize()}\n({level})", f"{model.capitalize()} model"))
            limits = ranges(rows[f"{name}_low"], rows[f"{name}_upp"], show)
            texts = [
                show(value) if limit == "–" else f"{show(value)} ({limit})"
                for value, limit in zip(rows[name], limits, strict=True)
            ]
            cells.append(masks.show(texts, masks.counts))
    grid = Grid(tuple(columns), tuple(group_rows(groups, list(zip(*cells, strict=True)))))
    reasons = frame.loc[frame["note"] != "", ["group", "model", "note"]]
    notes = [
        abbreviations(["CI"]),
        "Held-out predictions. Intercept: calibration in the large, ideal 0; slope: ideal 1 "
        "(Cox 1958); means over partitions.",
        *(f"{row.group}, {row.model}: {row.note}." for row in reasons.itertuples(index=False)),
        *general(findings, options.prespecified),
    ]
    return Table.of("Calibration of both models by group", grid, tuple(notes), frame)
