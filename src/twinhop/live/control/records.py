"""What the controller tells: plans, the moves in them, hosts, stations, and where the twins are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["shadow", "approve", "auto"]
PlanState = Literal["proposed", "applying", "applied", "rejected", "superseded"]
MoveState = Literal["proposed", "moving", "done", "failed"]
MODES: tuple[Mode, ...] = ("shadow", "approve", "auto")


@dataclass(frozen=True)
class Worth:
    """What a move saves in each slot and what it costs once, in terms of the slot's cost; a loss is negative.

    Attributes:
        latency_s: communication and computing that the slot loses with this move alone, the other twins as they are
            after the plan [s].
        opening_s: opening that the plan's slot loses because the host that is left is empty, less that of a host which
            this twin opens, shared among those who leave or come [s].
        move_s: what the move costs, Eq. of P2, with the size of the twin and its energy [s].
        pays_back_slots: `move_s` over what is saved a slot; None where nothing is.
    """

    latency_s: float = 0.0
    opening_s: float = 0.0
    move_s: float = 0.0
    pays_back_slots: float | None = None

    @property
    def saved_s(self) -> float:
        """A slot's cost less [s]."""
        return self.latency_s + self.opening_s


@dataclass(frozen=True)
class MoveRecord:
    """One move of a twin.

    Attributes:
        id: ``PLAN-NUMBER``.
        plan: whose it is.
        twin: which moves.
        source: its host; empty: it was never placed.
        target: the host it goes to.
        reason: why, in words.
        state: ``proposed``, ``moving``, ``done`` or ``failed``.
        epoch: of the registry after the move, 0 before.
        pause_s: for how long the twin answered nobody [s].
        detail: why it failed; empty where it did not.
        worth: what it saves and costs.
    """

    id: str
    plan: str
    twin: str
    source: str
    target: str
    reason: str
    state: MoveState = "proposed"
    epoch: int = 0
    pause_s: float = 0.0
    detail: str = ""
    worth: Worth = field(default_factory=Worth)


@dataclass(frozen=True)
class PlanRecord:
    """One decision.

    Attributes:
        id: ``p`` and a number that rises.
        made_s: when, since 1970 [s].
        slot: of the run, from 0; that of the last decision for a dry run.
        policy: which was asked.
        mode: of the controller then.
        state: ``proposed``, ``applying``, ``applied``, ``rejected`` or ``superseded``.
        seconds: how long deciding took [s].
        users: twins that were placed or could have been, n.
        cost_s: of the slot once the plan is in force, moves included; None where there is no plan [s].
        bound_s: certified: no placement of the slot costs less, what it takes to get there included [s].
        gap: ``cost_s / bound_s - 1``; None without a bound > 0.
        moves: in the order in which each finds room.
        note: what else is to be known: a policy that failed, moves held back, forecasts without a model.
        is_dry: whether it was asked for, and changed nothing that is remembered.
    """

    id: str
    made_s: float
    slot: int
    policy: str
    mode: Mode
    state: PlanState
    seconds: float
    users: int
    cost_s: float | None
    bound_s: float | None
    gap: float | None
    moves: tuple[MoveRecord, ...]
    note: str = ""
    is_dry: bool = False


@dataclass(frozen=True)
class HostRow:
    """A logical host: one at each station that may host, and a cloud that may.

    Attributes:
        id: of the host, that of its station.
        station: its station; empty for a cloud.
        capacity: twins that fit.
        cpu_hz: CPU [cycle/s].
        twins: of users that are there now.
        is_up: whether it may be used.
        resting: twins on it whose users are gone.
    """

    id: str
    station: str
    capacity: int
    cpu_hz: float
    twins: int
    is_up: bool
    resting: int = 0


@dataclass(frozen=True)
class StationRow:
    """A station.

    Attributes:
        id: unique name.
        x_m: eastwards [m].
        y_m: northwards [m].
        may_host: whether there is a host.
        is_up: whether it works.
        users: attached to it in the last slot.
        lat_deg: of a city with a place on earth [deg].
        lon_deg: likewise [deg].
    """

    id: str
    x_m: float
    y_m: float
    may_host: bool
    is_up: bool
    users: int
    lat_deg: float | None = None
    lon_deg: float | None = None


@dataclass(frozen=True)
class PlacementRow:
    """Where the twins are, and what the last slot's decision said of it.

    Attributes:
        slot: of the last decision, -1 before the first.
        plan: its plan; empty before the first.
        policy: that made it.
        cost_s: see `PlanRecord`; None before the first [s].
        bound_s: likewise [s].
        gap: likewise.
        hosts: twin -> host, of those that are placed.
        recommended: twin -> host of the last plan, of the users that are there.
    """

    slot: int
    plan: str
    policy: str
    cost_s: float | None
    bound_s: float | None
    gap: float | None
    hosts: Mapping[str, str] = field(repr=False)
    recommended: Mapping[str, str] = field(repr=False)
