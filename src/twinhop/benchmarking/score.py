"""What many runs on many tasks come to: the interquartile mean, and how well it is known."""

from __future__ import annotations

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.streams import stream

RESAMPLES = 2000
CONFIDENCE = 0.95
BOOTSTRAP = "benchmark.bootstrap"


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


def bootstrap_interval(values: FloatArray, seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the interquartile mean of all values, by a bootstrap stratified by task.

    In each of `RESAMPLES` samples every task keeps its number of runs, drawn from its own with replacement; the ends
    are quantiles over the samples.

    Args:
        values: (tasks, runs); infinite where a run failed.
        seed: of the draws.

    Returns:
        Both ends; None for fewer than two runs a task.

    Source:
        Agarwal et al. (2021), section 4.

    >>> bootstrap_interval(np.array([[1.0, 1.0], [3.0, 3.0]]))
    (2.0, 2.0)
    """
    tasks, runs = values.shape
    if runs < 2:
        return None
    drawn = stream(seed, BOOTSTRAP).integers(runs, size=(RESAMPLES, tasks, runs))
    sampled = values[np.arange(tasks)[:, None], drawn].reshape(RESAMPLES, tasks * runs)
    means = np.sort(interquartile_mean(sampled))
    tail = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return float(means[tail - 1]), float(means[RESAMPLES - tail])
