"""Shortest paths against a plain dynamic program over all pairs of hosts."""

import numpy as np
import pytest
from tiny_runs import medium_run

from twinhop.migration.offline.paths import shortest_path
from twinhop.migration.offline.run_arrays import NOWHERE, make_run_arrays


def plain_shortest(cost, move, origin, target, last_move):
    """The least cost by trying every pair of hosts at every visit; ``move`` (n, K, K) of arriving at each visit."""
    visits, hosts = cost.shape
    reached = [cost[0, k] + (0.0 if origin == NOWHERE else move[0, origin, k]) for k in range(hosts)]
    for v in range(1, visits):
        reached = [cost[v, k] + min(reached[j] + move[v, j, k] for j in range(hosts)) for k in range(hosts)]
    return min(reached[k] + (0.0 if target == NOWHERE else last_move[k, target]) for k in range(hosts))


def path_length(path, cost, move, origin, target, last_move):
    total = sum(cost[v, k] for v, k in enumerate(path))
    total += sum(move[v, path[v - 1], path[v]] for v in range(1, len(path)))
    total += 0.0 if origin == NOWHERE else move[0, origin, path[0]]
    return total + (0.0 if target == NOWHERE else last_move[path[-1], target])


def move_costs(instance, i, visits):
    """(n, K, K) costs of moves to each of some visits."""
    weight, fixed = instance.weight[instance.slot[visits]], instance.fixed[visits]
    cost = fixed[:, None, None] + weight[:, None, None] * instance.scale[i] * instance.unit[instance.group[i]]
    return np.where(np.eye(cost.shape[1], dtype=bool), 0.0, cost)


@pytest.mark.parametrize("own_tables", [False, True])
@pytest.mark.parametrize("spread", [0.001, 0.05, 2.0])
@pytest.mark.parametrize("forbidden", [0.0, 0.3])
def test_shortest_paths_are_shortest(own_tables, spread, forbidden):
    rng = np.random.default_rng(int(own_tables) + int(1e4 * spread) + int(10 * forbidden))
    instance = make_run_arrays(medium_run(0, own_tables=own_tables))
    assert instance.has_shortcuts == own_tables
    instance = instance._replace(fixed=instance.fixed + rng.uniform(0.0, 0.02, instance.fixed.shape))  # energy of moves
    hosts = instance.cpu.shape[1]
    for i in range(instance.first.size - 1):
        begin, end = instance.first[i], instance.first[i + 1]
        for part_begin, part_end in ((begin, end), (begin + 1, end - 1), (end - 1, end)):
            if part_end <= part_begin:
                continue
            n = part_end - part_begin
            cost = rng.uniform(0.0, spread, (n, hosts))
            cost[rng.random(cost.shape) < forbidden] = np.inf
            cost[:, 0] = np.minimum(cost[:, 0], spread)  # always a way
            origin = NOWHERE if part_begin == begin else int(rng.integers(hosts))
            target = NOWHERE if part_end == end else int(rng.integers(hosts))
            move = move_costs(instance, i, np.arange(part_begin, part_end))
            after = move_costs(instance, i, np.array([min(part_end, end - 1)]))[0]
            expected = plain_shortest(cost, move, origin, target, after)
            path, arrived = np.empty(n, np.int64), np.empty((n, hosts))
            value = shortest_path(instance, part_begin, origin, target, cost.copy(), arrived, path)
            assert value == pytest.approx(expected, rel=1e-12)
            assert path_length(path, cost, move, origin, target, after) == pytest.approx(expected, rel=1e-12)


def test_user_without_visits():
    instance = make_run_arrays(medium_run(0))
    nodes, path = np.empty((0, 6)), np.empty(0, np.int64)
    assert shortest_path(instance, 0, NOWHERE, NOWHERE, nodes, nodes, path) == 0.0
