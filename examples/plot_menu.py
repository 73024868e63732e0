"""
Which attributes can this study check?
======================================

A bar for each set of attributes: no test errs less than its left end, a simple test no more than
its right end. Where the bar lies left of the dotted line, the set can be checked.
"""

import bopstats as bop

# The joint shares of a pilot, for a study of 20,000 people in which 15 % of predictions change and
# a benefit of 3 wrong predictions in a hundred matters.
pilot = bop.datasets.load_nhanes()[["sex", "insured", "race_ethnicity"]]
menu = bop.attribute_menu(pilot, 20_000, 0.03, bop.Ternary(0.15))
ax = bop.plotting.menu_chart(menu)
