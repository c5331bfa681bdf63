"""A city made in Python: positions and sizes as numbers, lists and arrays, in the units of scenario files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.scenario.place_sections import Area, Stations, Users
from twinhop.scenario.schema.scenario import SCHEMA_VERSION, Scenario
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion

#: A size of all stations or users: one number for all, a distribution such as ``{"uniform": [8, 24]}``, or one each.
Size = float | Mapping[str, Any] | ArrayLike
#: Sections of a scenario that are handed on as they are.
SECTIONS = sorted(Scenario.model_fields.keys() - {"schema_version", "name", "seed", "area", "stations", "users"})


def city(
    stations: int | ArrayLike,
    users: int | ArrayLike,
    *,
    name: str = "city",
    seed: int = 0,
    width_m: float | None = None,
    height_m: float | None = None,
    host: Sequence[bool] | NDArray[np.bool_] | None = None,
    cpu_gcycles_per_s: Size | None = None,
    capacity_users: int | Literal["all"] | Sequence[int] | NDArray[np.int64] | None = None,
    opening_s: Size | None = None,
    cost_per_month: Size | None = None,
    history_mbit: Size | None = None,
    update_mbit: Size | None = None,
    deadline_ms: Size | None = None,
    tx_power_w: Size | None = None,
    station_ids: Sequence[str] | None = None,
    user_ids: Sequence[str] | None = None,
    **sections: Mapping[str, Any] | Sequence[Any],
) -> Scenario:
    """A city of stations and users, as a scenario file would describe it.

    What is not given has the defaults of scenario files; what is drawn at random goes by the seed.

    Args:
        stations: (M, 2) positions eastwards and northwards [m], or M: how many are drawn uniformly over the area.
        users: (N, 2) positions [m], or N.
        name: of the scenario.
        seed: root seed.
        width_m: extent of the area eastwards from 0 [m]; None: just what holds the positions given, 1500 without any.
        height_m: extent northwards [m], likewise.
        host: (M,) whether each station may host twins; all do if None. Needs positions.
        cpu_gcycles_per_s: CPU capacity of the stations [Gcycle/s]: one number, a distribution, or (M,) numbers.
        capacity_users: twins that fit on a station [users]: one number, "all", or (M,) numbers, which need positions.
        opening_s: opening cost of the stations [s], likewise.
        cost_per_month: what they cost a month instead, likewise; needs the section `money`.
        history_mbit: history sizes D of the users [Mbit]: one number, a distribution, or (N,) numbers.
        update_mbit: update sizes dD [Mbit], likewise.
        deadline_ms: update deadlines tau [ms], likewise.
        tx_power_w: transmit powers p [W], likewise.
        station_ids: (M,) unique names; b0, b1, ... if None. Needs positions.
        user_ids: (N,) unique names; u0, u1, ... if None. Needs positions.
        **sections: further sections of a scenario file, as mappings of their fields: ``radio``, ``backhaul``,
            ``objective``, ``compute``, ``cloud``, ``movement``, ``migration``, ``services``, ...

    Returns:
        The scenario, which `plan`, `simulate` and the others take, and `save_scenario` writes to a file.

    Raises:
        InputError: an argument is not accepted; the message names it.

    >>> small = city([[0, 0], [800, 0]], [[100, 50], [700, 20], [650, 90]], cpu_gcycles_per_s=[8, 16], opening_s=0.1)
    >>> len(small.stations.rows), len(small.users.rows), small.area.width_m
    (2, 3, 800.0)
    """
    unknown = sorted(sections.keys() - set(SECTIONS))
    if unknown:
        raise InputError(
            f"city: {unknown[0]}: unknown argument; {suggestion(unknown[0], SECTIONS)}sections: {', '.join(SECTIONS)}"
        )
    spots = {"stations": _positions("stations", stations), "users": _positions("users", users)}
    station_sizes = {"cpu_gcycles_per_s": cpu_gcycles_per_s, "opening_s": opening_s}
    station_sizes["cost_per_month"] = cost_per_month
    user_sizes = {
        "history_mbit": history_mbit,
        "update_mbit": update_mbit,
        "deadline_ms": deadline_ms,
        "tx_power_w": tx_power_w,
    }
    each = {"id": station_ids, "host": host}
    common = {} if capacity_users is None else {"capacity_users": _plain(capacity_users)}
    if isinstance(common.get("capacity_users"), list):
        each["capacity_users"] = common.pop("capacity_users")
    value = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "seed": _plain(seed),
        "area": _area(spots, width_m, height_m),
        "stations": _place("stations", "b", stations, spots, each) | common | _sizes(station_sizes),
        "users": _place("users", "u", users, spots, {"id": user_ids}) | _sizes(user_sizes),
        **{section: _plain(content) for section, content in sections.items()},
    }
    try:
        return Scenario.model_validate(value)
    except ValidationError as error:
        raise input_error(error, Scenario, lambda paths: dict.fromkeys(paths, "city")) from None


def from_mapping(value: Mapping[str, Any]) -> Scenario:
    """The scenario of a mapping that says what its file would say; files that it names are not read.

    Args:
        value: fields of a scenario, numbers and arrays of NumPy among them.

    Raises:
        InputError: it is no valid scenario.

    >>> from_mapping({"schema_version": 1, "name": "small", "stations": {"generate": {}}, "users": {"generate": {}}})
    <Scenario: small, seed 0, stations generated, users generated>
    """
    try:
        return Scenario.model_validate(_plain(value))
    except ValidationError as error:
        raise input_error(error, Scenario, lambda paths: dict.fromkeys(paths, "scenario")) from None


def with_counts(scenario: Scenario, users: int | None, stations: int | None) -> Scenario:
    """The scenario with other numbers of users and stations, which it generates.

    Args:
        scenario: any.
        users: N; None: as it is.
        stations: M; None: as it is.

    Raises:
        InputError: a number is none, the scenario lists what is to be generated, or it does not fit the rest.
    """
    traced = scenario.movement is not None and scenario.movement.trace is not None
    for name, count in (("users", users), ("stations", stations)):
        if count is None:
            continue
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise InputError(f"{name}: got {count!r}; expected a whole number >= 1, or None")
        section: Users | Stations = getattr(scenario, name)
        by_trace = traced and name == "users"
        if section.generate is None or by_trace:
            whose = "its trace has them" if by_trace else "the scenario lists them"
            raise InputError(f"{scenario.where}: {name}: got {count}, but {whose}; give no {name}, or generate them")
        generate = section.generate.model_copy(update={"count": int(count)})
        scenario = scenario.model_copy(update={name: section.model_copy(update={"generate": generate})})
    if users is not None or stations is not None:
        from_mapping(scenario.model_dump(by_alias=True, exclude_unset=True))  # lists of sizes, ids in schedules
    return scenario


def _positions(argument: str, value: Any) -> NDArray[np.float64] | None:
    """The positions (n, 2) that were given; None where a number was."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return None
    expected = f"expected positions of shape (n, 2) in metres, or the number of {argument}"
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"city: {argument}: got {type(value).__name__}; {expected}") from None
    if array.ndim != 2 or array.shape[1] != 2:
        raise InputError(f"city: {argument}: shape {array.shape}; {expected}")
    return array


