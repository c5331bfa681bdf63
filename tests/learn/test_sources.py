import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from cities import city  # noqa: E402
from small_instances import problem  # noqa: E402

from twinhop.env.core import Action, params_of  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.instance import instance_cost  # noqa: E402
from twinhop.learn.sources import BankSource, EnvironmentSource, MixedSource  # noqa: E402
from twinhop.learn.sources.environment import Scales  # noqa: E402

E, M, N = 3, 3, 8
PARAMS = params_of(city(stations=M, users=N), "placement", redraws=True, horizon=4)
SCALED = EnvironmentSource(PARAMS, E, opening_spread=1.0, communication_spread=0.5)
BANK = BankSource(
    jax.tree.map(lambda *each: jnp.stack(each), *[instance_of_problem(problem(s, N, M)) for s in range(5)]), 2, 3
)


def action(seed, environments=E):
    rng = np.random.default_rng(seed)
    return Action(rng.normal(size=(environments, M)), rng.normal(size=(environments, M, N)))


MIXED = MixedSource((SCALED, BANK))
reset, step = jax.jit(MIXED.reset), jax.jit(MIXED.step)
observed, priced = jax.jit(MIXED.observe), jax.jit(jax.vmap(instance_cost))


def test_costs_are_those_of_the_instance_observed():
    state = reset(jax.random.key(0))
    for slot in range(3):
        obs = observed(state)
        state, outcome = step(jax.random.key(slot), state, action(slot, MIXED.environments))
        np.testing.assert_allclose(outcome.cost, priced(obs, outcome.host), rtol=1e-4)
    assert obs.comm_s.shape == (MIXED.environments, M, N) == (5, 3, 8)


def test_episodes_end_at_the_horizon_and_others_begin():
    state, ended = reset(jax.random.key(0)), np.zeros(E, int)
    first, read = np.asarray(state[1].slot), np.zeros(2, int)
    for slot in range(8):
        before = np.asarray(state[0].state.topology.station_xy_m)
        state, outcome = step(jax.random.key(slot), state, action(slot, MIXED.environments))
        truncated = np.asarray(outcome.truncated)[:E]
        ended += truncated
        read += np.asarray(outcome.truncated)[E:]
        same = (np.asarray(state[0].state.topology.station_xy_m) == before).all(axis=(1, 2))
        assert (same == ~truncated).all()
        follows = (np.asarray(outcome.after.comm_s) == np.asarray(observed(state).comm_s)).all(axis=(1, 2))[:E]
        assert (follows == ~truncated).all()
    assert ended.tolist() == [2] * E
    assert read.tolist() == ((8 + first) // 3).tolist()  # a bank's episode reads three instances in a row


def test_openings_and_communication_are_scaled_within_their_spreads():
    source = EnvironmentSource(PARAMS, 64, opening_spread=1.0, communication_spread=0.5)
    scales = jax.jit(lambda key: source.reset(key).scales)(jax.random.key(0))
    for drawn, spread in ((scales.opening, 1.0), (scales.communication, 0.5)):
        logs = np.log(drawn)
        assert -spread <= logs.min() < -0.7 * spread
        assert 0.7 * spread < logs.max() <= spread


def test_a_bank_is_read_in_order():
    state = reset(jax.random.key(1))
    after, outcome = step(jax.random.key(2), state, action(0, MIXED.environments))
    following = (np.asarray(state[1].row) + 1) % 5
    goes_on = ~np.asarray(outcome.truncated)[E:]
    assert (np.asarray(after[1].row) == following)[goes_on].all()
    assert (np.asarray(outcome.after.comm_s)[E:] == np.asarray(BANK.bank.comm_s)[following]).all()


def test_users_that_are_late_cost_what_the_environment_takes_off_for_them():
    """Nobody can keep a deadline of a microsecond: every slot costs `late_s` over alpha more than its instance."""
    scenario = city(stations=M, users=N, deadlines="true")
    users = scenario.users.model_copy(update={"deadline_ms": 1e-3})
    objective = scenario.objective.model_copy(update={"alpha": 2.0})
    params = params_of(scenario.model_copy(update={"users": users, "objective": objective}), "placement")
    source = EnvironmentSource(params, E)
    state = jax.jit(source.reset)(jax.random.key(0))
    seen = jax.jit(source.observe)(state)
    _, outcome = jax.jit(source.step)(jax.random.key(1), state, action(0))
    late_s = params.rules.cost.late_s
    assert late_s > 0
    np.testing.assert_allclose(outcome.cost, np.asarray(priced(seen, outcome.host)) + late_s / 2.0, rtol=1e-4)


def test_prices_of_an_episode_scale_what_is_seen():
    state, factor = reset(jax.random.key(0))[0], np.array([0.5, 1.0, 3.0], np.float32)
    one = SCALED.observe(state._replace(scales=Scales(np.ones(E), np.ones(E))))
    dear, far = (
        SCALED.observe(state._replace(scales=each)) for each in (Scales(factor, np.ones(E)), Scales(np.ones(E), factor))
    )
    assert np.array_equal(dear.comm_s, one.comm_s) and np.array_equal(far.opening_s, one.opening_s)
    np.testing.assert_allclose(dear.opening_s, one.opening_s * factor[:, None], rtol=1e-6)
    np.testing.assert_allclose(far.comm_s, one.comm_s * factor[:, None, None], rtol=1e-6)
