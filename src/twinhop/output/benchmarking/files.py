"""The files of a benchmark: answer, table of all runs, leaderboard and figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.output.benchmarking.report import leaderboard_report
from twinhop.output.plans.plan_files import staging
from twinhop.runs.simulation_folder import json_text

if TYPE_CHECKING:
    from twinhop.benchmarking.benchmark import Benchmark


def save_benchmark(benchmark: Benchmark, folder: Path) -> list[Path]:
    """Write benchmark.json, benchmark.parquet, leaderboard.md and leaderboard.png.

    Args:
        benchmark: whose bounds and runs were kept in the folder already.
        folder: of it.

    Returns:
        The files written.

    Raises:
        InputError: the folder cannot be written; nothing half-written is left.
    """
    import polars as pl

    from twinhop.output.benchmarking.figure import draw_leaderboard

    with staging(folder) as aside:
        (aside / "benchmark.json").write_text(json_text(benchmark.to_json()), encoding="utf-8")
        pl.DataFrame(benchmark.run_rows(), infer_schema_length=None).write_parquet(aside / "benchmark.parquet")
        (aside / "leaderboard.md").write_text(leaderboard_report(benchmark), encoding="utf-8")
        draw_leaderboard(benchmark).savefig(aside / "leaderboard.png")
        names = sorted(path.name for path in aside.iterdir())
    return [folder / name for name in names]
