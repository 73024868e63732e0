"""Results as files and pickles, which hold no rows of the data unless asked."""

from __future__ import annotations

import os
from typing import Any, Self

from bopstats._validation import fail
from bopstats.results.core import ResultsCore
from bopstats.saving.files import check, envelope, write
from bopstats.saving.records import as_record, from_record


class Savable(ResultsCore):
    """Results that can be saved, pickled and copied."""

    _kind = "single"

    def save(self, path: str | os.PathLike[str], *, keep_rows: bool = False) -> None:
        """Write the result to a JSON file, which `bopstats.load` reads.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        keep_rows : bool
            Whether the file also holds the rows: every evaluated person's label in the data's
            index, outcome, group, both predictions, costs, weight, cluster and stratum. Without
            them it holds figures of groups, coefficients and their covariances, and settings only.

        Raises
        ------
        DataError
            If the file cannot be written.

        Notes
        -----
        A loaded result gives the same figures and texts. Without the rows, what needs them (limits
        with ``ci="bca"`` or "percentile", which for AUC and R² are the only ones; ``test(effect=)``
        of costs that are not 0–1; `calibration` and `calibration_bins`) is there as it was asked
        for before saving, and `RowsNotKept` is raised for other settings and for `individual`.
        `summary` needs no rows. Bins of fewer than 5 people are not saved without the rows. A
        pickle holds the same as such a file; a copy by the `copy` module has the rows.

        The fitted models come back as `SavedModel`, with or without rows.

        Examples
        --------
        >>> import bopstats as bop, os, tempfile
        >>> nhanes = bop.datasets.load_nhanes()
        >>> res = bop.glm("high_bp ~ bmi + hba1c | sex", data=nhanes).fit(rng=1, repeats=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     res.save(os.path.join(folder, "result.json"))
        ...     again = bop.load(os.path.join(folder, "result.json"))
        >>> str(again.summary()) == str(res.summary())
        True
        """
        if not isinstance(keep_rows, bool):
            fail("keep_rows", keep_rows, "True or False")
        if keep_rows:
            self._need_all_rows()
        write(envelope(self._kind, keep_rows, self._record(keep_rows)), path)

    def _need_all_rows(self) -> None:
        self.evaluation.need_rows("keep_rows=True")

    def _record(self, keep_rows: bool) -> dict[str, Any]:
        return as_record(self.evaluation, self._models, self._computed, keep_rows)

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        saved = from_record(record)
        results = cls(saved.evaluation, saved.models)
        results._computed = saved.computed
        return results

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what a file without rows holds."""
        return _unpickled, (type(self), envelope(self._kind, False, self._record(False)))

    def __copy__(self) -> Self:
        """Return a copy with the rows."""
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy with the rows; it shares the figures, which nothing changes."""
        return self.__copy__()


def _unpickled(cls: type[Savable], record: dict[str, Any]) -> Savable:
    return cls._from_record(check(record, "the pickle")["result"])
