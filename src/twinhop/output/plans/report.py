"""Reports in Markdown: what was decided, how good it is, and whether every constraint holds."""

import numpy as np

from twinhop._version import __version__
from twinhop.network.utility import LARGEST_EXPONENT
from twinhop.output.kit.tables import note_lines, percent, source_lines, table
from twinhop.output.plans.money_rows import money_terms
from twinhop.output.plans.operating_report import failure_lines, move_lines, move_rows, price_lines
from twinhop.output.plans.replan_report import change_lines, order_lines
from twinhop.output.plans.service_report import service_lines, service_terms
from twinhop.output.plans.spare_report import spare_lines
from twinhop.placement.budget import PATIENCE_S, WIDE
from twinhop.placement.certificate import MOVE_AND_SERVER_PRICE, MOVE_PRICE, SERVER_PRICE
from twinhop.placement.decision import Ending
from twinhop.plans.link_loads import link_loads
from twinhop.plans.opened_servers import late_users
from twinhop.plans.result import Plan
from twinhop.plans.service_levels import service_levels
from twinhop.stats.quantiles import quantiles
from twinhop.text import counted, plural
from twinhop.units import BITS_PER_MBIT, cost_in_words, cost_number, with_unit

#: Violations and unmeetable users named one by one; the rest are counted.
NAMED = 20
#: Utilities above this are said to be beyond what the equation is for.
VAST_UTILITY = 1e9


#: What ended a solve, in words; Ctrl-C and time limits have their own.
ENDED = {
    Ending.PROVEN: "the plan is proved optimal",
    Ending.GAP: f"the gap is at most the one asked for, or {100 * WIDE:g} % where none is",
    Ending.SECONDS: f"the gap is still above {100 * WIDE:g} % after the {PATIENCE_S:g} s that it goes on for; "
    "--gap goes on without limit",
    Ending.EXHAUSTED: "nothing is left to try, though the gap is above the one wanted",
}


def ending_note(plan: Plan) -> str:
    """Why a solve ended where its gap is wider than wanted, or why there is no bound; empty where all is well."""
    if plan.solution.note:
        return plan.solution.note
    ended = plan.solution.ended
    wide = ended in (Ending.SECONDS, Ending.EXHAUSTED) and plan.lower_bound is not None
    return f"ended: {ENDED[ended]}" if wide else ""


def _ended(plan: Plan) -> str:
    words = ENDED.get(plan.solution.ended) if plan.lower_bound is not None else None
    return f" Ended: {words}." if words else ""


def plan_report(plan: Plan) -> str:
    """The report of one plan."""
    case, solution = plan.case, plan.solution
    lines = [
        f"# Plan of {case.name}",
        "",
        f"{case.problem.size_in_words}, "
        f"policy `{solution.policy}`, seed {case.seed}, "
        f"{solution.seconds:.3f} s, twinhop {__version__}."
        + (" Ended early by Ctrl-C." if solution.interrupted else "")
        + (" Ended by the time limit." if solution.timed_out else "")
        + _ended(plan),
        "",
        *note_lines(plan.notes),
        *note_lines(each.message for each in plan.warnings),
        *change_lines(plan),
        *_cost_lines(plan),
        *failure_lines(plan),
        *spare_lines(plan),
        *move_lines(plan),
        *order_lines(plan),
        *_literal_lines(plan),
        *constraint_lines(plan),
        *_latency_lines(plan),
        *_class_lines(plan),
        *_station_lines(plan),
        *service_lines(plan),
        *price_lines(plan),
        *_link_lines(plan),
        *source_lines(case.attribution),
    ]
    return "\n".join(lines) + "\n"


def _cost_lines(plan: Plan) -> list[str]:
    evaluation, problem = plan.evaluation, plan.case.problem
    unit = problem.money_unit
    rows = [
        ("cost", cost_in_words(plan.cost, unit)),
        *((name, with_unit(value, unit)) for name, value in (*move_rows(plan), *money_terms(plan))),
        ("mean latency", f"{evaluation.latency_s:.6g} s"),
        ("of it communication", f"{evaluation.communication_s:.6g} s"),
        ("of it computing", f"{evaluation.computing_s:.6g} s"),
        (f"opening of {counted(int(plan.solution.placement.open.sum()), 'server')}", f"{evaluation.opening_s:.6g} s"),
        ("energy, weighted", f"{evaluation.energy_j:.6g}"),
        *((name, f"{value} s") for name, value in service_terms(plan)),
        ("weights alpha, beta", f"{problem.alpha:g}, {problem.beta:g}"),
    ]
    if plan.lower_bound is not None:
        rows += [
            ("certified lower bound", cost_in_words(plan.lower_bound, unit)),
            ("gap", percent(plan.gap)),
            ("gap net of the unavoidable cost", percent(plan.gap_net)),
        ]
    return ["## Cost and certificate", "", *table(("term", "value"), rows), "", verdict(plan), ""]


