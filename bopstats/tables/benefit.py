"""The benefit of personalization in each group."""

from __future__ import annotations

from bopstats.costs import Cost
from bopstats.tables.baseline import events_cells
from bopstats.tables.content import Shown, count, pvalue, ranges
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import (
    abbreviations,
    all_groups,
    by_group,
    general,
    interval_methods,
)
from bopstats.tables.grid import Column, Grid
from bopstats.tables.labels import COSTS
from bopstats.tables.options import Options
from bopstats.tables.stub import group_rows, stub_column


def cost_name(cost: Cost, options: Options) -> str:
    """Return what readers call a cost."""
    return options.labels.get(cost.name, COSTS.get(cost.name, cost.name))


def shown_cost(findings: Findings, cost: Cost, options: Options) -> Shown:
    """Return how a cost's figures show."""
    rows = findings.rows(cost.name)
    costs = rows[["cost_generic", "cost_personalized"]].to_numpy(dtype=float)
    return options.shown(findings.estimates[cost.name].median("std_err"), costs)


def benefit_cells(findings: Findings, cost: Cost, show: Shown) -> list[str]:
    """Return benefits with their intervals, one a group, unmasked."""
    rows = findings.rows(cost.name)
    limits = ranges(rows["ci_low"], rows["ci_upp"], show)
    return [
        show(bop) if limit == "–" else f"{show(bop)} ({limit})"
        for bop, limit in zip(rows["bop"], limits, strict=True)
    ]


def scaled(head: str, show: Shown) -> str:
    """Add a power of ten to a heading."""
    return f"{head}\n(units of 10^{show.power})" if show.power else head


def benefit_table(findings: Findings, cost: Cost, options: Options) -> Table:
    """Return one cost's benefit by group; see `BoPResults.table`."""
    evaluation, masks = findings.evaluation, findings.masks
    rows, show = findings.rows(cost.name), shown_cost(findings, cost, options)
    level = f"{100 * (1 - findings.alpha):g}% CI"
    columns = [stub_column(evaluation.groups), Column("n")]
    cells = [masks.show([count(n) for n in rows["n"]], masks.counts)]
    if evaluation.settings.family == "binomial":
        columns += [Column("Events (%)")]
        cells += [masks.show(events_cells(rows, 1), masks.counts)]
    over = scaled(cost_name(cost, options), show).replace("\n", " ")
    columns += [
        Column("Generic", over),
        Column("Personalized", over),
        Column(f"BoP ({level})"),
        Column("p"),
        Column("Verdict", numeric=False),
    ]
    texts = [
        [show(v) for v in rows["cost_generic"]],
        [show(v) for v in rows["cost_personalized"]],
        benefit_cells(findings, cost, show),
        [pvalue(v) for v in rows["p_benefit"]],
        list(rows["verdict"]),
    ]
    cells += [masks.show(each, findings.hidden(cost.name)) for each in texts]
    grid = Grid(
        tuple(columns), tuple(group_rows(evaluation.groups, list(zip(*cells, strict=True))))
    )
    return Table.of(
        f"Benefit of personalization for {evaluation.settings.outcome}, by group: "
        f"{cost_name(cost, options)}",
        grid,
        tuple(_notes(findings, cost, show, options)),
        rows,
    )


def _notes(findings: Findings, cost: Cost, show: Shown, options: Options) -> list[str]:
    role = "primary" if cost is findings.evaluation.costs[0] else "exploratory"
    one_sided = f"{findings.alpha / 2:g}"
    lines = [
        abbreviations(["BoP", "CI"]),
        f"Cost ({role}): {cost.unit}. Intervals: {interval_methods(findings, cost.name)}. p: "
        "one-sided, for a benefit above 0 (values near 1 speak of harm). Verdicts on groups use "
        f"p-values adjusted by Holm's method, at one-sided {one_sided}.",
        *all_groups(findings, cost.name, show),
        *by_group(findings, cost.name),
        *general(findings, options.prespecified),
    ]
    if findings.evaluation.settings.partitions > 1:
        lines.insert(
            2,
            "Costs and benefits are means over partitions, limits and p-values medians.",
        )
    absent = findings.rows(cost.name)["bop"].isna().to_numpy()
    hidden = findings.hidden(cost.name)
    if (absent if hidden is None else absent & ~hidden).any():
        lines.insert(1, "–: could not be computed.")
    return lines
