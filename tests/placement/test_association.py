"""Branch and bound over associations on given stations, against all of them one by one."""

import itertools

import numpy as np
import pytest

from twinhop.placement.association import Associations
from twinhop.placement.best_subset import best_subset, divided_addition

#: Seeds that once went wrong: a bound above the optimum, one too low, an optimum missed.
ONCE_WRONG = (326, 761, 1569, 1630)
#: Associations worse than the best by less than this share of the first cost need not be found.
ROOM = 1e-9


def case(seed):
    """Latencies, root work and CPUs of a few users and stations, and a first association."""
    rng = np.random.default_rng(seed)
    users, stations = int(rng.integers(4, 11)), int(rng.integers(2, 5))
    if stations**users > 70_000:
        users = 8
    comm = rng.uniform(0, 1, (users, stations)) * rng.choice([0.01, 0.1, 1])
    if rng.random() < 0.3:
        comm = np.round(comm, 2)
    s = np.sqrt(rng.uniform(1e8, 2e9, users))
    cpu = rng.uniform(8e9, 24e9, stations) * rng.choice([0.1, 1, 1, 10])
    if rng.random() < 0.3:
        s[rng.integers(users)] = 0.0
    return comm, s, cpu, rng.integers(0, stations, users) if rng.random() < 0.5 else comm.argmin(axis=1)


def associations(comm, s, cpu, host, room, seats=None):
    seats = np.full(cpu.size, s.size) if seats is None else seats
    return Associations(comm, s, cpu, seats, host, comm.max(axis=1), room)


def costs(comm, s, cpu, hosts):
    """The cost of each row of hosts."""
    computing = sum(((hosts == k) @ s) ** 2 / cpu[k] for k in range(cpu.size))
    return comm[np.arange(s.size), hosts].sum(axis=1) + computing


@pytest.mark.parametrize("seed", [*range(40), *ONCE_WRONG])
@pytest.mark.parametrize("known", ["first", "best"])
def test_bound_and_association_are_the_best_of_all(seed, known):
    comm, s, cpu, host = case(seed)
    everything = np.array(list(itertools.product(range(cpu.size), repeat=s.size)))
    cost = costs(comm, s, cpu, everything)
    best = everything[cost.argmin()].astype(np.int64)
    start = best if known == "best" else host.astype(np.int64)
    room = ROOM * float(costs(comm, s, cpu, start[None])[0])
    bound, found = look_at_all(associations(comm, s, cpu, start, room), comm, s, cpu, start)
    assert bound <= cost.min() * (1 + 1e-12)
    assert bound >= cost.min() - 2 * room
    assert found == pytest.approx(cost.min(), rel=2 * ROOM)


def look_at_all(parts, comm, s, cpu, host, most=20_000):
    """The bound, and the cost of the best association on the way."""
    best = float(costs(comm, s, cpu, host[None])[0])
    while len(parts) and parts.looks < most:
        best = min(best, float(costs(comm, s, cpu, parts.look(best)[None])[0]))
    return parts.bound, best


def test_few_looks_give_a_weaker_bound_that_is_one():
    comm, s, cpu, host = case(1569)
    everything = np.array(list(itertools.product(range(cpu.size), repeat=s.size)))
    cost = costs(comm, s, cpu, everything)
    start = everything[cost.argmin()].astype(np.int64)
    bounds = []
    for most in (1, 2, 5, 50):
        bounds.append(look_at_all(associations(comm, s, cpu, start, 0.0), comm, s, cpu, start, most)[0])
    assert all(bound <= cost.min() * (1 + 1e-12) for bound in bounds)
    assert bounds == sorted(bounds)


def test_without_a_look_nothing_is_bounded():
    comm, s, cpu, host = case(1569)
    assert associations(comm, s, cpu, host.astype(np.int64), 0.0).bound == -np.inf


@pytest.mark.parametrize("seed", range(40))
def test_binding_seats_are_kept(seed):
    comm, s, cpu, _ = case(seed)
    s = np.maximum(s, 1e4)
    rng = np.random.default_rng(seed)
    seats = rng.multinomial(s.size, np.full(cpu.size, 1 / cpu.size)) + rng.integers(0, 2, cpu.size)
    everything = np.array(list(itertools.product(range(cpu.size), repeat=s.size)))
    within = np.array([(everything == k).sum(axis=1) <= seats[k] for k in range(cpu.size)]).all(axis=0)
    everything = everything[within].astype(np.int64)
    cost = costs(comm, s, cpu, everything)
    start = everything[0]
    room = ROOM * float(cost[0])
    parts, best = associations(comm, s, cpu, start, room, seats), float(cost[0])
    while len(parts) and parts.looks < 20_000:
        found = parts.look(best)
        if (np.bincount(found, minlength=cpu.size) <= seats).all():
            best = min(best, float(costs(comm, s, cpu, found[None])[0]))
    assert cost.min() - 2 * room <= parts.bound <= cost.min() * (1 + 1e-12)
    assert best == pytest.approx(cost.min(), rel=2 * ROOM)


@pytest.mark.parametrize("seed", range(60))
def test_best_subset_is_within_the_slack_of_the_best(seed):
    rng = np.random.default_rng(seed)
    users = int(rng.integers(1, 12))
    worth, s = rng.normal(0.3, 1, users), rng.uniform(0.2, 1.5, users)
    if rng.random() < 0.3:
        worth = np.round(worth, 1)
    cpu, slack = float(rng.uniform(0.5, 8)), float(rng.choice([0.0, 0.01, 0.3]))
    taken, seats = rng.random(users) < 0.5, int(rng.integers(0, users + 2))
    sets = np.array(list(itertools.product([False, True], repeat=users)))
    sets = sets[sets.sum(axis=1) <= seats]
    best = (sets @ worth - (sets @ s) ** 2 / cpu).max()
    bound = best_subset(worth, s, cpu, seats, slack, taken)
    assert taken.sum() <= seats
    value = worth[taken].sum() - s[taken].sum() ** 2 / cpu
    assert best - slack - 1e-12 <= value <= best + 1e-12
    assert best - 1e-12 <= bound <= best + slack + 1e-12


def test_best_subset_of_many_alike_ends_and_bounds():
    rng = np.random.default_rng(5)
    s = rng.uniform(0.9, 1.1, 60)
    worth = 10.0 * s + rng.normal(0, 1e-3, 60)
    taken = np.zeros(60, bool)
    bound = best_subset(worth, s, 8.0, 60, 0.0, taken)
    value = worth[taken].sum() - s[taken].sum() ** 2 / 8.0
    assert value <= bound <= divided_addition(np.argsort(-worth / s), worth, s, 8.0, 0, 0.0) + 1e-12
