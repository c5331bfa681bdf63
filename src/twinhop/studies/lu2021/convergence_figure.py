"""Fig. 7: cumulative cost of an episode while training goes on."""

from __future__ import annotations

from matplotlib.figure import Figure

from twinhop.studies.lu2021.panels import TITLES, draw_band, figure_of, frame, legend, seeds_in_words, style
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.terms import SYSTEM, TIME


def draw_convergence(results: Results) -> Figure:
    """Draw system cost and time cost, each summed over an episode, by iteration; a row an algorithm."""
    about = "policies without noise, summed over the 25 slots of an episode; interquartile means over seeds, 95 % bands"
    figure, panels = figure_of(
        len(results.algorithms), 2, "Fig. 7 again: cumulative cost while training goes on", about
    )
    for row, algorithm in zip(panels, results.algorithms, strict=True):
        settings = results.settings(algorithm)
        seeds = seeds_in_words([len(results.seeds(algorithm, setting)) for setting in settings])
        for axes, reading in zip(row, (SYSTEM, TIME), strict=True):
            for setting in settings:
                values = results.curve(algorithm, setting, reading)
                look = style(setting, results.all_settings)
                draw_band(axes, results.iterations(algorithm, setting), values, look, setting.label)
            what = "system cost" if reading is SYSTEM else "time cost (latency alone)"
            frame(axes, f"{TITLES[algorithm]}, {seeds}", "iteration", f"cumulative {what} [s]")
            axes.set_xlim(left=0)
    legend(figure, max((row[0] for row in panels), key=lambda axes: len(axes.lines)))
    return figure


def _all_settings(results: Results) -> list:
    return sorted({setting for algorithm in results.algorithms for setting in results.settings(algorithm)})
