"""The command line: one command a file; `program` runs them."""

from bopstats.cli.program import main

__all__ = ["main"]
