"""From a scenario to the arrays of an environment, and a fresh topology for every episode where one is asked for."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from twinhop import network, streams
from twinhop.env.core import random
from twinhop.env.core.forking import require_own_jax
from twinhop.env.core.recording import record_of, recorded_run, recorded_slots
from twinhop.env.core.types import CostRules, Params, Pools, RadioRules, Redraw, RewardReading, Rules, Task, Topology
from twinhop.errors import InputError
from twinhop.formulation.wired import wire_lines
from twinhop.migration.run import MigrationRun
from twinhop.scenario import Scenario, World
from twinhop.scenario.distribution import draw
from twinhop.scenario.fields import LARGEST_SEED
from twinhop.scenario.mobility import Churn, Static
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS, MOST_SLOTS, Movement
from twinhop.scenario.schema.readings import ROW_LOGARITHM, ROW_REDRAWN, ROW_TWINS_COUNTED, ROW_UNLINKED, ROW_WIRED_HOP
from twinhop.scenario.world.columns import user_columns
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE, S_PER_MS

POOL_ROWS = 4096
"""Users, and CPUs, drawn in advance, of which those of a redrawn episode are taken at random."""
POOL_SEED_OFFSET = 1
"""The pool's users are not those of the scenario: their root seed is the next one."""
Start = Literal["random", "first"]
DEFAULT_LATE_S = 1.0
"""What the sound reward takes off where every update is late [s]."""


def params_of(scenario: Scenario, task: Task = "placement", **options: Any) -> Params:
    """The arrays and rules of an environment, on JAX's device; see `host_params_of`."""
    return on_device(host_params_of(scenario, task, **options))


def on_device(params: Params) -> Params:
    """The same with its arrays on JAX's device, where they are not there yet.

    Raises:
        TwinhopError: this process was forked from one in which JAX runs: here it would wait for ever.
    """
    if not isinstance(params.horizon, np.ndarray):
        return params
    require_own_jax()
    return jax.tree.map(jnp.asarray, params)


def host_params_of(
    scenario: Scenario,
    task: Task = "placement",
    *,
    horizon: int = EPISODE_SLOTS,
    redraws: bool = False,
    reading: RewardReading | None = None,
    late_s: float = DEFAULT_LATE_S,
    start: Start | None = None,
) -> Params:
    """The arrays and rules of an environment, as NumPy arrays: JAX is not started, so the process may still fork.

    Args:
        scenario: stations, users, physics and movement; without a movement section users move by Gauss-Markov.
        task: `placement` (P1) or `migration` (P2).
        horizon: slots of an episode, 25 as in the paper.
        redraws: whether every reset draws new stations and users of the scenario's kind; else all episodes have its
            own. Reading 25, literal, asks for it too.
        reading: of the reward; None: literal where the scenario's row 15 is.
        late_s: what the sound reward takes off where every update is late [s].
        start: where in a recording (a trace, CPUs by a file, scheduled failures) an episode begins: `random`, at a
            slot drawn by the seed, from which the horizon still fits, or `first`; None: random where there is one.

    Returns:
        What `reset` and `step` take, once it is `on_device`.

    Raises:
        InputError: the scenario has what the environment does not know, the horizon is out of range, or there are
            fewer seats than users.
    """
    _check(scenario, task, horizon, redraws, reading, late_s, start)
    redraws = redraws or (scenario.movement is not None and scenario.readings.is_literal(ROW_REDRAWN))
    if redraws:
        _check_redraws(scenario)
    run = recorded_run(scenario, horizon)
    world, movement = run.world_run.world, run.world_run.movement
    record = record_of(run.world_run, horizon)
    _check_seats(run, None if record is None or record.present is None else np.asarray(record.present))
    scenario = run.scenario  # its users are those of the trace
    literal = reading or ("literal" if scenario.readings.is_literal(ROW_TWINS_COUNTED) else "sound")
    rules = Rules(
        task=task,
        users=len(world.user_ids),
        stations=len(world.host_ids),
        radio_stations=len(world.station_ids),
        slot_s=run.slot_s,
        area=scenario.area,
        mobility=Static(kind="static") if movement.trace else movement.mobility,
        radio=_radio_rules(run, world),
        cpu=movement.cpu,
        cost=_cost_rules(run, world, literal, late_s),
        is_capacitated=bool((world.host_capacity[world.host_capacity > 0] < len(world.user_ids)).any()),
        redraw=_redraw(scenario) if redraws else None,
        churn=movement.churn,
        failures=_random_failures(movement),
    )
    opening_s = run.hosts.opening_s if task == "migration" else world.host_opening_s
    if scenario.readings.is_literal(ROW_UNLINKED):
        opening_s = np.zeros_like(opening_s)
    pools = _pools(scenario) if redraws else _no_pools()
    phi = _real(world.latency_s_per_bit_m)
    topology = _topology(world, opening_s, run.users.tau_s)
    starts = None if record is None else _starts(recorded_slots(record), horizon, start)
    steps: Any = np.asarray(horizon, np.int32)
    return Params(topology, pools, phi, steps, rules, record, starts)


