"""Users are in slot 0 as they are after many slots: places, and places together with speeds and pauses."""

import numpy as np
import pytest
from mobility_cases import AREA, assert_same_distribution, model, states

USERS, SLOTS = 6000, 120


def speed_mps(state):
    if hasattr(state, "until_next_s"):
        return np.hypot(state.velocity_x_mps, state.velocity_y_mps) * (state.until_next_s > 4.0)
    return state.speed_mps


VIEWS = {
    "x": lambda state: state.xy_m[:, 0],
    "y": lambda state: state.xy_m[:, 1],
    "from the centre": lambda state: np.hypot(*(state.xy_m - (AREA.width_m / 2, AREA.height_m / 2)).T),
    "speed": speed_mps,
    "x and speed": lambda state: state.xy_m[:, 0] + 20 * speed_mps(state),
}


@pytest.fixture(scope="module", params=["random_waypoint", "gauss_markov", "manhattan"])
def first_and_last(request):
    *_, last = (first, *_) = list(states(model(request.param), 2 * USERS, SLOTS))
    return first, last


@pytest.mark.parametrize("view", VIEWS)
def test_slot_0_is_like_many_slots_later(first_and_last, view):
    """Half of the users are looked at in the first slot and the others in the last: two independent samples."""
    first, last = (VIEWS[view](state) for state in first_and_last)
    assert_same_distribution(first[:USERS], last[USERS:])


def test_users_that_are_placed_are_not_stationary_at_once():
    """The test above can fail: users uniform in the area gather in its middle."""
    *_, last = (first, *_) = list(states(model("random_waypoint", begin="placed"), 2 * USERS, SLOTS))
    with pytest.raises(AssertionError):
        assert_same_distribution(first.xy_m[:USERS, 0], last.xy_m[USERS:, 0])
