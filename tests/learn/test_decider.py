"""The actor outside JAX, which decides, asks for what the actor in JAX asks for, which is trained."""

import functools

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from small_instances import problem  # noqa: E402

from twinhop.inference import Decider, decoded  # noqa: E402
from twinhop.inference.checkpoint import open_checkpoint  # noqa: E402
from twinhop.inference.forward import Forward, exponential  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.inference.policy import SHIPPED, decider_of  # noqa: E402
from twinhop.inference.rule import highest  # noqa: E402
from twinhop.learn.checkpoint import load_weights  # noqa: E402
from twinhop.learn.instance import instance_cost, padded  # noqa: E402
from twinhop.learn.structured import StructuredConfig, new_actor  # noqa: E402
from twinhop.learn.structured.features import features  # noqa: E402

cost_of = jax.jit(instance_cost)


@jax.jit
def logits_in_jax(weights, instance):
    """Opening logits (M,) and scores (M, N) of the actor that is trained."""
    decision = weights(features(instance))
    return decision.opening, decision.score


def hosts_by_jax(weights, instance, decode="calibrated", local_moves=0):
    """Hosts by the logits of the actor that is trained."""
    return decoded(*map(np.asarray, logits_in_jax(weights, instance)), instance, decode, local_moves)


def noisy(config, seed=0):
    """An actor none of whose weights is nought, and that asks for this and that."""
    rng = np.random.default_rng(seed)
    weights = new_actor(config, jax.random.key(seed))
    return jax.tree.map(lambda leaf: np.asarray(leaf + 0.2 * rng.normal(size=leaf.shape), np.float32), weights)


SMALL = StructuredConfig(node_width=8, edge_width=4, rounds=1)
ODD = StructuredConfig(node_width=7, edge_width=3, rounds=3)


@functools.cache
def small_actor():
    return noisy(SMALL)


def shipped():
    checkpoint = open_checkpoint(SHIPPED)
    constants = checkpoint.configuration.get("structured") or {}
    return load_weights(checkpoint, new_actor(StructuredConfig.model_validate(constants), jax.random.key(0)))


