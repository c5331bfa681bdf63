"""How a benchmark is shown: answer, table of all runs, leaderboard and figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.benchmarking.benchmark import Benchmark
from twinhop.io.json_text import json_text
from twinhop.output.benchmarking.report import leaderboard_report

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report(benchmark: Benchmark) -> str:
    """The leaderboard in Markdown."""
    return leaderboard_report(benchmark)


def plot(benchmark: Benchmark) -> Figure:
    """The leaderboard."""
    from twinhop.output.benchmarking.figure import draw_leaderboard

    return draw_leaderboard(benchmark)


def write(benchmark: Benchmark, folder: Path) -> None:
    """Write benchmark.json, benchmark.parquet, leaderboard.md and leaderboard.png."""
    import polars as pl

    (folder / "benchmark.json").write_text(json_text(benchmark.to_json()), encoding="utf-8")
    pl.DataFrame(benchmark.run_rows(), infer_schema_length=None).write_parquet(folder / "benchmark.parquet")
    (folder / "leaderboard.md").write_text(leaderboard_report(benchmark), encoding="utf-8")
    plot(benchmark).savefig(folder / "leaderboard.png")
