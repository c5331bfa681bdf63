"""What follows from the wired latencies between all users and all hosts, before anything is decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.formulation import AccessLinks, RadioState, wires
from twinhop.formulation.wired import wire_rows
from twinhop.kernels.edge import cpu_room
from twinhop.plans.description import BLOCK_USERS
from twinhop.scenario import World
from twinhop.scenario.schema.readings import ROW_INTERACTION, ROW_WIRED_HOP

#: Links between stations that are looked at together: 32 MiB of float64.
LINKS_AT_ONCE = 4_000_000
#: Hosts that are compared with all users together.
MOST_HOSTS = 256

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def people_of(world: World) -> FloatArray:
    """(N,) users that each row stands for."""
    return np.ones(len(world.user_ids)) if world.user_weight is None else world.user_weight


@dataclass
class WiredNeeds:
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


def wired_needs(world: World, radio: RadioState | AccessLinks, access_host: IntArray) -> WiredNeeds:
    """Look at all links between users and hosts, some users at a time."""
    users = len(world.user_ids)
    hops, weight = _hops(world), world.eta_s / world.sync_period_s
    on_construction = world.readings.is_literal(ROW_INTERACTION)
    hosts, people = len(world.host_capacity), people_of(world)
    needs = WiredNeeds(
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
    world: World,
    radio: RadioState | AccessLinks,
    users: slice | IntArray,
    wired_s: FloatArray,
    hosts: slice | IntArray = slice(None),
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(B, K) the CPU share that the deadline of each of some users needs on each host, and whether it has as much."""
    assert world.deadline_s is not None
    on_construction = world.readings.is_literal(ROW_INTERACTION)
    bits = (world.history_bits if on_construction else world.update_bits)[users]
    cycles = bits * (world.construction_cycles_per_bit if on_construction else world.update_cycles_per_bit)
    comm_s = network.communication_latency_s(bits, radio.access_rate_bps[users], wired_s)
    floor = network.minimum_share_cycles_per_s(cycles, world.deadline_s[users], comm_s)
    fits = (floor <= cpu_room(world.host_cpu_cycles_per_s)[hosts]) & (world.host_capacity > 0)[hosts]
    return floor, fits


def wired_needs_by_station(world: World, radio: RadioState | AccessLinks, access_host: IntArray) -> WiredNeeds:
    """The same as `wired_needs` without a look at every link, where wires go by distance.

    Users of a station share its wire to each host, so that sums over users are sums over stations of the bits that
    theirs send. A deadline needs the least CPU on the nearest station that hosts, or on the cloud; only users for whom
    neither has as much are compared with all hosts.

    Args:
        world: stations and users.
        radio: its radio state.
        access_host: (N,) host that each user is described on.
    """
    if world.graph is not None:
        return wired_needs(world, radio, access_host)
    stations, hosts, users = len(world.station_ids), len(world.host_capacity), len(world.user_ids)
    hops, weight = _hops(world), world.eta_s / world.sync_period_s
    part = people_of(world) / world.people
    sent = np.bincount(
        radio.access, part * (hops * world.history_bits + weight * world.update_bits), minlength=stations
    )
    paid = np.bincount(radio.access, part * (hops + weight), minlength=stations)
    needs = WiredNeeds(
        np.empty(users), np.empty(users), np.zeros(hosts), np.zeros(users, np.bool_), np.zeros(hosts, np.bool_)
    )
    host_of, nearest = np.zeros(stations, np.int64), np.zeros(stations, np.int64)
    host_of[radio.access] = access_host
    here, near = np.zeros((2, stations)), np.zeros((2, stations))
    usable = world.host_capacity[:stations] > 0
    for at, delays, slopes in _station_blocks(world):
        needs.to_one_s += paid[at] @ delays + sent[at] @ slopes
        each = np.arange(len(at))
        nearest[at] = np.where(usable, slopes[:, :stations], np.inf).argmin(axis=1)
        for lines, host in ((here, host_of[at]), (near, nearest[at])):
            lines[:, at] = delays[each, host], slopes[each, host]
    needs.history_s[:] = hops * (here[0][radio.access] + here[1][radio.access] * world.history_bits)
    needs.update_s[:] = here[0][radio.access] + here[1][radio.access] * world.update_bits
    if world.deadline_s is not None:
        _add_deadlines(needs, world, radio, nearest, near)
    return needs


