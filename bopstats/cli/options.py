"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

DATA = (
    "a .csv, .csv.gz, .parquet (needs bopstats[parquet]), .dta, .sas7bdat or .xpt file; - reads "
    "CSV from standard input"
)


def command(
    commands: Any, name: str, purpose: str, example: str, positional: str = ""
) -> argparse.ArgumentParser:
    """Add a command with an example at the end of its help, and a usage of one line."""
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        usage=f"bopstats {name} {positional} [options]".replace("  ", " "),
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    added.set_defaults(usage_error=added.error)
    return added


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the data with a formula, or a saved result without one, and how to fit."""
    before = {action.dest for action in parser._actions}
    add_design(parser)
    add_fit(parser)
    fitting = [action for action in parser._actions if action.dest not in before]
    parser.add_argument("data", metavar="DATA", help=f"{DATA}; or a result of 'fit --save'")
    parser.add_argument(
        "formula",
        metavar="FORMULA",
        nargs="?",
        help="'outcome ~ generic | personal', or @FILE with it; none with a saved result",
    )
    # A saved result has been fitted: these would be ignored, which is an error.
    parser.set_defaults(fitting={each.dest: each.option_strings[0] for each in fitting})
    parser.set_defaults(default_of=parser.get_default)


def add_design(parser: argparse.ArgumentParser) -> None:
    """Add what the columns of the data are: options of `bopstats.glm`."""
    group = parser.add_argument_group("data and design")
    add = group.add_argument
    add("--family", help="binomial, gaussian, poisson, gamma, … (default: by outcome)")
    add("--event", metavar="LEVEL", help="level of the outcome that counts")
    add(
        "--ref",
        action="append",
        type=_reference,
        default=[],
        metavar="COLUMN=LEVEL",
        help="reference level of a column; repeatable",
    )
    add("--subset", metavar="CONDITION", help="rows to use, e.g. \"age > 50 & sex == 'female'\"")
    add(
        "--groups",
        type=names,
        metavar="COLUMN,…",
        help="what makes the groups (default: the categorical personal attributes)",
    )
    add("--weights", metavar="COLUMN", help="weights; needs --weight-type")
    add(
        "--weight-type",
        choices=["freq", "prob", "precision"],
        help="frequencies, sampling weights or precisions",
    )
    add("--cluster", metavar="COLUMN", help="rows that belong together")
    add("--strata", metavar="COLUMN", help="sampling strata of a survey")
    add("--id", metavar="COLUMN", help="key of a row, so that folds do not depend on row order")
    add("--offset", metavar="COLUMN", help="offset of the linear predictor")
    add("--exposure", metavar="COLUMN", help="exposure, whose logarithm is an offset (log link)")
    add(
        "--missing",
        choices=["drop", "raise"],
        default="drop",
        help="rows that lack a value: leave out (default) or stop",
    )


def add_fit(parser: argparse.ArgumentParser) -> None:
    """Add how models are fitted and compared: options of `PersonalizedGLM.fit`."""
    group = parser.add_argument_group("models and costs")
    add = group.add_argument
    add(
        "--cv",
        type=_cv,
        default=5,
        metavar="FOLDS",
        help="folds, a test share in (0, 1), or 'none' (default: 5)",
    )
    add(
        "--repeats",
        type=int,
        metavar="R",
        help="odd number of partitions (default: 11, or 1 above 20,000 rows)",
    )
    add("--folds", choices=["stratified", "hash"], default="stratified", help="how folds are dealt")
    add("--seed", type=int, default=0, help="seed of the partitions (default: 0)")
    add(
        "--costs",
        type=names,
        metavar="COST,…",
        help="costs, the primary one first, e.g. brier,zero_one,auc",
    )
    add(
        "--threshold",
        type=float,
        default=0.5,
        metavar="P",
        help="probability from which the event is predicted (default: 0.5)",
    )
    add("--penalty", choices=["firth"], help="Firth's penalty (needs bopstats[firth])")
    add(
        "--top",
        type=_top,
        default=0.5,
        metavar="R",
        help="units that an explanation keeps: a share with a point, or a count (default: 0.5)",
    )
    add(
        "--attribution",
        default="integrated_gradients",
        metavar="NAME",
        help="what ranks them: "
        "integrated_gradients (default), deeplift, linear_shap, shapley or occlusion",
    )


def add_questions(parser: argparse.ArgumentParser) -> None:
    """Add what is asked of the results."""
    group = parser.add_argument_group("questions")
    group.add_argument(
        "--effect",
        action="append",
        type=_effect,
        default=[],
        metavar="[COST=]NUMBER",
        help="smallest benefit that matters, for the primary or a named cost; repeatable",
    )
    group.add_argument("--alpha", type=float, default=0.05, help="two-sided level (default: 0.05)")


def add_looks(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add what may be shown, and under which names."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--suppress",
        type=_suppress,
        metavar="K",
        help="mask counts of people below K, or below 11 (cms), 10 (washington), 6 (manitoba), and "
        "what they could be worked out from",
    )
    group.add_argument(
        "--labels", metavar="FILE", help=".json or two-column .csv: names and what to call them"
    )
    return group


def add_formats(group: Any, endings: str) -> None:
    """Add where the output goes, and as what."""
    group.add_argument("--json", action="store_true", help="print JSON (see docs/json.md)")
    group.add_argument(
        "-o", "--out", metavar="FILE", help=f"write to a file; its ending is the format: {endings}"
    )


def names(text: str) -> list[str]:
    """Read ``a,b``."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of names such as a,b")
    return found


def _pair(text: str, form: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (sign and name.strip() and value.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not {form}")
    return name.strip(), value.strip()


def _reference(text: str) -> tuple[str, str]:
    return _pair(text, "COLUMN=LEVEL")


def _effect(text: str) -> tuple[str | None, float]:
    name, _, value = text.rpartition("=")
    try:
        return name.strip() or None, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not [COST=]NUMBER") from None


def _cv(text: str) -> int | float | None:
    return None if text.lower() == "none" else _number(text, "a number or 'none'")


def _top(text: str) -> int | float:
    return _number(text, "a share such as 0.5 or a count such as 3")


def _number(text: str, allowed: str) -> int | float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {allowed}") from None


def _suppress(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
