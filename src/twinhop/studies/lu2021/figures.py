"""The figures of the paper again: panels by algorithm, hues by users, dashes by stations.

Fig. 7: cumulative cost of an episode while training goes on. Fig. 8: the cost in the 25 slots of an episode. Fig. 9:
all policies on the same slots, against a solver and certified bounds. Fig. 10: how long training takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import DASHED, HUES, INK, MUTED
from twinhop.output.kit.figures import frame, heading, line, shared_legend, sheet
from twinhop.placement.problem import FloatArray
from twinhop.stats.bootstrap import band, band_interval
from twinhop.studies.lu2021.claims import CLOCK
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.terms import SLOTS, SYSTEM, TIME, Reading
from twinhop.text import counted

WIDTH_IN, LEFT_IN, PANEL_IN, HEAD_IN, GAP_IN = 9.0, 0.25, 2.6, 1.05, 0.85
DASHES = ("-", (0, (4, 1.6)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
TITLES = {"literal": "literal: Algorithm 1 as printed", "structured": "structured: what learns"}
#: Policies in the order of their bars, and their colours.
POLICIES = {
    "random": MUTED,
    "random_association": "#a9b0b7",
    "nearest": "#d3d7db",
    "literal": HUES[7],
    "structured, highest score": "#7fb4c6",
    "structured": HUES[0],
    "lagrangian": HUES[1],
}
BOUNDS = {TIME: "time_bound", SYSTEM: "cost_bound"}
BAR = 0.11


def draw_convergence(results: Results) -> Figure:
    """Draw Fig. 7: system cost and time cost, each summed over an episode, by iteration; a row an algorithm."""
    about = "policies without noise, summed over the 25 slots of an episode; interquartile means over seeds, 95 % bands"
    title = "Fig. 7 again: cumulative cost while training goes on"
    with _sheet(len(results.algorithms), 2, title, about) as (figure, panels):
        for row, algorithm in zip(panels, results.algorithms, strict=True):
            for axes, reading in zip(row, (SYSTEM, TIME), strict=True):
                for setting in results.settings(algorithm):
                    values = results.curve(algorithm, setting, reading)
                    look = _style(setting, results.all_settings)
                    _draw_band(axes, results.iterations(algorithm, setting), values, look, setting.label)
                what = "system cost" if reading is SYSTEM else "time cost (latency alone)"
                _frame(axes, _title(results, algorithm), "iteration", f"cumulative {what} [s]")
                axes.set_xlim(left=0)
        _legend(figure, [row[0] for row in panels])
    return figure


def draw_episodes(results: Results) -> Figure:
    """Draw Fig. 8: system cost by slot of policies as trained, a panel an algorithm, and certified bounds as dots."""
    about = "policies as trained, without noise; dots: certified lower bounds of the same slots; 95 % bands over seeds"
    title, steps = "Fig. 8 again: the 25 steps of an episode", np.arange(1.0, SLOTS + 1)
    with _sheet(1, len(results.algorithms), title, about, 3.3) as (figure, [panels]):
        for axes, algorithm in zip(panels, results.algorithms, strict=True):
            for setting in results.settings(algorithm):
                slots, look = results.slots(algorithm, setting, SYSTEM), _style(setting, results.all_settings)
                assert slots is not None
                _draw_band(axes, steps, slots, look, setting.label)
                bound = results.bound(setting, "cost_bound", algorithm)
                if bound is not None:
                    axes.plot(steps, band([bound]).middle, ".", color=look["color"], markersize=3)
            _frame(axes, _title(results, algorithm), "step of the episode", "system cost of a slot [s]")
            axes.set_xticks([1, 5, 10, 15, 20, 25])
        _legend(figure, panels)
    return figure


def draw_times(results: Results) -> Figure:
    """Draw Fig. 10: the time that training has taken by iteration, a panel an algorithm."""
    about = "time of one core, compilation and evaluation left out; interquartile means over seeds, 95 % bands"
    with _sheet(1, len(results.algorithms), "Fig. 10 again: time of training", about, 3.3) as (figure, [panels]):
        for axes, algorithm in zip(panels, results.algorithms, strict=True):
            for setting in results.settings(algorithm):
                seconds, look = results.seconds(algorithm, setting, CLOCK), _style(setting, results.all_settings)
                _draw_band(axes, results.iterations(algorithm, setting), seconds, look, setting.label)
            _frame(axes, _title(results, algorithm), "iteration", "time of training [s]")
            axes.set_xlim(left=0)
            axes.set_ylim(bottom=0)
        _legend(figure, panels)
    return figure


def draw_comparison(results: Results) -> Figure:
    """Draw a bar a policy in every setting, time cost above and system cost below; bounds as lines."""
    about = "mean over 25 slots; the same slots for every policy; interquartile means over seeds, 95 % intervals"
    settings, title = results.all_settings, "Fig. 9 again: against the paper's baselines, a solver and the bound"
    with _sheet(2, 1, title, about) as (figure, panels):
        for (axes,), reading in zip(panels, (TIME, SYSTEM), strict=True):
            for at, setting in enumerate(settings):
                _draw_bars(axes, results, setting, reading, at)
            what = "time cost (latency alone)" if reading is TIME else "system cost"
            _frame(axes, f"{what}; line: certified lower bound on it", "", f"{what.split(' (')[0]} [s]")
            axes.set_xticks(range(len(settings)), [setting.label for setting in settings], fontsize=9)
            axes.tick_params(axis="x", length=0)
            axes.set_ylim(bottom=0)
        _legend(figure, [panels[0][0]])
    return figure


def _is_known(results: Results, policy: str) -> bool:
    return any(results.slots(policy, setting, TIME) is not None for setting in results.all_settings)


def _draw_bars(axes: Axes, results: Results, setting: Setting, reading: Reading, at: int) -> None:
    hues = {name: hue for name, hue in POLICIES.items() if _is_known(results, name)}
    left = at - BAR * (len(hues) - 1) / 2
    for place, (policy, colour) in enumerate(hues.items()):
        slots = results.slots(policy, setting, reading)
        label = None if at else policy.replace("_", " ")
        if slots is None:
            axes.bar(left + BAR * place, 0.0, width=0.92 * BAR, color=colour, label=label)
            continue
        values = slots.mean(axis=1)
        ends = band_interval([values])
        middle = float(values[0]) if ends is None else ends[0]
        axes.bar(left + BAR * place, middle, width=0.92 * BAR, color=colour, label=label)
        if ends is not None:
            axes.plot([left + BAR * place] * 2, ends[1:], color=INK, linewidth=1.1, solid_capstyle="butt")
    bound = results.bound(setting, BOUNDS[reading])
    if bound is not None:
        ends = band_interval([bound.mean(axis=1)])
        height = float(np.mean(bound)) if ends is None else ends[0]
        axes.plot([at - 0.45, at + 0.45], [height, height], color=INK, linewidth=1.2, linestyle=DASHED)


@contextmanager
def _sheet(
    rows: int, columns: int, title: str, about: str, panel_in: float = PANEL_IN
) -> Iterator[tuple[Figure, list[list[Axes]]]]:
    """A figure of empty panels by row, with its words above."""
    height = HEAD_IN + rows * (panel_in + GAP_IN)
    with sheet(WIDTH_IN, height) as figure:
        edges = {"left": 0.085, "right": 0.975, "top": 1 - (HEAD_IN + 0.12) / height, "bottom": 0.62 / height}
        grid = figure.add_gridspec(rows, columns, hspace=GAP_IN / panel_in, wspace=0.22, **edges)
        heading(figure, LEFT_IN, 0.38, title, 15, 60)
        line(figure, LEFT_IN, 0.62, about, 9, 125, color=MUTED)
        yield figure, [[figure.add_subplot(grid[row, column]) for column in range(columns)] for row in range(rows)]


def _frame(axes: Axes, title: str, x: str, y: str) -> None:
    frame(axes, title, x, y, sizes=(9.5, 8.5, 8), pad=6)


def _style(setting: Setting, settings: Sequence[Setting]) -> dict:
    """How the curve of a setting is drawn."""
    users = sorted({each.users for each in settings})
    stations = sorted({each.stations for each in settings}, reverse=True)
    return {
        "color": HUES[users.index(setting.users) % len(HUES)],
        "linestyle": DASHES[stations.index(setting.stations) % len(DASHES)],
    }


def _draw_band(axes: Axes, x: FloatArray, values: FloatArray, look: dict, label: str) -> None:
    """Draw the interquartile mean of (seeds, P) values, and its interval as a band."""
    curve = band([values])
    axes.plot(x, curve.middle, linewidth=1.5, label=label, **look)
    if curve.low is not None and curve.high is not None:
        axes.fill_between(x, curve.low, curve.high, color=look["color"], alpha=0.16, linewidth=0)


def _legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """One legend for all panels, between the words and the panels."""
    panel = max(panels, key=lambda axes: len(axes.lines))
    place = (LEFT_IN - 0.008 * WIDTH_IN, 0.68)
    shared_legend(figure, [panel], place, ncols=7, handlelength=1.9, columnspacing=1.2)


def _title(results: Results, algorithm: str) -> str:
    """The algorithm, and how many seeds, where settings may differ."""
    counts = [len(results.seeds(algorithm, setting)) for setting in results.settings(algorithm)]
    least, most = min(counts), max(counts)
    return f"{TITLES[algorithm]}, {counted(least, 'seed') if least == most else f'{least} to {most} seeds'}"


FIGURES = {
    "fig7-convergence.png": draw_convergence,
    "fig8-episode.png": draw_episodes,
    "fig9-comparison.png": draw_comparison,
    "fig10-training-time.png": draw_times,
}
