"""The world of a scenario: plain float64 arrays in SI units, the input of the physics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.scenario import streams
from twinhop.scenario.columns import station_columns, user_columns
from twinhop.scenario.physics_sections import Access, BandwidthRule, CpuRule, Fading, PathLoss, Radio, Readings
from twinhop.scenario.schema import Scenario
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE, HZ_PER_MHZ, S_PER_MS, dbm_to_w

LITERAL_CYCLES_PER_BIT = 1.0
"""Reading 5, literal: the paper divides bits by hertz, which is one cycle a bit."""
MOST_FADING_LINKS = 200_000_000
"""Rayleigh fading draws one float64 a user and station; more than this would take over 1.6 GB."""


@dataclass(frozen=True)
class RadioParameters:
    """The radio link in SI units."""

    path_loss: PathLoss
    bandwidth_hz: float
    bandwidth_rule: BandwidthRule
    noise_w_per_hz: float
    fading: Fading
    fading_floor: float
    min_distance_m: float
    access: Access


@dataclass(frozen=True)
class CloudSite:
    """The cloud site on the map."""

    name: str
    xy_m: tuple[float, float]


@dataclass(frozen=True, eq=False)
class World:
    """M stations and N users in SI units; arrays are float64 unless said otherwise."""

    name: str
    seed: int
    station_ids: tuple[str, ...]
    station_xy_m: NDArray[np.float64]
    """(M, 2) [m]"""
    host: NDArray[np.bool_]
    """(M,); true where twins may be hosted"""
    cpu_cycles_per_s: NDArray[np.float64]
    """(M,) [cycle/s], > 0 also where host is false"""
    capacity: NDArray[np.int64]
    """(M,) [users]; 0 where host is false"""
    opening_s: NDArray[np.float64]
    """(M,) [s]"""
    user_ids: tuple[str, ...]
    user_xy_m: NDArray[np.float64]
    """(N, 2) [m]"""
    history_bits: NDArray[np.float64]
    """(N,) [bit], D"""
    update_bits: NDArray[np.float64]
    """(N,) [bit], dD"""
    deadline_s: NDArray[np.float64] | None
    """(N,) [s], tau; None where deadlines are off"""
    tx_power_w: NDArray[np.float64]
    """(N,) [W]"""
    fading_uniform: NDArray[np.float64] | None
    """(N, M) uniform in [0, 1), one a link; None without fading"""
    radio: RadioParameters
    latency_s_per_bit_m: float
    """phi [s/(bit m)]"""
    construction_cycles_per_bit: float
    """C_c [cycle/bit]"""
    update_cycles_per_bit: float
    """C_u [cycle/bit]"""
    cpu_rule: CpuRule
    alpha: float
    """weight of the mean latency; times N where the aggregation is a sum"""
    beta: float
    kappa_s_per_j: float
    """[s/J]"""
    eta_s: float
    """[s]"""
    sync_period_s: float
    """dt [s]"""
    readings: Readings
    """rows 3, 4 and 5 are already applied; rows 1 and 26 are for the physics to apply"""
    cloud: CloudSite | None
    origin: tuple[float, float] | None
    """latitude and longitude of (0, 0) [degree]"""
    attribution: tuple[str, ...]
    width_m: float
    """[m]"""
    height_m: float
    """[m]"""


def build_world(scenario: Scenario) -> World:
    """The arrays of a scenario: drawn, written out and converted to SI units.

    The same scenario gives the same bits. Each component draws from its own stream of the root seed.

    Raises:
        InputError: if a CSV file of the scenario has not been read, or fading needs too many links.
    """
    stations, users = station_columns(scenario), user_columns(scenario)
    n_users, n_stations = len(users.ids), len(stations.ids)
    origin, cloud, compute = scenario.area.origin, scenario.cloud, scenario.compute
    literal_work = scenario.readings.is_literal(5)
    return World(
        name=scenario.name,
        seed=scenario.seed,
        station_ids=stations.ids,
        station_xy_m=stations.xy_m,
        host=stations.host,
        cpu_cycles_per_s=stations.cpu_gcycles_per_s * CYCLES_PER_GCYCLE,
        capacity=stations.capacity_users,
        opening_s=stations.opening_s,
        user_ids=users.ids,
        user_xy_m=users.xy_m,
        history_bits=users.history_mbit * BITS_PER_MBIT,
        update_bits=users.update_mbit * BITS_PER_MBIT,
        deadline_s=users.deadline_ms * S_PER_MS if scenario.objective.deadlines else None,
        tx_power_w=users.tx_power_w,
        fading_uniform=_fading_uniform(scenario, n_users, n_stations),
        radio=_radio_parameters(scenario.radio),
        latency_s_per_bit_m=scenario.backhaul.latency_s_per_bit_m,
        construction_cycles_per_bit=LITERAL_CYCLES_PER_BIT if literal_work else compute.construction_cycles_per_bit,
        update_cycles_per_bit=LITERAL_CYCLES_PER_BIT if literal_work else compute.update_cycles_per_bit,
        cpu_rule=compute.cpu_rule,
        alpha=_alpha(scenario, n_users, n_stations),
        beta=scenario.objective.beta,
        kappa_s_per_j=scenario.objective.kappa_s_per_j,
        eta_s=0.0 if scenario.readings.is_literal(4) else scenario.objective.eta_s,
        sync_period_s=scenario.objective.sync_period_s,
        readings=scenario.readings,
        cloud=CloudSite(cloud.name, (cloud.x_m, cloud.y_m)) if cloud else None,
        origin=(origin.lat_deg, origin.lon_deg) if origin else None,
        attribution=scenario.attribution,
        width_m=scenario.area.width_m,
        height_m=scenario.area.height_m,
    )


def _fading_uniform(scenario: Scenario, n_users: int, n_stations: int) -> NDArray[np.float64] | None:
    if scenario.radio.fading == "none":
        return None
    if n_users * n_stations > MOST_FADING_LINKS:
        raise InputError(
            f"{scenario.name}: radio.fading: rayleigh draws a value for each of {n_users} x {n_stations} links; "
            f"at most {MOST_FADING_LINKS} are accepted; use fading: none, fewer users or fewer stations"
        )
    return streams.stream(scenario.seed, streams.FADING).random((n_users, n_stations))


def _radio_parameters(radio: Radio) -> RadioParameters:
    return RadioParameters(
        path_loss=radio.path_loss,
        bandwidth_hz=radio.bandwidth_mhz * HZ_PER_MHZ,
        bandwidth_rule=radio.bandwidth_rule,
        noise_w_per_hz=float(dbm_to_w(radio.noise_dbm_per_hz)),
        fading=radio.fading,
        fading_floor=radio.fading_floor,
        min_distance_m=radio.min_distance_m,
        access=radio.access,
    )


def _alpha(scenario: Scenario, n_users: int, n_stations: int) -> float:
    """The weight of the mean latency: a sum is N means, and reading 3, literal, divides by M as well."""
    alpha = scenario.objective.alpha
    if scenario.objective.aggregation == "sum":
        alpha *= n_users
    return alpha / n_stations if scenario.readings.is_literal(3) else alpha
