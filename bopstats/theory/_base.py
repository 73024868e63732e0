"""What every law of a benefit can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn, Self

import mpmath
import numpy as np
from numpy.typing import ArrayLike

from bopstats._validation import check_choice, fail
from bopstats.exceptions import DomainError
from bopstats.theory._numeric import EXACT, FLOAT, Floats, Ops, check_array, exact, work_digits
from bopstats.theory._pairs import Pair, Test


class Tails:
    """What a class of laws may know of sums of its draws; a law fills in what it has."""

    #: Whether sums are exact for whole numbers of rows only: rounded up in lower bounds, down in
    #: upper ones.
    whole_rows: ClassVar[bool] = False

    @classmethod
    def _lower_pair(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Pair | None:
        """Return the pair of laws for truncated bounds, if the class has one in closed form."""

    @classmethod
    def _upper_test(cls, laws: Sequence[Self], effect: Floats, sizes: Floats) -> Test | None:
        """Return the error curves of the min-of-means test, if they are known."""

    @classmethod
    def _extra_lower(
        cls, laws: Sequence[Self], effect: Floats, sizes: Floats, counts: Floats
    ) -> Floats | None:
        """Return a further lower bound of this class alone, shape (cases,)."""

    @classmethod
    def _period(cls, _laws: Sequence[Self], /) -> int:
        """Return over how many rows more a bound may wiggle, because sums are whole numbers."""
        return 0


class Law(Tails, ABC):
    """A law, or a class of laws, of the individual benefit B = cost(generic) − cost(personalized).

    A lower bound is a statement about a class of laws. `describes` says in words which class,
    and is printed beside every bound.
    """

    #: Directions of `log_moment` that the law knows.
    directions: ClassVar[tuple[str, ...]] = ("min", "paper")

    #: Whether the errors of the min-of-means test are known, exactly or as bounds.
    has_test: ClassVar[bool] = True

    @property
    @abstractmethod
    def describes(self) -> str:
        """The class of distributions, in words."""

    @abstractmethod
    def _log_moment(self, effect: Any, direction: str, ops: Ops, /) -> Any:
        """Return the log moment at effects in [0, limit)."""

    def _limit(self, _direction: str, /) -> Any:
        """Return the effect from which on the log moment is infinite."""
        return np.inf

    def _largest(self) -> Any:
        """Return the largest effect that the class allows."""
        return np.inf

    def log_moment(
        self, effect: ArrayLike, direction: str = "min", *, digits: int | None = None
    ) -> Any:
        """Return the logarithm of the per-sample moment that the χ² bounds are made of.

        With p0 a law of the class with mean benefit 0 and p1 one with mean benefit `effect`,

        * ``"min"``: ln ∫ p0²/p1, the direction that is valid for "every group benefits";
        * ``"paper"``: ln ∫ p1²/p0, the direction as printed in the literature.

        Parameters
        ----------
        effect : array_like
            Mean benefit under the alternative, in the unit of the benefit. Where it is 0 or less
            the two hypotheses share a law and the answer is 0.
        direction : {"min", "paper"}
            Which ratio (the tilted sample law knows "min_ref" as well).
        digits : int, optional
            Compute in mpmath with this many digits instead of float64. One effect only; floats
            are read as the decimals that they print as.

        Returns
        -------
        numpy.ndarray, float or mpmath.mpf
            Same shape as `effect`; infinite where one sample may decide.

        Raises
        ------
        DomainError
            If an effect is larger than the class allows.
        ArgumentError
            If an effect is not a finite number or the direction is not known.
        """
        direction = check_choice("direction", direction, self.directions)
        if digits is not None:
            return self._log_moment_exact(effect, direction, digits)
        effects = np.maximum(self.check_effects(effect), 0.0)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            inside = effects < float(self._limit(direction))
            value = self._log_moment(np.where(inside, effects, 0.0), direction, FLOAT)
        return np.where(effects > 0.0, np.where(inside, value, np.inf), 0.0)[()]

    def _log_moment_exact(self, effect: Any, direction: str, digits: int) -> mpmath.mpf:
        with work_digits(digits):
            value = exact(effect)
            self.check_effects(float(value))
            if value <= 0:
                return mpmath.mpf(0)
            if value >= exact(self._limit(direction)):
                return mpmath.mpf("inf")
            return +self._log_moment(value, direction, EXACT)

    def check_effects(self, effect: ArrayLike) -> Floats:
        """Return the effects as float64, or raise if the class has no law with such a mean."""
        effects = check_array("effect", effect)
        largest = float(self._largest())
        if effects.max() > largest:
            self._too_large(float(effects.max()), largest)
        return effects

    def _too_large(self, effect: float, largest: float) -> NoReturn:
        fail(
            "effect",
            effect,
            f"at most {largest:g} for {self.describes}; a benefit this large is not possible here",
            DomainError,
        )

    def published(self) -> Law | None:
        """Return the literature's formula for such benefits, if there is one."""
        return None


def stacked_moments(laws: Sequence[Law], effect: Floats) -> Floats:
    """Return the valid log moment of each law at effects (cases, 1), shape (cases, laws)."""
    return np.stack([np.asarray(law.log_moment(effect[:, 0])) for law in laws], axis=-1)


def column(laws: Sequence[Any], name: str) -> Floats:
    """Return one parameter of each law, shape (groups,)."""
    return np.array([float(getattr(law, name)) for law in laws])
