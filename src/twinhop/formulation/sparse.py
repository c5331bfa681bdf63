"""From a world to its placement problem with candidate stations: the physics of `formulate`, without N x M arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop import network
from twinhop.errors import InputError
from twinhop.formulation.access import AccessLinks, access_links
from twinhop.formulation.formulate import placement_work
from twinhop.formulation.wired import wire_rows
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.placement.sparse import SparseProblem
from twinhop.placement.sparse.problem import PAD, RowArray
from twinhop.scenario import World
from twinhop.scenario.schema.readings import ROW_INTERACTION, ROW_UNLINKED, ROW_WIRED_HOP

#: Candidate stations of each access station, the nearest by wire, unless others are asked for: of 16, 24 and 32 the
#: last had the smallest gap and took no longer, at 20,000 x 60 and 50,000 x 200.
CANDIDATES = 32
#: Links between stations that are looked at together: 32 MiB of float64.
LINKS_AT_ONCE = 4_000_000
#: Lower bounds on what was left out that are held, over all rows: so many rows times groups of hosts.
MOST_BOUNDS = 4_000_000


def sparse_view_lacks(world: World) -> str | None:
    """What of a world a problem with candidates cannot hold, and what would be accepted; None where it can.

    Args:
        world: any.
    """
    radio = world.radio
    missed = world.money is not None and world.money.missed_deadline is not None and world.deadline_s is not None
    evaluated = world.readings.evaluated()
    lacks = {
        "radio.fading: draws a value for each link; expected none": radio.fading != "none",
        "radio.shadowing: is drawn for each link; expected none": bool(radio.shadowing),
        "radio.line_of_sight: is drawn for each link; expected always or never": world.los_wave_uniform is not None,
        "radio.interference: needs the gain of each link; expected none": radio.interference != "none",
        "services: are fed over the links of each user; expected none": bool(world.services),
        "money.missed_deadline: deadlines have no price here; expected null, or objective.deadlines: false": missed,
        "users: rows that stand for many (weight) are not cut up here; expected one row a user": (
            world.user_weight is not None
        ),
        f"compute.cpu_rule: got {world.cpu_rule}; expected optimal": world.cpu_rule != "optimal",
        f"readings: rows {', '.join(map(str, evaluated))} are evaluated over all stations; expected sound": bool(
            evaluated
        ),
    }
    return next((words for words, holds in lacks.items() if holds), None)


def formulate_sparse(world: World, candidates: int = CANDIDATES, links: AccessLinks | None = None) -> SparseProblem:
    """The placement problem P1 of a world with the hosts nearest by wire as candidates of each access station.

    ``comm_ik = (D_i + e dD_i) / r_i + (h + e) delay_bk + (h D_i + e dD_i) s_bk`` with ``e = eta / dt``, the wire from
    access station b to host k of delay and seconds per bit, and h hops (reading 1): the same numbers as `formulate`
    where both have an arc. Where the fastest path of the backhaul graph differs with the size sent, each user gets a
    row of its own.

    Args:
        world: stations and users in SI units.
        candidates: hosts of each access station; a cloud that may host is always one of them.
        links: of the users to their access stations, where already at hand.

    Returns:
        The problem, whose `widened` gives more candidates.

    Raises:
        InputError: the world has what needs every link, see `sparse_view_lacks`, or no candidate is asked for.
        MissingExtra: SciPy is not installed.
    """
    lacks = sparse_view_lacks(world)
    if lacks is not None:
        raise InputError(f"{world.name}: {lacks}")
    if candidates < 1:
        raise InputError(f"candidates: got {candidates}; expected at least 1")
    links = access_links(world) if links is None else links
    table = _table(world, candidates, links)
    unlinked = world.readings.is_literal(ROW_UNLINKED)
    energy_j = network.transmit_energy_j(world.tx_power_w, world.history_bits, links.access_rate_bps)
    opening_s = world.host_opening_s
    return SparseProblem(
        **table,
        root_work=np.sqrt(placement_work(world)),
        cpu=world.host_cpu_cycles_per_s,
        capacity=world.host_capacity,
        opening_s=np.zeros_like(opening_s) if unlinked else opening_s,
        alpha=world.alpha,
        beta=world.beta,
        constant=world.beta * world.kappa_s_per_j * float(energy_j.mean()),
        currency="" if world.money is None else world.money.currency,
        user_ids=world.user_ids,
        station_ids=world.host_ids,
        wider=lambda more: formulate_sparse(world, more, links),
    )


@dataclass(frozen=True)
class _Weights:
    """How often history and update pay an arc.

    Attributes:
        hops: of the history, reading 1.
        update: eta / dt, of the update.
        on_construction: whether deadlines are on the construction, reading 7.
    """

    hops: int
    update: float
    on_construction: bool

    @classmethod
    def of(cls, world: World) -> _Weights:
        hops = 2 if world.readings.is_literal(ROW_WIRED_HOP) else 1
        on_construction = world.readings.is_literal(ROW_INTERACTION)
        return cls(hops, world.eta_s / world.sync_period_s, on_construction)


def _table(world: World, candidates: int, links: AccessLinks) -> dict[str, Any]:
    """The candidates and the arcs to them."""
    weights = _Weights.of(world)
    radio_bits = world.history_bits + weights.update * world.update_bits
    wire_bits = weights.hops * world.history_bits + weights.update * world.update_bits
    up_s = radio_bits / links.access_rate_bps
    groups = _Groups.of(world, len(world.station_ids))
    station, lines, omitted = _candidates(world, candidates, float(wire_bits.mean()), weights, groups)
    if lines is None:
        return _arcs_of_users(world, links, weights, up_s, station)
    (delay_s, slope), (omitted_delay_s, omitted_slope) = lines, omitted
    table: dict[str, Any] = {
        "row": links.access,
        "up_s": up_s,
        "scale": wire_bits,
        "station": station,
        "delay_s": delay_s,
        "slope": slope,
        "omitted_delay_s": omitted_delay_s,
        "omitted_slope": omitted_slope,
        "group": groups.group,
    }
    if world.deadline_s is not None:
        bits, cycles, hops = _interaction(world, weights)
        table |= {
            "update_up_s": bits / links.access_rate_bps,
            "update_scale": hops * bits,
            "update_work": cycles,
            "deadline_s": world.deadline_s,
            "update_delay_factor": hops / (weights.hops + weights.update),
        }
    return table


def _interaction(world: World, weights: _Weights) -> tuple[FloatArray, FloatArray, int]:
    """(N,) bits and (N,) cycles of what the deadline is on, and how often its wire counts."""
    if weights.on_construction:
        return world.history_bits, world.construction_cycles_per_bit * world.history_bits, weights.hops
    return world.update_bits, world.update_cycles_per_bit * world.update_bits, 1


Lines = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class _Groups:
    """Hosts that stand together, of which a row knows the least that they cost where it leaves them out.

    Attributes:
        group: (K,) of each host.
        order: (K,) hosts, group by group.
        first: (G,) where each group begins in it.
    """

    group: RowArray
    order: IntArray
    first: IntArray

    @classmethod
    def of(cls, world: World, rows: int) -> _Groups:
        """As many groups of about as many hosts as `MOST_BOUNDS` allows; a cloud is one of its own.

        Args:
            world: its hosts.
            rows: of the table of candidates.
        """
        stations, hosts = len(world.station_ids), len(world.host_capacity)
        groups = min(stations, max(1, MOST_BOUNDS // rows))
        strips = max(1, round(math.sqrt(groups)))
        by_x = np.argsort(world.station_xy_m[:, 0], kind="stable")
        parts = [
            part
            for strip, some in zip(np.array_split(by_x, strips), np.array_split(np.arange(groups), strips), strict=True)
            for part in np.array_split(
                strip[np.argsort(world.station_xy_m[strip, 1], kind="stable")], max(1, len(some))
            )
            if part.size
        ]
        parts += [np.arange(stations, hosts)] * (hosts > stations)
        group = np.empty(hosts, np.int32)
        for at, part in enumerate(parts):
            group[part] = at
        sizes = np.array([part.size for part in parts])
        return cls(group, np.concatenate(parts), np.cumsum(sizes) - sizes)

    def least(self, values: FloatArray) -> FloatArray:
        """(B, G) the least of each group of (B, K) values."""
        return np.minimum.reduceat(values[:, self.order], self.first, axis=1)


def _candidates(
    world: World, candidates: int, mean_bits: float, weights: _Weights, groups: _Groups
) -> tuple[RowArray, Lines | None, Lines]:
    """The hosts nearest by wire for the mean size, from each access station.

    Returns:
        (R, K) hosts; (R, K) delays and slopes, None where the fastest path differs with the size; (R, G) the least of
        both among the hosts of each group that are left out, inf where there is none.
    """
    usable = world.host_capacity > 0
    hosts, stations = usable.size, len(world.station_ids)
    count = min(candidates, int(usable.sum()))
    if count == 0:
        raise InputError(f"{world.name}: stations: no host has a seat; raise capacity_users")
    rows, paid = wire_rows(world), weights.hops + weights.update
    station = np.full((stations, count), PAD, np.int32)
    delay_s, slope = np.zeros((stations, count)), np.zeros((stations, count))
    omitted = np.full((stations, groups.first.size), np.inf), np.full((stations, groups.first.size), np.inf)
    many_paths = False
    step = max(1, LINKS_AT_ONCE // hosts)
    for start in range(0, stations, step):
        at = np.arange(start, min(stations, start + step))
        delays, slopes = rows(at)
        many_paths |= bool((delays != delays[0]).any() or (slopes != slopes[0]).any())
        worth = np.where(usable, (paid * delays + mean_bits * slopes).min(axis=0), np.inf)
        if world.hosting_cloud is not None and usable[-1]:
            worth[:, -1] = -1.0  # always a candidate
        order = np.argpartition(worth, count - 1, axis=1) if count < hosts else np.argsort(worth, axis=1, kind="stable")
        inside = np.sort(order[:, :count], axis=1)
        station[at] = inside
        delay_s[at] = paid * np.take_along_axis(delays[0], inside, axis=1)
        slope[at] = np.take_along_axis(slopes[0], inside, axis=1)
        out = np.where(usable, delays.min(axis=0), np.inf), np.where(usable, slopes.min(axis=0), np.inf)
        for bounds, least, factor in zip(omitted, out, (paid, 1.0), strict=True):
            np.put_along_axis(least, inside, np.inf, axis=1)
            bounds[at] = factor * groups.least(least)
    return station, None if many_paths else (delay_s, slope), omitted


def _arcs_of_users(
    world: World, links: AccessLinks, weights: _Weights, up_s: FloatArray, hosts: RowArray
) -> dict[str, Any]:
    """A row for each user, whose arcs are by the fastest path for what it sends; what is left out is exact, too."""
    users, width = len(world.user_xy_m), hosts.shape[1]
    usable, rows = world.host_capacity > 0, wire_rows(world)
    bits, cycles, hops = _interaction(world, weights)
    delay_s, slope = np.empty((users, width)), np.zeros((users, width))
    groups = _Groups.of(world, users)
    omitted_delay_s, omitted_slope = np.empty((users, groups.first.size)), np.zeros((users, groups.first.size))
    for members, station in _by_access(links, step=max(1, LINKS_AT_ONCE // usable.size)):
        delays, slopes = (lines[:, 0] for lines in rows(np.array([station])))
        inside = hosts[station]
        left_out = np.where(usable, 0.0, np.inf)
        left_out[inside] = np.inf

        def wired(sent: FloatArray, delays: FloatArray = delays, slopes: FloatArray = slopes) -> FloatArray:
            return (delays[:, None] + sent[None, :, None] * slopes[:, None]).min(axis=0)

        history, update = wired(world.history_bits[members]), wired(world.update_bits[members])
        arcs = weights.hops * history + weights.update * update
        delay_s[members] = arcs[:, inside]
        omitted_delay_s[members] = groups.least(arcs + left_out)
        if world.deadline_s is not None:
            counted = hops * (history if weights.on_construction else update)
            slope[members] = counted[:, inside]
            omitted_slope[members] = groups.least(counted + left_out)
    nobody, ones = np.zeros(users), np.ones(users)
    table: dict[str, Any] = {
        "row": np.arange(users, dtype=np.int32),
        "up_s": up_s,
        "scale": nobody,
        "station": hosts[links.access],
        "delay_s": delay_s,
        "slope": slope,
        "omitted_delay_s": omitted_delay_s,
        "omitted_slope": omitted_slope,
        "group": groups.group,
    }
    if world.deadline_s is not None:
        table |= {
            "update_up_s": bits / links.access_rate_bps,
            "update_scale": ones,
            "update_work": cycles,
            "deadline_s": world.deadline_s,
            "update_delay_factor": 0.0,
        }
    return table


def _by_access(links: AccessLinks, step: int) -> Iterator[tuple[IntArray, int]]:
    """The users of each access station, some at a time."""
    order = np.argsort(links.access, kind="stable")
    bounds = np.flatnonzero(np.diff(links.access[order])) + 1
    for members in np.split(order, bounds):
        for start in range(0, len(members), step):
            part = members[start : start + step]
            yield part, int(links.access[part[0]])
