"""Compare two models of any kind that can predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bopstats._typing import FloatArray
from bopstats._validation import check_count, check_rng, fail, is_number
from bopstats.external.comparison import Options, compare_with
from bopstats.external.explaining import Explanation, explain
from bopstats.external.inputs import as_column, common_index
from bopstats.external.predictors import Predictor
from bopstats.external.targets import Target, find_target
from bopstats.external.units import as_input, make_units
from bopstats.results import BoPResults


def compare_models(
    h0: Any,
    hp: Any,
    X0: Any,
    Xp: Any,
    y: Any,
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
    clip: float | None = None,
    attributions: Any = None,
    attribution: str | None = "occlusion",
    permutations: int = 64,
    top: float | int = 0.5,
    top_of: str = "generic",
    baseline: Any = "mean",
    column_groups: Mapping[Any, Any] | None = None,
    rank: str = "absolute",
    rng: Any = 0,
    progress: bool | None = None,
    batch: int = 8192,
) -> BoPResults:
    """Compare two fitted models of any kind: their predictions and how well these are explained.

    Parameters
    ----------
    h0, hp : model or callable
        The generic and the personalized model: anything with ``predict_proba`` (used for
        outcomes that are classes) or ``predict``, or a callable from rows to predictions, shape
        (rows,) or (rows, K), such as a function around a torch module.
    X0, Xp : DataFrame or ndarray, shapes (n, p0) and (n, pp)
        What each model reads, held-out rows, the same people in the same order.
    y, groups
        As in `compare`.
    costs, family, event, threshold, folds, weights, weight_type, cluster, strata, clip
        As in `compare`.
    attributions : pair of array-like, shapes (n, m0) and (n, mp), optional
        Importance of each unit (column, or group of columns) for each person and model, by any
        method, instead of ours. The columns of DataFrames are found by the units' names.
    attribution : {"occlusion", "shapley"} or None
        "occlusion": fall of the prediction when the unit is set to its baseline. "shapley": Shapley
        values against the baseline; by all 2^m coalitions if these are fewer than what sampling
        would take, else by permutations, whose standard error the summary states. None: no
        explanations. With classes, what is explained is the probability of the class that the model
        finds most probable.
    permutations : int
        Even number of sampled permutations, at least 4: half of them drawn, half their reverses.
    top : float or int
        How many units an explanation keeps: a share, rounded up, or a count.
    top_of : {"generic", "each"}
        Whether a share is that of the generic model's units, the same count in both models, or of
        each model's own.
    baseline : {"mean", "median"}, mapping, or pair of rows
        What masks a column: its mean or median over the given rows (for a column that is not
        numeric the most frequent value, ties to the first in order), values by column for both
        models, or a row for each model. Means of the training rows are best given as a mapping.
    column_groups : mapping of str to list, optional
        Columns that move together, such as the dummies of one variable; others move alone. Labels
        of DataFrames, positions of arrays.
    rank : {"absolute", "signed"}
        Whether the largest absolute attributions rank first, or the largest. Ties go by the order
        of columns.
    rng : int or numpy.random.Generator
        Seed of the permutations.
    progress : bool, optional
        Whether to show a progress bar (needs tqdm); by default in a terminal or
            notebook.
    batch : int
        Most rows that a model is given at once: bounds the memory.

    Returns
    -------
    BoPResults
        As of `compare`, with sufficiency and incomprehensiveness unless `attribution` is None.

    Raises
    ------
    ArgumentError, DataError, OutcomeError
        As of `compare`; or attributions, baselines or column groups that do not match the columns.

    Notes
    -----
    Sufficiency compares a prediction with the one from its r top units, all others at the
    baseline; incomprehensiveness with the one in which the top units are at the baseline (Cornelis
    et al. 2025, arXiv:2502.02786). Masked rows may be unlike any person: these scores tell how
    faithful an explanation is to the model, not to nature.

    References
    ----------
    Mitchell, Cooper, Frank and Holmes, "Sampling permutations for Shapley value estimation",
    JMLR 23 (2022). Sundararajan and Najmi, "The many Shapley values for model explanation",
    ICML 2020.

    Examples
    --------
    >>> import bopstats as bop
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"age": rng.normal(size=60), "dose": rng.normal(size=60)})
    >>> people["female"] = np.arange(60) % 2
    >>> y = people["age"] + people["female"] * people["dose"]
    >>> res = bop.compare_models(
    ...     lambda X: X["age"],
    ...     lambda X: X["age"] + X["female"] * X["dose"],
    ...     people[["age", "dose"]],
    ...     people,
    ...     y,
    ...     people["female"],
    ... )
    >>> res.frame("squared_error")[["group", "n", "cost_personalized"]]
            group   n  cost_personalized
    0    female=0  30                0.0
    1    female=1  30                0.0
    2  population  60                0.0
    """
    generator = check_rng(rng)
    batch = check_count("batch", batch)
    asked = None
    if attribution is not None:
        asked = Explanation(
            attributions, attribution, permutations, top, top_of, baseline, rank, batch
        )
    elif attributions is not None:
        fail("attribution", attribution, "its default where attributions are given")
    inputs = {"X0": as_input("X0", X0), "Xp": as_input("Xp", Xp)}
    given = {} if asked is None else asked.tables()
    index = common_index({"y": y, **inputs, **given})
    models = [Predictor(name, m, family, event) for name, m in (("h0", h0), ("hp", hp))]
    raw = [m.over(table, batch) for m, table in zip(models, inputs.values(), strict=True)]
    outcome = as_column("y", y, index)
    target = find_target(outcome, raw[0], family, event)
    whole = [_checked(model, target, p) for model, p in zip(models, raw, strict=True)]
    masked = None
    notes: tuple[str, ...] = ()
    if asked is not None:
        units = make_units(inputs, column_groups, baseline)
        predict = tuple(
            lambda rows, model=model: _checked(model, target, model(rows)) for model in models
        )
        masked, notes = explain(asked, predict, units, whole, generator, progress)
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
        explanations=masked,
        clip=clip,
        notes=notes,
        seed=int(rng) if attribution == "shapley" and is_number(rng) else None,
    )
    labelled = any(isinstance(each, (pd.Series, pd.DataFrame)) for each in (y, X0, Xp))
    rows = outcome if labelled else y
    return compare_with(rows, whole[0], whole[1], groups, options, target)


def _checked(model: Predictor, target: Target, predictions: Any) -> FloatArray:
    return target.read(model.name, predictions, pd.RangeIndex(len(predictions)))
