"""Which sets of personal attributes a study can check for benefit in every group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bopstats._notebook import Framed
from bopstats._progress import progress_bar
from bopstats._validation import check_count, check_real, fail
from bopstats.planning import _common as common
from bopstats.theory._base import Law
from bopstats.theory._numeric import Floats
from bopstats.theory._problem import Problem
from bopstats.theory.bounds import lower_error, upper_error
from bopstats.theory.scales import summed_error

if TYPE_CHECKING:
    import pandas as pd

#: With more attributes the menu would have more than 2^15 lines.
MOST_ATTRIBUTES = 15

#: Distinct group sizes of one line, and of all lines together; more are rounded, up in lower
#: bounds and down in upper ones.
MOST_SIZES, ALL_SIZES = 64, 40_000

#: Lines that are bounded together.
BATCH = 256

VERIFIABLE, OPEN, NOT = "verifiable", "not settled by theory", "not verifiable"


@dataclass(frozen=True)
class Cells:
    """Sizes of the groups of one set of attributes, distinct, with how many groups share each."""

    sizes: Floats
    counts: Floats

    @property
    def smallest(self) -> float:
        """Rows of the smallest group."""
        return float(self.sizes[0])

    @property
    def groups(self) -> float:
        """Number of groups."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class MenuItem:
    """One set of attributes and what can be said of it.

    Attributes
    ----------
    attributes : tuple of str
    n_groups : float
        Groups that the attributes make, empty ones among them.
    smallest_group : float
        Rows of the smallest group.
    error_lower, error_upper : float
        Summed error: no test errs less than the former, the min-of-means test errs at most the
        latter (nan where it is not known for the law).
    verdict : str
        "verifiable", "not settled by theory" or "not verifiable".
    """

    attributes: tuple[str, ...]
    n_groups: float
    smallest_group: float
    error_lower: float
    error_upper: float
    verdict: str


@dataclass(frozen=True)
class AttributeMenu(Framed):
    """Every set of the attributes, the richest verifiable ones first.

    Attributes
    ----------
    items : tuple of MenuItem
    n_total : float
        Rows in all.
    effect : float
        Smallest mean benefit worth finding, in the unit of the cost.
    law : Law
        Law of the individual benefit.
    max_error : float
        Largest summed error, type I + type II.
    note : str
        How group sizes were found.
    """

    items: tuple[MenuItem, ...]
    n_total: float
    effect: float
    law: Law
    max_error: float
    note: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row a set of attributes.

        Returns
        -------
        pandas.DataFrame
            Columns `attributes` (comma-separated), `n_attributes`, `n_groups`, `smallest_group`,
            `error_lower`, `error_upper`, `verdict`.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "attributes": [", ".join(item.attributes) for item in self.items],
                "n_attributes": [len(item.attributes) for item in self.items],
                "n_groups": [item.n_groups for item in self.items],
                "smallest_group": [item.smallest_group for item in self.items],
                "error_lower": [item.error_lower for item in self.items],
                "error_upper": [item.error_upper for item in self.items],
                "verdict": [item.verdict for item in self.items],
            }
        )

    def __str__(self) -> str:
        out = [
            f"Sets of personal attributes that {self.n_total:.15g} rows can check",
            f"  law: {self.law.describes}",
            f"  effect: {self.effect:g}; type I + type II error: at most {self.max_error:g}",
            f"  {self.note}",
            f"  {'groups':>10} {'smallest':>10} {'lower':>7} {'upper':>7}  verdict: attributes",
        ]
        for item in self.items[:40]:
            names = ", ".join(item.attributes) or "(none: the pooled population)"
            out.append(
                f"  {item.n_groups:>10.6g} {item.smallest_group:>10.6g} {item.error_lower:>7.3f} "
                f"{item.error_upper:>7.3f}  {item.verdict}: {names}"
            )
        if len(self.items) > 40:
            out.append(f"  … and {len(self.items) - 40} more (to_frame() has them all)")
        return "\n".join(out)


