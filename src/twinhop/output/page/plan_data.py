"""The fields of a page about plans: one plan as it is decided, and the whole page of a result that is one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.output.page.column import Column, reals, shown_reals, wholes
from twinhop.output.page.map_data import drawn_users, heading, map_of, stations_of, users_of
from twinhop.output.page.why_data import why_fields, worth
from twinhop.output.plans.change_tables import change_table, move_table
from twinhop.output.plans.failure_words import WORDS, missed
from twinhop.output.plans.operating_report import failure_in_words, moves_in_words
from twinhop.output.plans.report import constraint_lines, ending_note, verdict, violation_in_words
from twinhop.output.plans.service_report import service_notes
from twinhop.output.plans.spare_report import spare_in_words
from twinhop.placement import Placement, PlacementProblem
from twinhop.plans.failed_hosts import FailureCase
from twinhop.plans.failure import loss_bounds
from twinhop.plans.failure_survey import change_interval
from twinhop.plans.opened_servers import late_users, opened_servers
from twinhop.plans.result import Plan
from twinhop.plans.service_levels import service_levels
from twinhop.twin.service_placement import PlacedService
from twinhop.units import BITS_PER_MBIT, S_PER_MS

#: Rows of a further table, and stations of a title.
MOST_ROWS, NAMED = 2_000, 3
#: Failures whose plans a page holds, at most: as many as hosts of users fit into these numbers, and so many.
MOST_FAILURE_HOSTS, MOST_FAILURES = 8_000_000, 1_000
#: Broken constraints that a page lists; the rest are counted.
MOST_VIOLATIONS = 200


def finite(value: float | None) -> float | None:
    """The value, or None where it is none or no finite one."""
    return None if value is None or not math.isfinite(value) else float(value)


def case_fields(plan: Plan, kind: str, title: str) -> dict[str, Any]:
    """The fields that say what was planned: heading, map, stations (those that fail as they were) and users."""
    case = plan.case
    fields = heading(kind, title, case)
    fields["notes"] += [note for note in plan.notes if note not in fields["notes"]]
    fields["warnings"] = [{"code": each.code, "text": each.message} for each in plan.warnings]
    return {**fields, **map_of(case.world), **stations_of(plan.with_all_hosts.case), **users_of(case)}


def plan_entry(plan: Plan, name: str, sites: int, *, brief: bool = False) -> dict[str, Any]:
    """A plan as an entry of ``plans``.

    Args:
        plan: any plan.
        name: what it is called beside others.
        sites: how many stations the page has.
        brief: whether to leave out what is shown of the first plan of a page alone.
    """
    solution, problem, evaluation = plan.solution, plan.case.problem, plan.evaluation
    at = drawn_users(problem.users)
    late, levels, radio = late_mask(plan), service_levels(plan), plan.case.radio
    entry = {
        "name": name,
        "policy": solution.policy,
        "cost": finite(plan.cost),
        "lower_bound": finite(plan.lower_bound),
        "gap": finite(plan.gap),
        "feasible": plan.feasible,
        "status": _status(plan),
        "verdict": verdict(plan),
        "terms": terms(plan),
        "latency_s": finite(evaluation.latency_s),
        "constraints": [line.removeprefix("- ").replace("**", "") for line in constraint_lines(plan)[2:-1]],
        "violations": violations(plan),
        **decision(problem, solution.placement),
        "latency_s_by_user": shown_reals(levels.placement_latency_s[at]),
        "late": wholes(late[at]),
        "station": station_columns(plan, late, sites),
    }
    if brief:
        return entry
    if levels.update_s is not None:
        entry["update_s_by_user"] = shown_reals(levels.update_s[at])
    if problem.unmeetable.size:
        entry["unmeetable"] = wholes(np.isin(at, problem.unmeetable))
    if np.isfinite(evaluation.share).all():
        entry["cpu_share_cycles_per_s"] = shown_reals(evaluation.share[at])
    if radio is not None:
        entry["access"] = wholes(radio.access[at])
    return entry


def decision(problem: PlacementProblem, placement: Placement) -> dict[str, Any]:
    """What a plan decides: which servers are open, and who is where."""
    opened = np.flatnonzero(placement.open)
    host = placement.host[drawn_users(problem.users)]
    return {"servers": int(opened.size), "open": wholes(opened), "host": wholes(host)}


def terms(plan: Plan) -> list[dict[str, Any]]:
    """The parts of a plan's cost, in its unit; they add up to it."""
    problem, evaluation = plan.case.problem, plan.evaluation
    parts = {
        "communication": problem.alpha * evaluation.communication_s,
        "computing": problem.alpha * evaluation.computing_s,
        "missed deadlines": problem.alpha * evaluation.missed_s,
        "rent" if problem.currency else "opening": problem.beta * evaluation.opening_s,
        "energy": problem.beta * evaluation.energy_j,
        "services": 0.0 if plan.services is None else problem.alpha * plan.services.latency_s,
        "moves": 0.0 if plan.moves is None else plan.moves.cost,
    }
    always = ("communication", "computing", "opening", "rent")
    return [{"name": name, "cost": finite(value)} for name, value in parts.items() if value or name in always]


