"""One step of the structured learner: what is stored, how much is explored, and the slopes of openings."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from small_instances import problem  # noqa: E402

from twinhop.env.core import Action  # noqa: E402
from twinhop.env.core.decode import decode  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.instance import instance_cost, padded  # noqa: E402
from twinhop.learn.multilayer import init_weights  # noqa: E402
from twinhop.learn.sources import BankSource  # noqa: E402
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg  # noqa: E402
from twinhop.learn.structured.actor import Decision  # noqa: E402
from twinhop.learn.structured.critic import Critic, cost_of_shares  # noqa: E402
from twinhop.learn.structured.features import features  # noqa: E402
from twinhop.learn.structured.gradients import actor_loss, dearest, edges_of, opening_changes, some_open  # noqa: E402

SMALL = {"node_width": 4, "edge_width": 2, "critic_edge_width": 2, "critic_station_width": 4, "rounds": 0}
BANK = jax.tree.map(lambda *each: np.stack(each), *[instance_of_problem(problem(s, 8, 3)) for s in range(16)])
SOURCE = BankSource(BANK, 4)
NOISY = StructuredMaddpg(
    StructuredConfig(noise=30.0, least_noise_share=0.0, iterations=100, gamma=0.5, replay_slots=4, **SMALL)
)


@pytest.fixture(scope="module", autouse=True)
def drawn():
    """Keys, critics and logits of these tests; they are compiled, so not where tests are collected."""
    global KEYS, CRITICS, LOGITS, SCORE
    KEYS = jax.random.split(jax.random.key(5), 3)
    CRITICS = jax.vmap(lambda key: init_weights(Critic(edge_width=4, station_width=8, sees_future=False), key))(
        jax.random.split(jax.random.key(1), 2)
    )
    LOGITS = jnp.asarray([0.4, -0.3, 0.9, -1.2, 0.5, 0.1])
    SCORE = jnp.asarray(np.random.default_rng(3).normal(size=(6, 10)), jnp.float32)


@jax.jit
def lived(act, iteration):
    """The state before a slot of this iteration, and after it by the key of exploring; noise is gone from 70 on."""
    before = NOISY.start(jax.random.key(3), SOURCE)._replace(iteration=iteration)
    return before, NOISY._rollout(before, SOURCE, act, KEYS[2])[0]


def row(state):
    return jax.tree.map(lambda each: each[0], state.replay.entries)


def test_what_is_stored_is_what_was_seen_decided_and_paid_and_what_followed():
    before, after = lived(KEYS[0], 70)
    stored, obs = row(after), SOURCE.observe(before.source)
    following = jax.tree.map(lambda each: each[(np.asarray(before.source.row) + 1) % 16], BANK)
    for one, other in ((stored.obs, obs), (stored.after, following)):
        for name in obs._fields:
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for at in range(4):
        instance = jax.tree.map(lambda each, at=at: each[at], obs)
        logits = before.actor(features(instance))
        action = Action(logits.opening, logits.score)
        host = decode(action, instance.capacity, instance.comm_s, instance.active, True).host
        assert np.array_equal(stored.host[at], host)
        assert float(stored.cost[at]) == pytest.approx(float(instance_cost(instance, host)), rel=1e-6)
    assert int(after.replay.total) == 1


def test_exploring_depends_on_its_key_and_on_nothing_without_noise():
    quiet = [row(lived(key, 70)[1]).host for key in KEYS[:2]]
    loud = [row(lived(key, 0)[1]).host for key in KEYS[:2]]
    assert np.array_equal(quiet[0], quiet[1])
    assert not np.array_equal(loud[0], loud[1]) and not np.array_equal(loud[0], quiet[0])


class Telling(BankSource):
    """A bank that tells as cost what opening logits it is asked for, on average."""

    def step(self, key, state, action):
        after, outcome = super().step(key, state, action)
        return after, outcome._replace(cost=action.opening.mean(axis=1))


@jax.jit
def asked_openings(act, iteration):
    state = NOISY.start(jax.random.key(3), SOURCE)._replace(iteration=iteration)
    logits = jax.vmap(lambda one: state.actor(features(one)).opening)(SOURCE.observe(state.source))
    return logits.mean(axis=1), row(NOISY._rollout(state, Telling(BANK, 4), act, KEYS[2])[0]).cost


def test_openings_are_explored_too_in_every_environment_by_noise_of_its_own():
    quiet, still = asked_openings(KEYS[0], 70)
    np.testing.assert_allclose(still, quiet, rtol=1e-5)
    one, other = (np.asarray(asked_openings(key, 0)[1]) - quiet for key in KEYS[:2])
    assert (np.abs(one) > 1e-3).all() and (np.abs(one - other) > 1e-3).all()
    assert len(set(one.tolist())) == 4


INSTANCE = padded(instance_of_problem(problem(0, forbidden=0.2)), 10, 6)


@jax.jit
def by_hand(key):
    """The logits' slope by hand, (M,); that of `actor_loss`; its value; and the value by hand."""
    obs, decision = features(INSTANCE), Decision(LOGITS, SCORE)
    edges, probability = edges_of(CRITICS, obs), jax.nn.sigmoid(LOGITS)
    opened = some_open(jax.random.uniform(key, (6,)) < probability, decision, obs)
    change = jnp.where(obs.present, opening_changes(CRITICS, obs, edges, decision, opened), 0.0)

    def loss(opening):
        return actor_loss(lambda _: Decision(opening, SCORE), CRITICS, obs, key, "counterfactual")

    slope = jax.grad(loss)(LOGITS)
    value = dearest(CRITICS, obs, edges, decision, opened.astype(jnp.float32)) + change @ probability
    return change * probability * (1 - probability), slope, loss(LOGITS), value


@pytest.mark.parametrize("seed", range(4))
def test_an_opening_is_led_by_what_flipping_it_changes(seed):
    expected, slope, loss, value = by_hand(jax.random.key(seed))
    assert np.abs(expected[:4]).max() > 1e-3 and (np.asarray(expected[4:]) == 0).all()
    np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-6)
    assert float(loss) == pytest.approx(float(value), rel=1e-5)


def test_the_dearer_critic_leads_the_actor_whichever_it_is():
    @jax.jit
    def worth(critics):
        obs, opened = features(INSTANCE), jnp.ones(6)
        decision, edges = Decision(LOGITS, SCORE), edges_of(critics, obs)
        soft = jax.nn.softmax(jnp.where(obs.allowed, SCORE, -jnp.inf), axis=0)
        each = jax.vmap(lambda critic, own: cost_of_shares(critic, obs, own, soft, opened))(critics, edges)
        return dearest(critics, obs, edges, decision, opened), each

    for critics in (CRITICS, jax.tree.map(lambda each: each[::-1], CRITICS)):
        found, each = worth(critics)
        assert abs(float(each[0] - each[1])) > 1e-2
        assert float(found) == pytest.approx(float(each.max()), rel=1e-4, abs=1e-5)
