"""Work out what a world looks like before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.formulation import RadioState, placement_work, radio_state, wires
from twinhop.kernels.edge import cpu_room
from twinhop.plans.description import BLOCK_USERS, Description, possible_hosts
from twinhop.plans.description_warnings import warnings_of
from twinhop.plans.planner_warnings import radio_latency_s
from twinhop.scenario import Scenario, World, build_world
from twinhop.scenario.schema.readings import ROW_INTERACTION, ROW_WIRED_HOP

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    description = Description(
        world=world,
        radio=radio,
        distance_m=radio.distance_m[users, radio.access],
        access_host=access_host,
        attached=np.bincount(radio.access, world.user_weight, minlength=stations),
        wired_to_one_s=wired.to_one_s,
        radio_s=radio_latency_s(world, radio),
        placement_latency_s=construction + weight * update,
        construction_s=construction,
        update_s=update,
        update_load=np.where(
            offered,
            np.bincount(access_host, work_rate * _people(world), minlength=len(offered)) / world.host_cpu_cycles_per_s,
            np.nan,
        ),
        deadline_slack_s=world.deadline_s - interaction if world.deadline_s is not None else None,
        unmeetable=wired.unmeetable if deadlines else None,
        least_cpu_cycles_per_s=wired.least_cpu_cycles_per_s if deadlines else None,
        deadline_cpu_cycles_per_s=float(world.host_cpu_cycles_per_s[wired.useful].sum()) if deadlines else None,
    )
    return replace(description, warnings=warnings_of(description))


def _access_host(world: World) -> IntArray:
    """(M,) the host that users of each station are described on; a cloud has the index M."""
    stations = len(world.station_ids)
    hosting = world.capacity > 0 if possible_hosts(world).size else world.host
    if not hosting.any():
        return np.full(stations, stations)
    nearest = np.where(hosting, network.distance_m(world.station_xy_m, world.station_xy_m), np.inf).argmin(1)
    return np.where(hosting, np.arange(stations), nearest)


def _shares(world: World, host: IntArray) -> FloatArray:
    """(N,) CPU shares of one user each under the scenario's rule, deadlines aside [cycle/s]."""
    weight = network.share_weights(placement_work(world), world.cpu_rule)
    total = np.bincount(host, weight * _people(world))[host]
    return world.host_cpu_cycles_per_s[host] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)


def _people(world: World) -> FloatArray:
    """(N,) users that each row stands for."""
    return np.ones(len(world.user_ids)) if world.user_weight is None else world.user_weight


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
    hosts, people = len(world.host_capacity), _people(world)
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
        needs.to_one_s += people[block] @ (history_s + weight * update_s) / world.people
        if world.deadline_s is not None:
            floor, fits = _deadline_floors(world, radio, block, history_s if on_construction else update_s)
            needs.unmeetable[block] = ~fits.any(axis=1)
            needs.useful |= fits.any(axis=0)
            least = np.where(fits, floor, np.inf).min(axis=1)
            met = np.isfinite(least)
            needs.least_cpu_cycles_per_s += float((least[met] * people[block][met]).sum())
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
    fits = (floor <= cpu_room(world.host_cpu_cycles_per_s)) & (world.host_capacity > 0)
    return floor, fits
