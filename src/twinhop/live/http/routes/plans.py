"""Plans of the controller, the moves in them, and how the controller works."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field, Strict

from twinhop.errors import InputError
from twinhop.live.control.errors import Conflict
from twinhop.live.control.records import Mode, MoveRecord, MoveState, PlanRecord, PlanState
from twinhop.live.gateway.problems import STOPPED_S, Problem
from twinhop.live.http.paths import MoveId, PlanId, encoded
from twinhop.live.http.routes.context import Context
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.pages import USUAL_LIMIT, Cursor, Limit, page_of_rows, unknown
from twinhop.live.http.routes.responses import answers
from twinhop.live.http.routes.shown import Answer, Page, finite, finite_or_none
from twinhop.scenario.fields import LONGEST_TEXT, Section

routes = router("plans")

LONGEST_TIME_LIMIT_S = 600.0
"""The longest time that a dry run may ask for [s]."""
_HIGHEST = 10**20 - 1


class MoveView(Answer):
    """One move of a twin; also the state of the operation that moves it."""

    id: str
    plan: str = Field(description="the plan that it is of")
    twin: str
    source: str | None = Field(description="the host it leaves; null: it was never placed")
    target: str = Field(description="the host it goes to")
    reason: str = Field(description="why, in words")
    state: MoveState
    epoch: int = Field(description="of the twin's ownership after the move; 0 before")
    pause_s: float | None = Field(description="for how long the twin answered nobody [s]")
    detail: str = Field(description="why it failed; empty where it did not")
    saved_s: float | None = Field(description="a slot's cost less by this move alone; a loss is negative [s]")
    move_s: float | None = Field(description="what the move costs once [s]")
    pays_back_slots: float | None = Field(description="`move_s / saved_s`; null where nothing is saved")


class MovePage(Page[MoveView]):
    """Moves, the newest plan's first."""


class PlanSummary(Answer):
    """One decision of the controller, or a dry run."""

    id: str
    made_s: float = Field(description="when, since 1970 [s]")
    slot: int = Field(description="of the run, from 0; that of the last decision for a dry run")
    policy: str
    mode: Mode = Field(description="of the controller then")
    state: PlanState
    is_dry: bool = Field(description="whether it was asked for, and is not of a slot")
    seconds: float = Field(description="how long deciding took [s]")
    users: int = Field(description="twins that were placed or could have been")
    cost_s: float | None = Field(
        description="of the slot once it is in force, moves included; null: there is no plan [s]"
    )
    bound_s: float | None = Field(description="certified: no placement of the slot costs less [s]")
    gap: float | None = Field(description="`cost_s / bound_s - 1`")
    move_count: int = Field(description="moves in it")
    note: str = Field(description="what else is to be known")


class PlanPage(Page[PlanSummary]):
    """Plans, the newest first."""


class PlanView(PlanSummary):
    """A plan and its moves, in the order in which each finds room."""

    moves: list[MoveView]


class PlanToMake(Section):
    """What a dry run is asked for."""

    policy: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)] | None = Field(
        default=None, description="a policy and its settings; null: the controller's", examples=["nearest"]
    )
    time_limit_s: Annotated[float, Strict(), Field(gt=0, le=LONGEST_TIME_LIMIT_S, allow_inf_nan=False)] | None = Field(
        default=None, description="for deciding, the certificate included; null: the controller's [s]"
    )


class ControllerView(Answer):
    """How the controller works."""

    mode: Mode = Field(description="shadow: recommends; approve: plans wait to be applied; auto: moves by itself")
    policy: str
    slot_s: float = Field(description="from one decision to the next [s]")
    facts: dict[str, float | str | bool | None] = Field(description="what it has done since the start")


class ControllerMode(Section):
    """What the controller may do."""

    mode: Mode


@routes.post(
    "/plans",
    dependencies=needs("operate"),
    status_code=201,
    responses={
        201: {"headers": {"Location": {"description": "of the plan", "schema": {"type": "string"}}}},
        **answers(400),
    },
)
async def make_plan(api: Api, body: PlanToMake, response: Response) -> PlanView:
    """Decide now, as a dry run: a plan with its certificate, which may be applied afterwards; nothing is moved.

    It is about those who were there when the slot began.
    """
    try:
        plan = await asyncio.wrap_future(api.controller.propose(body.policy, body.time_limit_s))
    except Conflict as error:
        raise Problem("unavailable", str(error), STOPPED_S) from None
    response.headers["Location"] = f"/v1/plans/{encoded(plan.id)}"
    return _plan(plan)


@routes.get("/plans", dependencies=needs("read"), responses=answers(400))
async def list_plans(
    api: Api,
    state: Annotated[PlanState | None, Query(description="in this state alone")] = None,
    limit: Limit = USUAL_LIMIT,
    cursor: Cursor = None,
) -> PlanPage:
    """List the plans that are still known, the newest first."""
    rows = [each for each in api.controller.plans() if state is None or each.state == state]
    shown, following = page_of_rows(rows, lambda plan: _newest_first(plan.id), cursor, limit, ["plans", state])
    return PlanPage(items=[PlanSummary(**_summary(each)) for each in shown], next_cursor=following)


