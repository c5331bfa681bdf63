"""`twinhop compare`: several policies on the same world, or on the worlds of several seeds."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Gap,
    Json,
    NoHtml,
    Out,
    ProblemFormat,
    Seed,
    Source,
    TimeLimit,
    Verbose,
    exit_if_failed,
    exit_interrupted,
    infeasible_exits,
    print_notes,
    print_result,
    print_table,
    progress,
    proof_answer,
    save,
    share_progress,
)

if TYPE_CHECKING:
    from twinhop.plans import Comparison, SeedComparison

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
    seeds: Annotated[
        int, typer.Option(help="How many worlds, of seeds that follow one another, the same for all policies.", min=1)
    ] = 1,
    against: Annotated[
        str | None,
        typer.Option(
            help="With --seeds: the policy that the others are paired with, world by world.", show_default="the first"
        ),
    ] = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    no_html: NoHtml = False,
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Plan by several policies and judge them against one certified bound."""
    from twinhop.cli.own_files import require_own
    from twinhop.own_code import policy_list
    from twinhop.plans import DEFAULT_POLICIES, Comparison, compare
    from twinhop.plans.planning import make_case

    names = policy_list(DEFAULT_POLICIES if policies is None else policies)
    require_own(out, "compare", force)
    options = {"seeds": seeds, "against": against, "seed": seed, "gap": gap, "problem_format": problem_format}
    options["time_limit_s"] = float("inf") if time_limit is None else time_limit
    title = f"comparing {len(names)} policies on {source}"
    answer = proof_answer(source, lambda: make_case(source, seed, problem_format=problem_format))
    with infeasible_exits(source, answer, as_json):
        if seeds == 1:
            with progress(title) as report:
                comparison = compare(source, names, on_progress=report, **options)
        else:
            with share_progress(title, "worlds") as report:
                comparison = compare(source, names, on_world=report, **options)
    written, gave_up = save(out, partial(comparison.save, html=not no_html), "compare")
    print_result(comparison, as_json, _show if isinstance(comparison, Comparison) else _show_worlds, written)
    if comparison.interrupted or gave_up:
        exit_interrupted(f"{'policies' if seeds == 1 else 'worlds'} not reached are missing", written)
    exit_if_failed(comparison.failures)


def _show(comparison: "Comparison") -> None:
    from twinhop.output.kit.tables import failed_rows, percent
    from twinhop.units import cost_number, with_unit

    unit = comparison.case.problem.money_unit
    rows = [
        (
            row["policy"],
            cost_number(row["cost"], unit, 5),
            percent(row["gap"]),
            f"{row['latency_s']:.4g}",
            cost_number(row["rent"], unit) if unit else f"{row['opening_s']:.4g}",
            f"{row['opened']}",
            "yes" if row["feasible"] else f"no ({row['violation_count']})",
            f"{1e3 * row['seconds']:.1f}",
        )
        for row in comparison.rows()
    ]
    title = f"{comparison.case.name}: {comparison.bound_in_words(5)}"
    opening = with_unit("rent", unit) if unit else "opening s"
    header = ("policy", with_unit("cost", unit), "above bound", "latency s", opening, "opened", "feasible", "ms")
    print_table(title, header, [*rows, *failed_rows((each.policy for each in comparison.failures), len(header))])
    print_notes(comparison.case.notes)


def _show_worlds(comparison: "SeedComparison") -> None:
    from twinhop.output.kit.tables import PAIRS_HEADER, pair_cells
    from twinhop.output.plans.seed_comparison import cells, header, notes

    rows = comparison.rows()
    title = f"{comparison.name}: {comparison.seeds_in_words()}; {comparison.bound_in_words(5)}"
    print_table(title, header(comparison), [cells(row, comparison.money_unit) for row in rows])
    pairs = [pair_cells(row) for row in rows if row["policy"] != comparison.against]
    if pairs:
        print_table(f"cost against {comparison.against}, world by world (IQM)", PAIRS_HEADER, pairs)
    print_notes(notes(comparison))
