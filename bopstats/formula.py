"""Terms to matrices: the only file that touches patsy.

patsy itself would read the bar of ``y ~ A | P`` as Python's bitwise or, silently; it is given the
two sides apart (`bopstats.syntax`).
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import patsy
import patsy.categorical
import patsy.splines
from patsy.design_info import DesignInfo, FactorInfo
from patsy.eval import EvalEnvironment, EvalFactor

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import nearest
from bopstats.design import ModelMatrix
from bopstats.exceptions import DataError, FormulaError
from bopstats.syntax import FUNCTIONS, TwoPart

# Missing values are masked before patsy sees a row, so it must neither drop nor look for any.
_NO_NA = patsy.NAAction(on_NA="raise", NA_types=[])


class _BS(patsy.splines.BS):  # type: ignore[misc]
    """B-splines that move values beyond the training rows' range to its edge, and count them."""

    outside = 0

    def transform(self, x: Any, **options: Any) -> Any:
        low, high = self._all_knots[0], self._all_knots[-1]
        values = np.asarray(x, dtype=np.float64)
        self.outside = int(((values < low) | (values > high)).sum())
        return super().transform(np.clip(values, low, high), **options)


_TOOLS: dict[str, Any] = {
    "np": np,
    "bs": patsy.stateful_transform(_BS),
    **{name: getattr(np, name) for name in FUNCTIONS},
}


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

    def variables(self, side: str, columns: pd.Index[Any]) -> list[str]:
        """Return the data columns that a side ("outcome", "generic", "personal") names."""
        terms = {"generic": self.generic, "personal": self.personal}.get(side)
        factors = [self.outcome] if terms is None else [f for t in terms for f in t.factors]
        found = [name for f in factors for name in _value_names(f.code) if name in columns]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class EvaluatedFactor:
    """One factor of the personal side, evaluated on the used rows.

    `categories` and `codes` are those of a categorical factor, `values` those of a numeric one
    with a single column; the others are None.
    """

    code: str
    variables: tuple[str, ...]
    categories: tuple[object, ...] | None
    codes: IntArray | None
    values: FloatArray | None

    @property
    def simple(self) -> bool:
        """Whether the factor is a variable as it stands, or wrapped in C() or Q()."""
        if len(self.variables) != 1:
            return False
        call = ast.parse(self.code, mode="eval").body
        bare = isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"C", "Q"}
        return bare or self.code == self.variables[0]


@dataclass(frozen=True)
class Built:
    """Both matrices, the factors of each side, and how to learn transforms anew."""

    generic: ModelMatrix
    personalized: ModelMatrix
    generic_factors: tuple[EvaluatedFactor, ...]
    personal_factors: tuple[EvaluatedFactor, ...]
    relearn: Callable[[IntArray], tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]] | None


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
    return Parsed(two, outcome[0].factors[0], tuple(generic), tuple(personal))


def _terms(two: TwoPart, text: str, start: int) -> list[Any]:
    try:
        terms = patsy.ModelDesc.from_formula("~ " + text).rhs_termlist
    except patsy.PatsyError as error:
        _refail(two, error, start)
    if patsy.INTERCEPT not in terms:
        two.fail("formula: the intercept cannot be removed (0 + or - 1)", start)
    return [term for term in terms if term != patsy.INTERCEPT]


def _refail(two: TwoPart, error: patsy.PatsyError, start: int | None = None) -> NoReturn:
    """Say patsy's complaint with a caret in the whole formula."""
    origin = error.origin
    message = "formula: " + str(error.message).strip().splitlines()[0]
    if origin is None:
        raise FormulaError(f"{message}\n    {two.text}") from error
    if start is None:
        sides = zip((two.outcome, two.generic, two.personal), two.starts, strict=True)
        start = next((at for text, at in sides if origin.code == "~ " + text), 0)
    shift = start - len("~ ")
    try:
        two.fail(message, origin.start + shift, origin.end + shift)
    except FormulaError as clear:
        raise clear from error


