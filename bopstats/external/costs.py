"""Costs of given predictions and of given masked ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from bopstats._typing import BoolArray, FloatArray
from bopstats._validation import check_choice, check_real, check_share, fail
from bopstats.costs import Cost, PerPerson, explanation_costs, resolve, settled
from bopstats.exceptions import DataError
from bopstats.external.targets import Target

_EXPLANATIONS = ("sufficiency", "incomprehensiveness")


def masked_by_name(explanations: Any) -> dict[str, Any]:
    """Return the masked predictions by a name that errors can carry."""
    if explanations is None:
        return {}
    if not isinstance(explanations, Mapping):
        fail(
            "explanations",
            type(explanations).__name__,
            f"a mapping with keys {', '.join(_EXPLANATIONS)}",
        )
    found: dict[str, Any] = {}
    for key, pair in explanations.items():
        check_choice("explanations", key, _EXPLANATIONS)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            fail(f"explanations[{key!r}]", type(pair).__name__, "a pair (generic, personalized)")
        found |= {_masked_name(key, i): values for i, values in enumerate(pair)}
    return found


def _masked_name(key: str, which: int) -> str:
    return f"explanations[{key!r}][{which}]"


def check_threshold(threshold: float, target: Target) -> float:
    """Return the threshold; classes have none."""
    if target.classes and threshold != 0.5:
        fail("threshold", threshold, "0.5 with classes: the most probable one is predicted")
    return check_share("threshold", threshold)


def choose_costs(
    costs: Any, target: Target, threshold: float, masked: set[str]
) -> tuple[Cost, ...]:
    """Return the costs asked for, then those of the masked predictions that were given."""
    chosen = resolve(costs, target.family, threshold, target.deviance)
    named = {cost.name for cost in chosen}
    given = {key for key in _EXPLANATIONS if _masked_name(key, 0) in masked}
    for cost in chosen:
        if cost.kind == "explanation" and (key := _key(cost)) not in given:
            fail("costs", cost.name, f"with its masked predictions in explanations[{key!r}]")
    own = explanation_costs(target.binomial or bool(target.classes))
    return (*chosen, *(cost for cost in own if cost.name in given - named))


def clip_probabilities(
    costs: tuple[Cost, ...], clip: float | None, target: Target, whole: list[FloatArray]
) -> tuple[tuple[Cost, ...], list[str]]:
    """Keep probabilities of 0 and 1 from costs that they make infinite."""
    infinite = {"log_loss", "deviance"} if target.binomial else {"log_loss"}
    names = [cost.name for cost in costs if cost.name in infinite]
    if not names:
        if clip is not None:
            fail("clip", clip, "None without log_loss (or the deviance of a binary outcome)")
        return costs, []
    if clip is None:
        for name, mu in zip(("generic", "personalized"), whole, strict=True):
            count = _people((mu == 0.0) | (mu == 1.0))
            if count:
                raise DataError(
                    f"{name}: got {count} predictions with a probability of exactly 0 or 1, where "
                    f"{names[0]} can be infinite; allowed: probabilities between 0 and 1, or "
                    "clip=, e.g. clip=1e-6"
                )
        return costs, []
    edge = check_real("clip", clip, low=1e-16, high=0.5, closed="low")
    counts = [_people(np.clip(mu, edge, 1.0 - edge) != mu) for mu in whole]
    kept = tuple(_with_clip(cost, edge) if cost.name in names else cost for cost in costs)
    return kept, [
        f"{' and '.join(names)}: probabilities are moved into [{edge:g}, 1 - {edge:g}], which "
        f"concerns {counts[0]} generic and {counts[1]} personalized predictions."
    ]


def _people(where: BoolArray) -> int:
    """Count people, in whichever class."""
    return int((where if where.ndim == 1 else where.any(axis=1)).sum())


def _with_clip(cost: Cost, edge: float) -> Cost:
    inner = cast(PerPerson, cost.per_person)
    return replace(cost, per_person=lambda y, mu: inner(y, np.clip(mu, edge, 1.0 - edge)))


@dataclass(frozen=True)
class Predictions:
    """What one model predicts: `whole`, and with units masked by explanation cost."""

    whole: FloatArray
    masked: Mapping[str, FloatArray]

    @classmethod
    def of(cls, which: int, whole: FloatArray, masked: Mapping[str, FloatArray]) -> Predictions:
        """Take a model's own from predictions by `masked_by_name`."""
        keys = {key: _masked_name(key, which) for key in _EXPLANATIONS}
        return cls(whole, {key: masked[name] for key, name in keys.items() if name in masked})

    def settled_to(self, other: Predictions, size: float) -> Predictions:
        """Take the other's predictions where both differ by rounding only."""
        masked = {key: settled(other.masked[key], mu, size) for key, mu in self.masked.items()}
        return Predictions(settled(other.whole, self.whole, size), masked)


def person_costs(
    cost: Cost, target: Target, threshold: float, predictions: Predictions
) -> FloatArray:
    """Return what one model costs each person, shape (n,)."""
    whole = predictions.whole
    if cost.per_person is not None:
        return cost.per_person(target.outcome.values, whole)
    masked = predictions.masked[_key(cost)]
    if cost.integer:
        classes = [target.predicted_class(each, threshold) for each in (whole, masked)]
        change = np.asarray(classes[0] != classes[1], dtype=np.float64)
    else:
        change = (whole - masked) ** 2
    return change if _key(cost) == "sufficiency" else -change


def _key(cost: Cost) -> str:
    """Return which masked predictions a cost of explanation reads."""
    return cost.name.split("_")[0]
