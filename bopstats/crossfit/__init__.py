"""The loop over partitions and training sets: fit, predict held-out rows, compute costs."""

from bopstats.crossfit.loop import CrossFit

__all__ = ["CrossFit"]
