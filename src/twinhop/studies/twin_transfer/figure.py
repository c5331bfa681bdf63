"""The figure of twins that take their models along."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import HUES, INK
from twinhop.output.kit.figures import frame, legend, sheet
from twinhop.studies.twin_transfer.results import TwinTransferStudy
from twinhop.studies.twin_transfer.scores import ARMS, Score

DOTS_PER_INCH, ACROSS, PANEL_IN, HEAD_IN = 130, 3, (4.4, 3.0), 0.5


def draw_twin_transfer(study: TwinTransferStudy) -> Figure:
    """Draw a panel a world and measure, bars by time since the move, and one for the lengths of both readings.

    Args:
        study: any.

    Returns:
        A figure of its own; nothing global is changed.
    """
    panels: dict[tuple[str, str], list[Score]] = {}
    for score in study.scores:
        panels.setdefault((score.world, score.measure), []).append(score)
    down = -(-(len(panels) + 1) // ACROSS)
    height = down * PANEL_IN[1] + HEAD_IN
    with sheet(ACROSS * PANEL_IN[0], height, DOTS_PER_INCH) as figure:
        axes = list(figure.subplots(down, ACROSS, squeeze=False).flat)
        for each, ((world, measure), rows) in zip(axes, panels.items(), strict=False):
            _bars(each, world, measure, rows)
        _lengths(axes[len(panels)], study)
        for empty in axes[len(panels) + 1 :]:
            empty.set_axis_off()
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=len(ARMS), frameon=False, fontsize=9)
        figure.tight_layout(rect=(0, 0, 1, 1 - 0.4 / height))
    return figure


def _frame(axes: Axes, title: str, x: str, y: str) -> None:
    frame(axes, title, x, y, sizes=(8.5, 8, 7.5), pad=6)


def _bars(axes: Axes, world: str, measure: str, rows: list[Score]) -> None:
    scale, unit = (100.0, "%") if measure.startswith("top") else (1.0, "m")
    _frame(axes, world, "time since the move [s], bar: 95 % interval over users", f"{measure} [{unit}]")
    spans = list(dict.fromkeys((row.from_s, row.to_s) for row in rows))
    for place, arm in enumerate(ARMS):
        mine = [row for row in rows if row.arm == arm]
        at = np.array([spans.index((row.from_s, row.to_s)) for row in mine]) + (place - 2.5) * 0.14
        mean = scale * np.array([row.mean for row in mine])
        reach = np.abs(scale * np.array([[row.low for row in mine], [row.high for row in mine]]) - mean)
        axes.bar(at, mean, 0.14, yerr=reach, color=HUES[place], ecolor=INK, error_kw={"linewidth": 0.7}, label=arm)
    axes.set_xticks(range(len(spans)), [f"{begin:g} to {end:g}" for begin, end in spans])


def _lengths(axes: Axes, study: TwinTransferStudy) -> None:
    _frame(axes, "Eq. 34 at every move, rho 1", "moves", "length of the model over that at first [1]")
    for hue, (reading, norms) in zip(HUES, study.norms.items(), strict=False):
        axes.plot(range(len(norms)), norms, color=hue, marker="o", markersize=3, label=reading)
    legend(axes, loc="best")
