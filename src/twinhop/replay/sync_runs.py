"""A run of each synchronisation policy, and the longest fixed period that errs no more than another policy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinhop.errors import InputError
from twinhop.replay.policy_run import PolicyRun, run_policy
from twinhop.replay.tracks import Track
from twinhop.twin.behaviour import RowModel
from twinhop.twin.synchronisation import FixedPeriod, ModelBased, SendOnDelta

#: Longest fixed period that is looked for, in samples.
LONGEST_PERIOD_SAMPLES = 64


def sample_period_s(tracks: Sequence[Track]) -> float:
    """The usual time between two samples [s].

    Raises:
        InputError: no path has two samples.
    """
    steps_s = np.concatenate([np.diff(track.time_s) for track in tracks]) if tracks else np.empty(0)
    if steps_s.size == 0:
        raise InputError("no device has two samples; nothing can be replayed")
    return float(np.median(steps_s))


def best_fixed(tracks: Sequence[Track], p95_error_m: float, model: RowModel | None = None) -> PolicyRun:
    """The longest fixed period, in whole samples, whose p95 error is not above a given one; every sample if none is.

    Args:
        tracks: the paths.
        p95_error_m: the error to stay within [m].
        model: what the twins go on by between updates; None: they hold the last position.
    """
    sample_s = sample_period_s(tracks)

    def run(samples: int) -> PolicyRun:
        return run_fixed(tracks, samples * sample_s, model)

    best = run(1)
    for samples in range(2, LONGEST_PERIOD_SAMPLES + 1):
        tried = run(samples)
        if tried.p95_error_m > p95_error_m:
            break
        best = tried
    return best


def run_fixed(tracks: Sequence[Track], period_s: float, model: RowModel | None = None) -> PolicyRun:
    """Replay with a fixed period.

    Args:
        tracks: the paths.
        period_s: [s].
        model: what the twins go on by between updates; None: they hold the last position.
    """
    label = f"every {period_s:g} s" + (f", {model.kind}" if model is not None else "")
    return run_policy(label, lambda: FixedPeriod(2, period_s, None if model is None else fresh(model)), tracks)


def run_delta(tracks: Sequence[Track], tolerance_m: float, longest_period_s: float) -> PolicyRun:
    """Replay with send-on-delta.

    Args:
        tracks: the paths.
        tolerance_m: distance from the last sent position that is not sent [m].
        longest_period_s: [s].
    """
    return run_policy(f"moved {tolerance_m:g} m", lambda: SendOnDelta(2, tolerance_m, longest_period_s), tracks)


def run_model(tracks: Sequence[Track], tolerance_m: float, longest_period_s: float, model: RowModel) -> PolicyRun:
    """Replay with the same model on device and twin.

    Args:
        tracks: the paths.
        tolerance_m: distance from the predicted position that is not sent [m].
        longest_period_s: [s].
        model: one that has seen nothing.
    """
    label = f"{model.kind} off by {tolerance_m:g} m"
    return run_policy(label, lambda: ModelBased(fresh(model), tolerance_m, longest_period_s), tracks)


def fresh(model: RowModel) -> RowModel:
    """Another model of the same state."""
    return type(model).from_arrays(model.arrays())
