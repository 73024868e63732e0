"""``bopstats plan``: which personal attributes a study can check, before any outcome is seen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bopstats.cli import options
from bopstats.exceptions import ArgumentError, DataError

if TYPE_CHECKING:
    from bopstats.theory import Law

SCHEMA, VERSION = "bopstats.plan", 1
_ENDINGS = (".txt", ".json")

_EXAMPLE = """examples:
  bopstats plan --n 5000 --effect 0.02 --attributes sex=2,race=5,age=4
  bopstats plan --data pilot.csv --effect 0.5 --loss squared-error --sigma 3 \\
      --attributes sex,race

alpha is one-sided; with power it allows a type I + type II error of
alpha + 1 - power.
"""


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    plan = options.command(
        commands,
        "plan",
        "which sets of personal attributes a study can check",
        _EXAMPLE,
        "--effect E --attributes A,…",
    )
    plan.add_argument("--n", type=float, help="people in the study (default: the pilot's)")
    plan.add_argument("--effect", type=float, required=True, help="smallest benefit that matters")
    plan.add_argument(
        "--loss",
        choices=["zero-one", "brier", "squared-error"],
        default="zero-one",
        help="cost of a prediction (default: zero-one)",
    )
    plan.add_argument("--changed", type=float, help="zero-one: share of predictions that change")
    plan.add_argument("--sigma", type=float, help="standard deviation of one person's benefit")
    plan.add_argument("--alpha", type=float, default=0.05, help="one-sided level (default: 0.05)")
    plan.add_argument("--power", type=float, default=0.8, help="power (default: 0.8)")
    plan.add_argument(
        "--attributes", required=True, help="name=levels,… or, with --data, names of columns"
    )
    plan.add_argument("--data", help=f"a pilot whose joint group shares are used: {options.DATA}")
    options.add_formats(plan, " ".join(_ENDINGS))
    plan.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Work out the menu and the budget and write them."""
    from bopstats.cli.writing import as_json, check_output, write_text
    from bopstats.planning import attribute_budget, attribute_menu
    from bopstats.tables.record import plain

    check_output(arguments, _ENDINGS)
    law = _law(arguments)
    attributes = _pilot(arguments) if arguments.data else _levels(arguments)
    options = {"alpha": arguments.alpha, "power": arguments.power}
    menu = attribute_menu(attributes, arguments.n, arguments.effect, law, **options)
    budget = attribute_budget(menu.n_total, arguments.effect, law, **options)
    if not (arguments.json or str(arguments.out).lower().endswith(".json")):
        write_text(arguments, f"{menu}\n\n{budget}")
        return
    record = {
        "schema": SCHEMA,
        "version": VERSION,
        "n_total": menu.n_total,
        "effect": menu.effect,
        "law": law.describes,
        "max_error": menu.max_error,
        "note": menu.note,
        "menu": plain(menu.to_frame()),
        "yes_no_attributes": plain(budget.to_frame()),
    }
    write_text(arguments, as_json(record))


def _law(arguments: argparse.Namespace) -> Law:
    """Return the law of one person's benefit that the options name."""
    from bopstats.theory import Bounded, Gaussian, Ternary

    loss, sigma, changed = arguments.loss, arguments.sigma, arguments.changed
    if changed is not None and loss != "zero-one":
        raise ArgumentError(f"--changed: got {changed:g}; allowed: with --loss zero-one only")
    if sigma is not None and loss == "zero-one":
        raise ArgumentError(f"--sigma: got {sigma:g}; allowed: with a real-valued loss only")
    if sigma is not None:
        return Gaussian(sigma)
    if loss == "squared-error":
        raise ArgumentError("--sigma: needed with --loss squared-error, which has no bounds")
    return Bounded(-1.0, 1.0) if changed is None else Ternary(changed)


def _levels(arguments: argparse.Namespace) -> dict[str, int]:
    """Read ``sex=2,race=5``."""
    levels: dict[str, int] = {}
    for part in arguments.attributes.split(","):
        name, _, number = part.partition("=")
        if not name.strip() or not number.strip().isdigit():
            raise ArgumentError(
                f"--attributes: got {part!r}; allowed: name=levels, e.g. sex=2,race=5 "
                "(names alone need --data)"
            )
        levels[name.strip()] = int(number)
    if arguments.n is None:
        raise ArgumentError("--n: needed without --data")
    return levels


def _pilot(arguments: argparse.Namespace) -> Any:
    """Return the named columns of the pilot."""
    from bopstats.cli.inputs import read_data

    pilot = read_data(arguments.data)
    names = [name.strip() for name in arguments.attributes.split(",")]
    for name in names:
        if name not in pilot:
            columns = ", ".join(map(str, pilot.columns))
            raise DataError(f"--attributes: column {name!r} is not in the data (has: {columns})")
    return pilot[names]
