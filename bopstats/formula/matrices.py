"""Terms to matrices, for the rows of the data and for other values of the variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import patsy
import patsy.categorical
from patsy.design_info import DesignInfo, FactorInfo
from patsy.eval import EvalEnvironment, EvalFactor

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import fail
from bopstats.design import EvaluatedFactor, ModelMatrix
from bopstats.exceptions import DataError
from bopstats.formula.terms import Parsed, evaluating, variables_in
from bopstats.syntax import core

# Missing values are masked before patsy sees a row, so it must neither drop nor look for any.
NO_NA = patsy.NAAction(on_NA="raise", NA_types=[])
_MOST_COPIES = 20_000_000


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
        matrices = _matrices(infos, frame, sides[1][1:])
    generic_factors = [f for term in parsed.generic for f in term.factors]
    personal_factors = [f for term in parsed.added for f in term.factors]
    factor_infos = infos[1].factor_infos
    relearn = _relearner(parsed, infos, frame, stateful, env, copies) if stateful else None
    return Built(
        *matrices,
        tuple(_evaluated(f, factor_infos[f], frame) for f in dict.fromkeys(generic_factors)),
        tuple(_evaluated(f, factor_infos[f], frame) for f in dict.fromkeys(personal_factors)),
        relearn,
    )


def _matrices(
    infos: list[DesignInfo], frame: pd.DataFrame, order: Sequence[Any]
) -> tuple[ModelMatrix, ModelMatrix]:
    generic, personalized = infos
    names = personalized.column_names
    if set(generic.column_names) <= set(names):
        base = np.asarray(patsy.build_design_matrices([personalized], frame, NO_NA)[0])
        take = np.array([names.index(name) for name in generic.column_names], dtype=np.int64)
        first = _model_matrix(generic, base, take, order, frame.columns)
    else:  # a personal term changed how a generic one is coded: the span is the same
        own, base = (np.asarray(m) for m in patsy.build_design_matrices(infos, frame, NO_NA))
        first = _model_matrix(generic, own, None, order, frame.columns)
    second = _model_matrix(personalized, base, None, order, frame.columns)
    for matrix in (first, second):
        _check_finite(matrix)
    return first, second


def _model_matrix(
    info: DesignInfo,
    base: FloatArray,
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
    values, levels, codes, numeric = factor.eval(info.state, frame), None, None, None
    if info.type == "categorical":
        if any(pd.isna(level) for level in info.categories):
            raise DataError(
                f"term {factor.code!r} has no value in some rows; allowed: a value each"
            )
        levels = tuple(info.categories)
        found = patsy.categorical.categorical_to_int(values, info.categories, NO_NA)
        codes = np.asarray(found, dtype=np.int64)
    elif info.num_columns == 1:
        numeric = np.asarray(values, dtype=np.float64)
    variables = variables_in(factor.code, frame.columns)
    evaluate = partial(_values, factor, info)
    return EvaluatedFactor(
        factor.code, *core(factor.code), variables, levels, codes, numeric, evaluate
    )


def _values(factor: EvalFactor, info: FactorInfo, frame: pd.DataFrame) -> Any:
    """Return a factor's values for other rows, out of the box that C() puts them in."""
    values = factor.eval(info.state, frame)
    return values.data if hasattr(values, "contrast") else values


def _relearner(
    parsed: Parsed,
    infos: list[DesignInfo],
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
            matrices = _matrices(renewed, frame, order)
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
