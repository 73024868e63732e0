"""Sentences about an analysis: how it was evaluated, what is estimated, what to bear in mind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from bopstats.evaluation import Evaluation, Settings
from bopstats.fitting.results import AssociationTest
from bopstats.inference.tests import BoPTest
from bopstats.inference.verdicts import CANNOT_BE_TOLD
from bopstats.tables.content import p_words
from bopstats.tables.findings import Masks
from bopstats.tables.suppression import MASK

_REFITS = {
    "nested": "Intervals and p-values are those of nested cross-validation: they do not take rows "
    "as independent given the folds.",
    "refit bootstrap": "Intervals and p-values allow for the training of the models: both were "
    "fitted anew in each bootstrap sample.",
}


def title(settings: Settings) -> str:
    """Say what was compared."""
    if settings.evaluation == "predictions":
        return f"Benefit of personalization: given predictions, {settings.family} outcome"
    return f"Benefit of personalization: {settings.family} GLM, {settings.link} link"


def family_words(settings: Settings) -> str:
    """Name the family, its link, penalty and dispersion."""
    words = settings.family + (f", {settings.link} link" if settings.link else "")
    if settings.penalty is not None:
        words += f", {settings.penalty.capitalize()} penalty"
    if settings.dispersion is not None:
        words += f", dispersion {settings.dispersion:.4g} (maximum likelihood)"
    return words


def evaluation_words(settings: Settings) -> str:
    """Say how rows were held out."""
    if settings.evaluation == "predictions":
        return "given predictions" + (f", {settings.folds} folds" if settings.folds > 1 else "")
    times = settings.partitions
    split = f", {times} partition{'s' if times > 1 else ''}"
    how = {
        "cross-fitting": f"{settings.folds}-fold cross-fitting{split}",
        "hold-out": f"hold-out, test share {settings.test_share:g}{split}"
        if settings.test_share is not None
        else "",
        "given": f"{settings.folds} given training and test sets",
        "in-sample": "IN-SAMPLE (optimistic: models are judged on the rows that trained them)",
    }[settings.evaluation]
    rule = ", folds by hash alone" if settings.fold_rule == "hash" else ""
    return how + rule


def design_words(settings: Settings) -> str:
    """Name weights, clusters and strata, and count the latter two."""
    kinds = [f"{settings.weight_type} weights"] if settings.weight_type else []
    kinds += ["clusters"] if settings.clustered else []
    kinds += ["strata"] if settings.strata else []
    counts = [f"{settings.strata} strata"] if settings.strata else []
    counts += [f"{settings.clusters} clusters"] if settings.clusters else []
    words = " and ".join([", ".join(kinds[:-1]), kinds[-1]] if kinds[1:] else kinds)
    return words + (f" ({', '.join(counts)})" if counts else "")


def estimand(settings: Settings) -> str:
    """Say whose benefit is estimated."""
    if settings.evaluation == "cross-fitting":
        return (
            f"expected benefit of models trained this way on {settings.folds - 1}/{settings.folds}"
            " of the rows (not of the models fitted on all rows)"
        )
    if settings.evaluation == "predictions":
        return "benefit of the given predictions, on these rows"
    if settings.evaluation == "in-sample":
        return "apparent benefit of the models fitted on all rows, on these same rows"
    if settings.evaluation == "given" and settings.folds > 1:
        return "expected benefit of models trained on sets such as those given"
    many = f" of each of {settings.partitions} splits, the mean" if settings.partitions > 1 else ""
    return f"benefit of the models fitted on the training rows{many} (conditional on them)"


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["age"]), listed(["age", "sex"]), listed(["age", "sex", "smoking"])
    ('age', 'age and sex', 'age, sex and smoking')
    """
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def heterogeneity_words(test: BoPTest) -> str:
    """Say a test of equal benefits, e.g. ``Cochran's Q = 14.20, df = 11, p = 0.222``."""
    df = f"{test.df:g}" + (f" and {test.df_error:g}" if math.isfinite(test.df_error) else "")
    return f"{test.method} = {test.statistic:.2f}, df = {df}, {p_words(test.pvalue)}"


def association_words(test: AssociationTest) -> str:
    """Say the test of association, e.g. ``likelihood ratio = 65.95, df = 11, p <0.001``."""
    df = f"{test.df}" if math.isnan(test.df_denom) else f"{test.df}, {test.df_denom:g}"
    return f"{test.method} = {test.statistic:.2f}, df = {df}, {p_words(test.pvalue)}"


def rows_words(flow: pd.DataFrame) -> str:
    """Say how many rows were read and used, and where the others went."""

    def text(value: Any) -> str:
        return MASK if pd.isna(value) else str(value)

    read, used = flow["left"].iloc[0], flow["left"].iloc[-1]
    dropped = text(read - used)
    words = f"{text(used)} of {text(read)} read ({dropped} dropped)"
    if dropped == "0":
        return words
    steps = flow.iloc[1:-1]
    steps = steps[steps["dropped"].fillna(1) > 0]
    each = [f"{s} {text(d)}" for s, d in zip(steps["step"], steps["dropped"], strict=True)]
    return f"{words}: {', '.join(each)}"


