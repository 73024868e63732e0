"""What an analysis found: thin methods over the rooms that compute."""

from bopstats.results.outputs import BoPResults

__all__ = ["BoPResults"]
