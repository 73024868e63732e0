"""What the experiments share: the layout of their tables. Not an analysis of its own.

The framework compares, in every group, the cost of the generic model with that of the personalized
one, for prediction (BoP-P) and for explanation (BoP-X: sufficiency and incomprehensiveness); so the
first table has one row a group and these three blocks. It follows the description of the framework
(Cornelis, Bernárdez, Jeong and Miolane, arXiv:2502.02786) and is no copy of a table of theirs.
"""

import sys
import textwrap

import pandas as pd

BLOCKS = {
    "zero_one": "prediction (0-1 loss)",
    "squared_error": "prediction (squared error)",
    "sufficiency": "sufficiency",
    "incomprehensiveness": "incomprehensiveness",
}
COSTS = {"cost_generic": "generic", "cost_personalized": "person.", "bop": "BoP"}

DIFFERENCES = """\
Where this differs from the paper's experiments: the models are GLMs, not neural nets, so that
integrated gradients are exact, not approximated by Captum; every person is held out once in each
partition (5-fold cross-fitting), not in one 70/30 split; folds are not stratified by the outcome;
numbers enter as straight lines, and personal attributes shift a prediction without changing what
another predictor does. An explanation keeps half of the generic model's terms; the rest is set to
the training rows' mean. BoP = generic minus personalized cost; positive: personalization helps."""


def group_table(res):
    """A row a group; for each cost the generic model's, the personalized model's, the benefit."""
    frame = res.frame()
    table = {("", "n"): frame.groupby("group", sort=False)["n"].first()}
    for cost, rows in frame.groupby("cost", sort=False):
        if cost in BLOCKS:
            by_group = rows.set_index("group")
            table |= {(BLOCKS[cost], title): by_group[name] for name, title in COSTS.items()}
    return pd.DataFrame(table).rename_axis(None)


def test_table(res, effects):
    """A row a cost: smallest benefit, tests on all groups, groups clearly helped and harmed."""
    rows = []
    for cost, effect in effects.items():
        gamma, every = res.gamma(cost), res.test(cost, effect=effect)
        harm = res.test(cost, kind="harm")
        verdicts = [*res.frame(cost)["verdict"]][:-1]  # the last row is the population's
        found = (every.pvalue, harm.pvalue, verdicts.count("benefits"), verdicts.count("harms"))
        rows.append((cost, gamma.value, gamma.ci_low, gamma.ci_upp, *found, every.verdict))
    names = ["cost", "gamma", "2.5 %", "97.5 %", "p every", "p harm", "helped", "harmed", "verdict"]
    return pd.DataFrame(rows, columns=names).set_index("cost").rename_axis(None)


def bound_table(res, effects):
    """A row a cost and law of the benefit: what any test's error is, and the attribute budget.

    The error is type I + type II, 1 for guessing; the budget is the number of yes/no attributes
    that as many people could check at an error of 0.5.
    """
    rows = []
    for cost, effect in effects.items():
        test = res.test(cost, effect=effect, max_error=0.5)
        known = test.error_lower.merge(test.error_upper).merge(test.max_attributes)
        for law in known[known["law"] != "tilted"].itertuples():  # has no budget
            errors = (_shown(each, ".3f") for each in (law.error_lower, law.error_upper))
            budget = (_shown(each, "g") for each in (law.necessary_any, law.achievable))
            why = law.reason.partition(" (")[0]
            rows.append((cost, f"{effect:.3g}", f"{law.law} ({law.kind})", *errors, *budget, why))
    names = ["cost", "benefit", "law", "error at least", "reached", "at most", "can check", ""]
    return pd.DataFrame(rows, columns=names)


def _shown(number, form):
    if isinstance(number, str):
        return number
    return "-" if pd.isna(number) else format(number, form)


def _lines(table, **options):
    """The table as text, without blanks at the ends of lines."""
    text = table.to_string(float_format="{:.4f}".format, **options)
    return "\n".join(line.rstrip() for line in text.splitlines())


def note_lines(res):
    """What a reader must know about the data, and about single groups."""
    frame = res.frame()
    told = frame[frame["note"] != ""].groupby(["cost", "note"], sort=False)["group"]
    return [*res.notes, *(f"{cost}: {note} ({'; '.join(g)})" for (cost, note), g in told)]


def show(title, res, effects):
    """Print one analysis; `effects` holds the smallest benefit worth finding, for each cost."""
    print(title, file=sys.stderr)
    flow = res.row_flow
    lost = [f"{row.step} {row.dropped}" for row in flow.itertuples() if row.dropped]
    print(f"\n{title}\n{'=' * len(title)}")
    print("; ".join([f"{flow['left'].iloc[-1]} of {flow['left'].iloc[0]} rows", *lost]))
    print(f"\n{_lines(group_table(res))}")
    print(
        "\nSmallest benefit of a group; does every group benefit, is some harmed; groups clearly so"
    )
    print(_lines(test_table(res, effects)))
    print("\nType I + type II error of any test for such a benefit; yes/no attributes at error 0.5")
    print(_lines(bound_table(res, effects), index=False))
    for line in note_lines(res):
        print(textwrap.fill(line, 100, initial_indent="Note: ", subsequent_indent="      "))
