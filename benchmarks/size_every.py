"""Size and power of the tests on all groups: "benefits every group" and "harms some group".

Groups are independent, so that both tests come down to one group: "every" rejects where every
group's p is at most alpha/2, with probability the product of the groups' own; Holm's smallest
adjusted p is at most alpha/2 where the smallest p is at most alpha/(2d). One group is enumerated
for 0-1 costs, computed for the normal law by the noncentral t, and simulated for skewed laws; these
stand in both directions, "-exponential" having its long tail among the harms.

"Every" is least favourable where one group has no benefit and the others benefit for certain: its
size there is one group's, whatever d. For 0-1 costs the share of changed predictions is a nuisance
parameter; "worst" is the share, out of 400, with the largest size.

    python benchmarks/size_every.py [--samples=200000] [--csv]
"""

from __future__ import annotations

import sys
import time
from functools import cache, lru_cache, partial

import numpy as np
from coverage_means import LAWS, rows_of
from scipy import stats
from stored import Table, progress, report, samples_of

from bopstats.groups import GroupMoments
from bopstats.inference.means import Means, group_means
from bopstats.inference.paired import choose_method, paired_pvalues

LEVEL, SAMPLES, SEED = 0.025, 200_000, 2024
PEOPLE, GROUPS = (10, 30, 100, 1000), (1, 2, 4, 12)
EFFECTS = (0.2, 0.5, 1.0)  # standard deviations of the individual benefit
SHARES, LEANS = (0.005, 0.05, 0.3), (0.3, 0.8, 1.0)
SKEWED = {"exponential": 1.0, "lognormal": np.sqrt((np.e - 1) * np.e)}  # with their deviations
DIRECTED = ("normal", "exponential", "-exponential", "lognormal", "-lognormal")
AT_ONCE = 1_000_000  # people drawn at once


@cache
def simulated_means(law, people, samples):
    """Means of one group less the truth, in standard deviations of the law."""
    draw, truth = LAWS[law]
    rng, found = np.random.default_rng([SEED, people]), []
    for first in range(0, samples, AT_ONCE // people):
        count = min(AT_ONCE // people, samples - first)
        rows = rows_of((draw(rng, (count, people)) - truth) / SKEWED[law])
        found.append(group_means(GroupMoments.from_rows(rows), 0, None))
    return Means(
        *(np.concatenate([getattr(one, f) for one in found]) for f in Means.__dataclass_fields__)
    )


@lru_cache(maxsize=8)
def simulated_pvalues(law, people, samples, null):
    """One-sided p-values of benefit and of harm, shape (samples,) each."""
    return simulated_means(law, people, samples).pvalues(null)


def rejects_t(law, people, samples, effect, level, harm=False):
    """Probability that one group's p-value, of benefit or of harm, is at most `level`."""
    effect = -effect if harm else effect
    if law == "normal":
        tail = stats.nct.sf(stats.t.isf(level, people - 1), people - 1, effect * np.sqrt(people))
        return float(tail)
    p = partial(simulated_pvalues, law.removeprefix("-"), people, samples)
    # Mirroring a law swaps benefit and harm; to add an effect is to test another null.
    mirrored = law.startswith("-") != harm
    one_sided = p(effect)[1] if mirrored else p(-effect)[0]
    return float((one_sided <= level).mean())


@cache
def thresholds(people, level):
    """Least n_plus that rejects for each number of changed predictions; beyond it if none does."""
    found = np.arange(people + 1) + 1
    for changed in range(1, people + 1):
        method = choose_method(people, changed)
        low, high = changed // 2, changed + 1  # p falls as n_plus rises
        while low < high:
            plus = (low + high) // 2
            p = paired_pvalues(people, plus, changed - plus, method=method)[0]
            low, high = (low, plus) if p <= level else (plus + 1, high)
        found[changed] = low
    return found


def rejects_counts(people, share, lean, level):
    """Probability that one group's p-value for benefit is at most `level`, by enumeration.

    By symmetry that is the probability for harm at minus `lean`.
    """
    changed = np.arange(people + 1)
    chance = stats.binom.pmf(changed, people, share)
    return float(chance @ stats.binom.sf(thresholds(people, level) - 1, changed, (1 + lean) / 2))


@cache
def worst_share(people, level):
    """Share of changed predictions with the largest size."""
    few, many = np.geomspace(0.5 / people, 1, 200), np.arange(1, 201) / 200
    shares = np.unique(np.concatenate([few, many]))
    sizes = [rejects_counts(people, share, 0.0, level) for share in shares]
    return float(shares[int(np.argmax(sizes))])


def percent(value):
    return f"{100 * value:.2f}"


def every(one, effects, groups):
    """Cells of the test that every group benefits; `one(effect)` is one group's probability."""
    power = [one(effect) for effect in effects]
    size = one(0.0)
    return (
        percent(size),
        percent(size * power[-1] ** (groups - 1)),
        percent(size**groups),
        *(percent(each**groups) for each in power),
    )


def some(one_at, groups):
    """Familywise error of Holm at its worst, all groups at zero; `one_at(level)` as above."""
    return percent(-np.expm1(groups * np.log1p(-one_at(LEVEL / groups))))


EVERY = ("others certain", "others large", "all zero", "power 1", "power 2", "power 3")
TITLES = ("n a group", "groups", *EVERY, "error of harm")


def rows_of_t(samples, laws=DIRECTED, people=PEOPLE):
    for law in laws:
        for size in people:
            one = partial(rejects_t, law, size, samples)
            for groups in GROUPS:
                cells = every(partial(one, level=LEVEL), EFFECTS, groups)
                error = some(partial(one, 0.0, harm=True), groups)
                drawn = "–" if law == "normal" else str(samples)
                yield (law, str(size), str(groups), *cells, error, drawn)


def rows_of_counts(people=PEOPLE, shares=(*SHARES, "worst")):
    for size in people:
        for share in shares:
            one = partial(rejects_at, size, share)
            for groups in GROUPS:
                cells = every(partial(one, level=LEVEL), LEANS, groups)
                yield (str(share), str(size), str(groups), *cells, some(partial(one, 0.0), groups))


def rejects_at(people, share, lean, level):
    """As `rejects_counts`, with the share "worst" of this level."""
    share = worst_share(people, level) if share == "worst" else share
    return rejects_counts(people, share, lean, level)


def main(arguments):
    start = time.perf_counter()
    report(Table("size_counts", ("share", *TITLES), list(rows_of_counts())), arguments)
    progress("0-1 costs", start)
    samples = samples_of(arguments, SAMPLES)
    report(Table("size_t", ("law", *TITLES, "samples"), list(rows_of_t(samples))), arguments)
    progress("t", start)


if __name__ == "__main__":
    main(sys.argv[1:])
