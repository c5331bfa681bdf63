"""`twinhop tradeoff`: what each number of servers costs."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
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
    print_json,
    print_table,
    progress,
    proof_answer,
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
    verbose: Verbose = False,
) -> None:
    """Find the best plan and a certified bound for every number of servers."""
    from twinhop.io.folders import require_writable
    from twinhop.placement.solve import check_limits
    from twinhop.plans.planning import make_case
    from twinhop.plans.tradeoff import tradeoff_case

    limit = float("inf") if time_limit is None else time_limit
    check_limits(limit, gap)
    with progress(f"reading {source}"):
        case = make_case(source, seed, problem_format=problem_format)
    if out is not None:
        require_writable(out)
    with (
        infeasible_exits(case.name, proof_answer(case.name), as_json),
        progress(f"trade-off of {case.name}") as tell,
    ):
        found = tradeoff_case(case, most=most, time_limit_s=limit, gap=gap, on_progress=tell)
    written, gave_up = save(out, found.save)
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)
        for path in written:
            typer.echo(f"wrote {path}")
    if found.curve.interrupted or gave_up:
        exit_interrupted("points not reached are left out", written)


def _show(found: "Tradeoff") -> None:
    from twinhop.output.markdown import percent
    from twinhop.output.plans.tradeoff_report import remarks, verdict

    rows = [
        (
            f"{row['servers']}{' best' if row['best'] else ''}",
            row["status"] if row["cost"] is None else f"{row['cost']:.5g}",
            *("-" if row[term] is None else f"{row[term]:.4g}" for term in ("communication", "computing", "opening")),
            "-" if row["energy"] is None else f"{row['energy']:.4g}",
            "-" if row["lower_bound"] is None else f"{row['lower_bound']:.5g}",
            percent(row["gap"]),
        )
        for row in found.rows()
    ]
    problem = found.case.problem
    title = f"{found.case.name}: {problem.users} twins, {problem.stations} stations. {verdict(found)}"
    header = ("servers", "cost", "communication", "computing", "opening", "energy", "lower bound", "gap")
    print_table(title, header, rows)
    for line in remarks(found):
        typer.echo(line)