def verdict(plan: Plan) -> str:
    """What the certificate proves, in a sentence, or who would give one."""
    certificate = plan.solution.certificate
    if certificate is None:
        return f"`{plan.solution.policy}` gives no lower bound; `lagrangian` and `exact` do."
    if plan.services is not None:
        return (
            "No plan of users and services that keeps the constraints costs less than the lower bound, in which each "
            "service is fed from the cheapest hosts; it keeps the deadlines of services that are kept here."
        )
    how = {
        "prices": "its user prices, rounded down",
        "knapsacks": "its user prices and one knapsack of whole users a server, rounded down",
        "branch-and-bound": "the prices of many parts of all plans, rounded down",
        "branch-and-cut": "branch and cut, less its tolerances",
        MOVE_PRICE: "prices of users and of moves, rounded down",
        SERVER_PRICE: "prices of users and of servers that change, rounded down",
        MOVE_AND_SERVER_PRICE: "prices of users, of moves and of servers that change, rounded down",
    }[certificate.method]
    limit = {
        MOVE_PRICE: " and the limit on moves",
        SERVER_PRICE: " and the limit on servers that change",
        MOVE_AND_SERVER_PRICE: " and the limits on moves and servers that change",
    }.get(certificate.method, "")
    if plan.spare is not None:
        limit = " and survives every failure"
    return f"No plan that keeps the constraints{limit} costs less than the lower bound, which follows from {how}."


def constraint_lines(plan: Plan) -> list[str]:
    """The section about constraints: which hold, and the first of those that are broken."""
    problem, evaluation = plan.case.problem, plan.solution.evaluation
    lines = ["## Constraints", ""]
    loads = problem.twins_on(plan.solution.placement.host)
    used = loads > 0
    full = int((loads[used] >= problem.seats[used]).sum())
    twins = "the twin is" if problem.people == 1 else f"all {problem.people:.10g} twins are"
    lines.append(f"- One host a user: {twins} hosted on {counted(int(used.sum()), 'server')}.")
    are = "is" if full == 1 else "are"
    lines.append(f"- Twin capacities: {_count(plan, 'capacity')} exceeded; {counted(full, 'server')} {are} full.")
    if problem.demand_capacity is not None and problem.demand is not None and problem.weight is None:
        total = problem.demand_capacity[used].sum()
        part = problem.demand.sum() / total if total else 0.0
        lines.append(
            f"- Demand capacities: {_count(plan, 'demand')} exceeded; {100 * part:.1f} % of those opened are used."
        )
    if evaluation.late is not None:
        lines += _priced_lines(plan, evaluation.late)
    elif not problem.has_deadlines:
        lines.append("- Deadlines: none given.")
    else:
        meetable = problem.people - problem.twins_in(problem.unmeetable)
        kept = meetable - problem.twins_in(late_users(plan))
        lines.append(f"- Deadlines: {kept:.10g} of {meetable:.10g} meetable ones are kept.")
        lines.append(_unmeetable_line(plan))
    broken = evaluation.violations
    lines += [f"- **Violated**: {violation_in_words(plan, at)}" for at in range(min(NAMED, len(broken)))]
    if len(broken) > NAMED:
        lines.append(f"- ... and {len(broken) - NAMED} more violations (all are in placement.json).")
    return [*lines, ""]


def _priced_lines(plan: Plan, late: np.ndarray) -> list[str]:
    """Which deadlines are missed, where each may be at a price."""
    problem = plan.case.problem
    priced = problem.priced_deadlines
    assert priced is not None
    who = np.flatnonzero(late)
    price = cost_in_words(problem.alpha / problem.users * priced.price_s, problem.money_unit)
    names = f": {', '.join(problem.user_name(int(i)) for i in who[:NAMED])}{', ...' if who.size > NAMED else ''}"
    certain = int(priced.certain.all(axis=1).sum())
    return [
        f"- Deadlines: {problem.users - who.size} of {problem.users} are kept; each other one costs {price}"
        f"{names if who.size else ''}.",
        f"- Deadlines that no station could keep even alone: {certain}.",
    ]


