"""The channel of a whole scenario: line of sight, shadowing, interference; and presets that must not change."""

import importlib

import numpy as np
import pytest

from twinhop import network
from twinhop.errors import ExtrapolationWarning
from twinhop.formulation import radio_state
from twinhop.scenario import build_world, load_scenario, parse_scenario
from twinhop.scenario.world import channel
from twinhop.units import dbm_to_w

TOWN = """
schema_version: 1
name: town
seed: 7
area: {{width_m: 1200, height_m: 1200}}
radio: {{{radio}}}
stations: {{generate: {{count: 6}}}}
users: {{generate: {{count: {users}}}}}
"""


def world(radio, users=300):
    return build_world(parse_scenario(TOWN.format(radio=radio, users=users)))


def distances(town):
    return network.distance_m(town.user_xy_m, town.station_xy_m)


@pytest.mark.parametrize("preset", ["lu2021-n100-m10", "city-small", "proto-n100-m10", "family(100, 10)"])
def test_the_rates_of_presets_are_those_of_the_bare_formula_bit_for_bit(preset):
    town = build_world(load_scenario(preset))
    state, radio = radio_state(town), town.radio
    loss = network.tr36814_macro_pathloss_db(distances(town), radio.min_distance_m)
    fading = 1.0 if town.fading_uniform is None else network.rayleigh_power(town.fading_uniform, radio.fading_floor)
    gain = network.channel_gain(loss, fading)[np.arange(len(loss)), state.access]
    width = network.user_bandwidth_hz(radio.bandwidth_hz, state.access, len(town.station_ids), radio.bandwidth_rule)
    expected = network.rate_bps(width, town.tx_power_w, gain, float(dbm_to_w(-174.0)))
    assert state.access_rate_bps.tobytes() == expected.tobytes()


@pytest.mark.parametrize("cell", ["uma", "umi"])
def test_line_of_sight_always_and_never(cell):
    for sight, loss in (("always", network.tr38901_los_pathloss_db), ("never", network.tr38901_nlos_pathloss_db)):
        town = world(f"path_loss: tr38901_{cell}, carrier_ghz: 28, line_of_sight: {sight}")
        expected = loss(distances(town), cell, 28e9)
        assert np.array_equal(channel.mean_loss_db(town, town.user_xy_m, distances(town)), expected)


def test_random_line_of_sight_mixes_the_two():
    town = world("path_loss: tr38901_uma")
    distance, sight = distances(town), channel.line_of_sight(town, town.user_xy_m, distances(town))
    share, probability = sight.mean(), network.tr38901_los_probability(distance, "uma").mean()
    assert 0.5 * probability < share < 2.0 * probability
    los_db = network.tr38901_los_pathloss_db(distance, "uma", 3.5e9)
    nlos_db = network.tr38901_nlos_pathloss_db(distance, "uma", 3.5e9)
    assert np.array_equal(channel.mean_loss_db(town, town.user_xy_m, distance), np.where(sight, los_db, nlos_db))


def test_shadowing_follows_the_state_of_each_link():
    town, bare = (world(f"path_loss: tr38901_umi{extra}", users=2000) for extra in (", shadowing: correlated", ""))
    distance = distances(town)
    shadow_db = channel.mean_loss_db(town, town.user_xy_m, distance) - channel.mean_loss_db(
        bare, bare.user_xy_m, distance
    )
    sight = channel.line_of_sight(town, town.user_xy_m, distance)
    assert np.array_equal(sight, channel.line_of_sight(bare, bare.user_xy_m, distance))
    assert shadow_db[sight].std() == pytest.approx(4.0, rel=0.15)
    assert shadow_db[~sight].std() == pytest.approx(7.82, rel=0.1)
    assert abs(shadow_db[~sight].mean()) < 0.5


def test_links_do_not_depend_on_how_users_are_cut_into_blocks(monkeypatch):
    town = world("path_loss: tr38901_umi, shadowing: correlated, interference: full_reuse", users=50)
    whole = radio_state(town)
    monkeypatch.setattr(importlib.import_module("twinhop.formulation.formulate"), "BLOCK_USERS", 7)
    parts = radio_state(town)
    assert np.array_equal(parts.access, whole.access)
    np.testing.assert_allclose(parts.access_rate_bps, whole.access_rate_bps, rtol=1e-12)


def test_users_next_to_each_other_have_the_same_channel():
    listed = TOWN.replace("{{generate: {{count: {users}}}}}", "{{list: [{users}]}}")
    rows = ", ".join(f"{{id: u{i}, x_m: {500 + i * 0.01}, y_m: 400}}" for i in range(5))
    text = listed.format(radio="path_loss: tr38901_uma, shadowing: correlated", users=rows)
    town = build_world(parse_scenario(text))
    loss_db = channel.mean_loss_db(town, town.user_xy_m, distances(town))
    assert np.ptp(loss_db, axis=0).max() < 0.1


@pytest.mark.parametrize("rule", ["full", "equal_share"])
def test_interference_lowers_rates_as_the_formula_says(rule):
    quiet = world(f"bandwidth_rule: {rule}")
    loud = world(f"bandwidth_rule: {rule}, interference: full_reuse")
    gain = network.channel_gain(network.tr36814_macro_pathloss_db(distances(quiet)))
    state = radio_state(loud)
    assert np.array_equal(state.access, radio_state(quiet).access)
    width = network.user_bandwidth_hz(20e6, state.access, 6, rule)
    density = network.uplink_interference_w_per_hz(0.2, gain, state.access, width)
    users = np.arange(300)
    sinr = 0.2 * gain[users, state.access] / (width * (quiet.radio.noise_w_per_hz + density[state.access]))
    assert state.access_rate_bps == pytest.approx(width * np.log2(1 + sinr), rel=1e-12)
    assert np.all(state.access_rate_bps < radio_state(quiet).access_rate_bps)


def test_the_noise_figure_counts_as_louder_noise():
    figure = radio_state(world("noise_figure_db: 5")).access_rate_bps
    louder = radio_state(world("noise_dbm_per_hz: -169")).access_rate_bps
    assert np.array_equal(figure, louder)


def test_links_beyond_the_range_of_the_model_are_warned_of():
    text = TOWN.format(radio="path_loss: tr38901_umi", users=4).replace("1200", "90000")
    town = build_world(parse_scenario(text))
    with pytest.warns(ExtrapolationWarning, match=r"town: \d of 4 users are more than 5000 m from their"):
        radio_state(town)
