"""Sentences of a methods section about intervals, tests, bounds, calibration and software."""

from __future__ import annotations

from collections.abc import Iterator

from bopstats.reporting.references import Sentence
from bopstats.tables.benefit import cost_name
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import software_version
from bopstats.tables.options import Options
from bopstats.tables.wording import listed


def inference(findings: Findings, options: Options) -> Iterator[Sentence]:
    """Say how intervals, tests, bounds and calibration were computed."""
    level, one_sided = 100 * (1 - findings.alpha), f"{findings.alpha / 2:g}"
    yield from _intervals(findings, f"{level:g}%")
    yield (
        f"That every group benefits was tested by intersection–union, at one-sided {one_sided}: "
        "the largest p-value over groups needs no correction.",
        ("berger",),
    )
    yield (
        "Harm in some group, and verdicts on single groups, rest on p-values adjusted by Holm's "
        "method.",
        ("holm",),
    )
    tested = [test for test in findings.heterogeneity.values() if test.method]
    if tested:
        word = tested[0].method
        work = {"Cochran's Q": "cochran", "adjusted Wald": "korn"}.get(word)
        shown = f"the {word} test" if "Wald" in word else word
        yield (
            f"Heterogeneity of benefit between groups was tested by {shown}.",
            () if work is None else (work,),
        )
    yield from _bounds(findings, options)
    if findings.association is not None:
        yield (
            "Association of the personal terms with the outcome, another question than benefit, "
            f"was tested on all rows ({_association(findings.association.method)}).",
            ("heinze",) if "penal" in findings.association.method else (),
        )
    if findings.evaluation.settings.family in ("binomial", "gaussian"):
        yield (
            "Calibration of the predictions is given as intercept (calibration in the large) "
            "and slope.",
            ("cox",),
        )
    if findings.masks.k is not None:
        yield (
            f"Counts of people below {findings.masks.k}, other than zero, and all figures that "
            "they could be worked out from, were masked.",
            (),
        )


def _association(method: str) -> str:
    words = {"Wald": "Wald test with a robust covariance", "F": "F test"}
    return words.get(method, f"{method} test")


_INTERVALS: dict[str, tuple[str, tuple[str, ...]]] = {
    "t": ("t intervals of the mean paired difference", ()),
    "tango": ("Tango's score intervals for paired proportions", ("tango",)),
    "exact unconditional": ("exact unconditional intervals for paired proportions", ("boos",)),
    "clopper-pearson": ("Clopper–Pearson limits", ("clopper",)),
    "clopper-pearson (unchanged)": (
        "Clopper–Pearson limits where no prediction changed",
        ("clopper",),
    ),
    "clopper-pearson (effective n)": (
        "Clopper–Pearson limits at the effective sample size where no prediction changed",
        ("clopper",),
    ),
    "bca": ("bias-corrected and accelerated bootstrap intervals", ("efron",)),
    "percentile": ("bootstrap percentile intervals", ("efron",)),
    "t (Rubin)": ("t intervals combined by Rubin's rules", ("rubin", "barnard")),
}


def _intervals(findings: Findings, level: str) -> Iterator[Sentence]:
    methods = [m for m in dict.fromkeys(findings.frame["ci_method"]) if m]
    if not methods:
        yield "No interval could be computed.", ()
        return
    found = [_INTERVALS.get(method, (f"{method} intervals", ())) for method in methods]
    texts, works = [text for text, _ in found], [key for _, keys in found for key in keys]
    yield (
        f"{level} confidence intervals are {listed(texts)}; the method was chosen for each cost "
        "and group by the kind of cost and the number of changed predictions, and one-sided "
        "p-values come from the same method."
        if len(texts) > 1
        else f"{level} confidence intervals are {texts[0]}, and one-sided p-values come from the "
        "same method.",
        tuple(dict.fromkeys(works)),
    )


def _bounds(findings: Findings, options: Options) -> Iterator[Sentence]:
    costs = {cost.name: cost for cost in findings.evaluation.costs}
    effects = [
        f"{test.effect:g} ({cost_name(costs[name], options)}, {costs[name].unit})"
        for name, test in findings.tests.items()
        if test.effect is not None
    ]
    if not effects:
        return
    yield (
        f"The smallest benefit that matters was set to {listed(effects)}. Whether data with these "
        "group sizes could tell such a benefit in every group from none in some group was judged "
        "by lower bounds on the sum of type I and type II error of any test, of which "
        f"{findings.max_error:g} was the largest accepted; certified bounds hold for all data of "
        "this kind, plug-in bounds for a law estimated from these data.",
        ("limits", "bop"),
    )


def software(findings: Findings) -> Iterator[Sentence]:
    """Say what computed it."""
    seed = findings.evaluation.settings.seed
    drawn = "" if seed is None else f" (seed {seed})"
    fitted = findings.association is not None
    with_models = " and statsmodels" if fitted else ""
    yield (
        f"Computations were done with bopstats {software_version()}{drawn}{with_models}.",
        ("statsmodels",) if fitted else (),
    )
