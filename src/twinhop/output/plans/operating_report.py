"""Sections of a plan's report for who runs the system: what fails, what moves, and what more would be worth."""

from collections.abc import Mapping
from typing import Any

from twinhop.output.kit.tables import percent, table
from twinhop.output.plans.replan_report import servers_in_words
from twinhop.output.plans.service_report import service_terms
from twinhop.plans.failure import loss_bounds
from twinhop.plans.result import Plan
from twinhop.text import counted, counted_users
from twinhop.units import cost_in_words, cost_number, with_unit

#: Twins that move, and stations, named one by one; the rest are counted or left out.
NAMED = 20
#: Prices that show in the terminal.
TOP = 3


def move_rows(plan: Plan) -> list[tuple[str, str]]:
    """How the cost splits into the plan's own and that of its moves; nothing where moves cost nothing."""
    if plan.moves is None or plan.moves.move_cost_s == 0:
        return []
    count, each = f"{plan.case.problem.twins_in(plan.moves.users):.10g}", plan.moves.move_cost_s
    return [
        ("of it the plan itself", cost_number(plan.own_cost, plan.case.problem.money_unit)),
        (f"of it {count} moves at {each:g} s", cost_number(plan.moves.cost, plan.case.problem.money_unit)),
    ]


def move_lines(plan: Plan) -> list[str]:
    """The section about the twins that leave their present hosts."""
    if plan.moves is None:
        return []
    return [
        "## Moves",
        "",
        f"{moves_in_words(plan)} The cost counts {plan.moves.move_cost_s:g} s a move; the bound is one on that cost.",
        "",
    ]


def moves_in_words(plan: Plan) -> str:
    """How many twins leave their present hosts, and which servers change."""
    assert plan.moves is not None
    problem = plan.case.problem
    moved, gone = plan.moves.users.size, int(plan.moves.host_gone.sum())
    placed = problem.users - plan.moves.present.new_users.size
    leave = "leaves its host" if moved == 1 else "leave the host they have"
    noun = "twin"
    if problem.weight is not None:
        noun, leave = "row", f"with {counted_users(problem.twins_in(plan.moves.users))} {leave}"
    text = f"{moved} of {counted(placed, noun)} {leave} in {plan.moves.present.name}"
    text += f", {gone} of them because it can host them no more." if gone else "."
    parts = [
        text,
        *_most(plan.moves.most, "" if problem.weight is None else " users"),
        servers_in_words(plan),
        *_most(plan.moves.most_servers),
    ]
    if len(parts) > 2 and plan.lower_bound is not None:
        parts.append("The bound is one on the plans that keep to that.")
    return " ".join(parts)


def _most(limit: int | None, noun: str = "") -> list[str]:
    return [] if limit is None else [f"At most {limit}{noun} may."]


def failure_lines(plan: Plan) -> list[str]:
    """The section about hosts that fail."""
    if plan.failure is None:
        return []
    reference, unit = plan.failure.reference, plan.case.problem.money_unit
    in_money = f" [{unit}]" if unit else ""
    bounds = ("-" if bound is None else cost_number(bound, unit) for bound in (reference.lower_bound, plan.lower_bound))
    moves = []
    if move_rows(plan):
        moves = [("of it the plan itself", *(cost_number(each.own_cost, unit) for each in (reference, plan)))]
    rows = [
        (f"cost{in_money}", cost_number(reference.cost, unit), cost_number(plan.cost, unit)),
        *moves,
        (f"certified lower bound{in_money}", *bounds),
        ("gap", percent(reference.gap), percent(plan.gap)),
        ("mean latency [s]", f"{reference.evaluation.latency_s:.6g}", f"{plan.evaluation.latency_s:.6g}"),
        ("opening [s]", f"{reference.evaluation.opening_s:.6g}", f"{plan.evaluation.opening_s:.6g}"),
        *[
            (f"{name} [s]", before, after)
            for (name, before), (_, after) in zip(service_terms(reference), service_terms(plan), strict=True)
        ],
    ]
    moved = plan.failure.to_json(plan)["moved"]
    return [
        "## What fails",
        "",
        failure_in_words(plan),
        "",
        *table(("", "without failure", "with it"), rows),
        "",
        *([] if plan.moves is None else _move_table(plan, moved)),
    ]


def failure_in_words(plan: Plan) -> str:
    """Which hosts fail, what that costs, and who moves."""
    assert plan.failure is not None
    failure, problem = plan.failure, plan.case.problem
    users = failure.moved(plan.solution.placement.host)
    gone = int(failure.displaced(users).sum())
    lost, noun = failure.newly_unmeetable(problem), "twin" if problem.weight is None else "row"
    sentences = [
        f"Without {problem.station_names(failure.stations.tolist())} hosting (the radios still work) "
        f"{_difference(plan)}.",
        *_loss(plan),
        f"{counted(users.size, noun)} {'is' if users.size == 1 else 'are'} hosted elsewhere than without failure: "
        f"{gone} because their host is gone, "
        f"{users.size - gone} besides.",
    ]
    sentences += _services(plan)
    if lost.size:
        sentences.append(
            f"No station can keep the deadlines of {problem.user_names(lost.tolist())} any more; they are planned "
            "without them."
        )
    return " ".join(sentences)


