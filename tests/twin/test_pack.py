"""A twin that was packed and resumed goes on as if nothing had been, bit for bit."""

import json
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_makers import MODELS, SCHEMA, feed, make_twin, models, trace

from twinhop.errors import InputError
from twinhop.twin import Retention, pack, packed, resume, unpacked
from twinhop.twin.behaviour import BEHAVIOUR_MODELS
from twinhop.twin.inspection import inspect, verify
from twinhop.twin.npy import array_of_npy, npy_bytes
from twinhop.twin.pack_file import parse_pack

#: Every model of the registry, three dimensions at a time.
MODEL_SETS = [
    ("constant_velocity", "level", "markov_chain"),
    ("constant_acceleration", "trend", "next_station"),
    ("reverting_velocity", "seasonal"),
]


def outputs(twin, each):
    """Everything that a twin says after an update, as bytes where they are numbers."""
    answer = twin.apply(each)
    forecasts = {
        name: [array.tobytes() for array in model.predict(twin.time_s + 3.0)] for name, model in twin.models.items()
    }
    return answer, twin.state.tobytes(), twin.age_s(each.observed_s).tobytes(), twin.revision, twin.missing, forecasts


def test_every_model_is_in_a_set():
    assert {kind for kinds in MODEL_SETS for kind in kinds} == set(MODELS) == set(BEHAVIOUR_MODELS)


@pytest.mark.parametrize("kinds", MODEL_SETS, ids="-".join)
@settings(max_examples=15)
@given(
    moment=st.integers(0, 699),
    seed=st.integers(0, 3),
    lost=st.sets(st.integers(0, 699), max_size=30),
    max_records=st.sampled_from([None, 50, 400]),
)
def test_packed_at_any_moment(kinds, moment, seed, lost, max_records):
    """The rest of a trace with gaps has the same outputs and ends in the same pack."""
    options = {"attributes": {"wheels": 4, "mass_kg": 7.5}, "retention": Retention(max_records=max_records)}
    twin = make_twin(models=models(*kinds), **options)
    updates = [each for at, each in enumerate(trace(700, seed)) if at not in lost]
    feed(twin, updates[:moment])
    resumed = unpacked(packed(twin))
    assert packed(resumed) == packed(twin)
    for each in updates[moment:]:
        assert outputs(resumed, each) == outputs(twin, each)
    assert packed(resumed) == packed(twin)


def test_a_file_is_the_bytes(tmp_path):
    twin = make_twin(models=models("constant_velocity"))
    feed(twin, trace(400))
    pack(twin, tmp_path / "a.twin")
    assert (tmp_path / "a.twin").read_bytes() == packed(twin)
    again = resume(tmp_path / "a.twin")
    assert packed(again) == packed(twin)
    assert (again.id, again.schema, dict(again.attributes)) == (twin.id, SCHEMA, {})
    with pytest.raises(InputError, match="exists already"):
        pack(twin, tmp_path / "a.twin", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.twin"]


def test_a_fresh_twin(tmp_path):
    pack(make_twin(), tmp_path / "a.twin")
    assert resume(tmp_path / "a.twin").values() == {}
    assert verify(tmp_path / "a.twin").records == 0
    facts = inspect(parse_pack(packed(make_twin()), "a.twin"))
    assert (facts["time_s"], facts["state"], facts["history"]["first_seq"]) == (None, {}, None)
    json.dumps(facts, allow_nan=False)


def test_arrays_open_in_numpy_and_the_manifest_in_any_tool():
    """The pack is a ZIP archive of .npy files and JSON: nothing of ours is needed to look into it."""
    twin = make_twin()
    feed(twin, trace(10))
    with np.load(BytesIO(packed(twin)), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["state"], twin.state)
    with zipfile.ZipFile(BytesIO(packed(twin))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["version"], manifest["id"]) == ("twinhop device twin", 2, "robot-7")


def test_inspection_needs_no_models():
    twin = make_twin(models=models("constant_velocity"), retention=Retention(max_records=100))
    feed(twin, trace(700, partial=0.0))
    facts = inspect(parse_pack(packed(twin), "a.twin"))
    assert facts["models"][0]["kind"] == "constant_velocity"
    assert facts["state"] == twin.values()
    assert facts["history"]["taken"] == 700
    assert facts["history"]["records"] == len(twin.history)
    assert facts["history"]["first_seq"] == 701 - len(twin.history)
    assert facts["history"]["retention"]["max_records"] == 100


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([True, False]),
        np.array(3.5),
        np.empty((0, 4), np.int32),
    ],
)
def test_arrays_come_back(array):
    back = array_of_npy(npy_bytes(array), "a.npy")
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert back.flags.writeable


def test_arrays_of_something_else_are_not_written():
    with pytest.raises(ValueError, match="plain numbers"):
        npy_bytes(np.array(["a"]))
