"""Terms to matrices, for the rows of the data and for other values of the variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import patsy
from patsy.design_info import DesignInfo, FactorInfo
from patsy.eval import EvalEnvironment, EvalFactor

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import fail
from bopstats.design import EvaluatedFactor, ModelMatrix
from bopstats.exceptions import DataError
from bopstats.formula.assembled import NO_NA, Assembled, FactorValues, evaluate
from bopstats.formula.terms import Parsed, evaluating, variables_in
from bopstats.syntax import core

_MOST_COPIES = 20_000_000
_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Built:
    """Both matrices, the factors of each side, and how to learn transforms anew."""

    generic: ModelMatrix
    personalized: ModelMatrix
    generic_factors: tuple[EvaluatedFactor, ...]
    personal_factors: tuple[EvaluatedFactor, ...]
    relearn: Callable[[IntArray], tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]] | None


def build(
    parsed: Parsed, frame: pd.DataFrame, env: EvalEnvironment, copies: IntArray | None = None
) -> Built:
    """Build both matrices from the used rows: the generic one as columns of the other if it can.

    Parameters
    ----------
    parsed : Parsed
        The terms.
    frame : DataFrame
        The used rows of all variables, prepared, none missing.
    env : EvalEnvironment
        What `environment` returned.
    copies : ndarray of int, shape (rows,), or None
        How many people each row stands for: transforms learn from all of them.

    Raises
    ------
    FormulaError, DataError
        If a term cannot be evaluated, or is not finite.
    ArgumentError
        If there are too many people for transforms to learn from.
    """
    sides = [
        [patsy.INTERCEPT, *parsed.generic],
        [patsy.INTERCEPT, *parsed.generic, *parsed.added],
    ]
    with evaluating(parsed.two):
        infos = patsy.build.design_matrix_builders(sides, lambda: iter([frame]), env, NO_NA)
        stateful = [f for f, info in infos[1].factor_infos.items() if info.state["transforms"]]
        if stateful and copies is not None:
            everyone = _copied(frame, np.arange(len(frame)), copies)
            fresh = {factor: _learn(factor, everyone, env) for factor in stateful}
            infos = [_renewed(info, fresh) for info in infos]
        values = {f: evaluate(info, frame) for f, info in infos[1].factor_infos.items()}
        matrices = _matrices(infos, values, frame, sides[1][1:])
    generic_factors = [f for term in parsed.generic for f in term.factors]
    personal_factors = [f for term in parsed.added for f in term.factors]
    infos_of = infos[1].factor_infos
    relearn = _relearner(parsed, infos, values, frame, stateful, env, copies) if stateful else None
    evaluated = {f: _evaluated(f, infos_of[f], values[f], frame) for f in values}
    return Built(
        *matrices,
        tuple(evaluated[f] for f in dict.fromkeys(generic_factors)),
        tuple(evaluated[f] for f in dict.fromkeys(personal_factors)),
        relearn,
    )


def _matrices(
    infos: list[DesignInfo],
    values: dict[EvalFactor, FactorValues],
    frame: pd.DataFrame,
    order: Sequence[Any],
) -> tuple[ModelMatrix, ModelMatrix]:
    generic, personalized = infos
    names = personalized.column_names
    base = Assembled(personalized, values, frame)
    if set(generic.column_names) <= set(names):
        take = np.array([names.index(name) for name in generic.column_names], dtype=np.int64)
        first = _model_matrix(generic, base, take, order, frame.columns)
    else:  # a personal term changed how a generic one is coded: the span is the same
        own = Assembled(generic, values, frame)
        first = _model_matrix(generic, own, None, order, frame.columns)
    second = _model_matrix(personalized, base, None, order, frame.columns)
    for matrix in (first, second):
        _check_finite(matrix, len(frame))
    return first, second


def _model_matrix(
    info: DesignInfo,
    base: Assembled,
    take: IntArray | None,
    order: Sequence[Any],
    columns: pd.Index[Any],
) -> ModelMatrix:
    # patsy puts categorical terms first; ties between terms go by the formula as written.
    terms = [term for term in order if term in info.terms]
    term_of = np.full(len(info.column_names), -1, dtype=np.int64)
    for i, term in enumerate(terms):
        term_of[info.term_slices[term]] = i
    return ModelMatrix(
        base,
        take,
        tuple(info.column_names),
        tuple(term.name() for term in terms),
        term_of,
        tuple(_variables(term, columns) for term in terms),
        partial(_columns, info),
    )


def _variables(term: Any, columns: pd.Index[Any]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(name for f in term.factors for name in variables_in(f.code, columns))
    )


def _columns(info: DesignInfo, frame: pd.DataFrame) -> FloatArray:
    """Build the columns of other rows, with the levels and transforms that `info` has learned."""
    with np.errstate(all="ignore"):
        return np.asarray(patsy.build_design_matrices([info], frame, NO_NA)[0])


def _check_finite(matrix: ModelMatrix, n: int) -> None:
    if matrix.take is not None:
        return
    for start in range(0, n, _ROWS_AT_ONCE):
        block = matrix.rows(slice(start, start + _ROWS_AT_ONCE))
        if not np.isfinite(block.sum()):
            for name, j in zip(matrix.names, range(matrix.n_columns), strict=True):
                count = int((~np.isfinite(matrix.column(j))).sum())
                if count:
                    raise DataError(
                        f"column {name!r} of the model matrix has {count} values that are infinite "
                        "or undefined; allowed: finite numbers"
                    )


def _evaluated(
    factor: EvalFactor, info: FactorInfo, values: FactorValues, frame: pd.DataFrame
) -> EvaluatedFactor:
    variables = variables_in(factor.code, frame.columns)
    return EvaluatedFactor(
        factor.code,
        *core(factor.code),
        variables,
        None if values.codes is None else tuple(info.categories),
        values.codes,
        values.columns[0] if len(values.columns) == 1 else None,
        partial(_values, factor, info),
    )


def _values(factor: EvalFactor, info: FactorInfo, frame: pd.DataFrame) -> Any:
    """Return a factor's values for other rows, out of the box that C() puts them in."""
    values = factor.eval(info.state, frame)
    return values.data if hasattr(values, "contrast") else values


