"""Tables for the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bopstats._validation import check_choice
from bopstats.results.tidied import Tidied
from bopstats.tables.baseline import flow_table, groups_table
from bopstats.tables.benefit import benefit_table
from bopstats.tables.calibrated import calibration_table
from bopstats.tables.coefficients import Fits, models_table
from bopstats.tables.document import Table
from bopstats.tables.joint import tests_table
from bopstats.tables.labels import check_labels
from bopstats.tables.options import Options

TABLES = ("groups", "benefit", "models", "tests", "calibration", "flow")


class Tabled(Tidied):
    """Results as tables."""

    def table(
        self,
        which: str = "benefit",
        cost: str | None = None,
        *,
        effect: Any = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
        labels: Mapping[str, str] | None = None,
        decimals: int | None = None,
        exponentiate: bool = False,
        suppress: Any = None,
        prespecified: bool | str | None = None,
    ) -> Table:
        """Return a table as a journal prints it.

        Parameters
        ----------
        which : {"benefit", "groups", "models", "tests", "calibration", "flow"}
            "benefit": costs of both models and the benefit by group. "groups": people and events
            by group. "models": both GLMs side by side. "tests": tests of all groups together, with
            bounds where an `effect` is given. "calibration": intercept and slope of both models
            by group. "flow": rows read, dropped and used.
        cost : str, optional
            The cost of a "benefit" table; by default the primary one.
        effect, alpha, max_error
            As in `summary`.
        labels : mapping, optional
            What to call things: ``{"hba1c": "HbA1c, %"}`` for a variable, ``{"sex=female":
            "Women"}`` for a level, ``{"brier": "Brier"}`` for a cost. Other names stay; names that
            do not occur are allowed, so that analyses can share one dict.
        decimals : int, optional
            Of costs, benefits, coefficients or percentages; by default two figures of a typical
            standard error.
        exponentiate : bool
            Whether a "models" table shows ratios: estimates and ends of intervals are
            exponentiated.
        suppress : int or {"cms", "washington", "manitoba"}, optional
            Smallest count of people that may be shown: at least 3, or 11, 10, 6. Counts from 1 to
            one less are masked, with everything they could be worked out from; zeros are shown.
        prespecified : bool or str, optional
            Whether the analysis was pre-specified, or where ("protocol, section 4"); for a note.

        Returns
        -------
        Table
            Print it, or call ``.as_text()``, ``.as_html()``, ``.as_latex()``, ``.as_markdown()``,
            ``.as_csv()``, ``.to_docx(path)`` or ``.to_frame()``.

        Raises
        ------
        ArgumentError
            If an argument is not one of those above.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> print(res.table("groups", labels={"sex": "Sex", "sex=female": "Women"}).as_csv())
        Sex,n,% of all,Events (%)
        Women,1998,50.9,830 (41.5)
        male,1926,49.1,952 (49.4)
        Population,3924,100.0,1782 (45.4)
        <BLANKLINE>
        """
        check_choice("which", which, TABLES)
        options = Options.checked(check_labels(labels), decimals, exponentiate, prespecified)
        found = self._findings(effect, alpha, max_error, labels, suppress)
        if which == "benefit":
            return benefit_table(found, self._cost(cost), options)
        if which == "models":
            return models_table(found, self._fits(), options)
        if which == "calibration":
            frame = self._labelled(labels).calibration(alpha=alpha)
            return calibration_table(found, frame, options)
        return {"groups": groups_table, "tests": tests_table, "flow": flow_table}[which](
            found, options
        )

    def _fits(self) -> Fits:
        models = self._models
        return Fits(
            self.generic,
            self.personalized,
            getattr(models, "references", {}),
            getattr(models, "not_estimable", {}),
        )