def _real(values: Any) -> Any:
    """The numbers in the precision in which JAX counts."""
    return np.asarray(values, jax.dtypes.canonicalize_dtype(float))


def topology_of_episode(key: Array, params: Params) -> Topology:
    """The topology of an episode: the scenario's, or one of its kind.

    Args:
        key: (2,) uint32.
        params: the scenario's topology, and what is drawn anew.
    """
    redraw, topology = params.rules.redraw, params.topology
    if redraw is None:
        return topology
    stations, users = params.rules.radio_stations, params.rules.users
    if redraw.station_places:
        extent_m = jnp.array([params.rules.area.width_m, params.rules.area.height_m])
        station_xy_m = random.uniform(key, "topology.stations", (stations, 2)) * extent_m
        hop_m = network.distance_m(station_xy_m, station_xy_m)
        topology = topology._replace(station_xy_m=station_xy_m, wire_s_per_bit=params.wire_s_per_bit_m * hop_m)
    if redraw.station_cpus:
        row = _rows(key, "sizes.cpu", stations, len(params.pools.cpu_cycles_per_s))
        topology = topology._replace(cpu_cycles_per_s=params.pools.cpu_cycles_per_s[row])
    if redraw.users:
        row = _rows(key, "topology.users", users, len(params.pools.history_bits))
        names = ("user_xy_m", "history_bits", "update_bits", "tau_s", "tx_power_w")
        topology = topology._replace(**{name: getattr(params.pools, name)[row] for name in names})
    return topology


def _rows(key: Array, name: str, count: int, of: int) -> Array:
    """(count,) int32, rows of a pool of so many."""
    return (random.uniform(key, name, (count,)) * of).astype(jnp.int32)


def _starts(slots: int, horizon: int, start: Start | None) -> Any:
    """(2,) first and last slot at which episodes begin: the observation after the last step is recorded too."""
    last = 0 if start == "first" else max(slots - 1 - horizon, 0)
    return np.asarray([0, last], np.int32)


def _random_failures(movement: Movement) -> Churn | None:
    """Stations work as users are present, see `scenario.dynamics.failures`."""
    random_ = movement.failures.random if movement.failures else None
    return None if random_ is None else Churn(mean_present_s=random_.mean_up_s, mean_absent_s=random_.mean_down_s)


def _check_seats(run: MigrationRun, present: NDArray[np.bool_] | None) -> None:
    """Refuse fewer seats than users where nothing random decides how many are there."""
    world, most = run.world_run.world, len(run.user_ids)
    if run.world_run.movement.churn is not None:
        return
    if present is not None:
        most = int(present.sum(axis=1).max())
    if world.seats < most:
        raise InputError(
            f"{run.scenario.where}: stations: {world.seats} twins fit on all stations together, and there are "
            f"{most} users; raise capacity_users, or add stations that host"
        )


def _check_redraws(scenario: Scenario) -> None:
    """Refuse fresh stations where wires or records belong to those of the scenario."""
    cloud, movement = scenario.cloud, scenario.movement
    bound = {
        "backhaul.graph": scenario.backhaul.graph is not None,
        "cloud.host": cloud is not None and cloud.host,
        "movement.cpu: kind: trace": movement is not None and movement.cpu.kind == "trace",
    }
    for field, is_there in bound.items():
        if is_there:
            raise InputError(
                f"{scenario.where}: {field}: belongs to the stations where they are; redraws draws them anew: leave "
                "one of the two out"
            )


def _check(
    scenario: Scenario,
    task: Task,
    horizon: int,
    redraws: bool,
    reading: RewardReading | None,
    late_s: float,
    start: Start | None,
) -> None:
    """Refuse what the environment does not know, with what it would accept."""
    if task not in get_args(Task):
        raise InputError(f"task: got {task!r}; accepted: {', '.join(get_args(Task))}")
    if reading is not None and reading not in get_args(RewardReading):
        raise InputError(f"reading: got {reading!r}; accepted: {', '.join(get_args(RewardReading))}")
    if isinstance(horizon, bool) or not isinstance(horizon, int) or not 1 <= horizon <= MOST_SLOTS:
        raise InputError(f"horizon: got {horizon!r}; expected a whole number of slots from 1 to {MOST_SLOTS}")
    if not isinstance(redraws, bool | np.bool_):
        raise InputError(f"redraws: got {redraws!r}; expected True or False")
    if start is not None and start not in get_args(Start):
        raise InputError(f"start: got {start!r}; accepted: {', '.join(get_args(Start))}, or None")
    if isinstance(late_s, bool) or not isinstance(late_s, int | float) or not (math.isfinite(late_s) and late_s >= 0):
        raise InputError(f"late_s: got {late_s!r}; expected a number >= 0 [s]")
    if scenario.services:
        raise InputError(
            f"{scenario.where}: services: the environment knows none; leave it out, or use `twinhop simulate`"
        )


