"""Terms to matrices, for the rows of the data and for other values of the variables."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
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
Relearn = Callable[[IntArray], tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]]


Frames = Callable[[], Iterator[pd.DataFrame]]


@dataclass(frozen=True)
class Built:
    """Both matrices, and the factors of each side."""

    generic: ModelMatrix
    personalized: ModelMatrix
    generic_factors: tuple[EvaluatedFactor, ...]
    personal_factors: tuple[EvaluatedFactor, ...]


@dataclass(frozen=True)
class Coding:
    """What was learned of the terms: levels, contrasts, and the state of transforms."""

    parsed: Parsed
    infos: tuple[DesignInfo, DesignInfo]
    env: EvalEnvironment

    @property
    def stateful(self) -> tuple[EvalFactor, ...]:
        """Factors whose transforms learn from data."""
        factors = self.infos[1].factor_infos.items()
        return tuple(factor for factor, info in factors if info.state["transforms"])

    def build(self, frame: pd.DataFrame) -> Built:
        """Build both matrices for some rows, whose levels and types are those learned from."""
        with evaluating(self.parsed.two):
            return self._built(frame, self._evaluated(frame))

    def relearned(self, frames: Frames) -> Coding:
        """Learn the transforms anew from rows; levels and contrasts stay."""
        with evaluating(self.parsed.two):
            fresh = {factor: _learn(factor, frames, self.env) for factor in self.stateful}
        generic, personalized = (_renewed(info, fresh) for info in self.infos)
        return replace(self, infos=(generic, personalized))

    def relearner(self, frame: pd.DataFrame, copies: IntArray | None) -> Relearn | None:
        """Return a function that learns the transforms from some of the rows and rebuilds all."""
        if not self.stateful:
            return None
        learning = set(self.stateful)
        values = self._evaluated(frame, set(self.infos[1].factor_infos) - learning)

        def relearn(train: IntArray) -> tuple[ModelMatrix, ModelMatrix, tuple[str, ...]]:
            rows = _copied(frame, train, copies)
            new = self.relearned(lambda: iter([rows]))
            with evaluating(self.parsed.two):
                built = new._built(frame, values | new._evaluated(frame, learning))
            return built.generic, built.personalized, new.notes()

        return relearn

    def notes(self) -> tuple[str, ...]:
        """Say which transforms met values beyond the rows that they have learned from."""
        infos = self.infos[1].factor_infos
        return tuple(
            f"{factor.code}: values outside of the training rows' range are moved to its edge"
            for factor in self.stateful
            if any(getattr(t, "outside", 0) for t in infos[factor].state["transforms"].values())
        )

    def _evaluated(
        self, frame: pd.DataFrame, only: Container[EvalFactor] | None = None
    ) -> dict[EvalFactor, FactorValues]:
        infos = self.infos[1].factor_infos
        return {f: evaluate(infos[f], frame) for f in infos if only is None or f in only}

    def _built(self, frame: pd.DataFrame, values: dict[EvalFactor, FactorValues]) -> Built:
        parsed, infos = self.parsed, self.infos[1].factor_infos
        generic, personalized = _matrices(self.infos, values, frame, _order(parsed))
        evaluated = {f: _evaluated(f, infos[f], values[f], frame) for f in values}
        sides = [
            dict.fromkeys(factor for term in terms for factor in term.factors)
            for terms in (parsed.generic, parsed.added)
        ]
        first, second = (tuple(evaluated[factor] for factor in side) for side in sides)
        return Built(generic, personalized, first, second)


def _order(parsed: Parsed) -> tuple[Any, ...]:
    return (*parsed.generic, *parsed.added)


def learn(
    parsed: Parsed, frames: Frames, env: EvalEnvironment, copies: IntArray | None = None
) -> Coding:
    """Learn levels, contrasts and transforms from rows.

    Parameters
    ----------
    parsed : Parsed
        The terms.
    frames : callable
        Gives the rows anew each time: variables prepared, none missing, in frames of equal types.
    env : EvalEnvironment
        What `environment` returned.
    copies : ndarray of int, shape (rows,), or None
        How many people each row stands for: transforms learn from all of them. Only with rows in
        one frame.

    Raises
    ------
    FormulaError, DataError
        If a term cannot be evaluated.
    ArgumentError
        If there are too many people for transforms to learn from.
    """
    terms = _order(parsed)
    sides = [[patsy.INTERCEPT, *terms[: len(parsed.generic)]], [patsy.INTERCEPT, *terms]]
    with evaluating(parsed.two):
        infos = patsy.build.design_matrix_builders(sides, frames, env, NO_NA)
    coding = Coding(parsed, tuple(infos), env)
    if not (coding.stateful and copies is not None):
        return coding
    (frame,) = frames()
    everyone = _copied(frame, np.arange(len(frame)), copies)
    return coding.relearned(lambda: iter([everyone]))


def _matrices(
    infos: tuple[DesignInfo, DesignInfo],
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


def _copied(frame: pd.DataFrame, rows: IntArray, copies: IntArray | None) -> pd.DataFrame:
    if copies is None:
        return frame.iloc[rows]
    total = int(copies[rows].sum())
    if total > _MOST_COPIES:
        allowed = f"at most {_MOST_COPIES:,} with splines and other transforms that learn from data"
        fail("weights", f"{total:,} copies of rows", allowed)
    return frame.iloc[np.repeat(rows, copies[rows])]


def _learn(factor: EvalFactor, frames: Frames, env: EvalEnvironment) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for which in range(factor.memorize_passes_needed(state, env)):
        for rows in frames():
            factor.memorize_chunk(state, which, rows)
        factor.memorize_finish(state, which)
    return state


def _renewed(info: DesignInfo, fresh: dict[EvalFactor, dict[str, Any]]) -> DesignInfo:
    factors = {
        f: FactorInfo(f, old.type, fresh.get(f, old.state), old.num_columns, old.categories)
        for f, old in info.factor_infos.items()
    }
    return DesignInfo(info.column_names, factors, info.term_codings)
