"""Figures: the only room that touches matplotlib.

Each function draws on Axes and returns them; its twin ``*_data`` returns what is drawn. A new
figure's labels fit if its layout is matplotlib's "constrained", which figures made here have.
"""

from bopstats.plotting.budgets import budget_curve, budget_curve_data
from bopstats.plotting.calibration import calibration, calibration_data
from bopstats.plotting.data_errors import data_error_curve, data_error_curve_data
from bopstats.plotting.error_curves import error_curve, error_curve_data
from bopstats.plotting.forest import forest, forest_data
from bopstats.plotting.individual import individual, individual_data
from bopstats.plotting.menus import menu_chart, menu_chart_data
from bopstats.plotting.quadrant import quadrant, quadrant_data
from bopstats.plotting.svg import as_svg
from bopstats.plotting.top_curves import top_curve, top_curve_data

__all__ = [
    "as_svg",
    "budget_curve",
    "budget_curve_data",
    "calibration",
    "calibration_data",
    "data_error_curve",
    "data_error_curve_data",
    "error_curve",
    "error_curve_data",
    "forest",
    "forest_data",
    "individual",
    "individual_data",
    "menu_chart",
    "menu_chart_data",
    "quadrant",
    "quadrant_data",
    "top_curve",
    "top_curve_data",
]
