"""The world's parts in JAX against those that `simulate` runs on: access, CPU, CPU shares, radio, movement."""

import numpy as np
import pytest
from cities import FULL_RADIO, city
from hypothesis import given, settings
from hypothesis import strategies as st

jax = pytest.importorskip("jax")
jnp = jax.numpy

from twinhop import network  # noqa: E402
from twinhop.env.core import episode_key, params_of, random, step_key  # noqa: E402
from twinhop.env.core import reset as core_reset  # noqa: E402
from twinhop.env.core import step as core_step  # noqa: E402
from twinhop.env.core.dynamics import next_cpu  # noqa: E402
from twinhop.env.core.links import membership  # noqa: E402
from twinhop.env.core.radio import (  # noqa: E402
    first_channel,
    next_access,  # noqa: E402
    next_channel,
    radio,
)
from twinhop.env.core.shares import floored_shares, proportional_shares  # noqa: E402
from twinhop.env.core.types import Action, Channel  # noqa: E402
from twinhop.formulation import radio_state  # noqa: E402
from twinhop.kernels.handover import hand_over  # noqa: E402
from twinhop.kernels.shares import host_shares  # noqa: E402
from twinhop.scenario import build_world  # noqa: E402
from twinhop.scenario.dynamics.cpu import Ar1Cpu  # noqa: E402
from twinhop.scenario.schema.movement_section import CpuDynamics  # noqa: E402

reset, step, floored = jax.jit(core_reset), jax.jit(core_step), jax.jit(floored_shares)
KEY = jax.random.key(5)


@pytest.mark.parametrize("slots_to_trigger", [1, 3])
def test_hand_overs_are_those_of_simulate(slots_to_trigger):
    rng, users, stations = np.random.default_rng(1), 200, 6
    score = rng.normal(100, 6, (users, stations)).astype(np.float32)
    held, better = np.full(users, -1), np.zeros((users, stations), np.uint16)
    result = jnp.full(users, -1, jnp.int32)
    counts = jnp.zeros((stations, users), jnp.int32) if slots_to_trigger > 1 else None
    changes = 0
    for _ in range(30):
        score = (0.8 * score + 0.2 * rng.normal(100, 15, score.shape)).astype(np.float32)
        before = held.copy()
        hand_over(score, np.ones(users, bool), np.ones(stations, bool), 3.0, slots_to_trigger, held, better)
        result, counts = next_access(jnp.asarray(score.T), result, counts, 3.0, slots_to_trigger)
        assert np.array_equal(result, held)
        changes += int((held != before).sum())
    assert changes > 2 * users  # the first attachment, and many more


@pytest.mark.parametrize("bounds", ["reflect", "clamp"])
def test_cpus_wander_as_in_simulate(bounds):
    section = CpuDynamics(kind="ar1", bounds=bounds, correlation_s=4.0)
    own = np.array([8.5e9, 16e9, 23e9])
    process = Ar1Cpu(section, own, 1.0, seed=3)
    normals, cpu = np.random.default_rng(0).standard_normal((20, 3)), own
    process._generator = GivenRows(normals)
    assert np.array_equal(process.at(0.0), own)
    for slot, normal in enumerate(normals):
        cpu = np.asarray(next_cpu(jnp.asarray(cpu), jnp.asarray(own), jnp.asarray(normal), section, 1.0))
        np.testing.assert_allclose(cpu, process.at(slot + 1.0), rtol=1e-4)


class GivenRows:
    """A generator that gives the rows of an array."""

    def __init__(self, rows):
        self._rows = iter(rows)

    def standard_normal(self, count):
        return next(self._rows)[:count]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shares_are_those_of_simulate(seed):
    rng, users, stations = np.random.default_rng(seed), 15, 3
    host, weight = rng.integers(0, stations, users), rng.uniform(1, 5, users)
    floor = np.where(rng.random(users) < 0.5, 0.0, rng.uniform(0, 3, users))
    floor[rng.random(users) < 0.03] = np.inf
    cpu, expected = rng.uniform(4, 12, stations), np.empty(users)
    member = membership(jnp.asarray(host), stations)
    host_shares(host, weight, floor, True, cpu, expected)
    result = floored(member, jnp.asarray(weight), jnp.asarray(floor), jnp.asarray(cpu))
    np.testing.assert_allclose(result, expected, rtol=2e-5, atol=2e-6)  # of up to 12, in 32 bits
    host_shares(host, weight, floor, False, cpu, expected)
    np.testing.assert_allclose(proportional_shares(member, jnp.asarray(weight), jnp.asarray(cpu)), expected, rtol=2e-6)


