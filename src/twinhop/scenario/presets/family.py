"""The preset family(N, M): constants scaled so that every size gives the same kind of problem."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from twinhop.errors import InputError
from twinhop.scenario.fields import LARGEST_SEED
from twinhop.scenario.place_sections import MOST_STATIONS, MOST_USERS
from twinhop.scenario.schema.scenario import SCHEMA_VERSION, Scenario

REFERENCE_STATIONS = 10
"""Stations on the reference side."""
REFERENCE_SIDE_M = 1500.0
"""Side of the square of `REFERENCE_STATIONS` stations [m]."""
REFERENCE_USERS_PER_STATION = 10
"""Users a station at which CPU and bandwidth take their reference values."""
REFERENCE_CPU_GCYCLES_PER_S = (8.0, 24.0)
"""Bounds of the CPU capacity at the reference load [Gcycle/s]."""
REFERENCE_BANDWIDTH_MHZ = 20.0
"""Bandwidth of a station at the reference load [MHz]."""
REFERENCE_OPENING_S = 2.0
"""Opening cost of all stations together [s]."""

FAMILY_FORM = "family(N, M[, capacity=K][, deadlines=on])"
FAMILY_LINE = (
    "N users and M stations of any number, constants scaled so that every size gives the same kind of problem."
)
_CALL = re.compile(r"family\s*\(\s*([0-9]+)\s*,\s*([0-9]+)\s*((?:,\s*[a-z]+\s*=\s*[a-z0-9]+\s*)*)\)")
_NAME = re.compile(r"family-n([0-9]+)-m([0-9]+)(?:-k([0-9]+))?(-deadlines)?")
_SWITCH = {"on": True, "off": False}


def family(
    n_users: int,
    n_stations: int,
    *,
    capacity_users: int | Literal["all"] = "all",
    deadlines: bool = False,
    seed: int = 0,
) -> Scenario:
    """N uniform users and M uniform stations, with constants scaled to the size.

    Side 1500 sqrt(M/10) m; F = U[8, 24] (N/M)/10 Gcycle/s; W = 20 (N/M)/10 MHz with equal share; opening 2/M s.

    Args:
        n_users: users N.
        n_stations: stations M, all hosts.
        capacity_users: twins that fit on a station [users]; "all" is N.
        deadlines: whether updates must arrive within their deadlines.
        seed: root seed.

    Returns:
        The scenario.

    Raises:
        InputError: if a number is out of range.

    >>> family(100, 10).radio.bandwidth_mhz
    20.0
    """
    _check_number("users N", n_users, 1, MOST_USERS)
    _check_number("stations M", n_stations, 1, MOST_STATIONS)
    _check_number("seed", seed, 0, LARGEST_SEED)
    if capacity_users != "all":
        _check_number("capacity", capacity_users, 1, MOST_USERS)
    side_m = _rounded(REFERENCE_SIDE_M * math.sqrt(n_stations / REFERENCE_STATIONS))
    constants = family_constants(n_users, n_stations)
    constants["stations"] |= {"generate": {"count": n_stations}, "capacity_users": capacity_users}
    constants["objective"] = {"deadlines": deadlines}
    return Scenario.model_validate(
        {
            "schema_version": SCHEMA_VERSION,
            "name": _name(n_users, n_stations, capacity_users, deadlines),
            "seed": seed,
            "area": {"width_m": side_m, "height_m": side_m},
            "users": {"generate": {"count": n_users}},
            **constants,
        }
    )


def family_constants(n_users: int, n_stations: int) -> dict[str, Any]:
    """The fields of family(N, M) that scale with its size, by section, in file units."""
    load = n_users / n_stations / REFERENCE_USERS_PER_STATION
    low, high = REFERENCE_CPU_GCYCLES_PER_S
    return {
        "radio": {"bandwidth_mhz": _rounded(REFERENCE_BANDWIDTH_MHZ * load), "bandwidth_rule": "equal_share"},
        "stations": {
            "cpu_gcycles_per_s": {"uniform": [_rounded(low * load), _rounded(high * load)]},
            "capacity_users": "all",
            "opening_s": _rounded(REFERENCE_OPENING_S / n_stations),
        },
        "objective": {"deadlines": False},
    }


def _rounded(value: float) -> float:
    """To 12 significant digits, so that files show 13.056 and not 13.055999999999999."""
    return float(f"{value:.12g}")


def is_family_name(name: str) -> bool:
    """Whether the name is meant as a member of the family, well-formed or not.

    >>> is_family_name("family(100, 10)"), is_family_name("family-n100-m10"), is_family_name("family.yaml")
    (True, True, False)
    """
    return bool(re.match(r"family\s*\(", name) or _NAME.fullmatch(name))


def family_by_name(name: str) -> Scenario:
    """The member of the family that a name such as `family(100, 10, capacity=15)` or `family-n100-m10` asks for.

    Raises:
        InputError: if the name is malformed or a number is out of range.
    """
    if match := _NAME.fullmatch(name):
        users, stations, capacity, deadlines = match.groups()
        return family(
            _whole(users),
            _whole(stations),
            capacity_users=_whole(capacity) if capacity else "all",
            deadlines=deadlines is not None,
        )
    match = _CALL.fullmatch(name)
    if not match:
        raise InputError(f"{name}: is not of the form {FAMILY_FORM}, such as family(100, 10, capacity=15)")
    return family(_whole(match[1]), _whole(match[2]), **_options(name, match[3]))


def _options(name: str, text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for key, value in re.findall(r"([a-z]+)\s*=\s*([a-z0-9]+)", text):
        if key == "capacity" and (value == "all" or value.isdigit()) and "capacity_users" not in options:
            options["capacity_users"] = value if value == "all" else _whole(value)
        elif key == "deadlines" and value in _SWITCH and key not in options:
            options["deadlines"] = _SWITCH[value]
        else:
            raise InputError(f"{name}: {key}={value} is not accepted; use {FAMILY_FORM}, each option once")
    return options


def _whole(digits: str) -> int:
    return int(digits[:20])


def _check_number(what: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"family: {what} must be a whole number from {low} to {high} (got {value!r})")


def _name(n_users: int, n_stations: int, capacity_users: int | str, deadlines: bool) -> str:
    capacity = "" if capacity_users == "all" else f"-k{capacity_users}"
    return f"family-n{n_users}-m{n_stations}{capacity}{'-deadlines' if deadlines else ''}"
