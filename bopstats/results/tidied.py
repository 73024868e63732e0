"""Flat frames with broom's names: tidy, glance, augment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bopstats.exceptions import BopError
from bopstats.results.gathered import Gathered

_TIDY = {
    "bop": "estimate",
    "std_err": "std_error",
    "ci_low": "conf_low",
    "ci_upp": "conf_high",
    "p_benefit": "p_value",
    "p_benefit_adjusted": "p_value_adjusted",
    "p_harm": "p_value_harm",
    "p_harm_adjusted": "p_value_harm_adjusted",
    "ci_method": "method",
}


class Tidied(Gathered):
    """Results as the frames that R's broom has taught users to expect."""

    def tidy(self, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return one row a cost and group.

        Parameters
        ----------
        alpha : float
            Limits at 1 − alpha.

        Returns
        -------
        DataFrame
            `cost`, `kind`, the group attributes, `group`, `n`, `events`, `estimate` (the benefit),
            `std_error`, `conf_low`, `conf_high`, `p_value` (one-sided, for a benefit above 0),
            `p_value_adjusted` (Holm), `p_value_harm`, `p_value_harm_adjusted`, `method`, `verdict`.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.tidy()[["cost", "group"]].iloc[0].tolist()
        ['brier', 'female']
        """
        frame = self.frame(alpha=alpha).rename(columns=_TIDY)
        before = frame.columns[: frame.columns.get_loc("n_eff")]  # cost, kind, attributes, group, n
        return frame[[*before, "events", *_TIDY.values(), "verdict"]]

    def glance(self, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return one row about the whole analysis.

        Parameters
        ----------
        alpha : float
            Two-sided level.

        Returns
        -------
        DataFrame
            `formula`, `family`, `evaluation`, `n` (rows used), `events`, `groups`,
            `groups_covered`; of the primary cost `cost`, `bop` (population), `gamma`,
            `gamma_group`, `gamma_low`, `gamma_high`, `p_value` (of gamma at most 0),
            `heterogeneity_p` and `verdict`; `association_p`; and of each model `aic`, `bic`
            (from the log-likelihood) and `deviance`, as in ``aic_generic``. Numbers that are not
            there are nan.
        """
        found = self._findings(alpha=alpha)
        settings, cost = self.evaluation.settings, self.evaluation.costs[0].name
        everyone = found.rows(cost).iloc[-1]
        gamma, test, equal = found.gammas[cost], found.tests[cost], found.heterogeneity.get(cost)
        association = found.association
        row: dict[str, Any] = {
            "formula": settings.formula,
            "family": settings.family,
            "evaluation": settings.evaluation,
            "n": self.evaluation.n_used,
            "events": everyone["events"],
            "groups": self.evaluation.groups.n_groups,
            "groups_covered": gamma.covers[0],
            "cost": cost,
            "bop": everyone["bop"],
            "gamma": gamma.value,
            "gamma_group": gamma.group,
            "gamma_low": gamma.ci_low,
            "gamma_high": gamma.ci_upp,
            "p_value": test.pvalue,
            "heterogeneity_p": np.nan if equal is None else equal.pvalue,
            "verdict": test.verdict,
            "association_p": np.nan if association is None else association.pvalue,
        }
        for model in ("generic", "personalized"):
            for name, source in (("aic", "aic"), ("bic", "bic_llf"), ("deviance", "deviance")):
                row[f"{name}_{model}"] = self._criterion(model, source)
        return pd.DataFrame([row])

    def _criterion(self, model: str, name: str) -> float:
        try:
            return float(getattr(getattr(self, model), name, np.nan))
        except BopError:  # predictions were given, or there is a model an imputation
            return float("nan")

    def augment(self) -> pd.DataFrame:
        """Return one row a person evaluated: the data's rows, because they were asked for.

        Returns
        -------
        DataFrame
            Index of the data; `outcome`, `group`, `predicted_generic` and
            `predicted_personalized` (held-out means), and ``benefit_<cost>``, the benefit by each
            cost that a person has. Means over partitions.

        Raises
        ------
        RowsNotKept
            If the result holds group figures only.
        """
        rows, index = self.evaluation.need_rows("augment"), self.evaluation.index
        size = len(index)
        total, times = np.zeros((2, size)), np.zeros(size)
        outcome, group = np.zeros(size), np.zeros(size, dtype=np.int64)
        for each in rows:
            total[:, each.rows] += [each.mu_generic, each.mu_personalized]
            times[each.rows] += 1
            outcome[each.rows], group[each.rows] = each.y, each.group
        seen = times > 0
        mean = total[:, seen] / times[seen]
        labels = np.array(self.evaluation.groups.labels, dtype=object)
        frame = pd.DataFrame(
            {
                "outcome": outcome[seen],
                "group": labels[group[seen]],
                "predicted_generic": mean[0],
                "predicted_personalized": mean[1],
            },
            index=index[seen],
        )
        # Both frames have the same rows in the same order; labels of an index may repeat.
        for cost, benefit in self.individual.items():
            frame[f"benefit_{cost}"] = benefit.to_numpy()
        return frame
