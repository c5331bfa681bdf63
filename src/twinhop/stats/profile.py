"""Performance profiles: the share of runs within every gap, where one number would hide two sorts of outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.stats.bootstrap import CONFIDENCE, FEWEST_WORLDS, RESAMPLES
from twinhop.streams import stream

FloatArray = NDArray[np.float64]

PROFILE_STREAM = "profile.bootstrap"


class Profile(NamedTuple):
    """The share of runs within each gap."""

    gap: FloatArray
    """(P,) gaps tau, ascending"""
    share: FloatArray
    """(P,) shares, from 0 to 1, never falling"""
    low: FloatArray | None
    """(P,) lower ends of the 95 % intervals, point by point; None for fewer than five runs"""
    high: FloatArray | None
    """(P,) upper ends"""


def performance_profile(
    values: Sequence[float] | FloatArray, gaps: Sequence[float] | FloatArray, seed: int = 0
) -> Profile:
    """The share of runs whose gap is at most tau, ``|{r : gap_r <= tau}| / R``, with a stratified bootstrap.

    Runs that failed are within no gap: a curve ends at the share of runs that did not fail.

    Args:
        values: (runs,), or (tasks, runs), of which every sample keeps each task's number; infinite where a run failed.
        gaps: (P,) tau, finite, ascending.
        seed: of the draws.

    Returns:
        The profile. No interval for fewer than five runs, or fewer than two of a task.

    Raises:
        ValueError: there are no runs.

    Source:
        Dolan and More, Benchmarking optimization software with performance profiles (2002), section 2, with ratios to
        a certified bound rather than to the best solver; Agarwal et al. (2021), section 4.3.

    >>> performance_profile([0.0, 0.5, np.inf, 0.1], [0.0, 0.1, 1.0]).share
    array([0.25, 0.5 , 0.75])
    """
    runs = np.atleast_2d(np.asarray(values, float))
    if runs.size == 0:
        raise ValueError("expected at least one run")
    tau = np.asarray(gaps, float)
    within = runs[..., None] <= tau
    share = within.mean(axis=(0, 1))
    if runs.size < FEWEST_WORLDS or runs.shape[1] < 2:
        return Profile(tau, share, None, None)
    return Profile(tau, share, *_ends(within, seed))


def _ends(within: NDArray[np.bool_], seed: int) -> tuple[FloatArray, FloatArray]:
    """The ends, from (tasks, runs, P): samples count how often each run is drawn."""
    tasks, runs, points = within.shape
    drawn = stream(seed, PROFILE_STREAM).multinomial(runs, [1 / runs] * runs, size=(RESAMPLES, tasks))
    shares = drawn.reshape(RESAMPLES, tasks * runs) @ within.reshape(tasks * runs, points).astype(float)
    shares = np.sort(shares / (tasks * runs), axis=0)
    tail = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return shares[tail - 1], shares[RESAMPLES - tail]
