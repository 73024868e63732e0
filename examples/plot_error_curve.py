"""
How large must the study be?
============================

The error of the *best* test of "every group benefits" lies inside the band, so a study size left of
where the band crosses the line is too small whatever test is used.
"""

import bopstats as bop

# Individual benefits with a standard deviation of 0.1 Brier points, groups made by three yes/no
# attributes, and a benefit of 0.01 that would matter.
sizes = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000]
ax = bop.plotting.error_curve(bop.Gaussian(0.1), n_total=sizes, k=3, effect=0.01, max_error=0.25)
