"""The world of a scenario: plain float64 arrays in SI units, the input of the physics."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.errors import ExtrapolationWarning, InputError
from twinhop.network import FIELD_WAVES, Shadowing
from twinhop.result import Shown
from twinhop.scenario.distribution import Uniform
from twinhop.scenario.schema.money_section import Money
from twinhop.scenario.schema.physics_sections import CpuRule
from twinhop.scenario.schema.radio_section import (
    Access,
    BandwidthRule,
    Fading,
    Interference,
    LineOfSight,
    PathLoss,
    Radio,
)
from twinhop.scenario.schema.readings import (
    ROW_CPU_RULE,
    ROW_CYCLES_PER_BIT,
    ROW_INTERACTION,
    ROW_LATENCY_WEIGHT,
    ROW_SYNCHRONISATION,
    Readings,
)
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.backhaul_graph import BackhaulGraph, Site, build_graph
from twinhop.scenario.world.columns import StationColumns, UserColumns, every_user_id, station_columns, user_columns
from twinhop.scenario.world.service_demand import ServiceDemand, UserAttributes, service_demands
from twinhop.text import counted, in_a_line
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE, HZ_PER_MHZ, S_PER_MS, dbm_to_w

LITERAL_CYCLES_PER_BIT = 1.0
"""Reading 5, literal: the paper divides bits by hertz, which is one cycle a bit."""
LITERAL_CPU_RULE: CpuRule = "equal"
"""Reading 9, literal: no rule for the shares is given, and nothing tells one twin from another."""
LITERAL_DEADLINES_S = (1.0, 4.0)
"""Reading 7, literal: bounds of the uniform deadlines on the construction latency [s]; updates need far less."""
MOST_FADING_LINKS = 200_000_000
"""Rayleigh fading draws one float64 a user and station; more than this would take over 1.6 GB."""


@dataclass(frozen=True)
class RadioParameters:
    """The radio link in SI units."""

    path_loss: PathLoss
    path_loss_parameters: dict[str, float | str]
    """what the path loss model takes besides distance and least distance, in SI units"""
    line_of_sight: LineOfSight
    shadowing: tuple[Shadowing, ...]
    """of links with line of sight and without, or of every link; empty without shadowing"""
    bandwidth_hz: float
    bandwidth_rule: BandwidthRule
    noise_w_per_hz: float
    """noise figure included"""
    interference: Interference
    fading: Fading
    fading_floor: float
    min_distance_m: float
    access: Access


@dataclass(frozen=True)
class CloudSite:
    """The cloud site; where it may host, it is the last host of the placement problem, index M.

    Attributes:
        name: in answers.
        xy_m: position, or None where only its latency is known [m].
        host: whether it may host twins.
        cpu_cycles_per_s: CPU capacity, 0 where none is stated [cycle/s].
        capacity: twins that fit [users].
        latency_s: from every station, or None: by distance or by the backhaul graph [s].
        s_per_bit: 1 / rate of its link, 0 where that is unlimited [s/bit].
    """

    name: str
    xy_m: tuple[float, float] | None
    host: bool = False
    cpu_cycles_per_s: float = 0.0
    capacity: int = 0
    latency_s: float | None = None
    s_per_bit: float = 0.0


@dataclass(frozen=True, eq=False)
class World(Shown):
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
    user_ids: Sequence[str]
    """N names; a tuple, or made when asked for where they are more than `user_table.MOST_LISTED_NAMES`"""
    user_xy_m: NDArray[np.float64]
    """(N, 2) [m]"""
    history_bits: NDArray[np.float64]
    """(N,) [bit], D"""
    update_bits: NDArray[np.float64]
    """(N,) [bit], dD"""
    deadline_s: NDArray[np.float64] | None
    """(N,) [s], tau; None where deadlines are off; on the construction where reading 7 is literal"""
    tx_power_w: NDArray[np.float64]
    """(N,) [W]"""
    class_names: tuple[str, ...]
    """the users' classes and, last, `default`; empty where the scenario lists none"""
    user_class: NDArray[np.int64]
    """(N,) index into class_names; 0 where none is listed"""
    fading_uniform: NDArray[np.float64] | None
    """(N, M) uniform in [0, 1), one a link; None without fading"""
    los_wave_uniform: NDArray[np.float64] | None
    """(K, 2) uniform in [0, 1), see `spatial_field`; None where no line of sight is drawn"""
    los_weight_normal: NDArray[np.float64] | None
    """(M, 2 K) standard normal; None where no line of sight is drawn"""
    shadowing_wave_uniform: NDArray[np.float64] | None
    """(states, K, 2) uniform in [0, 1); None without shadowing"""
    shadowing_weight_normal: NDArray[np.float64] | None
    """(states, M, 2 K) standard normal; None without shadowing"""
    radio: RadioParameters
    latency_s_per_bit_m: float
    """phi [s/(bit m)]; of no effect where there is a graph"""
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
    """rows 3, 4, 5 and 9 and the deadlines of 7 are already applied; the others are for the physics to apply"""
    cloud: CloudSite | None
    graph: BackhaulGraph | None
    """the wired network as nodes and links; None where it goes by distance"""
    origin: tuple[float, float] | None
    """latitude and longitude of (0, 0) [degree]"""
    attribution: tuple[str, ...]
    width_m: float
    """[m]"""
    height_m: float
    """[m]"""
    services: tuple[ServiceDemand, ...] = ()
    """service twins that are made from the users' twins"""
    tau_s: NDArray[np.float64] | None = None
    """(N,) deadlines on the update as the scenario has them, enforced or not [s]; None in a world made by hand"""
    station_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """(M,) texts of each label of stations, empty where one has none; of no effect"""
    user_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """(N,) texts of each label of users, likewise"""
    user_weight: NDArray[np.float64] | None = None
    """(N,) users that each row stands for; None: one each"""
    money: Money | None = None
    """prices, with which `alpha` and `beta` are money a month and second; None where the cost is in seconds"""
    rent_per_month: NDArray[np.float64] | None = None
    """(M,) what the stations cost while open [currency/month]; None where that is not stated in money"""

    def __repr__(self) -> str:
        sizes = (counted(len(self.user_ids), "user"), counted(len(self.station_ids), "station"))
        return in_a_line(self, self.name, f"seed {self.seed}", *sizes)

    @property
    def people(self) -> float:
        """The users that all rows stand for together; N where each is one."""
        return float(len(self.user_ids)) if self.user_weight is None else float(self.user_weight.sum())

    @property
    def serving_cloud(self) -> CloudSite | None:
        """The cloud where it may run services: it has a CPU; whether it hosts users' twins does not matter."""
        return self.cloud if self.cloud is not None and self.cloud.cpu_cycles_per_s > 0 else None

    @property
    def hosting_cloud(self) -> CloudSite | None:
        """The cloud where it may host twins, the host after the stations, index M; else None."""
        return self.cloud if self.cloud is not None and self.cloud.host else None

    @property
    def host_ids(self) -> tuple[str, ...]:
        """Names of the hosts of the placement problem, the stations, then the cloud where it may host."""
        return self.station_ids + ((self.hosting_cloud.name,) if self.hosting_cloud else ())

    @property
    def host_cpu_cycles_per_s(self) -> NDArray[np.float64]:
        """(K,) CPU of the hosts of the placement problem [cycle/s]."""
        cloud = self.hosting_cloud
        return self.cpu_cycles_per_s if cloud is None else np.append(self.cpu_cycles_per_s, cloud.cpu_cycles_per_s)

    @property
    def host_capacity(self) -> NDArray[np.int64]:
        """(K,) twins that fit on them, 0 on stations that may not host."""
        return self.capacity if self.hosting_cloud is None else np.append(self.capacity, self.hosting_cloud.capacity)

    @property
    def seats(self) -> int:
        """Twins that fit on all hosts together."""
        return int(np.minimum(self.host_capacity, math.ceil(self.people)).sum())

    @property
    def host_opening_s(self) -> NDArray[np.float64]:
        """(K,) their opening costs; the cloud is always open [s]."""
        return self.opening_s if self.hosting_cloud is None else np.append(self.opening_s, 0.0)

    @property
    def host_xy_m(self) -> NDArray[np.float64]:
        """(M,) or (M + 1, 2) their positions, NaN for a cloud without one [m]."""
        if self.hosting_cloud is None:
            return self.station_xy_m
        return np.vstack([self.station_xy_m, self.hosting_cloud.xy_m or (np.nan, np.nan)])


