"""`mdp_threshold`: the chain against counting, value iteration against linear algebra, and the threshold it gives."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_runs import decisions, hosts, run_at, run_of, walk

from twinhop.migration.distance_chain import DistanceChain
from twinhop.migration.policies.mdp_threshold import cheapest_within, iterate_values


def best_stationary(update_s, move_s, fixed_s, chain, discount):
    """The values of the best of all stationary policies, each evaluated by solving its linear equations."""
    bins, best = len(update_s), None
    for target in product(*(range(a + 1) for a in range(bins))):
        goes = np.array(target)
        cost = update_s[goes] + np.where(goes < np.arange(bins), fixed_s + move_s[np.arange(bins) - goes], 0.0)
        values = np.linalg.solve(np.eye(bins) - discount * chain[goes], cost)
        best = values if best is None else np.minimum(best, values)  # the best one is best in every state
    return best


def values_of(target, update_s, move_s, fixed_s, chain, discount):
    bins = len(target)
    cost = update_s[target] + np.where(target < np.arange(bins), fixed_s + move_s[np.arange(bins) - target], 0.0)
    return np.linalg.solve(np.eye(bins) - discount * chain[target], cost)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 0.9, 0.99]))
@settings(max_examples=60, deadline=None)
def test_value_iteration_against_all_stationary_policies(seed, discount):
    rng = np.random.default_rng(seed)
    update_s, move_s = np.sort(rng.uniform(0, 1, (2, 5)), axis=1)
    move_s[0], fixed_s = 0.0, rng.uniform(0, 2)
    chain = rng.dirichlet(np.ones(5), 5)
    values = np.zeros((1, 5))
    target = iterate_values(update_s[None], move_s[None], fixed_s, chain, discount, values)[0]
    assert (target <= np.arange(5)).all()
    expected = best_stationary(update_s, move_s, fixed_s, chain, discount)
    np.testing.assert_allclose(values_of(target, update_s, move_s, fixed_s, chain, discount), expected, rtol=1e-4)


def test_near_twins_stay_and_far_ones_come():
    """On a line, one step either way: below a threshold nothing moves, above it everything does."""
    bins = 8
    chain = 0.5 * (np.eye(bins, k=1) + np.eye(bins, k=-1))
    chain[0, 0] = chain[-1, -1] = 0.5
    update_s, free = np.arange(bins) * 0.01, np.zeros(bins)
    target = iterate_values(update_s[None], free[None], 0.1, chain, 0.9, np.zeros((1, bins)))[0]
    moves = target < np.arange(bins)
    assert moves.any() and not moves[0] and np.array_equal(moves, np.sort(moves))
    assert (target[moves] == 0).all()  # the fixed cost alone counts: once it moves, it comes all the way


def test_the_chain_counts_every_step_for_every_host():
    run = run_at(walk(15, 6, step_m=200.0))
    chain = DistanceChain(run.hosts, np.empty((0, 6), np.int64), 5)
    slots = list(run)
    for situation in slots:
        chain.observe(situation)
    stations_m = run.hosts.xy_m
    apart_m = np.linalg.norm(stations_m[:, None] - stations_m[None], axis=2)
    width_m = apart_m.max() / 5
    counts = np.eye(5)
    for one, two in pairwise(slots):
        for here, there in zip(one.access, two.access, strict=True):
            for k in range(len(stations_m)):
                counts[min(int(apart_m[here, k] / width_m), 4), min(int(apart_m[there, k] / width_m), 4)] += 1
    np.testing.assert_allclose(chain.transitions(), counts / counts.sum(axis=1, keepdims=True), rtol=1e-12)


def test_what_was_seen_before_the_run_counts_alike():
    run = run_at(walk(15, 6, step_m=200.0))
    slots = list(run)
    seen = DistanceChain(run.hosts, np.empty((0, 6), np.int64), 5)
    for situation in slots:
        seen.observe(situation)
    told = DistanceChain(run.hosts, np.array([situation.slot.access for situation in slots]), 5)
    assert np.array_equal(seen.transitions(), told.transitions())


@pytest.mark.parametrize("world", ["plain", "cloud"])
def test_wires_get_longer_with_distance(world):
    run = run_of(world)
    chain = DistanceChain(run.hosts, np.empty((0, 24), np.int64), 6)
    mean_s = chain.mean_wire_s(run.hosts.updates)
    assert mean_s.shape == (len(run.hosts.updates.unit_s), 6)
    assert (np.diff(mean_s[:, :5], axis=1) > 0).all()


def test_the_cheapest_host_within_reach_of_those_with_room():
    bins, target = np.array([[2, 1, 0, 0]]), np.array([[0, 1, 0]])
    move_s, up = np.array([[0.0, 0.1, 0.3, 0.2]]), np.ones(4, bool)
    before, room = np.array([0]), np.array([1, 1, 1, 1])
    assert cheapest_within(before, bins, target, move_s, up, up, room).tolist() == [3]
    assert cheapest_within(before, bins, target, move_s, up, up, np.array([1, 1, 1, 0])).tolist() == [2]
    assert cheapest_within(before, bins, target, move_s, np.array([True, True, False, False]), up, room).tolist() == [0]
    assert cheapest_within(before, bins, target, move_s, up, ~up, room).tolist() == [-1]


def test_free_moves_follow_and_dear_ones_stay():
    xy_m = walk(15, 12, step_m=200.0)
    free = (
        "objective: {deadlines: false}\nmigration: {move_s: 0, opening_s: 0}\nbackhaul: {latency_s_per_bit_m: 1.0e-10}"
    )
    dear = "objective: {deadlines: false}\nmigration: {move_s: 100}"
    assert np.array_equal(hosts(run_at(xy_m, extra=dear), "mdp_threshold"), hosts(run_at(xy_m, extra=dear), "stay"))
    moved = [int(outcome.moved.sum()) for outcome in decisions(run_at(xy_m, extra=free), "mdp_threshold:horizon=1000")]
    assert sum(moved) > 10


def test_opened_hosts_only():
    run = run_at(walk(15, 12, step_m=200.0), extra="objective: {deadlines: false}\nmigration: {move_s: 0.0001}")
    first, *others = decisions(run, "mdp_threshold:hosts=opened:horizon=1000")
    opened = set(first.host.tolist())
    assert any(outcome.moved.any() for outcome in others)
    assert all(set(outcome.host.tolist()) <= opened for outcome in others)
