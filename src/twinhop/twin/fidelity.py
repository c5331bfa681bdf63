"""How faithful a twin is: error against the truth, coverage, drift, and time out of sync."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.twin.behaviour import Prediction
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray

#: Standard deviations that the cumulative sums of errors forget per observation, and above which they raise the alarm.
DRIFT_ALLOWANCE, DRIFT_LIMIT = 0.5, 8.0


class FidelityReport(NamedTuple):
    """How faithful a twin has been so far."""

    observations: int
    """Moments at which the truth was known."""
    rmse: FloatArray
    """(width,) root of the mean square error, in the unit of the dimension; NaN without observations."""
    nrmse: FloatArray
    """(width,) the same over the range of the truth [1]; NaN where the truth has not changed."""
    coverage: FloatArray
    """(width,) share of the truths inside their intervals, of the predictions that had one [1]; NaN without any."""
    out_of_sync_s: float
    """Time after moments at which the error was beyond the tolerance, until the next moment [s]."""
    is_drifting: bool
    """Whether errors of one sign have added up: the model no longer fits."""


class Fidelity:
    """Compares predictions with the truth as it becomes known; cost and size do not grow with the observations.

    The drift alarm is Page's two-sided cumulative sum of each column's error in standard deviations of its prediction,
    ``g <- max(0, g +- e/s - 0.5)``, above 8.

    Args:
        width: columns of the dimension.
        tolerance: an error whose Euclidean length is greater is out of sync; greater than 0.

    Raises:
        InputError: the tolerance is not greater than 0.

    Source: Page, Continuous inspection schemes, Biometrika 41 (1954).

    Example:
        >>> fidelity = Fidelity(width=1, tolerance=1.0)
        >>> for second, error in enumerate([0.0, 3.0, 0.0]):
        ...     off = Prediction(np.array([second + error]), np.array([second - 1.0]), np.array([second + 1.0]))
        ...     fidelity.observe(float(second), np.array([float(second)]), off)
        >>> fidelity.report().rmse.round(3).tolist(), fidelity.report().out_of_sync_s
        ([1.732], 1.0)
    """

    __slots__ = ("_covered", "_drift", "_intervals", "_most", "_least", "_moments", "_squares", "_tolerance")

    def __init__(self, width: int, tolerance: float) -> None:
        if not tolerance > 0:
            raise InputError(f"fidelity: tolerance: must be greater than 0 (got {tolerance:g})")
        self._tolerance = float(tolerance)
        self._moments = np.array([0.0, np.nan, 0.0, 0.0])  # how many, the last time, whether off then, time off
        self._squares, self._covered, self._intervals = np.zeros(width), np.zeros(width), np.zeros(width)
        self._least, self._most = np.full(width, np.inf), np.full(width, -np.inf)
        self._drift = np.zeros((2, width))

    def observe(self, time_s: float, truth: FloatArray, prediction: Prediction) -> None:
        """Compare one prediction with the truth.

        Args:
            time_s: of both, not before the last [s].
            truth: (width,) finite.
            prediction: a mean of NaN, before the twin knows anything, counts as out of sync and nothing else.

        Raises:
            InputError: the time runs backwards.
        """
        count, before_s, was_off, off_s = self._moments
        if time_s < before_s:
            raise InputError(f"fidelity: time runs backwards: {time_s:g} s after {before_s:g} s")
        error = prediction.mean - truth
        is_known = bool(np.isfinite(error).all())
        is_off = not (is_known and float(np.linalg.norm(error)) <= self._tolerance)
        passed = time_s - before_s if was_off else 0.0
        self._least, self._most = np.minimum(self._least, truth), np.maximum(self._most, truth)
        self._moments[:] = count + is_known, time_s, is_off, off_s + passed
        if is_known:
            self._squares += error * error
            self._count_interval(truth, error, prediction)

    def _count_interval(self, truth: FloatArray, error: FloatArray, prediction: Prediction) -> None:
        half = 0.5 * (prediction.high - prediction.low)
        bounded = np.isfinite(half)
        self._intervals += bounded
        self._covered += bounded & (prediction.low <= truth) & (truth <= prediction.high)
        usable = bounded & (half > 0)
        sigmas = np.where(usable, error * INTERVAL_SIGMAS / np.where(usable, half, 1.0), 0.0)
        self._drift = np.maximum(0.0, self._drift + np.stack([sigmas, -sigmas]) - DRIFT_ALLOWANCE)

    def report(self) -> FidelityReport:
        """What the comparisons so far say."""
        count, _, _, off_s = self._moments
        with np.errstate(invalid="ignore", divide="ignore"):
            rmse = np.sqrt(self._squares / count)
            extent = self._most - self._least
            nrmse = np.where(extent > 0, rmse / extent, np.nan)
            coverage = self._covered / self._intervals
        is_drifting = bool((self._drift > DRIFT_LIMIT).any())
        return FidelityReport(int(count), rmse, nrmse, coverage, float(off_s), is_drifting)
