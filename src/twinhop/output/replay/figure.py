"""The figures of a replay: truth against twin, error and age over time, forecast fans."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import ACCENT, ALARM, DASHED, FAINT, HUES, INK, MUTED
from twinhop.output.kit.figures import frame, heading, legend, line, note, sheet
from twinhop.replay.forecasts import AHEAD
from twinhop.replay.policy_run import PolicyRun
from twinhop.replay.sync_runs import sample_period_s
from twinhop.replay.tracks import Track
from twinhop.replay.twin_replay import TwinReplay
from twinhop.twin.behaviour import Prediction, RowModel

WIDTH_IN, HEIGHT_IN = 11.0, 5.4
#: Samples of one device that are drawn, and forecast fans.
SHOWN, FANS = 120, 4


def draw_paths(replay: TwinReplay) -> Figure:
    """Where one device was, and where its twin took it to be: one panel a policy.

    Args:
        replay: of at least one policy.

    Returns:
        A figure of its own; nothing global is changed.
    """
    panels = len(replay.policies)
    with _sheet(replay, "truth against twin") as figure:
        grid = figure.add_gridspec(1, panels, left=0.07, right=0.98, top=0.77, bottom=0.11, wspace=0.28)
        for at, policy in enumerate(replay.policies):
            _path(figure.add_subplot(grid[0, at]), policy)
    return figure


def draw_errors(replay: TwinReplay) -> Figure:
    """Error and age of one twin over time, all policies in one panel each.

    Args:
        replay: of at least one policy.

    Returns:
        A figure of its own; nothing global is changed.
    """
    with _sheet(replay, "error and age of one twin") as figure:
        grid = figure.add_gridspec(2, 1, left=0.07, right=0.98, top=0.8, bottom=0.1, hspace=0.32)
        error, age = (figure.add_subplot(cell) for cell in grid)
        _frame(error, "error", "", "error [m]")
        _frame(age, "age of what the twin knows", "time [s]", "age [s]")
        for policy, hue in zip(replay.policies, HUES, strict=False):
            track, run = policy.tracks[0], policy.runs[0]
            samples = slice(0, min(SHOWN, len(track.time_s)))
            error.plot(track.time_s[samples], run.error_m[samples], color=hue, linewidth=1.3, label=_named(policy))
            at, age_s = _sawtooth(track, policy, samples)
            age.plot(at, age_s, color=hue, linewidth=1.3)
        if {"delta", "model"} & {policy.kind for policy in replay.policies}:
            error.axhline(replay.tolerance_m, color=ALARM, linewidth=0.9, linestyle=DASHED, label="tolerance")
        error.set_ylim(bottom=0)
        age.set_ylim(bottom=0)
        legend(error, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderpad=0)
    return figure


def draw_forecasts(replay: TwinReplay) -> Figure:
    """Forecast fans of one device, and how often intervals hold the truth.

    Args:
        replay: of a model of positions.

    Returns:
        A figure of its own; nothing global is changed.
    """
    from twinhop.replay.forecasts import forecast_coverage

    with _sheet(replay, f"forecasts by {replay.model.kind}") as figure:
        grid = figure.add_gridspec(1, 2, left=0.07, right=0.98, top=0.8, bottom=0.12, wspace=0.2, width_ratios=(1.6, 1))
        fans, shares = (figure.add_subplot(cell) for cell in grid)
        _fans(fans, replay.tracks[0], replay.model)
        _shares(shares, forecast_coverage(replay.tracks, replay.model))
    return figure


@contextmanager
def _sheet(replay: TwinReplay, what: str) -> Iterator[Figure]:
    step = f"one sample each {sample_period_s(replay.tracks):g} s, {replay.noise_m:g} m of noise a coordinate"
    text = f"device {replay.tracks[0].user} of {len(replay.tracks)}, {step}, tolerance {replay.tolerance_m:g} m"
    with sheet(WIDTH_IN, HEIGHT_IN) as figure:
        heading(figure, 0.07 * WIDTH_IN, 0.075 * HEIGHT_IN, f"{replay.name}: {what}", 15, 70)
        line(figure, 0.07 * WIDTH_IN, 0.125 * HEIGHT_IN, text, 9.5, 130, color=MUTED)
        yield figure


def _frame(axes: Axes, title: str, x: str, y: str) -> None:
    frame(axes, title, x, y, grid="both", sizes=(9.5, 8.5, 7.5))


def _named(policy: PolicyRun) -> str:
    return f"{policy.kind}: {policy.label}"


def _path(axes: Axes, policy: PolicyRun) -> None:
    track, run = policy.tracks[0], policy.runs[0]
    samples = slice(0, min(SHOWN, len(track.time_s)))
    sent = int(run.sent[samples].sum())
    _frame(axes, f"{_named(policy)}\n{sent} updates in {len(track.time_s[samples])} samples", "x [m]", "y [m]")
    axes.plot(*track.truth_m[samples].T, color=INK, linewidth=1.4, label="truth")
    axes.plot(*run.estimate_m[samples].T, color=ACCENT, linewidth=0.9, alpha=0.8, label="twin")
    axes.plot(*track.measured_m[samples][run.sent[samples]].T, "o", color=ALARM, markersize=2.6, label="sent")
    axes.set_aspect("equal", adjustable="datalim")
    legend(axes, frameon=True, edgecolor="none", framealpha=0.9, loc="best")


def _sawtooth(track: Track, policy: PolicyRun, samples: slice) -> tuple[list[float], list[float]]:
    """The age over time, which falls to 0 at every update."""
    at: list[float] = []
    age_s: list[float] = []
    last_s = math.nan
    for time_s, is_sent in zip(track.time_s[samples].tolist(), policy.runs[0].sent[samples].tolist(), strict=True):
        if not math.isnan(last_s):
            at.append(time_s)
            age_s.append(time_s - last_s)
        if is_sent:
            at.append(time_s)
            age_s.append(0.0)
            last_s = time_s
    return at, age_s


def _fans(axes: Axes, track: Track, model: RowModel) -> None:
    """The x coordinate: truth, and forecasts with their intervals from some moments on."""
    samples = min(SHOWN, len(track.time_s))
    _frame(axes, "x of one device, with 90 % forecasts from four moments on", "time [s]", "x [m]")
    axes.plot(track.time_s[:samples], track.truth_m[:samples, 0], color=INK, linewidth=1.4, label="truth")
    learner = type(model).from_arrays(model.arrays())
    starts = {max(1, samples * number // (FANS + 1)): HUES[number - 1] for number in range(1, FANS + 1)}
    for at in range(samples):
        learner.update(float(track.time_s[at]), track.measured_m[at])
        if at in starts:
            until = min(at + max(AHEAD), samples - 1)
            time_s = track.time_s[at : until + 1]
            _fan(axes, [learner.predict(float(t)) for t in time_s], time_s, starts[at])
    legend(axes, frameon=True, edgecolor="none", framealpha=0.9, loc="best")


def _fan(axes: Axes, forecasts: list[Prediction], time_s: np.ndarray, hue: str) -> None:
    low, mean, high = ([float(getattr(each, name)[0]) for each in forecasts] for name in ("low", "mean", "high"))
    axes.fill_between(time_s, low, high, color=hue, alpha=0.18, linewidth=0)
    axes.plot(time_s, mean, color=hue, linewidth=1.2)
    axes.plot(time_s[0], mean[0], "o", color=hue, markersize=3.5)


def _shares(axes: Axes, rows: list) -> None:
    _frame(axes, "truth inside the 90 % interval, second half", "ahead [s]", "share of coordinates [%]")
    if not rows:
        note(axes, "too few forecasts")
        return
    ahead = [row.ahead_s for row in rows]
    axes.axhspan(85, 95, color=FAINT, alpha=0.6, linewidth=0)
    curves = ((HUES[1], "as the model gives it", "covered"), (ACCENT, "calibrated on the first half", "calibrated"))
    for hue, label, name in curves:
        axes.plot(ahead, [100 * getattr(row, name) for row in rows], "o-", color=hue, markersize=4, label=label)
    least = min(100 * min(row.covered, row.calibrated) for row in rows)
    axes.set_ylim(min(70.0, least - 5), 101)
    axes.set_xscale("log")
    axes.set_xticks(ahead, [f"{each:g}" for each in ahead])
    axes.minorticks_off()
    legend(axes, frameon=True, edgecolor="none", framealpha=0.9, loc="lower right")
