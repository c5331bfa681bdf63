"""Feeding twins a trace: the synchronisation policies beside each other on the same paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinhop.replay.forecasts import forecast_coverage
from twinhop.replay.policy_run import PolicyRun
from twinhop.replay.sync_runs import best_fixed, run_delta, run_fixed, run_model, sample_period_s
from twinhop.replay.tracks import Track
from twinhop.result import Result
from twinhop.twin.behaviour import RowModel


@dataclass(frozen=True, eq=False)
class TwinReplay(Result):
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
        coverage = forecast_coverage(self.tracks, self.model)
        return {
            "source": self.name,
            "devices": len(self.tracks),
            "samples": sum(len(track.time_s) for track in self.tracks),
            "sample_s": sample_period_s(self.tracks),
            "noise_m": self.noise_m,
            "tolerance_m": self.tolerance_m,
            "model": self.model.kind,
            "policies": [policy.to_json() for policy in self.policies],
            "coverage": [row._asdict() for row in coverage],
        }


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
    used = [track for track in tracks if len(track.time_s) > 1]
    sample_period_s(used)
    runs: dict[str, PolicyRun] = {}
    if "model" in policies:
        runs["model"] = run_model(used, tolerance_m, longest_period_s, model)
    if "delta" in policies:
        runs["delta"] = run_delta(used, tolerance_m, longest_period_s)
    if "fixed" in policies:
        goal = runs.get("model") or runs.get("delta")
        if period_s is not None or goal is None:
            runs["fixed"] = run_fixed(used, 1.0 if period_s is None else period_s)
        else:
            runs["fixed"] = best_fixed(used, goal.p95_error_m)
    policy_runs = tuple(runs[policy] for policy in policies)
    return TwinReplay(name, tuple(used), model, tolerance_m, noise_m, policy_runs)
