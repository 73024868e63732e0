"""The summary of a result in the format that a command asks for."""

from __future__ import annotations

import argparse

from bopstats.cli.analysing import effects, shown
from bopstats.cli.inputs import read_labels
from bopstats.cli.writing import DOCUMENT_ENDINGS, check_output, write_document
from bopstats.results import BoPResults
from bopstats.tables.suppression import check_suppress


def check(arguments: argparse.Namespace) -> None:
    """Stop before anything is fitted if the output cannot be made."""
    check_output(arguments, DOCUMENT_ENDINGS)
    check_looks(arguments)


def check_looks(arguments: argparse.Namespace) -> None:
    """Read labels and masks, which may be wrong."""
    check_suppress(arguments.suppress)
    arguments.named = read_labels(arguments.labels)


def summarise(arguments: argparse.Namespace, result: BoPResults) -> None:
    """Write the summary, or its figures as JSON, which keep the names of the data."""
    write_document(
        arguments,
        lambda: result.summary(**shown(arguments, result, arguments.named)),
        lambda: result.to_dict(
            effects(arguments, result), alpha=arguments.alpha, suppress=arguments.suppress
        ),
    )
