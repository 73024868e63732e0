"""What an analysis found, in plain words: a verdict a cost, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from bopstats.costs import Cost
from bopstats.inference.tests import BoPTest
from bopstats.inference.verdicts import (
    BENEFITS,
    BENEFITS_EVERY,
    CANNOT_BE_TOLD,
    CANNOT_TELL,
    HARMS,
    HARMS_SOME,
)
from bopstats.tables.benefit import cost_name, shown_cost
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import gamma_lines
from bopstats.tables.options import Options

_MOST_NAMES = 12


@dataclass(frozen=True)
class Verdict:
    """One cost's verdict: `name` of the cost, its `role`, the verdict `short` and in `lines`."""

    name: str
    role: str
    short: str
    lines: tuple[str, ...]


def verdicts(findings: Findings, options: Options) -> tuple[Verdict, ...]:
    """Return a verdict a cost, the primary cost's first."""
    return tuple(_verdict(findings, cost, options) for cost in findings.evaluation.costs)


def _verdict(findings: Findings, cost: Cost, options: Options) -> Verdict:
    first = cost is findings.evaluation.costs[0]
    role = f"{cost.kind}, {'primary' if first else 'exploratory'}"
    test = findings.tests[cost.name]
    optimistic = findings.evaluation.settings.evaluation == "in-sample"
    short = f"{test.verdict} (in-sample: optimistic)" if optimistic else test.verdict
    lines = (
        _sentence(test, cost),
        _single_groups(findings, cost),
        *gamma_lines(findings, cost.name, shown_cost(findings, cost, options)),
    )
    return Verdict(cost_name(cost, options), role, short, lines)


def _sentence(test: BoPTest, cost: Cost) -> str:
    effect = "" if test.effect is None else f" of at least {test.effect:g} ({cost.unit})"
    return {
        BENEFITS_EVERY: "The personalized model has a smaller cost than the generic one in every "
        "group tested.",
        HARMS_SOME: "The personalized model has a larger cost than the generic one in at least "
        "one group.",
        CANNOT_BE_TOLD: f"Whether every group has a benefit{effect} cannot be told from groups of "
        "these sizes, whatever the test. This is no evidence of absence.",
        CANNOT_TELL: "Neither a benefit in every group nor harm in some group could be shown. "
        "This is no evidence of absence.",
    }.get(test.verdict, f"{test.verdict}.")


_WORDS = {
    BENEFITS: "Benefit",
    HARMS: "Harm",
    CANNOT_BE_TOLD: "Cannot be told at this n",
    CANNOT_TELL: "Cannot tell",
}


def _single_groups(findings: Findings, cost: Cost) -> str:
    """Say how many groups have which verdict, and name those that benefit or are harmed."""
    rows = findings.rows(cost.name).iloc[:-1]
    hidden = findings.hidden(cost.name)
    shown = rows if hidden is None else rows[~hidden[:-1]]
    lines = []
    for verdict, words in _WORDS.items():
        names = list(shown.loc[shown["verdict"] == verdict, "group"])
        if names:
            few = verdict in (BENEFITS, HARMS) and len(names) <= _MOST_NAMES
            who = f": {'; '.join(names)}" if few else ""
            lines.append(f"{words} in {len(names)} of {len(rows)} groups{who}.")
    without = int((~shown["verdict"].isin(list(_WORDS))).sum())
    lines += [f"No verdict in {without} of {len(rows)} groups."] if without else []
    masked = len(rows) - len(shown)
    lines += [f"Masked: {masked} of {len(rows)} groups."] if masked else []
    return " ".join(lines)
