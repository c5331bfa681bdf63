"""`twinhop plan`: place the twins of one scenario or problem."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    From,
    Gap,
    Json,
    NoHtml,
    Out,
    Policy,
    ProblemFormat,
    Seed,
    Source,
    Start,
    TimeLimit,
    Verbose,
    case_of,
    exit_interrupted,
    infeasible_exits,
    print_notes,
    print_result,
    print_table,
    print_warnings,
    progress,
    read_source,
    save,
)
from twinhop.cli.failures import FailureDeadlines, FailureMoves, Spare, Without, WithoutAny, run_survey, show_spare
from twinhop.cli.limits import MaxMoves, MaxServerChanges, whole_number
from twinhop.cli.plan_sparse import Candidates, plan_on_candidates
from twinhop.cli.plan_together import (
    Also,
    CvarLevel,
    Hours,
    Load,
    Robust,
    Samples,
    Together,
    Weights,
    plan_together,
)

if TYPE_CHECKING:
    from twinhop.plans import Plan

#: Violations and moves printed one by one.
SHOWN = 5
AUTOMATIC = "auto"
EXAMPLE = "Example: twinhop plan city.yaml --policy lagrangian --out out/city"


def run(
    source: Source,
    problem_format: ProblemFormat = None,
    policy: Policy = "lagrangian",
    start: Start = AUTOMATIC,
    seed: Seed = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    no_html: NoHtml = False,
    force: ForceOut = False,
    without: Without = None,
    without_any: WithoutAny = None,
    spare: Spare = None,
    failure_moves: FailureMoves = None,
    failure_deadlines: FailureDeadlines = None,
    saved: From = None,
    move_cost: Annotated[
        float, typer.Option(help="What a twin that leaves its host in --from costs beside its latency \\[s].")
    ] = 0.0,
    max_moves: MaxMoves = None,
    max_server_changes: MaxServerChanges = None,
    dump_problem: Annotated[
        Path | None, typer.Option(help="Write the problem itself as .npz.", show_default=False)
    ] = None,
    hours: Hours = None,
    also: Also = None,
    samples: Samples = None,
    load: Load = None,
    robust: Robust = "mean",
    cvar_level: CvarLevel = None,
    weights: Weights = None,
    candidates: Candidates = None,
    verbose: Verbose = False,
) -> None:
    """Place the twins; print cost, terms, constraint report and certified gap."""
    from twinhop.cli.own_files import require_own
    from twinhop.errors import InputError
    from twinhop.output.plans.plan import infeasible_answer
    from twinhop.placement import save_problem
    from twinhop.placement.policy import placement_policy
    from twinhop.placement.solve import check_limits
    from twinhop.plans.failed_hosts import asked_rules
    from twinhop.plans.failure_survey import asked_together
    from twinhop.plans.request import plan_request, replan, spare_rules
    from twinhop.plans.sparse.planning import planned_on_candidates

    chosen_policy = placement_policy(starting_from(policy, start))
    limit = float("inf") if time_limit is None else time_limit
    check_limits(limit, gap)
    joint = Together(source, hours, also or (), samples, load, robust, cvar_level, weights)
    if joint.is_asked():
        options = {"policy": policy, "without": without, "without-any": without_any, "spare": spare, "from": saved}
        options |= {"move-cost": move_cost or None, "max-moves": max_moves, "max-server-changes": max_server_changes}
        options |= {"dump-problem": dump_problem, "start": None if start == AUTOMATIC else start}
        options |= {"failure-moves": failure_moves, "failure-deadlines": failure_deadlines, "candidates": candidates}
        if not joint.also:
            options["problem-format"] = problem_format  # of problem files, which have neither hours nor loads
        plan_together(joint, options, seed, problem_format, limit, gap, as_json, out, force, html=not no_html)
        return
    moves, servers = whole_number(max_moves, "max moves"), whole_number(max_server_changes, "max server changes")
    loaded = read_source(source, seed, problem_format)
    options = {"--without": without, "--without-any": without_any, "--spare": spare, "--from": saved}
    options |= {"--move-cost": move_cost, "--max-moves": moves is not None, "--max-server-changes": servers is not None}
    options |= {"--dump-problem": dump_problem, "--start": start != AUTOMATIC}
    scenario = planned_on_candidates(loaded, candidates, policy, options)
    if scenario is not None:
        require_own(out, "plan", force)
        plan_on_candidates(scenario, candidates, limit, gap, as_json, out)
        return
    case = case_of(loaded, source, seed)
    together = asked_together(case, without or (), without_any)
    rules = asked_rules(failure_moves, failure_deadlines, asked=together is not None or spare is not None)
    limited = move_cost > 0 or moves is not None or servers is not None
    others = bool(without or without_any) or saved is not None or limited
    if spare is not None and start != AUTOMATIC:
        raise InputError("--start: a plan with --spare begins with the best one without; leave out one of both")
    survive = spare_rules(chosen_policy, spare, rules, others=others)
    if together is not None and limited:
        raise InputError(
            "without each, without any: they keep the placement in --from; leave out move cost, max moves and max "
            "server changes"
        )
    named = () if together is not None else without or ()
    request = plan_request(case, named, saved, move_cost, moves, servers, survive)
    require_own(out, "plan" if together is None else "failures", force)
    if dump_problem is not None:
        save_problem(request.problem, dump_problem)
    if together is not None:
        run_survey(case, together, rules, chosen_policy, saved, limit, gap, as_json, out, html=not no_html)
        return
    with (
        infeasible_exits(
            case.name, lambda proof: infeasible_answer(request.reduced, policy, proof), as_json, case.notes
        ),
        progress(f"{policy} on {case.name}") as report,
    ):
        plan = replan(request, chosen_policy, time_limit_s=limit, gap=gap, on_progress=report)
    written, gave_up = save(out, partial(plan.save, html=not no_html), "plan")
    print_result(plan, as_json, _show, written)
    if plan.solution.interrupted or gave_up:
        exit_interrupted("this is the best plan found", written)


def starting_from(policy: str, start: str) -> str:
    """The policy with what it starts from.

    Raises:
        InputError: it is none that starts from anything.
    """
    if start == AUTOMATIC:
        return policy
    from twinhop.errors import InputError
    from twinhop.placement.policies.lagrangian import accepted_start

    if policy != "lagrangian":
        raise InputError(f"--start: got {start!r} for the policy {policy!r}; only lagrangian starts from another plan")
    try:
        accepted_start(start)
    except InputError as error:
        raise InputError(f"--start: {str(error).partition(': ')[2]}") from None
    return f"{policy}:start={start}"


def _show(plan: "Plan") -> None:
    from twinhop.output.kit.tables import percent
    from twinhop.output.plans.money_rows import money_terms
    from twinhop.output.plans.operating_report import move_rows
    from twinhop.output.plans.report import ending_note
    from twinhop.output.plans.service_report import service_terms
    from twinhop.text import counted, plural
    from twinhop.units import cost_number

    evaluation, problem = plan.evaluation, plan.case.problem
    unit = problem.money_unit
    opened, hosts = int(plan.solution.placement.open.sum()), int((problem.capacity > 0).sum())
    rows = [
        ("cost", cost_number(plan.cost, unit), unit),
        *[(f"  {name}", value, unit) for name, value in (*move_rows(plan), *money_terms(plan))],
        ("  mean latency", f"{evaluation.latency_s:.6g}", "s"),
        (f"  opening {opened} of {counted(hosts, 'server')}", f"{evaluation.opening_s:.6g}", "s"),
        ("  energy, weighted", f"{evaluation.energy_j:.6g}", ""),
        *[(f"  {name}", value, "s") for name, value in service_terms(plan)],
    ]
    if plan.lower_bound is not None:
        rows += [
            ("certified lower bound", cost_number(plan.lower_bound, unit), unit),
            ("gap", percent(plan.gap), ""),
            ("gap net of the unavoidable", percent(plan.gap_net), ""),
        ]
    rows += [("constraints", "all kept" if plan.feasible else f"{len(evaluation.violations)} violated", "")]
    if problem.unmeetable.size:
        rows += [("unmeetable deadlines", f"{problem.unmeetable.size}", plural(problem.unmeetable.size, "user"))]
    ended = "stopped at the time limit of" if plan.solution.timed_out else "solved in"
    rows += [(ended, f"{plan.solution.seconds:.3g}", "s")]
    size = f"{counted(problem.users, 'twin')}, {counted(problem.stations, 'station')}"
    if problem.weight is not None:
        size = problem.size_in_words
    title = f"{plan.case.name}: {size}, {plan.solution.policy}"
    print_table(title, ("", "value", "unit"), rows)
    if ending_note(plan):
        typer.echo(ending_note(plan))
    for each in evaluation.violations[:SHOWN]:
        who = problem.station_name(each.station) if each.user is None else problem.user_name(each.user)
        unit = {"deadline": " s", "capacity": " users"}.get(each.kind, "")
        typer.echo(f"violated: {each.kind} of {who} by {each.by:.4g}{unit}")
    if len(evaluation.violations) > SHOWN:
        typer.echo(f"violated: {len(evaluation.violations) - SHOWN} more; --out writes them all")
    _show_servers(plan)
    _show_services(plan)
    _show_operation(plan)


def _show_servers(plan: "Plan") -> None:
    """The opened servers, those that carry most."""
    from twinhop.output.plans.plan_sheets import SHOWN_SERVERS, server_header, server_rows, server_title
    from twinhop.plans.opened_servers import opened_servers
    from twinhop.text import counted, counted_users

    servers = opened_servers(plan)
    print_table(server_title(plan), server_header(plan), server_rows(plan, servers[:SHOWN_SERVERS]))
    if len(servers) > SHOWN_SERVERS:
        rest = servers[SHOWN_SERVERS:]
        users = counted_users(sum(each.users for each in rest))
        typer.echo(f"{counted(len(rest), 'more server')} with {users}; --out writes all into servers.csv")


def _show_services(plan: "Plan") -> None:
    """Where the services run, and what is to be said of them."""
    from twinhop.output.plans.service_report import SERVICE_HEADER, service_notes, service_rows

    if plan.services is not None:
        header = [name.replace("[", "").replace("]", "") for name in SERVICE_HEADER]
        print_table("services", header, service_rows(plan))
    for note in service_notes(plan):
        typer.echo(note)


def _show_operation(plan: "Plan") -> None:
    """What fails, what moves, and what more would be worth."""
    from twinhop.output.plans.operating_report import (
        TOP,
        failure_in_words,
        moves_in_words,
        price_header,
        price_rows,
    )
    from twinhop.output.plans.replan_report import CHANGE_SUMMARY, change_rows, order_in_words, step_sentences
    from twinhop.plans.planner_warnings import FAULTS

    print_notes(plan.notes)
    if change_rows(plan) and plan.moves is not None:
        print_table(f"changed since {plan.moves.present.name}", CHANGE_SUMMARY, change_rows(plan))
    if plan.failure is not None:
        typer.echo(failure_in_words(plan))
    if plan.spare is not None:
        show_spare(plan)
    if plan.moves is not None:
        typer.echo(moves_in_words(plan))
    for line in (order_in_words(plan), *step_sentences(plan, SHOWN)):
        if line:
            typer.echo(line)
    if plan.shadow_prices and plan.shadow_prices[0].most > 0:
        title = f"what more would be worth at most, in {plan.case.problem.money_unit or 'the unit of the cost'}"
        print_table(title, price_header(plan), price_rows(plan, TOP))
    print_warnings([each for each in plan.warnings if each.code not in FAULTS])  # those are on standard error already
