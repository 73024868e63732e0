"""Results as one page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from bopstats.inference.calibration import FAMILIES
from bopstats.results.tabled import Tabled
from bopstats.tables.labels import check_labels
from bopstats.tables.options import Options


class Reported(Tabled):
    """Results as a page."""

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        effect: Any = None,
        alpha: float = 0.05,
        max_error: float = 0.5,
        labels: Mapping[str, str] | None = None,
        suppress: Any = None,
        prespecified: bool | str | None = None,
        exponentiate: bool = False,
        versions: bool = False,
        title: str | None = None,
    ) -> None:
        """Write one self-contained HTML page (needs ``bopstats[report]``).

        The page has the verdicts in plain words, all tables and figures, a methods section with
        its references, and a map to reporting checklists. It fetches nothing and runs only its own
        script; tables can be sorted, copied and downloaded as CSV, and as Word where python-docx
        is installed. The same call writes the same bytes.

        Parameters
        ----------
        path : str or path
            Where to; an existing file is replaced.
        effect, alpha, max_error
            As in `summary`.
        labels, suppress, prespecified, exponentiate
            As in `table`; labels and masks hold in figures too.
        versions : bool
            Whether to list the versions of Python and of the packages used.
        title : str, optional
            Heading of the page.

        Raises
        ------
        BopError
            If jinja2 is not installed.
        ArgumentError
            If an argument is not one of those above.

        Examples
        --------
        >>> import bopstats as bop
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> res.report("report.html", effect=0.01, suppress="cms")  # doctest: +SKIP
        """
        from bopstats.reporting import Material, write_report

        options = Options.checked(check_labels(labels), None, exponentiate, prespecified)
        named = self._labelled(labels)
        rows = bool(self.evaluation.rows) and self.evaluation.settings.family in FAMILIES
        material = Material(
            self._findings(effect, alpha, max_error, labels, suppress),
            options,
            self._fits() if self._has_models else None,
            named.calibration(alpha=alpha) if rows else None,
            named.calibration_bins(5, alpha=alpha) if rows else None,
            named.top_curve(alpha=alpha) if self.evaluation.curve else None,
        )
        write_report(material, path, title=title, versions=versions)

    @property
    def _has_models(self) -> bool:
        """Whether there is one generic and one personalized model."""
        return self._models is not None
