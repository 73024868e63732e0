"""Results of an analysis, as users meet them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bopstats.results.reported import Reported
from bopstats.results.saved import Savable
from bopstats.tables.document import Summary
from bopstats.tables.record import as_record
from bopstats.tables.summary import build_summary


class BoPResults(Reported, Savable):
    """Results of comparing a generic with a personalized model.

    Made by `PersonalizedGLM.fit`. All benefits are generic minus personalized cost, so positive
    means that personalization helps. Costs, benefits and gamma are means over partitions; limits,
    p-values and bounds are medians.

    Attributes
    ----------
    evaluation : Evaluation
        Figures of every partition, and the settings.
    """

    def __repr__(self) -> str:
        """Return a useful line."""
        run = self.evaluation
        return (
            f"<{type(self).__name__}: {run.settings.formula}; {run.settings.family}, "
            f"n = {run.n_used}, {run.groups.n_groups} groups; {self.gamma()}>"
        )

    def _repr_html_(self) -> str:
        """Show the benefit of each group by the primary cost."""
        return self.table("benefit").as_html()

    def summary(
        self,
        effect: Any = None,
        *,
        alpha: float = 0.05,
        max_error: float = 0.5,
        suppress: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> Summary:
        """Return the summary: who was compared, how, every group's benefit, and the verdicts.

        Parameters
        ----------
        effect : float or mapping, optional
            Smallest benefit that matters: a number for the primary cost, or a mapping from cost
            to number. Costs without one get intervals and tests but no bounds.
        alpha : float
            Two-sided level.
        max_error : float
            Largest tolerable sum of both error rates.
        suppress : int or {"cms", "washington", "manitoba"}, optional
            Smallest count of people that may be shown (11, 10, 6): smaller ones but 0 are masked,
            with what they could be worked out from; see `table`.
        labels : mapping, optional
            What to call variables and levels, e.g. ``{"sex": "Sex", "sex=female": "Women"}``.

        Returns
        -------
        Summary
            Print it, or call ``.as_text()``, ``.as_html()``, ``.as_latex()``, ``.as_markdown()``,
            ``.as_csv()`` or ``.to_docx(path)``.
        """
        return build_summary(self._findings(effect, alpha, max_error, labels, suppress))

    def to_dict(
        self,
        effect: Any = None,
        *,
        alpha: float = 0.05,
        max_error: float = 0.5,
        suppress: Any = None,
    ) -> dict[str, Any]:
        """Return the summary's figures as plain data for JSON (schema ``bopstats.result``).

        Parameters
        ----------
        effect, alpha, max_error, suppress
            As in `summary`; masked figures are None.

        Returns
        -------
        dict
            Group figures and settings only, no rows of the data; see `docs/json.md`.
        """
        return as_record(self._findings(effect, alpha, max_error, None, suppress))
