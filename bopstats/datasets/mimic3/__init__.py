"""Reader of MIMIC-III: a folder with the official CSV files in, one row a stay out."""

from bopstats.datasets.mimic3.reader import build

__all__ = ["build"]
