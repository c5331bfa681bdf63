"""Uplink interference against a plain loop, and what it does to rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.network import rate_bps, uplink_interference_w_per_hz, user_bandwidth_hz, users_per_station

WIDTH_HZ, NOISE_W_PER_HZ = 20e6, 4e-21


def loop(power_w, gain, access, width_hz):
    stations = gain.shape[1]
    density = [0.0] * stations
    for j in range(stations):
        for k in range(stations):
            attached = [i for i in range(len(access)) if access[i] == k]
            if k != j and attached:
                density[j] += sum(power_w[i] * gain[i, j] / width_hz[i] for i in attached) / len(attached)
    return density


@pytest.mark.parametrize("rule", ["full", "equal_share"])
@given(access=st.lists(st.integers(0, 3), max_size=9), seed=st.integers(0, 99))
def test_a_plain_loop_gives_the_same(rule, access, seed):
    rng, access = np.random.default_rng(seed), np.array(access, dtype=int)
    power_w, gain = rng.uniform(0.1, 0.3, len(access)), 10 ** rng.uniform(-13, -9, (len(access), 4))
    width_hz = user_bandwidth_hz(WIDTH_HZ, access, 4, rule)
    found = uplink_interference_w_per_hz(power_w, gain, access, width_hz)
    assert found == pytest.approx(np.array(loop(power_w, gain, access, width_hz)), rel=1e-12)
    sinr_bps = rate_bps(width_hz, power_w, gain, NOISE_W_PER_HZ + found[access])
    assert np.all(sinr_bps <= rate_bps(width_hz, power_w, gain, NOISE_W_PER_HZ))


def test_load_counts_under_equal_share_only():
    """Ten users in place of one, at the same spot of the other cell."""
    for rule, factor in (("equal_share", 10.0), ("full", 1.0)):
        found = []
        for others in (1, 10):
            access = np.array([0] + [1] * others)
            gain = np.array([[1e-9, 1e-12]] + [[1e-12, 1e-9]] * others)
            width_hz = user_bandwidth_hz(WIDTH_HZ, access, 2, rule)
            found.append(uplink_interference_w_per_hz(0.2, gain, access, width_hz)[0])
        assert found[1] / found[0] == pytest.approx(factor)


def test_one_station_hears_no_other():
    assert uplink_interference_w_per_hz(0.2, np.ones((3, 1)), np.zeros(3, int), np.ones(3)).tolist() == [0.0]


@given(st.lists(st.integers(0, 4), max_size=12))
def test_users_are_counted(access):
    assert users_per_station(np.array(access, dtype=int), 5).tolist() == [access.count(j) for j in range(5)]
