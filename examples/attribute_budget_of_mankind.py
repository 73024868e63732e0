"""How many yes/no attributes could all of mankind check? The bound figures of the paper, redone.

    python examples/attribute_budget_of_mankind.py --figure mankind.png

Eight billion people, k yes/no attributes, 2^k groups; does every group benefit by 0.01? For more
than k_max attributes no test keeps type I + type II error at 0.5. Cornelis, Bernárdez, Jeong and
Miolane (arXiv:2502.02786) give k_max = 18 for classification and 22 and 26 for regression (Gaussian
and Laplace benefits with standard deviation 0.1). Their formula gives 17.97, 22.30 and 25.91.

Next to it stand bounds from both sides. "chi2": no test can check more, whatever the sizes of the
groups (chi-squared bound in the direction that the test has). "best": nor more with equal groups.
"reached": this many the min-of-means test does check, with equal groups. The published formulas
are loose: for 0-1 loss 1 + 4 eps^2 a person, where 1/(1 - eps^2) is tight, and for Laplace benefits
exp(t), t = eps/scale, where the test's direction has 2/3 exp(t) + 1/3 exp(-2t).
"""

import argparse
import math

import matplotlib.pyplot as plt
import pandas as pd

import bopstats as bop

PEOPLE, BENEFIT, ERROR = 8_000_000_000, 0.01, 0.5
SD = 0.1
SCALE = SD / math.sqrt(2)  # of a Laplace law with this standard deviation
BENEFITS = {
    "classification, 0-1 loss": (bop.Bounded(-1, 1), bop.PublishedCategorical()),
    "regression, Gaussian": (bop.Gaussian(SD), bop.Gaussian(SD)),
    "regression, Laplace": (
        bop.Laplace(SCALE),
        bop.PublishedLaplace(SCALE),
    ),
}


def budgets():
    """A row a kind of benefit: k_max as published, and from both sides."""
    rows = {}
    for name, (law, _) in BENEFITS.items():
        budget = bop.attribute_budget(PEOPLE, BENEFIT, law, max_error=ERROR)
        rows[name] = {
            "published": float(budget.published),
            "the paper rounds to": round(budget.published),
            "chi2": float(budget.exact),
            "best": budget.necessary_balanced,
            "reached": budget.achievable,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def errors(k):
    """A row a number of attributes: error of the best test, as published and from both sides."""
    groups = [2.0**each for each in k]
    table = {}
    for name, (law, published) in BENEFITS.items():
        sizes = [PEOPLE / each for each in groups]
        call = {"effect": BENEFIT, "sizes": sizes, "n_groups": groups}
        table[name, "published"] = bop.error_lower_bound(law=published, method="published", **call)
        table[name, "at least"] = bop.error_lower_bound(law=law, **call)
        table[name, "reached"] = bop.error_upper_bound(law=law, **call)
    return pd.DataFrame(table, index=pd.Index(k, name="k"))


def draw(path):
    """Save the figure: error against attributes, and attributes against people."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")
    k = list(range(12, 27))
    found = errors(k)
    for ax, (name, (law, _)) in zip(axes.flat, BENEFITS.items(), strict=False):
        bop.plotting.error_curve(law, n_total=PEOPLE, k=k, effect=BENEFIT, max_error=ERROR, ax=ax)
        ax.plot(k, found[name, "published"], color="black", marker=".", lw=1, label="published")
        ax.set_title(f"{name}: {ax.get_title()}", fontsize=9)
        ax.legend(frameon=False)
    laws = {name: law for name, (law, _) in BENEFITS.items()}
    people = [10.0**power for power in range(3, 11)]
    bop.plotting.budget_curve(people, BENEFIT, laws, max_error=ERROR, ax=axes[1, 1])
    figure.savefig(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--figure", help="file to save the figure to")
    options = parser.parse_args()
    print(f"Yes/no attributes that {PEOPLE:,} people can check for a benefit of {BENEFIT}")
    print(budgets().to_string(float_format="{:.4f}".format))
    print("\nType I + type II error of the best test")
    print(errors(range(14, 24)).to_string(float_format="{:.3f}".format))
    if options.figure:
        draw(options.figure)
