"""How a benchmark is shown: answer, table of all runs, leaderboard and figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.benchmarking.benchmark import Benchmark
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import (
    PAIRS_HEADER,
    failure_section,
    number,
    pair_cells,
    percent,
    percent_interval,
    table,
    write_csv,
    write_table,
)
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES: dict[TaskKind, str] = {
    "placement": "Placement: decided once, gap to the bound of `lagrangian`",
    "migration": "Migration: decided in every slot, gap to the certified offline bound",
}
PROFILE = "profile"
HEADER = ("policy", "gap, IQM", "95 % interval", "mean", "worst", "feasible", "ms")
#: Columns of the tables for papers.
BOARD_COLUMNS = {
    "kind": "",
    "policy": "policy",
    "gap_iqm_percent": "gap, IQM [%]",
    "gap_iqm_percent_interval": "95 % interval",
    "gap_mean_percent": "mean [%]",
    "gap_worst_percent": "worst [%]",
    "feasible_share_percent": "feasible [%]",
    "decision_ms": "ms",
}


def plot(benchmark: Benchmark, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """The leaderboard, or the panel ``profile``, the share of runs within every gap.

    In given axes the panel is the leaderboard of ``placement`` or ``migration``, or the ``profile`` of the first kind.
    """
    from twinhop.output.benchmarking.figure import draw_board, draw_leaderboard
    from twinhop.output.benchmarking.profile_figure import draw_benchmark_profiles, draw_kind_profile
    from twinhop.output.kit.figures import panel_of

    kinds: dict[str, TaskKind] = {kind: kind for kind in benchmark.leaderboard}
    name = panel_of(panel, [*kinds, PROFILE])
    if ax is None:
        return draw_benchmark_profiles(benchmark) if name == PROFILE else draw_leaderboard(benchmark)
    if name == PROFILE:
        draw_kind_profile(ax, benchmark, next(iter(kinds.values())))
    else:
        draw_board(ax, benchmark, kinds[name])
    return ax


def write(benchmark: Benchmark, folder: Path) -> None:
    """Write benchmark.json, .parquet and .csv (all runs), leaderboard.md, .csv and .tex, and two figures."""
    import polars as pl

    write_answer(folder / "benchmark.json", benchmark.to_json())
    without_infinities(pl.DataFrame(benchmark.run_rows(), infer_schema_length=None)).write_parquet(
        folder / "benchmark.parquet"
    )
    (folder / "leaderboard.md").write_text(report(benchmark), encoding="utf-8")
    write_csv(folder, "benchmark", benchmark.run_rows())
    failed = {"failed": "failed"} if benchmark.failures else {}
    write_table(folder, "leaderboard", _board_rows(benchmark), BOARD_COLUMNS | failed)
    save_figure(plot(benchmark), folder, "leaderboard")
    save_figure(plot(benchmark, panel=PROFILE), folder, "profile")


def _board_rows(benchmark: Benchmark) -> list[dict[str, Any]]:
    rows = []
    for kind, board in benchmark.leaderboard.items():
        for row in board:
            shares = {
                f"{name}_percent": _percent(row[name])
                for name in ("gap_iqm", "gap_mean", "gap_worst", "feasible_share")
            }
            ends = row["gap_iqm_interval"]
            interval = None if ends is None else [_percent(end) for end in ends]
            rows.append({"kind": kind, **row, **shares, "gap_iqm_percent_interval": interval})
    return rows


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def report(benchmark: Benchmark) -> str:
    """The leaderboard in Markdown: both, and the mean gap of every policy on every task."""
    first, last = benchmark.root_seeds[0], benchmark.root_seeds[-1]
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    lines = ["# Leaderboard", "", f"{counted(len(benchmark.results), 'task')}, {seeds}."]
    for kind, rows in benchmark.leaderboard.items():
        lines += ["", f"## {TITLES[kind]}", "", *table(HEADER, map(overall_cells, rows))]
        if len(rows) > 1:
            lines += ["", f"Cost against `{benchmark.against(kind)}`, world by world (IQM):", ""]
            lines += table(PAIRS_HEADER, pair_rows(benchmark, kind))
        lines += ["", "Mean gap of every task:", "", *_by_task(benchmark, kind)]
    failed = failure_section(each.in_words() for each in benchmark.failures)
    lines += ["", *failed] if failed else []
    lines += ["", *(f"- Skipped: {text}" for text in benchmark.skipped)]
    lines += [f"- {text}" for text in benchmark.attribution]
    return "\n".join(lines).rstrip() + "\n"


def overall_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one policy's row."""
    return (
        row["policy"] + (f" (failed: {row['failed']})" if row["failed"] else ""),
        percent(row["gap_iqm"]),
        percent_interval(row["gap_iqm_interval"]),
        percent(row["gap_mean"]),
        percent(row["gap_worst"]),
        f"{100 * row['feasible_share']:.0f} %",
        number(row["decision_ms"], 3),
    )


def pair_rows(benchmark: Benchmark, kind: TaskKind) -> list[tuple[str, ...]]:
    """The cells of every policy but the reference, in the order of the leaderboard."""
    rows = benchmark.leaderboard[kind]
    return [pair_cells(row) for row in rows if row["policy"] != benchmark.against(kind)]


def _by_task(benchmark: Benchmark, kind: TaskKind) -> list[str]:
    """A row a task, a column a policy, in the order of the leaderboard."""
    policies = [row["policy"] for row in benchmark.leaderboard[kind]]
    rows = []
    for task in benchmark.tasks(kind):
        gaps = {row["policy"]: row["gap_mean"] for row in benchmark.task_rows(task)}
        rows.append((task.name, *(percent(gaps[policy]) for policy in policies)))
    return table(("task", *policies), rows)