def _value_names(code: str) -> list[str]:
    """Return the names that a factor reads as values: not those it calls as functions."""
    tree = ast.parse(code, mode="eval")
    called: set[int] = set()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            root = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            called.add(id(root))
            if isinstance(node.func, ast.Name) and node.func.id == "Q" and node.args:
                found.append((node.col_offset, str(getattr(node.args[0], "value", ""))))
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    found += [(node.col_offset, node.id) for node in names if id(node) not in called]
    return [name for _, name in sorted(found)]


def environment(
    parsed: Parsed, columns: pd.Index[Any], namespace: Mapping[str, Any]
) -> EvalEnvironment:
    """Return what a formula may see beside the data: functions, modules and scalars.

    Raises
    ------
    FormulaError
        If a name is neither a column nor any of these; the nearest column is named.
    """
    factors = [parsed.outcome] + [
        f for term in (*parsed.generic, *parsed.personal) for f in term.factors
    ]
    outer: dict[str, Any] = {}
    for factor in factors:
        values = set(_value_names(factor.code))
        for name in _all_names(factor.code):
            if name in columns and name in values:
                continue
            known = name in _TOOLS or name in patsy.builtins.__all__ or hasattr(builtins, name)
            if name in namespace and _usable(namespace[name], called=name not in values):
                outer[name] = namespace[name]
            elif not known or name in values:
                _unknown(parsed.two, name, columns, name in namespace)
    return EvalEnvironment([outer, _TOOLS])


def _all_names(code: str) -> list[str]:
    nodes = ast.walk(ast.parse(code, mode="eval"))
    return [*(n.id for n in nodes if isinstance(n, ast.Name)), *_value_names(code)]


def _usable(value: Any, *, called: bool) -> bool:
    if called:
        return callable(value) or isinstance(value, ModuleType)
    return np.isscalar(value) or isinstance(value, (list, tuple, dict, type(None)))


def _unknown(two: TwoPart, name: str, columns: pd.Index[Any], in_session: bool) -> NoReturn:
    hint = nearest(name, columns)
    if in_session:
        hint += "; an array in the session is not a column: add it to the data"
    two.fail(f"formula: column {name!r} is not in the data{hint}", *two.locate(name))


def evaluate_outcome(parsed: Parsed, frame: pd.DataFrame, env: EvalEnvironment) -> pd.Series[Any]:
    """Evaluate the left-hand side on the used rows."""
    state: dict[str, Any] = {}
    factor = parsed.outcome
    if factor.memorize_passes_needed(state, env):
        parsed.two.fail("formula: the outcome may not use a transform that learns from data", 0)
    try:
        values = factor.eval(state, frame)
    except patsy.PatsyError as error:
        _refail(parsed.two, error)
    values = pd.Series(values, index=frame.index)
    if values.isna().any():
        count = int(values.isna().sum())
        raise DataError(f"outcome {factor.code!r}: no value in {count} rows (outside its domain?)")
    return values


def build(parsed: Parsed, frame: pd.DataFrame, env: EvalEnvironment) -> Built:
    """Build both matrices from the used rows: the generic one as columns of the other if it can.

    Parameters
    ----------
    parsed : Parsed
        The terms.
    frame : DataFrame
        The used rows of all variables, prepared, none missing.
    env : EvalEnvironment
        What `environment` returned.

    Raises
    ------
    FormulaError, DataError
        If a term cannot be evaluated, or is not finite.
    """
    sides = [
        [patsy.INTERCEPT, *parsed.generic],
        [patsy.INTERCEPT, *parsed.generic, *parsed.added],
    ]
    try:
        infos = patsy.build.design_matrix_builders(sides, lambda: iter([frame]), env, _NO_NA)
        matrices = _matrices(infos, frame)
    except patsy.PatsyError as error:
        _refail(parsed.two, error)
    generic_factors = [f for term in parsed.generic for f in term.factors]
    personal_factors = [f for term in parsed.added for f in term.factors]
    factor_infos = infos[1].factor_infos
    stateful = [f for f, info in factor_infos.items() if info.state["transforms"]]
    relearn = _relearner(infos, frame, stateful, env) if stateful else None
    return Built(
        *matrices,
        tuple(_evaluated(f, factor_infos[f], frame) for f in dict.fromkeys(generic_factors)),
        tuple(_evaluated(f, factor_infos[f], frame) for f in dict.fromkeys(personal_factors)),
        relearn,
    )


