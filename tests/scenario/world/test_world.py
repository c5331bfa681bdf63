import math

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario import Readings, Scenario, build_world, family, parse_scenario

TEXT = """
schema_version: 1
name: a
radio: {noise_dbm_per_hz: -174, bandwidth_mhz: 10, min_distance_m: 5}
area: {width_m: 100, height_m: 50, origin: {lat_deg: -37, lon_deg: 144}}
stations:
  list:
    - {id: s, x_m: 1, y_m: 2, cpu_gcycles_per_s: 8, capacity_users: 2, opening_s: 0.25}
    - {id: t, x_m: 3, y_m: 4, host: false, cpu_gcycles_per_s: 9, capacity_users: 5}
    - {id: u, x_m: 5, y_m: 6, capacity_users: all}
    - {id: v, x_m: 7, y_m: 8}
cloud: {name: core, x_m: 90, y_m: 40}
users:
  list:
    - {id: a, x_m: 1, y_m: 1, history_mbit: 10, update_mbit: 0.5, deadline_ms: 100, tx_power_w: 0.1}
    - {id: b, x_m: 2, y_m: 2}
    - {id: c, x_m: 2, y_m: 9}
  history_mbit: 6
attribution: [Somebody]
"""


def test_units_are_converted_once_to_si():
    world = build_world(parse_scenario(TEXT))
    assert world.station_ids == ("s", "t", "u", "v") and world.user_ids == ("a", "b", "c")
    assert world.station_xy_m.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert world.host.tolist() == [True, False, True, True]
    assert world.cpu_cycles_per_s[:2].tolist() == [8e9, 9e9]
    assert (world.cpu_cycles_per_s > 0).all()
    assert world.capacity.tolist() == [2, 0, 3, math.ceil(3 * 3 / 4)] and world.capacity.dtype == np.int64
    assert world.opening_s.tolist() == [0.25, 0.2, 0.2, 0.2]
    assert world.history_bits.tolist() == [10e6, 6e6, 6e6]
    assert world.update_bits[0] == 0.5e6 and world.tx_power_w.tolist() == [0.1, 0.2, 0.2]
    assert world.deadline_s is not None and world.deadline_s[0] == pytest.approx(0.1, rel=1e-15)
    assert (world.radio.bandwidth_hz, world.radio.min_distance_m) == (10e6, 5)
    assert world.radio.noise_w_per_hz == pytest.approx(3.981e-21, rel=1e-4)
    assert world.cloud is not None and (world.cloud.name, world.cloud.xy_m) == ("core", (90, 40))
    assert world.origin == (-37, 144) and world.attribution == ("Somebody",)
    assert (world.width_m, world.height_m) == (100, 50)


def test_a_share_of_the_stations_is_radio_only():
    text = "schema_version: 1\nname: a\nstations: {generate: {count: 40, host_share: %s}}\nusers: {generate: {}}"
    assert build_world(parse_scenario(text % "0.25")).host.sum() == 10
    assert build_world(parse_scenario(text % "0.001")).host.sum() == 1


def _with(section: str, **fields) -> Scenario:
    value = family(20, 4).model_dump(by_alias=True)
    return Scenario.model_validate({**value, section: {**value[section], **fields}})


def test_a_sum_is_n_means():
    assert build_world(_with("objective", aggregation="sum", alpha=2.0)).alpha == 40


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        (3, {"alpha": 0.25}),
        (4, {"eta_s": 0.0}),
        (5, {"construction_cycles_per_bit": 1.0, "update_cycles_per_bit": 1.0}),
        (1, {}),
        (26, {}),
    ],
)
def test_literal_readings_apply_to_the_world(row, changed):
    sound, literal = build_world(family(20, 4)), build_world(_with("readings", rows={row: "literal"}))
    assert literal.readings.is_literal(row) and not sound.readings.is_literal(row)
    for field in ("alpha", "eta_s", "construction_cycles_per_bit", "update_cycles_per_bit"):
        assert getattr(literal, field) == changed.get(field, getattr(sound, field))


def test_a_row_overrides_the_default_reading():
    readings = Readings(default="literal", rows={26: "sound"})
    assert readings.is_literal(1) and not readings.is_literal(26)
    with pytest.raises(ValueError, match="row 12 is not implemented"):
        readings.is_literal(12)


def test_too_many_fading_links_are_refused():
    value = family(2_000_000, 200).model_dump(by_alias=True)
    scenario = Scenario.model_validate({**value, "radio": {"fading": "rayleigh"}})
    with pytest.raises(InputError, match="radio.fading: rayleigh draws a value for each of 2000000 x 200 links"):
        build_world(scenario)


def test_an_unread_csv_is_refused():
    value = family(20, 4).model_dump(by_alias=True)
    with pytest.raises(InputError, match="users.csv: the file has not been read"):
        build_world(Scenario.model_validate({**value, "users": {"csv": "a.csv"}}))
    with pytest.raises(InputError, match="stations.csv: the file has not been read"):
        build_world(Scenario.model_validate({**value, "stations": {"csv": "a.csv"}}))


def test_a_scenario_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        family(20, 4).seed = 3  # type: ignore[misc]
