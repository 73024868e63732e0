"""Data that come with the package, invented data, and readers of data that may not be shipped."""

from bopstats.datasets import mimic3
from bopstats.datasets.nhanes import load_nhanes
from bopstats.datasets.synthetic import make_personalized

__all__ = ["load_nhanes", "make_personalized", "mimic3"]
