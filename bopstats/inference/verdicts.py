"""What the numbers say, in words; the first rule that matches wins, and a bound never overrides.

1. The intersection–union p (largest one-sided p over groups) is at most alpha/2: benefits every
   group. No correction is needed (Berger 1982).
2. The smallest Holm-adjusted p for harm is at most alpha/2: harms some group.
3. An effect is given and no test can have a summed error below `max_error` for it: cannot be told.
4. Otherwise: cannot tell.
"""

from __future__ import annotations

import numpy as np

BENEFITS_EVERY = "benefits every group"
HARMS_SOME = "harms some group"
BENEFITS, HARMS = "benefits", "harms"
DIFFER = "benefits differ between groups"
CANNOT_BE_TOLD = "cannot be told at this n"
CANNOT_TELL = "cannot tell"
IMPOSSIBLE = "a benefit this large is not possible here"


def overall_verdict(
    p_every: float, p_harm: float, alpha: float, bound: float | None, max_error: float
) -> str:
    """Return the verdict on all groups together.

    Parameters
    ----------
    p_every : float
        Intersection–union p-value.
    p_harm : float
        Smallest Holm-adjusted p-value for harm.
    alpha : float
        Two-sided level.
    bound : float or None
        Best valid lower bound on the summed error of any test, None without an effect.
    max_error : float
        Largest tolerable summed error.

    Examples
    --------
    >>> overall_verdict(0.2, 0.6, 0.05, 0.9, 0.5)
    'cannot be told at this n'
    """
    return _verdict(p_every, p_harm, alpha, bound, max_error, (BENEFITS_EVERY, HARMS_SOME))


def shifted(verdict: str, null: float, margin: float) -> str:
    """Reword a verdict on all groups for a null value other than 0.

    Examples
    --------
    >>> shifted(BENEFITS_EVERY, 0.0, 0.01)
    'no group is harmed by more than 0.01'
    """
    if margin and not null:
        words = {
            BENEFITS_EVERY: f"no group is harmed by more than {margin:g}",
            HARMS_SOME: f"some group is harmed by more than {margin:g}",
        }
    else:
        value = null - margin
        words = {
            BENEFITS_EVERY: f"every group's benefit exceeds {value:g}",
            HARMS_SOME: f"some group's benefit is below {value:g}",
        }
    return words.get(verdict, verdict) if null or margin else verdict


def group_verdict(
    p_benefit: float, p_harm: float, alpha: float, bound: float | None, max_error: float
) -> str:
    """Return the verdict on one group, from Holm-adjusted p-values."""
    return _verdict(p_benefit, p_harm, alpha, bound, max_error, (BENEFITS, HARMS))


def _verdict(
    p_benefit: float,
    p_harm: float,
    alpha: float,
    bound: float | None,
    max_error: float,
    words: tuple[str, str],
) -> str:
    if p_benefit <= alpha / 2:
        return words[0]
    if p_harm <= alpha / 2:
        return words[1]
    if bound is not None and np.isfinite(bound) and bound > max_error:
        return CANNOT_BE_TOLD
    return CANNOT_TELL
