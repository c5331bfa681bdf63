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
from twinhop.output.kit.style import current_style
from twinhop.replay.forecasts import AHEAD
from twinhop.replay.policy_run import PolicyRun
from twinhop.replay.sync_runs import sample_period_s
from twinhop.replay.tracks import Track
from twinhop.replay.twin_replay import TwinReplay
from twinhop.text import counted
from twinhop.twin.behaviour import Prediction, RowModel

WIDTH_IN, HEIGHT_IN, HEAD_IN, LEFT_IN = 11.0, 5.4, 0.85, 0.7
#: Height of a policy's row of panels, and what is left below rows [inch].
ROW_IN, FOOT_IN = 1.45, 0.55
#: Samples of one device that are drawn, and forecast fans.
SHOWN, FANS = 120, 4
#: Hues of the ways to synchronise, the same in every figure.
SYNC_HUES = {"fixed": HUES[0], "delta": HUES[1], "model": HUES[2], "age": HUES[3]}


def draw_paths(replay: TwinReplay) -> Figure:
    """Where one device was, and where its twin took it to be: one panel a policy.

    Args:
        replay: of at least one policy.

    Returns:
        A figure of its own; nothing global is changed.
    """
    panels = len(replay.policies)
    with _sheet(replay, "truth against twin", HEIGHT_IN) as (figure, top):
        grid = figure.add_gridspec(1, panels, left=0.07, right=0.98, top=top - 0.07, bottom=0.11, wspace=0.28)
        for at, policy in enumerate(replay.policies):
            _path(figure.add_subplot(grid[0, at]), policy)
    return figure


def draw_errors(replay: TwinReplay) -> Figure:
    """Error and age of one twin over time, a row of panels a policy, with equal axes, and the errors of all devices.

    Args:
        replay: of at least one policy.

    Returns:
        A figure of its own; nothing global is changed.
    """
    rows = len(replay.policies)
    height = HEAD_IN + rows * ROW_IN + FOOT_IN
    with _sheet(replay, "error and age of one twin", height) as (figure, top):
        sides = {"left": 0.07, "right": 0.985, "top": top - 0.04, "bottom": FOOT_IN / figure.get_figheight()}
        grid = figure.add_gridspec(rows, 3, hspace=0.5, wspace=0.2, width_ratios=(2.2, 1.6, 0.8), **sides)
        shared: list[Axes | None] = [None, None, None]
        tops = [1e-9, 1e-9, 1e-9]
        for row, policy in enumerate(replay.policies):
            panels = [figure.add_subplot(grid[row, at], sharex=shared[at], sharey=shared[at]) for at in range(3)]
            shared = [before or axes for before, axes in zip(shared, panels, strict=True)]
            draw_error(panels[0], replay, policy, last=row == rows - 1)
            _age(panels[1], policy, first=row == 0, last=row == rows - 1)
            _spread(panels[2], replay, policy, first=row == 0, last=row == rows - 1)
            tops = [max(each, axes.dataLim.y1) for each, axes in zip(tops, panels, strict=True)]
        for axes, top_value in zip(shared[:2], tops[:2], strict=True):
            assert axes is not None
            axes.set_ylim(0, 1.06 * top_value)
    return figure


def draw_error(axes: Axes, replay: TwinReplay, policy: PolicyRun, last: bool = True) -> None:
    """Draw the error of one twin over time, with ticks below where it was brought up to date.

    Args:
        axes: where to.
        replay: of the policy.
        policy: how the twin is kept.
        last: whether no panel is below.
    """
    track, run = policy.tracks[0], policy.runs[0]
    samples = slice(0, min(SHOWN, len(track.time_s)))
    time_s, sent, hue = track.time_s[samples], run.sent[samples], _hue(policy)
    title = f"{_named(policy)}, {counted(int(sent.sum()), 'update')} (ticks)"
    _frame(axes, title, "time [s]" if last else "", _labelled(policy, "error [m]"))
    axes.fill_between(time_s, 0, run.error_m[samples], color=hue, alpha=0.25, linewidth=0)
    axes.plot(time_s, run.error_m[samples], color=hue, linewidth=1.1, label=_named(policy))
    axes.plot(time_s[sent], np.zeros(int(sent.sum())), "|", color=INK, markersize=5, clip_on=False, label="update")
    if _has_tolerance(replay):
        axes.axhline(replay.tolerance_m, color=ALARM, linewidth=0.9, linestyle=DASHED, label="tolerance")
    axes.margins(x=0.01)
    if current_style().given_axes:
        axes.set_ylim(bottom=0)
        legend(axes, loc="upper right")


