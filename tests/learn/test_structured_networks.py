import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from small_instances import problem  # noqa: E402

from twinhop.inference.actor_sizes import UNITS  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.instance import padded  # noqa: E402
from twinhop.learn.multilayer import Multilayer, init_weights  # noqa: E402
from twinhop.learn.structured import StructuredConfig, new_actor  # noqa: E402
from twinhop.learn.structured.critic import Critic, cost_of_hosts, cost_of_shares  # noqa: E402
from twinhop.learn.structured.features import features  # noqa: E402
from twinhop.learn.structured.gradients import (  # noqa: E402
    LAST_OPEN,
    actor_loss,
    dearest,
    edges_of,
    opening_changes,
    shares,
)

CONFIG = StructuredConfig(node_width=8, edge_width=4, rounds=1)


def a_critic(key):
    return init_weights(Critic(edge_width=4, station_width=8, sees_future=True), key)


features_of = jax.jit(features)
act = jax.jit(lambda actor, instance: actor(features(instance)))
hosts_cost = jax.jit(lambda critic, instance, host: cost_of_hosts(critic, features(instance), host))
HOST = np.asarray(np.random.default_rng(0).integers(0, 4, 9))


@pytest.fixture(scope="module", autouse=True)
def networks():
    """The networks of these tests; they are compiled, so not where tests are collected."""
    global ACTOR, CRITICS, CRITIC
    ACTOR = new_actor(CONFIG, jax.random.key(0))
    CRITICS = jax.vmap(a_critic)(jax.random.split(jax.random.key(1), 2))
    CRITIC = jax.tree.map(lambda each: each[0], CRITICS)


def test_networks_are_drawn_by_their_deviations():
    network = init_weights(Multilayer((64, 256, 16), last_gain=0.1), jax.random.key(0))
    first, last = (np.asarray(layer.weight) for layer in network.layers)
    assert first.std() == pytest.approx(np.sqrt(2 / 64), rel=0.05)
    assert last.std() == pytest.approx(0.1 / np.sqrt(256), rel=0.05)
    assert abs(np.corrcoef(first.ravel()[:4096], last.ravel())[0, 1]) < 0.1
    assert all((np.asarray(layer.bias) == 0).all() for layer in network.layers)


