"""Branch and bound over associations on given stations, against all of them one by one."""

import itertools

import numpy as np
import pytest

from twinhop.placement.association import associate_best

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
    first = float(costs(comm, s, cpu, start[None])[0])
    bound, found, whole = associate_best(comm.copy(), s, cpu, start, first, ROOM * first, 20_000)
    assert whole
    assert bound <= cost.min() * (1 + 1e-12)
    assert bound >= cost.min() - 2 * ROOM * first
    assert found == pytest.approx(cost.min(), rel=2e-9)
    assert costs(comm, s, cpu, start[None])[0] == pytest.approx(found, rel=1e-12)


def test_few_nodes_give_a_weaker_bound_that_is_one():
    comm, s, cpu, host = case(1569)
    everything = np.array(list(itertools.product(range(cpu.size), repeat=s.size)))
    cost = costs(comm, s, cpu, everything)
    start = everything[cost.argmin()].astype(np.int64)
    bounds = [associate_best(comm.copy(), s, cpu, start, cost.min(), 0.0, nodes)[0] for nodes in (1, 3, 10, 100)]
    assert all(bound <= cost.min() * (1 + 1e-12) for bound in bounds)
    assert bounds == sorted(bounds)


def test_search_ends_when_asked_to():
    comm, s, cpu, host = case(1569)
    found = associate_best(comm, s, cpu, host.astype(np.int64), 9.0, 0.0, 10**9, lambda: True)
    assert found == (-np.inf, 9.0, False)
