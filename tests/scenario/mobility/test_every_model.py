"""What holds for every registered mobility model."""

import hashlib
import subprocess
import sys

import jsonschema
import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mobility_cases import AREA, PARAMETERS, SLOT_S, model, positions, track

from twinhop.scenario.mobility import MOBILITY_MODELS, Mobility
from twinhop.scenario.place_sections import Area

FIELD = pydantic.TypeAdapter(Mobility)
PAUSES = {"random_waypoint": "pause_s", "manhattan": "stop_s", "hot_spots": "stay_s"}
EVERY = pytest.mark.parametrize("kind", MOBILITY_MODELS)


@EVERY
def test_the_same_seed_gives_the_same_bytes(kind):
    users = positions(model(kind), 40)
    first, second = iter(users), iter(users)
    for _ in range(20):
        assert next(first).tobytes() == next(second).tobytes()
    assert users.slots is None and users.user_ids[3] == "u3"
    if kind != "static":
        other = track(model(kind), 40, 20, seed=2)
        assert not np.array_equal(other[-1], track(model(kind), 40, 20, seed=1)[-1])


def digests():
    """What positions of every model come to."""
    return " ".join(hashlib.sha256(track(model(kind), 9, 9).tobytes()).hexdigest() for kind in MOBILITY_MODELS)


def test_a_new_process_gives_the_same_bytes():
    code = f"import sys; sys.path[:0] = {[entry for entry in sys.path if entry]!r}\n"
    code += "import test_every_model; print(test_every_model.digests())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == digests().split()


@EVERY
@pytest.mark.parametrize("users", [0, 1, 7])
def test_positions_are_finite_and_inside(kind, users):
    xy_m = track(model(kind), users, 50)
    assert xy_m.shape == (50, users, 2) and xy_m.dtype == np.float64
    assert np.isfinite(xy_m).all() and (xy_m >= 0).all() and (xy_m <= (AREA.width_m, AREA.height_m)).all()


@EVERY
@given(
    width_m=st.floats(1.0, 1e5),
    height_m=st.floats(1.0, 1e5),
    speed_mps=st.floats(0.1, 40.0),
    share=st.floats(0.01, 1.0),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=25, deadline=None)
def test_nobody_leaves_the_area_or_jumps(kind, width_m, height_m, speed_mps, share, seed):
    area = Area(width_m=width_m, height_m=height_m)
    changes = {} if kind == "static" else {"min_speed_mps": share * speed_mps, "max_speed_mps": speed_mps}
    slot_s = 0.4 * min(width_m, height_m) / speed_mps
    if kind == "manhattan":
        changes["block_m"] = min(width_m, height_m) * share
    if kind in PAUSES:
        changes[PAUSES[kind]] = slot_s / 3
    xy_m = track(model(kind, **changes), 30, 12, area=area, slot_s=slot_s, seed=seed)
    rounding_m = 1e-9 * max(width_m, height_m)
    assert (xy_m >= -rounding_m).all() and (xy_m <= np.array([width_m, height_m]) + rounding_m).all()
    moved_m = np.hypot(*np.moveaxis(np.diff(xy_m, axis=0), -1, 0))
    assert moved_m.max() <= slot_s * speed_mps + rounding_m
    assert kind == "static" or moved_m.max() > 0


@EVERY
def test_positions_that_were_handed_out_stay_and_cannot_be_changed(kind):
    slots = iter(positions(model(kind), 5))
    first = next(slots)
    kept = first.copy()
    next(slots), next(slots)
    assert np.array_equal(first, kept)
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1.0


@EVERY
def test_parameters_are_written_and_read_back(kind):
    chosen = model(kind)
    text = FIELD.dump_json(chosen, exclude_defaults=True)
    assert b'"kind"' in text
    assert FIELD.validate_json(text) == chosen == FIELD.validate_python(chosen)
    jsonschema.Draft202012Validator(FIELD.json_schema()).validate(FIELD.dump_python(chosen, mode="json"))


