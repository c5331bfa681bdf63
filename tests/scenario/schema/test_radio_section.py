"""The radio section of a scenario: what each path loss model takes, refuses and warns of."""

import warnings

import numpy as np
import pytest

from twinhop.errors import ExtrapolationWarning, InputError
from twinhop.network import FIELD_WAVES, HATA_ENVIRONMENTS, PATH_LOSS, Shadowing
from twinhop.scenario import build_world, dump_scenario, expand, parse_scenario
from twinhop.scenario.schema import radio_section
from twinhop.scenario.schema.radio_section import SI_PARAMETERS, Radio


def scenario(radio, seed=3, stations=4, users=6):
    return parse_scenario(
        f"schema_version: 1\nname: town\nseed: {seed}\nradio: {{{radio}}}\n"
        f"stations: {{generate: {{count: {stations}}}}}\nusers: {{generate: {{count: {users}}}}}\n",
        "town.yaml",
    )


def error(radio):
    with pytest.raises(InputError) as caught:
        scenario(radio)
    return str(caught.value)


def test_the_schema_names_what_the_physics_offers():
    assert list(radio_section.PathLoss.__args__) == list(PATH_LOSS)
    assert radio_section.Environment.__args__ == HATA_ENVIRONMENTS
    assert {name for model in PATH_LOSS.values() for name in model.defaults} == {si for si, _ in SI_PARAMETERS.values()}


@pytest.mark.parametrize("name", PATH_LOSS)
def test_every_model_works_with_its_own_parameters_and_is_read_back(name):
    town = scenario(f"path_loss: {name}, noise_figure_db: 5, interference: full_reuse")
    assert parse_scenario(dump_scenario(town)) == town
    world = build_world(town)
    assert world.radio.path_loss_parameters == PATH_LOSS[name].defaults
    assert world.radio.noise_w_per_hz == pytest.approx(10**-19.9, rel=1e-12)
    assert world.radio.interference == "full_reuse"


def test_parameters_are_converted_to_si():
    radio = Radio(path_loss="okumura_hata", carrier_ghz=0.45, station_height_m=50.0, environment="open")
    assert radio.path_loss_parameters() == {
        "carrier_hz": 450e6,
        "station_height_m": 50.0,
        "user_height_m": 1.5,
        "environment": "open",
    }


@pytest.mark.parametrize(
    ("radio", "message"),
    [
        (
            "path_loss: tr38901_rma",
            "town.yaml:4: radio.path_loss: must be one of tr36814_macro, tr38901_uma, tr38901_umi, okumura_hata, "
            "power_law (got 'tr38901_rma'); did you mean",
        ),
        (
            "path_loss: okumura_hata, carrier_ghz: 3.5",
            "town.yaml:4: radio.carrier_ghz: 3.5 GHz is outside the range of okumura_hata, 0.15 to 1.5 GHz; "
            "use another path_loss, or allow_extrapolation: true",
        ),
        (
            "path_loss: tr38901_uma, carrier_ghz: 0.45",
            "radio.carrier_ghz: 0.45 GHz is outside the range of tr38901_uma",
        ),
        ("path_loss: tr38901_umi, carrier_ghz: 101", "radio.carrier_ghz: 101 GHz is outside the range of tr38901_umi"),
        ("path_loss: tr38901_uma, station_height_m: 40", "radio.station_height_m: 40 m is outside the range of"),
        ("path_loss: tr38901_uma, user_height_m: 14", "14 m is outside the range of tr38901_uma, 1.5 to 13 m"),
        ("path_loss: okumura_hata, station_height_m: 20", "20 m is outside the range of okumura_hata, 30 to 200 m"),
        (
            "path_loss: tr38901_umi, user_height_m: 1, allow_extrapolation: true",
            "radio.user_height_m: must be greater than 1 in tr38901_umi (got 1)",
        ),
        (
            "carrier_ghz: 2",
            "radio.carrier_ghz: path_loss: tr36814_macro takes none; these do: tr38901_uma, tr38901_umi, okumura_hata",
        ),
        ("path_loss: power_law, environment: open", "radio.environment: path_loss: power_law takes none; these do: ok"),
        ("path_loss_exponent: 3", "radio.path_loss_exponent: path_loss: tr36814_macro takes none; these do: power_law"),
        ("path_loss: power_law, reference_loss_db: -1", "radio.reference_loss_db: must be 0 or greater (got -1)"),
        ("path_loss: power_law, path_loss_exponent: 0", "radio.path_loss_exponent: must be greater than 0 (got 0)"),
        ("path_loss: tr38901_uma, carrier_ghz: .nan", "radio.carrier_ghz: must be a finite number (got nan)"),
        ("path_loss: okumura_hata, environment: village", "must be one of small_city, large_city, suburban, open"),
        (
            "line_of_sight: always",
            "radio.line_of_sight: path_loss: tr36814_macro knows no line of sight; these do: tr38901_uma, tr38901_umi",
        ),
        ("shadowing_sigma_db: 8", "radio.shadowing_sigma_db: has no effect with shadowing: none; set shadowing: corr"),
        ("shadowing_decorrelation_m: 8", "radio.shadowing_decorrelation_m: has no effect with shadowing: none"),
        (
            "path_loss: okumura_hata, shadowing: correlated, shadowing_decorrelation_m: 50",
            "radio.shadowing_sigma_db: is required with shadowing: correlated, as okumura_hata states none",
        ),
        ("shadowing: iid", "radio.shadowing: must be one of none, correlated (got 'iid')"),
        ("noise_figure_db: -1", "radio.noise_figure_db: must be 0 or greater (got -1)"),
        ("interference: some", "radio.interference: must be one of none, full_reuse (got 'some')"),
        ("allow_extrapolation: 1", "radio.allow_extrapolation: must be true or false (got 1)"),
    ],
)
def test_bad_input(radio, message):
    assert message in error(radio)