def _area(
    spots: Mapping[str, NDArray[np.float64] | None], width_m: float | None, height_m: float | None
) -> dict[str, Any]:
    """The area that was asked for, or that holds what is placed."""
    placed = [xy_m for xy_m in spots.values() if xy_m is not None and xy_m.size and np.isfinite(xy_m).all()]
    least = Area()
    area: dict[str, Any] = {"width_m": least.width_m, "height_m": least.height_m}
    if len(placed) == len(spots):
        width, height = np.vstack(placed).max(axis=0)
        area = {"width_m": max(1.0, math.ceil(width)), "height_m": max(1.0, math.ceil(height))}
    given = {"width_m": _plain(width_m), "height_m": _plain(height_m)}
    return area | {key: extent for key, extent in given.items() if extent is not None}


def _place(
    argument: str,
    prefix: str,
    value: Any,
    spots: Mapping[str, NDArray[np.float64] | None],
    each: Mapping[str, Any],
) -> dict[str, Any]:
    """The section's rows, or how many of them are generated."""
    xy_m = spots[argument]
    columns = {key: _plain(column) for key, column in each.items() if column is not None}
    if xy_m is None:
        if columns:
            raise InputError(
                f"city: {next(iter(columns))} of each: needs positions of the {argument}, not their number"
            )
        return {"generate": {"count": int(value)}}
    for key, column in columns.items():
        if not isinstance(column, list) or len(column) != len(xy_m):
            count = len(column) if isinstance(column, list) else "no list"
            raise InputError(f"city: {argument}: {key}: got {count}; expected a list of {len(xy_m)}, one each")
    columns.setdefault("id", [f"{prefix}{at}" for at in range(len(xy_m))])
    rows = [
        {"x_m": x_m, "y_m": y_m} | {key: column[at] for key, column in columns.items()}
        for at, (x_m, y_m) in enumerate(xy_m.tolist())
    ]
    return {"list": rows}


def _sizes(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes that were given, one each as a distribution of the section."""
    plain = {key: _plain(size) for key, size in sizes.items() if size is not None}
    return {key: {"list": size} if isinstance(size, list) else size for key, size in plain.items()}


def _plain(value: Any) -> Any:
    """Arrays, tuples and NumPy's numbers as what a scenario file holds."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
