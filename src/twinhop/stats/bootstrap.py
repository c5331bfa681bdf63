"""Means and interquartile means of runs, of values and of curves, and how well they are known: bootstraps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.streams import stream

FloatArray = NDArray[np.float64]

RESAMPLES = 2000
CONFIDENCE = 0.95
#: Of fewer worlds no interval is given.
FEWEST_WORLDS = 5
MEAN_STREAM = "mean.bootstrap"
BENCHMARK_STREAM = "benchmark.bootstrap"
BAND_STREAM = "lu2021.bootstrap"
NESTED_STREAM = "nested.bootstrap"
RATIO_STREAM = "ratio.bootstrap"


def interquartile_mean(values: FloatArray) -> FloatArray:
    """The mean of the middle half: of n values without the floor(n / 4) least and as many greatest.

    Args:
        values: (..., n), n >= 1; infinite where a run failed.

    Returns:
        (...,) means; infinite where failed runs are left in the middle half.

    Source:
        Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice (2021), section 4.

    >>> float(interquartile_mean(np.array([9.0, 1.0, 2.0, 3.0, np.inf])))
    4.666666666666667
    """
    ordered = np.sort(values, axis=-1)
    cut = values.shape[-1] // 4
    return ordered[..., cut : values.shape[-1] - cut].mean(axis=-1)


def mean_interval(values: Sequence[float], seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the mean of independent worlds, by a percentile bootstrap.

    In each of `RESAMPLES` samples as many values are drawn with replacement; the ends are quantiles of their means. No
    end lies beyond the least and the greatest value: a gap to a bound stays at 0 or above, which an interval by
    Student's distribution does not promise.

    Args:
        values: one a world.
        seed: of the draws.

    Returns:
        Both ends; None for fewer than `FEWEST_WORLDS` values, which say too little of how far they spread.

    Source:
        Efron and Tibshirani, An introduction to the bootstrap (1993), section 13.3.

    >>> mean_interval([2.0] * 5), mean_interval([1.0, 2.0, 3.0])
    ((2.0, 2.0), None)
    """
    if len(values) < FEWEST_WORLDS:
        return None
    rows = stream(seed, MEAN_STREAM).integers(len(values), size=(RESAMPLES, len(values)))
    drawn = np.asarray(values, float)[rows]
    low, high = _ends(drawn.mean(axis=1).clip(drawn.min(), drawn.max()))
    return float(low), float(high)


