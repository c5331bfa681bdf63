"""Random waypoint against published means, the legs against a walk event by event."""

import math

import numpy as np
import pytest
from mobility_cases import model, states
from reference import radio_reference

from twinhop.scenario.mobility.legs import MOST_LEGS, legs_needed, travelled, waiting_at
from twinhop.scenario.mobility.random_waypoint import mean_leg_m, mean_slowness_s_per_m
from twinhop.scenario.place_sections import Area

UNIT = Area(width_m=1.0, height_m=1.0)
SPEEDS = {"min_speed_mps": 0.3, "max_speed_mps": 0.7}


def moving_speeds_mps(state, pause_s):
    """Speeds, 0 in a pause."""
    return np.hypot(state.velocity_x_mps, state.velocity_y_mps) * (state.until_next_s > pause_s)


def test_closed_forms_have_the_reference_values():
    given = radio_reference()["random_waypoint"]
    assert mean_leg_m(1.0, 1.0) == pytest.approx(given["mean_leg_unit_square"], rel=1e-12)
    assert 1 / mean_slowness_s_per_m(0.3, 0.7) == pytest.approx(given["stationary_mean_speed_U_0p3_0p7"], abs=1e-6)
    side_m, pause_s = given["with_pause"]["side_m"], given["with_pause"]["pause_s"]
    paused = model("random_waypoint", **SPEEDS, pause_s=float(pause_s)).paused_share(
        Area(width_m=float(side_m), height_m=float(side_m))
    )
    assert paused == pytest.approx(given["with_pause"]["p_paused"], abs=1e-7)
    assert (1 - paused) / mean_slowness_s_per_m(0.3, 0.7) == pytest.approx(given["with_pause"]["mean_speed"], abs=1e-6)


def test_the_mean_leg_of_rectangles_is_that_of_drawn_points():
    for width_m, height_m in ((1.0, 1.0), (3.0, 1.0), (1.0, 40.0)):
        ends = np.random.default_rng(0).random((2, 200_000, 2)) * (width_m, height_m)
        lengths_m = np.hypot(*(ends[0] - ends[1]).T)
        assert lengths_m.mean() == pytest.approx(mean_leg_m(width_m, height_m), abs=4 * lengths_m.std() / 447)


def test_legs_that_are_begun_have_the_mean_of_the_unit_square():
    lengths_m, goals = [], None
    for state in states(model("random_waypoint", **SPEEDS, pause_s=0.0), 2000, 120, UNIT, slot_s=0.1):
        now = np.stack([state.goal_x_m, state.goal_y_m])
        if goals is not None:
            way_m = np.hypot(*(now - goals))
            lengths_m.append(way_m[way_m > 0])
        goals = now
    lengths_m = np.concatenate(lengths_m)
    expected = radio_reference()["random_waypoint"]["mean_leg_unit_square"]
    assert len(lengths_m) > 15_000
    assert lengths_m.mean() == pytest.approx(expected, abs=4 * lengths_m.std() / math.sqrt(len(lengths_m)))


@pytest.mark.parametrize("slot", [0, 1, 40])
def test_the_mean_speed_is_stationary(slot):
    """Long slots, in which most users turn more than once."""
    chosen = model("random_waypoint", **SPEEDS, pause_s=0.0)
    *_, state = states(chosen, 40_000, slot + 1, UNIT, slot_s=3.0)
    speeds = moving_speeds_mps(state, 0.0)
    expected = radio_reference()["random_waypoint"]["stationary_mean_speed_U_0p3_0p7"]
    assert speeds.mean() == pytest.approx(expected, abs=4 * speeds.std() / 200 + (1e-3 if slot else 0))


@pytest.mark.parametrize("slot", [0, 400])
def test_pauses_are_stationary(slot):
    given = radio_reference()["random_waypoint"]["with_pause"]
    pause_s = float(given["pause_s"])
    side = Area(width_m=float(given["side_m"]), height_m=float(given["side_m"]))
    *_, state = states(model("random_waypoint", **SPEEDS, pause_s=pause_s), 40_000, slot + 1, side, slot_s=1.0)
    speeds, share = moving_speeds_mps(state, pause_s), given["p_paused"]
    assert (speeds == 0).mean() == pytest.approx(share, abs=4 * math.sqrt(share / 40_000))
    assert speeds.mean() == pytest.approx(given["mean_speed"], abs=4 * speeds.std() / 200)


def walk(xy_m, legs, pause_s, slot_s):
    """One user from rest, event by event."""
    (x, y), left_s = xy_m, slot_s
    for goal_x, goal_y, speed in legs:
        need_s = math.dist((x, y), (goal_x, goal_y)) / speed
        if need_s > left_s:
            return x + (goal_x - x) * left_s / need_s, y + (goal_y - y) * left_s / need_s
        x, y, left_s = goal_x, goal_y, left_s - need_s
        if pause_s > left_s:
            return x, y
        left_s -= pause_s
    return x, y


@pytest.mark.parametrize("pause_s", [0.0, 0.3])
def test_what_is_left_of_a_slot_is_used(pause_s):
    rng = np.random.default_rng(4)
    start, goals = rng.random((500, 2)), rng.random((3, 2, 500))
    speeds = rng.uniform(0.3, 0.7, (3, 500))
    journey = waiting_at(start, np.zeros(500))
    for slot_s in (0.2, 1.0, 2.5, 20.0):
        found = travelled(journey, goals[:, 0], goals[:, 1], speeds, pause_s, slot_s).xy_m
        legs = np.concatenate([goals, speeds[:, None]], axis=1)
        expected = [walk(start[user], legs[:, :, user], pause_s, slot_s) for user in range(500)]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_way_point_where_the_user_is_takes_no_time():
    journey = waiting_at(np.array([[0.5, 0.5]]), np.zeros(1))
    goals = np.array([[0.5], [1.0]]), np.array([[0.5], [0.5]])
    after = travelled(journey, *goals, np.ones((2, 1)), pause_s=0.0, slot_s=0.25)
    np.testing.assert_allclose(after.xy_m, [[0.75, 0.5]], atol=1e-8)


def test_legs_enough_for_a_slot():
    """More goals than legs are provided for are reached in a slot at most once in a thousand times."""
    rng = np.random.default_rng(6)
    for reach in (0.1, 0.5, 1.0, 3.0):
        legs = legs_needed(reach, 1.0, 0.0, 1.0)
        places = rng.random((legs + 1, 100_000, 2))
        way = np.hypot(*np.moveaxis(np.diff(places, axis=0), -1, 0)).sum(axis=0)
        assert (way < reach).mean() <= 1e-3
    assert legs_needed(100.0, 1.0, 0.5, 1.0) == 2 and legs_needed(100.0, 1.0, 0.0, 1.0) == MOST_LEGS + 1
    assert legs_needed(1e-6, 1.0, 0.0, 1.0) == 1


def test_users_that_are_placed_set_out_from_there():
    start, after = states(model("random_waypoint", begin="placed"), 300, 2, slot_s=0.5)
    moved_m = np.hypot(*(after.xy_m - start.xy_m).T)
    assert (moved_m >= 0.5 * 2.0 * (1 - 1e-9)).mean() > 0.97  # but for those whose goal is very near
