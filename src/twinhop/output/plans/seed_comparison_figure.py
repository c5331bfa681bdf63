"""Figures of policies on the worlds of several seeds: gaps of every world, and performance profiles."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.figures import heading, line, panel, shared_legend, sheet, text_width
from twinhop.output.kit.gap_panels import (
    LABEL_PT,
    NAME_PT,
    draw_gaps,
    draw_profiles,
    gap_label,
    profiles_of,
)
from twinhop.plans.seed_comparison import SeedComparison
from twinhop.stats.bootstrap import FEWEST_WORLDS

WIDTH_IN, ROW_IN, LEFT_IN, KEY_IN = 8.0, 0.36, 0.25, 0.3
HEAD_IN, AXIS_IN, PROFILE_IN, LEGEND_ROW_IN = 0.85, 0.6, 3.2, 0.22
NAMES_A_ROW = 4


def draw_worlds(comparison: SeedComparison) -> Figure:
    """Draw the gaps of every policy, the least interquartile mean on top.

    Returns:
        A figure of its own; nothing global is changed.
    """
    rows = _sorted_rows(comparison)
    left_in = LEFT_IN + KEY_IN + max(text_width(row["policy"].replace("_", " "), NAME_PT) for row in rows)
    right_in = LEFT_IN + 0.1 + max(text_width(gap_label(row), LABEL_PT) for row in rows)
    with sheet(WIDTH_IN, HEAD_IN + AXIS_IN + ROW_IN * len(rows), head_in=HEAD_IN) as figure:
        draw_gap_panel(panel(figure, left_in, AXIS_IN, right_in, HEAD_IN), comparison)
        ends = ", with its 95 % interval" if len(comparison.worlds) >= FEWEST_WORLDS else ""
        _head(figure, comparison, f"dots: worlds; marks: interquartile mean{ends}")
    return figure


def draw_gap_panel(axes: Axes, comparison: SeedComparison) -> None:
    """The panel of the gaps."""
    rows = _sorted_rows(comparison)
    draw_gaps(axes, rows, [comparison.gaps(row["policy"]) for row in rows])


def draw_profile(comparison: SeedComparison) -> Figure:
    """Draw the share of worlds in which each policy is within each gap.

    Returns:
        A figure of its own; nothing global is changed.
    """
    legend_in = 0.1 + LEGEND_ROW_IN * -(-len(comparison.policies) // NAMES_A_ROW)
    with sheet(WIDTH_IN, HEAD_IN + legend_in + PROFILE_IN + AXIS_IN, head_in=HEAD_IN) as figure:
        axes = panel(figure, 0.75, AXIS_IN, LEFT_IN, HEAD_IN + legend_in)
        draw_profile_panel(axes, comparison)
        bands = "; bands of 95 %, point by point" if len(comparison.worlds) >= FEWEST_WORLDS else ""
        _head(figure, comparison, f"share of worlds within each gap{bands}")
        shared_legend(figure, [axes], (0.65, HEAD_IN), ncols=NAMES_A_ROW)
    return figure


def draw_profile_panel(axes: Axes, comparison: SeedComparison) -> None:
    """The panel of the profiles."""
    draw_profiles(axes, profiles_of({policy: comparison.gaps(policy) for policy in comparison.policies}))


def _sorted_rows(comparison: SeedComparison) -> list[dict]:
    worst_first = lambda row: (row["gap_iqm"] is not None, -(row["gap_iqm"] or 0.0))  # noqa: E731
    return sorted(comparison.rows(), key=worst_first)


def _head(figure: Figure, comparison: SeedComparison, words: str) -> None:
    heading(figure, LEFT_IN, 0.42, comparison.name)
    line(figure, LEFT_IN, 0.68, f"{comparison.seeds_in_words()}; {words}", 9.5, 110)
