"""Error of the best test of "every group benefits", bounded from both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bopstats._validation import check_choice, fail
from bopstats.theory import _engine as engine
from bopstats.theory._base import Law
from bopstats.theory._numeric import Floats
from bopstats.theory._pairs import Test
from bopstats.theory._problem import Problem, make_problem
from bopstats.theory.scales import error_factor

#: Ways to bound the error from below.
METHODS = ("published", "chi2", "truncated", "best")

#: Numbers held at once while thresholds are searched.
BLOCK = 4_000_000

Result = NDArray[np.float64] | np.float64


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
        * "truncated": second moment of the likelihood ratio, cut where it is large; rules out
          about twice the rows that "chi2" does, more where small errors are asked for. The cut is
          found by a grid and zooming in; every cut gives a valid bound. Needs a law with known
          tails.
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
    if method == "chi2":
        log_x = engine.log_chi2(problem.exponent("min"), problem.counts)
        return _finish(engine.sharp_bound(log_x), problem, error)
    if method == "truncated":
        _require_tails(problem)
        return _finish(_by_rows(problem, _truncated), problem, error)
    return _finish(lower_error(problem), problem, error)


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

    with thresholds at a common level, which is found by a grid and zooming in; every level gives
    a valid bound. The error is

    * exact for normal, bounded, ternary and Skellam benefits and for the laws of a cost (the
      guarantee for `Bounded` is that of benefits first rounded at random to a limit);
    * bounded by Cantelli's inequality where only a variance is known;
    * bounded by Chernoff's and Berry–Esseen's inequalities for tilted families;
    * for location families the better of Cantelli's bound and the exact error of counting rows
      above half the effect.

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
    return _finish(upper_error(problem), problem, error)


def lower_error(problem: Problem) -> Floats:
    """Return the best lower bound of the summed error of every case; 1 where it is trivial."""
    chi2 = engine.sharp_bound(engine.log_chi2(problem.exponent("min"), problem.counts))
    value = np.maximum(chi2, _by_rows(problem, _best_truncated))
    return np.where(problem.trivial(), 1.0, value)


def upper_error(problem: Problem) -> Floats:
    """Return the summed error of the min-of-means test in every case; 1 where it is trivial."""
    return _by_rows(problem, _upper)


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
        if type(laws[0]).whole_rows:
            sizes = np.ceil(sizes)
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
    tests: list[Test] = []
    counts, short = [], np.zeros(len(problem.effect), dtype=bool)
    for laws, columns in problem.blocks():
        kind = type(laws[0])
        sizes, here = problem.sizes[:, columns], problem.counts[:, columns]
        if kind.whole_rows:
            # Less than one row is none: nothing can be known of that group.
            short |= ((sizes < 1.0) & (here > 0.0)).any(axis=-1)
            sizes = np.maximum(np.floor(sizes), 1.0)
        test = kind._upper_test(laws, problem.effect, sizes)
        if test is None:
            _no_tails(laws[0], "law", laws[0], "a law whose group means have known tails")
        tests.append(test)
        counts.append(here)
    value = engine.min_test_error(tests, np.concatenate(counts, axis=-1))
    return np.where(short, 1.0, value)


def _no_tails(law: Law, name: str, got: object, allowed: str) -> NoReturn:
    fail(name, got, f"{allowed} ({law.describes}: tails of sums not known)")
