"""Several results in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bopstats._validation import fail
from bopstats.results.tabled import Tabled
from bopstats.tables.document import Table
from bopstats.tables.labels import check_labels
from bopstats.tables.options import Options
from bopstats.tables.several import several_table


def summary_table(
    results: Iterable[Any],
    *,
    model_names: Iterable[str] | None = None,
    cost: str | None = None,
    alpha: float = 0.05,
    labels: Mapping[str, str] | None = None,
    decimals: int | None = None,
    suppress: Any = None,
    prespecified: bool | str | None = None,
) -> Table:
    """Put the benefits of several analyses or outcomes into one table.

    Up to three analyses with the same groups stand side by side, others in blocks below each
    other.

    Parameters
    ----------
    results : iterable of BoPResults
        The analyses.
    model_names : iterable of str, optional
        A name for each, all different; by default the outcome, or a number where outcomes are not
        all different.
    cost : str, optional
        By default the primary cost of each.
    alpha, labels, decimals, suppress, prespecified
        As in `BoPResults.table`.

    Returns
    -------
    Table

    Raises
    ------
    ArgumentError
        If there are no results, or not one name for each.

    Examples
    --------
    >>> import bopstats as bop
    >>> people = bop.datasets.load_nhanes()
    >>> fits = [
    ...     bop.glm(f"{outcome} ~ bmi | sex", people).fit(rng=1, repeats=1)
    ...     for outcome in ("high_bp", "diabetes")
    ... ]
    >>> bop.summary_table(fits, model_names=["Hypertension", "Diabetes"]).as_csv().splitlines()[0]
    'sex,Hypertension: n,Hypertension: BoP (95% CI),Hypertension: p,Diabetes: n,Diabetes: BoP ...
    """
    chosen = list(results) if isinstance(results, Iterable) else []
    if not chosen or not all(isinstance(each, Tabled) for each in chosen):
        fail("results", results, "one or more BoPResults")
    options = Options.checked(check_labels(labels), decimals, False, prespecified)
    found = [each._findings(None, alpha, 0.5, labels, suppress) for each in chosen]
    outcomes = [each.evaluation.settings.outcome for each in found]
    if len(set(outcomes)) < len(outcomes):
        outcomes = [f"({i})" for i in range(1, len(found) + 1)]
    names = outcomes if model_names is None else list(model_names)
    if len(names) != len(found) or len(set(names)) < len(names):
        fail("model_names", names, f"{len(found)} different names")
    costs = [each._cost(cost) for each in chosen]
    return several_table(list(zip(names, found, costs, strict=True)), options)
