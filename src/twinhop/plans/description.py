"""What a world looks like before anything is decided: every twin on the host that its access station suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.formulation import ROW_INTERACTION, ROW_WIRED_HOP, RadioState, radio_state, wires
from twinhop.placement.problem import SHARE_TOLERANCE
from twinhop.scenario import Scenario, World, build_world
from twinhop.stats.quantiles import quantiles
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Users whose links to every host are looked at together: 4096 x 200 float64 fit a cache.
BLOCK_USERS = 4096
QUANTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, eq=False)
class Description:
    """A world and what follows from it without a decision, with K hosts: the M stations, and the cloud if it may host.

    The *access host* of a user is its access station, or the station nearest to it that hosts where that one hosts
    nothing, or the cloud where no station hosts; the twins of an access host share its CPU by the scenario's rule,
    deadlines aside.

    Attributes:
        world: the world.
        radio: access stations and rates.
        distance_m: (N,) to the access station [m].
        access_host: (N,) index of the access host.
        attached: (M,) users whose access station it is.
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
    """

    world: World
    radio: RadioState
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
        work = world.update_cycles_per_bit * world.update_bits.sum() / world.sync_period_s
        return float(work / total) if total > 0 else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the problem meaningless or infeasible, each with what to change."""
        from twinhop.plans.description_warnings import cautions

        return cautions(self)

    def to_json(self) -> dict[str, Any]:
        """The facts as plain values, units in the names."""
        world = self.world
        busiest = int(np.nanargmax(self.update_load))
        return {
            "name": world.name,
            "seed": world.seed,
            "users": len(world.user_ids),
            "stations": len(world.station_ids),
            "possible_hosts": int(possible_hosts(world).size),
            "seats": world.seats,
            "classes": {name: int((world.user_class == at).sum()) for at, name in enumerate(world.class_names)},
            "distance_to_access_m": spread(self.distance_m),
            "access_rate_mbps": spread(self.radio.access_rate_bps / BITS_PER_MBIT),
            "attached_users": spread(self.attached),
            "stations_without_users": int((self.attached == 0).sum()),
            "construction_at_access_host_s": spread(self.construction_s),
            "update_at_access_host_s": spread(self.update_s),
            "latency_counted_s": spread(self.placement_latency_s),
            "radio_share_of_latency": self.radio_share,
            "total_cpu_gcycles_per_s": self.total_cpu_cycles_per_s / CYCLES_PER_GCYCLE,
            "update_load_of_total_cpu": self.total_update_load,
            "busiest_station": world.host_ids[busiest],
            "update_load_of_busiest": float(self.update_load[busiest]),
            "updates_slower_than_period": float((self.update_s > world.sync_period_s).mean()),
            "deadlines": self._deadlines(),
            "warnings": list(self.warnings),
        }

    def _deadlines(self) -> dict[str, Any] | None:
        if self.world.deadline_s is None or self.unmeetable is None or self.deadline_slack_s is None:
            return None
        assert self.least_cpu_cycles_per_s is not None
        return {
            "deadline_ms": spread(self.world.deadline_s * 1e3),
            "unmeetable_users": int(self.unmeetable.sum()),
            "late_at_access_host": int((self.deadline_slack_s < 0).sum()),
            "least_cpu_gcycles_per_s": self.least_cpu_cycles_per_s / CYCLES_PER_GCYCLE,
        }


def spread(values: NDArray[Any]) -> dict[str, float]:
    """Mean, quantiles and extremes of some values; quantiles as in reports.

    >>> spread(np.array([1.0, 3.0]))["p95"]
    3.0
    """
    numbers = {"mean": float(values.mean()), "min": float(values.min()), "max": float(values.max())}
    return numbers | dict(zip(QUANTILES, quantiles(values, list(QUANTILES.values())), strict=True))


def describe(scenario: Scenario) -> Description:
    """Work out what a scenario looks like before solving it.

    Args:
        scenario: any scenario.

    Returns:
        The description.

    Raises:
        InputError: a CSV file of the scenario has not been read, or fading needs too many links.

    >>> from twinhop.scenario import preset
    >>> describe(preset("lu2021-n80-m5")).warnings
    ()
    """
    world = build_world(scenario)
    radio = radio_state(world)
    users, stations = np.arange(len(world.user_ids)), len(world.station_ids)
    access_host = _access_host(world)[radio.access]
    wired = _wired_needs(world, radio, access_host)
    share = _shares(world, access_host)
    construction, update = (
        bits / radio.access_rate_bps + wired_s + network.computing_latency_s(cycles * bits, share)
        for bits, wired_s, cycles in (
            (world.history_bits, wired.history_s, world.construction_cycles_per_bit),
            (world.update_bits, wired.update_s, world.update_cycles_per_bit),
        )
    )
    weight = world.eta_s / world.sync_period_s
    work_rate = world.update_cycles_per_bit * world.update_bits / world.sync_period_s
    interaction = construction if world.readings.is_literal(ROW_INTERACTION) else update
    deadlines = world.deadline_s is not None
    offered = np.append(world.host, (access_host == stations).any())[: len(world.host_capacity)]
    return Description(
        world=world,
        radio=radio,
        distance_m=radio.distance_m[users, radio.access],
        access_host=access_host,
        attached=np.bincount(radio.access, minlength=stations),
        wired_to_one_s=wired.to_one_s,
        radio_s=(world.history_bits + weight * world.update_bits) / radio.access_rate_bps,
        placement_latency_s=construction + weight * update,
        construction_s=construction,
        update_s=update,
        update_load=np.where(
            offered,
            np.bincount(access_host, work_rate, minlength=len(offered)) / world.host_cpu_cycles_per_s,
            np.nan,
        ),
        deadline_slack_s=world.deadline_s - interaction if world.deadline_s is not None else None,
        unmeetable=wired.unmeetable if deadlines else None,
        least_cpu_cycles_per_s=wired.least_cpu_cycles_per_s if deadlines else None,
        deadline_cpu_cycles_per_s=float(world.host_cpu_cycles_per_s[wired.useful].sum()) if deadlines else None,
    )


