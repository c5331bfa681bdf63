"""Stations and users written as GeoJSON and CSV come back."""

import json

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario import (
    build_world,
    family,
    import_csv,
    load_scenario,
    parse_scenario,
    save_csv,
    save_geojson,
    scenario_features,
    unproject,
)
from twinhop.scenario.importers import import_geojson

ON_EARTH = """schema_version: 1
name: earth
area: {origin: {lat_deg: -37.82, lon_deg: 144.95}}
stations: {generate: {count: 4, host_share: 0.5}}
users: {generate: {count: 9}}
attribution: ["Somebody, CC0"]
"""


def sizes(world):
    return (world.history_bits, world.update_bits, world.tx_power_w, world.cpu_cycles_per_s[world.host], world.capacity)


def test_csv_comes_back_to_the_same_positions(tmp_path):
    scenario = family(12, 3, seed=2)
    paths = save_csv(scenario, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["stations.csv", "users.csv"]
    world, again = build_world(scenario), build_world(import_csv(*paths))
    assert again.user_xy_m.tobytes() == world.user_xy_m.tobytes()
    assert again.station_xy_m.tobytes() == world.station_xy_m.tobytes()
    for one, two in zip(sizes(world), sizes(again), strict=True):
        assert one == pytest.approx(two)
    assert again.deadline_s is None


def test_deadlines_stay_on(tmp_path):
    scenario = family(12, 3, deadlines=True)
    again = build_world(import_csv(*save_csv(scenario, tmp_path)))
    assert again.deadline_s == pytest.approx(build_world(scenario).deadline_s)


CLASSES = ON_EARTH.replace("count: 9}}", "count: 9}, classes: [{name: car, share: 0.5, history_mbit: 3}]}")


@pytest.mark.parametrize("kind", ["csv", "geojson"])
def test_classes_come_back(kind, tmp_path):
    scenario = parse_scenario(CLASSES)
    if kind == "csv":
        back = import_csv(*save_csv(scenario, tmp_path))
    else:
        save_geojson(scenario, tmp_path / "c.geojson")
        back = import_geojson(tmp_path / "c.geojson", tmp_path / "c.geojson")
    world, again = build_world(scenario), build_world(back)
    assert again.class_names == world.class_names == ("car", "default")
    assert again.user_class.tolist() == world.user_class.tolist()
    assert 0 < sum(world.user_class == 0) < 9
    assert again.history_bits == pytest.approx(world.history_bits)


@pytest.mark.parametrize("kind", ["csv", "geojson"])
def test_places_on_earth_come_back(kind, tmp_path):
    scenario = parse_scenario(ON_EARTH)
    if kind == "csv":
        back = import_csv(*save_csv(scenario, tmp_path))
    else:
        save_geojson(scenario, tmp_path / "c.geojson")
        back = import_geojson(tmp_path / "c.geojson", tmp_path / "c.geojson")
        assert back.attribution == ("Somebody, CC0",)
    one, two = build_world(scenario), build_world(back)
    assert one.host.tolist() == two.host.tolist()
    for first, second in ((one.user_xy_m, two.user_xy_m), (one.station_xy_m, two.station_xy_m)):
        before, after = unproject(*first.T, one.origin), unproject(*second.T, two.origin)
        assert np.abs(np.subtract(before, after)).max() < 2e-8, "within two millimetres"


def test_geojson_of_a_scenario_nowhere_says_so_and_comes_back_in_metres(tmp_path):
    scenario = family(5, 2)
    features = scenario_features(scenario)
    assert features["twinhop"]["georeferenced"] is False
    assert [feature["properties"]["kind"] for feature in features["features"]] == ["station"] * 2 + ["user"] * 5
    save_geojson(scenario, tmp_path / "c.geojson")
    assert json.loads((tmp_path / "c.geojson").read_text()) == features
    again = build_world(import_geojson(tmp_path / "c.geojson", tmp_path / "c.geojson"))
    assert again.origin is None
    assert again.user_xy_m == pytest.approx(build_world(scenario).user_xy_m)


def test_nothing_is_replaced_unasked_nor_half_written(tmp_path):
    (tmp_path / "users.csv").write_text("mine")
    with pytest.raises(InputError, match=r"users.csv: exists already"):
        save_csv(family(5, 2), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["users.csv"]
    save_csv(family(5, 2), tmp_path, overwrite=True)
    with pytest.raises(InputError, match=r"users.csv: exists already"):
        save_geojson(family(5, 2), tmp_path / "users.csv")
    with pytest.raises(InputError, match="cannot be made"):
        save_csv(family(5, 2), tmp_path / "users.csv" / "folder")


def test_sources_go_with_the_tables(tmp_path):
    paths = save_csv(parse_scenario(ON_EARTH), tmp_path / "new")
    assert [path.name for path in paths] == ["stations.csv", "users.csv"]
    assert (tmp_path / "new" / "sources.txt").read_text() == "Somebody, CC0\n"
    with pytest.raises(InputError, match=r"stations.csv: exists already"):
        save_csv(parse_scenario(ON_EARTH), tmp_path / "new")
    without = parse_scenario(ON_EARTH.replace("attribution", "#"))
    save_csv(without, tmp_path / "new", overwrite=True)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["stations.csv", "users.csv"]


@pytest.mark.parametrize("attribution", ["attribution", "#"])
def test_sources_of_others_are_not_replaced_unasked(attribution, tmp_path):
    (tmp_path / "sources.txt").write_text("mine")
    with pytest.raises(InputError, match=r"sources.txt: exists already"):
        save_csv(parse_scenario(ON_EARTH.replace("attribution", attribution)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sources.txt"]
    assert (tmp_path / "sources.txt").read_text() == "mine"


def test_preset_files_export(tmp_path):
    for path in save_csv(load_scenario("city-small"), tmp_path):
        assert path.stat().st_size > 0
