"""`twinhop plan`: place the twins of one scenario or problem."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FileFormat,
    Gap,
    Json,
    Out,
    Seed,
    Source,
    TimeLimit,
    Verbose,
    print_json,
    print_table,
    progress,
)
from twinhop.cli.entry import INTERRUPTED, REFUSED

if TYPE_CHECKING:
    from twinhop.experiments import Plan

EXAMPLE = "Example: twinhop plan city.yaml --policy lagrangian --out out/city"


def run(
    source: Source,
    file_format: FileFormat = None,
    policy: Annotated[str, typer.Option(help="How to decide; lagrangian and exact certify.")] = "lagrangian",
    seed: Seed = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    as_json: Json = False,
    out: Out = None,
    dump_problem: Annotated[
        Path | None, typer.Option(help="Write the problem itself as .npz.", show_default=False)
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Place the twins; print cost, terms, constraint report and certified gap."""
    from twinhop.experiments.answer import infeasible_answer
    from twinhop.experiments.files import require_writable
    from twinhop.experiments.planning import make_case, plan_case
    from twinhop.placement import InfeasibleProblem, save_problem
    from twinhop.placement.policy import find_policy
    from twinhop.placement.solve import check_limits

    find_policy(policy)
    check_limits(float("inf") if time_limit is None else time_limit, gap)
    with progress(f"reading {source}"):
        case = make_case(source, seed, file_format=file_format)
    if out is not None:
        require_writable(out)
    if dump_problem is not None:
        save_problem(case.problem, dump_problem)
    try:
        with progress(f"{policy} on {case.name}") as tell:
            limit = float("inf") if time_limit is None else time_limit
            plan = plan_case(case, policy, time_limit_s=limit, gap=gap, on_progress=tell)
    except InfeasibleProblem as error:
        if as_json:
            print_json(infeasible_answer(case, policy, error.proof))
        typer.echo(f"twinhop: {case.name}: {error}", err=True)
        raise typer.Exit(REFUSED) from None
    written = []
    if out is not None and not plan.solution.interrupted:
        with progress(f"writing {out}"):
            written = plan.save(out)
    if as_json:
        print_json(plan.to_json())
    else:
        _show(plan)
        for path in written:
            typer.echo(f"wrote {path}")
    if plan.solution.interrupted:
        typer.echo("twinhop: interrupted; this is the best plan found, no files were written", err=True)
        raise typer.Exit(INTERRUPTED)


def _show(plan: "Plan") -> None:
    from twinhop.experiments.report import percent

    evaluation, problem = plan.solution.evaluation, plan.case.problem
    opened = int(plan.solution.placement.open.sum())
    rows = [
        ("cost", f"{plan.cost:.6g}", ""),
        ("  mean latency", f"{evaluation.latency_s:.6g}", "s"),
        (f"  opening {opened} of {int((problem.capacity > 0).sum())} servers", f"{evaluation.opening_s:.6g}", "s"),
        ("  energy, weighted", f"{evaluation.energy_j:.6g}", ""),
    ]
    if plan.lower_bound is not None:
        rows += [
            ("certified lower bound", f"{plan.lower_bound:.6g}", ""),
            ("gap", percent(plan.gap), ""),
            ("gap net of the unavoidable", percent(plan.gap_net), ""),
        ]
    rows += [("constraints", "all kept" if plan.feasible else f"{len(evaluation.violations)} violated", "")]
    if problem.unmeetable.size:
        rows += [("unmeetable deadlines", f"{problem.unmeetable.size}", "users")]
    ended = "stopped at the time limit of" if plan.solution.timed_out else "solved in"
    rows += [(ended, f"{plan.solution.seconds:.3g}", "s")]
    title = f"{plan.case.name}: {problem.users} twins, {problem.stations} stations, {plan.solution.policy}"
    print_table(title, ("", "value", "unit"), rows)
    for each in evaluation.violations[:5]:
        who = problem.station_name(each.station) if each.user is None else problem.user_name(each.user)
        unit = {"deadline": " s", "capacity": " users"}.get(each.kind, "")
        typer.echo(f"violated: {each.kind} of {who} by {each.by:.4g}{unit}")
    if len(evaluation.violations) > 5:
        typer.echo(f"violated: {len(evaluation.violations) - 5} more; --out writes them all")