@pytest.mark.parametrize("bandwidth", ["full", "equal_share"])
@pytest.mark.parametrize("interference", ["none", "full_reuse"])
def test_rates_are_those_of_plan(bandwidth, interference):
    scenario = city(users=40, radio=f"bandwidth_rule: {bandwidth}, interference: {interference}, noise_figure_db: 5")
    expected, params = radio_state(build_world(scenario)), params_of(scenario)
    obs, _ = reset(KEY, params)
    np.testing.assert_allclose(obs.distance_m, expected.distance_m.T, rtol=1e-5)
    assert np.array_equal(obs.access, expected.access)
    own = np.asarray(obs.rate_bps)[expected.access, np.arange(40)]
    np.testing.assert_allclose(own, expected.access_rate_bps, rtol=1e-4)


def test_a_newcomer_would_share_the_band():
    scenario = city(users=1, stations=2, radio="bandwidth_rule: equal_share")
    rules, topology = params_of(scenario).rules, params_of(scenario).topology
    distance_m, held = jnp.array([[50.0, 60.0, 70.0], [400.0, 300.0, 200.0]]), jnp.full(3, -1, jnp.int32)
    topology = topology._replace(tx_power_w=jnp.full(3, 0.2))
    obs = radio(rules.radio, topology, distance_m, network.tr36814_macro_pathloss_db(distance_m), 1.0, held, None)
    alone = network.rate_bps(
        rules.radio.bandwidth_hz,
        0.2,
        network.channel_gain(network.tr36814_macro_pathloss_db(distance_m[1])),
        rules.radio.noise_w_per_hz,
    )
    assert obs.access.tolist() == [0, 0, 0]
    np.testing.assert_allclose(obs.rate_bps[1], alone, rtol=1e-5)  # nobody else is there


def test_shadowing_keeps_its_variance_and_forgets_with_distance():
    rules = params_of(city(users=1, radio=FULL_RADIO)).rules.radio
    links, step_m = (40, 500), 20.0
    channel = first = first_channel(random.episode_key(KEY, 0), rules, links)
    for slot in range(3):
        channel = next_channel(step_key(KEY, slot), rules, channel, jnp.full(links[1], step_m))
    assert isinstance(channel, Channel) and channel.los_field is not None
    for shadowing, before, after in zip(rules.shadowing, first.shadowing_db, channel.shadowing_db, strict=True):
        assert float(after.std()) == pytest.approx(shadowing.sigma_db, rel=0.02)
        correlation = np.corrcoef(np.ravel(before), np.ravel(after))[0, 1]
        assert correlation == pytest.approx(np.exp(-3 * step_m / shadowing.decorrelation_m), abs=0.02)
    correlation = np.corrcoef(np.ravel(first.los_field), np.ravel(channel.los_field))[0, 1]
    assert correlation == pytest.approx(np.exp(-3 * step_m / network.LOS_DECORRELATION_M), abs=0.02)


@pytest.mark.parametrize("kind", ["gauss_markov", "static", "manhattan"])
def test_users_move_by_the_model_of_the_scenario(kind):
    scenario = city(movement=f"slot_s: 2, model: {{kind: {kind}}}")
    params = params_of(scenario)
    rules, model = params.rules, params.rules.mobility
    draws, key = model.draws(rules.area, rules.slot_s), episode_key(KEY, 0)
    obs, state = reset(key, params)
    uniform = random.uniform(key, "mobility", (draws.start_uniform, rules.users))
    normal = random.normal(key, "mobility.normal", (draws.start_normal, rules.users))
    expected = model.start(params.topology.user_xy_m, uniform, normal, rules.area)
    action = Action(jnp.ones(rules.stations), -obs.distance_m)
    for slot in range(3):
        np.testing.assert_allclose(state.mobility.xy_m, expected.xy_m, rtol=1e-6)
        again = step_key(key, slot)
        uniform = random.uniform(again, "mobility", (draws.uniform, rules.users))
        normal = random.normal(again, "mobility.normal", (draws.normal, rules.users))
        expected = model.step(expected, uniform, normal, rules.area, rules.slot_s, slot * rules.slot_s)
        state = step(again, state, action, params)[1]
    inside = (np.asarray(state.mobility.xy_m) >= 0) & (np.asarray(state.mobility.xy_m) <= 1500)
    assert inside.all()
