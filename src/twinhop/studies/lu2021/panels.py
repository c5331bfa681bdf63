"""What the figures share: panels by algorithm, hues by users, dashes by stations, and the words above."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.palette import FAINT, FONT, HUES, INK, MUTED, PAPER, fitting
from twinhop.placement.problem import FloatArray
from twinhop.stats.bootstrap import Band, band
from twinhop.studies.lu2021.setting import Setting
from twinhop.text import counted

DOTS_PER_INCH = 160
WIDTH_IN, PANEL_IN, HEAD_IN, GAP_IN = 9.0, 2.6, 1.05, 0.85
DASHES = ("-", (0, (4, 1.6)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
TITLES = {"literal": "literal: Algorithm 1 as printed", "structured": "structured: what learns"}


def figure_of(
    rows: int, columns: int, title: str, about: str, panel_in: float = PANEL_IN
) -> tuple[Figure, list[list[Axes]]]:
    """An empty figure of panels, with its words above.

    Args:
        rows: of panels.
        columns: of panels.
        title: large.
        about: small, a line below it.
        panel_in: height of a panel [in].

    Returns:
        The figure, nothing global changed, and its panels by row.
    """
    height = HEAD_IN + rows * (panel_in + GAP_IN)
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(WIDTH_IN, height), dpi=DOTS_PER_INCH)
        figure.set_facecolor(PAPER)
        grid = figure.add_gridspec(
            rows, columns, left=0.085, right=0.975, top=1 - (HEAD_IN + 0.12) / height, bottom=0.62 / height,
            hspace=GAP_IN / panel_in, wspace=0.22,
        )  # fmt: skip
        panels = [[figure.add_subplot(grid[row, column]) for column in range(columns)] for row in range(rows)]
    left = 0.25 / WIDTH_IN
    figure.text(left, 1 - 0.38 / height, title, fontsize=fitting(title, 15, 60), weight="bold", color=INK)
    figure.text(left, 1 - 0.62 / height, about, fontsize=fitting(about, 9, 125), color=MUTED)
    return figure, panels


def frame(axes: Axes, title: str, x: str, y: str) -> None:
    """Words and lines around a panel."""
    axes.set_title(title, fontsize=9.5, loc="left", color=INK, pad=6)
    axes.set_xlabel(x, fontsize=8.5, color=MUTED)
    axes.set_ylabel(y, fontsize=8.5, color=MUTED)
    axes.tick_params(colors=MUTED, labelsize=8, length=2.5)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)


def style(setting: Setting, settings: Sequence[Setting]) -> dict:
    """How the curve of a setting is drawn."""
    users = sorted({each.users for each in settings})
    stations = sorted({each.stations for each in settings}, reverse=True)
    return {
        "color": HUES[users.index(setting.users) % len(HUES)],
        "linestyle": DASHES[stations.index(setting.stations) % len(DASHES)],
    }


def draw_band(axes: Axes, x: FloatArray, values: FloatArray, look: dict, label: str) -> Band:
    """Draw the interquartile mean of (seeds, P) values, and its interval as a band."""
    found = band([values])
    axes.plot(x, found.middle, linewidth=1.5, label=label, **look)
    if found.low is not None and found.high is not None:
        axes.fill_between(x, found.low, found.high, color=look["color"], alpha=0.16, linewidth=0)
    return found


def legend(figure: Figure, panel: Axes) -> None:
    """One legend for all panels, between the words and the panels."""
    handles, labels = panel.get_legend_handles_labels()
    height = figure.get_size_inches()[1]
    figure.legend(
        handles, labels, loc="upper left", ncols=7, frameon=False, fontsize=8.5, handlelength=1.9, columnspacing=1.2,
        bbox_to_anchor=(0.25 / WIDTH_IN - 0.008, 1 - 0.68 / height),
    )  # fmt: skip


def seeds_in_words(counts: Sequence[int]) -> str:
    """How many seeds, where settings may differ."""
    least, most = min(counts), max(counts)
    return counted(least, "seed") if least == most else f"{least} to {most} seeds"
