import jsonschema
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.io.yaml_io import read_yaml
from twinhop.scenario import (
    build_world,
    dump_scenario,
    expand,
    family,
    json_schema,
    load_scenario,
    parse_scenario,
    preset,
    preset_names,
)

FAMILY = ("family(100, 10)", "family(60, 5, capacity=15)", "family-n40-m4", "family(50, 10, deadlines=on)")
EVERY_PRESET = (*preset_names(), *FAMILY)


def test_the_presets_of_the_specification_are_there():
    lu2021 = {f"lu2021-n{users}-m{stations}" for users in (80, 100) for stations in (5, 10)}
    assert lu2021 | {"proto-n100-m10", "city-small", "city-large"} == set(preset_names())


@pytest.mark.parametrize("name", EVERY_PRESET)
class TestEveryPreset:
    def test_is_finite_and_in_range(self, name):
        world = build_world(load_scenario(name))
        for values in (world.cpu_cycles_per_s, world.history_bits, world.update_bits, world.tx_power_w):
            assert np.isfinite(values).all() and (values > 0).all()
        assert (world.capacity[world.host] > 0).all() and (world.capacity[~world.host] == 0).all()
        assert world.capacity.sum() >= len(world.user_ids)
        for points in (world.station_xy_m, world.user_xy_m):
            assert points.flags.c_contiguous
            assert (points >= 0).all() and (points <= (world.width_m, world.height_m)).all()

    def test_is_seed_exact(self, name, assert_same_world):
        assert_same_world(build_world(load_scenario(name, seed=7)), build_world(preset(name).with_seed(7)))
        other = build_world(load_scenario(name, seed=8))
        assert not np.array_equal(other.user_xy_m, build_world(load_scenario(name, seed=7)).user_xy_m)

    def test_is_read_back_from_its_text(self, name):
        scenario = preset(name)
        assert parse_scenario(dump_scenario(scenario)) == scenario

    def test_expands_to_the_same_world(self, name, assert_same_world):
        scenario = preset(name).with_seed(3)
        expanded = expand(scenario)
        read_back = parse_scenario(dump_scenario(expanded))
        assert read_back == expanded == expand(expanded)
        assert_same_world(build_world(read_back), build_world(scenario))

    def test_satisfies_the_json_schema(self, name):
        validator = jsonschema.Draft202012Validator(json_schema())
        validator.validate(read_yaml(dump_scenario(preset(name)), name))
        validator.validate(read_yaml(dump_scenario(expand(preset(name))), name))