@routes.get("/plans/{plan}", dependencies=needs("read"), responses=answers(404))
async def get_plan(api: Api, plan: PlanId) -> PlanView:
    """A plan, its certificate, and its moves with their states."""
    return _plan(_known(api, plan))


@routes.post(
    "/plans/{plan}/apply",
    dependencies=needs("operate"),
    status_code=202,
    responses={
        202: {
            "headers": {"Location": {"description": "whose state tells how far it is", "schema": {"type": "string"}}}
        },
        **answers(404, 409),
    },
)
async def apply_plan(api: Api, plan: PlanId, response: Response) -> PlanSummary:
    """Begin the moves of a plan, and answer at once; the plan at `Location` tells how far they are.

    A plan that is applied, rejected, or superseded by later decisions is a conflict, and so is any in shadow mode.
    """
    _known(api, plan)
    try:
        api.controller.apply(plan)
    except Conflict as error:
        raise Problem("conflict", str(error)) from None
    response.headers["Location"] = f"/v1/plans/{encoded(plan)}"
    return PlanSummary(**_summary(api.controller.plan(plan)))


@routes.get("/moves", dependencies=needs("read"), responses=answers(400))
async def list_moves(
    api: Api,
    plan: Annotated[str | None, Query(max_length=LONGEST_TEXT, description="of this plan alone")] = None,
    twin: Annotated[str | None, Query(max_length=LONGEST_TEXT, description="of this twin alone")] = None,
    state: Annotated[MoveState | None, Query(description="in this state alone")] = None,
    limit: Limit = USUAL_LIMIT,
    cursor: Cursor = None,
) -> MovePage:
    """List the moves of the plans that are still known, the newest plan's first."""
    rows = [
        each
        for each in api.controller.moves()
        if (plan is None or each.plan == plan)
        and (twin is None or each.twin == twin)
        and (state is None or each.state == state)
    ]
    shown, following = page_of_rows(rows, _in_order, cursor, limit, ["moves", plan, twin, state])
    return MovePage(items=[_move(each) for each in shown], next_cursor=following)


@routes.get("/moves/{move}", dependencies=needs("read"), responses=answers(404))
async def get_move(api: Api, move: MoveId) -> MoveView:
    """A move, and how far it is."""
    try:
        return _move(api.controller.move(move))
    except InputError:
        raise unknown("move", move) from None


@routes.get("/controller", dependencies=needs("read"), responses=answers())
async def get_controller(api: Api) -> ControllerView:
    """How the controller works, and what it has done since the start."""
    return _controller(api)


@routes.put("/controller", dependencies=needs("operate"), responses=answers())
async def put_controller(api: Api, body: ControllerMode) -> ControllerView:
    """Say what the controller may do, until the server starts again with what it is configured to."""
    api.controller.set_mode(body.mode)
    return _controller(api)


def _known(api: Context, plan: str) -> PlanRecord:
    try:
        return api.controller.plan(plan)
    except InputError:
        raise unknown("plan", plan) from None


def _newest_first(plan: str) -> str:
    """A key by which plans sort from the newest, whose numbers are the greatest."""
    return " ".join(f"{_HIGHEST - each:020d}" for each in _numbers(plan))


def _in_order(move: MoveRecord) -> str:
    return f"{_newest_first(move.plan)} {_numbers(move.id)[-1]:020d}"


def _numbers(name: str) -> list[int]:
    return [min(int(each), _HIGHEST) for each in re.findall("[0-9]{1,20}", name)] or [0]


def _controller(api: Context) -> ControllerView:
    controller = api.controller
    facts = {name: _plain(value) for name, value in controller.facts().items()}
    config = controller.config
    return ControllerView(mode=controller.mode, policy=config.policy, slot_s=config.slot_s, facts=facts)


def _plain(value: object) -> float | str | bool | None:
    if value is None or isinstance(value, bool | str):
        return value
    return finite(value) if isinstance(value, int | float) else str(value)


def _summary(plan: PlanRecord) -> dict[str, Any]:
    return {
        "id": plan.id,
        "made_s": plan.made_s,
        "slot": plan.slot,
        "policy": plan.policy,
        "mode": plan.mode,
        "state": plan.state,
        "is_dry": plan.is_dry,
        "seconds": plan.seconds,
        "users": plan.users,
        "cost_s": finite_or_none(plan.cost_s),
        "bound_s": finite_or_none(plan.bound_s),
        "gap": finite_or_none(plan.gap),
        "move_count": len(plan.moves),
        "note": plan.note,
    }


def _plan(plan: PlanRecord) -> PlanView:
    return PlanView(**_summary(plan), moves=[_move(each) for each in plan.moves])


def _move(move: MoveRecord) -> MoveView:
    return MoveView(
        id=move.id,
        plan=move.plan,
        twin=move.twin,
        source=move.source or None,
        target=move.target,
        reason=move.reason,
        state=move.state,
        epoch=move.epoch,
        pause_s=finite_or_none(move.pause_s),
        detail=move.detail,
        saved_s=finite(move.worth.saved_s),
        move_s=finite(move.worth.move_s),
        pays_back_slots=finite_or_none(move.worth.pays_back_slots),
    )
