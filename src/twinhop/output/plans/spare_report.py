"""What is said of a plan that survives the failure of any one of its servers."""

from typing import Any

import numpy as np

from twinhop.io.table_values import finite
from twinhop.output.kit.tables import cost_cell, percent, table
from twinhop.output.plans.failure_words import missed
from twinhop.placement.budget import WIDE
from twinhop.plans.failed_hosts import COUNT, STAY, FailureCase
from twinhop.plans.result import Plan
from twinhop.text import counted
from twinhop.units import cost_in_words, cost_number, with_unit


def spare_cost_interval(plan: Plan) -> tuple[float | None, float | None]:
    """What surviving every failure costs at least and at most, between the best plans with and without that demand."""
    assert plan.spare is not None
    before = plan.spare.reference
    low = None if plan.lower_bound is None else max(0.0, plan.lower_bound - before.cost)
    return low, None if before.lower_bound is None else plan.cost - before.lower_bound


def spare_in_words(plan: Plan) -> str:
    """That a plan survives, what that costs, and who is late then."""
    assert plan.spare is not None
    spare, before = plan.spare, plan.spare.reference
    opened, of = int(plan.solution.placement.open.sum()), int(before.solution.placement.open.sum())
    who = "only its own users move" if spare.rules.moves == STAY else "all users may move"
    held = "late users are counted" if spare.rules.deadlines == COUNT else "every deadline is kept"
    held = f"; {held}" if plan.case.problem.has_deadlines else ""
    unit = plan.case.problem.money_unit
    extra = plan.cost - before.cost
    share = f" ({percent(extra / before.cost, signed=True)})" if before.cost > 0 else ""
    words = f"The plan survives the failure of any one of its {opened} servers ({who}{held})"
    words += (
        " and costs no more than without that"
        if extra <= 0
        else f", which costs {cost_in_words(extra, unit, 4)} more than without that{share}"
    )
    words += "." if opened == of else f", with {counted(opened, 'server')} instead of {of}."
    low, high = spare_cost_interval(plan)
    if low is not None and high is not None and extra > 0:
        ends = f"{cost_number(low, unit, 4)} and {cost_in_words(high, unit, 4)}"
        words += f" Between the best plans with and without spare that is certified to lie between {ends}."
    if plan.gap is not None and plan.gap > WIDE and (before.gap or 0.0) <= WIDE:
        words += " The gap is wide: the bound looks at which servers are opened, less closely at who is hosted where."
    empty = _empty(plan)
    if empty:
        words += f" Opened for spare alone: {plan.case.problem.station_names(empty)}."
    if spare.late.size:
        words += f" Late after some failure: {plan.case.problem.user_names(spare.late.tolist())}."
    return words


def _empty(plan: Plan) -> list[int]:
    placement = plan.solution.placement
    return np.flatnonzero(placement.open & (placement.loads() == 0)).tolist()


def spare_header(plan: Plan) -> tuple[str, ...]:
    """Columns of `spare_rows`, with the unit of costs where that is money."""
    after = with_unit("cost after", plan.case.problem.money_unit)
    return ("fails", "its twins", "twins that move", "late", after)


def spare_rows(plan: Plan) -> list[tuple[str, ...]]:
    """A row a failure, in which most twins move first."""
    assert plan.spare is not None
    count, unit = plan.case.problem.twins_in, plan.case.problem.money_unit
    cases = sorted(plan.spare.cases, key=lambda case: (-count(missed(case)), -count(case.moved)))
    return [
        (
            plan.case.problem.station_name(case.stations[0]),
            f"{count(case.displaced):.10g}",
            f"{count(case.moved):.10g}",
            f"{count(missed(case)):.10g}",
            cost_cell(case.cost, unit, 6),
        )
        for case in cases
    ]


def spare_lines(plan: Plan) -> list[str]:
    """The section about what becomes of the plan after each failure."""
    if plan.spare is None:
        return []
    meaning = (
        "Cost: of the state without a failure, with servers that are opened for spare alone. Cost after: of one plan "
        "after the failure that keeps what it must, on the other servers that are open; not the best one."
    )
    return [
        "## After any failure",
        "",
        spare_in_words(plan),
        "",
        *table(spare_header(plan), spare_rows(plan)),
        "",
        meaning,
        "",
    ]


def spare_values(plan: Plan) -> dict[str, Any]:
    """The same as plain values; without spare no field."""
    if plan.spare is None:
        return {}
    spare, problem = plan.spare, plan.case.problem
    before = spare.reference
    return {
        "spare": {
            "servers": 1,
            "failure_moves": spare.rules.moves,
            "failure_deadlines": spare.rules.deadlines,
            "least_open": spare.least_open,
            "empty": _empty(plan),
            "empty_ids": [problem.station_name(k) for k in _empty(plan)],
            "cost_without_spare": before.cost,
            "lower_bound_without_spare": before.lower_bound,
            "gap_without_spare": before.gap,
            "spare_cost": plan.cost - before.cost,
            "spare_cost_interval": list(spare_cost_interval(plan)),
            "failures": [_case_values(plan, case) for case in spare.cases],
        }
    }


def _case_values(plan: Plan, case: FailureCase) -> dict[str, Any]:
    assert case.placement is not None
    (station,), problem, host = case.stations, plan.case.problem, plan.solution.placement.host
    return {
        "station": station,
        "station_id": problem.station_name(station),
        "cost": finite(case.cost),
        "displaced": problem.twins_in(case.displaced),
        "late": missed(case),
        "late_ids": [problem.user_name(i) for i in missed(case)],
        "moves": [
            {
                "user": i,
                "user_id": problem.user_name(i),
                "from": int(host[i]),
                "from_id": problem.station_name(int(host[i])),
                "to": int(case.placement.host[i]),
                "to_id": problem.station_name(int(case.placement.host[i])),
            }
            for i in case.moved
        ],
    }