def _hops(world: World) -> int:
    return 2 if world.readings.is_literal(ROW_WIRED_HOP) else 1


def _station_blocks(world: World) -> Iterator[tuple[IntArray, FloatArray, FloatArray]]:
    """Some stations at a time, with the delays and the seconds per bit of their wires to all hosts."""
    rows, stations = wire_rows(world), len(world.station_ids)
    step = max(1, LINKS_AT_ONCE // len(world.host_capacity))
    for start in range(0, stations, step):
        at = np.arange(start, min(stations, start + step))
        (delays,), (slopes,) = rows(at)
        yield at, delays, slopes


def _add_deadlines(
    needs: WiredNeeds, world: World, radio: RadioState | AccessLinks, nearest: IntArray, near: FloatArray
) -> None:
    """Whose deadline no host could keep, which hosts could keep some, and the CPU that deadlines need at least."""
    on_construction = world.readings.is_literal(ROW_INTERACTION)
    bits = (_hops(world) * world.history_bits) if on_construction else world.update_bits
    paid = _hops(world) if on_construction else 1
    stations, people, order = len(world.station_ids), people_of(world), np.arange(len(bits))
    cloud = world.hosting_cloud is not None
    to_cloud = np.zeros((2, stations))
    for at, delays, slopes in _station_blocks(world):
        to_cloud[:, at] = delays[:, -1], slopes[:, -1]

    def wired(lines: FloatArray, block: IntArray) -> FloatArray:
        access = radio.access[block]
        return paid * lines[0][access] + bits[block] * lines[1][access]

    def count(block: IntArray, floor: FloatArray, fits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        least = np.where(fits, floor, np.inf).min(axis=1)
        met = np.isfinite(least)
        needs.least_cpu_cycles_per_s += float((least[met] * people[block][met]).sum())
        return ~met

    rest = []
    for block in np.split(order, range(BLOCK_USERS, len(order), BLOCK_USERS)):
        hosts, wired_s = [nearest[radio.access[block]]], [wired(near, block)]
        if cloud:
            hosts, wired_s = [*hosts, np.full(len(block), stations)], [*wired_s, wired(to_cloud, block)]
        at = np.column_stack(hosts)
        floor, fits = _deadline_floors(world, radio, block, np.column_stack(wired_s), at)
        needs.useful[at[fits]] = True
        rest.append(block[count(block, floor, fits)])
    unmet = np.concatenate(rest)
    for block in np.split(unmet, range(BLOCK_USERS, len(unmet), BLOCK_USERS)):
        wired_s = paid * wires(world, radio.access[block])((bits / paid)[block])
        floor, fits = _deadline_floors(world, radio, block, wired_s)
        needs.useful |= fits.any(axis=0)
        needs.unmeetable[block] = count(block, floor, fits)
    _add_useful(needs, world, radio, bits, paid)


def _add_useful(needs: WiredNeeds, world: World, radio: RadioState | AccessLinks, bits: FloatArray, paid: int) -> None:
    """Hosts that are nobody's nearest may still keep somebody's deadline: they are compared with users until one is."""
    unknown = np.flatnonzero(~needs.useful & (world.host_capacity > 0))
    for some in np.split(unknown, range(MOST_HOSTS, len(unknown), MOST_HOSTS)):
        lines = [(delays[:, some], slopes[:, some]) for _, delays, slopes in _station_blocks(world)]
        delay_s, slope = (np.concatenate(each) for each in zip(*lines, strict=True))
        for start in range(0, len(bits), BLOCK_USERS):
            if needs.useful[some].all():
                break
            block = np.arange(start, min(len(bits), start + BLOCK_USERS))
            access = radio.access[block]
            wired_s = paid * delay_s[access] + bits[block, None] * slope[access]
            needs.useful[some] |= _deadline_floors(world, radio, block, wired_s, some)[1].any(axis=0)
