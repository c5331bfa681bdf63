"""A benchmark in a few lines and tables, as notebooks show it."""

from __future__ import annotations

from twinhop.benchmarking.benchmark import Benchmark
from twinhop.failures import failure_lines
from twinhop.output.benchmarking.benchmark import HEADER, TITLES, overall_cells
from twinhop.output.kit.html import Summary, Table
from twinhop.text import counted


def benchmark_summary(benchmark: Benchmark) -> Summary:
    """The leaderboards."""
    first, last = benchmark.root_seeds[0], benchmark.root_seeds[-1]
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    line = f"{counted(len(benchmark.results), 'task')}, {seeds}"
    tables = [
        Table(HEADER, [overall_cells(row) for row in board], TITLES[kind])
        for kind, board in benchmark.leaderboard.items()
        if board
    ]
    notes = [
        *failure_lines(benchmark.failures),
        *(f"Skipped: {each}" for each in benchmark.skipped),
        *benchmark.attribution,
    ]
    return Summary("Leaderboard", line, ["Gaps are to certified bounds, below which no cost is."], tables, notes)
