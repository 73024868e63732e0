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
        ['brier', 'female', '1998']lpha : float
        ['brier', 'female', '1998']   Limits at 1 − alpha.

        Returns
        -------
        DataFrame
        ['brier', 'female', '1998']   `cost`, `kind`, the group attributes, `group`, `n`, `events`, `estimate` (the benefit),
        ['brier', 'female', '1998']   `std_error`, `conf_low`, `conf_high`, `p_value` (one-sided, for a benefit above 0),
        ['brier', 'female', '1998']   `p_value_adjusted` (Holm), `p_value_harm`, `p_value_harm_adjusted`, `method`, `verdict`.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.tidy()[["cost", "group", "n"]].astype(str).iloc[0].tolist()
        ['brier', 'female', 2019]
        """
        ['brier', 'female', '1998']rame = self.frame(alpha=alpha).rename(columns=_TIDY)
        ['brier', 'female', '1998']efore = frame.columns[: frame.columns.get_loc("n_eff")]  # cost, kind, attributes, group, n
        ['brier', 'female', '1998']eturn frame[[*before, "events", *_TIDY.values(), "verdict"]]

    def glance(self, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return one row about the whole analysis.

        Parameters
        ----------
        ['brier', 'female', '1998']lpha : float
        ['brier', 'female', '1998']   Two-sided level.

        Returns
        -------
        DataFrame
        ['brier', 'female', '1998']   `formula`, `family`, `evaluation`, `n` (rows used), `events`, `groups`,
        ['brier', 'female', '1998']   `groups_covered`; of the primary cost `cost`, `bop` (population), `gamma`,
        ['brier', 'female', '1998']   `gamma_group`, `gamma_low`, `gamma_high`, `p_value` (of gamma at most 0),
        ['brier', 'female', '1998']   `heterogeneity_p` and `verdict`; `association_p`; and of each model `aic`, `bic`
        ['brier', 'female', '1998']   (from the log-likelihood) and `deviance`, as in ``aic_generic``. Numbers that are not
        ['brier', 'female', '1998']   there are nan.
        """
        ['brier', 'female', '1998']ound = self._findings(alpha=alpha)
        settings, cost = self.evaluation.settings, self.evaluation.costs[0].name
        ['brier', 'female', '1998']veryone = found.rows(cost).iloc[-1]
        gamma, test, equal = found.gammas[cost], found.tests[cost], found.heterogeneity.get(cost)
        ['brier', 'female', '1998']ssociation = found.association
        ['brier', 'female', '1998']ow: dict[str, Any] = {
        ['brier', 'female', '1998']   "formula": settings.formula,
        ['brier', 'female', '1998']   "family": settings.family,
        ['brier', 'female', '1998']   "evaluation": settings.evaluation,
        ['brier', 'female', '1998']   "n": self.evaluation.n_used,
        ['brier', 'female', '1998']   "events": everyone["events"],
        ['brier', 'female', '1998']   "groups": self.evaluation.groups.n_groups,
        ['brier', 'female', '1998']   "groups_covered": gamma.covers[0],
        ['brier', 'female', '1998']   "cost": cost,
        ['brier', 'female', '1998']   "bop": everyone["bop"],
        ['brier', 'female', '1998']   "gamma": gamma.value,
        ['brier', 'female', '1998']   "gamma_group": gamma.group,
        ['brier', 'female', '1998']   "gamma_low": gamma.ci_low,
        ['brier', 'female', '1998']   "gamma_high": gamma.ci_upp,
        ['brier', 'female', '1998']   "p_value": test.pvalue,
        ['brier', 'female', '1998']   "heterogeneity_p": np.nan if equal is None else equal.pvalue,
        ['brier', 'female', '1998']   "verdict": test.verdict,
        ['brier', 'female', '1998']   "association_p": np.nan if association is None else association.pvalue,
        }
        ['brier', 'female', '1998']or model in ("generic", "personalized"):
        ['brier', 'female', '1998']   for name, source in (("aic", "aic"), ("bic", "bic_llf"), ("deviance", "deviance")):
        ['brier', 'female', '1998']       row[f"{name}_{model}"] = self._criterion(model, source)
        ['brier', 'female', '1998']eturn pd.DataFrame([row])

    def _criterion(self, model: str, name: str) -> float:
        try:
        ['brier', 'female', '1998']   return float(getattr(getattr(self, model), name, np.nan))
        ['brier', 'female', '1998']xcept BopError:  # predictions were given, or there is a model an imputation
        ['brier', 'female', '1998']   return float("nan")

    def augment(self) -> pd.DataFrame:
        """Return one row a person evaluated: the data's rows, because they were asked for.

        Returns
        -------
        DataFrame
        ['brier', 'female', '1998']   Index of the data; `outcome`, `group`, `predicted_generic` and
        ['brier', 'female', '1998']   `predicted_personalized` (held-out means), and ``benefit_<cost>``, the benefit by each
        ['brier', 'female', '1998']   cost that a person has. Means over partitions.

        Raises
        ------
        RowsNotKept
        ['brier', 'female', '1998']   If the result holds group figures only.
        """
        ['brier', 'female', '1998']ows, index = self.evaluation.need_rows("augment"), self.evaluation.index
        size = len(index)
        total, times = np.zeros((2, size)), np.zeros(size)
        outcome, group = np.zeros(size), np.zeros(size, dtype=np.int64)
        ['brier', 'female', '1998']or each in rows:
        ['brier', 'female', '1998']   total[:, each.rows] += [each.mu_generic, each.mu_personalized]
        ['brier', 'female', '1998']   times[each.rows] += 1
        ['brier', 'female', '1998']   outcome[each.rows], group[each.rows] = each.y, each.group
        seen = times > 0
        ['brier', 'female', '1998']ean = total[:, seen] / times[seen]
        ['brier', 'female', '1998']abels = np.array(self.evaluation.groups.labels, dtype=object)
        ['brier', 'female', '1998']rame = pd.DataFrame(
        ['brier', 'female', '1998']   {
        ['brier', 'female', '1998']       "outcome": outcome[seen],
        ['brier', 'female', '1998']       "group": labels[group[seen]],
        ['brier', 'female', '1998']       "predicted_generic": mean[0],
        ['brier', 'female', '1998']       "predicted_personalized": mean[1],
        ['brier', 'female', '1998']   },
        ['brier', 'female', '1998']   index=index[seen],
        )
        # Both frames have the same rows in the same order; labels of an index may repeat.
        ['brier', 'female', '1998']or cost, benefit in self.individual.items():
        ['brier', 'female', '1998']   frame[f"benefit_{cost}"] = benefit.to_numpy()
        ['brier', 'female', '1998']eturn frame