def build_world(scenario: Scenario) -> World:
    """The arrays of a scenario: drawn, written out and converted to SI units.

    The same scenario gives the same bits. Each component draws from its own stream of the root seed.

    Raises:
        InputError: if a file of the scenario has not been read, fading needs too many links, the cloud has the name of
            a station, or the backhaul graph is not usable.
    """
    stations, users = station_columns(scenario), user_columns(scenario)
    n_users, n_stations = len(users.ids), len(stations.ids)
    people = float(n_users) if users.weight is None else float(users.weight.sum())
    _check_weights(scenario, users)
    origin, compute = scenario.area.origin, scenario.compute
    cloud = _cloud_site(scenario, stations.ids, math.ceil(people))
    los_draws, shadowing_draws = _los_draws(scenario, n_stations), _shadowing_draws(scenario, n_stations)
    _warn_of_extrapolation(scenario)
    literal_work = scenario.readings.is_literal(ROW_CYCLES_PER_BIT)
    return World(
        name=scenario.name,
        seed=scenario.seed,
        station_ids=stations.ids,
        station_xy_m=stations.xy_m,
        host=stations.host,
        cpu_cycles_per_s=stations.cpu_gcycles_per_s * CYCLES_PER_GCYCLE,
        capacity=stations.capacity_users,
        opening_s=_opening_s(scenario, stations, people),
        user_ids=users.ids,
        user_xy_m=users.xy_m,
        history_bits=users.history_mbit * BITS_PER_MBIT,
        update_bits=users.update_mbit * BITS_PER_MBIT,
        deadline_s=_deadline_s(scenario, users),
        tau_s=users.deadline_ms * S_PER_MS,
        tx_power_w=users.tx_power_w,
        class_names=users.class_names,
        user_class=users.user_class,
        fading_uniform=_fading_uniform(scenario, users, n_stations),
        los_wave_uniform=los_draws[0],
        los_weight_normal=los_draws[1],
        shadowing_wave_uniform=shadowing_draws[0],
        shadowing_weight_normal=shadowing_draws[1],
        radio=_radio_parameters(scenario.radio),
        latency_s_per_bit_m=scenario.backhaul.latency_s_per_bit_m,
        construction_cycles_per_bit=LITERAL_CYCLES_PER_BIT if literal_work else compute.construction_cycles_per_bit,
        update_cycles_per_bit=LITERAL_CYCLES_PER_BIT if literal_work else compute.update_cycles_per_bit,
        cpu_rule=LITERAL_CPU_RULE if scenario.readings.is_literal(ROW_CPU_RULE) else compute.cpu_rule,
        alpha=_alpha(scenario, people, n_stations),
        beta=scenario.objective.beta if scenario.money is None else scenario.money.weight(people),
        kappa_s_per_j=scenario.objective.kappa_s_per_j,
        eta_s=0.0 if scenario.readings.is_literal(ROW_SYNCHRONISATION) else scenario.objective.eta_s,
        sync_period_s=scenario.objective.sync_period_s,
        readings=scenario.readings,
        cloud=cloud,
        graph=_graph(scenario, stations, cloud),
        origin=(origin.lat_deg, origin.lon_deg) if origin else None,
        attribution=scenario.attribution,
        width_m=scenario.area.width_m,
        height_m=scenario.area.height_m,
        services=_services(scenario, users),
        station_labels=stations.labels,
        user_labels=users.labels,
        user_weight=users.weight,
        money=scenario.money,
        rent_per_month=stations.cost_per_month,
    )


