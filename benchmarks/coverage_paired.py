"""Coverage of nominal 95 % intervals of a paired difference of proportions (0-1 costs).

Everything is enumerated, nothing simulated: with M changed predictions, M is binomial(n, q), and
given M, n_plus is binomial(M, (1 + lean) / 2), where delta = lean * q. The mirror image -lean has
the same coverage with the sides swapped. Outcomes further than 8 standard deviations are left out.

Table 1 is by n, share changed and lean; table 2 has the worst point of each n, by the threshold
from which Tango's method is used.

    python benchmarks/coverage_paired.py            print both tables
    python benchmarks/coverage_paired.py --csv      store them too
"""

from __future__ import annotations

import sys
import time
from functools import cache

import numpy as np
from scipy import stats
from stored import Table, progress, report

from bopstats.inference.paired import ENOUGH, SMALL_GROUP, choose_method, paired_interval

SIZES = (10, 30, 100, 1000)
SHARES = (0.005, 0.05, 0.3)
LEANS = (0.0, 0.3, 0.8, 1.0)
MOST_EXACT = 60  # changed predictions up to which the exact unconditional method is tabulated
SHORT = {"tango": "T", "exact unconditional": "E", "clopper-pearson": "C"}
COLUMNS = (
    *("n", "share", "lean", "nq", "Tango", "exact", "CP", "rule", "below", "above"),
    *("w. exact", "w. CP", "w. rule", "chosen"),
)
WORST = ("n", "method", "least coverage", "at nq", "lean", "largest one-sided error", "size at 0")


@cache
def lower(method, n, plus, minus):
    """Lower limit; the upper one is its mirror image."""
    return paired_interval(n, plus, minus, method=method)[0]


def window(count, share, sds=8.0):
    """Values of a binomial that matter, and their probabilities."""
    reach = sds * np.sqrt(count * share * (1 - share)) + sds
    values = np.arange(
        max(0, int(count * share - reach)), min(count, int(count * share + reach)) + 1
    )
    return values, stats.binom.pmf(values, count, share)


def study(n, share, lean, choose):
    """Errors of either limit, mean width, and how often each method was chosen."""
    delta = lean * share
    total = {"low": 0.0, "high": 0.0, "width": 0.0}
    for changed, chance in zip(*window(n, share), strict=True):
        method = choose(n, int(changed))
        total[method] = total.get(method, 0.0) + chance
        for plus, given in zip(*window(int(changed), (1 + lean) / 2), strict=True):
            weight = chance * given
            if weight < 1e-10:
                continue
            minus = int(changed - plus)
            low = lower(method, n, int(plus), minus)
            high = -lower(method, n, minus, int(plus))
            total["low"] += weight * (low > delta + 1e-12)
            total["high"] += weight * (high < delta - 1e-12)
            total["width"] += weight * (high - low)
    return total


def percent(value):
    return "–" if value is None else f"{100 * value:.2f}"


def row(n, share, lean):
    tango = study(n, share, lean, lambda *_: "tango")
    bounds = study(n, share, lean, lambda *_: "clopper-pearson")
    rule = study(n, share, lean, choose_method)
    exact = None
    if window(n, share)[0][-1] <= MOST_EXACT:
        exact = study(n, share, lean, lambda *_: "exact unconditional")

    def covered(one):
        return percent(None if one is None else 1 - one["low"] - one["high"])

    def width(one):
        return "–" if one is None else f"{one['width'] / tango['width']:.3f}"

    chosen = " ".join(f"{SHORT[k]} {rule[k]:.2f}" for k in SHORT if rule.get(k, 0) > 0.005)
    return (
        *(str(n), f"{share:g}", f"{lean:g}", f"{n * share:g}"),
        *(covered(tango), covered(exact), covered(bounds), covered(rule)),
        *(percent(rule["low"]), percent(rule["high"])),
        *(width(exact), width(bounds), width(rule), chosen),
    )


def worst(sizes=(10, 30, 50, 60, 100, 300)):
    """Rows of the least coverage over shares and leans, if Tango began at other thresholds."""
    leans = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0])
    for n in sizes:
        expected = np.concatenate([np.arange(1, 70) * 0.7, np.linspace(0.02, 1, 30) * n])
        expected = np.concatenate([expected, n - np.arange(0, 30) * 0.5])
        shares = np.unique(expected[(expected > 0) & (expected <= n)]) / n
        rules = {"Tango always": lambda *_: "tango"}
        if n <= SMALL_GROUP:
            rules["exact always (chosen)"] = lambda *_: "exact unconditional"
        else:
            for enough in (5, 10, 15, 20, 25):
                name = f"Tango from {enough}{' (chosen)' if enough == ENOUGH else ''}"
                rules[name] = threshold(enough)
        for name, choose in rules.items():
            yield worst_row(n, name, choose, shares, leans)


def threshold(enough):
    def choose(n, changed):
        if changed < enough:
            return "exact unconditional"
        return "clopper-pearson" if n - changed < enough else "tango"

    return choose


def worst_row(n, name, choose, shares, leans):
    plus, minus = np.nonzero(np.add.outer(np.arange(n + 1), np.arange(n + 1)) <= n)
    low = np.empty((n + 1, n + 1))
    for b, c in zip(plus.tolist(), minus.tolist(), strict=True):
        low[b, c] = lower(choose(n, b + c), n, b, c)
    low, high = low[plus, minus], -low[minus, plus]
    least, most, size = (1.0, 0.0, 0.0), 0.0, 0.0
    for share in shares:
        chance = stats.binom.pmf(np.arange(n + 1), n, share)
        for lean in leans:
            pmf = chance[plus + minus] * stats.binom.pmf(plus, plus + minus, (1 + lean) / 2)
            below = pmf[low > lean * share + 1e-12].sum()
            above = pmf[high < lean * share - 1e-12].sum()
            least = min(least, (1 - below - above, n * share, lean))
            most = max(most, below, above)
            size = max(size, below if lean == 0 else 0.0)
    return (
        *(str(n), name, percent(least[0]), f"{least[1]:.1f}", f"{least[2]:g}"),
        *(percent(most), percent(size)),
    )


def main(arguments):
    start, rows = time.perf_counter(), []
    for n in SIZES:
        rows += [row(n, share, lean) for share in SHARES for lean in LEANS]
        progress(f"n = {n}", start)
    report(Table("paired", COLUMNS, rows), arguments)
    report(Table("paired_worst", WORST, list(worst())), arguments)
    progress("worst", start)


if __name__ == "__main__":
    main(sys.argv[1:])
