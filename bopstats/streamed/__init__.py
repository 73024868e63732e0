"""Analyses of data larger than memory: the figures of `crossfit`, from passes over the rows."""

from bopstats.streamed.run import StreamedRun, check_streamed, deal

__all__ = ["StreamedRun", "check_streamed", "deal"]
