"""Does knowing sex and race/ethnicity help every group when high blood pressure is predicted?

NHANES 2017-2018, as shipped: 3,924 adults, without survey weights.
"""

import bopstats as bop

nhanes = bop.datasets.load_nhanes()
generic = "bmi + total_chol + hdl_chol + hba1c + sleep_hours + ever_smoker"
model = bop.glm(f"high_bp ~ {generic} | sex * race_ethnicity", data=nhanes, family="binomial")
res = model.fit(rng=1)

# One table of everything, with the verdicts first.
print(res.summary(effect={"zero_one": 0.01}))

# The same numbers, tidy: who seems to gain most and least in Brier score?
brier = res.frame("brier").set_index("group").drop("population")
print(brier.sort_values("bop")[["n", "events", "bop", "ci_low", "ci_upp", "verdict"]].to_string())

# Is any group harmed by more than 0.02?
print(res.test("brier", margin=0.02))

# Before the next study: which attributes could 20,000 people check for a benefit of 0.02?
shares = nhanes[["sex", "race_ethnicity", "insured", "education"]]
print(bop.attribute_menu(shares, 20_000, 0.02, bop.Ternary(0.15)))
