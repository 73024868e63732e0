"""From the arguments of a command to results."""

from __future__ import annotations

import argparse
from typing import Any

from bopstats.assembly import Request, build_design
from bopstats.cli.inputs import level_of, read_data, read_formula
from bopstats.loading import load
from bopstats.model import PersonalizedGLM
from bopstats.results import BoPResults
from bopstats.syntax import split_formula


def analyse(arguments: argparse.Namespace) -> BoPResults:
    """Fit the models that the arguments ask for; the data are read once."""
    formula = read_formula(arguments.formula)
    outcome = split_formula(formula).outcome  # a wrong formula is told before a big file is read
    data = read_data(arguments.data)
    event = arguments.event
    request = Request(
        groups=arguments.groups,
        event=None if event is None else level_of(data, outcome, event),
        ref={name: level_of(data, name, level) for name, level in arguments.ref} or None,
        subset=arguments.subset,
        weights=arguments.weights,
        weight_type=arguments.weight_type,
        cluster=arguments.cluster,
        strata=arguments.strata,
        id=arguments.id,
        offset=arguments.offset,
        exposure=arguments.exposure,
        missing=arguments.missing,
        safe=True,
    )
    model = PersonalizedGLM(build_design(formula, data, request, {}), arguments.family)
    return model.fit(
        cv=arguments.cv,
        repeats=arguments.repeats,
        folds=arguments.folds,
        costs=arguments.costs,
        threshold=arguments.threshold,
        top=arguments.top,
        attribution=arguments.attribution,
        penalty=arguments.penalty,
        rng=arguments.seed,
    )


def obtain(arguments: argparse.Namespace) -> BoPResults:
    """Return the result that the arguments ask for: a saved one, or one fitted now."""
    saved = arguments.data.lower().endswith(".json")
    if not saved and arguments.formula is None:
        arguments.usage_error("the following arguments are required: FORMULA")
    if not saved:
        return analyse(arguments)
    ignored = [
        option
        for name, option in arguments.fitting.items()
        if getattr(arguments, name) != arguments.default_of(name)
    ]
    if arguments.formula is not None or ignored:
        wrong = "a FORMULA" if arguments.formula is not None else ignored[0]
        arguments.usage_error(f"{wrong}: not allowed with a saved result, which has been fitted")
    return load(arguments.data)


def effects(arguments: argparse.Namespace, result: BoPResults) -> dict[str, float] | None:
    """Return the smallest benefits that matter, by cost."""
    primary = result.evaluation.costs[0].name
    return {name or primary: value for name, value in arguments.effect} or None


def shown(arguments: argparse.Namespace, result: BoPResults, labels: Any) -> dict[str, Any]:
    """Return the options of summaries, tables and reports."""
    return {
        "effect": effects(arguments, result),
        "alpha": arguments.alpha,
        "labels": labels,
        "suppress": arguments.suppress,
    }
