"""The program ``bopstats``: its commands, its messages and its exit codes.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 bad
input, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version

from bopstats.cli import completion, demo, fit, plan, report, table
from bopstats.exceptions import BopError

_COMMANDS = (demo, fit, table, report, plan)
_EPILOG = "'bopstats COMMAND --help' shows a command's options and an example."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        What follows the program's name; by default that of this process.

    Returns
    -------
    int
        0 done, 1 bad input. Wrong usage ends the process with 2.
    """
    arguments = parser().parse_args(argv)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            arguments.run(arguments)
        except BopError as error:
            _say(caught)
            print(f"bopstats: error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("bopstats: interrupted", file=sys.stderr)
            return 1
    _say(caught)
    return 0


def _say(caught: list[warnings.WarningMessage]) -> None:
    for text in dict.fromkeys(str(each.message) for each in caught):
        print(f"bopstats: warning: {text}", file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(
        prog="bopstats",
        description="Does adding personal attributes to a model help every group of people?",
        epilog=_EPILOG,
    )
    whole.add_argument("--version", action="version", version=f"bopstats {version('bopstats')}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    completion.add(commands, whole)
    return whole