def _matrices(infos: list[DesignInfo], frame: pd.DataFrame) -> tuple[ModelMatrix, ModelMatrix]:
    generic, personalized = infos
    names = personalized.column_names
    if set(generic.column_names) <= set(names):
        base = np.asarray(patsy.build_design_matrices([personalized], frame, _NO_NA)[0])
        take = np.array([names.index(name) for name in generic.column_names], dtype=np.int64)
        first = _model_matrix(generic, base, take)
    else:  # a personal term changed how a generic one is coded: the span is the same
        own, base = (np.asarray(m) for m in patsy.build_design_matrices(infos, frame, _NO_NA))
        first = _model_matrix(generic, own, None)
    second = _model_matrix(personalized, base, None)
    for matrix in (first, second):
        _check_finite(matrix)
    return first, second


def _model_matrix(info: DesignInfo, base: FloatArray, take: IntArray | None) -> ModelMatrix:
    terms = [term for term in info.terms if term != patsy.INTERCEPT]
    term_of = np.full(len(info.column_names), -1, dtype=np.int64)
    for i, term in enumerate(terms):
        term_of[info.term_slices[term]] = i
    names = tuple(info.column_names)
    return ModelMatrix(base, take, names, tuple(t.name() for t in terms), term_of)


def _check_finite(matrix: ModelMatrix) -> None:
    if matrix.take is not None or np.isfinite(matrix.base.sum()):
        return
    finite = np.isfinite(matrix.base)
    bad = np.flatnonzero(~finite.all(axis=0))
    if len(bad):
        count = int((~finite[:, bad[0]]).sum())
        raise DataError(
            f"column {matrix.names[bad[0]]!r} of the model matrix has {count} values that are "
            "infinite or undefined; allowed: finite numbers"
        )


def _evaluated(factor: EvalFactor, info: FactorInfo, frame: pd.DataFrame) -> EvaluatedFactor:
    variables = tuple(dict.fromkeys(n for n in _value_names(factor.code) if n in frame.columns))
    values = factor.eval(info.state, frame)
    if info.type == "categorical":
        codes = patsy.categorical.categorical_to_int(values, info.categories, _NO_NA)
        codes = np.asarray(codes, dtype=np.int64)
        return EvaluatedFactor(factor.code, variables, tuple(info.categories), codes, None)
    numeric = np.asarray(values, dtype=np.float64) if info.num_columns == 1 else None
    return EvaluatedFactor(factor.code, variables, None, None, numeric)


def _relearner(
    infos: list[DesignInfo], frame: pd.DataFrame, stateful: list[EvalFactor], env: EvalEnvironment
) -> Callable[[IntArray], tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]]:
    """Return a function that learns the stateful factors from some rows and rebuilds all rows.

    Levels and codings stay those of all used rows.
    """

    def relearn(train: IntArray) -> tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]:
        rows = frame.iloc[train]
        fresh = {factor: _learn(factor, rows, env) for factor in stateful}
        renewed = []
        for info in infos:
            factors = dict(info.factor_infos)
            for factor, state in fresh.items():
                if factor in factors:
                    factors[factor] = _with_state(factors[factor], state)
            renewed.append(DesignInfo(info.column_names, factors, info.term_codings))
        matrices = _matrices(renewed, frame)
        return *matrices, tuple(
            f"{factor.code}: values outside of the training rows' range are moved to its edge"
            for factor, state in fresh.items()
            if any(getattr(t, "outside", 0) for t in state["transforms"].values())
        )

    return relearn


def _learn(factor: EvalFactor, rows: pd.DataFrame, env: EvalEnvironment) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for which in range(factor.memorize_passes_needed(state, env)):
        factor.memorize_chunk(state, which, rows)
        factor.memorize_finish(state, which)
    return state


def _with_state(info: FactorInfo, state: dict[str, Any]) -> FactorInfo:
    return FactorInfo(info.factor, info.type, state, info.num_columns, info.categories)