def masking_words(masks: Masks) -> tuple[str, ...]:
    """Say what was masked, if masking was asked for."""
    if masks.k is None:
        return ()
    return (
        f"{MASK}: masked. No count of people from 1 to {masks.k - 1} is shown (in a group, with or "
        "without the event, dropped, wrongly predicted, or with a changed prediction), nor what it "
        "could be worked out from: percentages, estimates, intervals and p-values of that group, "
        "enough other groups that totals do not give it away, and tests that would do so.",
    )


def notes(
    evaluation: Evaluation,
    frame: pd.DataFrame,
    tests: Mapping[str, BoPTest],
    alpha: float,
    max_error: float,
) -> tuple[str, ...]:
    """Return the notes of a summary, what is general first."""
    settings = evaluation.settings
    lines = [
        "BoP = generic minus personalized cost; positive: personalization helps. Intervals "
        f"{100 * (1 - alpha):g} %, one-sided tests at {alpha / 2:g}; {_methods(frame)}.",
        "Group verdicts use Holm-adjusted p; the first cost is primary, the others exploratory.",
    ]
    shown = set(frame["cost"])
    negated = [name for name in ("auc", "r2", "net_benefit") if name in shown]
    if negated:
        lines.append(f"Shown as costs, that is negated: {', '.join(negated)}.")
    if settings.partitions > 1:
        lines.append(
            "Costs, benefits and gamma are means over partitions; limits, p-values and bounds are "
            "medians over partitions."
        )
    if evaluation.refitted is not None:
        lines.append(_REFITS[evaluation.refitted.method])
    elif settings.folds > 1:
        units = "Clusters" if settings.clustered else "Rows"
        lines.append(
            f"{units} are treated as independent given the folds (approximate); bounds hold under "
            "this working model."
        )
    if settings.strata:
        lines.append(
            "Groups are domains of the design: units without members count in their errors; "
            "degrees of freedom are units with members less strata with members."
        )
    if settings.complex_design or settings.weight_type in ("prob", "precision"):
        lines.append(
            "Design effect: variance of the mean benefit over that of a simple sample of n rows "
            "with replacement. Effective n is never above n."
        )
    if settings.top is not None:
        lines += explanation_words(settings)
    if any(test.effect is not None for test in tests.values()):
        lines.append(
            f"'{CANNOT_BE_TOLD}': for benefits of the effect's size no test whatever, with these "
            f"group sizes, keeps type I + type II error at or under {max_error:g}; it is no "
            "evidence of absence. A certified law holds for any data of this kind; a plug-in law "
            "is estimated from these data."
        )
    lines += evaluation.notes
    lines += group_lines(frame)
    return tuple(lines)


ATTRIBUTIONS = {
    "integrated_gradients": "integrated gradients",
    "deeplift": "DeepLIFT (rescale)",
    "linear_shap": "linear SHAP",
    "shapley": "Shapley values of the mean",
    "occlusion": "occlusion",
}


def explanation_words(settings: Settings) -> list[str]:
    """Say what was kept and masked, and what the reader must know of it."""
    r, own, of = settings.top, settings.top_personalized, settings.n_terms
    both = f"r = {r}" if own in (None, r) else f"r = {r} (personalized: {own})"
    what = ATTRIBUTIONS[settings.attribution]
    by = f"|{what}|" if settings.rank == "absolute" else f"{what}, most positive first"
    lines = [
        f"Explanations keep the top {both} {settings.unit}s ({of} in the generic model) by {by}; "
        f"what is masked is set to {settings.baseline}."
    ]
    if settings.interacting:
        lines.append(
            "An interaction and its main effects share a contribution as the reference levels have "
            "it (for numbers, the origin), so costs of explanation depend on these."
        )
    return lines


def _methods(frame: pd.DataFrame) -> str:
    counts = frame.loc[frame["ci_method"] != "", ["cost", "ci_method"]]
    found = [
        f"{cost}: {', '.join(dict.fromkeys(rows['ci_method']))}"
        for cost, rows in counts.groupby("cost", sort=False)
    ]
    return "methods " + "; ".join(found) if found else "no interval could be computed"


def group_lines(frame: pd.DataFrame) -> list[str]:
    """Join groups that share a note, and costs that share groups and a note."""
    noted = frame[frame["note"] != ""]
    who: dict[tuple[str, str], list[str]] = {}
    for (cost, note), rows in noted.groupby(["cost", "note"], sort=False):
        every = len(rows) == (frame["cost"] == cost).sum()
        groups = "all groups" if every else "; ".join(rows["group"])
        who.setdefault((groups, str(note)), []).append(str(cost))
    costs = frame["cost"].nunique()
    return [
        ("" if len(names) == costs else f"{', '.join(names)}, ") + f"{groups}: {note}."
        for (groups, note), names in who.items()
    ]