def _check_weights(scenario: Scenario, users: UserColumns) -> None:
    """Refuse what is worked out user by user where rows stand for many."""
    if users.weight is None:
        return
    if scenario.services:
        raise InputError(
            f"{scenario.where}: services: are made of the twins of single users, and rows here stand for many "
            "(weight); leave out one or the other"
        )
    rows = scenario.readings.evaluated()
    if rows:
        raise InputError(
            f"{scenario.where}: readings: rows {', '.join(map(str, rows))} are evaluated for single users, and rows of "
            "users here stand for many (weight); leave out one or the other"
        )


def _deadline_s(scenario: Scenario, users: UserColumns) -> NDArray[np.float64] | None:
    if not scenario.objective.deadlines:
        return None
    if scenario.readings.is_literal(ROW_INTERACTION):
        generator = streams.stream(scenario.seed, streams.CONSTRUCTION_DEADLINES)
        drawn = Uniform(uniform=LITERAL_DEADLINES_S).draw(generator, _rows(users))
        return drawn if users.row is None else drawn[users.row]
    return users.deadline_ms * S_PER_MS


def _rows(users: UserColumns) -> int:
    """How many rows there are, of which users may be parts: parts of a row have its draws."""
    return len(users.ids) if users.row is None else int(users.row[-1]) + 1


def _fading_uniform(scenario: Scenario, users: UserColumns, n_stations: int) -> NDArray[np.float64] | None:
    if scenario.radio.fading == "none":
        return None
    n_users = _rows(users)
    if n_users * n_stations > MOST_FADING_LINKS:
        raise InputError(
            f"{scenario.where}: radio.fading: rayleigh draws a value for each of {n_users} x {n_stations} links; "
            f"at most {MOST_FADING_LINKS} are accepted; use fading: none, fewer users or fewer stations"
        )
    drawn = streams.stream(scenario.seed, streams.FADING).random((n_users, n_stations))
    return drawn if users.row is None else drawn[users.row]


