"""The figure of an evaluation: gaps of learned weights and of policies, a panel a source."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import MUTED
from twinhop.output.kit.figures import heading, line, panel, panel_title, sheet
from twinhop.output.kit.gaps import ROW_IN, GapRow, GapScale, draw_gaps, gap_scale, names_width
from twinhop.output.kit.style import current_style
from twinhop.text import counted
from twinhop.training.evaluation import LearnedEvaluation, SourceScores

WIDTH_IN, MARGIN_IN, HEAD_IN, ABOVE_IN, AXIS_IN = 8.0, 0.25, 0.75, 0.4, 0.55
#: Where panels have no titles: their names left of those of the policies, and what is above them [inch].
SIDE_IN, BARE_ABOVE_IN = 0.25, 0.12


def draw_evaluation(evaluation: LearnedEvaluation) -> Figure:
    """Draw the gaps of all policies, a panel a source, all on one axis: worlds, interquartile means and intervals.

    Args:
        evaluation: what to draw.

    Returns:
        A figure of its own; nothing global is changed.
    """
    panels = {each.source: source_rows(each) for each in evaluation.sources}
    rows = [row for each in panels.values() for row in each]
    scale, titled = gap_scale(rows), current_style().titled
    above_in = ABOVE_IN if titled else BARE_ABOVE_IN
    left_in = MARGIN_IN + names_width(rows) + (0.0 if titled else SIDE_IN)
    body = [above_in + ROW_IN * len(each) + AXIS_IN for each in panels.values()]
    height = HEAD_IN + sum(body)
    with sheet(WIDTH_IN, height, head_in=HEAD_IN, columns=2) as figure:
        top = HEAD_IN
        for source, size in zip(evaluation.sources, body, strict=True):
            axes = panel(figure, left_in, height - top - size + AXIS_IN, MARGIN_IN, top + above_in)
            draw_source(axes, source, scale)
            top += size
        checkpoint = evaluation.checkpoint
        heading(figure, MARGIN_IN, 0.37, "Gap above the certified bound", 15)
        about = f"learned: {checkpoint.configuration['name']}, {checkpoint.algorithm}, iteration {checkpoint.iteration}"
        text = f"{about}; dots: worlds; marks: interquartile means, with 95 % intervals from five worlds on"
        line(figure, MARGIN_IN, 0.62, text, 9, 110, color=MUTED)
    return figure


def draw_source(axes: Axes, source: SourceScores, scale: GapScale | None = None) -> None:
    """The panel of one source; without a scale with that of its own gaps."""
    draw_gaps(axes, source_rows(source), scale)
    size = f"{source.users} users, {source.stations} stations, {counted(len(source.root_seeds), 'world')}"
    title = f"{source.source}: {size}" if current_style().titled else source.source
    panel_title(axes, title, fontsize=10.5)


def source_rows(source: SourceScores) -> list[GapRow]:
    """A row a policy, the least interquartile mean first."""
    gaps = {score.policy: score.gap for score in source.scores}
    rows = []
    for row in sorted(source.rows(), key=lambda row: (row["gap_iqm"] is None, row["gap_iqm"] or 0.0)):
        feasible = 1 - row["infeasible"] / max(1, row["seeds"])
        rows.append(
            GapRow(
                row["policy"], row["gap_iqm"], row["gap_iqm_interval"], feasible=feasible, worlds=gaps[row["policy"]]
            )
        )
    return rows
