"""From a world to its placement problem: the physics of Eq. 3 to 13 and 19 applied to every user and station."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop import network
from twinhop.placement.channel import mean_loss_db, warn_of_far_links
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem
from twinhop.placement.wired import Wires, wires
from twinhop.scenario import World

#: Rows of the table of readings that are decided here.
ROW_WIRED_HOP, ROW_LOGARITHM = 1, 26


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


def radio_state(world: World) -> RadioState:
    """Distances, access stations and uplink rates (Eq. 3) of a world."""
    radio = world.radio
    distance = network.distance_m(world.user_xy_m, world.station_xy_m)
    loss = mean_loss_db(world, distance)
    mean_gain = network.channel_gain(loss)
    gain = mean_gain
    if world.fading_uniform is not None:
        gain = network.channel_gain(loss, network.rayleigh_power(world.fading_uniform, radio.fading_floor))
    if radio.access == "nearest":
        access = network.access_by_distance(distance)
    else:
        access = network.access_by_signal(mean_gain if radio.access == "strongest_mean" else gain)
    warn_of_far_links(world, distance, access)
    users = np.arange(len(access))
    bandwidth = network.user_bandwidth_hz(radio.bandwidth_hz, access, len(world.station_ids), radio.bandwidth_rule)
    noise = radio.noise_w_per_hz
    if radio.interference == "full_reuse":
        noise = noise + network.uplink_interference_w_per_hz(world.tx_power_w, mean_gain, access, bandwidth)[access]
    logarithm = "ln" if world.readings.is_literal(ROW_LOGARITHM) else "log2"
    rate = network.rate_bps(bandwidth, world.tx_power_w, gain[users, access], noise, logarithm)
    return RadioState(distance, np.asarray(access, np.int64), rate)


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
    work = network.placement_work_cycles(
        world.history_bits,
        world.update_bits,
        world.construction_cycles_per_bit,
        world.update_cycles_per_bit,
        world.eta_s,
        world.sync_period_s,
    )
    energy = network.transmit_energy_j(world.tx_power_w, world.history_bits, radio.access_rate_bps)
    deadlines: dict[str, Any] = (
        {}
        if world.deadline_s is None
        else {
            "update_comm_s": update_comm,
            "update_work": world.update_cycles_per_bit * world.update_bits,
            "deadline_s": world.deadline_s,
        }
    )
    return PlacementProblem(
        comm_s=network.placement_communication_s(history_comm, update_comm, world.eta_s, world.sync_period_s),
        root_work=np.sqrt(work),
        alpha=world.alpha,
        beta=world.beta,
        energy_j=world.kappa_s_per_j * energy,
        cpu_rule=world.cpu_rule,
        user_ids=world.user_ids,
        **_hosts(world, radio),
        **deadlines,
    )


def _communication(radio: RadioState, wired: Wires, bits: FloatArray, hops: int) -> FloatArray:
    return network.communication_latency_s(bits, radio.access_rate_bps, wired(bits), hops)


def _hosts(world: World, radio: RadioState) -> dict[str, Any]:
    """What the problem says of each host: the stations, then the cloud where it may host, open at no cost.

    The cloud is no station: users are infinitely far from it, so that the policy ``nearest`` seats them there last.
    """
    cloud = world.hosting_cloud
    hosts: dict[str, Any] = {
        "cpu": world.cpu_cycles_per_s,
        "capacity": world.capacity,
        "opening_s": world.opening_s,
        "distance_m": radio.distance_m,
        "station_ids": world.host_ids,
    }
    if cloud is None:
        return hosts
    away = np.full((len(world.user_ids), 1), np.inf)
    return {
        **hosts,
        "cpu": np.append(world.cpu_cycles_per_s, cloud.cpu_cycles_per_s),
        "capacity": np.append(world.capacity, cloud.capacity),
        "opening_s": np.append(world.opening_s, 0.0),
        "distance_m": np.hstack([radio.distance_m, away]),
    }