def test_extrapolation_that_is_allowed_is_warned_of():
    town = scenario("path_loss: okumura_hata, carrier_ghz: 3.5, station_height_m: 10, allow_extrapolation: true")
    with pytest.warns(ExtrapolationWarning) as caught:
        world = build_world(town)
    assert [str(each.message) for each in caught] == [
        "town: radio.carrier_ghz: 3.5 GHz is outside the range of okumura_hata, 0.15 to 1.5 GHz; it is extrapolated",
        "town: radio.station_height_m: 10 m is outside the range of okumura_hata, 30 to 200 m; it is extrapolated",
    ]
    assert world.radio.path_loss_parameters["carrier_hz"] == 3.5e9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_world(scenario("path_loss: okumura_hata, allow_extrapolation: true"))


def test_shadowing_is_the_models_own_unless_stated():
    def states(text):
        return build_world(scenario(text)).radio.shadowing

    assert states("path_loss: tr38901_umi") == ()
    assert states("path_loss: tr38901_umi, shadowing: correlated") == (Shadowing(4, 10), Shadowing(7.82, 13))
    assert states("shadowing: correlated") == (Shadowing(8, 50),)
    stated = "shadowing: correlated, shadowing_sigma_db: 3, shadowing_decorrelation_m: 20"
    assert states(f"path_loss: power_law, {stated}") == (Shadowing(3, 20),)
    assert states("path_loss: tr38901_uma, shadowing: correlated, shadowing_sigma_db: 3") == (
        Shadowing(3, 37),
        Shadowing(3, 50),
    )


def test_draws_follow_from_the_seed_and_their_own_streams():
    both = build_world(scenario("path_loss: tr38901_uma, shadowing: correlated"))
    assert both.los_wave_uniform.shape == (FIELD_WAVES, 2) and both.los_weight_normal.shape == (4, 2 * FIELD_WAVES)
    assert both.shadowing_wave_uniform.shape == (2, FIELD_WAVES, 2)
    assert both.shadowing_weight_normal.shape == (2, 4, 2 * FIELD_WAVES)
    alone = build_world(scenario("path_loss: tr38901_uma, fading: rayleigh, interference: full_reuse", users=9))
    assert np.array_equal(alone.los_weight_normal, both.los_weight_normal)
    assert alone.shadowing_weight_normal is None
    assert not np.array_equal(
        build_world(scenario("path_loss: tr38901_uma", seed=4)).los_weight_normal, both.los_weight_normal
    )
    plain = build_world(scenario(""))
    assert plain.los_wave_uniform is None and plain.shadowing_wave_uniform is None
    assert np.array_equal(plain.user_xy_m, both.user_xy_m)
    assert build_world(scenario("path_loss: tr38901_uma, line_of_sight: always")).los_wave_uniform is None


def test_a_scenario_written_out_keeps_its_channel(assert_same_world):
    town = scenario("path_loss: tr38901_umi, shadowing: correlated, fading: rayleigh")
    assert_same_world(build_world(town), build_world(expand(town)))
