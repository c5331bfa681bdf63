"""Whether a page's data fit together: every field of its kind, every column of its shape, every index in range.

Fields that are not known are passed over, so that a later twinhop may add some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop.errors import InputError

KINDS = ("plan", "comparison", "tradeoff", "run", "world")
#: Sizes that columns have: stations, users, frames, slots, points of series; any other letter stands for any size, the
#: same in an object.
STATIONS, USERS, FRAMES, SLOTS, POINTS = "M", "N", "F", "T", "P"

#: No number is larger; no coordinate of a map is [m].
LARGEST, LARGEST_M = 1e300, 1e12

Sizes = dict[str, int]


class _Wrong(Exception):
    """What does not fit, and where."""


def check_page(document: Mapping[str, Any], name: str) -> None:
    """Refuse data that do not fit together.

    Args:
        document: of `twinhop.output.page.container.unpacked`.
        name: of the file, for messages.

    Raises:
        InputError: a field is missing, of another kind, or an index out of range.
    """
    sizes: Sizes = {}
    try:
        for field, size in (("stations", STATIONS), ("users", USERS)):
            if field in document:
                sizes[size] = _count(_object(document[field], field).get("count"), f"{field}.count")
        if "time" in document:
            time = _object(document["time"], "time")
            sizes[FRAMES], sizes[SLOTS] = (_count(time.get(each), f"time.{each}") for each in ("frames", "slots"))
            sizes[POINTS] = -(-sizes[SLOTS] // max(1, _count(time.get("point_slots", 1), "time.point_slots")))
        _check(document, PAGE, sizes, "page")
        sizes["plans"] = len(document.get("plans", []))
        _check_corners(document.get("map"))
        if sizes["plans"] and not {STATIONS, USERS} <= sizes.keys():
            raise _Wrong("there are plans, but no stations or no users")
        _check(document, OF_PLANS, sizes, "page")
    except _Wrong as wrong:
        raise InputError(f"{name}: is damaged: {wrong}; run the command with --out again") from None


def _check_corners(corners: Mapping[str, float] | None) -> None:
    if corners is None:
        return
    for axis in ("x_m", "y_m"):
        if corners[f"min_{axis}"] > corners[f"max_{axis}"]:
            raise _Wrong(f"map.min_{axis} is above map.max_{axis}")


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"{where} is no object")
    return value


def _count(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise _Wrong(f"{where} is no number of things")
    return value


def _check(value: Any, schema: Any, sizes: Sizes, where: str) -> None:
    """Check a value against a schema: a function, a column, a list of one schema, or an object of them."""
    if isinstance(schema, list):
        if not isinstance(value, list):
            raise _Wrong(f"{where} is no list")
        for at, each in enumerate(value):
            _check(each, schema[0], sizes, f"{where}[{at}]")
    elif isinstance(schema, Columns):
        schema.check(value, sizes, where)
    elif isinstance(schema, Mapping):
        fields, local = _object(value, where), dict(sizes)
        if isinstance(fields.get("reasons"), list):
            local["reasons"] = len(fields["reasons"])
        for key, of_field in schema.items():
            field = key.removesuffix("*")
            if field in fields:
                _check(fields[field], of_field, local, f"{where}.{field}".removeprefix("page."))
            elif key.endswith("*"):
                raise _Wrong(f"{where} has no {field}")
    elif not schema(value):
        raise _Wrong(f"{where} is not of its kind")


@dataclass(frozen=True)
class Columns:
    """What a column is.

    Attributes:
        shape: names of its sizes; one not known yet is learned.
        below: name of the size that its indices are below; empty where it holds no indices.
        least: the least index.
    """

    shape: Sequence[str]
    below: str = ""
    least: int = -1

    def check(self, value: Any, sizes: Sizes, where: str) -> None:
        """Raise where a value is not such a column."""
        if not isinstance(value, np.ndarray) or value.ndim != len(self.shape):
            raise _Wrong(f"{where} is no column of {len(self.shape)} axes")
        for size, name in zip(value.shape, self.shape, strict=True):
            if sizes.setdefault(name, size) != size:
                raise _Wrong(f"{where} has {size} entries where {sizes[name]} are expected")
        if self.below and value.size:
            most = sizes.get(self.below, 0)
            if value.dtype.kind not in "iu" or int(value.min()) < self.least or int(value.max()) >= most:
                raise _Wrong(f"{where} has an index that is not among {most}")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return value is None or _known_number(value)


def _known_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _metres(value: Any) -> bool:
    return _known_number(value) and abs(value) <= LARGEST_M


def _flag(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _cell(value: Any) -> bool:
    return _text(value) or _number(value) or _flag(value)


def _interval(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_number, value)))


class _Texts(Columns):
    """A text for each of many, in the place of a column."""

    def check(self, value: Any, sizes: Sizes, where: str) -> None:
        """Raise where a value is no list of so many texts."""
        if not isinstance(value, list) or not all(map(_text, value)):
            raise _Wrong(f"{where} is no list of texts")
        if sizes.setdefault(self.shape[0], len(value)) != len(value):
            raise _Wrong(f"{where} has {len(value)} texts where {sizes[self.shape[0]]} are expected")


class _IndexBelow(Columns):
    """A single index, in the place of a column."""

    def __init__(self, size: str) -> None:
        super().__init__((), size)

    def check(self, value: Any, sizes: Sizes, where: str) -> None:
        """Raise where a value is no index; none is fine."""
        if value is not None and (type(value) is not int or not 0 <= value < sizes.get(self.below, 0)):
            raise _Wrong(f"{where} is not among {sizes.get(self.below, 0)}")


def _per_user(**options: Any) -> Columns:
    return Columns((USERS,), **options)


def _per_station(**options: Any) -> Columns:
    return Columns((STATIONS,), **options)


def _moving(**options: Any) -> Columns:
    return Columns((FRAMES, USERS), **options)


def _series() -> Columns:
    return Columns((POINTS,))


#: Series of a policy: means over the slots of a point, and sums.
_MEANS = ("cost_by_slot", "latency_by_slot", "open_by_slot")
_SUMS = ("late_by_slot", "moves_by_slot")
_TERM = {"name*": _text, "cost*": _number}
_PLAN = {
    "name*": _text,
    "policy": _text,
    "cost": _number,
    "lower_bound": _number,
    "gap": _number,
    "feasible": _flag,
    "status": _text,
    "verdict": _text,
    "terms": [_TERM],
    "latency_s": _number,
    "violations": [_text],
    "constraints": [_text],
    "servers": _number,
    "open": Columns(("open",), STATIONS, 0),
    "host": _per_user(below=STATIONS),
    "latency_s_by_user": _per_user(),
    "update_s_by_user": _per_user(),
    "late": _per_user(),
    "unmeetable": _per_user(),
    "cpu_share_cycles_per_s": _per_user(),
    "access": _per_user(below=STATIONS),
    "station": {
        **dict.fromkeys(("users", "seats_used", "cpu_used", "late", "worth"), _per_station()),
        "worth_kind": _text,
        "cpu_used_kind": _text,
    },
}
_POLICY = {
    "name*": _text,
    "cost": _number,
    "gap": _number,
    "late_share": _number,
    "moves_per_user_hour": _number,
    "terms": [_TERM],
    "against": _text,
    **dict.fromkeys((*_MEANS, *_SUMS, "regret_by_slot"), _series()),
    "host": _moving(below=STATIONS),
    "latency_s": _moving(),
    "late": _moving(),
    "reasons": [_text],
    "moves": {
        "slot*": Columns(("moves",), SLOTS, 0),
        "user*": Columns(("moves",), USERS, 0),
        "from*": Columns(("moves",), STATIONS),
        "to*": Columns(("moves",), STATIONS),
        **dict.fromkeys(("pause_s", "cost"), Columns(("moves",))),
        "reason": Columns(("moves",), "reasons", 0),
    },
}
#: The fields of a page; those with a star are always there.
PAGE = {
    "kind*": lambda value: value in KINDS,
    "title*": _text,
    "twinhop*": _text,
    "source": _text,
    "seed": _number,
    "sense": _text,
    "attribution": [_text],
    "notes": [_text],
    "warnings": [{"code": _text, "text*": _text}],
    "cost_unit": {"name*": _text, "factor*": _known_number},
    "map": {
        **dict.fromkeys(("min_x_m*", "min_y_m*", "max_x_m*", "max_y_m*"), _metres),
        "nodes": {"x_m*": Columns(("nodes",)), "y_m*": Columns(("nodes",)), "id": _Texts(("nodes",))},
        "links": Columns(("links", "ends")),
    },
    "stations": {
        "id*": _Texts((STATIONS,)),
        "label": [{"name*": _text, "values*": _Texts((STATIONS,))}],
        **dict.fromkeys(
            (*("x_m", "y_m", "is_host", "capacity", "cpu_cycles_per_s"), *("opening_s", "cost_per_month", "is_cloud")),
            _per_station(),
        ),
    },
    "users": {
        "id": _Texts((USERS,)),
        "of": _number,
        "label": [{"name*": _text, "values*": _Texts((USERS,))}],
        **dict.fromkeys(("index", "x_m", "y_m", "weight", "deadline_s", "history_bit", "update_bit"), _per_user()),
    },
    "plans": [_PLAN],
    "why": {
        "hosts*": Columns((USERS, "K"), STATIONS),
        "cost_change*": Columns((USERS, "K")),
        "feasible": Columns((USERS, "K")),
        "obstacle": Columns((USERS, "K")),
        "obstacles": [_text],
        "complete": _flag,
    },
    "time": {
        "slot_s*": _number,
        "frame_slot*": Columns((FRAMES,), SLOTS, 0),
        "point_slots": _number,
        "users_by_slot": _series(),
    },
    "frames": {
        "x_m*": _moving(),
        "y_m*": _moving(),
        "present": _moving(),
        "access": _moving(below=STATIONS),
        "station_up": Columns((FRAMES, STATIONS)),
    },
    "policies": [_POLICY],
    "bound": {
        **dict.fromkeys(("total", "plan", "gap"), _number),
        "exact": _flag,
        "text": _text,
        **dict.fromkeys(("so_far", "by_slot", "plan_by_slot"), _series()),
    },
    "series": [{"name*": _text, "by_slot*": _series()}],
    "statistics": [{"name*": _text, "value*": _cell}],
    "table": [{"title*": _text, "columns*": [_cell], "rows*": [[_cell]]}],
}
#: Fields with indices of plans.
OF_PLANS = {
    "comparison": {"lower_bound": _number, "bound_by": _cell, "best": _IndexBelow("plans")},
    "what_ifs": [
        {
            "stations*": [_IndexBelow(STATIONS)],
            "title*": _text,
            "status": _text,
            "plan": _IndexBelow("plans"),
            "before": _IndexBelow("plans"),
            "cost": _number,
            "cost_change": _number,
            "change_interval": _interval,
            "text": _text,
        }
    ],
}
