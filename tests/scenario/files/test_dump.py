import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.scenario import (
    Scenario,
    build_world,
    dump_scenario,
    expand,
    load_scenario,
    parse_scenario,
    preset,
    save_scenario,
)
from twinhop.scenario.files import dump as dump_module

POSITIVE = st.floats(1e-12, 1e12)
EXTENT = st.floats(1e-3, 1e8)
SIZE = st.one_of(POSITIVE, st.tuples(POSITIVE, POSITIVE).map(lambda pair: {"uniform": sorted(pair)}))
PRINTABLE = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" ")
TEXT = st.text(PRINTABLE, min_size=1, max_size=12).map(
    lambda text: "x" if text.isspace() or not text.isprintable() else text
)
COORDINATE = st.floats(-1e8, 1e8)
CLOUD = {"name": TEXT, "latency_ms": POSITIVE, "link_rate_mbps": POSITIVE, "cpu_gcycles_per_s": POSITIVE}
CAPACITY = st.one_of(st.none(), st.just("all"), st.integers(0, 100))


def optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def rows(**fields):
    row = st.fixed_dictionaries({"id": TEXT, "x_m": COORDINATE, "y_m": COORDINATE}, optional=fields)
    return st.lists(row, min_size=1, max_size=4, unique_by=lambda each: each["id"])


STATIONS = st.one_of(
    st.fixed_dictionaries(
        {"generate": optional(count=st.integers(1, 9), layout=st.sampled_from(["uniform", "hexagonal"]))},
        optional={"cpu_gcycles_per_s": SIZE, "capacity_users": CAPACITY, "opening_s": st.floats(0, 1e3)},
    ),
    rows(cpu_gcycles_per_s=POSITIVE, capacity_users=CAPACITY, opening_s=st.floats(0, 1e3)).map(
        lambda listed: {"list": listed}
    ),
)
USERS = st.one_of(
    st.fixed_dictionaries(
        {"generate": optional(count=st.integers(1, 9))},
        optional={"history_mbit": SIZE, "update_mbit": SIZE, "deadline_ms": SIZE, "tx_power_w": SIZE},
    ),
    rows(history_mbit=st.floats(0, 1e9), update_mbit=st.floats(0, 1e9), deadline_ms=POSITIVE, tx_power_w=POSITIVE).map(
        lambda listed: {"list": listed}
    ),
)
SCENARIO = st.fixed_dictionaries(
    {"schema_version": st.just(1), "name": TEXT, "stations": STATIONS, "users": USERS},
    optional={
        "seed": st.integers(0, 2**63 - 1),
        "area": optional(width_m=EXTENT, height_m=EXTENT),
        "radio": optional(
            bandwidth_mhz=POSITIVE, noise_dbm_per_hz=st.floats(-300, 100), fading=st.sampled_from(["none", "rayleigh"])
        ),
        "backhaul": optional(latency_s_per_bit_m=st.floats(0, 1)),
        "cloud": st.fixed_dictionaries({"x_m": COORDINATE, "y_m": COORDINATE}, optional=CLOUD),
        "objective": optional(alpha=POSITIVE, deadlines=st.booleans(), aggregation=st.sampled_from(["mean", "sum"])),
        "readings": optional(
            default=st.sampled_from(["sound", "literal"]),
            rows=st.dictionaries(st.sampled_from([*range(1, 12), 15, 26]), st.sampled_from(["sound", "literal"])),
        ),
        "attribution": st.lists(TEXT, max_size=2),
    },
)


@given(SCENARIO)
@settings(max_examples=100, deadline=None)
def test_random_scenarios_are_read_back_and_expand_to_the_same_world(value):
    scenario = Scenario.model_validate(value)
    assert parse_scenario(dump_scenario(scenario)) == scenario
    expanded = expand(scenario)
    assert parse_scenario(dump_scenario(expanded)) == expanded
    first, second = build_world(scenario), build_world(expanded)
    for field in ("station_xy_m", "cpu_cycles_per_s", "capacity", "opening_s", "user_xy_m", "history_bits"):
        assert getattr(first, field).tobytes() == getattr(second, field).tobytes(), field
    if first.deadline_s is not None:
        assert np.array_equal(first.deadline_s, second.deadline_s)
    if first.fading_uniform is not None:
        assert np.array_equal(first.fading_uniform, second.fading_uniform)


@given(SCENARIO)
@settings(max_examples=40, deadline=None)
def test_other_yaml_readers_understand_the_text(value):
    scenario = Scenario.model_validate(value)
    read = yaml.safe_load(dump_scenario(scenario))
    assert Scenario.model_validate(read) == scenario


def test_rows_take_one_line_each_and_defaults_are_left_out():
    text = dump_scenario(expand(preset("lu2021-n80-m5")))
    assert sum(line.startswith("    - {id: u") for line in text.splitlines()) == 80
    assert "kappa" not in text and "services" not in text


def test_save_and_load(tmp_path):
    path = tmp_path / "city.yaml"
    save_scenario(preset("city-small"), path)
    assert load_scenario(path) == preset("city-small")
    with pytest.raises(InputError, match="exists already"):
        save_scenario(preset("city-large"), path)
    assert load_scenario(path).name == "city-small"
    save_scenario(preset("city-large"), path, overwrite=True)
    assert load_scenario(path).name == "city-large"
    assert [entry.name for entry in tmp_path.iterdir()] == ["city.yaml"]


def test_unwritable_places_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        save_scenario(preset("city-small"), tmp_path / "missing" / "city.yaml")
    with pytest.raises(InputError, match="is a folder"):
        save_scenario(preset("city-small"), tmp_path, overwrite=True)


def test_a_scenario_too_large_to_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(dump_module, "LARGEST_FILE_BYTES", 10)
    with pytest.raises(InputError, match="list its stations and users in CSV files"):
        save_scenario(preset("city-small"), tmp_path / "city.yaml")
    assert not list(tmp_path.iterdir())
