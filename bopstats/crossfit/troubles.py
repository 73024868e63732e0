"""What went wrong with fits, on all rows and in training sets, as warnings and notes."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

from bopstats.exceptions import ConvergenceWarning, FitError, SeparationWarning
from bopstats.fitting.models import FittedModel, FittedPair


class Troubles:
    """Separation, lack of convergence and redundant columns that a run met."""

    def __init__(self) -> None:
        self._separated: dict[str, Counter[str]] = {"generic": Counter(), "personalized": Counter()}
        self._unconverged = {"generic": 0, "personalized": 0}
        self._dropped: dict[str, set[str]] = {"generic": set(), "personalized": set()}
        self._found: list[str] = []

    def report(self, full: FittedPair, personal_terms: str) -> None:
        """Note and warn of what went wrong on all rows.

        Raises
        ------
        FitError
            If the personal terms add no column of their own.
        """
        for model in (full.generic, full.personalized):
            self._report(model)
        if len(full.personalized.keep) <= len(full.generic.keep):
            raise FitError(
                f"formula: the personal terms ({personal_terms}) add nothing to the "
                "generic model: their columns are linear combinations of its columns"
            )

    def _report(self, model: FittedModel) -> None:
        """Note and warn of what went wrong with a model fitted on all rows."""
        if model.separation is not None:
            text = f"separation in the {model.name} model: {model.separation}"
            columns = ", ".join(model.separation.columns)
            self._found.append(f"{text[0].upper()}{text[1:]}; not estimable: {columns}.")
            text += f"; these coefficients run to infinity and are not estimable: {columns}"
            warnings.warn(text, SeparationWarning, stacklevel=5)
        if not model.converged:
            text = f"the {model.name} model did not converge"
            self._found.append(f"{text[0].upper()}{text[1:]}.")
            warnings.warn(text, ConvergenceWarning, stacklevel=5)
        if model.dropped:
            self._found.append(
                f"Redundant columns of the {model.name} model are dropped: "
                f"{', '.join(model.dropped)}."
            )

    def record(self, pair: FittedPair, full: FittedPair) -> None:
        """Count what went wrong in a training set."""
        for model, whole in ((pair.generic, full.generic), (pair.personalized, full.personalized)):
            if model.separation is not None:
                self._separated[model.name][str(model.separation)] += 1
            self._unconverged[model.name] += not model.converged
            self._dropped[model.name] |= set(model.dropped) - set(whole.dropped)

    def note(self, notes: Sequence[str]) -> None:
        """Add notes, each once."""
        self._found += [f"{each}." for each in notes if f"{each}." not in self._found]

    def notes(self, total: int) -> list[str]:
        """Say what was met, on all rows and in so many training sets."""
        found = list(self._found)
        for name in ("generic", "personalized"):
            if self._separated[name]:
                where = [f"{what} ({times})" for what, times in self._separated[name].most_common()]
                found.append(
                    f"Separation in {self._separated[name].total()} of {total} training sets of "
                    f"the {name} model: {'; '.join(where)}."
                )
            if self._unconverged[name]:
                found.append(
                    f"No convergence in {self._unconverged[name]} of {total} training sets of "
                    f"the {name} model."
                )
            if self._dropped[name]:
                found.append(
                    f"Some training sets of the {name} model also drop: "
                    f"{', '.join(sorted(self._dropped[name]))}."
                )
        return found
