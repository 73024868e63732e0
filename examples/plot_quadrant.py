"""
Do prediction and explanation agree?
====================================

Each group's benefit for prediction against its benefit for explanation. A group in the upper right
gains both ways.
"""

import bopstats as bop

nhanes = bop.datasets.load_nhanes()
model = bop.glm("high_bp ~ bmi + hba1c + sleep_hours | sex * insured", data=nhanes)
res = model.fit(rng=1, repeats=1)
axes = res.plot.quadrant("brier")
