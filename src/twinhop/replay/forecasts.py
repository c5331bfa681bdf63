"""How often forecast intervals hold the truth, as the model gives them and as calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twinhop.replay.tracks import Track
from twinhop.twin.behaviour import RowModel
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.calibration import Calibration

#: Samples that forecasts go ahead, samples between two forecasts, and samples before the first.
AHEAD, EVERY, FIRST = (1, 2, 5, 10, 20, 30), 5, 20
#: Fewest forecasts over a horizon, in either half, for which a share is given.
FEWEST = 50


class Coverage(NamedTuple):
    """The forecasts over one horizon, in the second half of the paths."""

    ahead_s: float
    """How far ahead [s]."""
    forecasts: int
    """Coordinates that were forecast."""
    covered: float
    """Share inside the 90 % interval as the model gives it [1]."""
    calibrated: float
    """The same after calibration on the first half [1]."""
    scale: float
    """By which the interval was scaled for that [1]."""
    error_p50_m: float
    """Median distance from the forecast to the truth [m]."""


class Misses(NamedTuple):
    """Forecasts over one horizon."""

    ratio: FloatArray
    """Errors over half widths, against the truth [1]."""
    measured_ratio: FloatArray
    """The same against what was measured: all that a twin can learn from [1]."""
    distance_m: FloatArray
    """From forecast to truth [m]."""
    late: FloatArray
    """Whether in the second half of the path, by coordinate."""


def forecast_coverage(tracks: Sequence[Track], model: RowModel) -> list[Coverage]:
    """Coverage by horizon: the first half of every path calibrates, the second is judged.

    Args:
        tracks: the paths, evenly sampled; forecasts over a gap count by the time that they go ahead.
        model: one that has seen nothing; it learns from every sample.

    Returns:
        One row a horizon with enough forecasts.
    """
    misses = {ahead: _misses(tracks, model, ahead) for ahead in AHEAD}
    enough = [a for a in AHEAD if min(misses[a].late.sum(), (~misses[a].late.astype(bool)).sum()) >= FEWEST]
    if not enough:
        return []
    step_s = float(np.median(np.concatenate([np.diff(track.time_s) for track in tracks])))
    learnt = [misses[ahead].measured_ratio[misses[ahead].late == 0] for ahead in enough]
    calibration = Calibration.learned([ahead * step_s for ahead in enough], learnt)
    rows = []
    for ahead, scale in zip(enough, calibration.scales.tolist(), strict=True):
        missed = misses[ahead]
        judged = missed.ratio[missed.late == 1]
        middle = float(np.median(missed.distance_m))
        shares = (float((judged <= 1).mean()), float((judged <= scale).mean()))
        rows.append(Coverage(ahead * step_s, judged.size, *shares, scale, middle))
    return rows


def _misses(tracks: Sequence[Track], model: RowModel, ahead: int) -> Misses:
    parts = [_track_misses(track, model, ahead) for track in tracks]
    return Misses(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _track_misses(track: Track, model: RowModel, ahead: int) -> Misses:
    learner = type(model).from_arrays(model.arrays())
    made: list[tuple[int, FloatArray, FloatArray]] = []
    for at in range(len(track.time_s) - ahead):
        learner.update(float(track.time_s[at]), track.measured_m[at])
        if at >= FIRST and at % EVERY == 0:
            expected = learner.predict(float(track.time_s[at + ahead]))
            made.append((at + ahead, expected.mean, expected.high - expected.mean))
    if not made:
        return Misses(*(np.empty(0) for _ in Misses._fields))
    to, mean_m, half_m = (np.array(column) for column in zip(*made, strict=True))
    error_m = mean_m - track.truth_m[to]
    return Misses(
        (np.abs(error_m) / half_m).ravel(),
        (np.abs(mean_m - track.measured_m[to]) / half_m).ravel(),
        np.hypot(*error_m.T),
        np.repeat(to >= len(track.time_s) // 2, 2).astype(np.float64),
    )
