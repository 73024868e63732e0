"""Columns of the user's data: found by name, checked, and made fit for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_object_dtype

from bopstats._typing import BoolArray, FloatArray, IntArray
from bopstats._validation import check_choice, fail, nearest
from bopstats.exceptions import ArgumentError, DataError
from bopstats.sampling import units_by_stratum

WEIGHT_TYPES = ("freq", "prob", "precision")
_MAX_LEVELS_SHOWN = 12


def as_frame(data: Any) -> pd.DataFrame:
    """Return `data` as a DataFrame; a mapping of equally long arrays will do."""
    if isinstance(data, Mapping):
        try:
            data = pd.DataFrame(dict(data))
        except (TypeError, ValueError) as error:
            fail(
                "data",
                f"a mapping of which no table can be made ({error})",
                "columns of one length",
            )
    if not isinstance(data, pd.DataFrame):
        fail("data", type(data).__name__, "a pandas DataFrame or a mapping of columns")
    if len(data) == 0:
        raise DataError("data: no rows")
    repeated = data.columns[data.columns.duplicated()]
    if len(repeated):
        raise DataError(f"data: column {repeated[0]!r} is there more than once")
    return data


def column(data: pd.DataFrame, name: str, role: str) -> pd.Series[Any]:
    """Return a column by name, or raise naming the nearest one."""
    if name not in data.columns:
        hint = nearest(name, data.columns)
        raise DataError(f"{role}: column {name!r} is not in the data{hint}")
    return data[name]


def column_or_array(data: pd.DataFrame, value: Any, role: str) -> pd.Series[Any]:
    """Return a column given by name or as an array of the data's length, aligned by position."""
    if isinstance(value, str):
        return column(data, value, role)
    if isinstance(value, pd.Series) and len(value) == len(data):
        if not value.index.equals(data.index):
            raise ArgumentError(
                f"{role}: got a Series whose index differs from that of the data; allowed: a "
                "column name, a Series with the data's index, or an array in row order"
            )
        return value
    array = np.asarray(value)
    if array.ndim != 1 or len(array) != len(data):
        fail(
            role,
            f"an array of shape {array.shape}",
            f"a column name or an array of the data's {len(data)} rows",
        )
    return pd.Series(array, index=data.index, name=role)


def is_text(series: pd.Series[Any]) -> bool:
    """Tell whether a column holds labels rather than numbers."""
    dtype = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.type is str
    return isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype)) or is_object_dtype(dtype)


def prepare(series: pd.Series[Any], name: str, reference: object | None) -> pd.Series[Any]:
    """Turn a column into float64, integer, bool or categorical, levels in a fixed order.

    Strings become categoricals (patsy codes those ten times faster), nullable types become plain
    ones (missing values as nan), levels without rows go, `reference` comes first.
    """
    if series.dtype == object:
        series = series.infer_objects()
        if series.dtype == object:
            series = maybe_numbers(series)
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _reorder(_only_used(series), name, reference)
    if is_text(series):
        return _reorder(_categorical(series, name), name, reference)
    if reference is not None:
        allowed = f"a level of a categorical column; {name!r} is {dtype}"
        fail(f"ref[{name!r}]", reference, f"{allowed} (write C({name}, Treatment({reference!r})))")
    if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)):
        raise DataError(
            f"column {name!r} has type {dtype}; allowed: numbers, booleans, strings, categoricals"
        )
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(f"column {name!r} has complex numbers; allowed: real numbers")
    return _plain(series) if pd.api.types.is_extension_array_dtype(dtype) else series


def with_levels(series: pd.Series[Any], like: pd.CategoricalDtype) -> pd.Series[Any]:
    """Return a column with the levels of `like` in their order; other values become missing."""
    coded = series if isinstance(series.dtype, pd.CategoricalDtype) else series.astype("category")
    # astype() would keep the order of the same levels in another order, unless they are ordered.
    return coded.cat.set_categories(like.categories, ordered=like.ordered)


def _plain(series: pd.Series[Any]) -> pd.Series[Any]:
    """Turn a nullable numeric or boolean column into a NumPy one."""
    dtype = series.dtype
    if not series.isna().any():
        if pd.api.types.is_bool_dtype(dtype):
            return series.astype(bool)
        if pd.api.types.is_integer_dtype(dtype) and (series.empty or series.max() < 2**63):
            return series.astype(np.int64)
    plain = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(plain, index=series.index, name=series.name)


