"""What the environment is made of: the rules that never change, the arrays of an episode, and those of a slot.

Arrays of links are (M, N), station by user: the long axis last, as fast code wants it and as Eq. 23 has its scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
from jax import Array

from twinhop.network import Shadowing
from twinhop.scenario.mobility import Churn
from twinhop.scenario.mobility.model import MobilityModel
from twinhop.scenario.mobility.model import State as MobilityState
from twinhop.scenario.place_sections import Area
from twinhop.scenario.schema.movement_section import CpuDynamics
from twinhop.scenario.schema.physics_sections import CpuRule
from twinhop.scenario.schema.radio_section import Access, BandwidthRule, Fading, Interference, LineOfSight

Task = Literal["placement", "migration"]
RewardReading = Literal["sound", "literal"]


@dataclass(frozen=True)
class RadioRules:
    """The radio link in SI units; the fields are those of `scenario.world.RadioParameters`, and hashable."""

    path_loss: str
    path_loss_parameters: tuple[tuple[str, float | str], ...]
    line_of_sight: LineOfSight
    shadowing: tuple[Shadowing, ...]
    bandwidth_hz: float
    bandwidth_rule: BandwidthRule
    noise_w_per_hz: float
    interference: Interference
    fading: Fading
    fading_floor: float
    min_distance_m: float
    access: Access
    logarithm: str
    hysteresis_db: float
    slots_to_trigger: int


@dataclass(frozen=True)
class CostRules:
    """The constants of the cost, for the task at hand.

    Attributes:
        alpha: weight of the mean latency and of moves.
        beta: weight of opening and energy.
        kappa_s_per_j: seconds that one joule is worth [s/J].
        is_summed: whether the cost sums over users.
        cpu_rule: how CPUs are shared.
        construction_cycles_per_bit: C_c [cycle/bit].
        update_cycles_per_bit: C_u [cycle/bit].
        eta_s: weight of synchronisation against construction [s].
        sync_period_s: dt [s].
        construction_hops: how often the wired hop of a construction counts, twice where reading 1 is literal.
        move_s: fixed cost of a move [s].
        move_energy_j_per_bit: [J/bit].
        has_deadlines: whether deadlines on the update are enforced.
        reading: of the reward: sound, or Eq. 24 to 26 as printed.
        late_s: what the sound reward takes off where every user is late [s].
    """

    alpha: float
    beta: float
    kappa_s_per_j: float
    is_summed: bool
    cpu_rule: CpuRule
    construction_cycles_per_bit: float
    update_cycles_per_bit: float
    eta_s: float
    sync_period_s: float
    construction_hops: int
    move_s: float
    move_energy_j_per_bit: float
    has_deadlines: bool
    reading: RewardReading
    late_s: float


@dataclass(frozen=True)
class Redraw:
    """What a reset draws anew; the rest is as in the scenario.

    Attributes:
        station_places: where stations are, uniform in the area.
        station_cpus: their CPUs, out of their pool.
        users: places, sizes, deadlines and powers of users, out of their pool.
    """

    station_places: bool
    station_cpus: bool
    users: bool


@dataclass(frozen=True)
class Rules:
    """What is fixed when a step is compiled.

    Attributes:
        task: place anew in every slot (P1), or let twins stay and pay for moves (P2).
        users: N.
        stations: M, what may host: the radio stations, and last a cloud that may host.
        radio_stations: what users are attached to: M, or M - 1 with such a cloud.
        slot_s: length of a slot [s].
        area: where users move.
        mobility: how they move.
        radio: the radio link.
        cpu: how CPUs change.
        cost: the constants of the cost.
        is_capacitated: whether some station has fewer seats than there are users.
        redraw: what a reset draws anew; None: nothing.
        churn: how users come and go; None: nobody does.
        failures: how stations fail and return at random, working for what users are present for; None: none does.
    """

    task: Task
    users: int
    stations: int
    radio_stations: int
    slot_s: float
    area: Area
    mobility: MobilityModel
    radio: RadioRules
    cpu: CpuDynamics
    cost: CostRules
    is_capacitated: bool
    redraw: Redraw | None
    churn: Churn | None = None
    failures: Churn | None = None


class Topology(NamedTuple):
    """What holds for an episode."""

    station_xy_m: Array
    """(M, 2) of the radio stations [m]"""
    cpu_cycles_per_s: Array
    """(M,) F_k at the start [cycle/s]"""
    capacity: Array
    """(M,) int32, twins that fit; 0 where twins may not be hosted"""
    opening_s: Array
    """(M,) cost of an open host [s]"""
    wire_s_per_bit: Array
    """(M, M) wired latency between stations; (P, M, M) of P paths where there is a graph or a cloud [s/bit]"""
    user_xy_m: Array
    """(N, 2) where users start [m]"""
    history_bits: Array
    """(N,) D [bit]"""
    update_bits: Array
    """(N,) dD [bit]"""
    tau_s: Array
    """(N,) deadlines on the update latency, enforced or not [s]"""
    tx_power_w: Array
    """(N,) [W]"""
    wire_delay_s: Array | None = None
    """(P, M, M) what the paths take whatever is sent; None where wires go by distance [s]"""


class Record(NamedTuple):
    """What is recorded of T slots of a world; None where the world goes on by itself."""

    xy_m: Array | None
    """(T, N, 2) positions; of the absent, where they were last, or will be first [m]"""
    present: Array | None
    """(T, N) bool"""
    up: Array | None
    """(T, M) bool, which radio stations work, as far as that is scheduled"""
    cpu_cycles_per_s: Array | None
    """(T, M) CPUs of the radio stations [cycle/s]"""


class Pools(NamedTuple):
    """What a reset draws from, each row as likely; empty where nothing is drawn anew."""

    cpu_cycles_per_s: Array
    """(Q,) CPUs of stations [cycle/s]"""
    user_xy_m: Array
    """(Q, 2) users: where they are [m]"""
    history_bits: Array
    """(Q,) their D [bit]"""
    update_bits: Array
    """(Q,) their dD [bit]"""
    tau_s: Array
    """(Q,) their deadlines [s]"""
    tx_power_w: Array
    """(Q,) their powers [W]"""


@dataclass(frozen=True)
class Params:
    """All that `reset` and `step` take: arrays, and the rules for which they are compiled."""

    topology: Topology
    pools: Pools
    wire_s_per_bit_m: Array
    """scalar phi, by which wires are worked out for stations drawn anew [s/(bit m)]"""
    horizon: Array
    """scalar int32, slots of an episode"""
    rules: Rules
    """not an array: another one is another compilation"""
    record: Record | None = None
    """None: nothing is recorded"""
    starts: Array | None = None
    """(2,) int32, first and last slot of the record at which an episode may begin, each as likely; None without"""


_ARRAYS = ["topology", "pools", "wire_s_per_bit_m", "horizon", "record", "starts"]
jax.tree_util.register_dataclass(Params, _ARRAYS, ["rules"])


class Channel(NamedTuple):
    """The large-scale state of the links."""

    los_field: Array | None
    """(M, N) standard normal, by which links have line of sight; None where none is drawn [1]"""
    shadowing_db: tuple[Array, ...]
    """(M, N) of links with line of sight and without, or of every link; none without shadowing [dB]"""


class Slot(NamedTuple):
    """What holds in a slot; nothing of it depends on a decision."""

    distance_m: Array
    """(M, N) user to radio station [m]"""
    rate_bps: Array
    """(M, N) uplink rate to each radio station, Eq. 3; 0 of the absent, and to stations that are down [bit/s]"""
    access: Array
    """(N,) int32, access stations; -1: none, who is absent or finds no station that works"""
    access_rate_bps: Array
    """(N,) rate to them [bit/s]"""
    cpu_cycles_per_s: Array
    """(M,) F_k(t) [cycle/s]"""
    active: Array
    """(N,) bool, who is present"""
    up: Array | None = None
    """(M,) bool, which radio stations work; None where none ever fails"""


class State(NamedTuple):
    """The whole state; `reset` makes it and `step` moves it on."""

    topology: Topology
    mobility: MobilityState
    """state of the mobility model; its `xy_m` is (N, 2)"""
    channel: Channel
    better: Array | None
    """(M, N) int32, for how many slots a station has been better; None where one slot suffices"""
    slot: Slot
    slot_index: Array
    """() int32, the slot of the episode, from 0"""
    host: Array
    """(N,) int32, where twins are as the slot begins; -1: nowhere yet"""
    load: Array
    """(M,) int32, twins on each station"""
    start: Array | None = None
    """() int32, slot of the record at which the episode began; None where nothing is recorded"""
    present: Array | None = None
    """(N,) bool, whom churn lets be present; None without churn"""
    working: Array | None = None
    """(M,) bool, which radio stations work as far as that is random; None where it is not"""


class Action(NamedTuple):
    """What all agents decide, Eq. 23; only the order of scores counts."""

    opening: Array
    """(M,) station j opens where it is greater than 0"""
    score: Array
    """(M, N) l_ji: a user goes to the opened station that gives it the highest score"""


class Observation(NamedTuple):
    """The state as a bipartite graph of users and stations, in SI units."""

    history_bits: Array
    """(N,) D_i [bit]"""
    update_bits: Array
    """(N,) dD_i [bit]"""
    root_work: Array
    """(N,) square root of a twin's work, s_i [cycle^(1/2)]"""
    tau_s: Array
    """(N,) deadline on the update latency [s]"""
    active: Array
    """(N,) bool, who is present"""
    access: Array
    """(N,) int32, access stations"""
    host: Array
    """(N,) int32, where twins are; -1: nowhere yet"""
    cpu_cycles_per_s: Array
    """(M,) F_k(t) [cycle/s]"""
    capacity: Array
    """(M,) int32, twins that fit now; 0 on stations that are down"""
    opening_s: Array
    """(M,) [s]"""
    load: Array
    """(M,) int32, twins that are there; a station with twins is open"""
    distance_m: Array
    """(M, N) d_ji; 0 of the absent, infinite to a cloud [m]"""
    rate_bps: Array
    """(M, N) r_ji; 0 of the absent, and to a cloud [bit/s]"""
    comm_s: Array
    """(M, N) communication latency of the user's twin on the station, by the task; 0 of the absent [s]"""
    admissible: Array
    """(M,) bool, action mask: which stations may host now"""
    slot_index: Array
    """() int32, the slot of the episode"""


class StepInfo(NamedTuple):
    """What a decision cost, by terms, and what came of it."""

    cost: Array
    """() the cost of the slot, communication + computing + moves + opening + energy [s]"""
    communication: Array
    """() [s]"""
    computing: Array
    """() [s]"""
    moves: Array
    """() [s]"""
    opening: Array
    """() [s]"""
    energy: Array
    """() [s]"""
    latency_s: Array
    """() mean latency of the task, moves left out [s]"""
    late: Array
    """() share of the users whose update comes later than its deadline; 0 where deadlines are not enforced [1]"""
    opened: Array
    """() int32, stations that host twins"""
    moved: Array
    """() int32, twins that moved"""
    moved_bits: Array
    """() [bit]"""
    repaired: Array
    """() int32, users who got another station than asked for, because theirs was full"""
    host: Array
    """(N,) int32, where the twins are"""
    station_reward: Array
    """(M,) what each station answers for; their sum is the reward [s]"""
    unseated: Array
    """() int32, twins beyond the seats of their stations, because the stations that work have too few"""
