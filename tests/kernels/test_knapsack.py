"""The 0/1 knapsack against all sets, and its bound where the search is cut short."""

import numpy as np
import pytest

from twinhop.kernels.knapsack import NODES, most_within


def best_set(worth, weight, room):
    """The most that any set within the room adds up to, by looking at all of them."""
    sets = (np.arange(2**worth.size)[:, None] >> np.arange(worth.size)) & 1
    return np.where(sets @ weight <= room * (1 + 1e-12), sets @ worth, -np.inf).max()


def draw(kind, rng, users):
    """Worths and weights: unrelated whole numbers with zeros, fractions, correlated, the same."""
    if kind == "whole":
        return rng.integers(-5, 30, users).astype(float), rng.integers(0, 20, users).astype(float)
    if kind == "fractions":
        return rng.normal(0.3, 1, users), rng.random(users)
    weight = rng.integers(1, 100, users).astype(float)
    return (weight + 10 if kind == "correlated" else weight.copy()), weight


@pytest.mark.parametrize("kind", ["whole", "fractions", "correlated", "same"])
def test_it_is_the_best_of_all_sets(kind):
    rng = np.random.default_rng(7)
    for _ in range(200):
        worth, weight = draw(kind, rng, int(rng.integers(1, 13)))
        room = float(np.floor(rng.random() * weight.sum())) if kind != "fractions" else rng.random() * weight.sum()
        taken = np.empty(worth.size)
        value, rate = most_within(worth, weight, room, taken)
        assert value == pytest.approx(best_set(worth, weight, room), abs=1e-9)
        assert set(taken.tolist()) <= {0.0, 1.0} and taken @ weight <= room * (1 + 1e-9)
        assert taken @ worth == pytest.approx(value, abs=1e-9)
        divided = room * rate + np.maximum(worth - rate * weight, 0).sum()
        assert value <= divided + 1e-9


def test_a_search_cut_short_bounds_from_above():
    """Strongly correlated, far more than the nodes; dynamic programming has the value."""
    rng = np.random.default_rng(3)
    weight = rng.integers(500, 1000, 80).astype(float) * 2
    worth, room = weight + 200, 30_001.0
    taken = np.empty(80)
    value, rate = most_within(worth, weight, room, taken)
    best = np.zeros(int(room) + 1)
    for w, p in zip(weight.astype(int), worth, strict=True):
        best[w:] = np.maximum(best[w:], best[:-w] + p)
    assert NODES < 10_000 and taken @ weight <= room
    assert taken @ worth <= best[-1] <= value + 1e-9
    assert value <= room * rate + np.maximum(worth - rate * weight, 0).sum() + 1e-6
