"""Performance profiles of a benchmark: the share of runs of which each policy is within each gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhop.output.kit.figures import heading, line, panel, panel_title, shared_legend, sheet
from twinhop.output.kit.profiles import draw_profiles, profiles_of
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.text import counted

if TYPE_CHECKING:
    from twinhop.benchmarking.benchmark import Benchmark

WIDTH_IN, PANEL_IN, AXIS_IN, HEAD_IN, TITLE_IN, LEGEND_ROW_IN = 8.0, 2.9, 0.6, 0.8, 0.35, 0.22
NAMES_A_ROW = 4


def draw_benchmark_profiles(benchmark: Benchmark) -> Figure:
    """Draw a panel a kind of task; each sample of its bands keeps every task's number of runs.

    Returns:
        A figure of its own; nothing global is changed.
    """
    legends = [LEGEND_ROW_IN * -(-len(policies) // NAMES_A_ROW) for policies in benchmark.policies.values()]
    height = HEAD_IN + sum(TITLE_IN + legend + PANEL_IN + AXIS_IN for legend in legends)
    with sheet(WIDTH_IN, height, head_in=HEAD_IN) as figure:
        top = HEAD_IN
        for kind, legend_in in zip(benchmark.policies, legends, strict=True):
            above = top + TITLE_IN + legend_in
            axes = panel(figure, 0.75, height - above - PANEL_IN, 0.25, above)
            draw_kind_profile(axes, benchmark, kind)
            tasks = counted(len(benchmark.tasks(kind)), "task")
            panel_title(axes, f"{kind}, {tasks}", fontsize=10.5, pad=8 + 72 * legend_in)
            shared_legend(figure, [axes], (0.65, top + TITLE_IN - 0.05), ncols=NAMES_A_ROW)
            top = above + PANEL_IN + AXIS_IN
        heading(figure, 0.25, 0.4, "Share of runs within each gap", 15)
        words = f"{counted(len(benchmark.root_seeds), 'seed')} a task; bands: 95 %, point by point, from five runs on"
        line(figure, 0.25, 0.65, words, 9)
    return figure


def draw_kind_profile(axes: Axes, benchmark: Benchmark, kind: TaskKind) -> None:
    """The panel of a kind of tasks."""
    gaps = {policy: benchmark.gaps(kind, at) for at, policy in enumerate(benchmark.policies[kind])}
    draw_profiles(axes, profiles_of(gaps))
    axes.set_ylabel("share of runs")
