"""What the terms of a formula are, and what they may see.

patsy itself would read the bar of ``y ~ A | P`` as Python's bitwise or, silently; it is given the
two sides apart (`bopstats.syntax`).
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tokenize import TokenError
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import patsy
import patsy.categorical
import patsy.splines
from patsy.eval import EvalEnvironment, EvalFactor
from patsy.parse_formula import parse_formula

from bopstats._validation import nearest
from bopstats.allowlist import CONTRASTS, FUNCTIONS
from bopstats.exceptions import BopError, DataError, FormulaError
from bopstats.syntax import TwoPart, expanded_size, is_expression, names_in


class _BS(patsy.splines.BS):  # type: ignore[misc]
    """B-splines that move values beyond the training rows' range to its edge, and count them."""

    outside = 0

    def memorize_finish(self) -> None:
        low, high = (self._tmp["args"][f"{end}_bound"] for end in ("lower", "upper"))
        values = np.concatenate([np.ravel(each) for each in self._tmp["xs"]])
        if (low is not None and values.min() < low) or (high is not None and values.max() > high):
            raise ValueError(f"bs: values outside of the bounds ({low}, {high})")
        super().memorize_finish()

    def transform(self, x: Any, *args: Any, **options: Any) -> Any:
        low, high = self._all_knots[0], self._all_knots[-1]
        values = np.asarray(x, dtype=np.float64)
        self.outside += int(((values < low) | (values > high)).sum())
        return super().transform(np.clip(values, low, high), *args, **options)


_TOOLS: dict[str, Any] = {
    "np": np,
    "bs": patsy.stateful_transform(_BS),
    **{name: getattr(np, name) for name in FUNCTIONS},
}
_KNOWN = {*_TOOLS, *patsy.builtins.__all__}
# patsy names a person's value there.
_VALUE = re.compile(r"observation with value .* does not match", re.DOTALL)
_MAX_TERMS, _MAX_FACTORS = 5000, 10


@dataclass(frozen=True)
class Parsed:
    """The terms of both sides as written; `added` are personal ones that the generic lacks."""

    two: TwoPart
    outcome: EvalFactor
    generic: tuple[Any, ...]
    personal: tuple[Any, ...]

    @property
    def added(self) -> tuple[Any, ...]:
        """The terms that the personalized model has and the generic one lacks."""
        return tuple(term for term in self.personal if term not in self.generic)

    def factors(self) -> list[tuple[EvalFactor, tuple[int, int]]]:
        """Return the factors of all parts, each with its place in the formula."""
        sides = ((self.generic, self.two.starts[1]), (self.personal, self.two.starts[2]))
        found = [(self.outcome, self.two.starts[0])]
        found += [(f, start) for terms, start in sides for term in terms for f in term.factors]
        return [(f, _span(f.origin, start)) for f, start in found]

    def variables(self, side: str, columns: pd.Index[Any]) -> list[str]:
        """Return the data columns that a side ("outcome", "generic", "personal") names."""
        terms = {"generic": self.generic, "personal": self.personal}.get(side)
        factors = [self.outcome] if terms is None else [f for t in terms for f in t.factors]
        found = [name for f in factors for name in variables_in(f.code, columns)]
        return list(dict.fromkeys(found))


def parse(two: TwoPart) -> Parsed:
    """Read the terms of both sides.

    Raises
    ------
    FormulaError
        With a caret under the place: syntax, a removed intercept, or more than one outcome.
    """
    generic = _terms(two, two.generic, two.starts[1])
    personal = _terms(two, two.personal, two.starts[2])
    outcome = _terms(two, two.outcome, two.starts[0])
    if len(outcome) != 1 or len(outcome[0].factors) != 1:
        two.fail("formula: the outcome must be one variable or expression", two.starts[0])
    parsed = Parsed(two, outcome[0].factors[0], tuple(generic), tuple(personal))
    for i, (factor, span) in enumerate(parsed.factors()):
        if not is_expression(factor.code):
            two.fail(f"formula: {factor.code!r} is not a valid expression", *span)
        if i and factor == parsed.outcome:
            two.fail("formula: the outcome is also on the right of the '~'", *span)
    return parsed


def _terms(two: TwoPart, text: str, start: int) -> list[Any]:
    try:
        tree = parse_formula("~ " + text)
        if expanded_size(tree) > _MAX_TERMS:
            two.fail(f"formula: more than {_MAX_TERMS} terms", start, start + len(text))
        terms = patsy.ModelDesc.from_formula(tree).rhs_termlist
    except patsy.PatsyError as error:
        _refail(two, error, start)
    except (SyntaxError, ValueError, TokenError, AssertionError, RecursionError) as error:
        if isinstance(error, FormulaError):
            raise
        two.fail("formula: cannot be read (too long?)", start, start + len(text))
    if patsy.INTERCEPT not in terms:
        two.fail("formula: the intercept cannot be removed (0 + or - 1)", start)
    if max(len(term.factors) for term in terms) > _MAX_FACTORS:
        two.fail(f"formula: a term of more than {_MAX_FACTORS} factors", start, start + len(text))
    return [term for term in terms if term != patsy.INTERCEPT]


