"""TR 38.901 urban cells against the values of two independent simulators, and what the tables imply."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import TOLERANCE_DB, radio_reference

from twinhop.network import (
    PATH_LOSS,
    channel_gain,
    rate_bps,
    tr38901,
    tr38901_los_pathloss_db,
    tr38901_los_probability,
    tr38901_nlos_pathloss_db,
    tr38901_pathloss_db,
)
from twinhop.units import dbm_to_w, linear_to_db

CELLS = ("uma", "umi")
VECTORS = {"tr38901_5ghz": (5e9, 3.0e8), "tr38901_3p5ghz": (3.5e9, 299792458.0)}
LOSS = {"los": tr38901_los_pathloss_db, "nlos": tr38901_nlos_pathloss_db}
CARRIER_HZ = st.floats(0.5e9, 100e9)
DISTANCE_M = st.floats(0.0, 5000.0)


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("state", LOSS)
def test_reference_losses(vector, cell, state):
    loss_db = LOSS[state](np.array(radio_reference()[vector]["d2d_m"], float), cell, VECTORS[vector][0])
    assert loss_db == pytest.approx(np.array(radio_reference()[vector][f"{cell}_{state}_db"]), abs=TOLERANCE_DB)


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("state", LOSS)
def test_reference_losses_to_the_last_digit_with_the_light_speed_of_their_source(monkeypatch, vector, cell, state):
    monkeypatch.setattr("twinhop.network.tr38901.LIGHT_SPEED_M_PER_S", VECTORS[vector][1])
    loss_db = LOSS[state](np.array(radio_reference()[vector]["d2d_m"], float), cell, VECTORS[vector][0])
    assert loss_db == pytest.approx(np.array(radio_reference()[vector][f"{cell}_{state}_db"]), abs=1.01e-4)


def by_table(cell, d2d_m, carrier_ghz):
    """Table 7.4.1-1 in plain arithmetic, shares no code: (LOS, NLOS) at heights 25 or 10 m and 1.5 m [dB]."""
    height_m, intercept = (25.0, 28.0) if cell == "uma" else (10.0, 32.4)
    d3d_m = math.hypot(d2d_m, height_m - 1.5)
    break_m = 4 * (height_m - 1) * 0.5 * carrier_ghz * 1e9 / 3.0e8
    if d2d_m <= break_m:
        los_db = intercept + (22 if cell == "uma" else 21) * math.log10(d3d_m) + 20 * math.log10(carrier_ghz)
    else:
        bend_db = (9 if cell == "uma" else 9.5) * math.log10(break_m**2 + (height_m - 1.5) ** 2)
        los_db = intercept + 40 * math.log10(d3d_m) + 20 * math.log10(carrier_ghz) - bend_db
    if cell == "uma":
        nlos_db = 13.54 + 39.08 * math.log10(d3d_m) + 20 * math.log10(carrier_ghz)
    else:
        nlos_db = 35.3 * math.log10(d3d_m) + 22.4 + 21.3 * math.log10(carrier_ghz)
    return los_db, max(los_db, nlos_db)


@pytest.mark.parametrize("cell", CELLS)
@given(d2d_m=st.floats(10.0, 5000.0), carrier_hz=CARRIER_HZ)
def test_losses_against_the_printed_table(cell, d2d_m, carrier_hz):
    los_db, nlos_db = by_table(cell, d2d_m, carrier_hz / 1e9)
    assert tr38901_los_pathloss_db(np.array([d2d_m]), cell, carrier_hz)[0] == pytest.approx(los_db, abs=1e-6)
    assert tr38901_nlos_pathloss_db(np.array([d2d_m]), cell, carrier_hz)[0] == pytest.approx(nlos_db, abs=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_reference_probabilities(cell):
    table = radio_reference()["tr38901_3p5ghz"]
    probability = tr38901_los_probability(np.array(table["d2d_m"], float), cell)
    assert probability == pytest.approx(np.array(table[f"{cell}_p_los"]), abs=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_reference_shadowing(cell):
    table, shadowing = radio_reference()["tr38901_shadowing"], PATH_LOSS[f"tr38901_{cell}"].shadowing
    assert [state.sigma_db for state in shadowing] == table[f"{cell}_sigma_los_nlos_db"]
    assert [state.decorrelation_m for state in shadowing] == table[f"{cell}_decorrelation_los_nlos_m"]


def test_reference_uplink():
    example = radio_reference()["uplink_example"]
    loss_db = tr38901_nlos_pathloss_db(np.array(example["d_m"], float), "uma", 3.5e9)
    noise_w_per_hz = dbm_to_w(-174.0 + example["noise_figure_db"])
    power_w, width_hz = dbm_to_w(example["tx_dbm"]), example["bandwidth_hz"]
    snr_db = linear_to_db(power_w * channel_gain(loss_db) / (width_hz * noise_w_per_hz))
    assert snr_db == pytest.approx(np.array(example["snr_db"]), abs=TOLERANCE_DB)
    rate_mbps = rate_bps(width_hz, power_w, channel_gain(loss_db), noise_w_per_hz) / 1e6
    assert rate_mbps == pytest.approx(np.array(example["rate_mbps"]), rel=1e-3)


def test_reference_noise():
    for noise in radio_reference()["noise"]:
        noise_w = dbm_to_w(-174.0 + noise["noise_figure_db"]) * noise["bandwidth_hz"]
        assert linear_to_db(noise_w) + 30.0 == pytest.approx(noise["dbm"], abs=TOLERANCE_DB)


@pytest.mark.parametrize("cell", CELLS)
@given(carrier_hz=CARRIER_HZ, user_height_m=st.floats(1.5, 13.0), near_m=DISTANCE_M, far_m=DISTANCE_M)
def test_losses_grow_with_distance_and_without_line_of_sight(cell, carrier_hz, user_height_m, near_m, far_m):
    distance_m = np.sort(np.array([near_m, far_m]))
    link = {"cell": cell, "carrier_hz": carrier_hz, "user_height_m": user_height_m}
    los_db, nlos_db = tr38901_los_pathloss_db(distance_m, **link), tr38901_nlos_pathloss_db(distance_m, **link)
    assert los_db[0] <= los_db[1] + 1e-9 and nlos_db[0] <= nlos_db[1] + 1e-9
    assert np.all(los_db <= nlos_db)
    assert tr38901_pathloss_db(distance_m, np.array([True, False]), **link).tolist() == [los_db[0], nlos_db[1]]


@pytest.mark.parametrize("cell", CELLS)
@given(near_m=DISTANCE_M, far_m=DISTANCE_M)
def test_line_of_sight_becomes_less_likely(cell, near_m, far_m):
    probability = tr38901_los_probability(np.sort(np.array([near_m, far_m])), cell)
    assert 0.0 <= probability[1] <= probability[0] + 1e-15 and probability[0] <= 1.0
    assert tr38901_los_probability(np.array([0.0, 18.0]), cell).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("cell", CELLS)
@given(carrier_hz=CARRIER_HZ)
def test_the_loss_is_continuous_at_the_breakpoint(cell, carrier_hz):
    break_m = tr38901.tr38901_breakpoint_m(cell, carrier_hz)
    near_db, far_db = tr38901_los_pathloss_db(break_m * np.array([1 - 1e-9, 1 + 1e-9]), cell, carrier_hz)
    assert near_db == pytest.approx(far_db, abs=1e-6)


def test_the_breakpoint_by_hand():
    assert tr38901.tr38901_breakpoint_m("umi", 3e9, user_height_m=2.0) == pytest.approx(4 * 9 * 1 * 10)


def test_near_the_mast_and_nowhere():
    near_db = tr38901_los_pathloss_db(np.array([0.0, 10.0]), "umi", 3.5e9)
    assert near_db[0] == near_db[1]
    assert tr38901_nlos_pathloss_db(np.zeros((0, 2)), "uma", 3.5e9).shape == (0, 2)


def test_an_unknown_cell_lists_the_accepted():
    with pytest.raises(ValueError, match="'rma'.*'uma', 'umi'"):
        tr38901_los_probability(10.0, "rma")


def test_a_clamp_beyond_the_breakpoint_keeps_the_loss_growing():
    loss_db = tr38901_los_pathloss_db(np.array([1.0, 100.0, 300.0, 301.0]), "umi", 3.5e9, min_distance_m=300.0)
    assert loss_db[0] == loss_db[1] == loss_db[2] < loss_db[3]
