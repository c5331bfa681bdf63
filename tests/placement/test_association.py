"""Associations on given stations by branch and bound: against brute force, and its root against another method."""

import itertools

import numpy as np
import pytest

from twinhop.placement.association import associate_best


def instance(seed, users=None, stations=None, forbidden=0.0):
    rng = np.random.default_rng(seed)
    users = users or int(rng.integers(1, 8))
    stations = stations or int(rng.integers(1, 5))
    comm = rng.uniform(0.01, 1.0, (users, stations))
    hidden = rng.random((users, stations)) < forbidden
    hidden[:, 0] = False
    comm = np.where(hidden, np.inf, comm)
    s = np.sqrt(rng.uniform(1e8, 2e9, users))
    if seed % 4 == 0:
        s[rng.random(users) < 0.3] = 0.0
    if seed % 3 == 0:
        comm = np.round(comm, 1)  # ties
    return comm, s, rng.uniform(2e9, 24e9, stations)


def cost_of(comm, s, cpu, host):
    load = np.bincount(host, s, minlength=cpu.size)
    return comm[np.arange(s.size), host].sum() + (load**2 / cpu).sum()


def brute_force(comm, s, cpu):
    hosts = itertools.product(range(cpu.size), repeat=s.size)
    return min(cost_of(comm, s, cpu, np.array(host)) for host in hosts)


def run(comm, s, cpu, nodes, room=0.0):
    host = np.zeros(s.size, np.int64)
    start = cost_of(comm, s, cpu, host)
    bound, cost, spent = associate_best(comm, s, cpu, host, start, room, nodes)
    return bound, cost, spent, host


@pytest.mark.parametrize("seed", range(80))
def test_it_is_brute_force_with_nodes_enough(seed):
    comm, s, cpu = instance(seed, forbidden=0.3 if seed % 2 else 0.0)
    optimum = brute_force(comm, s, cpu)
    bound, cost, spent, host = run(comm, s, cpu, nodes=100_000, room=1e-9 * optimum)
    assert spent < 100_000
    assert cost == pytest.approx(optimum, rel=2e-9)
    assert cost_of(comm, s, cpu, host) == pytest.approx(cost, rel=1e-12)
    assert optimum * (1 - 2e-9) <= bound <= optimum * (1 + 1e-11)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5, 8, 20])
@pytest.mark.parametrize("seed", range(100, 125))
def test_bound_and_cost_enclose_the_optimum_at_any_number_of_nodes(seed, nodes):
    comm, s, cpu = instance(seed, users=7, stations=4, forbidden=0.2)
    optimum = _optimum(seed)
    bound, cost, spent, host = run(comm, s, cpu, nodes)
    assert spent <= nodes
    assert bound <= optimum * (1 + 1e-11)
    assert cost >= optimum * (1 - 1e-11)
    assert cost_of(comm, s, cpu, host) == pytest.approx(cost, rel=1e-12)


OPTIMA = {}


def _optimum(seed):
    if seed not in OPTIMA:
        OPTIMA[seed] = brute_force(*instance(seed, users=7, stations=4, forbidden=0.2))
    return OPTIMA[seed]


@pytest.mark.parametrize("room", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("seed", range(100, 110))
def test_room_is_what_it_may_miss_by(seed, room):
    comm, s, cpu = instance(seed, users=7, stations=4, forbidden=0.2)
    optimum = _optimum(seed)
    bound, cost, *_ = run(comm, s, cpu, 100_000, room)
    assert optimum * (1 - 1e-11) <= cost <= optimum + room * (1 + 1e-9)
    assert cost - room <= bound * (1 + 1e-11) and bound <= optimum * (1 + 1e-11)


def test_it_never_returns_worse_hosts():
    comm, s, cpu = instance(7, users=40, stations=5)
    host = (comm + s[:, None] ** 2 / cpu).argmin(axis=1)
    before = cost_of(comm, s, cpu, host)
    bound, cost, _ = associate_best(comm, s, cpu, host, before, 0.0, 50)
    assert bound <= cost <= before
    assert cost_of(comm, s, cpu, host) == pytest.approx(cost, rel=1e-12)


def relaxed(comm, s, cpu, rounds=20_000):
    """The relaxation by Frank and Wolfe with exact steps, as lower and upper value: shares no step with the code."""
    share = np.zeros(comm.shape)
    share[np.arange(s.size), comm.argmin(axis=1)] = 1.0
    finite = np.where(np.isfinite(comm), comm, 1e6)
    lower = -np.inf
    for _ in range(rounds):
        load = s @ share
        slope = finite + 2 * load / cpu * s[:, None]
        corner = np.zeros(comm.shape)
        corner[np.arange(s.size), slope.argmin(axis=1)] = 1.0
        value = (finite * share).sum() + (load**2 / cpu).sum()
        fall = (slope * (share - corner)).sum()
        lower = max(lower, value - fall)
        turn = s @ (corner - share)
        curve = 2 * (turn**2 / cpu).sum()
        if fall <= 1e-7 * value or curve == 0:
            break
        share += min(1.0, fall / curve) * (corner - share)
    return lower, value


@pytest.mark.parametrize("seed", [1, 2, 5, 7, 9, 10])
def test_the_root_is_the_convex_relaxation(seed):
    comm, s, cpu = instance(seed, users=12, stations=3, forbidden=0.2)
    lower, upper = relaxed(comm, s, cpu)
    bound, *_ = run(comm, s, cpu, nodes=1)
    assert upper - lower < 1e-3 * upper
    assert bound <= upper * (1 + 1e-9)
    assert bound >= lower - 1e-3 * upper