def test_agents_and_users_may_come_in_any_order():
    instance = instance_of_problem(problem(0, capacity=4))
    rng = np.random.default_rng(1)
    users, stations = rng.permutation(9), rng.permutation(4)
    shuffled = instance._replace(
        comm_s=instance.comm_s[stations][:, users],
        root_work=instance.root_work[users],
        cpu_cycles_per_s=instance.cpu_cycles_per_s[stations],
    )
    before, after = act(ACTOR, instance), act(ACTOR, shuffled)
    np.testing.assert_allclose(after.opening, before.opening[stations], rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(after.score, before.score[stations][:, users], rtol=2e-4, atol=2e-5)
    new_host = np.argsort(stations)[HOST[users]]
    assert float(hosts_cost(CRITIC, shuffled, new_host)) == pytest.approx(
        float(hosts_cost(CRITIC, instance, HOST)), rel=1e-4
    )


def test_absent_users_and_stations_change_nothing():
    instance = instance_of_problem(problem(0))
    wide = padded(instance, 12, 6)
    before, after = act(ACTOR, instance), act(ACTOR, wide)
    np.testing.assert_allclose(after.opening[:4], before.opening, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(after.score[:4, :9], before.score, rtol=2e-4, atol=2e-5)
    assert (after.opening[4:] < -1e8).all()
    assert float(hosts_cost(CRITIC, wide, np.pad(HOST, (0, 3)))) == pytest.approx(
        float(hosts_cost(CRITIC, instance, HOST)), rel=1e-4
    )


@pytest.mark.parametrize("opening_s", [0.0, 0.05])
def test_units_of_time_and_work_do_not_show(opening_s):
    instance = instance_of_problem(problem(0, opening_s=opening_s))
    other = instance._replace(
        comm_s=instance.comm_s * 1000,
        opening_s=instance.opening_s * 1000,
        root_work=instance.root_work * np.float32(1000**0.5),
    )
    before, after = features_of(instance), features_of(other)
    assert float(after.unit_s) == pytest.approx(1000 * float(before.unit_s), rel=1e-4)
    for name in ("edges", "users", "stations", "whole"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-3, atol=1e-4)


def test_features_are_finite_where_nothing_costs():
    for instance in (
        instance_of_problem(problem(0, opening_s=0.0)),
        instance_of_problem(problem(0))._replace(root_work=np.zeros(9, np.float32)),
        instance_of_problem(problem(0, forbidden=0.6)),
        instance_of_problem(problem(0))._replace(active=np.zeros(9, bool)),
    ):
        assert all(np.isfinite(np.asarray(each)).all() for each in features_of(instance))


def test_the_unit_is_an_eighth_of_computing_and_opening_in_balance():
    obs = features_of(instance_of_problem(problem(0, opening_s=0.01)))
    one = problem(0, opening_s=0.01)
    even_s = one.root_work.sum() ** 2 / (one.users * one.cpu.sum())
    balanced = np.clip(np.sqrt(even_s * 4 / 0.01), 1, 4)
    assert UNITS * float(obs.unit_s) == pytest.approx(even_s * 4 / balanced + 0.01 * balanced, rel=1e-4)


def test_an_untrained_actor_opens_all_and_asks_for_the_nearest():
    one = problem(0)
    decision = act(ACTOR, instance_of_problem(one))
    assert (np.asarray(decision.opening) > 0).all()
    assert (np.asarray(decision.score).argmax(axis=0) == one.comm_s.argmin(axis=1)).mean() > 0.6


@jax.jit
def soft_cost(critic, instance, given):
    obs = features(instance)
    edges = jax.tree.map(lambda each: each[0], edges_of(CRITICS, obs))
    return cost_of_shares(critic, obs, edges, given, given.max(axis=1)) + critic.of_future(obs)


def test_hard_shares_cost_what_their_hosts_do():
    instance = instance_of_problem(problem(0))
    hard = (np.arange(4)[:, None] == HOST[None, :]).astype(np.float32)
    assert float(soft_cost(CRITIC, instance, hard)) == pytest.approx(
        float(hosts_cost(CRITIC, instance, HOST)), rel=1e-4
    )


@jax.jit
def flipped(instance, opened):
    """What flips change by one product, and the costs of Q(y_j = 1) and Q(y_j = 0) by brute force, (M, 2)."""
    obs = features(instance)
    decision, edges = ACTOR(obs), edges_of(CRITICS, obs)
    ends = jnp.stack([jnp.where(jnp.eye(4, dtype=bool), value, opened) for value in (True, False)], axis=1)
    worth = jax.vmap(jax.vmap(lambda each: dearest(CRITICS, obs, edges, decision, each.astype(jnp.float32))))(ends)
    return opening_changes(CRITICS, obs, edges, decision, opened), worth


@pytest.mark.parametrize("opened", [(1, 1, 0, 1), (0, 1, 0, 0), (1, 1, 1, 1)])
def test_flips_by_one_product_are_those_by_brute_force(opened):
    instance = padded(instance_of_problem(problem(0, forbidden=0.3)), 10, 4)
    changes, worth = flipped(instance, np.array(opened, bool))
    expected = np.asarray(worth[:, 0] - worth[:, 1])
    if sum(opened) == 1:
        expected = np.where(opened, LAST_OPEN, expected)
    np.testing.assert_allclose(changes, expected, rtol=1e-3, atol=1e-4)


def test_shares_are_a_softmax_over_what_is_open():
    instance = instance_of_problem(problem(0))
    opened = np.array([1.0, 0.0, 1.0, 1.0], np.float32)
    decision = act(ACTOR, instance)
    score = np.where(opened[:, None] > 0, np.asarray(decision.score), -np.inf)
    weight = np.exp(score - score.max(axis=0))
    soft = jax.jit(lambda instance: shares(ACTOR(features(instance)), features(instance), opened))(instance)
    np.testing.assert_allclose(soft, weight / weight.sum(axis=0), atol=1e-5)


@pytest.mark.parametrize("how", ["counterfactual", "straight_through", "soft"])
def test_gradients_are_finite_and_reach_all_agents(how):
    far = instance_of_problem(problem(0, forbidden=0.3))
    far = far._replace(comm_s=far.comm_s * np.float32(50))  # softmaxes of hard scores
    gradient = jax.jit(jax.grad(lambda actor: actor_loss(actor, CRITICS, features(far), jax.random.key(0), how)))(ACTOR)
    assert all(np.isfinite(np.asarray(each)).all() for each in jax.tree.leaves(gradient))
    assert np.abs(gradient.opening.layers[-1].weight).max() > 0
    assert np.abs(gradient.rounds[0].edge.of_edge.weight).max() > 0
