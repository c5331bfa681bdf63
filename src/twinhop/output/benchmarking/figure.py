"""The figure of a leaderboard: gaps of every policy, by task and in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.colours import MUTED
from twinhop.output.kit.figures import heading, line, page_width, panel, panel_title, sheet
from twinhop.output.kit.gaps import (
    KEY_PT,
    ROW_IN,
    GapRow,
    GapScale,
    draw_gaps,
    gap_scale,
    letter_key,
    names_width,
    part_letters,
)
from twinhop.output.kit.style import current_style
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.text import counted

if TYPE_CHECKING:
    from twinhop.benchmarking.benchmark import Benchmark

WIDTH_IN, MARGIN_IN, HEAD_IN, ABOVE_IN, AXIS_IN, LINE_IN = 8.5, 0.25, 0.85, 0.36, 0.5, 0.15
#: Where panels have no titles: their names left of those of the policies, and what is above them [inch].
SIDE_IN, BARE_ABOVE_IN = 0.25, 0.12
COLUMNS = 2


def draw_leaderboard(benchmark: Benchmark) -> Figure:
    """Draw both leaderboards, the best policy on top: a letter a task, and the interquartile mean with its interval.

    Returns:
        A figure of its own; nothing global is changed.
    """
    boards: dict[TaskKind, list[GapRow]] = {kind: board_rows(benchmark, kind) for kind in benchmark.leaderboard}
    keys: dict[TaskKind, list[str]] = {kind: _key(benchmark, kind) for kind in boards}
    scale = gap_scale([row for rows in boards.values() for row in rows])
    titled = current_style().titled
    above_in = ABOVE_IN if titled else BARE_ABOVE_IN
    body = [above_in + ROW_IN * len(rows) + AXIS_IN + LINE_IN * len(keys[kind]) for kind, rows in boards.items()]
    height = HEAD_IN + sum(body) + 0.1
    left_in = MARGIN_IN + max(names_width(rows) for rows in boards.values())
    left_in += 0.0 if titled else SIDE_IN
    with sheet(WIDTH_IN, height, head_in=HEAD_IN, columns=COLUMNS) as figure:
        top = HEAD_IN
        for (kind, rows), high in zip(boards.items(), body, strict=True):
            size = ROW_IN * len(rows)
            bottom = height - top - above_in - size
            draw_board(panel(figure, left_in, bottom, MARGIN_IN, top + above_in), benchmark, kind, scale)
            for at, text in enumerate(keys[kind]):
                down_in = top + above_in + size + AXIS_IN + LINE_IN * (at + 0.6)
                line(figure, MARGIN_IN, down_in, text, KEY_PT, color=MUTED)
            top += high
        about = (
            "letters: means of tasks, moved on where they would cover others; marks: IQM of runs, with 95 % interval"
        )
        heading(figure, MARGIN_IN, 0.4, "Gap above the certified bound", 15)
        line(
            figure,
            MARGIN_IN,
            0.65,
            f"{counted(len(benchmark.root_seeds), 'seed')} a task; {about}",
            9,
            118,
            color=MUTED,
        )
    return figure


def draw_board(axes: Axes, benchmark: Benchmark, kind: TaskKind, scale: GapScale | None = None) -> None:
    """The panel of a kind of tasks; without a scale with that of its own gaps."""
    draw_gaps(axes, board_rows(benchmark, kind), scale)
    tasks = counted(len(benchmark.tasks(kind)), "task")
    panel_title(axes, f"{kind}, {tasks}", fontsize=10.5, weight="bold")


def board_rows(benchmark: Benchmark, kind: TaskKind) -> list[GapRow]:
    """A row a policy, in the order of the leaderboard."""
    letters = part_letters([task.name for task in benchmark.tasks(kind)]).values()
    rows = []
    for row in benchmark.leaderboard[kind]:
        gaps = benchmark.gaps(kind, benchmark.policies[kind].index(row["policy"])).mean(axis=1)
        parts = dict(zip(letters, gaps.tolist(), strict=True))
        rows.append(GapRow(row["policy"], row["gap_iqm"], row["gap_iqm_interval"], parts, row["feasible_share"]))
    return rows


def _key(benchmark: Benchmark, kind: TaskKind) -> list[str]:
    names = [task.name for task in benchmark.tasks(kind)]
    prefix = {"placement": "bench-place-", "migration": "bench-move-"}[kind]
    return letter_key(part_letters(names), prefix, page_width(WIDTH_IN, COLUMNS) - 2 * MARGIN_IN)
