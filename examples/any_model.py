"""Do random forests that know sex and race/ethnicity help every group? Needs scikit-learn.

NHANES 2017-2018, as shipped: one half trains both forests, the other half judges them.
"""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

import bopstats as bop

nhanes = bop.datasets.load_nhanes()
generic = ["bmi", "total_chol", "hdl_chol", "hba1c", "sleep_hours"]
X = pd.get_dummies(nhanes[[*generic, "sex", "race_ethnicity"]], dtype=float)
y = nhanes["high_bp"]
train = np.random.default_rng(1).random(len(nhanes)) < 0.5

h0, hp = (RandomForestClassifier(50, min_samples_leaf=20, random_state=1) for _ in range(2))
h0.fit(X.loc[train, generic], y[train])
hp.fit(X[train], y[train])

# The dummies of an attribute are masked together; the baseline is the mean of the training half.
dummies = {
    attribute: [name for name in X if name.startswith(attribute)]
    for attribute in ("sex", "race_ethnicity")
}
res = bop.compare_models(
    h0,
    hp,
    X.loc[~train, generic],
    X[~train],
    y[~train],
    nhanes.loc[~train, "sex"],
    column_groups=dummies,
    baseline=X[train].mean(),
)
print(res.summary(effect={"zero_one": 0.01}))

# Predictions alone are enough for everything but the explanations.
again = bop.compare(
    y[~train],
    h0.predict_proba(X.loc[~train, generic])[:, 1],
    hp.predict_proba(X[~train])[:, 1],
    nhanes.loc[~train, "sex"],
)
print(again.gamma("brier"))
