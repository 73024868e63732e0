"""The report: one self-contained page with an analysis' tables, figures and methods."""

from bopstats.reporting.page import build_page, write_report
from bopstats.reporting.parts import Material

__all__ = ["Material", "build_page", "write_report"]
