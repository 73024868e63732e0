"""Personalization can leave predictions as they are and change explanations, for better or worse.

Small populations in which everything is known: every person stands for an equal share, the models
are sums of terms with mean zero, and both of them predict the outcome without error, so that no
other model predicts better. An explanation keeps the one term that is largest for the person.

* "better": two measurements x1 and x2 scatter about s, y = x1 + x2 = 2s. The generic model needs
  both, the personal attribute says the same in one term.
* "worse": x1 = s + x2 and y = x1. The generic model needs one term, a personalized model that
  adds s and x2 needs two.
* "mixed": y = x1 + x2 = 2s, and the personalized model is a mixture, (x1 + x2)/4 + 3s/2. Where
  s = 1 both measurements are 1, where s = −1 one of them is −2 and the other 0.

`draw(analyse(), path)` saves the figure.
"""

import numpy as np
import pandas as pd

import bopstats as bop

KEPT = 1  # terms that an explanation keeps
COPIES = 200  # of every person


def people():
    """One row a person: case, s, x1, x2 and y."""
    rows = []
    for s in (-1.0, 1.0):
        for e in (-0.5, 0.5):
            rows.append(("better", s, s + e, s - e, 2 * s))
            rows.append(("worse", s, s + e, e, s + e))
        mixed = [(1.0, 1.0), (1.0, 1.0)] if s > 0 else [(0.0, -2.0), (-2.0, 0.0)]
        rows += [("mixed", s, x1, x2, 2 * s) for x1, x2 in mixed]
    return pd.DataFrame(rows, columns=["case", "s", "x1", "x2", "y"])


def terms(population):
    """Each person's terms in the generic and in the personalized model."""
    coefficients = {  # of x1 and x2; of x1, x2 and s
        "better": ((1, 1), (0, 0, 2)),
        "worse": ((1, 0), (0, 1, 1)),
        "mixed": ((1, 1), (0.25, 0.25, 1.5)),
    }
    generic, personal = (
        np.array([coefficients[case][model] for case in population["case"]]) for model in (0, 1)
    )
    return generic * population[["x1", "x2"]], personal * population[["x1", "x2", "s"]]


def explained(contributions, kept=KEPT):
    """Predictions: as they are, with the largest terms only, and without them."""
    values = contributions.to_numpy()
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :kept]
    top = np.take_along_axis(values, order, axis=1).sum(axis=1)
    whole = values.sum(axis=1)
    return whole, top, whole - top


def analyse():
    """Compare the two models in every case and group."""
    population = pd.concat([people()] * COPIES, ignore_index=True)
    (mu0, top0, rest0), (mup, topp, restp) = map(explained, terms(population))
    return bop.compare(
        population["y"].to_numpy(),
        mu0,
        mup,
        population[["case", "s"]].assign(s=population["s"].map({-1.0: "s = −1", 1.0: "s = 1"})),
        explanations={"sufficiency": (top0, topp), "incomprehensiveness": (rest0, restp)},
    )


def draw(res, path):
    """Save the figure: all points lie on the line of no change in prediction."""
    res.plot.quadrant()[0].figure.savefig(path)


if __name__ == "__main__":
    res = analyse()
    print(res.summary())
    columns = ["group", "explanation", "bop_prediction", "bop_explanation", "corner"]
    print(res.agreement()[columns].to_string(index=False))
