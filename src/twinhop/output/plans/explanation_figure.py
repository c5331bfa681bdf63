"""The figure of an explanation: what the plan would cost more or less with one twin on each other host."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import ACCENT, FAINT, INK, MUTED
from twinhop.output.kit.figures import beside, heading, line, note, page_width, panel, rows_frame, sheet, text_width
from twinhop.plans.explanation import Explanation

WIDTH_IN, MARGIN_IN, HEAD_IN, ABOVE_IN, AXIS_IN, ROW_IN = 7.0, 0.25, 0.75, 0.12, 0.55, 0.32
NAME_PT, LABEL_PT = 9, 8
#: Hosts that are shown, the best first.
MOST_HOSTS = 12
MS_PER_S = 1e3


def draw_explanation(explanation: Explanation) -> Figure:
    """Draw what the plan's cost would change by if the twin were moved alone, a bar a possible host, the best on top.

    Args:
        explanation: of a twin.

    Returns:
        A figure of its own; nothing global is changed.
    """
    problem = explanation.plan.solution.problem
    names = [name for name, _ in _changes(explanation)]
    left_in = MARGIN_IN + max((text_width(name, NAME_PT) for name in names), default=0.3) + 0.1
    height = HEAD_IN + ABOVE_IN + ROW_IN * max(2, len(names)) + AXIS_IN
    with sheet(WIDTH_IN, height, head_in=HEAD_IN, columns=1) as figure:
        draw_changes(panel(figure, left_in, AXIS_IN, MARGIN_IN, HEAD_IN + ABOVE_IN), explanation)
        user, host = problem.user_name(explanation.user), problem.station_name(explanation.host)
        heading(figure, MARGIN_IN, 0.37, f"Why {user} is on {host}", 15)
        text = f"{explanation.plan.case.name}: the plan's cost with the twin moved alone to another host"
        line(figure, MARGIN_IN, 0.63, text, 9, int(13.5 * page_width(WIDTH_IN)), color=MUTED)
    return figure


def draw_changes(axes: Axes, explanation: Explanation) -> None:
    """The panel of the bars."""
    changes = _changes(explanation)[::-1]
    if not changes:
        note(axes, "no other host may take the twin")
        return
    unit = explanation.plan.solution.problem.money_unit
    values = np.array([change if unit else MS_PER_S * change for _, change in changes])
    hues = [ACCENT if value < 0 else MUTED for value in values]
    axes.barh(range(len(values)), values, height=0.6, color=hues)
    axes.axvline(0, color=FAINT, linewidth=1)
    rows_frame(axes, [name for name, _ in changes], f"change of the cost [{unit or 'ms'}]", NAME_PT)
    labels = [f"{value:+.3g}" for value in values]
    _make_room(axes, values, labels)
    for at, (value, label) in enumerate(zip(values.tolist(), labels, strict=True)):
        beside(axes, label, (max(0.0, value), at), LABEL_PT, color=INK)


def _changes(explanation: Explanation) -> list[tuple[str, float]]:
    """Possible hosts and the change of the cost, the least first."""
    problem = explanation.plan.solution.problem
    possible = [(each, each.change.total) for each in explanation.possible if each.change is not None]
    ordered = sorted(possible, key=lambda pair: pair[1])[:MOST_HOSTS]
    return [(problem.station_name(each.station), change) for each, change in ordered]


def _make_room(axes: Axes, values: np.ndarray, labels: list[str]) -> None:
    """Let the axis end where the words behind the bars do."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room_in = max(text_width(label, LABEL_PT) for label in labels) + 0.15
    share = min(0.6, room_in / (axes.get_window_extent().width / figure.dpi))
    span = max(high - low, 1e-9) / (1 - share)
    axes.set_xlim(low - 0.02 * span, low + span)
