"""Error of the best test of "every group benefits", bounded from both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bopstats._validation import check_choice, fail
from bopstats.theory import _engine as engine
from bopstats.theory._base import Law
from bopstats.theory._numeric import Floats, check_array
from bopstats.theory._pairs import Pair
from bopstats.theory.scales import error_factor

#: Ways to bound the error from below.
METHODS = ("published", "chi2", "truncated", "best")

#: Numbers held at once while thresholds are searched.
BLOCK = 4_000_000

Result = NDArray[np.float64] | np.float64


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


def _finish(value: Floats, problem: Problem, error: str) -> Result:
    answer = np.where(problem.trivial(), 1.0, value) * error_factor(error)
    result: Result = answer.reshape(problem.shape)[()]
    return result


def error_lower_bound(
    effect: ArrayLike,
    sizes: ArrayLike,
    law: Law | Sequence[Law],
    *,
    n_groups: ArrayLike | None = None,
    error: str = "sum",
    method: str = "best",
) -> Result:
    r"""Return an error that no test of "every group benefits" can beat.

    With γ the smallest of the groups' mean benefits, the hypotheses are γ ≤ 0 and γ ≥ `effect`;
    the error is the largest chance of accepting a benefit that is not there plus the largest
    chance of missing one that is. For some law in the class that `law` describes, every test
    errs at least this much.

    Parameters
    ----------
    effect : array_like
        Smallest benefit worth finding, in the unit of the cost. 0 or less answers 1: the
        hypotheses then share a law.
    sizes : array_like
        Rows per group. Without `n_groups` the last axis holds the groups, and a single number is
        one group; with it, every group has this many rows, which need not be whole. An empty
        group answers 1: nothing can be known of it.
    law : Law or sequence of Law
        Law of the individual benefit; a sequence gives one to each group.
    n_groups : array_like of int, optional
        Number of equal groups; no array of this length is made.
    error : {"sum", "average"}
        Type I + type II (guessing gives 1) or its half.
    method : {"best", "truncated", "chi2", "published"}
        * "chi2": best mixture weights, then the sharp step from χ² to total variation,
          :math:`1-\sqrt{x}/2` for :math:`x \le 1`, else :math:`1/(1+x)`, with
          :math:`x = 1/\sum_j (c_j^{m_j}-1)^{-1}`. For equal groups it holds for every allocation
          of the same number of rows.
        * "truncated": second moment of the likelihood ratio, cut where it is large; about half
          the rows of "chi2" remain unexplained. The cut is found by a grid and zooming in;
          every cut gives a valid bound. Needs a law with known tails.
        * "best": the larger of the two, kept from wiggling where sums are whole numbers: a bound
          for a few rows more is a bound as well.
        * "published": uniform weights and :math:`1-\sqrt{x}/2`, as printed in the literature
          (in its direction, not valid for skewed laws).

    Returns
    -------
    float or numpy.ndarray
        Broadcast shape of `effect`, `sizes` (without the groups axis) and `n_groups`.

    Raises
    ------
    DomainError
        If an effect is larger than the law allows.
    ArgumentError
        If an argument is not of an allowed kind or value, or the method needs tails of sums that
        are not known for the law.

    Notes
    -----
    A lower bound certifies that a test is unreliable, never that one is reliable; see
    `error_upper_bound`. Exact binomial and ternary computations round sizes up. Sources: Le Cam's
    method with mixture weights; Ingster's truncated second moment.

    Examples
    --------
    >>> from bopstats.theory import Gaussian
    >>> low = error_lower_bound(0.01, [800, 1200, 500], Gaussian(0.1))
    >>> high = error_upper_bound(0.01, [800, 1200, 500], Gaussian(0.1))
    >>> print(f"{low:.3f} {high:.3f}")
    0.264 0.303
    """
    method = check_choice("method", method, METHODS)
    problem = make_problem(effect, sizes, law, n_groups)
    if method == "published":
        log_x = engine.log_chi2_uniform(problem.exponent("paper"), problem.counts)
        return _finish(engine.printed_bound(log_x), problem, error)
    if method == "truncated":
        _require_tails(problem)
        value = _by_rows(problem, _truncated)
    else:
        value = engine.sharp_bound(engine.log_chi2(problem.exponent("min"), problem.counts))
    if method == "best":
        value = np.maximum(value, _by_rows(problem, _best_truncated))
    return _finish(value, problem, error)


def error_upper_bound(
    effect: ArrayLike,
    sizes: ArrayLike,
    law: Law | Sequence[Law],
    *,
    n_groups: ArrayLike | None = None,
    error: str = "sum",
) -> Result:
    r"""Return an error that the min-of-means test does not exceed.

    The test says "every group benefits" where each group's mean benefit reaches its threshold.
    For thresholds t its error is

    .. math:: \max_j P_0(\bar B_j \ge t_j) + 1 - \prod_j P_\epsilon(\bar B_j \ge t_j),

    exact for normal benefits, bounded ones and ternary ones, and an upper bound by Cantelli's
    inequality where only a variance is known. Thresholds share a level, which is found by a grid
    and zooming in; every level gives a valid bound.

    Parameters
    ----------
    effect, sizes, law, n_groups, error
        As in `error_lower_bound`. Exact binomial and ternary computations round sizes down, and
        a size below 1 answers 1.

    Returns
    -------
    float or numpy.ndarray
        Broadcast shape of `effect`, `sizes` (without the groups axis) and `n_groups`.

    Raises
    ------
    DomainError
        If an effect is larger than the law allows.
    ArgumentError
        If an argument is not of an allowed kind or value, or nothing is known of the law's means.

    Examples
    --------
    >>> from bopstats.theory import Gaussian
    >>> print(f"{error_upper_bound(0.01, 800, Gaussian(0.1), n_groups=2**40):.3f}")
    1.000
    """
    problem = make_problem(effect, sizes, law, n_groups)
    return _finish(_by_rows(problem, _upper), problem, error)


def _by_rows(problem: Problem, answer: Callable[[Problem], Floats]) -> Floats:
    """Answer the cases that are not trivial, a block of them at a time."""
    value = np.ones(len(problem.effect))
    open_cases = np.flatnonzero(~problem.trivial())
    step = max(BLOCK // (engine.START.size * problem.sizes.shape[1]), 1)
    for first in range(0, open_cases.size, step):
        at = open_cases[first : first + step]
        value[at] = answer(problem.rows(at))
    return value


def _truncated(problem: Problem) -> Floats:
    """Return the truncated bound, from the laws that have one: fewer groups are never harder."""
    pairs, counts, extra = [], [], np.zeros(len(problem.effect))
    for laws, columns in problem.blocks():
        sizes, here = problem.sizes[:, columns], problem.counts[:, columns]
        pair = type(laws[0])._lower_pair(laws, problem.effect, sizes)
        if pair is None:
            continue
        pairs.append(pair)
        counts.append(here)
        more = type(laws[0])._extra_lower(laws, problem.effect, sizes, here)
        if more is not None:
            extra = np.maximum(extra, more)
    if not pairs:
        return extra
    return np.maximum(extra, engine.truncated_bound(pairs, np.concatenate(counts, axis=-1)))


def _best_truncated(problem: Problem) -> Floats:
    value = _truncated(problem)
    period = max(type(laws[0])._period(laws) for laws, _ in problem.blocks())
    for more in range(1, period + 1):
        value = np.maximum(value, _truncated(replace(problem, sizes=problem.sizes + more)))
    return value


def _require_tails(problem: Problem) -> None:
    for laws, columns in problem.blocks():
        if type(laws[0])._lower_pair(laws, problem.effect, problem.sizes[:, columns]) is None:
            _no_tails(laws[0], "method", "truncated", "'chi2' or 'best'")


def _upper(problem: Problem) -> Floats:
    pairs: list[Pair] = []
    counts = []
    for laws, columns in problem.blocks():
        pair = type(laws[0])._upper_pair(laws, problem.effect, problem.sizes[:, columns])
        if pair is None:
            _no_tails(laws[0], "law", laws[0], "a law whose group means have known tails")
        pairs.append(pair)
        counts.append(problem.counts[:, columns])
    return engine.min_test_error(pairs, np.concatenate(counts, axis=-1))


def _no_tails(law: Law, name: str, got: object, allowed: str) -> NoReturn:
    fail(name, got, f"{allowed} ({law.describes}: tails of sums not known)")
