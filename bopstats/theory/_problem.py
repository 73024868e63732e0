"""The arguments of a bound, checked and flattened to cases and columns of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bopstats._validation import fail
from bopstats.theory._base import Law
from bopstats.theory._numeric import Floats, check_array


@dataclass(frozen=True)
class Problem:
    """Effects, group sizes and laws, flattened to cases and columns of groups.

    Attributes
    ----------
    effect : numpy.ndarray, shape (cases, 1)
    sizes : numpy.ndarray, shape (cases, columns)
    counts : numpy.ndarray, shape (cases, columns)
        How many groups a column stands for.
    laws : tuple of Law
        One for all columns, or one a column.
    shape : tuple of int
        Shape of the answer.
    """

    effect: Floats
    sizes: Floats
    counts: Floats
    laws: tuple[Law, ...]
    shape: tuple[int, ...]

    def rows(self, at: Any) -> Problem:
        """Return the same problem for some of the cases."""
        return Problem(self.effect[at], self.sizes[at], self.counts[at], self.laws, ())

    def trivial(self) -> NDArray[np.bool_]:
        """Tell which cases no test can settle: no effect asked for, or an empty group."""
        empty = (self.sizes <= 0.0) & (self.counts > 0.0)
        return np.asarray((self.effect[:, 0] <= 0.0) | empty.any(axis=-1))

    def blocks(self) -> Iterator[tuple[list[Law], Any]]:
        """Yield the laws of one type at a time, with their columns."""
        if len(self.laws) == 1:
            yield list(self.laws), slice(None)
            return
        for kind in dict.fromkeys(type(law) for law in self.laws):
            columns = [i for i, law in enumerate(self.laws) if type(law) is kind]
            yield [self.laws[i] for i in columns], columns

    def exponent(self, direction: str) -> Floats:
        """Return ``size * log_moment`` of each column."""
        effect = self.effect[:, 0]
        moments = [np.asarray(law.log_moment(effect, direction)) for law in self.laws]
        moment = moments[0][:, None] if len(moments) == 1 else np.stack(moments, axis=-1)
        with np.errstate(invalid="ignore", over="ignore"):
            product = self.sizes * moment
        return np.where(self.sizes > 0.0, product, 0.0)


def make_problem(effect: Any, sizes: Any, law: Any, n_groups: Any) -> Problem:
    """Check and flatten the arguments of a bound."""
    effects = check_array("effect", effect)
    rows = check_array("sizes", sizes, low=0.0, allowed="finite numbers of at least 0")
    laws = _check_laws(law)
    if n_groups is None:
        rows = rows.reshape(1) if rows.ndim == 0 else rows
        counts = np.ones(())
        if len(laws) not in (1, rows.shape[-1]):
            fail("law", f"{len(laws)} laws", f"one law, or one for each of {rows.shape[-1]} groups")
    else:
        if len(laws) != 1:
            fail("law", f"{len(laws)} laws", "one law where n_groups is given")
        counts = check_array("n_groups", n_groups, low=1.0, allowed="whole numbers of at least 1")
        if (counts != np.floor(counts)).any():
            fail("n_groups", n_groups, "whole numbers of at least 1")
        rows, counts = rows[..., None], counts[..., None]
    for single in laws:
        single.check_effects(effects)
    try:
        shape = np.broadcast_shapes(effects.shape, rows.shape[:-1], counts.shape[:-1])
    except ValueError:
        fail("sizes", rows.shape, f"a shape that broadcasts with effect {effects.shape}")
    width = rows.shape[-1]
    return Problem(
        np.broadcast_to(effects, shape).reshape(-1, 1),
        np.broadcast_to(rows, (*shape, width)).reshape(-1, width),
        np.broadcast_to(counts, (*shape, width)).reshape(-1, width),
        laws,
        shape,
    )


def _check_laws(law: Any) -> tuple[Law, ...]:
    laws = (law,) if isinstance(law, Law) else law
    if not isinstance(laws, Sequence) or not laws or not all(isinstance(w, Law) for w in laws):
        fail("law", law, "a law such as Gaussian(0.1), or a sequence of laws, one a group")
    return tuple(laws)