def violations(plan: Plan) -> list[str]:
    """Broken constraints in words, the first `MOST_VIOLATIONS` of them."""
    count = len(plan.solution.evaluation.violations)
    more = [f"and {count - MOST_VIOLATIONS} more"] if count > MOST_VIOLATIONS else []
    return [violation_in_words(plan, at) for at in range(min(count, MOST_VIOLATIONS))] + more


def station_columns(plan: Plan, late: NDArray[np.bool_], sites: int) -> dict[str, Any]:
    """What stands on each station, of all users, those that are not drawn too."""
    problem, placement = plan.case.problem, plan.solution.placement
    used, kind = np.full(sites, np.nan), ""
    for server in opened_servers(plan):
        load = server.deadline_load if server.update_load is None else server.update_load
        if load is not None:
            used[server.station] = load
            kind = "deadlines" if server.update_load is None else "updates"
    columns = occupancy(problem, placement.host, late, sites)
    if kind:
        columns |= {"cpu_used": reals(used, "f64"), "cpu_used_kind": CPU_USED[kind]}
    return columns


#: What the share of a CPU is.
CPU_USED = {
    "updates": "work of its twins' updates, one a synchronisation period, over its CPU",
    "deadlines": "CPU that the deadlines of its twins need at least, over its CPU",
}


def occupancy(
    problem: PlacementProblem, host: NDArray[np.int64], late: NDArray[np.bool_], sites: int
) -> dict[str, Any]:
    """The users on each station, the share of its seats that they take, and how many of them are late."""
    users = np.zeros(sites)
    users[: problem.stations] = problem.twins_on(host)
    seats = np.zeros(sites)
    seats[: problem.stations] = problem.seats
    tardy = np.zeros(sites)
    tardy[: problem.stations] = problem.twins_on(np.where(late, host, -1))
    taken = np.divide(users, seats, out=np.full(sites, np.nan), where=seats > 0)
    return {"users": _people(problem, users), "seats_used": reals(taken, "f64"), "late": _people(problem, tardy)}


def _people(problem: PlacementProblem, counts: NDArray[np.float64]) -> Column:
    """Numbers of users: whole ones, but for rows that stand for parts of users."""
    return wholes(counts) if problem.weight is None else reals(counts, "f64")


def late_mask(plan: Plan) -> NDArray[np.bool_]:
    """(N,) users whose deadline is not kept though a station could, or who pay for that."""
    if plan.solution.evaluation.late is not None:
        return np.asarray(plan.solution.evaluation.late)
    late = np.zeros(plan.case.problem.users, bool)
    late[list(late_users(plan))] = True
    return late


def _status(plan: Plan) -> str:
    """How the solve ended, in words."""
    if plan.solution.interrupted:
        return "interrupted: the best plan so far"
    if plan.solution.timed_out:
        return "stopped at the time limit"
    if plan.gap is not None and plan.gap <= 0 and plan.feasible:
        return "proved optimal"
    return ending_note(plan)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """A further table, as a list of one; of no rows none."""
    return [{"title": title, "columns": list(columns), "rows": [list(row) for row in rows]}] if rows else []


def plan_page(plan: Plan) -> dict[str, Any]:
    """The data of a plan's page; where hosts fail, or it is to survive failures, with the plans before and after."""
    fields = case_fields(plan, "plan", f"Plan of {plan.case.name}{_title(plan)}")
    sites = fields["stations"]["count"]
    first = plan_entry(plan, plan.solution.policy, sites)
    first["station"] |= worth(plan, sites)
    why, notes = why_fields(plan)
    fields["notes"] += [*notes, *_own_notes(plan)]
    plans, what_ifs = [first], []
    if plan.failure is not None:
        before = plan.failure.reference
        plans.append(plan_entry(before, "without any failure", sites, brief=True))
        what_ifs = [_named_failure(plan)]
    if plan.spare is not None:
        cases = plan.spare.cases
        added, what_ifs = failure_entries(plan, cases[: most_failures(fields)], sites, len(plans))
        plans += added
        if len(what_ifs) < len(cases):
            fields["notes"].append(f"Of {len(cases)} failures the first {len(what_ifs)} are here.")
    return {**fields, "plans": plans, **why, **({"what_ifs": what_ifs} if what_ifs else {}), **_tables(plan)}


