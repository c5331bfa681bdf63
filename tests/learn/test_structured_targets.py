"""What the critics of the structured learner are fitted to, and how target networks follow, by hand."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from small_instances import problem  # noqa: E402

from twinhop.env.core import Action  # noqa: E402
from twinhop.env.core.decode import decode  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.multilayer import init_weights  # noqa: E402
from twinhop.learn.sources import BankSource  # noqa: E402
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg, new_actor  # noqa: E402
from twinhop.learn.structured.critic import Critic, cost_of_hosts  # noqa: E402
from twinhop.learn.structured.features import features  # noqa: E402
from twinhop.learn.structured.losses import SlotTransitions, critic_targets, mean_critic_loss  # noqa: E402

SMALL = {"node_width": 8, "edge_width": 4, "critic_edge_width": 4, "critic_station_width": 8, "rounds": 1}
COUNT = 12
NOW = [problem(seed, opening_s=0.02 * (1 + seed)) for seed in range(COUNT)]
AFTER = [problem(100 + seed, opening_s=0.3 / (1 + seed)) for seed in range(COUNT)]
COST = np.linspace(0.4, 2.0, COUNT)


@pytest.fixture(scope="module", autouse=True)
def networks():
    """The networks of these tests; they are compiled, so not where tests are collected."""
    global ACTOR, CRITICS
    ACTOR = new_actor(StructuredConfig(**SMALL), jax.random.key(0))
    CRITICS = jax.vmap(lambda key: init_weights(Critic(edge_width=4, station_width=8, sees_future=True), key))(
        jax.random.split(jax.random.key(1), 2)
    )


def stacked(problems):
    return jax.tree.map(lambda *each: np.stack(each), *[instance_of_problem(each) for each in problems])


BATCH = SlotTransitions(
    obs=stacked(NOW),
    host=np.random.default_rng(0).integers(0, 4, (COUNT, 9)).astype(np.int16),
    cost=COST.astype(np.float32),
    after=stacked(AFTER),
    source=np.zeros(COUNT, np.int8),
)


def unit_and_base(one):
    """The unit and what a cost is told above [s], in plain NumPy: an eighth of computing and opening in balance."""
    even_s = one.root_work.sum() ** 2 / (one.users * one.cpu.sum())
    opening_s = one.opening_s.mean()
    balanced = np.clip(np.sqrt(even_s * one.stations / opening_s), 1, one.stations)
    eight_s = even_s * one.stations / balanced + opening_s * balanced
    return eight_s / 8, one.comm_s.min(axis=1).mean() + eight_s


@jax.jit
def worth(instance, host):
    """(2,) what each critic says of hosts [unit]."""
    return jax.vmap(lambda critic: cost_of_hosts(critic, features(instance), host))(CRITICS)


@jax.jit
def decided(instance):
    logits = ACTOR(features(instance))
    action = Action(logits.opening, logits.score)
    return decode(action, instance.capacity, instance.comm_s, instance.active, False).host


def test_without_a_future_the_target_is_the_cost_above_its_base_in_units():
    expected = []
    for one, cost in zip(NOW, COST, strict=True):
        unit_s, base_s = unit_and_base(one)
        expected.append((cost - base_s) / unit_s)
    np.testing.assert_allclose(critic_targets(BATCH, None, None, 0.0), expected, rtol=1e-3, atol=1e-3)


def test_what_follows_counts_by_the_dearer_twin_in_seconds_and_discounted():
    gamma, expected, apart = 0.6, [], []
    for one, cost, after in zip(NOW, COST, AFTER, strict=True):
        (unit_s, base_s), (next_unit_s, _) = unit_and_base(one), unit_and_base(after)
        instance = instance_of_problem(after)
        twins = np.asarray(worth(instance, decided(instance)))
        apart.append(twins[0] - twins[1])
        assert abs(next_unit_s / unit_s - 1) > 0.02, "the units are the same"
        expected.append((cost - base_s + gamma * twins.max() * next_unit_s) / unit_s)
    assert min(apart) < -0.02 and max(apart) > 0.02, "one of the twins is never the dearer"
    found = jax.jit(critic_targets, static_argnums=3)(BATCH, ACTOR, CRITICS, gamma)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_all_critics_are_fitted_to_one_target_by_huber_loss():
    target = np.linspace(-6, 6, COUNT)
    errors = []
    for row, one in enumerate(NOW):
        errors.append(np.asarray(worth(instance_of_problem(one), BATCH.host[row].astype(np.int32))) - target[row])
    size = np.abs(errors)
    assert (size > 2).any() and (size < 2).any()
    huber = np.where(size <= 2, size**2 / 2, 2 * (size - 1))
    found = jax.jit(mean_critic_loss)(CRITICS, BATCH, target.astype(np.float32))
    assert float(found) == pytest.approx(huber.mean(), rel=1e-4)


SOURCE = BankSource(stacked(NOW), 4)


def started(**more):
    algorithm = StructuredMaddpg(StructuredConfig(**SMALL, **more))
    return algorithm, algorithm.start(jax.random.key(3), SOURCE)


def test_targets_follow_by_their_rate_towards_the_networks():
    algorithm, state = started(gamma=0.5, critics=2, target_rate=0.25)
    ahead = jax.tree.map(lambda each: each + 1.0, (state.actor, state.critics))
    state = state._replace(actor=ahead[0], critics=ahead[1])
    after = algorithm._followed(state)
    leaves = (jax.tree.leaves(each) for each in (state.targets, ahead, after))
    for slow, fast, moved in zip(*leaves, strict=True):
        np.testing.assert_allclose(moved, 0.75 * np.asarray(slow) + 0.25 * np.asarray(fast), rtol=1e-5, atol=1e-6)


def test_without_a_future_there_are_no_targets():
    algorithm, state = started(gamma=0.0)
    assert state.targets is None and algorithm._followed(state) is None and state.replay.entries.after is None


def test_noise_falls_evenly_to_the_share_that_stays():
    algorithm, _ = started(iterations=100, noise=2.0, noise_iterations_share=0.5, least_noise_share=0.1)
    found = [float(algorithm._noise(jnp.int32(at))) for at in (0, 10, 25, 44, 45, 46, 50, 99)]
    assert found == pytest.approx([2.0, 1.6, 1.0, 0.24, 0.2, 0.2, 0.2, 0.2], rel=1e-5)
