"""From two vectors of held-out predictions to the results of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bopstats._typing import FloatArray, IntArray
from bopstats._validation import fail
from bopstats.attributes import Grouping, group_by_values
from bopstats.columns import RowCounts, check_strata, check_weights, codes, unused_levels
from bopstats.costs import Cost
from bopstats.evaluation import Settings, gather
from bopstats.external.costs import (
    Predictions,
    check_threshold,
    choose_costs,
    clip_probabilities,
    masked_by_name,
    person_costs,
)
from bopstats.external.inputs import as_column, common_index, group_columns
from bopstats.external.targets import Target, find_target
from bopstats.groups import RowBop
from bopstats.results import BoPResults

_HELD_OUT = (
    "Predictions were given: whether these rows were held out from the training of the models "
    "cannot be seen here; benefit on training rows is optimistic."
)
_BESIDE = ("folds", "weights", "cluster", "strata")


@dataclass(frozen=True)
class Options:
    """What `compare` takes beside predictions and groups; see there."""

    costs: Any = None
    family: Any = None
    event: object | None = None
    threshold: float = 0.5
    folds: Any = None
    weights: Any = None
    weight_type: str | None = None
    cluster: Any = None
    strata: Any = None
    explanations: Any = None
    clip: float | None = None
    notes: tuple[str, ...] = ()
    seed: int | None = None


def compare(
    y: Any,
    generic: Any,
    personalized: Any,
    groups: Any,
    *,
    costs: Any = None,
    family: Any = None,
    event: object | None = None,
    threshold: float = 0.5,
    folds: Any = None,
    weights: Any = None,
    weight_type: str | None = None,
    cluster: Any = None,
    strata: Any = None,
    explanations: Mapping[str, Any] | None = None,
    clip: float | None = None,
) -> BoPResults:
    """Compare two vectors of held-out predictions, whatever made them.

    All arguments hold the same people in the same order. Arrays and pandas objects may be mixed;
    pandas objects with different indexes are an error, since rows are never aligned silently.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcome: numbers, 0/1, or labels. A constant outcome is accepted: nothing is fitted.
    generic, personalized : array-like, shape (n,) or (n, K)
        Held-out predictions of the mean; for a binary outcome, the probabilities of the event. For
        K classes, DataFrames whose columns are the labels (in any order), or arrays whose columns
        are the sorted levels of `y`, as scikit-learn orders them; rows add up to 1 within 1e-6.
        Predictions that differ by rounding only (1e-12 of the outcome's range) count as equal.
    groups : DataFrame, array-like, or mapping or list of these
        The attributes that make the groups: their crossing, empty crossings kept.
    costs : sequence of str or callables, optional
        As in `PersonalizedGLM.fit`; the first is primary. For classes: "brier"
        (Σ_k (p_k − 1{y = k})², from 0 to 2), "zero_one" (the most probable class, ties to the
        first), "log_loss", and callables ``(y, p) -> (n,)``, where y numbers the columns of p.
    family : str or statsmodels family, optional
        By default binomial for 0/1, booleans and `event`, multinomial for tables of at least three
        columns, else gaussian. It chooses the default costs and the deviance.
    event : optional
        The level of a binary outcome that counts.
    threshold : float
        Probability from which the event is predicted.
    folds : array-like, shape (n,), optional
        The fold of each row. AUC then pairs people within a fold only, since predictions of
        different folds come from different models.
    weights : array-like, shape (n,), optional
        Weights; `weight_type` says which kind.
    weight_type : {"freq", "prob", "precision"}, optional
        Frequencies (whole numbers), sampling (probability) weights, or precisions.
    cluster : array-like, shape (n,), optional
        Rows that belong together.
    strata : array-like, shape (n,), optional
        Sampling strata of a survey's design, each of two clusters (or rows) or more; a cluster lies
        in one stratum.
    explanations : mapping, optional
        Masked predictions, each a pair (generic, personalized): under "sufficiency" with only the
        top terms kept, under "incomprehensiveness" with the top terms masked. Their costs are the
        changed class, or the squared change of the mean.
    clip : float, optional
        For log loss and binomial deviance: probabilities are moved into [clip, 1 − clip]. Without
        it probabilities of exactly 0 or 1 are an error there.

    Returns
    -------
    BoPResults
        Without fitted models: `generic`, `personalized` and `anova` raise an error.

    Raises
    ------
    ArgumentError, DataError, OutcomeError
        Naming the argument, what it got and what it allows: missing values, lengths or indexes that
        differ, probabilities outside [0, 1], labels that no column has.

    Notes
    -----
    On the held-out predictions of a `PersonalizedGLM.fit` this gives the same frame. The estimand
    is the benefit of these predictions on these rows; intervals are conditional on the models.

    References
    ----------
    Cornelis, Bernárdez, Jeong and Miolane, "When Machine Learning Gets Personal",
    arXiv:2502.02786.

    Examples
    --------
    >>> import bopstats as bop
    >>> y = [0, 1, 1, 0, 1, 0, 1, 1]
    >>> generic = [0.4, 0.6, 0.4, 0.4, 0.6, 0.4, 0.6, 0.4]
    >>> personalized = [0.2, 0.8, 0.7, 0.3, 0.9, 0.1, 0.7, 0.8]
    >>> res = bop.compare(y, generic, personalized, {"sex": list("fmfmfmfm")})
    >>> res.frame("brier")[["group", "n", "bop"]].round(5)
            group  n      bop
    0           f  4  0.15250
    1           m  4  0.16500
    2  population  8  0.15875
    """
    options = Options(
        costs=costs,
        family=family,
        event=event,
        threshold=threshold,
        folds=folds,
        weights=weights,
        weight_type=weight_type,
        cluster=cluster,
        strata=strata,
        explanations=explanations,
        clip=clip,
    )
    return compare_with(y, generic, personalized, groups, options)


def compare_with(
    y: Any,
    generic: Any,
    personalized: Any,
    groups: Any,
    options: Options,
    target: Target | None = None,
) -> BoPResults:
    """Compare predictions; see `compare`. A known `target` reads arrays in its own order."""
    masked = masked_by_name(options.explanations)
    attributes = group_columns(groups)
    beside = {name: v for name in _BESIDE if (v := getattr(options, name)) is not None}
    index = common_index(
        {"y": y, "generic": generic, "personalized": personalized}
        | {_role(name): values for name, values in attributes.items()}
        | beside
        | masked
    )
    if target is None:
        target = find_target(as_column("y", y, index), generic, options.family, options.event)
    threshold = check_threshold(options.threshold, target)
    whole = [target.read("generic", generic, index)]
    whole.append(target.read("personalized", personalized, index))
    parts = {name: target.read(name, values, index) for name, values in masked.items()}
    chosen = choose_costs(options.costs, target, threshold, set(masked))
    chosen, clipped = clip_probabilities(chosen, options.clip, target, whole)
    grouping = _grouping(attributes, index)
    beside = {name: as_column(name, values, index) for name, values in beside.items()}
    first, second = (Predictions.of(i, mu, parts) for i, mu in enumerate(whole))
    pair = (first, second.settled_to(first, target.size))
    rows = _rows(target, threshold, chosen, grouping, pair, beside, options.weight_type)
    evaluation = gather(
        _settings(options, target, threshold, rows),
        chosen,
        grouping.index,
        (rows,),
        index=index,
        n_read=len(index),
        row_flow=RowCounts((), len(index), len(index), *np.zeros((2, 0), dtype=np.int64)).flow(),
        notes=(*_notes(options, target, chosen), *grouping.notes, *clipped, *options.notes),
    )
    return BoPResults(evaluation)


def _role(attribute: str) -> str:
    return f"groups[{attribute!r}]"


def _grouping(attributes: Mapping[str, Any], index: pd.Index[Any]) -> Grouping:
    columns = [
        as_column(_role(name), values, index).rename(name) for name, values in attributes.items()
    ]
    everyone = np.ones(len(index), dtype=bool)
    grouping = group_by_values(columns, everyone, everyone, {})
    notes = (unused_levels(str(each.name), each) for each in columns)
    return replace(grouping, notes=tuple(filter(None, notes)))


def _rows(
    target: Target,
    threshold: float,
    costs: tuple[Cost, ...],
    grouping: Grouping,
    pair: tuple[Predictions, Predictions],
    beside: Mapping[str, pd.Series[Any]],
    weight_type: str | None,
) -> RowBop:
    y, size = target.outcome.values, len(target.outcome.values)
    own = [cost for cost in costs if not cost.group_only]
    values = [[person_costs(cost, target, threshold, each) for cost in own] for each in pair]
    weight = None
    if "weights" in beside:
        weight = check_weights(beside["weights"], weight_type, "weights")
    elif weight_type is not None:
        fail("weight_type", weight_type, "None without weights")
    # Classes have no single mean: what asks for one finds nan. The others are copied, since the
    # user's arrays may change.
    means = [np.full(size, np.nan) if target.classes else each.whole.copy() for each in pair]
    return RowBop(
        costs=tuple(cost.name for cost in own),
        generic=np.array(values[0]).reshape(len(own), size),
        personalized=np.array(values[1]).reshape(len(own), size),
        y=y.copy(),
        mu_generic=means[0],
        mu_personalized=means[1],
        group=grouping.group,
        fold=codes(beside["folds"]) if "folds" in beside else np.zeros(size, dtype=np.int64),
        rows=np.arange(size),
        n_groups=grouping.index.n_groups,
        weight=weight,
        weight_type=weight_type,
        cluster=codes(beside["cluster"]) if "cluster" in beside else None,
        binary=target.binomial,
        threshold=threshold,
        level=float(y.mean()),
        stratum=_stratum(beside, weight if weight_type == "freq" else None),
    )


def _stratum(beside: Mapping[str, pd.Series[Any]], copies: FloatArray | None) -> IntArray | None:
    if "strata" not in beside:
        return None
    return check_strata(beside["strata"], beside.get("cluster"), copies)


def _notes(options: Options, target: Target, costs: tuple[Cost, ...]) -> list[str]:
    notes = [_HELD_OUT]
    if target.classes:
        notes.append(f"Classes: {', '.join(map(str, target.classes))}.")
    if options.folds is None and any(cost.name == "auc" for cost in costs):
        notes.append("AUC pairs people over all rows, as predictions of one model; see folds=.")
    return notes


def _settings(options: Options, target: Target, threshold: float, rows: RowBop) -> Settings:
    return Settings(
        formula="given predictions",
        outcome=target.outcome.name,
        generic_terms="",
        personal_terms="",
        event=target.outcome.event if target.binomial else None,
        family=target.family,
        link="",
        penalty=None,
        dispersion=None,
        evaluation="predictions",
        folds=int(rows.fold.max()) + 1,
        test_share=None,
        partitions=1,
        fold_rule="",
        seed=options.seed,
        bootstrap_seed=0,
        threshold=threshold,
        top=None,
        n_terms=0,
        weight_type=options.weight_type,
        clustered=rows.cluster is not None,
        shifts_only=False,
        clusters=0 if rows.cluster is None else len(np.unique(rows.cluster)),
        strata=0 if rows.stratum is None else len(np.unique(rows.stratum)),
    )