def maybe_numbers(series: pd.Series[Any]) -> pd.Series[Any]:
    """Read an object column that holds numbers (and None) as numbers; leave others alone."""
    kinds = set(series.dropna().map(type))
    if kinds and all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return series.astype("boolean")
    if kinds and all(issubclass(kind, (int, float, np.number, Decimal)) for kind in kinds):
        return series.astype(np.float64)
    return series


def _categorical(series: pd.Series[Any], name: str) -> pd.Series[Any]:
    kinds = (
        sorted({kind.__name__ for kind in series.dropna().map(type)})
        if series.dtype == object
        else []
    )
    if len(kinds) > 1:
        raise DataError(f"column {name!r} mixes {' and '.join(kinds)}; allowed: one kind of value")
    if kinds and kinds[0] not in {"str", "str_"}:
        raise DataError(
            f"column {name!r} holds values of type {kinds[0]}; allowed: numbers, booleans, "
            "strings, categoricals"
        )
    return series.astype("category")


def _only_used(series: pd.Series[Any]) -> pd.Series[Any]:
    """Leave out levels without rows; pandas would sort all codes to find that there are none."""
    used = np.zeros(len(series.cat.categories) + 1, dtype=bool)
    used[series.cat.codes.to_numpy()] = True  # -1, of missing values, is the last
    return series if used[:-1].all() else series.cat.remove_unused_categories()


def _reorder(series: pd.Series[Any], name: str, reference: object | None) -> pd.Series[Any]:
    if reference is None:
        return series
    levels = list(series.cat.categories)
    if reference not in levels:
        some = ", ".join(map(repr, levels[:_MAX_LEVELS_SHOWN]))
        some += ", …" if len(levels) > _MAX_LEVELS_SHOWN else ""
        allowed = f"one of {some}{nearest(str(reference), levels)}"
        fail(f"ref[{name!r}]", reference, allowed)
    levels.remove(reference)
    return series.cat.reorder_categories([reference, *levels])


@dataclass(frozen=True)
class RowCounts:
    """Where rows went; counts of disjoint sets of rows can be added.

    `read` rows, `kept` of them by `subset`; of each variable, in order, the kept rows without a
    value (`missing`) and those of them that no earlier variable had dropped (`dropped`).
    """

    names: tuple[str, ...]
    read: int
    kept: int
    missing: IntArray
    dropped: IntArray

    def __add__(self, other: Self) -> RowCounts:
        """Add the counts of other rows."""
        return RowCounts(
            self.names,
            self.read + other.read,
            self.kept + other.kept,
            self.missing + other.missing,
            self.dropped + other.dropped,
        )

    def flow(self) -> pd.DataFrame:
        """Return one row a step: `step`, `missing`, `dropped` and `left`.

        Raises
        ------
        DataError
            If no row is left.
        """
        steps: list[dict[str, object]] = [_step("read", None, 0, self.read)]
        if self.kept < self.read:
            steps.append(_step("outside subset", None, self.read - self.kept, self.kept))
        left = self.kept - np.cumsum(self.dropped)
        for i in np.flatnonzero(self.missing):
            name, lost = self.names[i], (int(self.missing[i]), int(self.dropped[i]))
            steps.append(_step(f"missing {name}", *lost, int(left[i])))
        used = self.kept - int(self.dropped.sum())
        flow = pd.DataFrame([*steps, _step("used", None, 0, used)]).astype({"missing": "Int64"})
        if not used:
            raise DataError("data: no row is left\n" + flow.to_string(index=False))
        return flow


@dataclass(frozen=True)
class RowMask:
    """Which rows are used, a mask over the rows read, and where the others went."""

    used: BoolArray
    counts: RowCounts


def row_mask(
    data: pd.DataFrame, keep: BoolArray, variables: Sequence[tuple[str, Any]], missing: str
) -> RowMask:
    """Return one mask over the union of all variables, and the row flow.

    Parameters
    ----------
    data : DataFrame
        The rows read.
    keep : ndarray of bool
        Rows that `subset` keeps.
    variables : sequence of (name, values)
        Everything that the analysis uses.
    missing : {"drop", "raise"}
        What to do with rows that lack a value.

    Raises
    ------
    DataError
        If values are missing and `missing` is "raise".
    """
    check_choice("missing", missing, ("drop", "raise"))
    used, lacking, dropped = keep.copy(), [], []
    for name, values in variables:
        absent = np.asarray(pd.isna(values)) & keep
        if missing == "raise" and absent.any():
            raise DataError(f"column {name!r} lacks {int(absent.sum())} values; missing='raise'")
        lacking.append(int(absent.sum()))
        dropped.append(int((absent & used).sum()))
        used &= ~absent
    names = tuple(name for name, _ in variables)
    lost = (np.array(each, dtype=np.int64) for each in (lacking, dropped))
    return RowMask(used, RowCounts(names, len(data), int(keep.sum()), *lost))


