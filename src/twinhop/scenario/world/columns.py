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
from twinhop.scenario.place_sections import (
    DEFAULT_CLASS,
    FRACTION_TOLERANCE,
    StationRow,
    Stations,
    UserClass,
    UserRow,
    Users,
)
from twinhop.scenario.schema.load_section import active_users, size_factors
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.user_table import chosen, names
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
    cost_per_month: NDArray[np.float64] | None = None
    """(M,) [money.currency], 0 where host is false and none is stated; None where no station states one"""


@dataclass(frozen=True, eq=False)
class UserColumns:
    """N users in file units."""

    ids: Sequence[str]
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
    weight: NDArray[np.float64] | None = None
    """(N,) users that each row stands for; None: one each"""
    row: NDArray[np.int64] | None = None
    """(N,) of which active row each is a part; None: each is a row"""


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
    everybody = most_users(scenario)
    capacity = np.full(count, _users_that_fit(stations.capacity_users, everybody, count))
    for index, row in enumerate(rows or ()):
        if row.capacity_users is not None:
            capacity[index] = _users_that_fit(row.capacity_users, everybody, count)
    rent = stations.cost_per_month
    if rent is not None or any(row.cost_per_month is not None for row in rows or ()):
        rent = _sizes(scenario.seed, "cost_per_month", 0.0 if rent is None else rent, rows, count)
    seats = np.where(host, capacity, 0).astype(np.int64)
    return StationColumns(ids, xy_m, host, cpu, seats, opening_s, labels=_labels(rows or ()), cost_per_month=rent)


def user_columns(scenario: Scenario, *, whole: bool = False) -> UserColumns:
    """The users of the scenario that are active, generated where they are not listed.

    Args:
        scenario: any.
        whole: whether rows that stand for many users stay whole where the scenario splits them.

    Raises:
        InputError: if the users are in a CSV file that has not been read, nobody is active, or the parts of a row would
            have the id of another.
    """
    users, load = scenario.users, scenario.load
    ids, xy_m = _user_places(scenario)
    class_of = _user_classes(scenario, len(ids))
    followed = _followed(scenario, class_of)
    active = active_users(load, len(ids), scenario.seed, followed)
    weight = _weights(scenario, followed)
    if weight is not None:
        active = active[weight[active] > 0]
        if not active.size:
            raise InputError(
                f"{scenario.where}: load: nobody is there in hour {load.hour if load else 0}: every row's "
                "weight is 0; choose another hour"
            )
    factor = size_factors(load, followed)
    factor = factor[active] if isinstance(factor, np.ndarray) else factor

    everyone = len(active) == len(ids)

    def sizes(field: str, factor: NDArray[np.float64] | float = 1.0) -> NDArray[np.float64]:
        if users.table is not None and field in users.table.sizes:
            values = users.table.sizes[field]
            return values * factor if everyone else values[active] * factor
        by_class = tuple(getattr(each, field) for each in users.classes)
        values = _sizes(scenario.seed, field, getattr(users, field), users.rows, len(ids), by_class, class_of)
        values = values if everyone else values[active]
        return values if isinstance(factor, float) and factor == 1 else values * factor

    columns = UserColumns(
        ids if everyone else chosen(ids, active),
        xy_m if everyone else xy_m[active],
        sizes("history_mbit", factor),
        sizes("update_mbit", factor),
        sizes("deadline_ms"),
        sizes("tx_power_w"),
        (*(each.name for each in users.classes), DEFAULT_CLASS) if users.classes else (),
        class_of if everyone else class_of[active],
        _labels([users.rows[index] for index in active] if users.rows is not None else ()),
        None if weight is None else weight[active],
    )
    return columns if whole else _in_parts(columns, users.split, scenario)


def _followed(scenario: Scenario, class_of: NDArray[np.int64]) -> tuple[str | None, ...] | None:
    """The profile that each user follows by name, (N,), None for `load.profile`; None where all follow that."""
    users = scenario.users
    if scenario.load is None or not scenario.load.profiles:
        return None
    of_class = (*(each.load_profile for each in users.classes), None)
    by_class = [of_class[at] for at in class_of.tolist()] if users.classes else [None] * len(class_of)
    return tuple(
        row.load_profile if row is not None and row.load_profile is not None else default
        for row, default in zip(users.rows or [None] * len(class_of), by_class, strict=True)
    )


def _stated_weights(scenario: Scenario) -> NDArray[np.float64] | None:
    rows = scenario.users.rows or ()
    if not any(row.weight is not None for row in rows):
        return None
    return np.array([1.0 if row.weight is None else row.weight for row in rows])