def _count(plan: Plan, kind: str) -> int:
    return sum(each.kind == kind for each in plan.solution.evaluation.violations)


def _unmeetable_line(plan: Plan) -> str:
    problem = plan.case.problem
    if not problem.unmeetable.size:
        return "- Unmeetable deadlines (which no station could keep even alone): none."
    names = ", ".join(problem.user_name(int(i)) for i in problem.unmeetable[:NAMED])
    more = ", ..." if problem.unmeetable.size > NAMED else ""
    return (
        f"- Unmeetable deadlines (which no station could keep even alone; planned without): "
        f"{problem.unmeetable.size}: {names}{more}."
    )


def violation_in_words(plan: Plan, at: int) -> str:
    """A broken constraint, of those of the plan the one at this place."""
    problem, each = plan.case.problem, plan.solution.evaluation.violations[at]
    station = problem.station_name(each.station)
    if each.kind == "capacity":
        return f"station {station} hosts {each.by:.10g} {plural(round(each.by), 'twin')} too many"
    if each.kind == "demand":
        return f"the demands on station {station} exceed its capacity by {each.by:.6g}"
    user = problem.user_name(each.user if each.user is not None else -1)
    if each.kind == "deadline":
        return f"user {user} on station {station} is late by {1e3 * each.by:.3g} ms"
    if each.kind == "cpu":
        return f"user {user} gets no CPU on station {station}: the deadlines of others take all of it"
    return f"user {user} may not be hosted on station {station}"


def _latency_lines(plan: Plan) -> list[str]:
    levels = service_levels(plan)
    weight = plan.case.problem.weight
    rows = [_quantiles("latency the cost counts [s]", levels.placement_latency_s, weight)]
    for name, values in (
        ("construction, Eq. 10 [s]", levels.construction_s),
        ("one update, Eq. 11 [s]", levels.update_s),
        ("utilisation, Eq. 12", levels.utilisation),
        ("mean age [s]", levels.mean_age_s),
        ("peak age [s]", levels.peak_age_s),
        ("energy to send the history, Eq. 19 [J]", levels.energy_j),
        ("utility, Eq. 20", levels.utility),
    ):
        if values is not None:
            rows.append(_quantiles(name, values, weight))
    lines = ["## What users get", "", *table(("", "mean", "p50", "p95", "max"), rows), ""]
    if levels.utility is not None and levels.utility.max() > VAST_UTILITY:
        lines += [_vast_utilities(plan, levels.utility), ""]
    if levels.utilisation is not None and (levels.utilisation > 1).any():
        behind = int((levels.utilisation > 1).sum())
        lines += [
            f"{counted(behind, 'twin')} cannot keep up: one update takes longer than the synchronisation period.",
            "",
        ]
    return lines


def _quantiles(name: str, values: np.ndarray, weight: np.ndarray | None) -> tuple[str, ...]:
    finite = np.isfinite(values)
    values, weight = values[finite], None if weight is None else weight[finite]
    if not values.size:
        return (name, "-", "-", "-", "-")
    numbers = (np.average(values, weights=weight), *quantiles(values, (0.5, 0.95), weight), values.max())
    return (name, *(f"{number:.4g}" for number in numbers))


def _vast_utilities(plan: Plan, utility: np.ndarray) -> str:
    """Why utilities are vast, and those of some users left out."""
    beyond = np.flatnonzero(~np.isfinite(utility)).tolist()
    made_for = "Eq. 20 is for deadlines tau not far above tau_0, 0.1 s (1 s where reading 11 is literal)"
    if not beyond:
        return f"{made_for}; beyond, exp((tau - T) / tau_0) says little but whose deadline is the longest."
    return (
        f"The utility of {plan.case.problem.user_names(beyond)} is left out: exp((tau - T) / tau_0) is more than "
        f"e^{LARGEST_EXPONENT:g}, which no sum of numbers holds. {made_for}. Nothing else depends on it."
    )


