"""Arrivals and departures against the process in continuous time."""

import math
from itertools import islice

import numpy as np
import pytest
from mobility_cases import model, positions, track

from twinhop.scenario.mobility import Churn, ChurningPositions

CHURN = Churn(mean_present_s=300.0, mean_absent_s=100.0)


def presence(users, slots, slot_s, churn=CHURN, seed=3):
    """(slots, N) booleans."""
    churning = ChurningPositions(positions(model("static"), users, slot_s=slot_s), churn, seed)
    return np.stack([np.isfinite(xy_m).all(axis=1) for xy_m in islice(churning, slots)])


@pytest.mark.parametrize("slot_s", [1.0, 250.0])
def test_the_share_of_presence_is_stationary_whatever_the_slot(slot_s):
    found = presence(20_000, 4, slot_s)
    assert found.mean(axis=1) == pytest.approx([0.75] * 4, abs=4 * math.sqrt(0.75 * 0.25 / 20_000))


@pytest.mark.parametrize("slot_s", [10.0, 120.0])
def test_slots_are_samples_of_exponential_times(slot_s):
    """A walk in continuous time is sampled every slot: as many users change between two samples as with churn."""
    rng, users = np.random.default_rng(0), 20_000
    first = present = rng.random(users) < 0.75
    left_s = np.full(users, slot_s)
    while (left_s > 0).any():
        stay_s = rng.exponential(np.where(present, CHURN.mean_present_s, CHURN.mean_absent_s))
        present = np.where(stay_s < left_s, ~present, present)
        left_s = np.where(left_s > 0, left_s - stay_s, left_s)
        present = np.where(left_s <= 0, present, present)
    found = presence(users, 2, slot_s)
    error = 4 * math.sqrt(2 * 0.25 / users)
    assert (found[0] & ~found[1]).mean() == pytest.approx((first & ~present).mean(), abs=error)
    assert (~found[0] & found[1]).mean() == pytest.approx((~first & present).mean(), abs=error)


def test_churn_does_not_change_where_users_are():
    moved = positions(model("random_waypoint"), 200)
    churning = ChurningPositions(moved, CHURN, seed=1)
    assert churning.user_ids == moved.user_ids and churning.slots is None and churning.slot_s == moved.slot_s
    first, second = (np.stack(list(islice(churning, 30))) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    present = np.isfinite(first[..., 0])
    assert np.array_equal(first[present], track(model("random_waypoint"), 200, 30)[present])
    assert np.array_equal(np.isnan(first[..., 0]), np.isnan(first[..., 1])) and 0.5 < present.mean() < 0.95


def test_an_absent_row_of_a_trace_stays_absent():
    class Trace:
        user_ids, slot_s, slots = ("a", "b"), 1.0, 2

        def __iter__(self):
            return iter([np.array([[1.0, 2.0], [np.nan, np.nan]])] * 2)

    churning = ChurningPositions(Trace(), Churn(mean_present_s=1e12, mean_absent_s=1.0), seed=0)
    assert churning.slots == 2
    assert [np.isnan(xy_m).tolist() for xy_m in churning] == [[[False, False], [True, True]]] * 2


def test_nobody():
    assert presence(0, 3, 1.0).shape == (3, 0)
