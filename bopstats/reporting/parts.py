"""The parts of a report between its summary and its methods: tables and figures side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from bopstats.reporting import pictures
from bopstats.reporting.blocks import Numbered, Picture, Sheet
from bopstats.tables.baseline import flow_table, groups_table
from bopstats.tables.benefit import benefit_table, cost_name
from bopstats.tables.calibrated import calibration_table
from bopstats.tables.coefficients import Fits, models_table
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import general
from bopstats.tables.joint import tests_table
from bopstats.tables.options import Options
from bopstats.tables.summary import design_effects


@dataclass(frozen=True)
class Material:
    """All that a report is made of.

    `fits` is None where no model was fitted; `calibration` and `bins` (see
    `BoPResults.calibration` and `calibration_bins`) where the rows are not there or the family has
    none; `curve` (see `BoPResults.top_curve`) where nothing was explained.
    """

    findings: Findings
    options: Options
    fits: Fits | None = None
    calibration: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    curve: pd.DataFrame | None = None


@dataclass(frozen=True)
class Part:
    """A heading with tables and figures; `words` stand above them."""

    name: str
    heading: str
    blocks: tuple[Sheet | Picture, ...] = ()
    words: tuple[str, ...] = ()


def parts(material: Material) -> Iterator[Part]:
    """Yield the parts in the order of the page."""
    findings, options = material.findings, material.options
    number = Numbered(general(findings, options.prespecified))
    yield Part(
        "people",
        "People",
        (
            number.table("row-flow", flow_table(findings, options)),
            number.table("groups", groups_table(findings, options), sortable=True),
        ),
    )
    yield from _benefit(material, number)
    if findings.effects is not None:
        yield _design(findings, findings.effects, options, number)
    yield Part(
        "tests",
        "Tests of all groups, and what the data could tell",
        (
            number.table("joint-tests", tests_table(findings, options)),
            *pictures.error_curves(findings, options, number),
        ),
    )
    if material.fits is not None:
        table = models_table(findings, material.fits, options)
        yield Part("models", "Models", (number.table("coefficients", table),))
    if material.calibration is not None and material.bins is not None:
        yield _calibration(material, material.calibration, material.bins, number)


_LEFT_OUT = "Curves over the number of top terms are left out: they would give small counts away."


def _benefit(material: Material, number: Numbered) -> Iterator[Part]:
    findings, options = material.findings, material.options
    masked = findings.masks.k is not None
    for name, heading, kind in (
        ("benefit", "Benefit for prediction", "prediction"),
        ("explanation", "Benefit for explanation", "explanation"),
    ):
        blocks: list[Sheet | Picture] = []
        for i, cost in enumerate(findings.evaluation.costs, 1):
            if cost.kind == kind:
                table = benefit_table(findings, cost, options)
                blocks.append(number.table(f"benefit-{i}", table, sortable=True))
                blocks += pictures.forest(f"forest-{i}", findings, cost, options, number)
        if kind == "explanation":
            blocks += pictures.quadrant(findings, options, number)
            blocks += pictures.top_curves(findings, options, material.curve, number)
        if blocks:
            left_out = kind == "explanation" and material.curve is not None and masked
            yield Part(name, heading, tuple(blocks), (_LEFT_OUT,) if left_out else ())


def _design(findings: Findings, effects: pd.DataFrame, options: Options, number: Numbered) -> Part:
    primary = cost_name(findings.evaluation.costs[0], options)
    section = replace(
        design_effects(findings, effects), title=f"Design effects of the benefit: {primary}"
    )
    table = Table(title="", sections=(section,), figures=effects)
    return Part("design", "Design", (number.table("design-effects", table, sortable=True),))


def _calibration(
    material: Material, frame: pd.DataFrame, bins: pd.DataFrame, number: Numbered
) -> Part:
    table = calibration_table(material.findings, frame, material.options)
    return Part(
        "calibration",
        "Calibration",
        (
            number.table("calibration-table", table, sortable=True),
            *pictures.calibration(material.findings, bins, frame, number),
        ),
    )
