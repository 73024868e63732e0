"""McNemar's exact test in every group: whether half of the changed 0–1 costs improved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bopstats._validation import fail
from bopstats.evaluation import Evaluation
from bopstats.groups import POPULATION
from bopstats.inference.paired import mcnemar_exact


def mcnemar_table(evaluation: Evaluation, name: str | None) -> pd.DataFrame:
    """Test every group and the population; see `BoPResults.mcnemar`."""
    settings = evaluation.settings
    if settings.weight_type in ("prob", "precision") or settings.complex_design:
        got = f"{settings.weight_type} weights"
        if settings.complex_design:
            got = "clusters" if settings.clustered else "strata"
        fail("mcnemar", got, "independent rows, without weights or with frequencies")
    single = [cost for cost in evaluation.costs if not cost.group_only]
    counted = [cost.name for cost in single if cost.integer]
    if not counted or name not in (None, *counted):
        names = ", ".join(cost.name for cost in evaluation.costs)
        known = ", ".join(counted) or "this run has none"
        fail("cost", name or names, f"0–1 costs of a person ({known})")
    chosen = counted[0] if name is None else name
    place = [cost.name for cost in single].index(chosen)
    moments = [each.with_population() for each in evaluation.moments]
    plus, minus = (np.stack([getattr(m, k)[place] for m in moments]) for k in ("plus", "minus"))
    n = np.median([each.n for each in moments], axis=0)
    pairs = [mcnemar_exact(*each) for each in zip(plus.flat, minus.flat, strict=True)]
    one_sided = np.array(pairs).reshape(*plus.shape, 2)
    two_sided = np.minimum(1.0, 2 * one_sided.min(axis=-1))
    figures = np.median(np.concatenate([one_sided, two_sided[..., None]], axis=-1), axis=0)
    figures[n == 0] = np.nan
    return pd.DataFrame(
        {
            "cost": chosen,
            "group": [*evaluation.groups.labels, POPULATION],
            "n": n.astype(np.int64),
            "improved": np.median(plus, axis=0),
            "worsened": np.median(minus, axis=0),
            "p_benefit": figures[:, 0],
            "p_harm": figures[:, 1],
            "p_value": figures[:, 2],
        }
    )