def _span(origin: Any, start: int) -> tuple[int, int]:
    """Translate a place in "~ side" to one in the whole formula."""
    return origin.start + start - len("~ "), origin.end + start - len("~ ")


def _refail(two: TwoPart, error: Exception, start: int | None = None) -> NoReturn:
    """Say patsy's complaint with a caret in the whole formula."""
    origin = getattr(error, "origin", None)
    text = str(getattr(error, "message", error)).strip() or type(error).__name__
    text = _VALUE.sub("a value does not match", text)
    message = "formula: " + text.splitlines()[0]
    if origin is None:
        raise FormulaError(f"{message}\n    {two.text}") from error
    if start is None:
        sides = zip((two.outcome, two.generic, two.personal), two.starts, strict=True)
        start = next((at for text, at in sides if origin.code == "~ " + text), 0)
    try:
        two.fail(message, *_span(origin, start))
    except FormulaError as clear:
        raise clear from error


def variables_in(code: str, columns: pd.Index[Any]) -> tuple[str, ...]:
    """Return the columns that an expression reads, also before a dot, in order."""
    names = names_in(code)
    return tuple(dict.fromkeys(n for n in (*names.values, *names.dotted) if n in columns))


def environment(
    parsed: Parsed, columns: pd.Index[Any], namespace: Mapping[str, Any]
) -> EvalEnvironment:
    """Return what a formula may see beside the data: functions, modules and scalars.

    Raises
    ------
    FormulaError
        If a name is neither a column nor any of these; the nearest column is named.
    """
    outer: dict[str, Any] = {}
    for factor, _ in parsed.factors():
        names = names_in(factor.code)
        for name in names.called:
            if callable(namespace.get(name)):
                outer[name] = namespace[name]
            elif not (name in _KNOWN or hasattr(builtins, name)):
                hint = nearest(name, _KNOWN)
                parsed.two.fail(
                    f"formula: function {name!r} is not known{hint}", *parsed.two.locate(name)
                )
        for name in (*names.values, *names.dotted):
            if name in columns or (name in CONTRASTS and name not in namespace):
                continue
            if name in namespace and _usable(namespace[name], name in names.dotted):
                outer[name] = namespace[name]
            elif not (name in names.dotted and name in _TOOLS):
                _unknown(parsed.two, name, columns, name in namespace)
    return EvalEnvironment([outer, _TOOLS])


def _usable(value: Any, dotted: bool) -> bool:
    """Tell whether a value of the session may stand in a formula: anything but rows."""
    if dotted and isinstance(value, ModuleType):
        return True
    contrast = hasattr(value, "code_without_intercept") or isinstance(value, patsy.ContrastMatrix)
    return contrast or np.isscalar(value) or isinstance(value, (list, tuple, dict, type(None)))


def _unknown(two: TwoPart, name: str, columns: pd.Index[Any], in_session: bool) -> NoReturn:
    hint = nearest(name, columns)
    if in_session:
        hint += "; an array in the session is not a column: add it to the data"
    two.fail(f"formula: column {name!r} is not in the data{hint}", *two.locate(name))


@contextmanager
def evaluating(two: TwoPart) -> Iterator[None]:
    """Keep quiet about undefined values (found out later), and turn errors into clear ones."""
    try:
        with np.errstate(all="ignore"):
            yield
    except BopError:
        raise
    except Exception as error:  # terms are Python, so anything may come
        _refail(two, error)


def evaluate_outcome(parsed: Parsed, frame: pd.DataFrame, env: EvalEnvironment) -> pd.Series[Any]:
    """Evaluate the left-hand side on the used rows."""
    state: dict[str, Any] = {}
    factor = parsed.outcome
    if factor.memorize_passes_needed(state, env):
        parsed.two.fail("formula: the outcome may not use a transform that learns from data", 0)
    with evaluating(parsed.two):
        values = factor.eval(state, frame)
    if np.shape(values) != (len(frame),):
        parsed.two.fail(
            f"formula: the outcome must be one value a row, got shape {np.shape(values)}",
            *_span(factor.origin, parsed.two.starts[0]),
        )
    values = pd.Series(np.asarray(values) if not isinstance(values, pd.Series) else values)
    values.index = frame.index
    if values.isna().any():
        count = int(values.isna().sum())
        raise DataError(f"outcome {factor.code!r}: no value in {count} rows (outside its domain?)")
    return values
