"""Stations opened at reduced costs, and the penalties of the other state, against every set of stations."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.kernels.opening import choose_open, least_openings, opened_stations, switching_penalties


def cases(seed, stations=6):
    """Reduced costs, forced states and a range of numbers of stations, drawn anew."""
    rng = np.random.default_rng(seed)
    reduced = np.round(rng.normal(0.0, 2.0, stations), 3) + 1e-6 * np.arange(stations)
    reduced[rng.random(stations) < 0.1] = np.inf
    forced = rng.choice([0, 0, 0, 1, -1], stations)
    forced[np.isinf(reduced)] = -1
    fewest = int(rng.integers(0, stations))
    return reduced, forced, fewest, int(rng.integers(max(fewest, 1), stations + 1))


def least(reduced, forced, fewest, most):
    """The least sum of reduced costs over every set of stations that may be open, and the set."""
    best, chosen = np.inf, None
    for opened in itertools.product([False, True], repeat=reduced.size):
        opened = np.array(opened)
        if not fewest <= opened.sum() <= most or (opened & (forced == -1)).any() or (~opened & (forced == 1)).any():
            continue
        if (value := reduced[opened].sum()) < best:
            best, chosen = value, opened
    return best, chosen


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_stations_opened_are_the_cheapest_set(seed):
    reduced, forced, fewest, most = cases(seed)
    best, expected = least(reduced, forced, fewest, most)
    chosen = np.zeros(reduced.size, bool)
    assert choose_open(reduced, forced, fewest, most, chosen) == pytest.approx(best, abs=1e-12)
    if expected is not None:
        assert chosen.tolist() == expected.tolist()
        assert opened_stations(reduced, forced, fewest, most).tolist() == expected.tolist()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_penalties_are_what_the_other_state_costs(seed):
    reduced, forced, fewest, most = cases(seed)
    best, opened = least(reduced, forced, fewest, most)
    if opened is None:
        return
    penalty = switching_penalties(reduced, forced, opened, fewest, most)
    for k in range(reduced.size):
        other = forced.copy()
        other[k] = -1 if opened[k] else 1
        expected = least(reduced, other, fewest, most)[0] - best if forced[k] == 0 else np.inf
        assert penalty[k] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_many_slots_at_once_are_each_slot(seed):
    rng = np.random.default_rng(seed)
    reduced, fewest = rng.normal(0.0, 1.0, (5, 4)), rng.integers(0, 5, 5)
    reduced[rng.random(reduced.shape) < 0.2] = np.inf
    for row, count, found in zip(reduced, fewest, least_openings(reduced, fewest), strict=True):
        value = choose_open(row, np.zeros(4, np.int64), count, 4, np.zeros(4, bool))
        assert found.sum() == pytest.approx(value, abs=1e-12)