def most_failures(document: Mapping[str, Any]) -> int:
    """The failures whose plans a page with these users holds, at most."""
    return max(1, min(MOST_FAILURES, MOST_FAILURE_HOSTS // max(1, document["users"]["count"])))


def _title(plan: Plan) -> str:
    if plan.failure is None:
        return ""
    names = [plan.case.problem.station_name(k) for k in plan.failure.stations.tolist()]
    return f" without {', '.join(names[:NAMED])}{f' and {len(names) - NAMED} more' if len(names) > NAMED else ''}"


def _own_notes(plan: Plan) -> list[str]:
    """What the report says of failures, moves and services."""
    notes = [] if plan.failure is None else [failure_in_words(plan)]
    notes += [] if plan.spare is None else [spare_in_words(plan)]
    notes += [] if plan.moves is None else [moves_in_words(plan)]
    return [*notes, *service_notes(plan)]


def _named_failure(plan: Plan) -> dict[str, Any]:
    """What was asked: the plan without some hosts, beside the one with all."""
    assert plan.failure is not None
    before, problem = plan.failure.reference, plan.case.problem
    users = plan.failure.moved(plan.solution.placement.host)
    bounds = loss_bounds(plan)
    names = ", ".join(problem.station_name(k) for k in plan.failure.stations.tolist())
    displaced = np.isin(before.solution.placement.host, plan.failure.stations)
    return {
        "stations": plan.failure.stations.tolist(),
        "title": f"without {names}",
        "status": "kept" if plan.feasible else "violated",
        "plan": 0,
        "before": 1,
        "cost": finite(plan.cost),
        "cost_change": finite(plan.cost - before.cost),
        "change_interval": None if bounds is None else list(bounds),
        "displaced": problem.twins_in(displaced),
        "moved_users": problem.twins_in(users),
        "late": problem.twins_in(late_mask(plan)),
    }


def failure_entries(
    plan: Plan, cases: Sequence[FailureCase], sites: int, first: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries of ``plans`` and ``what_ifs`` of failures that were looked at.

    Args:
        plan: before them.
        cases: the failures.
        sites: how many stations the page has.
        first: index of the first of these plans.
    """
    plans, what_ifs = [], []
    for case in cases:
        names = ", ".join(plan.case.problem.station_name(k) for k in case.stations)
        if case.placement is not None:
            plans.append(_case_entry(plan, case, f"without {names}", sites))
        what_ifs.append(_what_if(plan, case, names, None if case.placement is None else first + len(plans) - 1))
    return plans, what_ifs


def _case_entry(plan: Plan, case: FailureCase, name: str, sites: int) -> dict[str, Any]:
    assert case.placement is not None
    problem = plan.case.problem
    late = np.zeros(problem.users, bool)
    late[missed(case)] = True
    return {
        "name": name,
        "policy": plan.solution.policy,
        "cost": finite(case.cost),
        "lower_bound": finite(case.lower_bound),
        "gap": finite(case.gap),
        "feasible": not case.violations,
        "status": WORDS[case.status],
        **decision(problem, case.placement),
        "late": wholes(late[drawn_users(problem.users)]),
        "station": occupancy(problem, case.placement.host, late, sites),
    }


def _what_if(plan: Plan, case: FailureCase, names: str, at: int | None) -> dict[str, Any]:
    problem = plan.case.problem
    change = None if case.cost is None else case.cost - plan.cost
    low, high = change_interval(plan, case)
    return {
        "stations": list(case.stations),
        "title": f"without {names}",
        "status": case.status,
        "plan": at,
        "before": 0,
        "cost": finite(case.cost),
        "cost_change": finite(change),
        "change_interval": None if low is None and high is None else [finite(low), finite(high)],
        "displaced": problem.twins_in(case.displaced),
        "moved_users": problem.twins_in(case.moved),
        "late": problem.twins_in(missed(case)),
        "text": "" if case.proof is None else case.proof.message,
    }


def _tables(plan: Plan) -> dict[str, Any]:
    """Further tables: moves in order, what has changed since, services."""
    tables = [] if plan.moves is None and plan.failure is None else table("Moves, in order", *move_table(plan))
    tables += [] if plan.moves is None else table("What has changed", *change_table(plan))
    tables += (
        [] if plan.services is None else table("Services", SERVICE_COLUMNS, [*map(_service, plan.services.services)])
    )
    for each in tables:
        cut = len(each["rows"]) - MOST_ROWS
        each["rows"] = [[_cell(value) for value in row] for row in each["rows"][:MOST_ROWS]]
        each["title"] += f" (the first {MOST_ROWS} of {MOST_ROWS + cut})" if cut > 0 else ""
    return {"table": tables} if tables else {}


SERVICE_COLUMNS = (
    *("service", "members", "runs on", "fed [Mbit/s]", "slowest feed [ms]", "work [ms]", "total [ms]"),
    *("deadline [ms]", "deadline kept", "of its period [%]"),
)


def _service(service: PlacedService) -> tuple[Any, ...]:
    times = (service.slowest_feed_s, service.computing_s, service.latency_s, service.deadline_s)
    return (
        service.name,
        service.members,
        service.server_name,
        service.fed_bps / BITS_PER_MBIT,
        *(finite(time / S_PER_MS) for time in times),
        service.kept,
        finite(None if service.utilisation is None else 100 * service.utilisation),
    )


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str | int) else float(value)