def _step(step: str, missing: int | None, dropped: int, left: int) -> dict[str, object]:
    return {"step": step, "missing": missing, "dropped": dropped, "left": left}


def check_finite(name: str, values: npt.ArrayLike) -> None:
    """Raise if a numeric column holds infinite values."""
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, pd.CategoricalDtype) and dtype.categories.dtype.kind != "f":
        return  # an array of them would hold a text a row
    array = np.asarray(values)
    if array.dtype.kind != "f":
        return
    with np.errstate(all="ignore"):
        finite = np.isfinite(array.sum())  # one number a column, and none of the size of the column
    if not finite and np.isinf(array).any():
        count = int(np.isinf(array).sum())
        raise DataError(f"column {name!r} has {count} infinite values; allowed: finite numbers")


def check_weights(values: pd.Series[Any], weight_type: str | None, name: str) -> FloatArray:
    """Return weights as floats: not negative, not all zero, whole numbers for frequencies."""
    weights = check_some_weights(values, weight_type, name)
    if not weights.any():
        fail(name, "only zeros", "weights that are not all zero")
    return weights


def check_some_weights(values: pd.Series[Any], weight_type: str | None, name: str) -> FloatArray:
    """Return the weights of some rows as `check_weights` does; these may be all zero."""
    if weight_type is None:
        raise ArgumentError(
            f"weight_type: got None; allowed: {', '.join(map(repr, WEIGHT_TYPES))}, since "
            "frequency, sampling (probability) and precision weights are different things"
        )
    check_choice("weight_type", weight_type, WEIGHT_TYPES)
    weights = numbers(values, name)
    if (weights < 0).any():
        count = int((weights < 0).sum())
        fail(name, f"{count} negative weights, e.g. {weights.min():g}", "weights of at least 0")
    if weight_type == "freq" and (weights != np.round(weights)).any():
        fail(name, "fractional frequency weights", "whole numbers (or another weight_type)")
    return weights


def numbers(values: pd.Series[Any], role: str) -> FloatArray:
    """Return a column as finite floats."""
    try:
        array = values.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{role}: got values of type {values.dtype}; allowed: numbers") from error
    check_finite(role, array)
    return array


def codes(values: pd.Series[Any]) -> IntArray:
    """Return a number for each distinct value of a column, in order of appearance."""
    return pd.factorize(values)[0].astype(np.int64)


def check_strata(
    strata: pd.Series[Any], cluster: pd.Series[Any] | None, copies: FloatArray | None
) -> IntArray:
    """Return each row's stratum; every stratum needs two units, and a cluster lies in one stratum.

    A unit is a cluster, or without clusters a row, counted `copies` times.
    """
    numbered, names = codes(strata), pd.unique(strata).tolist()
    unit, clusters = "row", None
    if cluster is not None:
        unit, clusters, labels = "cluster", codes(cluster), pd.unique(cluster).tolist()
        pairs = np.unique(np.stack([clusters, numbered]), axis=1)
        torn = np.flatnonzero(np.diff(pairs[0]) == 0)
        if len(torn):
            two = [names[h] for h in pairs[1, torn[0] : torn[0] + 2]]
            raise DataError(
                f"cluster: {labels[pairs[0, torn[0]]]!r} lies in strata {two[0]!r} and {two[1]!r}; "
                "allowed: clusters of one stratum each (where they are numbered anew in each, make "
                "one label of both numbers)"
            )
    units = units_by_stratum(numbered, clusters, copies)
    single = np.flatnonzero((units > 0) & (units < 2))
    if len(single):
        more = f"; so do {len(single) - 1} other strata" if len(single) > 1 else ""
        raise DataError(
            f"strata: {names[single[0]]!r} has a single {unit} among the rows used{more}; allowed: "
            f"strata of two {unit}s or more, since one shows no variance (merge it with a stratum "
            "like it)"
        )
    return numbered


def unused_levels(name: str, series: pd.Series[Any], keep: BoolArray | None = None) -> str:
    """Say which declared levels of a categorical have no (kept) rows; empty if all have some."""
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return ""
    present = set((series if keep is None else series[keep]).dropna().unique())
    unused = [str(level) for level in series.cat.categories if level not in present]
    if not unused:
        return ""
    return f"{name}: declared levels without rows are left out: {', '.join(unused)}."


def names_of(variables: Iterable[str]) -> str:
    """Join names for a message."""
    return ", ".join(repr(name) for name in variables)
