"""Models of every kind, with parameters that make much happen in few slots, and what the tests do with them."""

from itertools import islice

import numpy as np

from twinhop.scenario.mobility import MOBILITY_MODELS, ModelPositions
from twinhop.scenario.place_sections import Area

AREA = Area(width_m=300.0, height_m=220.0)
SLOT_S = 7.0
PARAMETERS = {
    "static": {},
    "random_waypoint": {"min_speed_mps": 2.0, "max_speed_mps": 9.0, "pause_s": 4.0},
    "gauss_markov": {"max_speed_mps": 12.0, "speed_sigma_mps": 4.0},
    "manhattan": {"block_m": 100.0, "stop_probability": 0.4, "stop_s": 12.0},
    "hot_spots": {"stay_s": 30.0, "min_speed_mps": 2.0, "max_speed_mps": 9.0},
}
"""Parameters by kind; a model that is not listed is tested with its defaults."""


def model(kind, **changes):
    return MOBILITY_MODELS[kind](**{"kind": kind, **PARAMETERS.get(kind, {}), **changes})


def placed(users, area=AREA, seed=5):
    return np.random.default_rng(seed).random((users, 2)) * (area.width_m, area.height_m)


def positions(which, users, area=AREA, slot_s=SLOT_S, seed=1):
    names = tuple(f"u{index}" for index in range(users))
    return ModelPositions(which, placed(users, area), area, slot_s, seed, names)


def track(which, users, slots, **more):
    """(slots, users, 2) positions [m]."""
    return np.stack(list(islice(positions(which, users, **more), slots)))


def states(which, users, slots, area=AREA, slot_s=SLOT_S, seed=1):
    """The states of the model slot by slot, slot 0 first."""
    rng, draws = np.random.default_rng(seed), which.draws(area, slot_s)
    state = which.start(
        placed(users, area),
        rng.random((draws.start_uniform, users)),
        rng.standard_normal((draws.start_normal, users)),
        area,
    )
    for slot in range(slots):
        yield state
        uniform, normal = rng.random((draws.uniform, users)), rng.standard_normal((draws.normal, users))
        state = which.step(state, uniform, normal, area, slot_s, slot * slot_s)


def assert_same_distribution(first, second):
    """Kolmogorov's distance of two independent samples of equal size: smaller than this in 999 of 1000 cases."""
    both = np.sort(np.concatenate([first, second]))
    below = [np.searchsorted(np.sort(each), both, side="right") / len(each) for each in (first, second)]
    assert np.abs(below[0] - below[1]).max() < 1.95 * np.sqrt(2 / len(first))
