"""A scenario with everything that is generated written out."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.scenario.place_sections import MOST_LISTED_USERS, StationRow, Stations, UserRow, Users
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.columns import (
    StationColumns,
    UserColumns,
    labels_of_each,
    station_columns,
    user_columns,
    user_count,
)


def expand(scenario: Scenario) -> Scenario:
    """The same world with every station, active user and size listed explicitly.

    Users keep their class, and rows how many they stand for; the time of day is worked into them. `build_world` gives
    the same bits for both. Fading is not a size: it still comes from the seed.

    Raises:
        InputError: if a file of the scenario has not been read, or more users are held as columns than can be listed.
    """
    count = user_count(scenario)
    if count > MOST_LISTED_USERS:
        raise InputError(
            f"{scenario.where}: users: {count} are held as columns; at most {MOST_LISTED_USERS} can be written out one "
            "by one"
        )
    stations = Stations(list=_station_rows(station_columns(scenario)))
    rows = _user_rows(user_columns(scenario, whole=True))
    classes = tuple(each.model_copy(update={"load_profile": None}) for each in scenario.users.classes)
    users = Users(list=rows, classes=classes, split=scenario.users.split)
    return scenario.model_copy(update={"stations": stations, "users": users, "load": None})


def _station_rows(columns: StationColumns) -> tuple[StationRow, ...]:
    rents = None if columns.cost_per_month is None else columns.cost_per_month.tolist()
    return tuple(
        StationRow(
            id=name,
            x_m=x_m,
            y_m=y_m,
            host=host,
            cpu_gcycles_per_s=cpu,
            capacity_users=capacity if host else None,
            **({"opening_s": opening_s} if rents is None else {"cost_per_month": rents[at]}),
            labels=labels,
        )
        for at, name, (x_m, y_m), host, cpu, capacity, opening_s, labels in zip(
            range(len(columns.ids)),
            columns.ids,
            columns.xy_m.tolist(),
            columns.host.tolist(),
            columns.cpu_gcycles_per_s.tolist(),
            columns.capacity_users.tolist(),
            columns.opening_s.tolist(),
            labels_of_each(columns.labels, len(columns.ids)),
            strict=True,
        )
    )


def _user_rows(columns: UserColumns) -> tuple[UserRow, ...]:
    return tuple(
        UserRow(
            id=name,
            x_m=x_m,
            y_m=y_m,
            history_mbit=history,
            update_mbit=update,
            deadline_ms=deadline,
            tx_power_w=power,
            labels=labels,
            **({"class": columns.class_names[at]} if columns.class_names else {}),
            weight=weight,
        )
        for name, (x_m, y_m), history, update, deadline, power, at, labels, weight in zip(
            columns.ids,
            columns.xy_m.tolist(),
            columns.history_mbit.tolist(),
            columns.update_mbit.tolist(),
            columns.deadline_ms.tolist(),
            columns.tx_power_w.tolist(),
            columns.user_class.tolist(),
            labels_of_each(columns.labels, len(columns.ids)),
            [None] * len(columns.ids) if columns.weight is None else columns.weight.tolist(),
            strict=True,
        )
    )
