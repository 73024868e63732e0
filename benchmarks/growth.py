"""How the time of `fit` and `summary` grows with the number of people.

Run as ``python benchmarks/growth.py [people ...] [--large]``, by default from 10,000 to 3,000,000;
``--large`` adds 10,000,000, for which a machine needs some 12 GB. What an analysis takes for any
number of people is measured on 500. The slope is that of log seconds against log people, between
neighbours and over all: of all seconds, and of those that people take. The input has 20 numbers of
8 bytes and three categorical columns of 1 byte a person.
"""

from __future__ import annotations

import sys

import numpy as np
from measured import measure, numbers, show
from reference_analysis import WHOLE, ours

DEFAULT = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
LARGE, MANY, HARDLY_ANY = 10_000_000, 1_000_000, 500


def slopes(people: np.ndarray, seconds: np.ndarray) -> list[str]:
    """Slopes between neighbours, the first without any."""
    found = np.diff(np.log(seconds)) / np.diff(np.log(people))
    return ["", *(f"{slope:.2f}" for slope in found)]


def overall(people: np.ndarray, seconds: np.ndarray) -> float:
    """Least squares slope."""
    return float(np.polyfit(np.log(people), np.log(seconds), 1)[0])


def main() -> None:
    sizes = np.array(numbers(DEFAULT) + [LARGE] * ("--large" in sys.argv))
    fixed = measure(ours, HARDLY_ANY, WHOLE, None).seconds
    found = [measure(ours, int(n), WHOLE, None, times=1 if n > MANY else 3) for n in sizes]
    seconds = np.array([each.seconds for each in found])
    of_people = seconds - fixed
    lines = [
        (f"{n:,}", each.told, slope, f"{1e6 * more / n:.1f}", its_slope, f"{each.mib:.0f}")
        for n, each, slope, more, its_slope in zip(
            sizes,
            found,
            slopes(sizes, seconds),
            of_people,
            slopes(sizes, of_people),
            strict=True,
        )
    ]
    print(f"whatever the number of people: {fixed:.3f} seconds\n")
    show(("people", "seconds", "slope", "µs a person", "slope", "MiB"), lines)
    if len(sizes) > 1:
        print(f"slope over all: {overall(sizes, seconds):.2f}")
        print(f"without what does not depend on people: {overall(sizes, of_people):.2f}")


if __name__ == "__main__":
    main()
