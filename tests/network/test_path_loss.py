"""Every path loss model of the registry, and Okumura-Hata and the power law against values and plain formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import TOLERANCE_DB, radio_reference

from twinhop.network import HATA_ENVIRONMENTS, PATH_LOSS, okumura_hata_pathloss_db, power_law_pathloss_db


@pytest.mark.parametrize("name", PATH_LOSS)
@pytest.mark.parametrize("sight", [True, False])
def test_every_path_loss_is_finite_and_grows_with_distance(name, sight):
    model = PATH_LOSS[name]
    state = {"line_of_sight": np.asarray(sight)} if model.states == 2 else {}
    loss_db = model.loss_db(np.geomspace(1e-3, 1e5, 50), min_distance_m=10.0, **state, **model.defaults)
    assert np.all(np.isfinite(loss_db)) and np.all(np.diff(loss_db) >= 0.0)
    assert model.loss_db(np.zeros((0, 3)), **state, **model.defaults).shape == (0, 3)


@pytest.mark.parametrize("name", PATH_LOSS)
def test_every_model_holds_at_its_own_defaults(name):
    model = PATH_LOSS[name]
    assert model.outside(model.defaults) == {}
    assert set(model.ranges) <= {*model.defaults, "distance_m"} and set(model.above) <= set(model.defaults)
    assert len(model.shadowing) in (0, model.states)


def test_okumura_hata_reference_values():
    table = radio_reference()["okumura_hata"]
    loss_db = okumura_hata_pathloss_db(
        np.array(table["d_km"]) * 1e3, table["f_mhz"] * 1e6, table["hb_m"], table["hm_m"], "small_city"
    )
    assert loss_db == pytest.approx(np.array(table["small_city_db"]), abs=TOLERANCE_DB)


def loop_hata_db(d_m, f_hz, hb, hm, environment):
    f, d = f_hz / 1e6, d_m / 1e3
    a = (1.1 * math.log10(f) - 0.7) * hm - (1.56 * math.log10(f) - 0.8)
    if environment == "large_city":
        a = 8.29 * math.log10(1.54 * hm) ** 2 - 1.1 if f <= 300 else 3.2 * math.log10(11.75 * hm) ** 2 - 4.97
    loss = 69.55 + 26.16 * math.log10(f) - 13.82 * math.log10(hb) - a + (44.9 - 6.55 * math.log10(hb)) * math.log10(d)
    return loss - {
        "suburban": 2 * math.log10(f / 28) ** 2 + 5.4,
        "open": 4.78 * math.log10(f) ** 2 - 18.33 * math.log10(f) + 40.94,
    }.get(environment, 0.0)


@pytest.mark.parametrize("environment", HATA_ENVIRONMENTS)
@given(st.floats(1e3, 2e4), st.floats(150e6, 1500e6), st.floats(30, 200), st.floats(1, 10))
def test_okumura_hata_matches_the_printed_formula(environment, d_m, f_hz, hb, hm):
    found_db = okumura_hata_pathloss_db(np.array([d_m, 2 * d_m]), f_hz, hb, hm, environment)
    assert found_db[0] == pytest.approx(loop_hata_db(d_m, f_hz, hb, hm, environment), rel=1e-12)
    assert found_db[1] > found_db[0]


def test_okumura_hata_takes_metres_and_less_is_lost_in_the_open():
    town_db, large_db, suburb_db, open_db = (
        float(okumura_hata_pathloss_db(5000.0, 900e6, environment=name)) for name in HATA_ENVIRONMENTS
    )
    assert town_db == pytest.approx(151.0244, abs=TOLERANCE_DB)
    assert abs(large_db - town_db) < 0.1 and suburb_db == pytest.approx(town_db - 9.943, abs=0.01)
    assert open_db == pytest.approx(town_db - 28.505, abs=0.01)


def test_okumura_hata_is_clamped_at_ten_metres():
    near_db = okumura_hata_pathloss_db(np.array([0.0, 10.0, 11.0]), 900e6)
    assert near_db[0] == near_db[1] < near_db[2]


def test_an_unknown_environment_lists_the_accepted():
    with pytest.raises(ValueError, match="'village'.*'small_city', 'large_city', 'suburban', 'open'"):
        okumura_hata_pathloss_db(1e3, 900e6, environment="village")


@given(st.floats(1.0, 1e4), st.floats(1.5, 6.0), st.floats(0.0, 60.0))
def test_the_power_law_is_a_power(d_m, exponent, reference_db):
    loss_db = power_law_pathloss_db(np.array([d_m]), exponent, reference_db)[0]
    assert 10 ** (-loss_db / 10) == pytest.approx(10 ** (-reference_db / 10) * d_m**-exponent, rel=1e-9)
    assert power_law_pathloss_db(0.0, exponent, reference_db) == reference_db
