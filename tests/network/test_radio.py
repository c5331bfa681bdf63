"""Radio against published values and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.network import (
    LOGARITHMS,
    access_by_distance,
    access_by_signal,
    channel_gain,
    rate_bps,
    rayleigh_power,
    tr36814_macro_pathloss_db,
    user_bandwidth_hz,
)

NOISE_W_PER_HZ = 3.981071705534972e-21
TR36814_MACRO_DB = [(35, 73.357), (100, 90.5), (200, 101.8187), (500, 116.7813), (1000, 128.1), (2000, 139.4187)]


@pytest.mark.parametrize(("d_m", "loss_db"), TR36814_MACRO_DB)
def test_tr36814_macro_reference_values(d_m, loss_db):
    assert tr36814_macro_pathloss_db(np.array([float(d_m)]))[0] == pytest.approx(loss_db, abs=1e-3)


def test_tr36814_macro_is_clamped_near_the_mast():
    near_db = tr36814_macro_pathloss_db(np.array([0.0, 5.0, 10.0, 35.0]))
    assert near_db[0] == near_db[1] == near_db[2] == pytest.approx(128.1 - 2 * 37.6)
    assert near_db[3] > near_db[2]
    assert tr36814_macro_pathloss_db(10.0, min_distance_m=35.0) == pytest.approx(73.357, abs=1e-3)


@given(st.floats(40.0, 200.0), st.floats(0.05, 20.0), st.floats(-30.0, 30.0))
def test_channel_gain_matches_arithmetic(pathloss_db, fading, shadowing_db):
    expected = math.exp(-(pathloss_db + shadowing_db) / 10.0 * math.log(10.0)) * fading
    assert channel_gain(np.array([pathloss_db]), fading, shadowing_db)[0] == pytest.approx(expected, rel=1e-12)


def test_rayleigh_power_inverts_the_distribution_function():
    uniform = np.linspace(0.0, 0.999, 200)
    power = rayleigh_power(uniform, floor=0.05)
    for u, x in zip(uniform, power, strict=True):
        assert 1.0 - math.exp(-x) == pytest.approx(u, abs=1e-12) if x > 0.05 else u <= 1.0 - math.exp(-0.05)
    assert power.min() == 0.05


def test_rayleigh_power_has_the_mean_of_a_clamped_exponential():
    draws = 200_000
    power = rayleigh_power(np.random.default_rng(7).random(draws))
    assert power.mean() == pytest.approx(0.05 + math.exp(-0.05), abs=5.0 / math.sqrt(draws))


@given(st.lists(st.integers(0, 4), max_size=12))
def test_equal_share_splits_the_band_among_the_attached(access):
    width_hz = user_bandwidth_hz(20e6, np.array(access, dtype=int), stations=5, rule="equal_share")
    assert width_hz.tolist() == [20e6 / access.count(station) for station in access]
    assert user_bandwidth_hz(20e6, np.array(access, dtype=int), stations=5, rule="full").tolist() == [20e6] * len(
        access
    )


def test_unknown_bandwidth_rule_lists_the_accepted():
    with pytest.raises(ValueError, match="'half'.*'full', 'equal_share'"):
        user_bandwidth_hz(20e6, np.array([0]), stations=1, rule="half")


def loop_rate_bps(width_hz, power_w, gain, logarithm):
    ratio = 1.0 + power_w * gain / (width_hz * NOISE_W_PER_HZ)
    return width_hz * {"log2": math.log2, "ln": math.log}[logarithm](ratio)


@pytest.mark.parametrize("logarithm", LOGARITHMS)
@pytest.mark.parametrize(("users", "stations"), [(0, 3), (1, 1), (3, 3), (4, 2)])
def test_rate_matches_a_plain_loop_with_one_power_and_band_a_user(users, stations, logarithm):
    rng = np.random.default_rng(users)
    width_hz, power_w = rng.uniform(1e5, 2e7, users), rng.uniform(0.05, 0.5, users)
    gain = 10.0 ** rng.uniform(-13.0, -7.0, (users, stations))
    found_bps = rate_bps(width_hz, power_w, gain, NOISE_W_PER_HZ, logarithm)
    column_bps = rate_bps(width_hz[:, None], power_w[:, None], gain, NOISE_W_PER_HZ, logarithm)
    assert found_bps.shape == (users, stations)
    assert np.array_equal(found_bps, column_bps)
    for i in range(users):
        for k in range(stations):
            expected_bps = loop_rate_bps(width_hz[i], power_w[i], gain[i, k], logarithm)
            assert found_bps[i, k] == pytest.approx(expected_bps, rel=1e-9)


def test_rate_takes_scalars_and_vectors():
    gain = np.array([1e-10, 1e-12])
    expected_bps = [loop_rate_bps(20e6, 0.2, h, "log2") for h in gain]
    assert rate_bps(20e6, 0.2, gain, NOISE_W_PER_HZ) == pytest.approx(expected_bps, rel=1e-12)


def test_rate_with_the_literal_logarithm_is_smaller_by_ln_2():
    gain = np.array([1e-9, 1e-13])
    log2_bps, ln_bps = (rate_bps(20e6, 0.2, gain, NOISE_W_PER_HZ, name) for name in ("log2", "ln"))
    assert ln_bps / log2_bps == pytest.approx(np.full(2, 0.6931471805599453))


def test_a_link_without_gain_has_rate_zero():
    assert rate_bps(20e6, 0.2, np.array([0.0]), NOISE_W_PER_HZ).tolist() == [0.0]


def test_unknown_logarithm_lists_the_accepted():
    with pytest.raises(ValueError, match="'log10'.*'log2', 'ln'"):
        rate_bps(20e6, 0.2, np.array([1.0]), NOISE_W_PER_HZ, "log10")


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), max_size=6))
def test_access_goes_to_the_best_station_and_ties_to_the_lowest_index(rows):
    values = np.array(rows, dtype=float).reshape(-1, 3)
    assert access_by_signal(values).tolist() == [row.index(max(row)) for row in rows]
    assert access_by_distance(values).tolist() == [row.index(min(row)) for row in rows]


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=6),
    st.integers(-1, 2),
    st.sampled_from([0.0, 3.0]),
)
def test_access_stays_until_another_station_is_clearly_better(rows, previous, hysteresis_db):
    expected = []
    for row in rows:
        stays = previous >= 0 and not max(row) > row[previous] * 10 ** (hysteresis_db / 10)
        expected.append(previous if stays else row.index(max(row)))
    before = np.full(len(rows), previous)
    assert access_by_signal(np.array(rows, dtype=float), before, hysteresis_db).tolist() == expected


def test_interference_is_added_to_the_noise_of_each_user():
    noise_w_per_hz = np.array([1e-20, 4e-20])
    gain = np.array([[1e-10, 1e-12], [1e-11, 1e-10]])
    found_bps = rate_bps(20e6, 0.2, gain, noise_w_per_hz)
    for user in range(2):
        assert found_bps[user] == pytest.approx(rate_bps(20e6, 0.2, gain[user], noise_w_per_hz[user]))