def assert_asks_alike(weights, instance):
    """To one part in 100,000 of the largest number."""
    for result, expected in zip(Forward(weights)(instance), logits_in_jax(weights, instance), strict=True):
        wanted = np.asarray(expected)
        possible = wanted > -1e8
        assert (result[~possible] == wanted[~possible]).all()
        assert result.shape == wanted.shape and result.dtype == wanted.dtype
        largest = max(1.0, np.abs(wanted[possible]).max(initial=0.0))
        np.testing.assert_allclose(result[possible], wanted[possible], rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize(("users", "stations"), [(1, 1), (9, 4), (16, 1), (33, 7), (100, 10)])
def test_the_same_numbers_at_any_size(users, stations):
    assert_asks_alike(small_actor(), instance_of_problem(problem(3, users, stations, capacity=users // 2 + 1)))


@pytest.mark.parametrize("config", [ODD, StructuredConfig(rounds=0), StructuredConfig()])
def test_the_same_numbers_for_weights_of_any_shape(config):
    assert_asks_alike(noisy(config, 1), instance_of_problem(problem(5)))


def plain():
    return instance_of_problem(problem(0))


UNUSUAL = {
    "forbidden arcs": lambda: instance_of_problem(problem(0, forbidden=0.5)),
    "a user that may be nowhere": lambda: plain()._replace(
        comm_s=np.where(np.arange(9) == 2, np.inf, plain().comm_s).astype(np.float32)
    ),
    "absent ones": lambda: padded(plain(), 12, 6),
    "absent ones in between": lambda: plain()._replace(
        active=np.arange(9) % 3 > 0, capacity=np.array([9, 0, 9, 9], np.int32)
    ),
    "openings for free": lambda: instance_of_problem(problem(0, opening_s=0.0)),
    "no work": lambda: plain()._replace(root_work=np.zeros(9, np.float32)),
    "few seats": lambda: instance_of_problem(problem(0, capacity=3)),
    "far stations": lambda: plain()._replace(comm_s=plain().comm_s * np.float32(50)),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_the_same_numbers_in_unusual_instances(case):
    assert_asks_alike(small_actor(), UNUSUAL[case]())


@pytest.mark.parametrize(("users", "stations"), [(100, 10), (200, 20), (1000, 50)])
def test_the_weights_of_the_package_ask_alike(users, stations):
    assert_asks_alike(shipped(), instance_of_problem(problem(1, users, stations)))


def test_the_exponential_is_exact_to_a_millionth():
    numbers = np.linspace(-80, 80, 2001).astype(np.float32)
    result = np.array([exponential(each) for each in numbers], np.float64)
    np.testing.assert_allclose(result, np.exp(numbers.astype(np.float64)), rtol=1e-5)
    near = np.abs(numbers) <= 2
    np.testing.assert_allclose(result[near], np.exp(numbers[near].astype(np.float64)), rtol=1e-6)
    assert exponential(np.float32(-1e9)) < 1e-37 and np.isfinite(exponential(np.float32(1e9)))


def test_the_first_of_equal_scores_wins_in_either_integer():
    score = np.random.default_rng(0).integers(0, 3, (5, 40)).astype(np.float32)
    opened, bias = np.array([False, True, True, False, True]), np.array([0, 0, 1, 0, 0], np.float32)
    expected = np.where(opened[:, None], score + bias[:, None], -np.inf).argmax(axis=0)
    for kind in (np.int64, np.int32):
        host = np.zeros(40, kind)
        highest(score, bias, opened, host)
        assert host.tolist() == expected.tolist()


@pytest.mark.parametrize(("users", "stations", "capacity"), [(100, 10, None), (60, 6, 14), (9, 4, None)])
def test_the_same_hosts_as_with_jax(users, stations, capacity):
    weights, decider = shipped(), decider_of(SHIPPED)
    differing = 0
    for seed in range(40):
        instance = instance_of_problem(problem(seed, users, stations, capacity=capacity))
        for how, moves in (("argmax", 0), ("calibrated", 0), ("calibrated", 10)):
            ours, theirs = decider(instance, how, moves), hosts_by_jax(weights, instance, how, moves)
            # Where two scores are equal up to rounding, calibration may go another way, in JAX's programs too.
            differing += not (ours == theirs).all()
            assert float(cost_of(instance, ours)) == pytest.approx(float(cost_of(instance, theirs)), rel=5e-3)
    assert differing <= 6


def test_instances_of_other_arrays_are_decided_alike():
    instance = instance_of_problem(problem(4, capacity=3, forbidden=0.2))
    hosts = Decider(small_actor())(instance, "calibrated", 2)
    other = jax.tree.map(np.asfortranarray, instance)._replace(capacity=instance.capacity.astype(np.int64))
    for each in other:
        each.flags.writeable = False
    assert hosts.dtype == np.int64
    assert hosts.tolist() == hosts_by_jax(small_actor(), instance, "calibrated", 2).tolist()
    assert hosts.tolist() == Decider(small_actor())(other, "calibrated", 2).tolist()


def test_absent_users_and_stations_change_no_decision():
    instance = instance_of_problem(problem(4))
    for how in ("argmax", "calibrated"):
        assert (
            Decider(small_actor())(padded(instance, 12, 6), how, 3)[:9].tolist()
            == Decider(small_actor())(instance, how, 3).tolist()
        )


def test_nobody_is_placed_nowhere():
    instance = instance_of_problem(problem(4, users=1))
    nobody = instance._replace(
        comm_s=instance.comm_s[:, :0], root_work=instance.root_work[:0], active=instance.active[:0]
    )
    assert decider_of(SHIPPED)(nobody).size == 0