def _access_host(world: World) -> IntArray:
    """(M,) the host that users of each station are described on; a cloud has the index M."""
    stations = len(world.station_ids)
    hosting = world.capacity > 0 if possible_hosts(world).size else world.host
    if not hosting.any():
        return np.full(stations, stations)
    nearest = np.where(hosting, network.distance_m(world.station_xy_m, world.station_xy_m), np.inf).argmin(1)
    return np.where(hosting, np.arange(stations), nearest)


def possible_hosts(world: World) -> IntArray:
    """Indices of the hosts on which at least one twin fits."""
    return np.flatnonzero(world.host_capacity > 0)


def placement_work(world: World) -> FloatArray:
    """(N,) work whose computing latency the cost counts [cycle]."""
    return network.placement_work_cycles(
        world.history_bits,
        world.update_bits,
        world.construction_cycles_per_bit,
        world.update_cycles_per_bit,
        world.eta_s,
        world.sync_period_s,
    )


def _shares(world: World, host: IntArray) -> FloatArray:
    """(N,) CPU shares under the scenario's rule, deadlines aside [cycle/s]."""
    weight = network.share_weights(placement_work(world), world.cpu_rule)
    total = np.bincount(host, weight)[host]
    return world.host_cpu_cycles_per_s[host] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)


@dataclass
class _WiredNeeds:
    """What follows from the wired latencies between all users and all hosts; see `Description`.

    Attributes:
        history_s: (N,) of the history, to the access host [s].
        update_s: (N,) of an update, to the access host [s].
        to_one_s: (K,) see `Description.wired_to_one_s` [s].
        unmeetable: (N,) bool, see `Description.unmeetable`; all False without deadlines.
        useful: (K,) bool, hosts that could keep some deadline alone; all False without deadlines.
        least_cpu_cycles_per_s: see `Description.least_cpu_cycles_per_s`; 0 without deadlines.
    """

    history_s: FloatArray
    update_s: FloatArray
    to_one_s: FloatArray
    unmeetable: NDArray[np.bool_]
    useful: NDArray[np.bool_]
    least_cpu_cycles_per_s: float = 0.0


def _wired_needs(world: World, radio: RadioState, access_host: IntArray) -> _WiredNeeds:
    """Look at all links between users and hosts, some users at a time."""
    users = len(world.user_ids)
    hops = 2 if world.readings.is_literal(ROW_WIRED_HOP) else 1
    weight = world.eta_s / world.sync_period_s
    on_construction = world.readings.is_literal(ROW_INTERACTION)
    hosts = len(world.host_capacity)
    needs = _WiredNeeds(
        np.empty(users), np.empty(users), np.zeros(hosts), np.zeros(users, np.bool_), np.zeros(hosts, np.bool_)
    )
    for start in range(0, users, BLOCK_USERS):
        block = slice(start, start + BLOCK_USERS)
        wired = wires(world, radio.access[block])
        history_s, update_s = hops * wired(world.history_bits[block]), wired(world.update_bits[block])
        rows = np.arange(len(history_s))
        needs.history_s[block] = history_s[rows, access_host[block]]
        needs.update_s[block] = update_s[rows, access_host[block]]
        needs.to_one_s += (history_s + weight * update_s).sum(axis=0) / users
        if world.deadline_s is not None:
            floor, fits = _deadline_floors(world, radio, block, history_s if on_construction else update_s)
            needs.unmeetable[block] = ~fits.any(axis=1)
            needs.useful |= fits.any(axis=0)
            least = np.where(fits, floor, np.inf).min(axis=1)
            needs.least_cpu_cycles_per_s += float(least[np.isfinite(least)].sum())
    return needs


def _deadline_floors(
    world: World, radio: RadioState, users: slice, wired_s: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(B, K) the CPU share that the deadline of each of some users needs on each host, and whether it has as much."""
    assert world.deadline_s is not None
    on_construction = world.readings.is_literal(ROW_INTERACTION)
    bits = (world.history_bits if on_construction else world.update_bits)[users]
    cycles = bits * (world.construction_cycles_per_bit if on_construction else world.update_cycles_per_bit)
    comm_s = network.communication_latency_s(bits, radio.access_rate_bps[users], wired_s)
    floor = network.minimum_share_cycles_per_s(cycles, world.deadline_s[users], comm_s)
    fits = (floor <= world.host_cpu_cycles_per_s * (1 + SHARE_TOLERANCE)) & (world.host_capacity > 0)
    return floor, fits
