"""Prices of runs against plain loops, and what they count as violated."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_runs import BruteForce, least_computing, medium_run, tiny_run

from twinhop.kernels.shares import least_computing as shared_computing
from twinhop.migration.offline import price
from twinhop.network import computing_latency_s, water_fill_shares


@pytest.mark.parametrize("start", range(0, 100, 50))
def test_price_agrees_with_plain_loops(start):
    compared = 0
    for seed in range(start, start + 50):
        problem, rng = tiny_run(seed), np.random.default_rng(seed)
        oracle = BruteForce(problem)
        for _ in range(20):
            host = rng.integers(0, problem.hosts, problem.visits)
            found, expected = price(problem, host), oracle.cost(tuple(host.tolist()))
            assert (found.violations == 0) == np.isfinite(expected), f"seed {seed}"
            if found.violations == 0:
                assert found.cost == pytest.approx(expected, rel=1e-12), f"seed {seed}"
                compared += 1
    assert compared > 100


def test_terms_add_up_and_moves_are_counted():
    problem = medium_run(1)
    host = np.zeros(problem.visits, np.int64)
    still = price(problem, host)
    host[problem.first[3] + 2] = 1
    moved = price(problem, host)
    assert still.moves == 0
    assert still.moves_s == 0.0
    assert moved.moves == 2  # there and back
    for cost in (still, moved):
        terms = cost.communication_s + cost.computing_s + cost.moves_s + cost.opening_s + cost.energy
        assert cost.cost == pytest.approx(terms, rel=1e-15)


def test_absence_costs_nothing():
    problem = medium_run(1)
    user = int(np.flatnonzero(np.diff(problem.first) < problem.slots)[0])  # absent at least once
    host = np.zeros(problem.visits, np.int64)
    host[problem.first[user] : problem.first[user + 1]] = 2
    assert price(problem, host).moves == 0


def test_first_host_is_moved_from():
    problem = medium_run(1)
    host = np.zeros(problem.visits, np.int64)
    started = replace(problem, start=np.where(np.arange(problem.users) < 3, 2, -1))
    found = price(started, host)
    wired = problem.moves.between(np.arange(3), np.full(3, 2), np.zeros(3, np.int64))
    weight = problem.weight[problem.slot[problem.first[:3]]]
    assert found.moves == 3
    assert found.moves_s == pytest.approx(weight @ (problem.move_fixed_s + wired) / problem.slots, rel=1e-12)


def test_violations_are_counted():
    problem = medium_run(2, seats=15)
    host = np.zeros(problem.visits, np.int64)
    served = np.bincount(problem.slot)
    assert price(problem, host).surplus == (served - 15).clip(0).sum() > 0
    tight = replace(problem, capacity=problem.capacity + 5, floor=np.full(problem.comm_s.shape, 1e9))
    cpu = problem.cpu[:, 0]
    assert price(tight, host).late == served[served * 1e9 > cpu].sum() > 0
    cut = problem.comm_s.copy()
    cut[7, 0] = np.inf
    assert price(replace(problem, comm_s=cut), host).forbidden == 1


def water_filled(root_work, floor, count, cpu):
    return shared_computing(root_work, floor, count, root_work.sum(), floor.sum(), cpu)[0]


def test_water_filling_against_two_others():
    rng = np.random.default_rng(5)
    for _ in range(300):
        n, cpu = int(rng.integers(1, 7)), rng.uniform(1.0, 10.0)
        root_work = rng.uniform(0.0, 2.0, n) * (rng.random(n) < 0.9)
        floor = rng.uniform(0.0, 2.5, n) * cpu / n * (rng.random(n) < 0.7)
        found = water_filled(root_work, floor, n, cpu)
        if floor.sum() > cpu:
            assert found == np.inf
            continue
        share = water_fill_shares(root_work, floor, cpu)
        assert found == pytest.approx(computing_latency_s(root_work**2, share).sum(), rel=1e-9)
        assert found == pytest.approx(least_computing(root_work.tolist(), floor.tolist(), cpu), rel=1e-9)


def test_minimum_shares_that_just_fit():
    root_work, floor = np.array([1.0, 2.0]), np.array([0.1, 0.2]) * (1 + 1e-10)
    assert water_filled(root_work, floor, 2, floor.sum() / (1 + 5e-10)) == pytest.approx(10 + 20, rel=1e-6)
    assert water_filled(root_work, floor, 2, floor.sum() / (1 + 5e-9)) == np.inf
