"""Fig. 9: time cost and system cost of all policies on the same slots, against a solver and certified bounds."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.palette import HUES, INK, MUTED
from twinhop.stats.bootstrap import band_interval
from twinhop.studies.lu2021.panels import figure_of, frame, legend
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.terms import SYSTEM, TIME, Reading

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


def draw_comparison(results: Results) -> Figure:
    """Draw a bar a policy in every setting, time cost above and system cost below; bounds as lines."""
    about = "mean over 25 slots; the same slots for every policy; interquartile means over seeds, 95 % intervals"
    figure, panels = figure_of(2, 1, "Fig. 9 again: against the paper's baselines, a solver and the bound", about)
    settings = results.all_settings
    for (axes,), reading in zip(panels, (TIME, SYSTEM), strict=True):
        for at, setting in enumerate(settings):
            _draw(axes, results, setting, reading, at)
        what = "time cost (latency alone)" if reading is TIME else "system cost"
        frame(axes, f"{what}; line: certified lower bound on it", "", f"{what.split(' (')[0]} [s]")
        axes.set_xticks(range(len(settings)), [setting.label for setting in settings], fontsize=9)
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(bottom=0)
    legend(figure, panels[0][0])
    return figure


def _is_known(results: Results, policy: str) -> bool:
    return any(results.slots(policy, setting, TIME) is not None for setting in results.all_settings)


def _draw(axes: Axes, results: Results, setting: Setting, reading: Reading, at: int) -> None:
    known = {name: hue for name, hue in POLICIES.items() if _is_known(results, name)}
    left = at - BAR * (len(known) - 1) / 2
    for place, (policy, colour) in enumerate(known.items()):
        slots = results.slots(policy, setting, reading)
        label = None if at else policy.replace("_", " ")
        if slots is None:
            axes.bar(left + BAR * place, 0.0, width=0.92 * BAR, color=colour, label=label)
            continue
        values = slots.mean(axis=1)
        found = band_interval([values])
        middle = float(values[0]) if found is None else found[0]
        axes.bar(left + BAR * place, middle, width=0.92 * BAR, color=colour, label=label)
        if found is not None:
            axes.plot([left + BAR * place] * 2, found[1:], color=INK, linewidth=1.1, solid_capstyle="butt")
    bound = results.bound(setting, BOUNDS[reading])
    if bound is not None:
        found = band_interval([bound.mean(axis=1)])
        height = float(np.mean(bound)) if found is None else found[0]
        axes.plot([at - 0.45, at + 0.45], [height, height], color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
