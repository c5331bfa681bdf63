"""From a world to its placement problem: the physics of Eq. 3 to 13 and 19 applied to every user and station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop import network
from twinhop.errors import InputError
from twinhop.formulation.weights import weighted
from twinhop.formulation.wired import Wires, wires
from twinhop.placement.priced_deadlines import PricedDeadlines
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem
from twinhop.scenario import World
from twinhop.scenario.schema.readings import ROW_INTERACTION, ROW_LOGARITHM, ROW_UNLINKED, ROW_WIRED_HOP
from twinhop.scenario.world.channel import mean_loss_db, warn_of_far_links

if TYPE_CHECKING:  # plans of one moment need no dynamics
    from twinhop.scenario.dynamics import Slot

#: Links are worked out for this many users at a time: 1024 x 200 float64 stay in the cache.
BLOCK_USERS = 1024


@dataclass(frozen=True)
class RadioState:
    """The radio links of a world.

    Attributes:
        distance_m: (N, M) user to station [m].
        access: (N,) index of each user's access station b(i).
        access_rate_bps: (N,) uplink rate to it, Eq. 3 [bit/s].
    """

    distance_m: FloatArray
    access: IntArray
    access_rate_bps: FloatArray

    @property
    def link_distance_m(self) -> FloatArray:
        """(N,) distance to the access station [m]."""
        return self.distance_m[np.arange(len(self.access)), self.access]


@dataclass(frozen=True)
class Origin:
    """What a placement problem was formulated from.

    Attributes:
        world: stations and users.
        radio: its links.
    """

    world: World
    radio: RadioState


def link_rates_bps(world: World, radio: RadioState) -> FloatArray:
    """(N, M) uplink rates of all links, Eq. 3 [bit/s].

    To a station that is not a user's own, what it had if it came too; to its own `RadioState.access_rate_bps`.

    Args:
        world: stations and users, with the fading of every link where there is any.
        radio: its radio state.
    """
    rules, users = world.radio, np.arange(len(world.user_ids))
    loss = mean_loss_db(world, world.user_xy_m, radio.distance_m)
    mean_gain = network.channel_gain(loss)
    gain = mean_gain
    if world.fading_uniform is not None:
        gain = network.channel_gain(loss, network.rayleigh_power(world.fading_uniform, rules.fading_floor))
    stations = len(world.station_ids)
    width_hz: FloatArray = np.full((1, 1), rules.bandwidth_hz)
    if rules.bandwidth_rule != "full":
        count = np.bincount(radio.access, world.user_weight, minlength=stations)[None, :]
        attached = radio.access[:, None] == np.arange(stations)
        own = 1 if world.user_weight is None else world.user_weight[:, None]
        width_hz = rules.bandwidth_hz / np.where(attached, count, count + own)
    noise: FloatArray | float = rules.noise_w_per_hz
    if rules.interference == "full_reuse":
        weight = world.user_weight
        own_hz = network.user_bandwidth_hz(rules.bandwidth_hz, radio.access, stations, rules.bandwidth_rule, weight)
        interference = network.uplink_interference_w_per_hz(world.tx_power_w, mean_gain, radio.access, own_hz, weight)
        noise = (noise + interference)[:, None]
    logarithm = "ln" if world.readings.is_literal(ROW_LOGARITHM) else "log2"
    rate = network.rate_bps(width_hz.T, world.tx_power_w[None, :], gain.T, noise, logarithm).T.copy()
    rate[users, radio.access] = radio.access_rate_bps
    return rate


def radio_state(world: World) -> RadioState:
    """Distances, access stations and uplink rates (Eq. 3) of a world."""
    radio, users, stations = world.radio, len(world.user_ids), len(world.station_ids)
    distance, access = np.empty((users, stations)), np.empty(users, np.int64)
    gain = np.empty(users)
    interfering = radio.interference == "full_reuse"
    mean_gain = np.empty((users, stations)) if interfering else None
    for start in range(0, users, BLOCK_USERS):
        block = slice(start, start + BLOCK_USERS)
        distance[block], access[block], gain[block], mean = _links(world, block)
        if mean_gain is not None:
            mean_gain[block] = mean
    warn_of_far_links(world, distance, access)
    weight = world.user_weight
    bandwidth = network.user_bandwidth_hz(radio.bandwidth_hz, access, stations, radio.bandwidth_rule, weight)
    noise = radio.noise_w_per_hz
    if mean_gain is not None:
        interference = network.uplink_interference_w_per_hz(world.tx_power_w, mean_gain, access, bandwidth, weight)
        noise = noise + interference[access]
    logarithm = "ln" if world.readings.is_literal(ROW_LOGARITHM) else "log2"
    rate = network.rate_bps(bandwidth, world.tx_power_w, gain, noise, logarithm)
    return RadioState(distance, access, rate)


def _links(world: World, users: slice) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:
    """Of some users: distance to every station, access station, gain of the link to it, mean gain to every station."""
    radio = world.radio
    distance = network.distance_m(world.user_xy_m[users], world.station_xy_m)
    loss = mean_loss_db(world, world.user_xy_m[users], distance)
    mean_gain = network.channel_gain(loss)
    gain = mean_gain
    if world.fading_uniform is not None:
        power = network.rayleigh_power(world.fading_uniform[users], radio.fading_floor)
        gain = network.channel_gain(loss, power)
    if radio.access == "nearest":
        access = network.access_by_distance(distance)
    else:
        access = network.access_by_signal(mean_gain if radio.access == "strongest_mean" else gain)
    return distance, np.asarray(access, np.int64), gain[np.arange(len(access)), access], mean_gain


def formulate(world: World, radio: RadioState | None = None) -> PlacementProblem:
    """The placement problem P1 of a world.

    Args:
        world: stations and users in SI units.
        radio: its radio state, where already at hand.

    Returns:
        The problem, with distances for the policy ``nearest`` and names for reports.
    """
    radio = radio or radio_state(world)
    wired = wires(world, radio.access)
    hops = 2 if world.readings.is_literal(ROW_WIRED_HOP) else 1
    history_comm = _communication(radio, wired, world.history_bits, hops)
    update_comm = _communication(radio, wired, world.update_bits, 1)
    work = placement_work(world)
    energy = network.transmit_energy_j(world.tx_power_w, world.history_bits, radio.access_rate_bps)
    deadlines: dict[str, Any] = {}
    if world.deadline_s is not None:
        on_construction = world.readings.is_literal(ROW_INTERACTION)
        cycles = world.construction_cycles_per_bit if on_construction else world.update_cycles_per_bit
        deadlines = {
            "update_comm_s": history_comm if on_construction else update_comm,
            "update_work": cycles * (world.history_bits if on_construction else world.update_bits),
            "deadline_s": world.deadline_s,
        }
    comm_s = network.placement_communication_s(history_comm, update_comm, world.eta_s, world.sync_period_s)
    if world.money is not None and world.money.missed_deadline is not None and deadlines:
        price_s = world.money.missed_deadline / world.money.second
        if world.user_weight is not None:
            raise InputError(
                f"{world.name}: money.missed_deadline: deadlines have no price where rows stand for several users; "
                "leave it out, or list the users one by one (users.split: 1)"
            )
        if world.services:
            raise InputError(
                f"{world.name}: money.missed_deadline: with services deadlines hold as far as they can; leave it out, "
                "or the services"
            )
        priced = PricedDeadlines(
            deadlines["update_comm_s"],
            deadlines["update_work"],
            deadlines["deadline_s"],
            world.host_cpu_cycles_per_s,
            price_s,
        )
        comm_s, deadlines = comm_s + priced.surcharge_s, {"priced_deadlines": priced}
    # Without a link between association and placement no optimal plan pays for a server: openings are free.
    unlinked = world.readings.is_literal(ROW_UNLINKED)
    opening = world.host_opening_s
    arrays: dict[str, Any] = {
        "comm_s": comm_s,
        "root_work": np.sqrt(work),
        "capacity": world.host_capacity,
        "energy_j": world.kappa_s_per_j * energy,
        "cpu_rule": world.cpu_rule,
        **deadlines,
    }
    if world.user_weight is not None:
        arrays |= weighted(world.user_weight, **arrays)
    return _checked(
        world.name,
        cpu=world.host_cpu_cycles_per_s,
        opening_s=np.zeros_like(opening) if unlinked else opening,
        alpha=world.alpha,
        beta=world.beta,
        distance_m=_host_distance_m(world, radio),
        station_ids=world.host_ids,
        user_ids=world.user_ids,
        origin=Origin(world, radio),
        currency="" if world.money is None else world.money.currency,
        **arrays,
    )


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


def _checked(name: str, **arrays: Any) -> PlacementProblem:
    """The problem, or what in the scenario makes its numbers too large to compute with."""
    try:
        return PlacementProblem(**arrays)
    except InputError as error:
        raise InputError(
            f"{name}: the constants give numbers beyond use: {error}; comm_s and update_comm_s [s] follow from radio, "
            "backhaul, cloud and sizes, root_work from sizes and compute"
        ) from None


def _communication(radio: RadioState, wired: Wires, bits: FloatArray, hops: int) -> FloatArray:
    return network.communication_latency_s(bits, radio.access_rate_bps, wired(bits), hops)


def _host_distance_m(world: World, radio: RadioState) -> FloatArray:
    """User to host; a cloud is infinitely far, so that the policy ``nearest`` seats users there last (N, K) [m]."""
    if world.hosting_cloud is None:
        return radio.distance_m
    return np.hstack([radio.distance_m, np.full((len(world.user_ids), 1), np.inf)])


def slot_radio(slot: Slot) -> RadioState:
    """The radio links of the users of `slot.world()`: their access stations, with hysteresis, and rates as they are.

    Args:
        slot: of a run.

    Returns:
        What `formulate(slot.world(), slot_radio(slot))` makes a placement problem of.

    >>> from twinhop.formulation import formulate
    >>> from twinhop.scenario import load_scenario
    >>> from twinhop.scenario.dynamics import WorldRun
    >>> *_, last = WorldRun(load_scenario("lu2021-n80-m5"), slots=2)
    >>> formulate(last.world(), slot_radio(last)).users
    80
    """
    users = slot.served
    distance_m = network.distance_m(slot.xy_m[users], slot.station_xy_m)
    return RadioState(distance_m, slot.access[users], slot.rate_bps[users])
