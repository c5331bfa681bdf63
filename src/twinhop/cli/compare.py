"""`twinhop compare`: several policies on the same world."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Gap,
    Json,
    Out,
    ProblemFormat,
    Seed,
    Source,
    TimeLimit,
    Verbose,
    exit_interrupted,
    infeasible_exits,
    print_notes,
    print_result,
    print_table,
    progress,
    proof_answer,
    save,
)

if TYPE_CHECKING:
    from twinhop.plans import Comparison

EXAMPLE = "Example: twinhop compare city-small --policies nearest,greedy,lagrangian --out out/city"


def run(
    source: Source,
    problem_format: ProblemFormat = None,
    policies: Annotated[
        str | None,
        typer.Option(
            help="Policies, also your own as mine.py:function, separated by commas; all but exact if missing."
        ),
    ] = None,
    seed: Seed = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Plan by several policies and judge them against one certified bound."""
    from twinhop.cli.own_files import require_own
    from twinhop.own_code import policy_list
    from twinhop.plans import DEFAULT_POLICIES, compare

    names = policy_list(DEFAULT_POLICIES if policies is None else policies)
    require_own(out, "compare", force)
    limit = float("inf") if time_limit is None else time_limit
    with (
        infeasible_exits(source, proof_answer(source), as_json),
        progress(f"comparing {len(names)} policies on {source}") as report,
    ):
        comparison = compare(
            source, names, seed=seed, time_limit_s=limit, gap=gap, on_progress=report, problem_format=problem_format
        )
    written, gave_up = save(out, comparison.save)
    print_result(comparison, as_json, _show, written)
    if comparison.interrupted or gave_up:
        exit_interrupted("policies not reached are missing", written)


def _show(comparison: "Comparison") -> None:
    from twinhop.output.kit.tables import percent

    rows = [
        (
            row["policy"],
            f"{row['cost']:.5g}",
            percent(row["gap"]),
            f"{row['latency_s']:.4g}",
            f"{row['opening_s']:.4g}",
            f"{row['opened']}",
            "yes" if row["feasible"] else f"no ({row['violations']})",
            f"{1e3 * row['seconds']:.1f}",
        )
        for row in comparison.rows()
    ]
    title = f"{comparison.case.name}: {comparison.bound_in_words(5)}"
    header = ("policy", "cost", "above bound", "latency s", "opening s", "opened", "feasible", "ms")
    print_table(title, header, rows)
    print_notes(comparison.case.notes)
