"""Data that come with the package."""

from bopstats.datasets.nhanes import load_nhanes

__all__ = ["load_nhanes"]
