"""Moments without the sums of single clusters, for what leaves the machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bopstats.groups import GroupMoments
from bopstats.inference.design_effects import intraclass_correlation
from bopstats.inference.heterogeneity import group_covariance
from bopstats.inference.means import between
from bopstats.sampling import DesignFigures, DesignSums


def without_cells(moments: GroupMoments, *, together: bool = True) -> GroupMoments:
    """Put what inference makes of clusters and strata in their place.

    Parameters
    ----------
    moments : GroupMoments
        Sums a group; returned as they are where there is no design, or figures only.
    together : bool
        Whether to keep the covariance of the groups, for tests on all of them.

    Notes
    -----
    A cluster may be one person, and a stratum may have few: their sums would be rows by another
    name. Inference gets the same numbers from these figures, to the last digit.
    """
    if not isinstance(moments.design, DesignSums):
        return moments
    everyone, size, costs = moments.with_population(), len(moments.n) + 1, len(moments.wb)
    sums = everyone.design
    if not isinstance(sums, DesignSums):
        raise TypeError("the population's design must be sums too")
    with np.errstate(invalid="ignore", divide="ignore"):
        means = everyone.wb / everyone.w
        variances = [between(sums, c, means[c]) for c in range(costs)]
    groups = [group_covariance(moments, c) for c in range(costs)] if together else []
    icc = [intraclass_correlation(everyone, c) for c in range(costs)]
    return replace(
        moments,
        design=DesignFigures(
            clusters=sums.clusters_of(size),
            strata=sums.strata_of(size),
            df=moments.design.df,
            between=np.array(variances).reshape(costs, size),
            icc=np.array(icc).reshape(costs, size),
            covariance=np.array(groups).reshape(len(groups), size - 1, size - 1),
            clustered=sums.clustered,
            stratified=sums.stratified,
        ),
    )
