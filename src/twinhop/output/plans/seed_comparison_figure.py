"""Figures of policies on the worlds of several seeds: gaps of every world, and performance profiles."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.figures import heading, line, panel, shared_legend, sheet
from twinhop.output.kit.gaps import GapRow, draw_gaps, names_width
from twinhop.output.kit.profiles import draw_profiles, profiles_of
from twinhop.plans.seed_comparison import SeedComparison
from twinhop.stats.bootstrap import FEWEST_WORLDS

WIDTH_IN, ROW_IN, LEFT_IN = 8.0, 0.36, 0.25
HEAD_IN, AXIS_IN, PROFILE_IN, LEGEND_ROW_IN = 0.85, 0.6, 3.2, 0.22
NAMES_A_ROW = 4


def draw_worlds(comparison: SeedComparison) -> Figure:
    """Draw the gaps of every policy, the least interquartile mean on top.

    Returns:
        A figure of its own; nothing global is changed.
    """
    rows = gap_rows(comparison)
    with sheet(WIDTH_IN, HEAD_IN + AXIS_IN + ROW_IN * len(rows), head_in=HEAD_IN) as figure:
        draw_gap_panel(panel(figure, LEFT_IN + names_width(rows), AXIS_IN, LEFT_IN, HEAD_IN), comparison)
        ends = ", with its 95 % interval" if len(comparison.worlds) >= FEWEST_WORLDS else ""
        _head(figure, comparison, f"dots: worlds; marks: interquartile mean{ends}")
    return figure


def draw_gap_panel(axes: Axes, comparison: SeedComparison) -> None:
    """The panel of the gaps."""
    draw_gaps(axes, gap_rows(comparison))


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


def gap_rows(comparison: SeedComparison) -> list[GapRow]:
    """A row a policy, the least interquartile mean first."""
    best_first = lambda row: (row["gap_iqm"] is None, row["gap_iqm"] or 0.0)  # noqa: E731
    return [
        GapRow(
            row["policy"],
            row["gap_iqm"],
            row["gap_iqm_interval"],
            feasible=row["feasible_share"],
            worlds=comparison.gaps(row["policy"]).tolist(),
        )
        for row in sorted(comparison.rows(), key=best_first)
    ]


def _head(figure: Figure, comparison: SeedComparison, words: str) -> None:
    heading(figure, LEFT_IN, 0.42, comparison.name)
    line(figure, LEFT_IN, 0.68, f"{comparison.seeds_in_words()}; {words}", 9.5, 110)
