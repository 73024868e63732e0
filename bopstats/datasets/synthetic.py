"""Invented data whose benefit of personalization is known exactly."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bopstats._validation import check_choice, check_count, check_real, check_rng, fail
from bopstats.datasets.synthetic_groups import (
    EXPLANATION,
    BinaryGroup,
    ContinuousGroup,
    Figures,
    Group,
)

_KINDS: dict[str, type[Group]] = {"binary": BinaryGroup, "continuous": ContinuousGroup}
_MASKED = ("", "_top_only", "_without_top")
_TAKEN = ("y", *(f"{model}{part}" for model in ("generic", "personalized") for part in _MASKED))
_RANGES: dict[str, dict[str, Any]] = {
    "benefit": {},
    "disagreement": {"low": 0.0, "closed": "low"},
    "cost_generic": {"low": 0.0, "closed": "low"},
    "explanation_benefit": {"low": -EXPLANATION, "high": EXPLANATION, "closed": "low high"},
}
_NOTE = "Invented data: the true benefit of each group is in attrs['truth']."


def make_personalized(
    sizes: Mapping[Any, int],
    benefit: float | Mapping[Any, float],
    *,
    disagreement: float | Mapping[Any, float] = 0.2,
    cost_generic: float | Mapping[Any, float] = 0.3,
    explanation_benefit: float | Mapping[Any, float] = 0.0,
    outcome: str = "binary",
    attributes: Sequence[str] = ("group",),
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    r"""Make people with held-out predictions of two models, whose true benefit is known.

    Parameters
    ----------
    sizes : mapping of groups to ints
        Rows of each group. A group is a label, or a tuple with a label for each attribute.
    benefit : float or mapping of groups to floats
        True benefit of prediction: 0–1 cost for a binary outcome, squared error for a continuous
        one.
    disagreement : float or mapping
        How much the two predictions differ: share of people whose class changes, or mean squared
        change of the prediction.
    cost_generic : float or mapping
        True cost of the generic model: share of wrong classes, or mean squared error.
    explanation_benefit : float or mapping
        True benefit of explanation, the same for sufficiency and incomprehensiveness; from −0.5 to
        0.5.
    outcome : {"binary", "continuous"}
        Kind of the outcome.
    attributes : sequence of str
        Names of the personal attributes, one for each label of a group.
    rng : int or Generator
        Seed or generator.

    Returns
    -------
    DataFrame, one row a person, groups one after the other
        The attributes; ``y``; ``generic`` and ``personalized``, predicted means; and what each
        model predicts from its top terms only (``generic_top_only``, ``personalized_top_only``)
        and without them (``generic_without_top``, ``personalized_without_top``).

        ``attrs["truth"]`` is a list of records, one for each cost and group and for the
        population, with the columns of ``res.frame()``: ``cost``, ``kind``, attributes, ``group``,
        ``n``, ``cost_generic``, ``cost_personalized``, ``bop``, and ``sd`` of the individual
        benefit: ``pd.DataFrame(frame.attrs["truth"])``.

    Raises
    ------
    ArgumentError
        If an argument is not of an allowed kind, a group has no value, or no two models have this
        benefit, disagreement and cost.

    Notes
    -----
    Binary: the outcome is 0 or 1 with equal chance, predictions are 1/4 or 3/4. With benefit b,
    disagreement q and cost c of a group, the personalized model alone is right with probability
    (q + b)/2, the generic one alone with (q − b)/2, neither with c − (q + b)/2. The 0–1 benefit is
    then b, its individual values are −1, 0 or 1 with variance q − b²; the Brier benefit is b/2, the
    log loss benefit b log 3. Possible if −q ≤ b ≤ q, (q + b)/2 ≤ c and (q − b)/2 ≤ 1 − c.

    Continuous: the errors of the two models are normal with mean squares c and c' = c − b and
    correlation

    .. math:: \rho = \frac{c + c' - q}{2 \sqrt{c\,c'}},

    so that their predictions differ by q in mean square. The individual benefit has mean b and
    variance 2c² + 2c'² − 4ρ²cc'. Possible if c' > 0 and −1 ≤ ρ ≤ 1.

    Explanations: the generic model's prediction changes at 0.5 (share of classes, or mean square)
    when only its top terms are kept, and at 0.5 when they are taken away; the personalized one's
    at 0.5 − x and 0.5 + x, x the benefit of explanation.

    Examples
    --------
    >>> import pandas as pd
    >>> from bopstats.datasets import make_personalized
    >>> people = make_personalized(
    ...     {("female", "young"): 40, ("female", "old"): 30, ("male", "young"): 50},
    ...     benefit={("female", "young"): 0.1, ("female", "old"): -0.05, ("male", "young"): 0.0},
    ...     attributes=("sex", "age"), rng=1)
    >>> truth = pd.DataFrame(people.attrs["truth"])
    >>> print(truth.loc[truth["cost"] == "zero_one", ["group", "n", "bop"]].to_string(index=False))
             group   n       bop
     female, young  40  0.100000
       female, old  30 -0.050000
       male, young  50  0.000000
        population 120  0.020833
    """
    kind = _KINDS[check_choice("outcome", outcome, _KINDS)]
    names = _check_attributes(attributes)
    values = {
        "benefit": benefit,
        "disagreement": disagreement,
        "cost_generic": cost_generic,
        "explanation_benefit": explanation_benefit,
    }
    groups = _groups(kind, sizes, values, len(names))
    generator = check_rng(rng)
    parts = []
    for group in groups:
        labels: dict[str, Any] = dict(zip(names, group.levels, strict=True))
        parts.append(pd.DataFrame(group.draw(generator)).assign(**labels))
    frame = pd.concat(parts, ignore_index=True)[[*names, *_TAKEN]]
    for place, name in enumerate(names):
        levels = list(dict.fromkeys(group.levels[place] for group in groups))
        frame[name] = pd.Categorical(frame[name], categories=levels)
    frame.attrs = {"note": _NOTE, "truth": _truth(groups, names)}
    return frame


def _check_attributes(attributes: object) -> list[str]:
    allowed = "distinct names of the personal attributes, such as ('sex', 'race')"
    if isinstance(attributes, str) or not isinstance(attributes, Sequence) or not attributes:
        fail("attributes", attributes, allowed)
    names = list(attributes)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        fail("attributes", attributes, allowed)
    taken = [name for name in names if name in _TAKEN]
    if taken:
        fail("attributes", taken[0], f"names other than {', '.join(_TAKEN)}")
    return names


def _groups(
    kind: type[Group], sizes: object, values: Mapping[str, Any], labels: int
) -> list[Group]:
    """Return the groups in the order of `sizes`, each with its own numbers."""
    if not isinstance(sizes, Mapping) or not sizes:
        fail("sizes", sizes, "a mapping of groups to numbers of rows, such as {'a': 100, 'b': 50}")
    for name, value in values.items():
        for key in value if isinstance(value, Mapping) else ():
            if key not in sizes:
                fail(name, key, f"groups of sizes: {', '.join(map(repr, sizes))}")
    groups = []
    for key, n in sizes.items():
        levels = key if isinstance(key, tuple) else (key,)
        if len(levels) != labels:
            fail("sizes", key, f"groups of {labels} label(s), one for each of the attributes")
        mine = {name: _value(name, value, key) for name, value in values.items()}
        groups.append(kind(levels, check_count(f"sizes[{key!r}]", n), **mine))
    return groups


def _value(name: str, value: Any, key: Hashable) -> float:
    if not isinstance(value, Mapping):
        return check_real(name, value, **_RANGES[name])
    if key not in value:
        fail(name, list(value), f"a value for each group of sizes, also {key!r}")
    return check_real(f"{name}[{key!r}]", value[key], **_RANGES[name])


def _truth(groups: list[Group], names: list[str]) -> list[dict[str, Any]]:
    """Return what is true of each cost in each group and in all of them together."""
    rows: list[dict[str, Any]] = []
    told = [group.truth() for group in groups]
    total = sum(group.n for group in groups)
    for cost in told[0]:
        for group, figures in zip(groups, told, strict=True):
            levels = dict(zip(names, group.levels, strict=True))
            rows.append(_record(cost, levels, group.label, group.n, figures[cost]))
        whole = _mixture(
            [(group.n / total, each[cost]) for group, each in zip(groups, told, strict=True)]
        )
        rows.append(_record(cost, dict.fromkeys(names), "population", total, whole))
    return rows


def _mixture(parts: list[tuple[float, Figures]]) -> Figures:
    """Return the figures of all groups together, by their shares."""
    generic = math.fsum(share * each.generic for share, each in parts)
    personalized = math.fsum(share * each.personalized for share, each in parts)
    bop = math.fsum(share * each.bop for share, each in parts)
    variance = math.fsum(share * (each.sd**2 + (each.bop - bop) ** 2) for share, each in parts)
    return Figures(generic, personalized, bop, math.sqrt(variance))


def _record(
    cost: str, levels: Mapping[str, Hashable], group: str, n: int, figures: Figures
) -> dict[str, Any]:
    explains = cost in ("sufficiency", "incomprehensiveness")
    return {
        "cost": cost,
        "kind": "explanation" if explains else "prediction",
        **levels,
        "group": group,
        "n": n,
        "cost_generic": figures.generic,
        "cost_personalized": figures.personalized,
        "bop": figures.bop,
        "sd": figures.sd,
    }
