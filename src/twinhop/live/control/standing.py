"""The part of a city that stands while its users come and go: stations, sizes of users, physics."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from twinhop.errors import InputError
from twinhop.scenario import Scenario
from twinhop.scenario.files.expand import expand
from twinhop.scenario.schema.movement_section import Movement
from twinhop.scenario.schema.readings import ROW_REDRAWN
from twinhop.scenario.world.columns import has_weights


def standing(scenario: Scenario, slot_s: float) -> Scenario:
    """The scenario as a live run takes it: what is drawn is listed, so that other users change none of it.

    Stations have the capacities that the scenario's own users lead to. Nobody measures the fading of a live link and
    nobody foretells a failure: channels are at their means, CPUs as stated, and stations work until somebody says that
    they do not. Sizes are those of the scenario's hour of the day.

    Args:
        scenario: any with stations that stay and with single users.
        slot_s: length of a slot [s].

    Raises:
        InputError: stations are redrawn as time goes, rows stand for many users, or no station may host.
    """
    if scenario.readings.is_literal(ROW_REDRAWN):
        raise InputError(
            f"{scenario.where}: readings: row {ROW_REDRAWN} literal redraws the stations; live stations stay: leave "
            "the row sound"
        )
    if has_weights(scenario):
        raise InputError(
            f"{scenario.where}: users: rows that stand for many users (weight) have no twins of their own; list single "
            "users, or generate them"
        )
    listed, cloud = expand(scenario), scenario.cloud
    stations, users = listed.stations.rows or (), listed.users.rows or ()
    if not any(row.host and row.capacity_users for row in stations) and not (cloud is not None and cloud.host):
        raise InputError(f"{scenario.where}: stations: none may host twins; raise capacity_users of at least one")
    if cloud is not None and cloud.host and not isinstance(cloud.capacity_users, int):
        cloud = cloud.model_copy(update={"capacity_users": len(users)})
    movement = scenario.movement or Movement()
    return listed.model_copy(
        update={
            "cloud": cloud,
            "radio": scenario.radio.model_copy(update={"fading": "none"}),
            "movement": Movement(slot_s=slot_s, access=movement.access, channel_map_mib=movement.channel_map_mib),
        }
    )


def like_of(user: str, listed: Mapping[str, int]) -> int:
    """The row of the scenario's users that has the sizes of a user: its own, or one that its name alone decides.

    >>> like_of("u1", {"u0": 0, "u1": 1}), like_of("car-7", {"u0": 0, "u1": 1})
    (1, 0)
    """
    row = listed.get(user)
    return crc32(user.encode()) % len(listed) if row is None else row
