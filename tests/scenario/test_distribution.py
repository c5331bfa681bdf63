import numpy as np
import pytest

from twinhop.scenario.distribution import Uniform, draw, lowest


def test_uniform_stays_within_its_bounds_and_fills_them():
    values = draw(Uniform(uniform=(8, 24)), np.random.default_rng(0), 50_000)
    assert values.min() >= 8 and values.max() <= 24
    assert values.mean() == pytest.approx(16, rel=0.01)


def test_no_values_are_drawn_for_nobody():
    assert draw(Uniform(uniform=(8, 24)), np.random.default_rng(0), 0).shape == (0,)


def test_a_number_is_itself():
    assert draw(3, np.random.default_rng(0), 2).dtype == np.float64
    assert lowest(3) == 3 and lowest(Uniform(uniform=(1, 2))) == 1
