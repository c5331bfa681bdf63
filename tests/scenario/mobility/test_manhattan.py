"""The Manhattan grid against a walk crossing by crossing."""

import math

import numpy as np
import pytest
from mobility_cases import AREA, model, placed, states, track

from twinhop.scenario.place_sections import Area

BLOCK_M = np.array([100.0, 110.0])
"""What becomes of blocks of 100 m in the area of the cases."""


def is_on(xy_m, axis):
    """Whether users are on a street that crosses the axis."""
    blocks = xy_m[..., axis] / BLOCK_M[axis]
    return np.abs(blocks - np.round(blocks)) < 1e-9


def test_whole_blocks_fill_the_area():
    found = model("manhattan").blocks(AREA)
    assert (found.count_x, found.count_y) == (3, 2)
    assert (found.length_x_m, found.length_y_m) == tuple(BLOCK_M)
    tiny = model("manhattan").blocks(Area(width_m=3.0, height_m=1000.0))
    assert (tiny.count_x, tiny.count_y, tiny.length_x_m) == (1, 10, 3.0)


def test_users_stay_on_streets():
    xy_m = track(model("manhattan"), 300, 60)
    assert (is_on(xy_m, 0) | is_on(xy_m, 1)).all()


def test_users_begin_near_where_they_are_placed():
    first = track(model("manhattan", stop_probability=0.0), 400, 1)[0]
    away_m = np.abs(first - placed(400))
    assert away_m.max() <= BLOCK_M.max() / 2 + 1e-9
    waiting = track(model("manhattan", stop_probability=1.0, stop_s=1e9), 400, 1)[0]
    assert (is_on(waiting, 0) & is_on(waiting, 1)).all()
    assert np.abs(waiting - placed(400)).max() <= BLOCK_M.max() + 1e-9


def walk(state, user, uniform, chosen, slot_s):
    """One user for one slot, crossing by crossing, on the plane without borders; draws come in pairs."""
    at = np.array([state.crossing_x[user], state.crossing_y[user]])
    way = np.array([state.heading_x[user], state.heading_y[user]])
    speed, beyond, left_s = state.speed_mps[user], state.beyond_m[user], slot_s
    if beyond < 0:
        wait_s = min(-beyond / speed, left_s)
        left_s -= wait_s
        beyond = 0.0 if left_s > 0 else beyond + wait_s * speed
    for turn, stop in uniform[:, user].reshape(-1, 2):
        length = BLOCK_M @ np.abs(way)
        if beyond + speed * left_s < length:
            break
        left_s -= (length - beyond) / speed
        at, beyond = at + way, 0.0
        if turn < chosen.left_probability:
            way = np.array([-way[1], way[0]])
        elif turn >= 1 - chosen.right_probability:
            way = np.array([way[1], -way[0]])
        if stop < chosen.stop_probability:
            wait_s = min(chosen.stop_s, left_s)
            left_s -= wait_s
            if left_s == 0:
                return at * BLOCK_M
    image_m = at * BLOCK_M + way * (max(beyond, 0.0) + speed * left_s * (beyond >= 0))
    return image_m


def mirrored(image_m):
    """The place in the area of one on the plane of mirror images, by reflecting until it is inside."""
    inside = []
    for value, length_m in zip(image_m, (AREA.width_m, AREA.height_m), strict=True):
        while not -1e-9 <= value <= length_m + 1e-9:
            value = -value if value < 0 else 2 * length_m - value
        inside.append(value)
    return inside


@pytest.mark.parametrize("slot_s", [1.0, 30.0])
@pytest.mark.parametrize("turns", [(0.25, 0.25), (0.1, 0.7), (0.0, 0.0)])
def test_one_slot_is_that_of_a_walk_crossing_by_crossing(turns, slot_s):
    chosen = model("manhattan", left_probability=turns[0], right_probability=turns[1], stop_probability=0.3, stop_s=5.0)
    draws, rng = chosen.draws(AREA, slot_s), np.random.default_rng(8)
    *_, state = states(chosen, 200, 10, slot_s=slot_s)
    uniform = rng.random((draws.uniform, 200))
    after = chosen.step(state, uniform, np.empty((0, 200)), AREA, slot_s, 0.0)
    expected = [mirrored(walk(state, user, uniform, chosen, slot_s)) for user in range(200)]
    np.testing.assert_allclose(after.xy_m, expected, atol=1e-8)


def test_turns_and_stops_come_as_often_as_they_should():
    chosen = model("manhattan", left_probability=0.1, right_probability=0.3, stop_probability=0.4, stop_s=12.0)
    turns, waits, users = [], [], 2000
    before = None
    for state in states(chosen, users, 60, slot_s=5.0):
        if before is not None:
            passed = (state.crossing_x != before.crossing_x) | (state.crossing_y != before.crossing_y)
            cross = before.heading_x * state.heading_y - before.heading_y * state.heading_x
            turns.append(cross[passed])
        waits.append((state.beyond_m < 0).mean())
        before = state
    turns = np.concatenate(turns)
    error = 4 / math.sqrt(len(turns))
    assert (turns == 1).mean() == pytest.approx(0.1, abs=error)
    assert (turns == -1).mean() == pytest.approx(0.3, abs=error)
    slowness = np.log(15) / 14
    assert min(waits) > 0.7 * 0.4 * 12 / (0.4 * 12 + 105 * slowness) and waits[0] == pytest.approx(waits[-1], abs=0.05)


def test_a_user_keeps_its_speed():
    first, *_, last = states(model("manhattan"), 50, 20)
    assert np.array_equal(first.speed_mps, last.speed_mps)
    assert first.speed_mps.min() >= 1 and first.speed_mps.max() <= 15
