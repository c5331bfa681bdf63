"""Fig. 8: the cost in the 25 slots of an episode, of policies as trained."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.stats.bootstrap import band
from twinhop.studies.lu2021.panels import TITLES, draw_band, figure_of, frame, legend, seeds_in_words, style
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.terms import SLOTS, SYSTEM


def draw_episodes(results: Results) -> Figure:
    """Draw the system cost by slot, a panel an algorithm, and certified bounds as dots."""
    about = "policies as trained, without noise; dots: certified lower bounds of the same slots; 95 % bands over seeds"
    figure, panels = figure_of(1, len(results.algorithms), "Fig. 8 again: the 25 steps of an episode", about, 3.3)
    for axes, algorithm in zip(panels[0], results.algorithms, strict=True):
        for setting in results.settings(algorithm):
            _draw(axes, results, algorithm, setting, style(setting, results.all_settings))
        counts = [len(results.seeds(algorithm, setting)) for setting in results.settings(algorithm)]
        frame(
            axes, f"{TITLES[algorithm]}, {seeds_in_words(counts)}", "step of the episode", "system cost of a slot [s]"
        )
        axes.set_xticks([1, 5, 10, 15, 20, 25])
    legend(figure, max(panels[0], key=lambda axes: len(axes.lines)))
    return figure


def _draw(axes: Axes, results: Results, algorithm: str, setting: Setting, look: dict) -> None:
    steps = np.arange(1.0, SLOTS + 1)
    slots = results.slots(algorithm, setting, SYSTEM)
    assert slots is not None
    draw_band(axes, steps, slots, look, setting.label)
    bound = results.bound(setting, "cost_bound", algorithm)
    if bound is not None:
        axes.plot(steps, band([bound]).middle, ".", color=look["color"], markersize=3)