def _relearner(
    parsed: Parsed,
    infos: list[DesignInfo],
    values: dict[EvalFactor, FactorValues],
    frame: pd.DataFrame,
    stateful: list[EvalFactor],
    env: EvalEnvironment,
    copies: IntArray | None,
) -> Callable[[IntArray], tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]]:
    """Return a function that learns the stateful factors from some rows and rebuilds all rows.

    Levels and codings stay those of all used rows.
    """
    two, order = parsed.two, (*parsed.generic, *parsed.added)

    def relearn(train: IntArray) -> tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]:
        rows = _copied(frame, train, copies)
        with evaluating(two):
            fresh = {factor: _learn(factor, rows, env) for factor in stateful}
            renewed = [_renewed(info, fresh) for info in infos]
            again = {f: evaluate(renewed[1].factor_infos[f], frame) for f in stateful}
            matrices = _matrices(renewed, values | again, frame, order)
        return *matrices, tuple(
            f"{factor.code}: values outside of the training rows' range are moved to its edge"
            for factor, state in fresh.items()
            if any(getattr(t, "outside", 0) for t in state["transforms"].values())
        )

    return relearn


def _copied(frame: pd.DataFrame, rows: IntArray, copies: IntArray | None) -> pd.DataFrame:
    if copies is None:
        return frame.iloc[rows]
    total = int(copies[rows].sum())
    if total > _MOST_COPIES:
        allowed = f"at most {_MOST_COPIES:,} with splines and other transforms that learn from data"
        fail("weights", f"{total:,} copies of rows", allowed)
    return frame.iloc[np.repeat(rows, copies[rows])]


def _learn(factor: EvalFactor, rows: pd.DataFrame, env: EvalEnvironment) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for which in range(factor.memorize_passes_needed(state, env)):
        factor.memorize_chunk(state, which, rows)
        factor.memorize_finish(state, which)
    return state


def _renewed(info: DesignInfo, fresh: dict[EvalFactor, dict[str, Any]]) -> DesignInfo:
    factors = {
        f: FactorInfo(f, old.type, fresh.get(f, old.state), old.num_columns, old.categories)
        for f, old in info.factor_infos.items()
    }
    return DesignInfo(info.column_names, factors, info.term_codings)
