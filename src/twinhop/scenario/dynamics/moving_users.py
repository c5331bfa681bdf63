"""The users that move: those of the scenario by its model, or those of its trace."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.scenario.mobility import ChurningPositions, ModelPositions, Positions
from twinhop.scenario.place_sections import UserRow, Users
from twinhop.scenario.schema.movement_section import Movement, TraceFile
from twinhop.scenario.schema.scenario import Scenario, scenario_file
from twinhop.scenario.world.link_count import refuse_every_link
from twinhop.scenario.world.world import World, build_world


@dataclass(frozen=True, eq=False)
class MovingUsers:
    """Users and where they are.

    Attributes:
        scenario: whose users are those that move.
        world: its world, every user where it is first seen.
        positions: where they are, slot by slot.
        notes: what was found in a trace.
    """

    scenario: Scenario
    world: World
    positions: Positions
    notes: tuple[str, ...] = ()


def moving_users(scenario: Scenario, slots: int, positions: Positions | None = None) -> MovingUsers:
    """The users of a scenario with movement, and what moves them.

    Args:
        scenario: its users are replaced by those of the trace, where it names one.
        slots: of the run.
        positions: in place of model and trace; of the same number of users as the scenario if it names no trace.

    Raises:
        InputError: users are outside the area, or the trace is missing, not usable or too short.
    """
    movement = scenario.movement
    assert movement is not None
    if positions is None:
        if movement.trace is None:
            return _by_model(scenario, movement)
        positions = _traced(scenario, movement, movement.trace, slots)
    if positions.slots is not None and positions.slots < slots:
        raise InputError(
            f"{scenario.where}: movement: the horizon of {slots} slots is longer than the trace, which has "
            f"{positions.slots} slots of {positions.slot_s:g} s"
        )
    return _by_trace(scenario, movement, positions)


def _by_model(scenario: Scenario, movement: Movement) -> MovingUsers:
    refuse_every_link(scenario)
    world = build_world(scenario)
    _require_inside(scenario, world)
    positions: Positions = ModelPositions(
        movement.mobility, world.user_xy_m, scenario.area, movement.slot_s, scenario.seed, tuple(world.user_ids)
    )
    return MovingUsers(scenario, world, _churning(positions, movement, scenario.seed))


def _require_inside(scenario: Scenario, world: World) -> None:
    xy_m, area = world.user_xy_m, scenario.area
    outside = np.flatnonzero(((xy_m < 0) | (xy_m > (area.width_m, area.height_m))).any(axis=1))
    if outside.size:
        at = int(outside[0])
        raise InputError(
            f"{scenario.where}: users: {world.user_ids[at]!r} at ({xy_m[at, 0]:g}, {xy_m[at, 1]:g}) lies outside the "
            f"area of {area.width_m:g} m x {area.height_m:g} m, in which users move; enlarge the area"
        )


def _churning(positions: Positions, movement: Movement, seed: int) -> Positions:
    return positions if movement.churn is None else ChurningPositions(positions, movement.churn, seed)


def _traced(scenario: Scenario, movement: Movement, trace: TraceFile, slots: int) -> Positions:
    from twinhop.scenario.traces import TracePositions

    path = scenario_file(scenario, trace.file, "movement.trace.file")
    return TracePositions.of_file(path, movement.slot_s, slots, trace.start_s, scenario.area)


def _by_trace(scenario: Scenario, movement: Movement, positions: Positions) -> MovingUsers:
    """The users of the trace take sizes and classes as the scenario's own users do; rows of the same id keep theirs."""
    first_xy_m = _first_positions(positions)
    listed = {row.id: row for row in scenario.users.rows or ()}
    rows = [
        {**(listed[name].model_dump(by_alias=True, exclude_none=True) if name in listed else {}), "id": name}
        | {"x_m": x_m, "y_m": y_m}
        for name, (x_m, y_m) in zip(positions.user_ids, first_xy_m.tolist(), strict=True)
    ]
    stated = scenario.users.model_dump(by_alias=True, exclude_unset=True, exclude={"generate", "rows", "csv"})
    try:
        users = Users.model_validate({**stated, "list": [UserRow.model_validate(row) for row in rows]})
    except ValidationError as error:
        detail = error.errors()[0]
        raise InputError(f"{scenario.where}: users: {detail['msg']}, with the users of the trace") from None
    # who is there is for the trace to say, not for the time of day
    load = None if scenario.load is not None and scenario.load.scales == "users" else scenario.load
    if load is not None and load.profile is None:
        raise InputError(
            f"{scenario.where}: load.profile: is required: users of a trace follow none of load.profiles by name"
        )
    moved = scenario.model_copy(update={"users": users, "load": load})
    notes = tuple(getattr(positions, "notes", ()))
    return MovingUsers(moved, build_world(moved), _churning(positions, movement, scenario.seed), notes)


def _first_positions(positions: Positions) -> NDArray[np.float64]:
    """(N, 2) where each user is first; the middle of all those for users that are nowhere in the run."""
    first_xy_m = np.full((len(positions.user_ids), 2), np.nan)
    for xy_m in positions if positions.slots is not None else itertools.islice(positions, 1):
        missing = np.isnan(first_xy_m[:, 0])
        if not missing.any():
            break
        first_xy_m[missing] = xy_m[missing]
    known = ~np.isnan(first_xy_m[:, 0])
    first_xy_m[~known] = first_xy_m[known].mean(axis=0) if known.any() else 0.0
    return first_xy_m