def _age(axes: Axes, policy: PolicyRun, first: bool, last: bool) -> None:
    samples = slice(0, min(SHOWN, len(policy.tracks[0].time_s)))
    at, age_s = _sawtooth(policy.tracks[0], policy, samples)
    _frame(axes, "age of what the twin knows" if first else "", "time [s]" if last else "", "age [s]")
    axes.fill_between(at, 0, age_s, color=_hue(policy), alpha=0.25, linewidth=0)
    axes.plot(at, age_s, color=_hue(policy), linewidth=1.1)
    axes.margins(x=0.01)


def _spread(axes: Axes, replay: TwinReplay, policy: PolicyRun, first: bool, last: bool) -> None:
    """Errors of all samples of all devices: how many are no larger, median and 95th percentile as in the table."""
    errors = np.sort(np.concatenate([run.error_m for run in policy.runs]))
    _frame(axes, "all devices" if first else "", "error [m]" if last else "", "samples [%]")
    axes.plot(errors, 100 * np.arange(1, len(errors) + 1) / len(errors), color=_hue(policy), linewidth=1.6)
    for name, share in (("error_p50_m", 50), ("error_p95_m", 95)):
        axes.plot([policy.to_json()[name]], [share], "o", color=_hue(policy), markeredgecolor=INK, markersize=4.5)
    if _has_tolerance(replay):
        axes.axvline(replay.tolerance_m, color=ALARM, linewidth=0.9, linestyle=DASHED)
    axes.set_ylim(0, 103)
    axes.set_yticks([0, 50, 95])
    axes.set_xlim(left=0)


def _hue(policy: PolicyRun) -> str:
    return SYNC_HUES.get(policy.kind, HUES[4])


def _has_tolerance(replay: TwinReplay) -> bool:
    return bool({"delta", "model"} & {policy.kind for policy in replay.policies})


def _labelled(policy: PolicyRun, label: str) -> str:
    """The label of an axis; papers have no titles, and so it names the policy."""
    return f"{policy.kind}: {label}" if current_style().paper else label


def draw_forecasts(replay: TwinReplay) -> Figure:
    """Forecast fans of one device, and how often intervals hold the truth.

    Args:
        replay: of a model of positions.

    Returns:
        A figure of its own; nothing global is changed.
    """
    from twinhop.replay.forecasts import forecast_coverage

    with _sheet(replay, f"forecasts by {replay.model.kind}", HEIGHT_IN) as (figure, top):
        sides = {"left": 0.07, "right": 0.98, "top": top - 0.06, "bottom": 0.12}
        grid = figure.add_gridspec(1, 2, wspace=0.2, width_ratios=(1.6, 1), **sides)
        fans, shares = (figure.add_subplot(cell) for cell in grid)
        _fans(fans, replay.tracks[0], replay.model)
        _shares(shares, forecast_coverage(replay.tracks, replay.model))
    return figure


@contextmanager
def _sheet(replay: TwinReplay, what: str, height_in: float) -> Iterator[tuple[Figure, float]]:
    """A figure with its head, and the share of its height at which panels may begin."""
    step = f"one sample each {sample_period_s(replay.tracks):g} s, {replay.noise_m:g} m of noise a coordinate"
    text = f"device {replay.tracks[0].user} of {len(replay.tracks)}, {step}, tolerance {replay.tolerance_m:g} m"
    with sheet(WIDTH_IN, height_in, head_in=HEAD_IN - 0.1) as figure:
        heading(figure, LEFT_IN, 0.4, f"{replay.name}: {what}", 15, 70)
        line(figure, LEFT_IN, 0.65, text, 9.5, 130, color=MUTED)
        full_in = figure.get_figheight()
        yield figure, 1 - (full_in - (height_in - HEAD_IN)) / full_in


def _frame(axes: Axes, title: str, x: str, y: str) -> None:
    frame(axes, title, x, y, grid="both", sizes=(9.5, 8.5, 7.5))


def _named(policy: PolicyRun) -> str:
    return f"{policy.kind}: {policy.label}"


def _path(axes: Axes, policy: PolicyRun) -> None:
    track, run = policy.tracks[0], policy.runs[0]
    samples = slice(0, min(SHOWN, len(track.time_s)))
    sent = int(run.sent[samples].sum())
    _frame(
        axes,
        f"{_named(policy)}\n{sent} updates in {len(track.time_s[samples])} samples",
        "x [m]",
        _labelled(policy, "y [m]"),
    )
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
