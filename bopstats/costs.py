"""What a prediction costs one person, and the two metrics that only a group has.

Costs are bad when large. A benefit is always generic minus personalized cost, so metrics that are
good when large (AUC, R², net benefit) enter negated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import fail, nearest
from bopstats.exceptions import ArgumentError, RowsNotKept
from bopstats.groups import GroupMoments, RowBop

PerPerson = Callable[[FloatArray, FloatArray], FloatArray]

# Two fits of the same means agree to about this, relative to the range of the outcome.
_AGREE = 1e-12
# Sums of a row's terms are off by about this, relative to their size.
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Cost:
    """A cost of prediction or explanation.

    Parameters
    ----------
    name : str
        The name that results carry.
    kind : {"prediction", "explanation"}
        What it is a cost of.
    per_person : callable or None
        ``(y, mu) -> (n,)``; None for costs that a group alone has, or explanation costs.
    integer : bool
        Whether the benefit of a person is −1, 0 or +1.
    bounds : tuple of float or None
        Smallest and largest possible benefit of a person.
    unit : str
        What one unit is, in words.
    group_only : bool
        Whether the cost has no value for one person.
    """

    name: str
    kind: Literal["prediction", "explanation"]
    per_person: PerPerson | None
    unit: str
    integer: bool = False
    bounds: tuple[float, float] | None = None
    group_only: bool = False


def settled(generic: FloatArray, personalized: FloatArray, size: float) -> FloatArray:
    """Return personalized predictions, the generic ones where both differ by rounding only.

    The benefit is then 0 there, and no one counts as changed by noise.

    Parameters
    ----------
    generic, personalized : ndarray
        Predictions of the same people.
    size : float
        Range of the outcome.

    Examples
    --------
    >>> settled(np.array([0.1 + 0.2]), np.array([0.3]), 1.0).tolist()
    [0.30000000000000004]
    """
    noise = np.maximum(_AGREE * size, _ROUNDING * np.abs(generic))
    same = np.abs(personalized - generic) <= noise
    return np.asarray(np.where(same, generic, personalized), dtype=np.float64)


def brier(y: FloatArray, mu: FloatArray) -> FloatArray:
    """Squared error of a probability, (y − μ)².

    Examples
    --------
    >>> float(brier(np.array([1.0]), np.array([0.8]))[0].round(12))
    0.04
    """
    return (y - mu) ** 2


def log_loss(y: FloatArray, mu: FloatArray) -> FloatArray:
    """Negative log likelihood of a 0/1 outcome, −y log μ − (1 − y) log(1 − μ), in nats."""
    with np.errstate(divide="ignore"):
        return -np.where(y > 0, np.log(mu), np.log1p(-mu))


def absolute_error(y: FloatArray, mu: FloatArray) -> FloatArray:
    """Absolute error |y − μ|."""
    return np.abs(y - mu)


def zero_one(threshold: float) -> PerPerson:
    """Return the 0–1 loss that predicts the event where μ ≥ `threshold`."""
    return lambda y, mu: ((mu >= threshold) != (y > 0)).astype(np.float64)


def net_benefit(threshold: float) -> PerPerson:
    """Return minus the net benefit of a person at a threshold probability t.

    Net benefit is [true positive] − [false positive]·t/(1 − t) (Vickers and Elkin 2006).
    """
    odds = threshold / (1.0 - threshold)
    return lambda y, mu: np.where(mu >= threshold, np.where(y > 0, -1.0, odds), 0.0)


def observed(y: FloatArray, p: FloatArray) -> FloatArray:
    """Return the probability that each person's own class got, shape (n,)."""
    return np.take_along_axis(p, y.astype(np.intp)[:, None], axis=1)[:, 0]


def brier_of_classes(y: FloatArray, p: FloatArray) -> FloatArray:
    """Squared error of K probabilities, Σ_k (p_k − 1{y = k})², from 0 to 2 (Brier 1950).

    `y` holds the number of each person's class, `p` has shape (n, K). With two classes it is twice
    the squared error of one probability.

    Examples
    --------
    >>> p = np.array([[0.7, 0.2, 0.1]])
    >>> float(brier_of_classes(np.array([0.0]), p)[0].round(12))
    0.14
    """
    gap = p.copy()
    gap[np.arange(len(y)), y.astype(np.intp)] -= 1.0
    return np.asarray(np.einsum("ij,ij->i", gap, gap), dtype=np.float64)


def log_loss_of_classes(y: FloatArray, p: FloatArray) -> FloatArray:
    """Negative log likelihood of the observed class, −log p_y, in nats."""
    with np.errstate(divide="ignore"):
        return -np.log(observed(y, p))


