"""Two tests of a location family: the mean of a group, and its count of large benefits."""

from __future__ import annotations

import numpy as np

from bopstats.theory._cantelli import CantelliTest
from bopstats.theory._numeric import Floats
from bopstats.theory._pairs import BinomialPair


class LocationTest:
    """The better of Cantelli's bound for the mean and the exact count above half the effect."""

    def __init__(self, above: Floats, delta: Floats, size: Floats) -> None:
        # A row lies above half the effect with chance `above` under the null, else 1 - `above`.
        self.count = BinomialPair(above, 1.0 - 2.0 * above, size, np.zeros_like(above))
        self.mean = CantelliTest(delta)

    def errors(self, z: Floats) -> tuple[Floats, Floats]:
        """Return P0(A) and log P1(A), or bounds of them, of the test that accepts more often."""
        counted, accepted = self.count.errors(z)
        averaged, log_mean = self.mean.errors(z)
        better = log_mean > accepted
        return np.where(better, averaged, counted), np.where(better, log_mean, accepted)