def _literal_lines(plan: Plan) -> list[str]:
    literal, sound = plan.literal_evaluation, plan.evaluation
    if literal is None:
        return []
    rows = [
        ("cost", *(cost_in_words(each.cost, plan.case.problem.money_unit) for each in (sound, literal))),
        ("mean latency [s]", f"{sound.latency_s:.6g}", f"{literal.latency_s:.6g}"),
        ("opening [s]", f"{sound.opening_s:.6g}", f"{literal.opening_s:.6g}"),
    ]
    named = ", ".join(map(str, literal.rows))
    return [
        "## As printed in the paper",
        "",
        f"The terms of readings {named}, taken literally, do not depend on the decision; it is made without them.",
        "",
        *table(("term", "as decided", "as printed"), rows),
        "",
    ]


def _class_lines(plan: Plan) -> list[str]:
    world, problem = plan.case.world, plan.case.problem
    if world is None or not world.class_names:
        return []
    levels = service_levels(plan)
    late = {each.user for each in plan.solution.evaluation.violations if each.kind == "deadline"}
    unmeetable = np.isin(np.arange(problem.users), problem.unmeetable)
    missed = np.isin(np.arange(problem.users), np.array([user for user in late if user is not None], np.int64))
    rows = []
    for at, name in enumerate(world.class_names):
        members = world.user_class == at
        if not members.any():
            continue
        deadlines_kept = "-"
        if problem.has_deadlines:
            meetable = problem.twins_in(members & ~unmeetable)
            deadlines_kept = f"{meetable - problem.twins_in(members & missed):.10g} of {meetable:.10g}"
        weight = None if problem.weight is None else problem.weight[members]
        counted, update = levels.placement_latency_s[members], levels.update_s
        rows.append(
            (
                name,
                f"{problem.twins_in(members):.10g}",
                *_mean_and_p95(counted, weight),
                *(("-", "-") if update is None else _mean_and_p95(update[members], weight)),
                deadlines_kept,
                f"{problem.twins_in(members & unmeetable):.10g}" if problem.has_deadlines else "-",
            )
        )
    latencies = ("mean latency [s]", "p95 [s]", "mean update [s]", "p95 update [s]")
    header = ("class", "users", *latencies, "deadlines kept", "unmeetable")
    return ["## User classes", "", *table(header, rows), ""]


def _mean_and_p95(values: np.ndarray, weight: np.ndarray | None) -> tuple[str, str]:
    return f"{np.average(values, weights=weight):.4g}", f"{quantiles(values, [0.95], weight)[0]:.4g}"


def _station_lines(plan: Plan) -> list[str]:
    problem, placement = plan.case.problem, plan.solution.placement
    loads, seats = problem.twins_on(placement.host), problem.seats
    unit = problem.money_unit
    computing = np.bincount(placement.host, problem.root_work, minlength=problem.stations)
    rows = [
        (
            problem.station_name(k),
            f"{loads[k]:.10g}",
            f"{seats[k]:.10g}",
            f"{problem.cpu[k] / 1e9:.4g}",
            f"{computing[k] / computing.sum() * 100:.1f} %" if computing.sum() else "-",
            cost_number(problem.beta * problem.opening_s[k], unit) if unit else f"{problem.opening_s[k]:.4g}",
        )
        for k in np.flatnonzero(placement.open).tolist()
    ]
    header = (
        "opened server",
        "twins",
        "capacity",
        "CPU [Gcycle/s]",
        "share of root work",
        f"rent [{unit}]" if unit else "opening [s]",
    )
    return ["## Opened servers", "", *table(header, rows), ""]


def _link_lines(plan: Plan) -> list[str]:
    loads = link_loads(plan)
    if loads is None:
        return []
    rows = [
        (
            f"{link['a']} - {link['b']}",
            f"{link['rate_mbps']:.6g}",
            f"{link['delay_ms']:.4g}",
            f"{link['bits_per_user'] / BITS_PER_MBIT:.4g}",
            percent(link["update_utilisation"]),
        )
        for link in map(loads.describe, loads.most_loaded())
    ]
    lines = ["## Most loaded links", ""]
    if not rows:
        return [
            *lines,
            "No twin is hosted away from its user's access station over a link: the links carry nothing.",
            "",
        ]
    header = ("link", "rate [Mbit/s]", "delay [ms]", "carried [Mbit a user]", "used by updates")
    meaning = (
        "Carried: histories and one update each, summed over the users whose path takes the link, over all users. "
        "Used by updates: their rate, one a synchronisation period, over the link's rate."
    )
    return [*lines, *table(header, rows), "", meaning, ""]
