"""Every station and user of a scenario written out as columns, still in the units of the scenario file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.errors import InputError
from twinhop.scenario.distribution import Kind, draw
from twinhop.scenario.place_sections import DEFAULT_CLASS, FRACTION_TOLERANCE, StationRow, UserClass, UserRow
from twinhop.scenario.schema.load_section import active_users, size_factor
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world import layouts

DEFAULT_CAPACITY_FACTOR = 3
"""Without a stated capacity a station fits this many times the mean number of users a station (model.md, Defaults)."""


@dataclass(frozen=True, eq=False)
class StationColumns:
    """M stations in file units."""

    ids: tuple[str, ...]
    xy_m: NDArray[np.float64]
    """(M, 2) [m]"""
    host: NDArray[np.bool_]
    """(M,)"""
    cpu_gcycles_per_s: NDArray[np.float64]
    """(M,) [Gcycle/s]"""
    capacity_users: NDArray[np.int64]
    """(M,) [users]; 0 where host is false"""
    opening_s: NDArray[np.float64]
    """(M,) [s]"""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """(M,) texts of each label, empty where a station has none"""


@dataclass(frozen=True, eq=False)
class UserColumns:
    """N users in file units."""

    ids: tuple[str, ...]
    xy_m: NDArray[np.float64]
    """(N, 2) [m]"""
    history_mbit: NDArray[np.float64]
    """(N,) [Mbit]"""
    update_mbit: NDArray[np.float64]
    """(N,) [Mbit]"""
    deadline_ms: NDArray[np.float64]
    """(N,) [ms]"""
    tx_power_w: NDArray[np.float64]
    """(N,) [W]"""
    class_names: tuple[str, ...]
    """the listed classes and, last, `default`; empty where none is listed"""
    user_class: NDArray[np.int64]
    """(N,) index into class_names; 0 where none is listed"""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """(N,) texts of each label, empty where a user has none"""


def station_columns(scenario: Scenario) -> StationColumns:
    """The stations of the scenario, generated where they are not listed.

    Raises:
        InputError: if the stations are in a CSV file that has not been read.
    """
    stations = scenario.stations
    rows = stations.rows
    ids, xy_m = _listed(rows) if rows is not None else _generated_stations(scenario)
    count = len(ids)
    host = np.array([row.host for row in rows]) if rows is not None else _generated_hosts(scenario)
    cpu = _sizes(scenario.seed, "cpu_gcycles_per_s", stations.cpu_gcycles_per_s, rows, count)
    opening_s = _sizes(scenario.seed, "opening_s", stations.opening_s, rows, count)
    capacity = np.full(count, _users_that_fit(stations.capacity_users, user_count(scenario), count))
    for index, row in enumerate(rows or ()):
        if row.capacity_users is not None:
            capacity[index] = _users_that_fit(row.capacity_users, user_count(scenario), count)
    seats = np.where(host, capacity, 0).astype(np.int64)
    return StationColumns(ids, xy_m, host, cpu, seats, opening_s, _labels(rows or ()))


def user_columns(scenario: Scenario) -> UserColumns:
    """The users of the scenario that are active, generated where they are not listed.

    Raises:
        InputError: if the users are in a CSV file that has not been read.
    """
    users, load = scenario.users, scenario.load
    ids, xy_m = _listed(users.rows) if users.rows is not None else _generated_users(scenario)
    class_of = _classes(scenario.seed, users.classes, users.rows, len(ids))
    active = active_users(load, len(ids), scenario.seed)

    def sizes(field: str, factor: float = 1.0) -> NDArray[np.float64]:
        by_class = tuple(getattr(each, field) for each in users.classes)
        values = _sizes(scenario.seed, field, getattr(users, field), users.rows, len(ids), by_class, class_of)[active]
        return values if factor == 1 else values * factor

    return UserColumns(
        ids if len(active) == len(ids) else tuple(ids[index] for index in active),
        xy_m[active],
        sizes("history_mbit", size_factor(load)),
        sizes("update_mbit", size_factor(load)),
        sizes("deadline_ms"),
        sizes("tx_power_w"),
        (*(each.name for each in users.classes), DEFAULT_CLASS) if users.classes else (),
        class_of[active],
        _labels([users.rows[index] for index in active] if users.rows is not None else ()),
    )


def station_count(scenario: Scenario) -> int:
    """The number of stations M."""
    stations = scenario.stations
    if stations.rows is not None:
        return len(stations.rows)
    return stations.generate.count if stations.generate else _unread_csv("stations")


def user_count(scenario: Scenario) -> int:
    """The number of users N, the inactive ones included."""
    users = scenario.users
    if users.rows is not None:
        return len(users.rows)
    return users.generate.count if users.generate else _unread_csv("users")


def every_user_id(scenario: Scenario) -> tuple[str, ...]:
    """The ids of all users, the inactive ones included."""
    rows = scenario.users.rows
    return (
        tuple(f"u{index}" for index in range(user_count(scenario))) if rows is None else tuple(row.id for row in rows)
    )


def _unread_csv(section: str) -> int:
    raise InputError(f"{section}.csv: the file has not been read; use load_scenario or parse_scenario with its folder")


def _listed(rows: tuple[StationRow, ...] | tuple[UserRow, ...]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    return tuple(row.id for row in rows), np.array([(row.x_m, row.y_m) for row in rows], dtype=np.float64)


def _labels(rows: Sequence[StationRow] | Sequence[UserRow]) -> dict[str, tuple[str, ...]]:
    """The texts of each label in the order of the rows, empty where a row has none."""
    names = dict.fromkeys(name for row in rows for name in row.labels)
    return {name: tuple(row.labels.get(name, "") for row in rows) for name in names}


def labels_of_each(labels: Mapping[str, Sequence[str]], count: int) -> list[dict[str, str]]:
    """The labels of each of so many stations or users, those without a text left out.

    >>> labels_of_each({"rent": ["900", ""], "owner": ["city", "rail"]}, 2)
    [{'rent': '900', 'owner': 'city'}, {'owner': 'rail'}]
    """
    return [{name: texts[at] for name, texts in labels.items() if texts[at]} for at in range(count)]


def _generated_stations(scenario: Scenario) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    count, area = station_count(scenario), scenario.area
    ids = tuple(f"b{index}" for index in range(count))
    generate = scenario.stations.generate
    if generate is not None and generate.layout == "hexagonal":
        return ids, layouts.hexagonal(count, area.width_m, area.height_m)
    generator = streams.stream(scenario.seed, streams.STATION_POSITIONS)
    return ids, layouts.uniform(count, area.width_m, area.height_m, generator)


def _generated_hosts(scenario: Scenario) -> NDArray[np.bool_]:
    count = station_count(scenario)
    share = scenario.stations.generate.host_share if scenario.stations.generate else 1.0
    hosts = max(1, round(share * count))
    order = streams.stream(scenario.seed, streams.STATION_HOSTS).permutation(count)
    host = np.zeros(count, dtype=np.bool_)
    host[order[:hosts]] = True
    return host


def _generated_users(scenario: Scenario) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    count, area = user_count(scenario), scenario.area
    ids = every_user_id(scenario)
    generator = streams.stream(scenario.seed, streams.USER_POSITIONS)
    spots = scenario.users.generate.hot_spots if scenario.users.generate else ()
    if spots:
        return ids, layouts.hot_spots(count, area.width_m, area.height_m, spots, generator)
    return ids, layouts.uniform(count, area.width_m, area.height_m, generator)


def _classes(
    seed: int, classes: tuple[UserClass, ...], rows: tuple[UserRow, ...] | None, count: int
) -> NDArray[np.int64]:
    """The class of each user, (N,): as its row states, else drawn by the shares; len(classes) is the default class."""
    if not classes:
        return np.zeros(count, dtype=np.int64)
    edges = np.cumsum([each.share for each in classes])
    edges[-1] = 1.0 if edges[-1] > 1 - FRACTION_TOLERANCE else edges[-1]
    class_of = np.searchsorted(edges, streams.stream(seed, streams.USER_CLASSES).random(count), side="right")
    index = {each.name: at for at, each in enumerate(classes)} | {DEFAULT_CLASS: len(classes)}
    for at, row in enumerate(rows or ()):
        if row.user_class is not None:
            class_of[at] = index[row.user_class]
    return class_of.astype(np.int64)


def _sizes(
    seed: int,
    field: str,
    distribution: float | Kind,
    rows: tuple[StationRow, ...] | tuple[UserRow, ...] | None,
    count: int,
    by_class: tuple[float | Kind | None, ...] = (),
    class_of: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """One field of all: drawn, as the class draws it from the same random numbers, or as the row states it."""
    values = draw(distribution, streams.stream(seed, streams.SIZES + field), count)
    for at, of_class in enumerate(by_class):
        if of_class is not None:
            members = class_of == at
            values[members] = draw(of_class, streams.stream(seed, streams.SIZES + field), count)[members]
    for index, row in enumerate(rows or ()):
        stated = getattr(row, field)
        if stated is not None:
            values[index] = stated
    return values


def _users_that_fit(capacity: int | Literal["all"] | None, users: int, stations: int) -> int:
    if capacity is None:
        return math.ceil(DEFAULT_CAPACITY_FACTOR * users / stations)
    return users if capacity == "all" else capacity
