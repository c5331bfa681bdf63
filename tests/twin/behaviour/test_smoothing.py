"""Exponential smoothing against the textbook's recursions, written out."""

import numpy as np
import pytest

from twinhop.twin.behaviour import Level, Seasonal, Trend
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS
from twinhop.twin.behaviour.trend import damped_growth, damped_steps

SERIES = [3.0, 5.0, 4.0, 8.0, 7.5, 9.0, 6.0]


def fed(model, series, step_s=1.0):
    for at, value in enumerate(series):
        model.update(at * step_s, np.array([value]))
    return model


def test_level_is_the_weighted_sum_of_the_past():
    a = 0.4
    model = fed(Level(1, step_s=1.0, weight=a, memory=1000.0), SERIES)
    weights = [a * (1 - a) ** (len(SERIES) - 1 - at) for at in range(len(SERIES))]
    weights[0] /= a
    assert model.predict(6.0).mean[0] == pytest.approx(np.dot(weights, SERIES))


def test_interval_of_a_level_is_that_of_its_one_step_errors():
    a, level, squares = 0.4, SERIES[0], []
    for value in SERIES[1:]:
        squares.append((value - level) ** 2)
        level += a * (value - level)
    model = fed(Level(1, step_s=1.0, weight=a, memory=1000.0), SERIES)
    for steps in (1, 3, 10):
        mean, _, high = model.predict(6.0 + steps)
        variance = np.mean(squares) * (1 + (steps - 1) * a * a)
        assert high[0] - mean[0] == pytest.approx(INTERVAL_SIGMAS * np.sqrt(variance))


def test_a_gap_of_two_steps_weighs_as_two_updates_of_the_same_value():
    once, twice = Level(1, weight=0.4), Level(1, weight=0.4)
    for model in (once, twice):
        model.update(0.0, np.array([1.0]))
    once.update(2.0, np.array([5.0]))
    twice.update(1.0, np.array([5.0]))
    twice.update(2.0, np.array([5.0]))
    assert once.predict(2.0).mean == pytest.approx(twice.predict(2.0).mean)


def test_trend_is_holts_damped_method():
    a, b_star, f = 0.5, 0.3, 0.9
    level, slope = SERIES[0], 0.0
    for value in SERIES[1:]:
        before = level
        level = a * value + (1 - a) * (before + f * slope)
        slope = b_star * (level - before) + (1 - b_star) * f * slope
    model = fed(Trend(1, weight=a, trend_weight=b_star, damping=f), SERIES)
    for steps in (1, 2, 7):
        expected = level + sum(f**j for j in range(1, steps + 1)) * slope
        assert model.predict(6.0 + steps).mean[0] == pytest.approx(expected)


@pytest.mark.parametrize("steps", [1, 2, 5, 40])
def test_variance_of_a_damped_trend_is_the_sum_of_its_squares(steps):
    a, b_star, f = 0.5, 0.3, 0.9
    terms = [a + a * b_star * sum(f**k for k in range(1, j + 1)) for j in range(1, steps)]
    assert damped_growth(float(steps), a, b_star, f) == pytest.approx(1 + sum(term**2 for term in terms))
    assert damped_steps(float(steps), f) == pytest.approx(sum(f**j for j in range(1, steps + 1)))


def test_season_is_the_additive_method():
    a, g, rounds = 0.2, 0.4, 3
    series = np.random.default_rng(2).random(10) * 10
    level, season = series[0], [0.0] * rounds
    for at, value in enumerate(series[1:], 1):
        error = value - level - season[at % rounds]
        level += a * error
        season[at % rounds] += g * error
    model = fed(Seasonal(1, step_s=60.0, weight=a, season_weight=g, period_s=180.0, slots=3), series, 60.0)
    for ahead in (1, 2, 3):
        expected = level + season[(9 + ahead) % rounds]
        assert model.predict(60.0 * (9 + ahead)).mean[0] == pytest.approx(expected)


def test_season_learns_the_time_of_day():
    model = Seasonal(1)
    for quarter in range(96 * 20):
        hour = quarter * 900.0 % 86400 / 3600
        model.update(quarter * 900.0, np.array([100.0 if 8 <= hour < 9 else 20.0]))
    begin_s = 96 * 20 * 900.0
    assert model.predict(begin_s + 8.5 * 3600).mean[0] == pytest.approx(100, abs=3)
    assert model.predict(begin_s + 12 * 3600).mean[0] == pytest.approx(20, abs=2)
