"""
Who gains, who loses, how surely?
=================================

One line a group: its benefit of personalization with a 95 % interval, beside its size and both
costs. Left of zero the personalized model is worse.
"""

import bopstats as bop

nhanes = bop.datasets.load_nhanes()
generic = "bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
model = bop.glm(f"high_bp ~ {generic} | sex * race_ethnicity", data=nhanes)
res = model.fit(rng=1, repeats=1, explain=False)
ax = res.plot.forest("brier", effect=0.01)
