"""Reader of MIMIC-III: a folder with the official CSV files in, one row a stay out."""

from bopstats.datasets.mimic3.build import build

__all__ = ["build"]
