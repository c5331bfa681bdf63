"""Gauss-Markov against the reference statistics of its process, and what clamps and borders do."""

import math

import numpy as np
import pytest
from mobility_cases import AREA, model, states, track
from reference import radio_reference

from twinhop.scenario.mobility import next_gauss_markov
from twinhop.scenario.place_sections import Area

CHAINS, STEPS = 4000, 60


def correlation(first, second):
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


def assert_reference_statistics(values, mean, variance, lag1, lag5):
    """Within four standard errors; the chains are independent, the values of one are not."""
    error = 4 / math.sqrt(CHAINS)
    assert values.mean() == pytest.approx(mean, abs=error)
    assert values.var() == pytest.approx(variance, rel=error * math.sqrt(2))
    assert correlation(values[:-1], values[1:]) == pytest.approx(lag1, abs=error)
    assert correlation(values[:-5], values[5:]) == pytest.approx(lag5, abs=error)
    assert values[0].var() == pytest.approx(values[-1].var(), rel=2 * error * math.sqrt(2))


def test_the_process_has_the_reference_statistics():
    given, rng = radio_reference()["gauss_markov"], np.random.default_rng(2)
    mean, sigma = float(given["mean"]), float(given["sigma"])
    values = [mean + sigma * rng.standard_normal(CHAINS)]
    for _ in range(STEPS):
        values.append(next_gauss_markov(values[-1], mean, sigma, given["alpha"], rng.standard_normal(CHAINS)))
    assert_reference_statistics(np.array(values), mean, given["variance"], given["lag1"], given["lag5"])


@pytest.mark.parametrize(("slot_s", "every"), [(1.0, 1), (0.25, 4)])
def test_the_speed_of_users_has_the_reference_statistics_whatever_the_slot(slot_s, every):
    given = radio_reference()["gauss_markov"]
    chosen = model(
        "gauss_markov",
        **{"alpha": given["alpha"], "speed_sigma_mps": float(given["sigma"]), "mean_speed_mps": float(given["mean"])},
    )
    found = [state.speed_mps for state in states(chosen, CHAINS, STEPS * every, slot_s=slot_s)][::every]
    assert_reference_statistics(np.array(found), given["mean"], given["variance"], given["lag1"], given["lag5"])


def test_the_direction_wanders_around_each_users_own():
    found = list(states(model("gauss_markov", direction_sigma_deg=30.0), CHAINS, 30, slot_s=1.0))
    deviation = np.degrees([state.direction_rad - state.mean_direction_rad for state in found])
    assert deviation.std() == pytest.approx(30.0, rel=0.03)
    assert correlation(deviation[:-1], deviation[1:]) == pytest.approx(0.85, abs=0.02)
    quarters = np.histogram(found[0].mean_direction_rad, 4, (0, 2 * math.pi))[0]
    assert quarters.min() > 0.9 * CHAINS / 4


def test_speeds_are_clamped_and_the_process_is_not():
    chosen = model("gauss_markov", min_speed_mps=4.0, max_speed_mps=6.0, speed_sigma_mps=3.0, direction_sigma_deg=0.0)
    before, after = states(chosen, 500, 2, Area(width_m=1e5, height_m=1e5), slot_s=1.0)
    moved_m = np.hypot(*(after.xy_m - before.xy_m).T)
    inside = ((before.xy_m > 10) & (before.xy_m < 1e5 - 10)).all(axis=1)
    np.testing.assert_allclose(moved_m[inside], np.clip(after.speed_mps, 4.0, 6.0)[inside], rtol=1e-9)
    assert after.speed_mps.min() < 4.0 and after.speed_mps.max() > 6.0


def test_borders_reflect_like_mirrors():
    """Straight motion: the path is that of a ball, followed here from wall to wall."""
    straight = model("gauss_markov", speed_sigma_mps=0.0, direction_sigma_deg=0.0, mean_speed_mps=11.0)
    first = next(iter(states(straight, 200, 1)))
    found = [state.xy_m for state in states(straight, 200, 60, slot_s=7.0)]
    place = first.xy_m.copy()
    velocity = 11.0 * np.stack([np.cos(first.mean_direction_rad), np.sin(first.mean_direction_rad)], axis=1)
    for slot in range(60):
        np.testing.assert_allclose(found[slot], place, atol=1e-8)
        place += 7.0 * velocity
        for axis, length_m in enumerate((AREA.width_m, AREA.height_m)):
            low, high = place[:, axis] < 0, place[:, axis] > length_m
            place[low, axis] *= -1
            place[high, axis] = 2 * length_m - place[high, axis]
            velocity[low | high, axis] *= -1


def test_users_of_one_mean_speed_and_of_their_own():
    own = next(iter(states(model("gauss_markov", min_speed_mps=1.0, max_speed_mps=15.0), CHAINS, 1)))
    assert own.mean_speed_mps.min() >= 1 and own.mean_speed_mps.max() <= 15
    assert own.mean_speed_mps.mean() == pytest.approx(8.0, abs=0.3)
    same = next(iter(states(model("gauss_markov", mean_speed_mps=3.0), 10, 1)))
    assert (same.mean_speed_mps == 3.0).all()


def test_users_begin_where_they_are_placed():
    assert np.array_equal(track(model("gauss_markov"), 20, 1), track(model("static"), 20, 1))