def _radio_rules(run: MigrationRun, world: World) -> RadioRules:
    radio, movement = world.radio, run.world_run.movement
    nearest = radio.access == "nearest"
    return RadioRules(
        path_loss=radio.path_loss,
        path_loss_parameters=tuple(sorted(radio.path_loss_parameters.items())),
        line_of_sight=radio.line_of_sight,
        shadowing=radio.shadowing,
        bandwidth_hz=radio.bandwidth_hz,
        bandwidth_rule=radio.bandwidth_rule,
        noise_w_per_hz=radio.noise_w_per_hz,
        interference=radio.interference,
        fading=radio.fading,
        fading_floor=radio.fading_floor,
        min_distance_m=radio.min_distance_m,
        access=radio.access,
        logarithm="ln" if world.readings.is_literal(ROW_LOGARITHM) else "log2",
        hysteresis_db=0.0 if nearest else movement.access.hysteresis_db,
        slots_to_trigger=1 if nearest else movement.slots_to_trigger,
    )


def _cost_rules(run: MigrationRun, world: World, reading: RewardReading, late_s: float) -> CostRules:
    objective = run.scenario.objective
    return CostRules(
        alpha=world.alpha,
        beta=world.beta,
        kappa_s_per_j=world.kappa_s_per_j,
        is_summed=run.scenario.is_summed,
        cpu_rule=world.cpu_rule,
        construction_cycles_per_bit=world.construction_cycles_per_bit,
        update_cycles_per_bit=world.update_cycles_per_bit,
        eta_s=world.eta_s,
        sync_period_s=world.sync_period_s,
        construction_hops=2 if world.readings.is_literal(ROW_WIRED_HOP) else 1,
        move_s=run.hosts.move_s,
        move_energy_j_per_bit=run.hosts.move_energy_j_per_bit,
        has_deadlines=objective.deadlines,
        reading=reading,
        late_s=late_s,
    )


def _topology(world: World, opening_s: NDArray[np.float64], tau_s: NDArray[np.float64]) -> Topology:
    delay_s, s_per_bit = wire_lines(world)
    by_distance = world.graph is None and world.hosting_cloud is None
    seats: Any = np.minimum(world.host_capacity, len(world.user_ids)).astype(np.int32)
    return Topology(
        station_xy_m=_real(world.station_xy_m),
        cpu_cycles_per_s=_real(world.host_cpu_cycles_per_s),
        capacity=seats,
        opening_s=_real(opening_s),
        wire_s_per_bit=_real(s_per_bit[0] if by_distance else s_per_bit),
        wire_delay_s=None if by_distance else _real(delay_s),
        user_xy_m=_real(world.user_xy_m),
        history_bits=_real(world.history_bits),
        update_bits=_real(world.update_bits),
        tau_s=_real(tau_s),
        tx_power_w=_real(world.tx_power_w),
    )


def _redraw(scenario: Scenario) -> Redraw:
    stations, users = scenario.stations.generate, scenario.users.generate
    return Redraw(
        station_places=stations is not None and stations.layout == "uniform",
        station_cpus=stations is not None,
        users=users is not None,
    )


def _pools(scenario: Scenario) -> Pools:
    """Users and CPUs of the scenario's kind, drawn under a root seed of their own; none of what is listed."""
    pools = _no_pools()
    scenario = scenario.with_seed((scenario.seed + POOL_SEED_OFFSET) % LARGEST_SEED)
    stations, users = scenario.stations, scenario.users
    try:
        if stations.generate is not None:
            generator = streams.stream(scenario.seed, streams.SIZES + "cpu_gcycles_per_s")
            cpu = draw(stations.cpu_gcycles_per_s, generator, POOL_ROWS) * CYCLES_PER_GCYCLE
            pools = pools._replace(cpu_cycles_per_s=_real(cpu))
        if users.generate is not None:
            many = users.model_copy(update={"generate": users.generate.model_copy(update={"count": POOL_ROWS})})
            columns = user_columns(scenario.model_copy(update={"users": many}))
            pools = pools._replace(
                user_xy_m=_real(columns.xy_m),
                history_bits=_real(columns.history_mbit * BITS_PER_MBIT),
                update_bits=_real(columns.update_mbit * BITS_PER_MBIT),
                tau_s=_real(columns.deadline_ms * S_PER_MS),
                tx_power_w=_real(columns.tx_power_w),
            )
    except ValueError as error:
        raise InputError(f"{scenario.where}: redraws: sizes that are listed cannot be drawn anew: {error}") from None
    return pools


def _no_pools() -> Pools:
    none = _real(np.zeros(0))
    return Pools(_real(np.zeros((0, 2))), none, none, none, none, none)