def _cloud_site(scenario: Scenario, station_ids: tuple[str, ...], n_users: int) -> CloudSite | None:
    cloud = scenario.cloud
    if cloud is None:
        return None
    if (cloud.host or scenario.services) and cloud.name in station_ids:
        raise InputError(
            f"{scenario.where}: cloud.name: {cloud.name!r} is the id of a station; hosts need unique names"
        )
    seats = n_users if cloud.capacity_users in (None, "all") else int(cloud.capacity_users)
    return CloudSite(
        name=cloud.name,
        xy_m=None if cloud.x_m is None or cloud.y_m is None else (cloud.x_m, cloud.y_m),
        host=cloud.host,
        cpu_cycles_per_s=(cloud.cpu_gcycles_per_s or 0.0) * CYCLES_PER_GCYCLE,
        capacity=seats if cloud.host else 0,
        latency_s=None if cloud.latency_ms is None else cloud.latency_ms * S_PER_MS,
        s_per_bit=0.0 if cloud.link_rate_mbps is None else 1 / (cloud.link_rate_mbps * BITS_PER_MBIT),
    )


def _graph(scenario: Scenario, stations: StationColumns, cloud: CloudSite | None) -> BackhaulGraph | None:
    graph = scenario.backhaul.graph
    if graph is None:
        return None
    sites = [Site(name, (x_m, y_m)) for name, (x_m, y_m) in zip(stations.ids, stations.xy_m.tolist(), strict=True)]
    runs_services = cloud is not None and bool(scenario.services) and cloud.cpu_cycles_per_s > 0
    if cloud is not None and (cloud.host or runs_services) and cloud.latency_s is None:
        sites.append(Site(cloud.name, cloud.xy_m))
    return build_graph(graph, scenario.area, sites, scenario.where)


def _services(scenario: Scenario, users: UserColumns) -> tuple[ServiceDemand, ...]:
    if not scenario.services:
        return ()
    columns = {
        "id": np.array(users.ids),
        "x_m": users.xy_m[:, 0],
        "y_m": users.xy_m[:, 1],
        "history_mbit": users.history_mbit,
        "update_mbit": users.update_mbit,
        "deadline_ms": users.deadline_ms,
        "tx_power_w": users.tx_power_w,
    }
    if users.class_names:
        columns["class"] = np.array(users.class_names)[users.user_class]
    return service_demands(scenario.services, UserAttributes(columns, every_user_id(scenario)), scenario.where)


FieldDraws = tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[None, None]


def _los_draws(scenario: Scenario, n_stations: int) -> FieldDraws:
    if scenario.radio.model.los_probability is None or scenario.radio.line_of_sight != "random":
        return None, None
    generator = streams.stream(scenario.seed, streams.LINE_OF_SIGHT)
    return generator.random((FIELD_WAVES, 2)), generator.standard_normal((n_stations, 2 * FIELD_WAVES))


def _shadowing_draws(scenario: Scenario, n_stations: int) -> FieldDraws:
    states = len(scenario.radio.shadowing_by_state())
    if states == 0:
        return None, None
    generator = streams.stream(scenario.seed, streams.SHADOWING)
    waves = generator.random((states, FIELD_WAVES, 2))
    return waves, generator.standard_normal((states, n_stations, 2 * FIELD_WAVES))


def _warn_of_extrapolation(scenario: Scenario) -> None:
    for text in scenario.radio.extrapolations():
        warnings.warn(f"{scenario.name}: {text}; it is extrapolated", ExtrapolationWarning, stacklevel=3)


def _radio_parameters(radio: Radio) -> RadioParameters:
    return RadioParameters(
        path_loss=radio.path_loss,
        path_loss_parameters=radio.path_loss_parameters(),
        line_of_sight=radio.line_of_sight,
        shadowing=radio.shadowing_by_state(),
        bandwidth_hz=radio.bandwidth_mhz * HZ_PER_MHZ,
        bandwidth_rule=radio.bandwidth_rule,
        noise_w_per_hz=float(dbm_to_w(radio.noise_dbm_per_hz + radio.noise_figure_db)),
        interference=radio.interference,
        fading=radio.fading,
        fading_floor=radio.fading_floor,
        min_distance_m=radio.min_distance_m,
        access=radio.access,
    )


def _opening_s(scenario: Scenario, stations: StationColumns, n_users: float) -> NDArray[np.float64]:
    """(M,) opening costs [s]; rents divided by what a second of the mean latency costs a month."""
    if scenario.money is None or stations.cost_per_month is None:
        return stations.opening_s
    return stations.cost_per_month / scenario.money.weight(n_users)


def _alpha(scenario: Scenario, n_users: float, n_stations: int) -> float:
    """The weight of the mean latency: a sum is N means, a price one of N users, and reading 3 divides by M as well."""
    if scenario.money is not None:
        return scenario.money.weight(n_users)
    alpha = scenario.objective.alpha
    if scenario.objective.aggregation == "sum":
        alpha *= n_users
    return alpha / n_stations if scenario.readings.is_literal(ROW_LATENCY_WEIGHT) else alpha
