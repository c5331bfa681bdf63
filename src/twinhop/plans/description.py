"""What a world looks like before anything is decided: every twin on the host that its access station suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.formulation import AccessLinks, RadioState
from twinhop.plans.planner_warnings import PlannerWarning
from twinhop.result import Result
from twinhop.scenario import World
from twinhop.stats.quantiles import value_summary
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Users whose links to every host are looked at together: 4096 x 200 float64 fit a cache.
BLOCK_USERS = 4096


@dataclass(frozen=True, eq=False)
class Description(Result):
    """A world and what follows from it without a decision, with K hosts: the M stations, and the cloud if it may host.

    The *access host* of a user is its access station, or the station nearest to it that hosts where that one hosts
    nothing, or the cloud where no station hosts; the twins of an access host share its CPU by the scenario's rule,
    deadlines aside.

    Attributes:
        world: the world.
        radio: access stations and rates.
        distance_m: (N,) to the access station [m].
        access_host: (N,) index of the access host.
        attached: (M,) users whose access station it is; rows that stand for many count as many.
        wired_to_one_s: (K,) wired part of the mean latency that the cost counts if one host has all twins [s].
        radio_s: (N,) radio part of the latency that the cost counts [s].
        placement_latency_s: (N,) that latency at the access host [s].
        construction_s: (N,) T_ini at the access host [s].
        update_s: (N,) T_upd at the access host [s].
        update_load: (K,) work of the updates of the users attached, over the CPU [1]; nan on stations that may host
            nothing, and on a cloud that is no access host.
        deadline_slack_s: (N,) deadline less interaction latency at the access host [s], or None.
        unmeetable: (N,) bool, deadlines that no host could keep even alone; or None.
        least_cpu_cycles_per_s: CPU that the meetable deadlines need at least, on whatever hosts [cycle/s], or None.
        deadline_cpu_cycles_per_s: CPU of the hosts that could keep some deadline alone [cycle/s], or None.
        warnings: what makes the problem meaningless or infeasible, each with what to change.
    """

    world: World
    radio: RadioState | AccessLinks
    distance_m: FloatArray
    access_host: IntArray
    attached: IntArray
    wired_to_one_s: FloatArray
    radio_s: FloatArray
    placement_latency_s: FloatArray
    construction_s: FloatArray
    update_s: FloatArray
    update_load: FloatArray
    deadline_slack_s: FloatArray | None
    unmeetable: NDArray[np.bool_] | None
    least_cpu_cycles_per_s: float | None
    deadline_cpu_cycles_per_s: float | None
    warnings: tuple[PlannerWarning, ...] = ()

    @property
    def radio_share(self) -> float:
        """The radio's part of the mean latency at the access hosts [1]."""
        total = float(self.placement_latency_s.mean())
        return float(self.radio_s.mean()) / total if total > 0 else 0.0

    @property
    def total_cpu_cycles_per_s(self) -> float:
        """CPU of all possible hosts [cycle/s]."""
        world = self.world
        return float(world.host_cpu_cycles_per_s[possible_hosts(world)].sum())

    @property
    def total_update_load(self) -> float | None:
        """Work of all updates over the CPU of all possible hosts [1]; None where no host is possible."""
        world, total = self.world, self.total_cpu_cycles_per_s
        bits = world.update_bits.sum() if world.user_weight is None else world.user_weight @ world.update_bits
        work = world.update_cycles_per_bit * bits / world.sync_period_s
        return float(work / total) if total > 0 else None

    def to_json(self) -> dict[str, Any]:
        """The facts as plain values, units in the names."""
        world = self.world
        busiest = int(np.nanargmax(self.update_load))
        return {
            "source": world.name,
            "seed": world.seed,
            "users": len(world.user_ids),
            **({} if world.user_weight is None else {"people": world.people}),
            "stations": len(world.station_ids),
            "possible_hosts": int(possible_hosts(world).size),
            "seats": world.seats,
            "classes": {name: int((world.user_class == at).sum()) for at, name in enumerate(world.class_names)},
            "distance_to_access_m": value_summary(self.distance_m),
            "access_rate_mbps": value_summary(self.radio.access_rate_bps / BITS_PER_MBIT),
            "attached_users": value_summary(self.attached),
            "stations_without_users": int((self.attached == 0).sum()),
            "construction_at_access_host_s": value_summary(self.construction_s),
            "update_at_access_host_s": value_summary(self.update_s),
            "latency_counted_s": value_summary(self.placement_latency_s),
            "radio_share_of_latency": self.radio_share,
            "total_cpu_gcycles_per_s": self.total_cpu_cycles_per_s / CYCLES_PER_GCYCLE,
            "update_load_of_total_cpu": self.total_update_load,
            "busiest_station": busiest,
            "busiest_station_id": world.host_ids[busiest],
            "update_load_of_busiest": float(self.update_load[busiest]),
            "updates_slower_than_period": float((self.update_s > world.sync_period_s).mean()),
            "deadlines": self._deadlines(),
            "warnings": [each.to_json() for each in self.warnings],
        }

    def _deadlines(self) -> dict[str, Any] | None:
        if self.world.deadline_s is None or self.unmeetable is None or self.deadline_slack_s is None:
            return None
        assert self.least_cpu_cycles_per_s is not None
        return {
            "deadline_ms": value_summary(self.world.deadline_s * 1e3),
            "unmeetable_users": int(self.unmeetable.sum()),
            "late_at_access_host": int((self.deadline_slack_s < 0).sum()),
            "least_cpu_gcycles_per_s": self.least_cpu_cycles_per_s / CYCLES_PER_GCYCLE,
        }


def possible_hosts(world: World) -> IntArray:
    """Indices of the hosts on which at least one twin fits."""
    return np.flatnonzero(world.host_capacity > 0)