def attribute_menu(
    attributes: Mapping[str, Any] | pd.DataFrame,
    n_total: float | None,
    effect: float,
    law: Law,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    max_error: float | None = None,
) -> AttributeMenu:
    """Return every set of attributes, with bounds on the error of checking it.

    Parameters
    ----------
    attributes : mapping or pandas.DataFrame
        For each attribute its number of levels (then groups are equal), or the shares of its
        levels (then attributes are independent); or a pilot with one column an attribute, whose
        joint shares are used and whose rows with missing values are left out. At most 15.
    n_total : float or None
        Rows in all; None takes the pilot's.
    effect : float
        Smallest mean benefit worth finding; positive, in the unit of the cost.
    law : Law
        Law of the individual benefit.
    alpha, power, max_error
        As in `attribute_budget`.

    Returns
    -------
    AttributeMenu
        "verifiable": the min-of-means test meets the error; "not verifiable": no test can;
        "not settled by theory": neither is known. A group expected to hold less than one row
        counts as empty, and then nothing is verifiable. With many distinct group sizes the bounds
        are valid but a little loose: sizes are rounded to keep long menus quick.

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind or value, or there are more than 15 attributes.
    DomainError
        If the effect is larger than the law allows.

    Examples
    --------
    >>> from bopstats.theory import Gaussian
    >>> menu = attribute_menu({"sex": 2, "race": [0.7, 0.2, 0.1]}, 2000, 0.05, Gaussian(0.2))
    >>> for item in menu.items:
    ...     print(item.verdict, item.attributes)
    verifiable ('sex',)
    verifiable ('race',)
    verifiable ()
    not settled by theory ('sex', 'race')
    """
    effect = common.check_effect(effect, law)
    tau = summed_error(alpha, power, max_error)
    shares, note, seen = _shares(attributes)
    total = common.check_total(seen if n_total is None and seen else n_total)
    sets = list(shares)
    cells = [_cells(share, count, total) for share, count in shares.values()]
    lower, upper = _bounds(cells, effect, law)
    items = [
        MenuItem(names, cell.groups, cell.smallest, low, high, _verdict(low, high, tau))
        for names, cell, low, high in zip(sets, cells, lower, upper, strict=True)
    ]
    rank = {VERIFIABLE: 0, OPEN: 1, NOT: 2}
    items.sort(key=lambda item: (rank[item.verdict], -len(item.attributes), item.error_lower))
    return AttributeMenu(tuple(items), total, effect, law, tau, note)


def _verdict(lower: float, upper: float, max_error: float) -> str:
    if lower > max_error:
        return NOT
    return VERIFIABLE if upper <= max_error else OPEN


#: For each set of attributes: distinct shares of the rows, increasing, and how many groups each.
Shares = dict[tuple[str, ...], tuple[Floats, Floats]]


def _shares(attributes: Any) -> tuple[Shares, str, int | None]:
    """Return the shares of the groups, how they were found, and the pilot's rows."""
    if isinstance(attributes, Mapping):
        names = _check_names([str(name) for name in attributes])
        levels = [_level_shares(name, value) for name, value in attributes.items()]
        equal = all(np.ptp(share) == 0.0 for share in levels)
        note = "groups are equal" if equal else "attributes are taken as independent"
        return _product_shares(names, levels), note, None
    if hasattr(attributes, "columns"):
        return _pilot_shares(attributes)
    fail("attributes", attributes, "a mapping of names to levels or shares, or a pilot DataFrame")


def _check_names(names: Sequence[str]) -> list[str]:
    if not 1 <= len(names) <= MOST_ATTRIBUTES:
        fail(
            "attributes",
            f"{len(names)} attributes",
            f"1 to {MOST_ATTRIBUTES}, since every set is listed; leave out those that must or "
            "cannot be used, or call attribute_budget for their number alone",
        )
    return list(names)


def _level_shares(name: str, value: Any) -> Floats:
    """Return the shares of one attribute's levels."""
    where = f"attributes[{name!r}]"
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
        count = check_count(where, value, low=2)
        return np.full(count, 1.0 / count)
    shares = np.array([check_real(where, v, low=0.0, high=1.0) for v in value])
    if shares.size < 2 or abs(shares.sum() - 1.0) > 1e-6:
        fail(where, list(value), "the shares of at least two levels, which sum to 1")
    return np.asarray(shares / shares.sum())


def _product_shares(names: list[str], levels: list[Floats]) -> Shares:
    """Return the shares of all sets of independent attributes."""
    out: Shares = {(): (np.ones(1), np.ones(1))}
    for name, shares in zip(names, levels, strict=True):
        for chosen, (share, count) in list(out.items()):
            crossed = np.multiply.outer(share, shares).ravel()
            out[(*chosen, name)] = _distinct(crossed, np.repeat(count, shares.size))
    return out