@EVERY
def test_every_field_is_described_with_its_unit(kind):
    fields = MOBILITY_MODELS[kind].model_fields
    assert fields["kind"].is_required() and fields["kind"].annotation.__args__ == (kind,)
    for name, field in fields.items():
        assert field.description, name
        unit = {"mps": "[m/s]", "s": "[s]", "m": "[m]", "deg": "[degree]", "hour": "[h]"}.get(name.rpartition("_")[2])
        assert unit is None or unit in field.description, name


def test_the_cases_name_models_only():
    assert set(PARAMETERS) <= set(MOBILITY_MODELS)


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        (5, (), "must be a mapping with the kind of the model; accepted: static, random_waypoint"),
        ({}, ("kind",), "is required; accepted: static"),
        ({"kind": "gaus_markov"}, ("kind",), "unknown model 'gaus_markov'; did you mean 'gauss_markov'?"),
        ({"kind": ["static"]}, ("kind",), "unknown model"),
        ({"kind": "static", "alpha": 1}, ("alpha",), "unknown field; accepted: kind"),
        ({"kind": "gauss_markov", "alfa": 1}, ("alfa",), "did you mean 'alpha'? accepted: kind, alpha"),
        ({"kind": "random_waypoint", "min_speed_mps": 0.0}, (), "stationary mean speed is 0"),
        ({"kind": "random_waypoint", "min_speed_mps": -1.0}, (), "must be greater than 0 (got -1)"),
        ({"kind": "hot_spots", "min_speed_mps": 0.0}, (), "stationary mean speed is 0"),
        ({"kind": "random_waypoint", "min_speed_mps": 20.0}, ("min_speed_mps",), "at most max_speed_mps, 15 (got 20)"),
        ({"kind": "manhattan", "min_speed_mps": 20.0}, ("min_speed_mps",), "at most max_speed_mps"),
        ({"kind": "gauss_markov", "min_speed_mps": 20.0}, ("min_speed_mps",), "at most max_speed_mps"),
        ({"kind": "gauss_markov", "mean_speed_mps": 16.0}, ("mean_speed_mps",), "from min_speed_mps to max_speed_mps"),
        (
            {"kind": "manhattan", "left_probability": 0.6, "right_probability": 0.6},
            ("right_probability",),
            "add up to 1.2; at most 1",
        ),
        ({"kind": "hot_spots", "elsewhere_weights": [1.0]}, ("elsewhere_weights",), "must hold 24 weights"),
        (
            {"kind": "hot_spots", "spots": [], "elsewhere_weights": [1.0] * 23 + [0.0]},
            ("elsewhere_weights", 23),
            "all weights of hour 23 are 0",
        ),
        (
            {"kind": "hot_spots", "spots": [{"x_m": 1.0, "y_m": 1.0, "radius_m": 5.0, "weights": [1.0] * 25}]},
            ("spots", 0, "weights"),
            "must hold 24 weights, one an hour (got 25)",
        ),
    ],
)
def test_refused_parameters(value, path, message):
    with pytest.raises(pydantic.ValidationError) as caught:
        FIELD.validate_python(value)
    (error,) = caught.value.errors()
    assert message in error["msg"] and error["ctx"].get("path", ()) == path


@pytest.mark.parametrize(
    ("kind", "changes", "slot_s", "message"),
    [
        ("random_waypoint", {"pause_s": 0.0}, 3600.0, "more than 32 goals in a slot of 3600 s"),
        ("hot_spots", {"stay_s": 0.0}, 3600.0, "a lower speed or a longer stay_s"),
        ("manhattan", {}, 3600.0, "more than 128 crossings in a slot of 3600 s"),
        (
            "hot_spots",
            {"spots": ({"x_m": 400.0, "y_m": 1.0, "radius_m": 5.0, "weights": (1.0,) * 24},)},
            SLOT_S,
            r"the centre \(400, 1\) lies outside the area of 300 m x 220 m",
        ),
    ],
)
def test_areas_and_slots_that_do_not_suit_a_model_are_refused(kind, changes, slot_s, message):
    with pytest.raises(ValueError, match=message):
        positions(model(kind, **changes), 3, slot_s=slot_s)
