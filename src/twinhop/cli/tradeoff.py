"""`twinhop tradeoff`: what each number of servers costs."""

from typing import TYPE_CHECKING, Annotated, Any

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
    read_case,
    save,
)

if TYPE_CHECKING:
    from twinhop.plans import Tradeoff

EXAMPLE = "Example: twinhop tradeoff city-small --out out/city"


def run(
    source: Source,
    problem_format: ProblemFormat = None,
    most: Annotated[
        int | None, typer.Option(help="Most servers looked at; every station that may host if missing.")
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
    """Find the best plan and a certified bound for every number of servers."""
    from twinhop.cli.own_files import require_own
    from twinhop.placement.solve import check_limits
    from twinhop.plans.tradeoff import tradeoff_case

    limit = float("inf") if time_limit is None else time_limit
    check_limits(limit, gap)
    case = read_case(source, seed, problem_format)
    require_own(out, "tradeoff", force)
    with (
        infeasible_exits(case.name, proof_answer(case.name), as_json, case.notes),
        progress(f"trade-off of {case.name}") as report,
    ):
        tradeoff = tradeoff_case(case, most=most, time_limit_s=limit, gap=gap, on_progress=report)
    written, gave_up = save(out, tradeoff.save)
    print_result(tradeoff, as_json, _show, written)
    if tradeoff.curve.interrupted or gave_up:
        exit_interrupted("points not reached are left out", written)


def _mark(tradeoff: "Tradeoff", row: dict[str, Any]) -> str:
    """What is said of a number of servers: best, where that is proved; else the cheapest, and which others may be."""
    if row["best"]:
        return " best" if len(tradeoff.may_be_best) == 1 else " cheapest"
    return " may be best" if row["servers"] in tradeoff.may_be_best else ""


def _show(tradeoff: "Tradeoff") -> None:
    from twinhop.output.kit.tables import percent
    from twinhop.output.plans.tradeoff import remarks, verdict

    rows = [
        (
            f"{row['servers']}{_mark(tradeoff, row)}",
            row["status"] if row["cost"] is None else f"{row['cost']:.5g}",
            *("-" if row[term] is None else f"{row[term]:.4g}" for term in ("communication", "computing", "opening")),
            "-" if row["energy"] is None else f"{row['energy']:.4g}",
            "-" if row["lower_bound"] is None else f"{row['lower_bound']:.5g}",
            percent(row["gap"]),
        )
        for row in tradeoff.rows()
    ]
    problem = tradeoff.case.problem
    title = f"{tradeoff.case.name}: {problem.users} twins, {problem.stations} stations. {verdict(tradeoff)}"
    header = ("servers", "cost", "communication", "computing", "opening", "energy", "lower bound", "gap")
    print_table(title, header, rows)
    print_notes(tradeoff.case.notes)
    for line in remarks(tradeoff):
        typer.echo(line)