def _distinct(share: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Merge equal shares; equal to 12 digits is equal."""
    key = np.round(np.log(share), 12)
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return share[first], np.bincount(back, weights=count).astype(float)


def _pilot_shares(pilot: pd.DataFrame) -> tuple[Shares, str, int]:
    """Return the shares of all sets of a pilot's columns, empty crossings among them."""
    names = _check_names([str(name) for name in pilot.columns])
    complete = pilot.dropna()
    levels = [complete.iloc[:, i].nunique() for i in range(len(names))]
    for name, count in zip(names, levels, strict=True):
        if count < 2:
            fail(f"attributes[{name!r}]", f"{count} levels", "a column with at least two levels")
    codes = np.stack([complete.iloc[:, i].factorize()[0] for i in range(len(names))], axis=1)
    profiles, times = np.unique(codes, axis=0, return_counts=True)
    out: Shares = {}

    def add(chosen: tuple[int, ...], groups: NDArray[np.intp]) -> None:
        """Add a set, whose groups number the profiles, and every set that goes on from it."""
        cells = np.bincount(groups, weights=times)
        found, count = np.unique(cells / len(complete), return_counts=True)
        crossings = float(np.prod([float(levels[i]) for i in chosen]))
        if crossings > cells.size:
            found = np.append(0.0, found)
            count = np.append(crossings - cells.size, count)
        out[tuple(names[i] for i in chosen)] = (found, count.astype(float))
        for i in range(chosen[-1] + 1 if chosen else 0, len(names)):
            crossed = groups * levels[i] + profiles[:, i]
            add((*chosen, i), np.unique(crossed, return_inverse=True)[1])

    add((), np.zeros(len(profiles), dtype=np.intp))
    dropped = len(pilot) - len(complete)
    note = f"shares from {len(complete):,} pilot rows; {dropped:,} with missing values left out"
    return out, note, len(complete)


def _cells(share: Floats, count: Floats, total: float) -> Cells:
    sizes = total * share
    # Less than a row is none, up to rounding.
    return Cells(np.where(sizes < 1.0 - 1e-9, 0.0, sizes), count)


def _bounds(cells: list[Cells], effect: float, law: Law) -> tuple[list[float], list[float]]:
    """Return lower and upper errors; equal cells once, those of similar width together."""
    keys = [(c.sizes.tobytes(), c.counts.tobytes()) for c in cells]
    distinct = sorted(dict(zip(keys, cells, strict=True)).items(), key=lambda kc: kc[1].sizes.size)
    most = int(np.clip(ALL_SIZES // len(distinct), 12, MOST_SIZES))
    answers: dict[tuple[bytes, bytes], tuple[float, float]] = {}
    for names, batch in _batches(distinct):
        lower = lower_error(_problem([_rounded(c, most, up=True) for c in batch], effect, law))
        upper = np.full(len(batch), np.nan)
        if law.has_test:
            rounded = [_rounded(c, most, up=False) for c in batch]
            upper = upper_error(_problem(rounded, effect, law))
        answers |= zip(names, zip(lower.tolist(), upper.tolist(), strict=True), strict=True)
    return [answers[key][0] for key in keys], [answers[key][1] for key in keys]


def _batches(distinct: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield keys and cells of `BATCH` sets at a time, with a progress bar."""
    with progress_bar(len(distinct), "attribute menu") as tick:
        for first in range(0, len(distinct), BATCH):
            some = distinct[first : first + BATCH]
            yield tuple(zip(*some, strict=True))
            tick(len(some))


def _rounded(cells: Cells, most: int, *, up: bool) -> Cells:
    """Merge sizes where there are more than `most`, the smallest ones least: they decide.

    More rows are never harder, so sizes go up in a lower bound and down in an upper one.
    """
    if cells.smallest <= 0.0:
        # An empty group settles it.
        return Cells(cells.sizes[:1], cells.counts[:1])
    if cells.sizes.size <= most:
        return cells
    span = np.log(cells.sizes[-1] / cells.smallest)
    edges = cells.smallest * np.exp(span * (np.arange(most) / (most - 1)) ** 2)
    edges[-1] = cells.sizes[-1]
    if up:
        bins = np.searchsorted(edges, cells.sizes * (1.0 - 1e-12))
    else:
        bins = np.searchsorted(edges, cells.sizes * (1.0 + 1e-12), side="right") - 1
    counts = np.bincount(bins, weights=cells.counts, minlength=most).astype(float)
    return Cells(edges[counts > 0.0], counts[counts > 0.0])


def _problem(cells: list[Cells], effect: float, law: Law) -> Problem:
    """Return one case a set; narrower sets are filled up with groups that are not there."""
    width = max(c.sizes.size for c in cells)
    sizes, counts = np.ones((len(cells), width)), np.zeros((len(cells), width))
    for i, c in enumerate(cells):
        sizes[i, : c.sizes.size], counts[i, : c.counts.size] = c.sizes, c.counts
    return Problem(np.full((len(cells), 1), effect), sizes, counts, (law,), (len(cells),))
