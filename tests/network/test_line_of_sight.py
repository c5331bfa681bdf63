"""The line-of-sight state: as likely as the standard says, and alike at places close to each other."""

import math

import numpy as np
import pytest

from twinhop.network import LOS_DECORRELATION_M, line_of_sight, spatial_field, tr38901_los_probability


def fields(xy_m, stations, seed):
    rng = np.random.default_rng(seed)
    return spatial_field(xy_m, rng.random((256, 2)), rng.standard_normal((stations, 512)), LOS_DECORRELATION_M)


@pytest.mark.parametrize("cell", ["uma", "umi"])
def test_the_share_with_line_of_sight_is_the_probability(cell):
    """Over draws: at each distance, 40,000 independent fields."""
    distance_m = np.array([10.0, 18.0, 30.0, 60.0, 120.0, 300.0, 1000.0])
    probability = tr38901_los_probability(distance_m, cell)
    xy_m = np.stack([distance_m, np.zeros(7)], axis=-1)
    states = [line_of_sight(probability[:, None], fields(xy_m, 4000, seed)) for seed in range(10)]
    state = np.concatenate(states, axis=1)
    margin = 5 * np.sqrt(probability * (1 - probability) / state.shape[1])
    assert np.all(np.abs(state.mean(axis=1) - probability) <= margin)
    assert state[:2].all()


def test_one_step_seldom_changes_the_state_and_a_long_way_does():
    places = np.random.default_rng(1).uniform(0, 3000, (2000, 2))
    here = line_of_sight(np.full((2000, 20), 0.5), fields(places, 20, 2))
    changed = {
        step_m: (here != line_of_sight(np.full((2000, 20), 0.5), fields(places + [step_m, 0.0], 20, 2))).mean()
        for step_m in (0.0, 1.0, 10.0, 1000.0)
    }
    assert changed[0.0] == 0.0 and changed[1.0] < 0.08
    for step_m in (10.0, 1000.0):  # of a Gaussian field cut at its median: arccos(R) / pi
        expected = math.acos(math.exp(-step_m / LOS_DECORRELATION_M)) / math.pi
        assert changed[step_m] == pytest.approx(expected, abs=0.02)


def test_certain_and_impossible():
    field = np.array([-30.0, 0.0, 8.0])
    assert line_of_sight(np.ones(3), field)[:2].all()
    assert not line_of_sight(np.zeros(3), field).any()
