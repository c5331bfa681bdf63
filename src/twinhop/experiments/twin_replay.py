"""Feeding twins a trace: which updates each synchronisation policy sends, and how far off the twins are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.experiments.quantiles import quantiles
from twinhop.experiments.twin_tracks import Track
from twinhop.scenario.complaints import suggestion
from twinhop.twin.behaviour import BEHAVIOUR_MODELS, RowModel
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.synchronisation import SYNC_POLICIES, FixedPeriod, ModelBased, SendOnDelta, SyncPolicy

#: Longest fixed period that is looked for, in samples.
LONGEST_PERIOD_SAMPLES = 64


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
        """What came out, in numbers."""
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


def motion_model(kind: str, noise_m: float) -> RowModel:
    """A model of motion by name, told how noisy positions are.

    Args:
        kind: a kind of `BEHAVIOUR_MODELS` that predicts positions.
        noise_m: standard deviation of a measured coordinate [m]; under 0.1 m counts as that.

    Raises:
        InputError: there is no such model.
    """
    known = [name for name, model in BEHAVIOUR_MODELS.items() if "measurement_sigma" in _parameters(model)]
    if kind not in known:
        hint = suggestion(kind, known)
        raise InputError(f"--model: unknown model of motion {kind[:40]!r}; {hint}accepted: {', '.join(known)}")
    model = BEHAVIOUR_MODELS[kind]
    assert issubclass(model, RowModel)
    return model(2, measurement_sigma=max(noise_m, 0.1))  # type: ignore[call-arg]


def _parameters(model: type) -> tuple[str, ...]:
    return model.parameter_names if issubclass(model, RowModel) else ()


@dataclass(frozen=True, eq=False)
class TwinReplay:
    """What a replay found.

    Attributes:
        name: of the trace or model.
        tracks: the paths.
        model: of device and twin.
        tolerance_m: of the policies that have one [m].
        noise_m: standard deviation of a measured coordinate [m].
        policies: in the order asked for.
    """

    name: str
    tracks: tuple[Track, ...]
    model: RowModel
    tolerance_m: float
    noise_m: float
    policies: tuple[PolicyRun, ...]

    def to_json(self) -> dict[str, Any]:
        """What was found, in numbers."""
        from twinhop.experiments.twin_forecasts import forecast_coverage

        coverage = forecast_coverage(self.tracks, self.model)
        return {
            "name": self.name,
            "devices": len(self.tracks),
            "samples": sum(len(track.time_s) for track in self.tracks),
            "sample_s": sample_period_s(self.tracks),
            "noise_m": self.noise_m,
            "tolerance_m": self.tolerance_m,
            "model": self.model.kind,
            "policies": [policy.to_json() for policy in self.policies],
            "coverage": [row._asdict() for row in coverage],
        }


def parse_sync(text: str) -> list[str]:
    """The policies of a comma-separated list.

    Raises:
        InputError: one is unknown, named twice, or there is none.

    >>> parse_sync("fixed,model")
    ['fixed', 'model']
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in SYNC_POLICIES:
            hint = suggestion(name, SYNC_POLICIES)
            raise InputError(f"--sync: unknown policy {name[:40]!r}; {hint}accepted: {', '.join(SYNC_POLICIES)}")
    if not names or len(set(names)) != len(names):
        raise InputError(f"--sync: name each policy once; accepted: {', '.join(SYNC_POLICIES)}")
    return names


def replay(
    name: str,
    tracks: Sequence[Track],
    policies: Sequence[str],
    model: RowModel,
    tolerance_m: float,
    noise_m: float,
    longest_period_s: float,
    period_s: float | None = None,
) -> TwinReplay:
    """Compare synchronisation policies on the same paths.

    Args:
        name: of the trace.
        tracks: the paths; those with fewer than two samples are left out.
        policies: kinds of `SYNC_POLICIES`.
        model: of the model-based policy, one that has seen nothing.
        tolerance_m: of send-on-delta and of the model-based policy [m].
        noise_m: standard deviation of a measured coordinate [m].
        longest_period_s: after which these send in any case [s].
        period_s: of the fixed policy; None: the longest whose p95 error is not above that of the model-based policy,
            or of send-on-delta [s].

    Raises:
        InputError: no path has two samples, or a parameter is out of range.
    """
    kept = [track for track in tracks if len(track.time_s) > 1]
    sample_period_s(kept)
    runs: dict[str, PolicyRun] = {}
    if "model" in policies:
        runs["model"] = run_model(kept, tolerance_m, longest_period_s, model)
    if "delta" in policies:
        runs["delta"] = run_delta(kept, tolerance_m, longest_period_s)
    if "fixed" in policies:
        goal = runs.get("model") or runs.get("delta")
        if period_s is not None or goal is None:
            runs["fixed"] = run_fixed(kept, 1.0 if period_s is None else period_s)
        else:
            runs["fixed"] = best_fixed(kept, goal.p95_error_m)
    chosen = tuple(runs[policy] for policy in policies)
    return TwinReplay(name, tuple(kept), model, tolerance_m, noise_m, chosen)
