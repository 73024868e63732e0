"""How much each unit of a model adds to a person's prediction, by five methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats.explanations.shapley import shapley_values
from bopstats.explanations.slopes import mean_slope
from bopstats.explanations.units import Units

ATTRIBUTIONS = ("integrated_gradients", "deeplift", "linear_shap", "shapley", "occlusion")
RANKS = ("absolute", "signed")


@dataclass(frozen=True)
class Attributor:
    r"""A method of attribution for one model.

    With contributions :math:`c_u` to the linear predictor, :math:`\eta = \eta_0 + \sum_u c_u`:

    * "integrated_gradients" (Sundararajan et al. 2017) and "deeplift" (the rescale rule of
      Shrikumar et al. 2017), which are the same for a GLM:
      :math:`c_u (\mu(\eta) - \mu(\eta_0)) / (\eta - \eta_0)`;
    * "linear_shap": :math:`c_u`, on the link scale (Lundberg and Lee 2017);
    * "shapley": see `shapley_values`;
    * "occlusion": :math:`\mu(\eta) - \mu(\eta - c_u)`, the change when the unit is masked (Zeiler
      and Fergus 2014).

    Parameters
    ----------
    method : str
        One of `ATTRIBUTIONS`.
    family : statsmodels family
        Its link is used.
    units : Units
        What gets the attributions.
    orders : ndarray of int, shape (pairs, U)
        Orders in which "shapley" samples; none to enumerate.
    """

    method: str
    family: Any
    units: Units
    orders: IntArray

    def values(
        self, contributions: FloatArray, whole: FloatArray
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return attributions, and the variances of their errors where they are sampled.

        Parameters
        ----------
        contributions : ndarray, shape (n, T)
            Contributions of the terms to the linear predictor.
        whole : ndarray, shape (n,)
            Linear predictor η, offset included.

        Returns
        -------
        values : ndarray, shape (n, U)
            On the response scale; for "linear_shap" on the link scale. Their sum is μ(η) − μ(η₀),
            or η − η₀; occlusions have no such sum.
        variance : ndarray, shape (n, U), or None
        """
        start = whole - contributions.sum(axis=1)
        if self.method == "shapley":
            values, variance = shapley_values(
                self.family, self.units, contributions, start, self.orders
            )
            return values, variance if len(self.orders) else None
        if self.method == "occlusion":
            moved = self.units.touched(contributions)
            masked = whole[:, None] - moved
            return moved * mean_slope(self.family, masked, whole[:, None]), None
        shared = self.units.shared(contributions)
        if self.method == "linear_shap":
            return shared, None
        return shared * mean_slope(self.family, start, whole)[:, None], None

    def ranked_by(
        self, contributions: FloatArray, whole: FloatArray, rank: str
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return what ranks the units of each person, largest first, and variances as in `values`.

        Gradients of a person are one multiple of the contributions, so these rank them, also where
        the mean is so flat that the multiple vanishes.
        """
        variance = None
        if self.method in ("shapley", "occlusion"):
            score, variance = self.values(contributions, whole)
        else:
            score = self.units.shared(contributions)
            if rank == "signed" and self.method != "linear_shap":
                slope = mean_slope(self.family, whole - contributions.sum(axis=1), whole)
                score = score * np.where(slope < 0, -1.0, 1.0)[:, None]
        return np.abs(score) if rank == "absolute" else score, variance
