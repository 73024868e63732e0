"""
How many attributes can a study check?
======================================

Every yes/no attribute doubles the number of groups. The number that can be checked grows with the
logarithm of the number of people: slowly.
"""

import bopstats as bop

# A benefit of 0.02 that would matter, under three assumptions on one person's benefit.
laws = {
    "0-1 loss, nothing known": bop.Bounded(-1, 1),
    "0-1 loss, 15 % of predictions change": bop.Ternary(0.15),
    "Brier score, standard deviation 0.1": bop.Gaussian(0.1),
}
sizes = [10**power for power in range(3, 10)]
ax = bop.plotting.budget_curve(sizes, 0.02, laws)
