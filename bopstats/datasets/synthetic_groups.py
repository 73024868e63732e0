"""One group of invented people: what is true of it, and draws from it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bopstats._typing import FloatArray
from bopstats._validation import fail

SURE = 0.75  # probability that a prediction gives the class it stands for
EXPLANATION = 0.5  # sufficiency cost of the generic model, and its incomprehensiveness negated


class Figures(NamedTuple):
    """Expected costs of the two models; mean and standard deviation of the individual benefit."""

    generic: float
    personalized: float
    bop: float
    sd: float


@dataclass(frozen=True)
class Group(ABC):
    """A group with its size, benefits, disagreement of the two models and generic cost.

    Raises
    ------
    ArgumentError
        If no two models have this benefit, disagreement and cost.
    """

    levels: tuple[Hashable, ...]
    n: int
    benefit: float
    disagreement: float
    cost_generic: float
    explanation_benefit: float

    def __post_init__(self) -> None:
        self._check()

    @property
    def label(self) -> str:
        """Levels of all attributes, as tables show them."""
        return ", ".join(map(str, self.levels))

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return outcomes, predictions and masked predictions of n people."""
        columns = self._predictions(rng)
        for name, size in self._changes().items():
            columns[name] = self._changed(columns[name.split("_")[0]], size, rng)
        return columns

    def truth(self) -> dict[str, Figures]:
        """Return the true figures of each cost."""
        told, changes = self._costs(), self._changes()
        for cost, sign, ending in (
            ("sufficiency", 1, "top_only"),
            ("incomprehensiveness", -1, "without_top"),
        ):
            generic, personalized = (changes[f"{m}_{ending}"] for m in ("generic", "personalized"))
            sd = math.sqrt(self._spread(generic) + self._spread(personalized))
            bop = self.explanation_benefit
            told[cost] = Figures(sign * generic, sign * personalized, bop, sd)
        return told

    def _changes(self) -> dict[str, float]:
        """Return how much each masked prediction differs from the whole one."""
        return {
            "generic_top_only": EXPLANATION,
            "personalized_top_only": EXPLANATION - self.explanation_benefit,
            "generic_without_top": EXPLANATION,
            "personalized_without_top": EXPLANATION + self.explanation_benefit,
        }

    def _possible(self, limits: Mapping[str, bool]) -> None:
        for condition, holds in limits.items():
            if not holds:
                got = (
                    f"benefit {self.benefit:g}, disagreement {self.disagreement:g}, "
                    f"cost_generic {self.cost_generic:g}"
                )
                fail(f"group {self.label}", got, condition)

    @abstractmethod
    def _check(self) -> None:
        """Raise if no two models are like this."""

    @abstractmethod
    def _predictions(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return ``y``, ``generic`` and ``personalized``."""

    @abstractmethod
    def _costs(self) -> dict[str, Figures]:
        """Return the true figures of the costs of prediction."""

    @staticmethod
    @abstractmethod
    def _changed(whole: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
        """Return predictions that differ from `whole` by a mean cost of `size`."""

    @staticmethod
    @abstractmethod
    def _spread(size: float) -> float:
        """Return the variance of the cost whose mean is `size`."""


class BinaryGroup(Group):
    """Classes: each person is right by both models, by one of them or by neither."""

    def _check(self) -> None:
        b, q, c = self.benefit, self.disagreement, self.cost_generic
        self._possible(
            {
                "|benefit| of at most disagreement": abs(b) <= q,
                "(disagreement + benefit) / 2 of at most cost_generic": (q + b) / 2 <= c,
                "(disagreement - benefit) / 2 of at most 1 - cost_generic": (q - b) / 2 <= 1 - c,
            }
        )

    def _predictions(self, rng: np.random.Generator) -> dict[str, Any]:
        b, q, c = self.benefit, self.disagreement, self.cost_generic
        y, place = rng.integers(0, 2, self.n), rng.random(self.n)
        # From 0 on: the personalized model alone is right, the generic one alone, neither, both.
        helped, changed, both_wrong = place < (q + b) / 2, place < q, place < c + (q - b) / 2
        wrong = {
            "generic": helped | (~changed & both_wrong),
            "personalized": (changed & ~helped) | (~changed & both_wrong),
        }
        means = {name: np.where(w != (y == 1), SURE, 1 - SURE) for name, w in wrong.items()}
        return {"y": y} | means

    def _costs(self) -> dict[str, Figures]:
        b, c = self.benefit, self.cost_generic
        sd = math.sqrt(self.disagreement - b**2)
        told = {}
        for cost, right, step in (
            ("zero_one", 0.0, 1.0),
            ("brier", (1 - SURE) ** 2, SURE**2 - (1 - SURE) ** 2),
            ("log_loss", -math.log(SURE), math.log(SURE / (1 - SURE))),
        ):
            told[cost] = Figures(right + step * c, right + step * (c - b), step * b, step * sd)
        return told

    @staticmethod
    def _changed(whole: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
        return np.where(rng.random(len(whole)) < size, 1 - whole, whole)

    @staticmethod
    def _spread(size: float) -> float:
        return size * (1 - size)


class ContinuousGroup(Group):
    """Numbers: the errors of the two models are normal and correlated."""

    def _check(self) -> None:
        b, q, c = self.benefit, self.disagreement, self.cost_generic
        self._possible({"a benefit below cost_generic": b < c})
        low, high = ((math.sqrt(c) + sign * math.sqrt(c - b)) ** 2 for sign in (-1, 1))
        self._possible({f"a disagreement from {low:g} to {high:g}": low <= q <= high})

    def _correlation(self) -> float:
        c, other = self.cost_generic, self.cost_generic - self.benefit
        return float(np.clip((c + other - self.disagreement) / (2 * math.sqrt(c * other)), -1, 1))

    def _predictions(self, rng: np.random.Generator) -> dict[str, Any]:
        rho = self._correlation()
        first, second, generic = rng.normal(size=(3, self.n))
        mixed = rho * first + math.sqrt(1 - rho**2) * second
        y = generic + math.sqrt(self.cost_generic) * first
        personalized = y - math.sqrt(self.cost_generic - self.benefit) * mixed
        return {"y": y, "generic": generic, "personalized": personalized}

    def _costs(self) -> dict[str, Figures]:
        c, other = self.cost_generic, self.cost_generic - self.benefit
        variance = 2 * c**2 + 2 * other**2 - 4 * self._correlation() ** 2 * c * other
        return {"squared_error": Figures(c, other, self.benefit, math.sqrt(max(variance, 0.0)))}

    @staticmethod
    def _changed(whole: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
        return whole + math.sqrt(size) * rng.normal(size=len(whole))

    @staticmethod
    def _spread(size: float) -> float:
        return 2 * size**2
