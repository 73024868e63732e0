"""What the figures say: estimates, gamma, tests of all groups together, association."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from bopstats._validation import check_choice, check_count, check_flag, check_share
from bopstats.costs import Cost
from bopstats.fitting.results import AssociationTest
from bopstats.groups import GroupMoments, RowBop
from bopstats.inference.calibrated import binned_figures, calibration_figures, with_labels
from bopstats.inference.curves import area_frame, curve_frame, explained_costs
from bopstats.inference.design_effects import design_effects
from bopstats.inference.gamma import Gamma, smallest_benefit
from bopstats.inference.mcnemar import mcnemar_table
from bopstats.inference.resampled import KINDS as CI_KINDS
from bopstats.inference.testability import Bounds, data_bounds
from bopstats.inference.tests import BoPTest, Question, run_test
from bopstats.results.core import ResultsCore
from bopstats.tables.frame import build_frame

_IN_SAMPLE = "in-sample, optimistic"
_TEST_OF_ROWS = "test(effect=…) of this cost (summary(effect=…) has the bounds that need none)"


class Answers(ResultsCore):
    """Questions to the figures of a run."""

    def frame(
        self,
        cost: str | None = None,
        *,
        alpha: float = 0.05,
        ci: str | None = None,
        simultaneous: bool = False,
    ) -> pd.DataFrame:
        """Return one row a cost and group, and one a cost for the population.

        Parameters
        ----------
        cost : str, optional
            One cost; by default all.
        alpha : float
            Intervals at 1 − alpha, one-sided tests at alpha/2.
        ci : {"t", "bca", "percentile"}, optional
            "bca" and "percentile" resample people within groups (in a design with strata, sampling
            units within these), 1999 times a partition; AUC and R² have intervals of these kinds
            only. By default t, and for 0–1 costs a score or exact
            method.
        simultaneous : bool
            Whether the groups' intervals hold together at 1 − alpha (Šidák; with a bootstrap, the
            largest ``|t|``). p-values stay as they are.

        Returns
        -------
        DataFrame
            Columns `cost`, `kind`, one a group attribute (``<name>_attribute`` where the name is
            one of the other columns'), `group`, `n`, `n_eff`, `events`,
            `n_changed` (people whose cost changed), `cost_generic`, `cost_personalized`, `bop`,
            `std_err`, `ci_low`, `ci_upp`, `ci_method`, `p_benefit`, `p_harm`,
            `p_benefit_adjusted`, `p_harm_adjusted` (Holm), `p_method`, `partition_sd`, `verdict`,
            `status`, `note`.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.frame("brier")["group"].tolist()
        ['female', 'male', 'population']
        """
        alpha = check_share("alpha", alpha)
        simultaneous = check_flag("simultaneous", simultaneous)
        names = [c.name for c in self.evaluation.costs] if cost is None else [self._cost(cost).name]
        if ci is not None:
            check_choice("ci", ci, CI_KINDS)
        parts = []
        for name in names:
            found = self._estimates_as_asked(name, alpha, ci, simultaneous)
            parts.append(build_frame(self.evaluation, found, alpha))
        return pd.concat(parts, ignore_index=True)

    def gamma(self, cost: str | None = None, *, alpha: float = 0.05) -> Gamma:
        """Return the smallest group benefit with its limits.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost.
        alpha : float
            Two-sided level of the limits.

        Returns
        -------
        Gamma
            With `value`, `group`, `ci_low`, `ci_upp`, `covers`.
        """
        estimates = self._estimates(self._cost(cost).name, check_share("alpha", alpha))
        note = _IN_SAMPLE if self.evaluation.settings.evaluation == "in-sample" else ""
        return smallest_benefit(estimates, self.evaluation.groups.labels, note)

    def test(
        self,
        cost: str | None = None,
        *,
        effect: float | None = None,
        alpha: float = 0.05,
        null: float = 0.0,
        margin: float = 0.0,
        kind: str = "every",
        max_error: float = 0.5,
        require_all: bool = False,
    ) -> BoPTest:
        """Test all groups together.

        Parameters
        ----------
        cost : str, optional
            By default the primary cost.
        effect : float, optional
            Smallest benefit that matters, in the cost's unit, above ``null - margin``; needed for
            error bounds.
        alpha : float
            Two-sided; one-sided tests reject at alpha/2, the heterogeneity test at alpha.
        null : float
            Benefit that each group is compared with.
        margin : float
            Harm that is still accepted: each group is compared with ``null - margin``
            (non-inferiority: "no group is harmed by more than margin").
        kind : {"every", "harm", "heterogeneity", "gail_simon"}
            "every": does every group benefit (intersection–union, Berger 1982). "harm": is some
            group harmed (Holm). "heterogeneity": do benefits differ between groups (Cochran's Q;
            an adjusted Wald test with clusters or strata). "gail_simon": is some group harmed,
            by the omnibus statistic of Gail and Simon (1985).
        max_error : float
            Largest tolerable sum of both error rates.
        require_all : bool
            Whether a group that is empty, too small or without a test is an error.

        Returns
        -------
        BoPTest
        """
        question = Question(kind, effect, alpha, null, margin, max_error, require_all)
        return self._test(cost, question, self.evaluation.rows)

    @property
    def _moments(self) -> Sequence[GroupMoments] | None:
        return self.evaluation.moments

    def _test(self, cost: str | None, question: Question, rows: Sequence[RowBop] | None) -> BoPTest:
        """Run a test; with None for the rows it uses only what a saved result holds."""
        chosen = self._cost(cost)
        single = [each.name for each in self.evaluation.costs if not each.group_only]
        return run_test(
            self._estimates(chosen.name, question.alpha, question.value),
            question,
            self.evaluation.groups.labels,
            moments=self._moments,
            place=None if chosen.group_only else single.index(chosen.name),
            bounds=self._bounds(chosen, question, rows),
            in_sample=self.evaluation.settings.evaluation == "in-sample",
        )

    def _bounds(
        self, cost: Cost, question: Question, rows: Sequence[RowBop] | None
    ) -> Bounds | None:
        """Return bounds for the effect asked about; each person's benefit sharpens some."""
        if question.effect is None:
            return None
        estimates = self._estimates(cost.name, question.alpha, question.value)
        figures = partial(
            data_bounds, estimates, question.effect - question.value, question.max_error
        )
        if rows is None or cost.integer or cost.group_only:
            return figures()
        key = ("bounds", cost.name, question.effect - question.value, question.max_error)
        return self._once(key, lambda: figures(self.evaluation.need_rows(_TEST_OF_ROWS)))

    def calibration(self, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return calibration intercept and slope of both models' held-out predictions by group.

        Parameters
        ----------
        alpha : float
            Two-sided level of the limits.

        Returns
        -------
        DataFrame
            A row a group and model, the population last: `group`, `model`, `intercept` (calibration
            in the large, ideal 0, on the scale of the link) and `slope` (ideal 1), each with
            `…_low` and `…_upp`, and `note`, which says why a number is missing. Means over
            partitions.

        Raises
        ------
        ArgumentError
            If the family is neither binomial nor gaussian.

        References
        ----------
        Cox, D. R. (1958). Biometrika 45, 562–565. Steyerberg, E. W. (2019). Clinical Prediction
        Models, section 15.2.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.calibration().loc[:, ["group", "model"]].iloc[0].tolist()
        ['female', 'generic']
        """
        alpha, evaluation = check_share("alpha", alpha), self.evaluation
        found = self._once(("calibration", alpha), lambda: calibration_figures(evaluation, alpha))
        return with_labels(found, evaluation)

    def calibration_bins(self, bins: int = 10, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return mean prediction and mean outcome of each group, binned by prediction.

        Parameters
        ----------
        bins : int
            Bins a group, of equal weight.
        alpha : float
            Two-sided level of the limits: Wilson's for binary outcomes, else t.

        Returns
        -------
        DataFrame
            A row a group, model and bin, the population last: `group`, `model`, `bin`, `n`,
            `n_eff`, `predicted`, `observed`, `ci_low`, `ci_upp`. Means over partitions.
        """
        alpha, bins = check_share("alpha", alpha), check_count("bins", bins)
        evaluation = self.evaluation
        found = self._once(
            ("calibration_bins", bins, alpha), lambda: binned_figures(evaluation, bins, alpha)
        )
        return with_labels(found, evaluation)

    def mcnemar(self, cost: str | None = None) -> pd.DataFrame:
        """Return McNemar's exact test of a 0–1 cost in every group.

        It asks whether, of the people whose cost changed, half improved: a difference of 0 only,
        so that it has no interval and no margin. `frame` and `test` use methods that have both.

        Parameters
        ----------
        cost : str, optional
            A 0–1 cost; by default the first there is.

        Returns
        -------
        DataFrame
            A row a group, the population last: `cost`, `group`, `n`, `improved` and `worsened`
            (people whose cost changed), `p_benefit`, `p_harm` (one-sided) and `p_value`
            (two-sided, twice the smaller one, at most 1). Each p is exact in its partition given
            the folds; all figures are medians over partitions. Unadjusted; nan in empty groups.

        Raises
        ------
        ArgumentError
            If the cost is not 0–1, or with clusters, strata, sampling or precision weights.

        References
        ----------
        McNemar, Q. (1947). Psychometrika 12, 153–157.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.mcnemar()["group"].tolist()
        ['female', 'male', 'population']
        """
        name = None if cost is None else self._cost(cost).name
        return mcnemar_table(self.evaluation, name)

    def top_curve(self, cost: str | None = None, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return the costs of explanation at every number r of top units, so that none is picked.

        Parameters
        ----------
        cost : str, optional
            One cost of explanation; by default all of the run.
        alpha : float
            Intervals at 1 − alpha, each on its own.

        Returns
        -------
        DataFrame
            One row a cost, group and r from 1 to the number of units of the generic model: `cost`,
            `group`, `r`, `cost_generic`, `cost_personalized`, `bop`, `std_err`, `ci_low`,
            `ci_upp`, `ci_method`. At the chosen r the figures are those of `frame`, also
            where its intervals come from models fitted again. With ``top_of="each"`` and a share,
            the personalized model keeps the share that r is of the generic model's units, rounded
            up.

        See Also
        --------
        top_area : Means over r.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.top_curve("sufficiency")["r"].tolist()  # female, male, population
        [1, 2, 1, 2, 1, 2]
        """
        alpha, costs = check_share("alpha", alpha), explained_costs(self.evaluation, cost)
        found = partial(self._curve_estimates, alpha=alpha)
        return curve_frame(self.evaluation, costs, found)

    def top_area(self, cost: str | None = None, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return the area under the top curve: costs of explanation as means over r.

        Parameters
        ----------
        cost, alpha
            As in `top_curve`.

        Returns
        -------
        DataFrame
            One row a cost and group, with the columns of `top_curve` but `r`. Each person's cost
            is its mean over r = 1 to the number of units of the generic model, so that intervals
            are those of a mean.
        """
        alpha, costs = check_share("alpha", alpha), explained_costs(self.evaluation, cost)
        return area_frame(self.evaluation, costs, partial(self._curve_estimates, alpha=alpha))

    def anova(self) -> AssociationTest:
        """Test that the personal terms are associated with the outcome, on all used rows.

        Likelihood ratio where the scale is known, F where it is estimated, Wald with a robust
        covariance with clusters, strata or sampling weights, penalised likelihood ratio with a
        penalty (Heinze and Schemper 2002). Association is another question than held-out benefit: a
        strong association can leave predictions as good as they were.
        """
        return self._fitted("anova").association

    def design_effects(self, cost: str | None = None) -> pd.DataFrame:
        """Return what clusters, strata and weights do to the precision of each group's benefit.

        Parameters
        ----------
        cost : str, optional
            One cost; by default all that one person has.

        Returns
        -------
        DataFrame
            A row a cost and group, the population last: `cost`, `group`, `n` rows, `clusters` and
            `strata` with members (nan in a design without), `icc` (correlation of the benefits of
            two rows of a cluster, by the analysis of variance), `deff` (variance of the mean
            benefit over that of a simple sample of n rows with replacement) and `n_eff` (the
            independent rows that the bounds count). Medians over partitions.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> model = bop.glm("high_bp ~ bmi + hba1c | sex", nhanes, strata="race_ethnicity")
        >>> res = model.fit(rng=1, repeats=1)
        >>> res.design_effects("brier")["strata"].tolist()
        [6.0, 6.0, 6.0]
        """
        names = None if cost is None else [self._cost(cost).name]
        return design_effects(self.evaluation, names)