def zero_one_of_classes(y: FloatArray, p: FloatArray) -> FloatArray:
    """0–1 loss of the most probable class; ties go to the first."""
    return np.asarray(p.argmax(axis=1) != y, dtype=np.float64)


def resolve(
    costs: Sequence[Any] | str | None, family: str, threshold: float, deviance: PerPerson
) -> tuple[Cost, ...]:
    """Return the costs asked for, primary first.

    Parameters
    ----------
    costs : sequence of str or callable, or None
        Names or callables ``(y, mu) -> (n,)``; None for the family's default.
    family : str
        Name of the GLM family, or "multinomial": then μ has shape (n, K) and y numbers the classes.
    threshold : float
        Probability from which the event is predicted.
    deviance : callable
        Unit deviance of the family.

    Raises
    ------
    ArgumentError
        If a cost is unknown, twice there, or does not suit the family; or if the first one is not
        a cost of prediction.
    """
    binomial = family == "binomial"
    if costs is None:
        default = {"gaussian": ("squared_error",), "binomial": ("brier", "zero_one")}
        default["multinomial"] = default["binomial"]
        costs = default.get(family, ("deviance",))
    if isinstance(costs, str) or callable(costs):
        costs = (costs,)
    if not isinstance(costs, Sequence):
        fail("costs", costs, "a list or tuple, the primary cost first")
    classes = family == "multinomial"
    known = _table_of_classes() if classes else _table(threshold, deviance, binomial)
    found = [_callable_cost(c) if callable(c) else _named(c, known, binomial) for c in costs]
    names = [cost.name for cost in found]
    for name in names:
        if names.count(name) > 1:
            fail("costs", name, "each cost once; give callables a __name__ of their own")
    if not found or found[0].kind != "prediction":
        fail("costs", names, "a cost of prediction first (it is the primary one)")
    return tuple(found)


def _callable_cost(function: Callable[..., Any]) -> Cost:
    name = getattr(function, "__name__", type(function).__name__)

    def checked(y: FloatArray, mu: FloatArray) -> FloatArray:
        views = [y.view(), mu.view()]
        for view in views:
            view.flags.writeable = False  # later costs read the same arrays
        try:
            values = np.asarray(function(*views), dtype=np.float64)
        except Exception as error:  # whatever the user's function raises
            raise ArgumentError(f"costs: {name} failed: {error}") from error
        if values.shape != y.shape or not np.isfinite(values).all():
            raise ArgumentError(
                f"costs: {name} returned shape {values.shape} with "
                f"{int((~np.isfinite(values)).sum())} non-finite values; "
                f"allowed: one finite number a person, shape {y.shape}"
            )
        return values

    return Cost(name, "prediction", checked, "units of the cost")


def _named(name: Any, known: dict[str, Cost | None], binomial: bool) -> Cost:
    if not isinstance(name, str) or name not in known:
        hint = nearest(str(name), known)
        fail("costs", name, f"{', '.join(known)} or a callable (y, mu) -> (n,){hint}")
    cost = known[name]
    if cost is None:
        other = "a binomial" if not binomial else "another"
        raise ArgumentError(f"costs: {name!r} needs {other} family")
    return cost


def explanation_costs(binomial: bool) -> tuple[Cost, Cost]:
    """Return the costs of explanation: sufficiency and incomprehensiveness."""
    unit = "share of changed predictions" if binomial else "squared change of the mean"
    bounds = (-1.0, 1.0) if binomial else None
    return (
        Cost("sufficiency", "explanation", None, unit, binomial, bounds),
        Cost("incomprehensiveness", "explanation", None, unit, binomial, bounds),
    )


def probability_changes() -> tuple[Cost, Cost]:
    """Return the costs of explanation by the change of a probability, not of the class."""
    unit, bounds = "squared change of the probability", (-1.0, 1.0)
    return (
        Cost("sufficiency_probability", "explanation", None, unit, bounds=bounds),
        Cost("incomprehensiveness_probability", "explanation", None, unit, bounds=bounds),
    )