def _weights(scenario: Scenario, followed: tuple[str | None, ...] | None) -> NDArray[np.float64] | None:
    """The users that each row stands for in the hour, (N,), 0 for those left out; None: one each."""
    weight, load = _stated_weights(scenario), scenario.load
    if load is None or load.scales != "weight":
        return weight
    everyone = np.ones(user_count(scenario)) if weight is None else weight
    return everyone * (load.at(None) if followed is None else load.factors(followed))


def has_weights(scenario: Scenario) -> bool:
    """Whether rows of users may stand for other numbers of them than one."""
    load = scenario.load
    return (load is not None and load.scales == "weight") or _stated_weights(scenario) is not None


def _in_parts(columns: UserColumns, most: int | None, scenario: Scenario) -> UserColumns:
    """Rows of more than so many users as parts, whose users are whole where those of the row are."""
    if most is None or columns.weight is None or not (columns.weight > most).any():
        return columns
    parts = np.maximum(1, np.ceil(columns.weight / most)).astype(np.int64)
    row = np.repeat(np.arange(len(parts)), parts)
    at = np.arange(len(row)) - np.repeat(np.cumsum(parts) - parts, parts)
    ids = tuple(
        columns.ids[i] if parts[i] == 1 else f"{columns.ids[i]}/{part + 1}"
        for i, part in zip(row.tolist(), at.tolist(), strict=True)
    )
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(
            f"{scenario.where}: users.split: the part {twice!r} of a row would have the id of another; rename that user"
        )
    weight = columns.weight
    fewest = np.where(weight == np.floor(weight), np.floor(weight / parts), weight / parts)
    more = np.rint(weight - fewest * parts)
    share = fewest[row] + (at < more[row])
    return UserColumns(
        ids,
        columns.xy_m[row],
        columns.history_mbit[row],
        columns.update_mbit[row],
        columns.deadline_ms[row],
        columns.tx_power_w[row],
        columns.class_names,
        columns.user_class[row],
        {name: tuple(texts[at] for at in row.tolist()) for name, texts in columns.labels.items()},
        share,
        row,
    )


def station_count(scenario: Scenario) -> int:
    """The number of stations M."""
    stations = scenario.stations
    if stations.rows is not None:
        return len(stations.rows)
    return stations.generate.count if stations.generate else _unread(stations)


def user_count(scenario: Scenario) -> int:
    """The number of users N, the inactive ones included."""
    users = scenario.users
    if users.rows is not None:
        return len(users.rows)
    if users.table is not None:
        return len(users.table)
    return users.generate.count if users.generate else _unread(users)


def most_users(scenario: Scenario) -> int:
    """The users that all rows stand for, the inactive ones included; in the busiest hour where weights change."""
    load, weight = scenario.load, _stated_weights(scenario)
    if load is not None and load.scales == "weight":
        count = user_count(scenario)
        class_of = _user_classes(scenario, count)
        followed = _followed(scenario, class_of) or (None,) * count
        return max(1, math.ceil(load.most(followed, np.ones(count) if weight is None else weight)))
    return user_count(scenario) if weight is None else math.ceil(weight.sum())


def every_user_id(scenario: Scenario) -> Sequence[str]:
    """The ids of all users, the inactive ones included; more than `MOST_LISTED_NAMES` are made when asked for."""
    rows, table = scenario.users.rows, scenario.users.table
    if rows is not None:
        return tuple(row.id for row in rows)
    return names("u", user_count(scenario), None if table is None else table.ids)


def _unread(section: Stations | Users) -> int:
    field = (
        "users.parquet"
        if isinstance(section, Users) and section.parquet
        else f"{section.__class__.__name__.lower()}.csv"
    )
    raise InputError(f"{field}: the file has not been read; use load_scenario or parse_scenario with its folder")


def _user_places(scenario: Scenario) -> tuple[Sequence[str], NDArray[np.float64]]:
    """Ids and positions of all users: listed, of their file, or generated."""
    users = scenario.users
    if users.rows is not None:
        return _listed(users.rows)
    return (every_user_id(scenario), users.table.xy_m) if users.table is not None else _generated_users(scenario)


def _user_classes(scenario: Scenario, count: int) -> NDArray[np.int64]:
    """The class of each user, (N,), as its row or its file states it, else drawn by the shares of the classes."""
    users = scenario.users
    if users.table is not None and users.table.user_class is not None:
        return users.table.user_class
    return _classes(scenario.seed, users.classes, users.rows, count)


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


def _generated_users(scenario: Scenario) -> tuple[Sequence[str], NDArray[np.float64]]:
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
