"""Fig. 10: how long training takes."""

from __future__ import annotations

from matplotlib.figure import Figure

from twinhop.studies.lu2021.claims import CLOCK
from twinhop.studies.lu2021.panels import TITLES, draw_band, figure_of, frame, legend, seeds_in_words, style
from twinhop.studies.lu2021.results import Results


def draw_times(results: Results) -> Figure:
    """Draw the time that training has taken by iteration, a panel an algorithm."""
    about = "time of one core, compilation and evaluation left out; interquartile means over seeds, 95 % bands"
    figure, panels = figure_of(1, len(results.algorithms), "Fig. 10 again: time of training", about, 3.3)
    for axes, algorithm in zip(panels[0], results.algorithms, strict=True):
        for setting in results.settings(algorithm):
            seconds = results.seconds(algorithm, setting, CLOCK)
            draw_band(
                axes,
                results.iterations(algorithm, setting),
                seconds,
                style(setting, results.all_settings),
                setting.label,
            )
        counts = [len(results.seeds(algorithm, setting)) for setting in results.settings(algorithm)]
        frame(axes, f"{TITLES[algorithm]}, {seeds_in_words(counts)}", "iteration", "time of training [s]")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    legend(figure, max(panels[0], key=lambda axes: len(axes.lines)))
    return figure
