"""The utility of Eq. 20 under both readings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.network import utility


@given(st.floats(0.05, 4.0), st.floats(0.0, 4.0), st.floats(0.0, 2.0), st.floats(0.0, 1.0), st.sampled_from([0.1, 1.0]))
def test_matches_arithmetic(deadline_s, latency_s, energy_j, weight, scale_s):
    found = utility(np.array([deadline_s]), np.array([latency_s]), np.array([energy_j]), weight, scale_s)
    expected = weight * math.exp((deadline_s - latency_s) / scale_s) - (1.0 - weight) * energy_j
    assert found[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_literal_scale_is_nearly_flat_and_the_sound_one_is_not():
    latency_s = np.array([0.05, 0.2])
    sound, literal = (utility(0.2, latency_s, 0.0, scale_s=scale_s) for scale_s in (0.1, 1.0))
    assert sound[0] / sound[1] == pytest.approx(math.exp(1.5))
    assert literal[0] / literal[1] == pytest.approx(math.exp(0.15))


def test_no_users():
    assert utility(np.zeros(0), np.zeros(0), np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("scale_s", [0.1, 1.0])
@pytest.mark.filterwarnings("error")
def test_what_no_number_holds_is_infinite_without_a_warning(scale_s):
    deadline_s = np.array([0.2, 60.0, 3600.0, 1e12]) * scale_s / 0.1
    values = utility(deadline_s, np.full(4, 0.1), np.zeros(4), scale_s=scale_s)
    assert np.isfinite(values).tolist() == [True, True, False, False]
    assert values[1] == pytest.approx(0.5 * math.exp((deadline_s[1] - 0.1) / scale_s), rel=1e-9)
    assert math.isfinite(np.sum(np.full(10**6, values[1])))


@pytest.mark.filterwarnings("error")
def test_energy_alone_counts_without_weight_on_timeliness():
    assert utility(np.array([1e9]), np.array([0.1]), np.array([2.0]), 0.0).tolist() == [-2.0]
