"""The figures of the paper again: panels by algorithm, hues by users, dashes by stations.

Fig. 7: cumulative cost of an episode while training goes on. Fig. 8: the cost in the 25 slots of an episode. Fig. 9:
all policies on the same slots, against a solver and certified bounds. Fig. 10: how long training takes.

Curves are interquartile means over seeds. Beside them every setting has a column: a dot a seed, what it comes to in the
end, and from five seeds on the 95 % interval; bands of four settings would cover each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from twinhop.output.kit.colours import DASHED, DASHES, FAINT, HUES, INK, MARKERS, MUTED, PAPER, PolicyLook, policy_looks
from twinhop.output.kit.curves import columns_beside, draw_column, draw_curve, under
from twinhop.output.kit.figures import frame, heading, legend, line, panel_of, shared_legend, sheet
from twinhop.output.kit.style import current_style, styled
from twinhop.placement.problem import FloatArray
from twinhop.stats import interquartile_mean, summarize
from twinhop.stats.bootstrap import band_interval
from twinhop.studies.lu2021.claims import CLOCK
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.solving import SOLVER, TIME_SOLVER
from twinhop.studies.lu2021.terms import SLOTS, SYSTEM, TIME, Reading
from twinhop.text import counted

WIDTH_IN, LEFT_IN, PANEL_IN, HEAD_IN, LEGEND_IN, GAP_IN = 9.0, 0.25, 2.6, 0.75, 0.62, 0.85
TITLES = {
    "literal": "literal: Algorithm 1 as printed",
    "literal-penalty": "literal-penalty: and one line more",
    "flat": "flat: what keeps it stable is on",
    "structured": "structured: over the graph",
}
#: Policies in the order of their bars; further ones stand before the solver.
POLICIES = (
    "random",
    "random_association",
    "nearest",
    "literal",
    "literal-penalty",
    "flat",
    "structured, highest score",
    "structured",
    SOLVER,
    TIME_SOLVER,
)
BOUNDS = {TIME: "time_bound", SYSTEM: "cost_bound"}
#: Width of a bar, and of all bars of a setting; what fills one that shares its colour, and one that decides otherwise.
BAR, GROUP, HATCH, OTHER_WAY = 0.11, 0.86, "/////", "...."
#: Gaps below this are drawn at it: the axis is logarithmic [%].
LEAST_GAP = 0.01

#: Draws one panel of a figure.
Draw = Callable[[Axes], None]


class _Sheet(NamedTuple):
    """A figure in words, and its panels by name, row after row."""

    title: str
    about: str
    columns: int
    panels: dict[str, Draw]
    panel_in: float = PANEL_IN
    legend_in: float = LEGEND_IN


def draw_convergence(results: Results) -> Figure:
    """Draw Fig. 7: system cost and time cost, each summed over an episode, by iteration; a row an algorithm."""
    return _drawn(_convergence(results))


def draw_episodes(results: Results) -> Figure:
    """Draw Fig. 8: system cost by slot of policies as trained, a panel an algorithm, and certified bounds as dots."""
    return _drawn(_episodes(results))


def draw_comparison(results: Results) -> Figure:
    """Draw Fig. 9: a bar a policy in every setting, time cost, system cost and gap; bounds as lines."""
    return _drawn(_comparison(results))


def draw_times(results: Results) -> Figure:
    """Draw Fig. 10: the time that training has taken by iteration, a panel an algorithm."""
    return _drawn(_times(results))


def draw_figure(results: Results, name: str) -> Figure:
    """Draw a figure of `FIGURES`.

    Raises:
        InputError: there is none of this name.
    """
    return FIGURES[panel_of(name, list(FIGURES))](results)


def draw_panel(results: Results, figure: str, axes: Axes, name: str | None = None) -> Axes:
    """Draw one panel of a figure into axes of the user.

    Args:
        results: with at least one run of an algorithm.
        figure: of `FIGURES`.
        axes: where to; its title is left to the user.
        name: of the panel, such as ``structured, system cost``; None: the first.

    Raises:
        InputError: there is no such figure or panel.
    """
    panels = _SHEETS[panel_of(figure, list(_SHEETS))](results).panels
    with styled(given_axes=True):
        panels[panel_of(name, list(panels))](axes)
        legend(axes, loc="best")
    return axes


def _convergence(results: Results) -> _Sheet:
    about = "policies without noise, summed over the 25 slots of an episode; curves: interquartile means; dots: seeds"
    panels: dict[str, Draw] = {}
    for algorithm in results.algorithms:
        for reading in (SYSTEM, TIME):
            panels[f"{algorithm}, {_word(reading)}"] = partial(_draw_convergence, results, algorithm, reading)
    return _Sheet("Fig. 7 again: cumulative cost while training goes on", about, 2, panels)


def _draw_convergence(results: Results, algorithm: str, reading: Reading, axes: Axes) -> None:
    words = "system cost" if reading is SYSTEM else "time cost (latency alone)"
    _frame(axes, _title(results, algorithm), "iteration", f"cumulative {words} [s]", algorithm)
    settings = results.settings(algorithm)
    beside = columns_beside(axes, len(settings))
    for at, setting in enumerate(settings):
        look = _look(setting, results.all_settings)
        values = results.curve(algorithm, setting, reading)
        x = results.iterations(algorithm, setting)
        draw_curve(axes, x, interquartile_mean(values.T), look, setting.label, at, len(settings))
        _draw_seeds(beside, at, results.converged(algorithm, setting, reading), look)
    warm_up = results.warm_up(algorithm)
    if warm_up:
        axes.axvspan(0, warm_up, color=FAINT, alpha=0.7, linewidth=0, zorder=0, label="the critic alone learns")
    axes.set_xlim(left=0)
    under(beside, "last tenth")


def _episodes(results: Results) -> _Sheet:
    about = "policies as trained, without noise; dotted, and ticks beside: certified lower bounds of the same slots"
    panels: dict[str, Draw] = {each: partial(_draw_episode, results, each) for each in results.algorithms}
    return _Sheet("Fig. 8 again: the 25 steps of an episode", about, min(2, len(results.algorithms)), panels, 3.3)


def _draw_episode(results: Results, algorithm: str, axes: Axes) -> None:
    _frame(axes, _title(results, algorithm), "step of the episode", "system cost of a slot [s]", algorithm)
    settings, steps = results.settings(algorithm), np.arange(1.0, SLOTS + 1)
    beside = columns_beside(axes, len(settings))
    for at, setting in enumerate(settings):
        look, slots = _look(setting, results.all_settings), results.slots(algorithm, setting, SYSTEM)
        assert slots is not None
        draw_curve(axes, steps, interquartile_mean(slots.T), look, setting.label, at, len(settings))
        _draw_seeds(beside, at, slots.mean(axis=1), look)
        bound = results.bound(setting, "cost_bound", algorithm)
        if bound is not None:
            axes.plot(steps, interquartile_mean(bound.T), ".", color=look["color"], markersize=3)
            height = float(interquartile_mean(bound.mean(axis=1)))
            beside.plot([at - 0.35, at + 0.35], [height, height], color=INK, linewidth=1.2, zorder=5)
    axes.set_xticks([1, 5, 10, 15, 20, 25])
    under(beside, "mean")


def _times(results: Results) -> _Sheet:
    about = "time of one core, compilation and evaluation left out; curves: interquartile means; dots: seeds"
    panels: dict[str, Draw] = {each: partial(_draw_time, results, each) for each in results.algorithms}
    return _Sheet("Fig. 10 again: time of training", about, min(2, len(results.algorithms)), panels, 3.3)


def _draw_time(results: Results, algorithm: str, axes: Axes) -> None:
    _frame(axes, _title(results, algorithm), "iteration", "time of training [s]", algorithm)
    settings = results.settings(algorithm)
    beside = columns_beside(axes, len(settings))
    for at, setting in enumerate(settings):
        look, seconds = _look(setting, results.all_settings), results.seconds(algorithm, setting, CLOCK)
        x = results.iterations(algorithm, setting)
        draw_curve(axes, x, interquartile_mean(seconds.T), look, setting.label, at, len(settings))
        _draw_seeds(beside, at, seconds[:, -1], look)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    under(beside, "in the end")


def _comparison(results: Results) -> _Sheet:
    about = (
        "mean over 25 slots; the same slots for every policy; interquartile means over seeds, 95 % intervals from five"
    )
    panels: dict[str, Draw] = {_word(reading): partial(_draw_costs, results, reading) for reading in (TIME, SYSTEM)}
    panels["above the bound"] = partial(_draw_gaps, results)
    title = "Fig. 9 again: against the paper's baselines, a solver and the bound"
    return _Sheet(title, about, 1, panels, 2.2, LEGEND_IN + 0.22)


def _draw_costs(results: Results, reading: Reading, axes: Axes) -> None:
    words = "time cost (latency alone)" if reading is TIME else "system cost"
    _frame(axes, f"{words}; dashed: certified lower bound", "", f"{_word(reading)} [s]")
    looks = bar_looks(results)
    for at, setting in enumerate(results.all_settings):
        for place, policy in _places(list(looks), at):
            slots = results.slots(policy, setting, reading)
            style = {**policy_fill(policy, looks[policy]), "width": 0.92 * _width(list(looks))}
            style["label"] = None if at else policy.replace("_", " ")
            if slots is None:  # nothing of this setting, but the legend names it
                axes.bar(place, 0.0, **style)
            else:
                _draw_bar(axes, place, slots.mean(axis=1), style)
        bound = results.bound(setting, BOUNDS[reading])
        if bound is not None:
            _draw_bound(axes, at, bound.mean(axis=1))
    _name_settings(axes, results)
    axes.set_ylim(bottom=0)


def _draw_bar(axes: Axes, place: float, values: FloatArray, style: dict) -> None:
    """Draw a bar with its interval, or with a dot a seed where there are too few for one."""
    axes.bar(place, float(interquartile_mean(values)), **style)
    ends = band_interval([values])
    if ends is not None:
        axes.plot([place] * 2, ends[1:], color=INK, linewidth=1.1, solid_capstyle="butt")
    elif len(values) > 1:
        axes.plot([place] * len(values), values, ".", color=INK, markersize=3.5)


def _draw_bound(axes: Axes, at: int, bound: FloatArray) -> None:
    height, ends = float(interquartile_mean(bound)), band_interval([bound])
    if ends is not None:
        axes.fill_between([at - 0.45, at + 0.45], *ends[1:], color=INK, alpha=0.1, linewidth=0, zorder=0)
    axes.plot([at - 0.45, at + 0.45], [height, height], color=INK, linewidth=1.2, linestyle=DASHED)


def _draw_gaps(results: Results, axes: Axes) -> None:
    """Draw how far system costs are above their bounds, seed by seed: points, for a logarithmic axis has no bottom."""
    _frame(axes, "system cost above its certified bound, seed by seed", "", "above the bound [%]")
    looks = bar_looks(results)
    for at, setting in enumerate(results.all_settings):
        for place, policy in _places(list(looks), at):
            gaps = results.gaps(policy, setting, SYSTEM, BOUNDS[SYSTEM])
            if gaps is None:
                continue
            shown, summary = np.maximum(100 * gaps, LEAST_GAP), summarize(gaps)
            look = looks[policy]
            hollow = PAPER if "," in policy else look.colour
            if summary.interval is not None:
                ends = np.maximum(100 * np.array(summary.interval), LEAST_GAP)
                axes.plot([place] * 2, ends, color=INK, linewidth=1.1, solid_capstyle="butt", zorder=3)
            else:
                axes.plot([place] * len(shown), shown, ".", color=look.colour, markersize=5, markeredgewidth=0)
            middle = max(100 * summary.iqm, LEAST_GAP)
            mark = {"color": look.colour, "markerfacecolor": hollow, "markersize": 6, "zorder": 4}
            axes.plot([place], [middle], marker=look.marker, linestyle="none", **mark)
    _name_settings(axes, results)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _places(names: Sequence[str], at: int) -> list[tuple[float, str]]:
    """Where the bars of a setting stand."""
    wide = _width(names)
    left = at - wide * (len(names) - 1) / 2
    return [(left + wide * place, name) for place, name in enumerate(names)]


def _width(names: Sequence[str]) -> float:
    return min(BAR, GROUP / max(1, len(names)))


def _is_known(results: Results, policy: str) -> bool:
    return any(results.slots(policy, setting, TIME) is not None for setting in results.all_settings)


def bar_names(results: Results) -> list[str]:
    """The bars in their order: policies of which anything is known, further ones before the solver."""
    names = [name for name in POLICIES if _is_known(results, name)]
    at = sum(name not in (SOLVER, TIME_SOLVER) for name in names)
    return [*names[:at], *results.further, *names[at:]]


def bar_looks(results: Results) -> dict[str, PolicyLook]:
    """The looks of the bars, as of their policies in every figure; what stands after a comma says how one decides."""
    names = bar_names(results)
    looks = policy_looks(name.partition(",")[0] for name in names)
    return {name: looks[name.partition(",")[0]] for name in names}


def policy_fill(policy: str, look: PolicyLook) -> dict:
    """How the bar of a policy is filled: in its colour, hatched where it shares the colour of another."""
    hatch = OTHER_WAY if "," in policy else HATCH if look.dashes != DASHES[0] else None
    return {"color": look.colour, "edgecolor": PAPER, "linewidth": 0, "hatch": hatch}


def _name_settings(axes: Axes, results: Results) -> None:
    axes.set_xticks(range(len(results.all_settings)), [each.label for each in results.all_settings], fontsize=9)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.55, len(results.all_settings) - 0.45)


def _drawn(parts: _Sheet) -> Figure:
    """A figure of its own; nothing global is changed."""
    rows = -(-len(parts.panels) // parts.columns)
    height = HEAD_IN + parts.legend_in + rows * (parts.panel_in + GAP_IN)
    with sheet(WIDTH_IN, height, head_in=HEAD_IN - 0.05) as figure:
        full_in = figure.get_size_inches()[1]
        edges = {"left": 0.085, "right": 0.975, "bottom": 0.62 / full_in}
        edges["top"] = 1 - (full_in - height + HEAD_IN + parts.legend_in + 0.08) / full_in
        grid = figure.add_gridspec(rows, parts.columns, hspace=GAP_IN / parts.panel_in, wspace=0.24, **edges)
        heading(figure, LEFT_IN, 0.38, parts.title, 15, 60)
        line(figure, LEFT_IN, 0.62, parts.about, 9, 125, color=MUTED)
        drawn = [figure.add_subplot(grid[at // parts.columns, at % parts.columns]) for at in range(len(parts.panels))]
        for axes, draw in zip(drawn, parts.panels.values(), strict=True):
            draw(axes)
        place = (LEFT_IN - 0.008 * WIDTH_IN, HEAD_IN)
        shared_legend(figure, drawn, place, ncols=4, handlelength=2.6, columnspacing=1.2)
    return figure


def _word(reading: Reading) -> str:
    return "system cost" if reading is SYSTEM else "time cost"


def _frame(axes: Axes, title: str, x: str, y: str, panel: str = "") -> None:
    """The frame of a panel, which is named beside its axis where papers have no title."""
    named = f"{panel}: {y}" if panel and current_style().paper else y
    frame(axes, title, x, named, sizes=(9.5, 8.5, 8), pad=6)


def _look(setting: Setting, settings: Sequence[Setting]) -> dict:
    """How the curve of a setting is drawn."""
    users = sorted({each.users for each in settings})
    stations = sorted({each.stations for each in settings}, reverse=True)
    hue, dash = users.index(setting.users), stations.index(setting.stations)
    return {
        "color": HUES[hue % len(HUES)],
        "linestyle": DASHES[dash % len(DASHES)],
        "marker": MARKERS[(2 * hue + dash) % len(MARKERS)],
    }


def _draw_seeds(beside: Axes, at: int, values: FloatArray, look: dict) -> None:
    ends = band_interval([values])
    draw_column(beside, at, values, float(interquartile_mean(values)), None if ends is None else ends[1:], look)


def _title(results: Results, algorithm: str) -> str:
    """The algorithm, and how many seeds, where settings may differ."""
    counts = [len(results.seeds(algorithm, setting)) for setting in results.settings(algorithm)]
    least, most = min(counts), max(counts)
    return f"{TITLES[algorithm]}, {counted(least, 'seed') if least == most else f'{least} to {most} seeds'}"


_SHEETS: dict[str, Callable[[Results], _Sheet]] = {
    "fig7-convergence": _convergence,
    "fig8-episode": _episodes,
    "fig9-comparison": _comparison,
    "fig10-training-time": _times,
}
FIGURES: dict[str, Callable[[Results], Figure]] = {
    "fig7-convergence": draw_convergence,
    "fig8-episode": draw_episodes,
    "fig9-comparison": draw_comparison,
    "fig10-training-time": draw_times,
}
