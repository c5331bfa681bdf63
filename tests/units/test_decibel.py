"""Decibel conversions against published levels and plain arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.units import db_to_linear, dbm_to_w, linear_to_db, w_to_dbm

BOLTZMANN_J_PER_K = 1.380649e-23


@pytest.mark.parametrize(("x_db", "x"), [(0.0, 1.0), (3.0, 1.9952623), (10.0, 10.0), (-20.0, 0.01), (30, 1000.0)])
def test_known_ratios(x_db, x):
    assert db_to_linear(x_db) == pytest.approx(x, rel=1e-7)
    assert linear_to_db(x) == pytest.approx(x_db, abs=1e-6)


@pytest.mark.parametrize(
    ("x_dbm", "x_w"), [(0.0, 1e-3), (23.0, 0.19952623), (30.0, 1.0), (46, 39.810717), (-100.0, 1e-13)]
)
def test_known_powers(x_dbm, x_w):
    assert dbm_to_w(x_dbm) == pytest.approx(x_w, rel=1e-7)
    assert w_to_dbm(x_w) == pytest.approx(x_dbm, abs=1e-6)


def test_thermal_noise_density():
    noise_w_per_hz = dbm_to_w(-174.0)
    assert noise_w_per_hz == pytest.approx(3.981071705534972e-21, rel=1e-12)
    assert noise_w_per_hz == pytest.approx(BOLTZMANN_J_PER_K * 290.0, rel=0.01)


@pytest.mark.parametrize(
    ("bandwidth_hz", "noise_figure_db", "noise_dbm"),
    [(1e6, 9.0, -105.0), (10e6, 5.0, -99.0), (20e6, 5.0, -95.9897), (20e6, 0.0, -100.9897)],
)
def test_noise_over_a_band(bandwidth_hz, noise_figure_db, noise_dbm):
    noise_w = dbm_to_w(-174.0) * bandwidth_hz * db_to_linear(noise_figure_db)
    assert w_to_dbm(noise_w) == pytest.approx(noise_dbm, abs=1e-4)


@given(st.floats(-250.0, 250.0))
def test_round_trip_and_oracle(x_db):
    assert db_to_linear(x_db) == pytest.approx(math.exp(x_db * math.log(10.0) / 10.0), rel=1e-12)
    assert linear_to_db(db_to_linear(x_db)) == pytest.approx(x_db, abs=1e-9)
    assert w_to_dbm(dbm_to_w(x_db)) == pytest.approx(x_db, abs=1e-9)


@pytest.mark.parametrize("convert", [db_to_linear, linear_to_db, dbm_to_w, w_to_dbm])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_arrays_keep_shape_and_agree_with_floats(convert, shape):
    values = np.linspace(1.0, 40.0, math.prod(shape)).reshape(shape)
    converted = convert(values)
    assert np.shape(converted) == shape
    one_by_one = [convert(float(value)) for value in values.ravel()]
    assert np.asarray(converted).ravel() == pytest.approx(one_by_one, rel=1e-14)


def test_integers_are_converted_as_real_numbers():
    assert db_to_linear(np.array([-10, 0, 10])).tolist() == [0.1, 1.0, 10.0]
