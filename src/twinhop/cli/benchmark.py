"""`twinhop benchmark`: policies on the benchmark set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Json,
    Out,
    TimeLimit,
    Verbose,
    exit_if_failed,
    print_result,
    print_table,
    share_progress,
)

if TYPE_CHECKING:
    from twinhop.benchmarking.benchmark import Benchmark

EXAMPLE = "Example: twinhop benchmark --tasks placement --policies greedy,lagrangian --seeds 2 --out out/benchmark"


def run(
    policies: Annotated[
        str | None,
        typer.Option(
            help="Policies of placement and migration, also your own as mine.py:function, separated by commas; all "
            "built in but exact if missing."
        ),
    ] = None,
    tasks: Annotated[
        str, typer.Option(help="placement, migration, all, or names of tasks, separated by commas.")
    ] = "all",
    seeds: Annotated[
        int | None, typer.Option(help="How many worlds of every task.", show_default="5, with --quick 1", min=1)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the files of Melbourne and San Francisco.", show_default=False)
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only small tasks, in seconds.")] = False,
    time_limit: TimeLimit = None,
    jobs: Annotated[int | None, typer.Option(help="Processes.", show_default="one a core", min=1)] = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Run policies on the benchmark set, and judge them by certified bounds."""
    from twinhop.benchmarking.benchmark import TIME_LIMIT_S, benchmark
    from twinhop.cli.own_files import require_own

    require_own(out, "benchmark", force)
    with share_progress("benchmark", "worlds") as report:
        result = benchmark(
            policies,
            tasks=[word.strip() for word in tasks.split(",") if word.strip()],
            seeds=seeds,
            data=data,
            quick=quick,
            out=out,
            jobs=jobs,
            time_limit_s=TIME_LIMIT_S if time_limit is None else time_limit,
            on_progress=report,
        )
    print_result(result, as_json, _show, result.files)
    exit_if_failed(result.failures)


def _show(result: "Benchmark") -> None:
    from twinhop.output.benchmarking.benchmark import HEADER, overall_cells, pair_rows
    from twinhop.output.kit.tables import PAIRS_HEADER
    from twinhop.text import counted

    for kind, rows in result.leaderboard.items():
        sizes = f"{counted(len(result.tasks(kind)), 'task')}, {counted(len(result.root_seeds), 'seed')}"
        print_table(f"{kind}: {sizes}", HEADER, list(map(overall_cells, rows)))
        if len(rows) > 1:
            title = f"{kind}: cost against {result.against(kind)}, world by world (IQM)"
            print_table(title, PAIRS_HEADER, pair_rows(result, kind))
    for text in result.skipped:
        typer.echo(f"skipped: {text}")
