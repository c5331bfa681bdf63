import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

jax = pytest.importorskip("jax")

from small_instances import problem  # noqa: E402

from twinhop.env.core import Action  # noqa: E402
from twinhop.env.core.decode import decode as env_decode  # noqa: E402
from twinhop.inference import decoded  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.instance import instance_cost  # noqa: E402

rule = jax.jit(env_decode, static_argnames="is_capacitated")
cost_of = jax.jit(instance_cost)
SEEDS = st.integers(0, 2**16)


def logits(seed, one):
    rng = np.random.default_rng(seed)
    return rng.normal(size=one.stations).astype(np.float32), rng.normal(size=one.comm_s.T.shape).astype(np.float32)


def cost(instance, host):
    return float(cost_of(instance, host))


@given(SEEDS, st.sampled_from([None, 3, 5]))
@settings(max_examples=25, deadline=None)
def test_argmax_is_the_rule_of_the_environment(seed, capacity):
    one = problem(seed, capacity=capacity)
    instance, (opening, score) = instance_of_problem(one), logits(seed, one)
    by_rule = rule(Action(opening, score), instance.capacity, instance.comm_s, instance.active, is_capacitated=True)
    assert decoded(opening, score, instance, "argmax").tolist() == by_rule.host.tolist()


@given(SEEDS, st.sampled_from([None, 3, 5]), st.sampled_from([0.0, 0.4]))
@settings(max_examples=25, deadline=None)
def test_each_stage_costs_no_more_than_the_one_before_and_keeps_capacities(seed, capacity, forbidden):
    one = problem(seed, capacity=capacity, forbidden=forbidden)
    instance, (opening, score) = instance_of_problem(one), logits(seed, one)
    stages = [("argmax", 0), ("calibrated", 0), ("calibrated", 1), ("calibrated", 5)]
    hosts = [decoded(opening, score, instance, how, moves) for how, moves in stages]
    costs = [cost(instance, host) for host in hosts]
    assert all(later <= earlier * (1 + 1e-6) for earlier, later in zip(costs[:-1], costs[1:], strict=True))
    if forbidden == 0.0:  # else there may be no seat that is allowed
        assert np.isfinite(costs[0])
        assert (np.bincount(hosts[-1], minlength=one.stations) <= one.capacity).all()


def test_calibration_gives_each_station_the_load_that_its_scores_promise():
    one = problem(5, users=200, stations=3, opening_s=0.0)
    instance = instance_of_problem(one)._replace(comm_s=np.full((3, 200), 0.5, np.float32))
    noise = 0.3 * np.random.default_rng(0).normal(size=(3, 200))
    score = (np.log(one.cpu)[:, None] + noise).astype(np.float32)  # loads by CPU are the best ones here
    promised = np.exp(score) / np.exp(score).sum(axis=0) @ one.root_work
    hosts = decoded(np.ones(3, np.float32), score, instance, "calibrated")
    won = np.bincount(hosts, one.root_work, 3)
    assert abs(won - promised).max() < 0.03 * promised.sum()


def test_one_move_is_the_best_of_all():
    one = problem(8)
    instance, (opening, score) = instance_of_problem(one), logits(8, one)
    host = decoded(opening, score, instance, "argmax")
    neighbours = []
    for user in range(one.users):
        for station in range(one.stations):
            other = host.copy()
            other[user] = station
            neighbours.append(cost(instance, other))
    moved = decoded(opening, score, instance, "argmax", 1)
    assert cost(instance, moved) == pytest.approx(min(neighbours), rel=1e-6)
    assert (moved != host).sum() == 1


def test_without_an_open_station_the_likeliest_opens():
    one = problem(2)
    opening = np.array([-3.0, -1.0, -2.0, -4.0], np.float32)
    assert set(decoded(opening, logits(0, one)[1], instance_of_problem(one), "calibrated")) == {1}
