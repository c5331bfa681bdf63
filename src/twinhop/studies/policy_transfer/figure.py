"""Learning curves of all arms, a panel a shift, and what Eq. 34 as printed does to the weights."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from twinhop.output.kit.colours import HUES, INK, MUTED
from twinhop.output.kit.figures import frame, heading, line, shared_legend, sheet
from twinhop.studies.policy_transfer.results import PolicyTransfer
from twinhop.studies.policy_transfer.shifts import Shift
from twinhop.studies.policy_transfer.unit import ALGORITHM, ARMS, LITERAL, LONGER, PRINTED_IN, SCRATCH

COLUMNS, WIDTH_IN, PANEL_IN, HEAD_IN, DOTS_PER_INCH = 3, 11.0, 2.6, 1.3, 130
LEGEND_COLUMNS = 5
CURVES = dict(zip((*ARMS, LONGER), HUES, strict=False))
"""The colour of every arm."""
_LEAST = 1e-3


def draw_policy_transfer(study: PolicyTransfer) -> Figure:
    """Draw the gap by updates, on a logarithmic axis, with 95 % bands over seeds.

    Returns:
        A figure of its own; nothing global is changed.
    """
    shifts = study.shifts
    printed = next((shift for shift in shifts if shift.name == PRINTED_IN), None)
    rows = -(-(len(shifts) + (printed is not None)) // COLUMNS)
    height = HEAD_IN + PANEL_IN * rows
    with sheet(WIDTH_IN, height, DOTS_PER_INCH) as figure:
        panels = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
        edges = {"left": 0.06, "right": 0.985, "bottom": 0.55 / height, "top": 1 - HEAD_IN / height}
        figure.subplots_adjust(wspace=0.22, hspace=0.5, **edges)
        for axes, shift in zip(panels, shifts, strict=False):
            _panel(axes, study, shift)
        empty = panels[len(shifts) :]
        if printed is not None:
            _norms(empty.pop(0), study, printed)
        for axes in empty:
            axes.axis("off")
        left_in = 0.06 * WIDTH_IN
        shared_legend(figure, panels, (0.05 * WIDTH_IN, 0.55), ncols=LEGEND_COLUMNS, fontsize=8)
        heading(figure, left_in, 0.28, "What transfer gains, shift by shift", 12)
        seeds = len(study.curves(shifts[0], SCRATCH))
        about = f"gap to the certified bound [%] by updates; mean of the middle half of {seeds} seeds, 95 % band"
        line(figure, left_in, 0.5, about, 8.5, color=MUTED)
    return figure


def _panel(axes: Axes, study: PolicyTransfer, shift: Shift) -> None:
    for arm, hue in CURVES.items():
        if arm not in study.arms(shift):
            continue
        curve, updates = study.band(shift, arm), study.updates
        dash = "--" if arm == SCRATCH else "-"
        axes.plot(updates, 100 * np.maximum(curve.middle, _LEAST), dash, color=hue, linewidth=1.6, label=arm)
        if curve.low is not None and curve.high is not None:
            low, high = (100 * np.maximum(each, _LEAST) for each in (curve.low, curve.high))
            axes.fill_between(updates, low, high, color=hue, alpha=0.15, linewidth=0)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    _plain(axes, f"{shift.words}{' (hard)' if study.is_hard(shift) else ''}")


def _norms(axes: Axes, study: PolicyTransfer, shift: Shift) -> None:
    """The length of all weights over that at first, as printed and soundly."""
    for arm, hue in ((LITERAL, INK), (ALGORITHM, CURVES[ALGORITHM])):
        norms = study.curves(shift, arm, "norm").mean(axis=0)
        axes.plot(study.updates, norms / norms[0], color=hue, linewidth=1.6)
        gap = 100 * study.curves(shift, arm)[:, -1].mean()
        text, end = f"{'as printed' if arm == LITERAL else 'sound'}: gap {gap:.3g} %", norms[-1] / norms[0]
        axes.annotate(
            text, (study.updates[-1], end), (-4, 6), textcoords="offset points", ha="right", fontsize=8, color=hue
        )
    axes.margins(y=0.2)
    _plain(axes, f"length of the weights by Eq. 34, {shift.name} [1]")


def _plain(axes: Axes, title: str) -> None:
    frame(axes, title, "updates", grid=None, sizes=(9, 8, 8), pad=6)
    axes.tick_params(which="both", colors=MUTED, labelsize=8)
