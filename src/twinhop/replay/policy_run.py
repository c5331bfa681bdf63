"""One synchronisation policy on the paths of devices: what was sent, and how far off and how old the twins were."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.replay.tracks import Track
from twinhop.stats.quantiles import quantiles
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.synchronisation import SyncPolicy
from twinhop.units import BITS_PER_MBIT


@dataclass(frozen=True, eq=False)
class TrackRun:
    """One device and its twin under one policy.

    Attributes:
        sent: (T,) samples that were sent.
        estimate_m: (T, 2) where the twin took the device to be after each sample [m].
        error_m: (T,) distance from there to the truth [m].
        age_s: (T,) time since the last update [s].
    """

    sent: NDArray[np.bool_]
    estimate_m: FloatArray
    error_m: FloatArray
    age_s: FloatArray


@dataclass(frozen=True, eq=False)
class PolicyRun:
    """All devices under one policy.

    Attributes:
        kind: name of the policy.
        label: with its parameters, for people.
        update_bits: size of an update [bit].
        setup_bits: sent once a device [bit].
        runs: one a track.
        tracks: the paths.
    """

    kind: str
    label: str
    update_bits: int
    setup_bits: int
    runs: tuple[TrackRun, ...]
    tracks: tuple[Track, ...]

    @property
    def updates(self) -> int:
        """Updates of all devices."""
        return sum(int(run.sent.sum()) for run in self.runs)

    @property
    def p95_error_m(self) -> float:
        """The error that 95 % of all samples do not exceed [m]."""
        return quantiles(np.concatenate([run.error_m for run in self.runs]), [0.95])[0]

    def to_json(self) -> dict[str, Any]:
        """What came out, in numbers; `update_mbit` and `sync_period_s` are what a scenario takes for Eq. 11 and 12."""
        error_m = np.concatenate([run.error_m for run in self.runs])
        p50, p95 = quantiles(error_m, [0.5, 0.95])
        gaps_s = np.concatenate(
            [gaps(track.time_s, run.sent) for track, run in zip(self.tracks, self.runs, strict=True)]
        )
        span_s = float(sum(track.time_s[-1] - track.time_s[0] for track in self.tracks))
        bits = self.updates * self.update_bits + len(self.runs) * self.setup_bits
        return {
            "policy": self.kind,
            "label": self.label,
            "updates": self.updates,
            "updates_per_device_s": self.updates / span_s if span_s else None,
            "update_bits": self.update_bits,
            "setup_bits": self.setup_bits,
            "bits": bits,
            "update_mbit": bits / self.updates / BITS_PER_MBIT,
            "sync_period_s": span_s / self.updates if span_s else None,
            "error_p50_m": p50,
            "error_p95_m": p95,
            "error_max_m": float(error_m.max()),
            "mean_age_s": float((gaps_s**2).sum() / (2 * gaps_s.sum())) if gaps_s.sum() else 0.0,
            "peak_age_s": float(gaps_s.mean()) if gaps_s.size else 0.0,
            "longest_age_s": float(gaps_s.max()) if gaps_s.size else 0.0,
        }


def gaps(time_s: FloatArray, sent: NDArray[np.bool_]) -> FloatArray:
    """Times from one update to the next, the end of the path taken for the last one [s].

    >>> gaps(np.array([0.0, 1.0, 2.0, 3.0]), np.array([True, False, True, False])).tolist()
    [2.0, 1.0]
    """
    ends = np.append(time_s[sent], time_s[-1])
    return np.diff(ends)[np.diff(ends) > 0]


def run_policy(label: str, make: Callable[[], SyncPolicy], tracks: Sequence[Track]) -> PolicyRun:
    """Replay all tracks, each with a policy of its own.

    Args:
        label: for people.
        make: a fresh policy.
        tracks: at least one.
    """
    policy = make()
    runs = tuple(_run_track(make(), track) for track in tracks)
    return PolicyRun(policy.kind, label, policy.update_bits, policy.setup_bits, runs, tuple(tracks))


def _run_track(policy: SyncPolicy, track: Track) -> TrackRun:
    samples = len(track.time_s)
    sent, estimate_m, age_s = np.zeros(samples, bool), np.empty((samples, 2)), np.empty(samples)
    last_s = -math.inf
    for at, (time_s, measured_m) in enumerate(zip(track.time_s.tolist(), track.measured_m, strict=True)):
        sent[at] = policy.offer(time_s, measured_m)
        last_s = time_s if sent[at] else last_s
        estimate_m[at] = policy.predict(time_s).mean
        age_s[at] = time_s - last_s
    error_m = np.hypot(*(estimate_m - track.truth_m).T)
    return TrackRun(sent, estimate_m, error_m, age_s)
