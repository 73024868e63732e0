"""Everything that bopstats raises or warns, one branch a stage of the analysis.

All errors are `BopError`, which is a `ValueError`: bad input, said once and clearly.
"""

from __future__ import annotations


class BopError(ValueError):
    """Root of all bopstats errors."""


class ArgumentError(BopError):
    """An argument is not of an allowed kind, shape or value."""


class FormulaError(BopError):
    """The two-part formula cannot be read, or asks for what it may not."""


class DataError(BopError):
    """A column, a row or a file is not fit for the analysis."""


class OutcomeError(DataError):
    """The outcome is not coded in a way that says what is modelled."""


class SplitError(BopError):
    """The rows cannot be split into training and test sets as asked."""


class FitError(BopError):
    """A model could not be fitted."""


class RowsNotKept(BopError):
    """The result holds group figures only; what was asked for needs the rows."""


class DomainError(BopError):
    """A law or a bound is not defined at these values."""


class BopWarning(UserWarning):
    """Root of all bopstats warnings."""


class SeparationWarning(BopWarning):
    """Some coefficients run to infinity: a group or term predicts the outcome perfectly."""


class ConvergenceWarning(BopWarning):
    """A model did not converge."""


class CodingWarning(BopWarning):
    """A numeric personal attribute looks like codes for categories."""
