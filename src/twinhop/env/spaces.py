"""The spaces of observations and actions, for one environment and for a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from twinhop.env.actions import Actions
from twinhop.env.core import Params
from twinhop.env.core.view import EDGE_FEATURES, LARGEST_FEATURE, STATION_FEATURES, USER_FEATURES
from twinhop.env.hooks import check_observation
from twinhop.env.stepping import View


def features(*shape: int) -> spaces.Box:
    """The space of scaled features of a shape."""
    return spaces.Box(0.0, LARGEST_FEATURE, shape, np.float32)


def numbers(shape: tuple[int, ...]) -> spaces.Box:
    """The space of what a function of one's own gives."""
    return spaces.Box(-np.inf, np.inf, shape, np.float32)


def flat_size(params: Params) -> int:
    """Length of the flat state: 3 M N + N + 3 M."""
    users, stations = params.rules.users, params.rules.stations
    return 3 * stations * users + users + 3 * stations


def agent_size(params: Params) -> int:
    """Length of what one agent sees."""
    return len(STATION_FEATURES) + (len(EDGE_FEATURES) + len(USER_FEATURES)) * params.rules.users


def observation_space(params: Params, view: View) -> spaces.Space[Any]:
    """The space of `stepping.shown` for the views of a central agent, a function of one's own among them."""
    users, stations = params.rules.users, params.rules.stations
    if callable(view):
        return numbers(check_observation(view, params))
    if view == "flat":
        return features(flat_size(params))
    return spaces.Dict(
        {
            "users": features(users, len(USER_FEATURES)),
            "stations": features(stations, len(STATION_FEATURES)),
            "edges": features(stations, users, len(EDGE_FEATURES)),
        }
    )


def action_space(params: Params, actions: Actions) -> spaces.Space[Any]:
    """The space of a central agent's actions."""
    users, stations = params.rules.users, params.rules.stations
    if actions == "hosts":
        return spaces.MultiDiscrete([stations] * users, dtype=np.int64)
    return spaces.Box(-1.0, 1.0, (stations, users + 1), np.float32)
