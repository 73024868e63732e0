"""
Do prediction and explanation agree?
====================================

Each group's benefit for prediction against its benefit for explanation. A group in the upper right
gains both ways.
"""

import bopstats as bop

nhanes = bop.datasets.load_nhanes()
generic = "bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
model = bop.glm(f"high_bp ~ {generic} | sex * race_ethnicity", data=nhanes)
res = model.fit(rng=1, repeats=1)
axes = res.plot.quadrant("brier")
