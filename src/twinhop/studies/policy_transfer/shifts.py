"""Networks that users leave and come to, and the shifts between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = (100, 10)
"""N and M that all instances are padded to, so that one compiled learner serves all shifts."""
CITY = "san-francisco"


@dataclass(frozen=True)
class Network:
    """Worlds of one kind.

    Attributes:
        users: N.
        stations: M.
        fields: of the scenario that differ from `lu2021-n100-m10`.
        minutes: of San Francisco in place of all that: the first one, and how many; of them the ten cells to which most
            taxis are nearest, with room for all, and the first 100 taxis.
    """

    users: int = 100
    stations: int = 10
    fields: Mapping[str, Any] = field(default_factory=dict)
    minutes: tuple[int, int] | None = None


@dataclass(frozen=True)
class Shift:
    """From a trajectory of two networks to a third.

    Attributes:
        name: in figures and files.
        words: what changes.
        trajectory: name of the two networks that were learned in, of `TRAJECTORIES`.
        target: where the users come to.
    """

    name: str
    words: str
    trajectory: str
    target: Network


def _crowd(x_m: float, y_m: float) -> dict[str, Any]:
    spot = {"x_m": x_m, "y_m": y_m, "radius_m": 250, "share": 0.7}
    return {"users": {"generate": {"layout": "hot_spots", "hot_spots": [spot]}}}


DEARER: dict[str, Any] = {"stations": {"opening_s": 0.4}}
LONGER: dict[str, Any] = {"backhaul": {"latency_s_per_bit_m": 3e-10}}
BUSIER: dict[str, Any] = {"compute": {"construction_cycles_per_bit": 200.0, "update_cycles_per_bit": 100.0}}
SMALL_CELLS: dict[str, Any] = {"radio": {"path_loss": "tr38901_umi"}}

#: Networks along which a policy came, the latest last: two crowds, a network that grows, the hours before noon.
TRAJECTORIES = {
    "city": (Network(fields=_crowd(400, 400)), Network()),
    "users": (Network(users=60), Network(users=80)),
    "stations": (Network(stations=4), Network(stations=5)),
    CITY: (Network(minutes=(0, 120)), Network(minutes=(240, 120))),
}
#: The six of the plan, then harder ones.
SHIFTS = (
    Shift("users", "80 users -> 100", "users", Network()),
    Shift("stations", "5 stations -> 10", "stations", Network()),
    Shift("load", "twice the work", "city", Network(fields=BUSIER)),
    Shift("outage", "a third of the stations gone", "city", Network(stations=7)),
    Shift("radio", "macro cells -> UMi", "city", Network(fields=SMALL_CELLS)),
    Shift("hour", "ten cells of San Francisco, morning -> midday", CITY, Network(minutes=(600, 120))),
    Shift("dear", "openings 8 x as dear", "city", Network(fields=DEARER)),
    Shift("wires", "wires 30 x as long", "city", Network(fields=LONGER)),
    Shift("both", "dear openings, long wires", "city", Network(fields=DEARER | LONGER)),
)
