"""What curves of several seeds come to: the interquartile mean at every point, and how well it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twinhop.benchmarking.score import interquartile_mean
from twinhop.placement.problem import FloatArray
from twinhop.streams import stream

RESAMPLES = 2000
CONFIDENCE = 0.95
BOOTSTRAP = "lu2021.bootstrap"


class Band(NamedTuple):
    """A curve with the interval of each of its points."""

    middle: FloatArray
    """(P,) interquartile means"""
    low: FloatArray | None
    """(P,) lower ends of the 95 % intervals; None where there is one run only"""
    high: FloatArray | None
    """(P,) upper ends"""


def band(strata: Sequence[FloatArray], seed: int = 0) -> Band:
    """The interquartile mean of all runs at every point, with a 95 % interval by a stratified bootstrap.

    In each of `RESAMPLES` samples every stratum keeps its number of runs, drawn from its own with replacement; the same
    draw serves all points. The ends are quantiles over the samples.

    Args:
        strata: (runs, P) each, at least one run each; of one setting for its curve, of several for what they share.
        seed: of the draws.

    Returns:
        The band.

    Source:
        Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice (2021), section 4.

    >>> band([np.array([[1.0, 5.0], [1.0, 5.0]])])
    Band(middle=array([1., 5.]), low=array([1., 5.]), high=array([1., 5.]))
    """
    middle = interquartile_mean(np.concatenate(strata).T)
    if all(len(runs) < 2 for runs in strata):
        return Band(middle, None, None)
    generator = stream(seed, BOOTSTRAP)
    rows = [generator.integers(len(runs), size=(RESAMPLES, len(runs))) for runs in strata]
    means = np.empty((middle.size, RESAMPLES))
    for point in range(middle.size):
        drawn = [runs[chosen, point] for runs, chosen in zip(strata, rows, strict=True)]
        means[point] = np.sort(interquartile_mean(np.concatenate(drawn, axis=1)))
    tail = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return Band(middle, means[:, tail - 1], means[:, RESAMPLES - tail])


def interval(strata: Sequence[FloatArray], seed: int = 0) -> tuple[float, float, float] | None:
    """The interquartile mean of single values and the ends of its interval; None where there is one run only.

    Args:
        strata: (runs,) each.
        seed: of the draws.
    """
    found = band([np.asarray(values, float)[:, None] for values in strata], seed)
    if found.low is None or found.high is None:
        return None
    return float(found.middle[0]), float(found.low[0]), float(found.high[0])
