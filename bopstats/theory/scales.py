"""The two scales of an error, and what alpha and power mean on them."""

from __future__ import annotations

from bopstats._validation import check_choice, check_real, check_share, fail

#: error="sum" is type I + type II, where guessing gives 1; "average" is its half.
SCALES = ("sum", "average")


def error_factor(error: str) -> float:
    """Return what a summed error is multiplied by to be on the scale `error`.

    Examples
    --------
    >>> error_factor("average")
    0.5
    """
    return 1.0 if check_choice("error", error, SCALES) == "sum" else 0.5


def summed_error(alpha: float = 0.05, power: float = 0.8, max_error: float | None = None) -> float:
    """Return the summed error that a study asks for: ``alpha + 1 - power``.

    Parameters
    ----------
    alpha : float
        One-sided level, in (0, 1).
    power : float
        Chance of finding a benefit that is there, in (0, 1).
    max_error : float, optional
        The summed error itself, in (0, 1); replaces `alpha` and `power`.

    Returns
    -------
    float
        Largest type I + type II error; guessing gives 1.

    Raises
    ------
    ArgumentError
        If a value is outside (0, 1), or power does not exceed alpha.

    Examples
    --------
    >>> summed_error(0.05, 0.80)
    0.25
    """
    if max_error is not None:
        return check_share("max_error", max_error)
    alpha, power = check_share("alpha", alpha), check_share("power", power)
    if power <= alpha:
        fail("power", power, f"a number above alpha = {alpha:g}")
    # The decimal answer: 0.05 + 1 - 0.8 is 0.25, not 0.24999999999999994.
    return round(alpha + (1.0 - power), 15)


def average_error(total: float) -> float:
    """Return the average of type I and type II errors whose sum is `total`."""
    return check_real("total", total, low=0.0, high=2.0, closed="low high") / 2.0


def total_error(average: float) -> float:
    """Return the sum of type I and type II errors whose average is `average`."""
    return check_real("average", average, low=0.0, high=1.0, closed="low high") * 2.0
