"""How well the smallest group benefit can be estimated at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bopstats.theory import _engine as engine
from bopstats.theory._base import Law
from bopstats.theory._numeric import Floats, search
from bopstats.theory._problem import Problem, make_problem
from bopstats.theory.bounds import Result
from bopstats.theory.laws import BoundedVariance, Gaussian

#: Effects looked at, as logarithms around the one at which χ² is 1.
AROUND = np.linspace(-6.0, 6.0, 97)

#: Range of log effects in which χ² = 1 is sought.
WIDEST = 300.0


def mse_lower_bound(
    sizes: ArrayLike, law: Law | Sequence[Law], *, n_groups: ArrayLike | None = None
) -> Result:
    r"""Return a mean squared error that no estimate of the smallest group benefit γ can beat.

    For some law in the class that `law` describes, every estimate of γ has at least this mean
    squared error:

    .. math:: \sup_\epsilon \frac{\epsilon^2}{(1+\sqrt{1+x(\epsilon)})^2}, \qquad
              x(\epsilon) = 1\Big/\sum_j \frac1{c_j(\epsilon)^{m_j}-1},

    by Brown and Low's constrained risk inequality. Where normal benefits belong to the class the
    largest :math:`\sigma_j^2/m_j` is a bound as well (the other groups may be far away), and the
    larger of the two is returned.

    Parameters
    ----------
    sizes : array_like
        Rows per group, as in `error_lower_bound`.
    law : Law or sequence of Law
        Law of the individual benefit; a sequence gives one to each group.
    n_groups : array_like of int, optional
        Number of equal groups.

    Returns
    -------
    float or numpy.ndarray
        In squared units of the cost. Infinite where a group is empty and benefits are not
        bounded.

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind or value.

    Examples
    --------
    >>> from bopstats.theory import Gaussian
    >>> round(float(mse_lower_bound(100, Gaussian(1.0), n_groups=2**20)), 5)
    0.02791
    """
    problem = make_problem(0.0, sizes, law, n_groups)
    largest = min(float(single._largest()) for single in problem.laws)
    top = min(np.log(largest), WIDEST)
    empty = ((problem.sizes <= 0.0) & (problem.counts > 0.0)).any(axis=-1)
    value = np.where(empty, largest**2 / 4.0, 0.0)
    rows = np.flatnonzero(~empty)
    if rows.size:
        open_cases = problem.rows(rows)
        value[rows] = np.maximum(_brown_low(open_cases, top), _one_group(open_cases))
    answer: Result = value.reshape(problem.shape)[()]
    return answer


def _log_chi2(problem: Problem, log_effect: Floats) -> Floats:
    """Return ln χ² at effects of shape (points, cases)."""
    points = log_effect.shape[0]
    repeated = Problem(
        np.exp(log_effect).reshape(-1, 1),
        np.tile(problem.sizes, (points, 1)),
        np.tile(problem.counts, (points, 1)),
        problem.laws,
        (),
    )
    return engine.log_chi2(repeated.exponent("min"), repeated.counts).reshape(log_effect.shape)


def _brown_low(problem: Problem, top: float) -> Floats:
    low = np.full(len(problem.sizes), -WIDEST)
    high = np.full(len(problem.sizes), top)
    while (high - low).max() > 0.1:
        middle = (low + high) / 2.0
        above = _log_chi2(problem, middle[None])[0] > 0.0
        low, high = np.where(above, low, middle), np.where(above, middle, high)

    def log_risk(around: Floats) -> Floats:
        at = np.minimum(low + around, top)
        x = np.minimum(_log_chi2(problem, at), 1400.0)
        with np.errstate(under="ignore"):
            return np.asarray(2.0 * at - 2.0 * np.log1p(np.exp(np.logaddexp(0.0, x) / 2.0)))

    return np.asarray(np.exp(search(log_risk, AROUND, rounds=9)[1]))


def _one_group(problem: Problem) -> Floats:
    """Return the largest variance of a group's mean where benefits may be normal."""
    if not all(isinstance(law, Gaussian | BoundedVariance) for law in problem.laws):
        return np.zeros(len(problem.sizes))
    variance = np.array([getattr(law, "sigma", 0.0) for law in problem.laws]) ** 2
    with np.errstate(divide="ignore"):
        spread = np.where(problem.counts > 0.0, variance / problem.sizes, 0.0)
    return np.asarray(spread.max(axis=-1))