def test_the_json_schema_is_valid_and_closed():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    value = read_yaml(dump_scenario(preset("city-small")), "f")
    for broken in ({**value, "extra": 1}, {**value, "seed": -1}, {**value, "radio": {"bandwidth_mhz": 0}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_every_field_of_the_schema_is_described():
    schema = json_schema()
    for section in (schema, *schema["$defs"].values()):
        for name, field in section.get("properties", {}).items():
            assert field.get("description"), name


@pytest.mark.parametrize("users", [80, 100])
@pytest.mark.parametrize("stations", [5, 10])
def test_lu2021_holds_the_constants_of_the_specification(users, stations):
    world = build_world(preset(f"lu2021-n{users}-m{stations}"))
    assert (len(world.user_ids), len(world.station_ids)) == (users, stations)
    assert (world.width_m, world.height_m) == (1500, 1500)
    assert (world.radio.bandwidth_hz, world.radio.bandwidth_rule, world.radio.fading) == (20e6, "full", "none")
    assert world.radio.noise_w_per_hz == pytest.approx(10**-20.4, rel=1e-12)
    assert world.latency_s_per_bit_m == 1e-11
    assert (world.construction_cycles_per_bit, world.update_cycles_per_bit, world.cpu_rule) == (100, 50, "optimal")
    assert world.deadline_s is None and world.fading_uniform is None
    assert (world.capacity == users).all() and (world.opening_s == 0.05).all() and world.host.all()
    assert (world.tx_power_w == 0.2).all()
    _within(world.cpu_cycles_per_s, 8e9, 24e9)
    _within(world.history_bits, 5e6, 20e6)
    _within(world.update_bits, 0.1e6, 1e6)
    assert (world.alpha, world.beta, world.kappa_s_per_j, world.eta_s, world.sync_period_s) == (1, 1, 1, 1, 1)


def test_proto_holds_the_constants_of_the_specification():
    world = build_world(preset("proto-n100-m10"))
    assert world.radio.fading == "rayleigh" and world.radio.fading_floor == 0.05
    assert world.radio.access == "strongest_instant" and world.radio.bandwidth_rule == "full"
    assert world.fading_uniform is not None and world.fading_uniform.shape == (100, 10)
    assert world.fading_uniform.min() >= 0 and world.fading_uniform.max() < 1
    assert (world.eta_s, world.kappa_s_per_j, world.latency_s_per_bit_m) == (0, 0, 2e-11)
    assert world.construction_cycles_per_bit == 100 and world.deadline_s is None
    assert (world.opening_s == 0.05).all() and (world.capacity == 100).all()
    _within(world.history_bits, 2e6, 10e6)


@pytest.mark.parametrize(("users", "stations"), [(100, 10), (1000, 50), (7, 3)])
def test_family_scales_as_specified(users, stations):
    world = build_world(family(users, stations))
    load = users / stations / 10
    assert world.width_m == world.height_m == pytest.approx(1500 * (stations / 10) ** 0.5)
    assert world.radio.bandwidth_hz == pytest.approx(20e6 * load) and world.radio.bandwidth_rule == "equal_share"
    assert world.opening_s == pytest.approx(2 / stations)
    assert (world.capacity == users).all() and world.deadline_s is None
    _within(world.cpu_cycles_per_s, 8e9 * load * (1 - 1e-12), 24e9 * load * (1 + 1e-12))
    _within(world.history_bits, 5e6, 20e6)
    assert world.latency_s_per_bit_m == 1e-11 and world.eta_s == 1


def _within(values, low, high):
    assert values.min() >= low and values.max() <= high
    if len(values) >= 80:
        assert values.min() < low + 0.1 * (high - low) and values.max() > high - 0.1 * (high - low)


def test_family_options():
    tight = build_world(preset("family(100, 10, capacity=15, deadlines=on)"))
    assert (tight.capacity == 15).all()
    assert tight.deadline_s is not None and 0.05 <= tight.deadline_s.min() <= tight.deadline_s.max() <= 0.2
    assert preset("family(100,10)") == preset("family-n100-m10") == family(100, 10)
    assert preset(tight.name) == family(100, 10, capacity_users=15, deadlines=True)
    assert family(10, 2, seed=4).seed == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("family(100)", "is not of the form"),
        ("family(100, 10", "is not of the form"),
        ("family(-1, 10)", "is not of the form"),
        ("family(0, 10)", "users N must be a whole number from 1"),
        ("family(10, 99999999)", "stations M must be a whole number from 1 to 20000"),
        ("family(10, 2, capacity=0)", "capacity must be a whole number from 1"),
        ("family(10, 2, capacity=x)", "capacity=x is not accepted"),
        ("family(10, 2, deadlines=maybe)", "deadlines=maybe is not accepted"),
        ("family(10, 2, seed=1)", "seed=1 is not accepted"),
        ("family(10, 2, capacity=3, capacity=4)", "each option once"),
        ("family(" + "9" * 5000 + ", 10)", "users N must be"),
        ("city-smal", "did you mean 'city-small'"),
    ],
)
def test_refused_names(name, message):
    with pytest.raises(InputError, match=message):
        preset(name)


def test_family_refuses_numbers_of_the_wrong_kind():
    with pytest.raises(InputError, match="users N must be a whole number"):
        family(1.5, 10)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="seed must be"):
        family(10, 10, seed=-1)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "1"])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(InputError, match="seed: must be a whole number from 0"):
        preset("city-small").with_seed(seed)
