"""Traces, graphs, clouds, churn, failures and CPUs by a file: priced as `plan` and `simulate` do."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recorded_cities import CHURN, CLOUD, CPUS, GRAPH, OUTAGES, RANDOM, TRACE, save_city, save_trace

from twinhop.errors import InputError
from twinhop.formulation import formulate, slot_radio
from twinhop.formulation.wired import wire_lines
from twinhop.migration.outcome import outcome_of
from twinhop.migration.run import MigrationRun
from twinhop.migration.wire_table import wire_table
from twinhop.network import uplink_interference_w_per_hz
from twinhop.placement import Placement, evaluate
from twinhop.scenario import load_scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.importers import save_sf_taxis

jax = pytest.importorskip("jax")
jnp = jax.numpy

from twinhop.env.core import Action, episode_key, params_of, reset, step, step_key  # noqa: E402
from twinhop.env.core.pricing import is_served, link_costs, price, station_rewards  # noqa: E402
from twinhop.env.core.radio import _interference_w_per_hz, next_access  # noqa: E402
from twinhop.env.core.types import Slot as EnvSlot  # noqa: E402
from twinhop.env.problems import problem_of  # noqa: E402
from twinhop.kernels.handover import hand_over  # noqa: E402

SF = Path(os.environ.get("TWINHOP_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sf_cab_cells"
KEY = episode_key(jax.random.key(11), 0)
TASKS = ("placement", "migration")
compiled_reset, compiled_step = jax.jit(reset), jax.jit(step)
CLOUD_AT = f"{CLOUD}, latency_ms: 4}}"
CITIES = {
    "trace": {"movement": TRACE + ", slots: 8"},
    "trace-deadlines": {"movement": TRACE + CHURN + OUTAGES + ", slots: 9", "deadlines": "true"},
    "trace-sum": {"movement": TRACE + ", slots: 8", "aggregation": "sum"},
    "churn": {"movement": CHURN + ", slots: 6"},
    "failures": {"movement": OUTAGES + ", slots: 6", "deadlines": "true"},
    "random-failures": {"movement": RANDOM + ", slots: 6"},
    "cpu-trace": {"movement": CPUS + ", slots: 6"},
    "graph": {"extra": GRAPH, "movement": ", slots: 4"},
    "cloud": {"extra": CLOUD_AT, "movement": OUTAGES + ", slots: 4", "deadlines": "true"},
    "cloud-at-a-place": {"extra": f"{CLOUD}, x_m: 3000, y_m: 100}}", "movement": ", slots: 4"},
    "graph-and-cloud": {"extra": GRAPH + f"{CLOUD}, name: b}}", "movement": RANDOM + CHURN + ", slots: 6"},
    "interference": {"movement": CHURN + OUTAGES + ", slots: 4", "radio": ", interference: full_reuse"},
}


def env_slot(situation):
    """A slot of `simulate` as the environment has it."""
    slot = situation.slot
    links = jnp.zeros((len(slot.up), len(slot.access)))
    return EnvSlot(
        distance_m=links,
        rate_bps=links,
        access=jnp.asarray(slot.access, jnp.int32),
        access_rate_bps=jnp.asarray(slot.rate_bps, float),
        cpu_cycles_per_s=jnp.asarray(situation.cpu, float),
        active=jnp.asarray(slot.active),
        up=jnp.asarray(slot.up),
    )


@jax.jit
def compiled(params, obs, before, host):
    costs = link_costs(params.rules, params.topology, obs)
    result = price(params.rules, params.topology, obs, costs, before, host)
    return result, station_rewards(params.rules, params.topology, result, host).sum(), is_served(params.topology, obs)


def agree(scenario, tolerance):
    """The terms of the environment against those of `simulate`, and its cost against that of `plan`."""
    params = {task: params_of(scenario, task, horizon=2) for task in TASKS}
    run, rng = MigrationRun(scenario), np.random.default_rng(5)
    before, moves, absent = np.full(len(run.user_ids), -1), 0, 0
    for situation in run:
        users, late_s = situation.users, params["migration"].rules.cost.late_s
        host, count = before.copy(), max(len(users), 1)
        host[users] = rng.choice(np.flatnonzero(situation.up), len(users))
        expected = outcome_of(situation.with_hosts(before), host[users])
        arrays = (env_slot(situation), jnp.asarray(before, jnp.int32), jnp.asarray(host, jnp.int32))
        result, reward, served = compiled(params["migration"], *arrays)
        assert np.array_equal(np.flatnonzero(served), users)
        for name in ("comm_s", "computing_s", "move_s", "energy_j"):
            own = np.asarray(getattr(result, name))
            np.testing.assert_allclose(own[users], getattr(expected, name), rtol=tolerance, err_msg=name)
            assert not np.delete(own, users).any(), name
        assert np.array_equal(np.asarray(result.late)[users], expected.violation & scenario.objective.deadlines)
        lateness = float(result.late.sum()) / count * late_s
        np.testing.assert_allclose(-float(reward) - lateness, expected.cost.total, rtol=tolerance)
        problem = formulate(situation.slot.world(), slot_radio(situation.slot))
        opened = np.bincount(host[users], minlength=problem.stations) > 0
        planned = evaluate(problem, Placement(host=host[users], open=opened))
        result, reward, _ = compiled(params["placement"], *arrays)
        lateness = float(result.late.sum()) / count * late_s
        np.testing.assert_allclose(-float(reward) - lateness, planned.cost, rtol=tolerance)
        moves, absent = moves + int(expected.moved.sum()), absent + len(before) - len(users)
        before = host
    return moves, absent


@pytest.mark.parametrize("name", CITIES)
def test_costs_agree_in_32_bits(name, tmp_path):
    moves, absent = agree(save_city(tmp_path, **CITIES[name]), 1e-4)
    movement = CITIES[name].get("movement", "")
    assert moves > 20 and (absent > 20) == (CHURN in movement or TRACE in movement)


@pytest.mark.slow
def test_costs_agree_in_64_bits(tmp_path):
    """The 64-bit switch is for a whole process, so it is one of its own."""
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import test_recorded_worlds as t\n"
        "for name, city in t.CITIES.items(): t.agree(t.save_city(pathlib.Path(sys.argv[2]), **city), 1e-9)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, os.path.dirname(__file__), str(tmp_path)],
        env={**os.environ, "JAX_ENABLE_X64": "true"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", ["graph", "cloud", "cloud-at-a-place", "graph-and-cloud"])
def test_wires_are_those_of_simulate_for_every_size(name, tmp_path):
    world = MigrationRun(save_city(tmp_path, **CITIES[name])).world_run.world
    delay_s, s_per_bit = wire_lines(world)
    bits = np.geomspace(1e2, 1e9, 40)
    table = wire_table(world, bits)
    np.testing.assert_allclose(
        (delay_s + bits[:, None, None, None] * s_per_bit).min(axis=1), table.unit_s[table.group], rtol=1e-12
    )
    assert (
        name != "graph"
        or len({int(at) for at in (delay_s + bits[:, None, None, None] * s_per_bit)[:, :, 0, 2].argmin(1)}) > 1
    )


def episode(params, slots, key=KEY):
    """Observations and states of an episode in which everybody asks for the nearest station."""
    obs, state = compiled_reset(key, params)
    result = [(obs, state, None)]
    for slot in range(slots):
        action = Action(jnp.ones(params.rules.stations), -obs.distance_m)
        obs, state, _, _, _, info = compiled_step(step_key(key, slot), state, action, params)
        result.append((obs, state, info))
    return result


def test_users_are_where_the_trace_has_them_and_cpus_as_the_file_says(tmp_path):
    scenario = save_city(tmp_path, movement=TRACE + OUTAGES + CPUS + ", slots: 9")
    params, *slots = params_of(scenario, "migration", horizon=8, start="first"), *WorldRun(scenario)
    assert params.rules.users == len(slots[0].active)
    for slot, (obs, state, _) in zip(slots, episode(params, 8), strict=True):
        assert np.array_equal(obs.active, slot.active)
        np.testing.assert_allclose(np.asarray(state.mobility.xy_m)[slot.active], slot.xy_m[slot.active], rtol=1e-6)
        np.testing.assert_allclose(obs.cpu_cycles_per_s, slot.cpu_cycles_per_s, rtol=1e-6)
        assert np.array_equal(obs.admissible, slot.up) and np.array_equal(obs.capacity > 0, slot.up)
        assert (np.asarray(obs.access)[~slot.active] == -1).all() and slot.up[np.asarray(obs.access)[slot.active]].all()
        for array in (obs.distance_m, obs.rate_bps, obs.comm_s):
            assert (np.asarray(array)[:, ~slot.active] == 0).all() and np.isfinite(array).all()
        assert (np.asarray(obs.rate_bps)[~slot.up] == 0).all()


def test_twins_leave_a_station_that_fails_and_those_of_the_absent_rest(tmp_path):
    scenario = save_city(tmp_path, movement=TRACE + OUTAGES + ", slots: 9")
    result = episode(params_of(scenario, "migration", horizon=8, start="first"), 8)
    moved = rested = 0
    for (obs, *_), (_, state, info) in zip(result, result[1:], strict=False):
        active, host, before = np.asarray(obs.active), np.asarray(state.host), np.asarray(obs.host)
        assert np.asarray(obs.admissible)[host[active]].all()
        assert np.array_equal(host[~active], before[~active])
        left = active & (before >= 0) & ~np.asarray(obs.admissible)[before]
        assert int(info.moved) >= left.sum()
        moved, rested = moved + left.sum(), rested + (~active & (before >= 0)).sum()
        assert np.array_equal(state.load, np.bincount(host[active], minlength=6))
    assert moved > 0 and rested > 0


def test_absent_users_take_no_seat(tmp_path):
    """6 stations of 4 seats for at most 24 of 25 users at a time; the seats are never exceeded."""
    scenario = save_city(tmp_path, movement=TRACE + ", slots: 9", capacity=4)
    for _, state, info in episode(params_of(scenario, "migration", horizon=8, start="first"), 8)[1:]:
        assert (np.asarray(state.load) <= 4).all() and int(info.unseated) == 0


def test_too_few_seats_among_the_stations_that_work_are_counted(tmp_path):
    scenario = save_city(tmp_path, users=24, movement=RANDOM, capacity=4)
    slots, most = episode(params_of(scenario, "migration", horizon=30), 30), 0
    for (obs, *_), (*_, info) in zip(slots, slots[1:], strict=False):
        seats = 4 * int(np.asarray(obs.admissible).sum())
        if seats:
            assert int(info.unseated) == max(0, 24 - seats)
            most = max(most, int(info.unseated))
    assert most > 0


def test_where_no_station_works_nobody_is_served(tmp_path):
    down = ", ".join(f"{{station: s{at}, down_s: 1, up_s: 2}}" for at in range(6))
    scenario = save_city(tmp_path, movement=f", failures: {{schedule: [{down}]}}")
    (_, _, _), (obs, state, _), (_, after, info), *_ = episode(params_of(scenario, "migration", start="first"), 3)
    assert not np.asarray(obs.admissible).any() and (np.asarray(obs.access) == -1).all()
    assert float(info.cost) == 0 and np.array_equal(after.host, state.host) and int(info.moved) == 0


@pytest.mark.parametrize("kind", ["churn", "failures"])
def test_presence_has_the_share_and_the_memory_of_simulate(kind, tmp_path):
    """Users are present, and stations work, for mean times of 4 and 3 slots."""
    params = params_of(save_city(tmp_path, users=10, movement=CHURN if kind == "churn" else RANDOM), horizon=60)

    def slots_of(seed):
        key = episode_key(jax.random.key(seed), 0)
        obs, state = reset(key, params)
        action = Action(jnp.ones(6), jnp.zeros((6, 10)))

        def next_slot(now, slot):
            obs, state = now
            return step(step_key(key, slot), state, action, params)[:2], obs

        obs = jax.lax.scan(next_slot, (obs, state), jnp.arange(60))[1]
        return obs.active if kind == "churn" else obs.admissible

    shows = np.asarray(jax.jit(jax.vmap(slots_of))(jnp.arange(100)))
    share, left = 4 / 7, np.exp(-1 / 4 - 1 / 3)
    assert shows[:, 0].mean() == (pytest.approx(share, abs=0.05) if kind == "churn" else 1.0)
    later = shows[:, 20:]
    assert later.mean() == pytest.approx(share, abs=0.015)
    assert later[:, 1:][later[:, :-1]].mean() == pytest.approx(share + (1 - share) * left, abs=0.01)


@pytest.mark.parametrize("slots_to_trigger", [1, 3])
def test_hand_overs_with_absent_users_and_failed_stations_are_those_of_simulate(slots_to_trigger):
    rng, users, stations = np.random.default_rng(1), 200, 6
    score = rng.normal(100, 6, (users, stations)).astype(np.float32)
    held, better = np.full(users, -1), np.zeros((users, stations), np.uint16)
    result = jnp.full(users, -1, jnp.int32)
    counts = jnp.zeros((stations, users), jnp.int32) if slots_to_trigger > 1 else None
    for slot in range(30):
        score = (0.8 * score + 0.2 * rng.normal(100, 15, score.shape)).astype(np.float32)
        active, up = rng.random(users) < 0.8, rng.random(stations) < 0.7
        up[:] = up if slot != 9 else False
        hand_over(score, active, up, 3.0, slots_to_trigger, held, better)
        result, counts = next_access(
            jnp.asarray(score.T), result, counts, 3.0, slots_to_trigger, jnp.asarray(active), jnp.asarray(up)
        )
        assert np.array_equal(result, held)


def test_the_absent_do_not_interfere(tmp_path):
    topology = params_of(save_city(tmp_path)).topology
    rng = np.random.default_rng(2)
    loss_db, access = rng.uniform(80, 120, (6, 30)), rng.integers(-1, 6, 30)
    served, width_hz = access >= 0, np.full(30, 4e6)
    expected = uplink_interference_w_per_hz(0.2, 10 ** (-loss_db.T[served] / 10), access[served], width_hz[served])
    arrays = (jnp.asarray(each) for each in (loss_db, access, np.where(served, width_hz, 0.0), served))
    np.testing.assert_allclose(_interference_w_per_hz(topology, *arrays), expected, rtol=1e-4)


def test_episodes_begin_where_the_seed_says_and_fit(tmp_path):
    scenario = save_city(tmp_path, movement=TRACE + ", slots: 9")
    params = params_of(scenario, horizon=4)
    starts = [int(reset(episode_key(jax.random.key(seed), 0), params)[1].start) for seed in range(60)]
    assert set(starts) == set(range(5))  # after the last of 4 steps there is a slot to show
    first = params_of(scenario, horizon=4, start="first")
    assert {int(reset(jax.random.key(seed), first)[1].start) for seed in range(5)} == {0}


def test_a_trace_that_is_short_gives_its_slots_where_none_are_stated(tmp_path):
    save_trace(tmp_path, slots=7)
    params = params_of(save_city(tmp_path, movement=TRACE), horizon=3)
    assert len(params.record.xy_m) < 12
    with pytest.raises(InputError, match=r"movement.trace: has \d+ slots of 1 s from 2 s on, and an episode 25; lower"):
        params_of(save_city(tmp_path, movement=TRACE))


def test_a_slot_as_a_problem_costs_the_same(tmp_path):
    """Users who are away are none of its users; a sum over users is a sum over those present."""
    extra = GRAPH + f"{CLOUD}, name: b}}"
    scenario = save_city(tmp_path, movement=CHURN + OUTAGES, extra=extra, aggregation="sum")
    params = params_of(scenario, horizon=4, start="first")
    slots = episode(params, 4)
    for (obs, *_), (*_, info) in zip(slots, slots[1:], strict=False):
        problem, host = problem_of(params, obs), np.asarray(info.host)[np.asarray(obs.active)]
        opened = np.bincount(host, minlength=problem.stations) > 0
        assert problem.users == int(obs.active.sum()) < 30
        assert evaluate(problem, Placement(host=host, open=opened)).cost == pytest.approx(float(info.cost), rel=1e-5)


def test_what_a_scenario_does_not_have_is_not_compiled_in(tmp_path):
    state = compiled_reset(KEY, params_of(save_city(tmp_path)))[1]
    assert (state.start, state.present, state.working, state.slot.up, state.topology.wire_delay_s) == (None,) * 5


def test_fresh_cities_keep_the_users_of_the_trace(tmp_path):
    text = (save_city(tmp_path, movement=TRACE + ", slots: 9"), (tmp_path / "city.yaml").read_text())[1]
    start, _, rest = text.partition("stations: {list: [")
    (tmp_path / "city.yaml").write_text(start + "stations: {generate: {count: 6}" + rest.partition("]")[2])
    params = params_of(load_scenario(tmp_path / "city.yaml"), horizon=4, redraws=True, start="first")
    one, other = (reset(jax.random.key(seed), params)[1] for seed in range(2))
    assert not np.array_equal(one.topology.station_xy_m, other.topology.station_xy_m)
    assert np.array_equal(one.mobility.xy_m, other.mobility.xy_m)
    assert np.array_equal(one.topology.history_bits, other.topology.history_bits)


@pytest.mark.parametrize(
    ("city", "options", "message"),
    [
        ({"extra": GRAPH}, {"redraws": True}, "backhaul.graph: belongs to the stations where they are"),
        ({"extra": CLOUD_AT}, {"redraws": True}, "cloud.host: belongs"),
        ({"movement": CPUS}, {"redraws": True}, "movement.cpu: kind: trace: belongs"),
        ({}, {"redraws": "yes"}, "redraws: got 'yes'; expected True or False"),
        ({}, {"start": "last"}, "start: got 'last'; accepted: random, first, or None"),
        ({"movement": TRACE + ", slots: 40"}, {"horizon": 3}, "the horizon of 40 slots is longer than the trace"),
        ({"movement": TRACE, "capacity": 1}, {"horizon": 3}, "6 twins fit on all stations together, and there are"),
        (
            {"extra": "services: [{name: map, members: {ids: [u0]}, extracted_mbit: 1, work_gcycles: 1}]"},
            {},
            "services: the environment knows none",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(city, options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        params_of(save_city(tmp_path, **city), **options)


@pytest.mark.skipif(not SF.is_dir(), reason=f"{SF} is not there")
@pytest.mark.parametrize("task", TASKS)
def test_san_francisco(task, tmp_path):
    out = tmp_path / "sf.yaml"
    save_sf_taxis(SF / "sf_cells.csv", SF / "sf_serving_1min.npz", out, from_minute=660, to_minute=779)
    scenario = load_scenario(out)
    params = params_of(scenario, task, horizon=5, start="first")
    for slot, (obs, _, info) in zip(WorldRun(scenario), episode(params, 5), strict=False):
        assert np.array_equal(obs.active, slot.active)
        assert info is None or (np.isfinite(info.cost) and float(info.cost) > 0)
