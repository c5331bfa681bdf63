"""Tables of a re-plan, for CSV and workbooks: what has changed since, and who moves in which order."""

from __future__ import annotations

from typing import Any

from twinhop.placement.problem import IntArray
from twinhop.plans.changes import Change
from twinhop.plans.order import MoveStep
from twinhop.plans.result import CLOSED, NOBODY, Plan

#: Columns of `change_table` and `move_table`.
CHANGE_HEADER = ("what", "name", "before", "after")
MOVE_HEADER = ("step", "user", "from", "to", "temporary", "reason")
#: Why a twin moves.
HOST_GONE, NEW, PAYS, MAKES_ROOM = "host gone", "new user", "it pays", "makes room"

Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]


def changes_of(plan: Plan) -> tuple[Change, ...]:
    """What has changed since the present placement was saved; nothing without one."""
    return () if plan.moves is None else plan.moves.present.changes


def change_table(plan: Plan) -> Table:
    """One row a user or site that is not as it was when the present placement was saved, in the units of the problem.

    Returns:
        The header and its rows; none without a present placement.
    """
    return CHANGE_HEADER, [(each.what, each.name, each.before, each.after) for each in changes_of(plan)]


def move_table(plan: Plan) -> Table:
    """One row a step of the moves, in order; those that no order was found for at the end, without a step.

    Returns:
        The header and its rows; none where nothing is known of where the twins are.
    """
    order, problem = plan.move_order, plan.case.problem
    if order is None:
        return MOVE_HEADER, []
    rows: list[tuple[Any, ...]] = []
    for at, step in enumerate(order.steps, 1):
        names = (problem.user_name(step.user), step_from(plan, step), problem.station_name(step.target))
        rows.append((at, *names, step.temporary, reason(plan, step)))
    for step in blocked_steps(plan):
        names = (problem.user_name(step.user), step_from(plan, step), problem.station_name(step.target))
        rows.append((None, *names, False, reason(plan, step)))
    return MOVE_HEADER, rows


def blocked_steps(plan: Plan) -> list[MoveStep]:
    """The moves that no order was found for, each from where the twin is after the steps."""
    order = plan.move_order
    if order is None:
        return []
    last = {step.user: step.target for step in order.steps}
    before = before_moves(plan)
    host = plan.solution.placement.host
    return [MoveStep(i, last.get(i, int(before[i])), int(host[i])) for i in order.blocked]


def before_moves(plan: Plan) -> IntArray:
    """(N,) where the twins are: at present, or in the plan without failure."""
    if plan.moves is not None:
        return plan.moves.present.host
    return plan.with_all_hosts.solution.placement.host


def step_from(plan: Plan, step: MoveStep) -> str | None:
    """The name of the station that a twin leaves; None for new users."""
    if step.origin == NOBODY:
        return None
    if step.origin == CLOSED and plan.moves is not None:
        return plan.moves.present.closed_host[step.user]
    return plan.case.problem.station_name(step.origin)


def reason(plan: Plan, step: MoveStep) -> str:
    """Why a twin moves."""
    if step.temporary:
        return MAKES_ROOM
    before = before_moves(plan)[step.user]
    if before == NOBODY:
        return NEW
    stays = before >= 0 and plan.solution.problem.allowed[step.user, before]
    return PAYS if stays else HOST_GONE


def steps_json(plan: Plan) -> dict[str, Any]:
    """The order of the moves as plain values; stations and users by index and by name."""
    order = plan.move_order
    assert order is not None

    def plain(step: MoveStep) -> dict[str, Any]:
        problem = plan.case.problem
        return {
            "user": step.user,
            "user_id": problem.user_name(step.user),
            "from": None if step.origin < 0 else step.origin,
            "from_id": step_from(plan, step),
            "to": step.target,
            "to_id": problem.station_name(step.target),
            "temporary": step.temporary,
            "reason": reason(plan, step),
        }

    return {
        "steps": [plain(step) for step in order.steps],
        "blocked": [plain(step) for step in blocked_steps(plan)],
        "blocked_is_proved": order.proved,
        "detours": order.detours,
        "detours_are_needed": order.detours_needed,
        "keeps_deadlines": order.keeps_deadlines,
    }