def interval_above(values: Sequence[float], bounds: Sequence[float], seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of a mean cost beside certified bounds: their mean, plus `mean_interval` of what is above them.

    Worlds differ in their bounds too, and a cost is not below that of its own world: neither is an end of this interval
    below the mean bound.

    Args:
        values: costs, one a world.
        bounds: certified, of the same worlds.
        seed: of the draws.

    Returns:
        Both ends; None for fewer than `FEWEST_WORLDS` values.

    >>> interval_above([2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    (4.0, 4.0)
    """
    excess = mean_interval([value - bound for value, bound in zip(values, bounds, strict=True)], seed)
    middle = math.fsum(bounds) / len(bounds)
    return None if excess is None else (middle + excess[0], middle + excess[1])


def iqm_interval(values: Sequence[float] | FloatArray, seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the interquartile mean of all values, by a percentile bootstrap stratified by task.

    In each of `RESAMPLES` samples every task keeps its number of runs, drawn from its own with replacement; the ends
    are quantiles over the samples. No end lies beyond the least and the greatest value.

    Args:
        values: (tasks, runs), or (runs,) of one task; infinite where a run failed.
        seed: of the draws.

    Returns:
        Both ends; None for fewer than two runs per task, or fewer than `FEWEST_WORLDS` in all.

    Source:
        Agarwal et al. (2021), section 4.

    >>> iqm_interval(np.array([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]])), iqm_interval([1.0, 2.0, 3.0])
    ((2.0, 2.0), None)
    """
    strata = np.atleast_2d(np.asarray(values, float))
    tasks, runs = strata.shape
    if runs < 2 or strata.size < FEWEST_WORLDS:
        return None
    rows = stream(seed, BENCHMARK_STREAM).integers(runs, size=(RESAMPLES, tasks, runs))
    sampled = strata[np.arange(tasks)[:, None], rows].reshape(RESAMPLES, tasks * runs)
    low, high = _ends(interquartile_mean(sampled).clip(strata.min(), strata.max()))
    return float(low), float(high)


class RatioInterval(NamedTuple):
    """Ratios of sums over users, and how well they are known."""

    middle: FloatArray
    """(K,) ratios over all users"""
    low: FloatArray
    """(K,) lower ends of their 95 % intervals"""
    high: FloatArray
    """(K,) upper ends"""
    samples: FloatArray
    """(K, RESAMPLES) ratios of each sample; the same draw serves all K"""


def ratio_interval(sums: FloatArray, weights: FloatArray, seed: int = 0, name: str = RATIO_STREAM) -> RatioInterval:
    """Ratios ``sum_u s_u / sum_u w_u``, such as means over forecasts of which users have different numbers.

    In each of `RESAMPLES` samples as many users are drawn with replacement, each with all that is theirs; ends are the
    2.5th and the 97.5th percentile, between two samples in a line.

    Args:
        sums: (K, U) of K things and U users.
        weights: (U,) > 0, such as the number of forecasts of each user.
        seed: of the draws.
        name: of the stream of draws.

    Returns:
        The ratios and their intervals, of however few users; see `percentile_ends` for what is made of samples.

    Source:
        Efron and Tibshirani, An introduction to the bootstrap (1993), chapter 13.

    >>> ratio_interval(np.array([[6.0, 6.0]]), np.array([2.0, 1.0]))[:3]
    (array([4.]), array([3.]), array([6.]))
    """
    users = len(weights)
    counts = stream(seed, name).multinomial(users, np.full(users, 1 / users), RESAMPLES)
    samples = np.array([counts @ each / (counts @ weights) for each in sums])
    return RatioInterval(sums.sum(axis=1) / weights.sum(), *percentile_ends(samples), samples)


def percentile_ends(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The ends of the 95 % interval of what is computed of samples, (..., RESAMPLES) in, (...,) each out."""
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(samples, [tail, 100 - tail], axis=-1)
    return low, high


def _ends(means: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The ends of the interval, of (..., RESAMPLES) means."""
    ordered = np.sort(means, axis=-1)
    tail = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return ordered[..., tail - 1], ordered[..., RESAMPLES - tail]


class Band(NamedTuple):
    """A curve with the interval of each of its points."""

    middle: FloatArray
    """(P,) interquartile means"""
    low: FloatArray | None
    """(P,) lower ends of the 95 % intervals; None for fewer than five runs"""
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
        The band; without an interval for fewer than `FEWEST_WORLDS` runs, or strata of one run each.

    Source:
        Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice (2021), section 4.

    >>> band([np.array([[1.0, 5.0]] * 5)])
    Band(middle=array([1., 5.]), low=array([1., 5.]), high=array([1., 5.]))
    >>> band([np.array([[1.0, 5.0]] * 3)]).low is None
    True
    """
    middle = interquartile_mean(np.concatenate(strata).T)
    if all(len(runs) < 2 for runs in strata) or sum(map(len, strata)) < FEWEST_WORLDS:
        return Band(middle, None, None)
    generator = stream(seed, BAND_STREAM)
    rows = [generator.integers(len(runs), size=(RESAMPLES, len(runs))) for runs in strata]
    means = np.empty((middle.size, RESAMPLES))
    for point in range(middle.size):
        sampled = [runs[sample, point] for runs, sample in zip(strata, rows, strict=True)]
        means[point] = interquartile_mean(np.concatenate(sampled, axis=1))
    return Band(middle, *_ends(means))


def nested_interval(runs: Sequence[FloatArray], seed: int = 0) -> tuple[float, float, float] | None:
    """The interquartile mean over runs of each run's mean over its worlds, and its 95 % interval over both.

    A hierarchical bootstrap: in each of `RESAMPLES` samples as many runs are drawn with replacement, and of each drawn
    run as many of its worlds; what another seed of training and what other worlds would have changed are both in the
    interval. No end lies beyond the least and the greatest world.

    Args:
        runs: (worlds,) each, of worlds of its own.
        seed: of the draws.

    Returns:
        The middle and both ends; None for fewer than `FEWEST_WORLDS` runs.

    Source:
        Davison and Hinkley, Bootstrap methods and their application (1997), section 3.8; the mean over runs by Agarwal
        et al. (2021), section 4.

    >>> nested_interval([np.array([1.0, 3.0])] * 5, seed=0)[0], nested_interval([np.ones(3)] * 4) is None
    (2.0, True)
    """
    if len(runs) < FEWEST_WORLDS:
        return None
    generator, count = stream(seed, NESTED_STREAM), len(runs)
    drawn = np.empty((RESAMPLES, count, count))
    for at, worlds in enumerate(runs):
        rows = generator.integers(len(worlds), size=(RESAMPLES, count, len(worlds)))
        drawn[:, :, at] = worlds[rows].mean(axis=2)
    chosen = generator.integers(count, size=(RESAMPLES, count))
    means = np.take_along_axis(drawn, chosen[:, :, None], axis=2)[:, :, 0]
    every = np.concatenate(runs)
    low, high = _ends(interquartile_mean(means).clip(every.min(), every.max()))
    return float(interquartile_mean(np.array([worlds.mean() for worlds in runs]))), float(low), float(high)


def band_interval(strata: Sequence[FloatArray], seed: int = 0) -> tuple[float, float, float] | None:
    """The interquartile mean of single values and the ends of its interval; None where `band` has none.

    Args:
        strata: (runs,) each.
        seed: of the draws.
    """
    middle, low, high = band([np.asarray(values, float)[:, None] for values in strata], seed)
    if low is None or high is None:
        return None
    return float(middle[0]), float(low[0]), float(high[0])