def _table(threshold: float, deviance: PerPerson, binomial: bool) -> dict[str, Cost | None]:
    """All costs by name; None where the family does not allow one."""
    odds = threshold / (1.0 - threshold)
    probability = {
        "brier": Cost("brier", "prediction", brier, "squared probability", bounds=(-1.0, 1.0)),
        "zero_one": Cost(
            "zero_one",
            "prediction",
            zero_one(threshold),
            "share of wrong predictions",
            integer=True,
            bounds=(-1.0, 1.0),
        ),
        "log_loss": Cost("log_loss", "prediction", log_loss, "nats"),
        "net_benefit": Cost(
            "net_benefit",
            "prediction",
            net_benefit(threshold),
            f"minus net benefit at threshold {threshold:g}",
            bounds=(-max(1.0, odds), max(1.0, odds)),
        ),
        "auc": Cost("auc", "prediction", None, "minus AUC", group_only=True),
        **{cost.name: cost for cost in probability_changes()},
    }
    return {
        **{name: cost if binomial else None for name, cost in probability.items()},
        "squared_error": Cost("squared_error", "prediction", brier, "squared outcome units"),
        "absolute_error": Cost("absolute_error", "prediction", absolute_error, "outcome units"),
        "deviance": Cost("deviance", "prediction", deviance, "unit deviance"),
        "r2": Cost("r2", "prediction", None, "minus R²", group_only=True),
        **{cost.name: cost for cost in explanation_costs(binomial)},
    }


def _table_of_classes() -> dict[str, Cost | None]:
    """Costs of an outcome with K classes."""
    share, squared = "share of wrong predictions", "squared probability, summed over classes"
    found = (
        Cost("brier", "prediction", brier_of_classes, squared, bounds=(-2.0, 2.0)),
        Cost("zero_one", "prediction", zero_one_of_classes, share, True, (-1.0, 1.0)),
        Cost("log_loss", "prediction", log_loss_of_classes, "nats"),
        *explanation_costs(True),
    )
    return {cost.name: cost for cost in found} | {"net_benefit": None, "auc": None}


def group_metric(name: str, rows: RowBop | None, moments: GroupMoments) -> FloatArray:
    """Return minus AUC or R² of both models, shape (2, G + 1), the population last.

    R² needs no rows.
    """
    if name == "auc":
        if rows is None:
            raise RowsNotKept("auc: needs all rows at once, to rank them")
        return -np.stack([auc_by_group(rows, mu) for mu in (rows.mu_generic, rows.mu_personalized)])
    m = moments.with_population()
    return -np.stack([r2(sse, m.w, m.wy, m.wy2) for sse in (m.sse_generic, m.sse_personalized)])


def auc_by_group(rows: RowBop, mu: FloatArray) -> FloatArray:
    """Area under the ROC curve in each group, averaged over folds by their numbers of pairs.

    Parameters
    ----------
    rows : RowBop
        The evaluated people.
    mu : ndarray, shape (n,)
        Predictions of one model.

    Returns
    -------
    ndarray, shape (G + 1,)
        The AUC of each group, the population last; nan where no fold has both an event and a
        non-event of the group.

    Notes
    -----
    AUC = P(μ_event > μ_non-event) + ½ P(equal), pairs within a fold only: predictions of different
    folds come from different models. Weighted pairs count the product of their weights.
    """
    weight = np.ones(len(mu)) if rows.weight is None else rows.weight
    by_group = _auc(rows.group, rows, mu, weight, rows.n_groups)
    population = _auc(np.zeros_like(rows.group), rows, mu, weight, 1)
    return np.concatenate([by_group, population])


def _auc(
    group: IntArray, rows: RowBop, mu: FloatArray, weight: FloatArray, size: int
) -> FloatArray:
    order = np.lexsort((mu, rows.fold, group))
    group, fold, score = group[order], rows.fold[order], mu[order]
    event = np.where(rows.y[order] > 0, weight[order], 0.0)
    other = weight[order] - event
    new_block = np.r_[True, (group[1:] != group[:-1]) | (fold[1:] != fold[:-1])]
    new_tie = new_block | np.r_[True, score[1:] != score[:-1]]
    block, tie = np.cumsum(new_block) - 1, np.cumsum(new_tie) - 1
    # Non-events ranked strictly below each run of ties, counted from the start of its block.
    other_in_tie = np.bincount(tie, other)
    below = np.cumsum(other_in_tie) - other_in_tie
    tie_block = block[new_tie]
    first_tie = np.r_[True, tie_block[1:] != tie_block[:-1]]
    below = below - below[first_tie][tie_block]
    wins = np.bincount(tie_block, np.bincount(tie, event) * (below + 0.5 * other_in_tie))
    pairs = np.bincount(block, event) * np.bincount(block, other)
    block_group = group[new_block]
    total = np.bincount(block_group, pairs, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.bincount(block_group, wins, size) / total, dtype=np.float64)


def r2(sse: FloatArray, w: FloatArray, wy: FloatArray, wy2: FloatArray) -> FloatArray:
    """R² = 1 − SSE/SST about the group's own mean; nan where the outcome does not vary.

    All arguments are sums over a group, shape (G,): Σw(y − μ)², Σw, Σwy, Σwy².
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        sst = wy2 - wy**2 / w
        return np.where(sst > 1e-12 * wy2, 1.0 - sse / sst, np.nan)
