"""Formulas of the literature as they stand, under names that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from bopstats.theory._base import Law
from bopstats.theory._checks import check_positive
from bopstats.theory._numeric import Ops


@dataclass(frozen=True)
class PublishedCategorical(Law):
    r"""The literature's moment for categorical predictions, :math:`c = 1 + 4\epsilon^2`.

    Reproduced for comparison. For 0–1 loss it is loose against all laws on [−1, 1] (the sharp
    constant is :math:`1/(1-\epsilon^2)`), and it is not valid where fewer than a share
    :math:`1/4+\epsilon^2` of predictions change: use `Bounded` or `Ternary`.

    Source: the notebooks of Cornelis et al. (arXiv:2502.02786), after Monteiro Paes et al.
    (2022).

    Examples
    --------
    >>> round(float(PublishedCategorical().log_moment(0.01)), 10)
    0.00039992
    """

    has_test: ClassVar[bool] = False

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return "the literature's formula 1 + 4*effect^2 for 0-1 loss, as printed"

    def _largest(self) -> Any:
        return 1.0

    def _log_moment(self, effect: Any, _direction: str, ops: Ops, /) -> Any:
        return ops.log1p(4 * effect**2)

    def published(self) -> Law:
        """Return itself."""
        return self


@dataclass(frozen=True)
class PublishedLaplace(Law):
    r"""The literature's moment for Laplace benefits, :math:`\ln c = \epsilon/b`.

    Reproduced for comparison: valid, but of the order of the effect where the true moment (see
    `Laplace`) is of the order of its square.

    Source: the notebooks of Cornelis et al. (arXiv:2502.02786), after Monteiro Paes et al.
    (2022).

    Parameters
    ----------
    scale : float
        Scale b of the Laplace law (standard deviation :math:`b\sqrt 2`); positive.

    Raises
    ------
    DomainError
        If `scale` is not a positive finite number.

    Examples
    --------
    >>> float(PublishedLaplace(0.5).log_moment(0.01))
    0.02
    """

    scale: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)

    has_test: ClassVar[bool] = False

    @property
    def describes(self) -> str:
        """The class of distributions, in words."""
        return f"the literature's formula exp(effect/b) for Laplace benefits, b = {self.scale:g}"

    def _log_moment(self, effect: Any, _direction: str, ops: Ops, /) -> Any:
        return effect / ops.number(self.scale)

    def published(self) -> Law:
        """Return itself."""
        return self
