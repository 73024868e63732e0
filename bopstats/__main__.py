"""``python -m bopstats`` is the command line."""

import sys

from bopstats.cli import main

sys.exit(main())
