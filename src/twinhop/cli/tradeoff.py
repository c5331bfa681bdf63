"""`twinhop tradeoff`: what each number of servers costs."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

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
    no_html: NoHtml = False,
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
        infeasible_exits(case.name, proof_answer(case.name, lambda: case), as_json, case.notes),
        progress(f"trade-off of {case.name}") as report,
    ):
        tradeoff = tradeoff_case(case, most=most, time_limit_s=limit, gap=gap, on_progress=report)
    written, gave_up = save(out, partial(tradeoff.save, html=not no_html), "tradeoff")
    print_result(tradeoff, as_json, _show, written)
    if tradeoff.curve.interrupted or gave_up:
        exit_interrupted("points not reached are left out", written)


def _mark(tradeoff: "Tradeoff", row: dict[str, Any]) -> str:
    """What is said of a number of servers: best, where that is proved; else cheapest, or may be best; and the knee."""
    knee = " knee" if tradeoff.knee is not None and tradeoff.knee.servers == row["servers"] else ""
    if row["best"]:
        return (" best" if len(tradeoff.may_be_best) == 1 else " cheapest") + knee
    return (" may be best" if row["servers"] in tradeoff.may_be_best else "") + knee


def _show(tradeoff: "Tradeoff") -> None:
    from twinhop.output.kit.tables import percent
    from twinhop.output.plans.tradeoff import knee_in_words, remarks, servers_of_best, verdict
    from twinhop.text import counted
    from twinhop.units import cost_number, with_unit

    unit = tradeoff.case.problem.money_unit
    terms = ["communication", "computing", "opening", "energy"]
    terms += ["missed"] if tradeoff.case.problem.priced_deadlines is not None else []
    rows = [
        (
            f"{row['servers']}{_mark(tradeoff, row)}",
            row["status"] if row["cost"] is None else cost_number(row["cost"], unit, 5),
            *("-" if row[term] is None else cost_number(row[term], unit, 4) for term in terms),
            "-" if row["lower_bound"] is None else cost_number(row["lower_bound"], unit, 5),
            percent(row["gap"]),
        )
        for row in tradeoff.rows()
    ]
    problem = tradeoff.case.problem
    size = f"{counted(problem.users, 'twin')}, {counted(problem.stations, 'station')}"
    title = f"{tradeoff.case.name}: {size}. {verdict(tradeoff)}"
    header = ("servers", with_unit("cost", unit), *terms, "lower bound", "gap")
    print_table(title, header, rows)
    print_notes(tradeoff.case.notes)
    for line in filter(None, (knee_in_words(tradeoff), *servers_of_best(tradeoff), *remarks(tradeoff))):
        typer.echo(line)
