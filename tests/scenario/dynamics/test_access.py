"""Access stations by event A3, against a plain loop and against the function of one step."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.network import access_by_signal
from twinhop.scenario.dynamics.access import AccessState


def run(score, hysteresis, slots_to_trigger, active=None, up=None):
    """The access stations (T, N) of scores (T, N, M)."""
    slots, users, stations = score.shape
    active = np.ones((slots, users), bool) if active is None else active
    up = np.ones((slots, stations), bool) if up is None else up
    with ThreadPoolExecutor(1) as threads:
        state = AccessState(users, stations, hysteresis, slots_to_trigger, threads)
        return np.array([state.advance(score[t].astype(np.float32), active[t], up[t]) for t in range(slots)])


def oracle(score, hysteresis, slots_to_trigger, active, up):
    """The same, written from the definition: looks back at the slots since the user was attached."""
    slots, users, stations = score.shape
    found = np.full((slots, users), -1)
    for user in range(users):
        since = 0
        for t in range(slots):
            held = found[t - 1, user] if t else -1
            working = np.flatnonzero(up[t])
            if not active[t, user] or not working.size:
                continue
            if held < 0 or not up[t, held]:
                found[t, user] = min(working, key=lambda j: (score[t, user, j], j))
                since = t + 1
                continue
            first = t - slots_to_trigger + 1
            ready = [
                j
                for j in working
                if first >= since
                and all(up[s, j] and score[s, user, j] < score[s, user, held] - hysteresis for s in range(first, t + 1))
            ]
            found[t, user] = min(ready, key=lambda j: (score[t, user, j], j)) if ready else held
            since = t + 1 if ready else since
    return found


@given(st.integers(0, 10_000), st.sampled_from([0.0, 2.0, 3.5]), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_against_the_definition(seed, hysteresis, slots_to_trigger):
    rng = np.random.default_rng(seed)
    score = np.round(np.cumsum(rng.normal(0, 2, (25, 4, 5)), axis=0)) + 100  # whole numbers: ties happen
    active, up = rng.random((25, 4)) > 0.1, rng.random((25, 5)) > 0.1
    expected = oracle(score, hysteresis, slots_to_trigger, active, up)
    assert np.array_equal(run(score, hysteresis, slots_to_trigger, active, up), expected)


def test_without_time_to_trigger_it_is_the_function_of_one_step():
    rng = np.random.default_rng(1)
    loss_db = 100 + np.cumsum(rng.normal(0, 2, (30, 50, 6)), axis=0)
    found, previous = run(loss_db, 3.0, 1), None
    for t in range(30):
        gain = 10 ** (-loss_db[t].astype(np.float32).astype(float) / 10)
        previous = access_by_signal(gain, previous, 3.0)
        assert np.array_equal(found[t], previous)


def test_a_station_that_is_better_for_too_short_takes_nobody_over():
    score = np.array([[10.0, 20.0], [10, 1], [10, 1], [10, 20], [10, 1], [10, 1], [10, 1]])[:, None, :]
    assert run(score, 3.0, 3)[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_a_station_that_fails_loses_its_users_at_once_and_none_is_left_when_all_fail():
    score = np.tile(np.array([1.0, 2.0, 3.0]), (4, 1, 1))
    up = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 0], [1, 1, 1]], bool)
    assert run(score, 3.0, 5, up=up)[:, 0].tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize("stations", [1, 2])
def test_an_absent_user_has_no_station_and_starts_anew(stations):
    score = np.zeros((3, 1, stations))
    active = np.array([[True], [False], [True]])
    assert run(score, 0.0, 1, active=active)[:, 0].tolist() == [0, -1, 0]
