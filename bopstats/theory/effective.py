"""How many independent rows a clustered or weighted group is worth."""

from __future__ import annotations

from numpy.typing import ArrayLike

from bopstats._validation import check_real, fail
from bopstats.theory._numeric import check_array


def effective_size_clusters(sizes: ArrayLike, icc: float) -> float:
    r"""Return the number of independent rows that clusters of equally correlated rows are worth.

    .. math:: \sum_c \frac{b_c}{1+(b_c-1)\rho}

    Exact for normal benefits in both error bounds, with the generalised least squares mean in
    the test; for other laws a heuristic. Clusters must lie within groups.

    Parameters
    ----------
    sizes : array_like, shape (clusters,)
        Rows b of each cluster; at least 1.
    icc : float
        Correlation ρ of two rows of a cluster, in [0, 1].

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind or value.

    Examples
    --------
    >>> round(effective_size_clusters([1, 5, 10, 50], 0.05), 6)
    26.555972
    """
    rows = check_array("sizes", sizes, low=1.0, allowed="cluster sizes of at least 1")
    icc = check_real("icc", icc, low=0.0, high=1.0, closed="low high")
    return float((rows / (1.0 + (rows - 1.0) * icc)).sum())


def effective_size_weights(weights: ArrayLike) -> float:
    r"""Return Kish's effective size, :math:`(\sum w)^2/\sum w^2`.

    Valid in upper bounds, for a test that uses the weighted mean and weights that carry no
    information. Not valid in lower bounds: there every row counts.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights of at least 0, not all 0.

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        If a weight is negative or not finite, or all are 0.

    Examples
    --------
    >>> round(effective_size_weights([1, 2, 3, 0.5]), 6)
    2.964912
    """
    w = check_array("weights", weights, low=0.0, allowed="finite weights of at least 0")
    if w.max() == 0.0:
        fail("weights", "all 0", "at least one positive weight")
    # Scaled first, so that squares neither overflow nor vanish.
    w = w / w.max()
    return float(w.sum() ** 2 / (w * w).sum())