def _services(plan: Plan) -> list[str]:
    """Which services run elsewhere, where there are services."""
    assert plan.failure is not None
    if plan.services is None:
        return []
    moved = plan.failure.services_moved(plan)
    named = ", ".join(f"{each.service} on {each.to_server} instead of {each.from_server}" for each in moved[:NAMED])
    more = f", and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    runs = "runs" if len(moved) == 1 else "run"
    return [f"{counted(len(moved), 'service')} {runs} elsewhere{': ' if moved else ''}{named}{more}."]


def _difference(plan: Plan) -> str:
    """By how much the cost of the plan itself changes, and apart from it what its moves cost."""
    assert plan.failure is not None
    unit = plan.case.problem.money_unit
    difference = plan.own_cost - plan.failure.reference.own_cost
    words = f"the cost changes by {cost_in_words(difference, unit, signed=True)}"
    if not move_rows(plan):
        return words
    before = plan.failure.reference.moves
    moves = plan.cost - plan.own_cost - (0.0 if before is None else before.cost)
    return f"{words}, and what moves cost by {cost_in_words(moves, unit, signed=True)} besides"


def _loss(plan: Plan) -> list[str]:
    bounds = loss_bounds(plan)
    if bounds is None:
        return []
    unit = plan.case.problem.money_unit
    low, high = (cost_number(bound, unit, 4) for bound in bounds)
    what = "their sum" if move_rows(plan) else "it"
    return [f"Between the best plans of both {what} is certified to lie between {low} and {with_unit(high, unit)}."]


def move_from(plan: Plan, move: Mapping[str, Any]) -> str:
    """The name of the station that a twin leaves, of a move as `Moves.to_json` has it."""
    return move["closed_station"] if move["from"] is None else plan.case.problem.station_name(move["from"])


def _move_table(plan: Plan, moves: list[dict]) -> list[str]:
    if not moves:
        return []
    problem = plan.case.problem
    ordered = sorted(moves, key=lambda move: not move["host_gone"])
    rows = [
        (
            problem.user_name(move["user"]),
            move_from(plan, move),
            problem.station_name(move["to"]),
            "its host is gone" if move["host_gone"] else "it pays",
        )
        for move in ordered[:NAMED]
    ]
    more = [f"... and {len(moves) - NAMED} more (all are in placement.json).", ""] if len(moves) > NAMED else []
    return [*table(("twin of", "from", "to", "because"), rows), "", *more]


def price_lines(plan: Plan) -> list[str]:
    """The section about what more of each station would be worth; nothing without prices."""
    if plan.shadow_prices is None:
        return []
    rows = price_rows(plan)
    unit = plan.case.problem.money_unit or "the unit of the cost"
    meaning = (
        f"In {unit}: by how much the lower bound falls, at the same prices. With one more seat on a "
        "station no plan costs less than the bound minus its price of a seat; so with a "
        "longer deadline, and with more CPU or demand capacity as long as no link becomes possible that was not. Where "
        "the bound has the station closed, it falls by at most what is stated for seats, CPU and demand. Prices are "
        "for one unit, and limit what more can bring; they promise nothing."
    )
    return ["## What more would be worth", "", *table(price_header(plan), rows), "", meaning, ""]


def price_header(plan: Plan) -> tuple[str, ...]:
    """Columns of `price_rows`."""
    problem = plan.case.problem
    rows = problem.weight is not None and problem.has_demand
    extra = [
        name
        for name, given in (
            ("room for one more user" if rows else "one more unit of demand", problem.has_demand),
            ("1 ms more deadline for its users", problem.has_deadlines),
        )
        if given
    ]
    seat = "one more row" if rows else "one more seat"
    return ("opened server", seat, "1 Gcycle/s more CPU", *extra, "in the bound")


def price_rows(plan: Plan, most: int | None = None) -> list[tuple[str, ...]]:
    """One row an opened station, those worth most first."""
    rows = []
    for worth in (plan.shadow_prices or ())[:most]:
        values = (worth.seat, worth.cpu_gcycle_per_s, worth.demand_unit, worth.deadline_ms)
        cells = [f"{value:.4g}" for value in values if value is not None]
        name = plan.case.problem.station_name(worth.station)
        rows.append((name, *cells, "open" if worth.exact else "closed"))
    return rows
