"""How the time of `fit` and `summary` grows with the number of people.

Run as ``python benchmarks/growth.py [people ...] [--large]``, by default from 10,000 to 3,000,000;
``--large`` adds 10,000,000, for which a machine needs some 12 GB. The slope is that of log seconds
against log people, between neighbours and over all. The input has 20 numbers of 8 bytes and three
categorical columns of 1 byte a person.
"""

from __future__ import annotations

import sys

import numpy as np
from measured import measure, numbers, show
from reference_analysis import WHOLE, ours

DEFAULT = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
LARGE, MANY = 10_000_000, 1_000_000


def main() -> None:
    sizes = numbers(DEFAULT) + [LARGE] * ("--large" in sys.argv)
    found = [measure(ours, n, WHOLE, None, times=1 if n > MANY else 3) for n in sizes]
    seconds = np.array([each.seconds for each in found])
    logs = np.log(sizes), np.log(seconds)
    slopes = ["", *(f"{slope:.2f}" for slope in np.diff(logs[1]) / np.diff(logs[0]))]
    lines = [
        (f"{n:,}", each.told, f"{1e6 * each.seconds / n:.1f}", slope, f"{each.mib:.0f}")
        for n, each, slope in zip(sizes, found, slopes, strict=True)
    ]
    show(("people", "seconds", "µs a person", "slope", "MiB"), lines)
    if len(sizes) > 1:
        print(f"slope over all: {np.polyfit(*logs, 1)[0]:.2f}")


if __name__ == "__main__":
    main()
