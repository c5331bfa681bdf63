"""A schema maps values to columns and back, and refuses values that are none of its dimensions'."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_makers import SCHEMA

from twinhop.errors import InputError
from twinhop.twin import parse_twin_schema


def test_columns_follow_the_order_of_the_dimensions():
    assert SCHEMA.width == 5
    assert [SCHEMA.columns(each.name) for each in SCHEMA.dimensions] == [
        slice(0, 2),
        slice(2, 3),
        slice(3, 4),
        slice(4, 5),
    ]
    assert SCHEMA.owners.tolist() == [0, 0, 1, 2, 3]
    assert SCHEMA.bounds.tolist() == [[-1e8, -1e8, -5.0, 0.0, 0.0], [1e8, 1e8, 60.0, 2.0, 2.0**53]]


def test_categories_are_stored_as_codes():
    assert SCHEMA.vector({"mode": "stand"})[3] == 2.0
    assert SCHEMA.vector({"mode": "walk"})[3] == 0.0


def test_units_that_agree_are_taken():
    vector = SCHEMA.vector({"speed": 3, "position": np.array([1, 2])}, {"speed": "m/s", "position": "m"})
    np.testing.assert_array_equal(vector, [1.0, 2.0, 3.0, np.nan, np.nan])


values = st.fixed_dictionaries(
    {},
    optional={
        "position": st.tuples(*[st.floats(-1e8, 1e8)] * 2),
        "speed": st.floats(-5.0, 60.0),
        "mode": st.sampled_from(["walk", "drive", "stand"]),
        "steps": st.integers(0, 2**53),
    },
)


@given(values)
def test_values_come_back(given_values):
    assert SCHEMA.named(SCHEMA.vector(given_values)) == given_values


#: Values, units, and words of the message that refuses them.
WRONG_VALUES = {
    "an unknown dimension": ({"sped": 1.0}, None, ["sped", "unknown dimension", "'speed'", "position"]),
    "a unit of an unknown dimension": ({}, {"sped": "m/s"}, ["sped", "unknown dimension"]),
    "another unit": ({"speed": 1.0}, {"speed": "km/h"}, ["speed", "'km/h'", "'m/s'"]),
    "a number for a position": ({"position": 3.0}, None, ["position", "two numbers (x, y) [m]"]),
    "three numbers for two": ({"position": (1.0, 2.0, 3.0)}, None, ["position", "two numbers"]),
    "numbers within numbers": ({"position": [1.0, [2.0]]}, None, ["position", "[2.0]"]),
    "an array of no dimension": ({"position": np.array(3.0)}, None, ["position", "two numbers"]),
    "NaN": ({"speed": float("nan")}, None, ["speed", "nan", "leave out"]),
    "half a position": ({"position": (1.0, float("nan"))}, None, ["position", "nan"]),
    "infinity": ({"speed": float("inf")}, None, ["speed", "inf", "finite"]),
    "a number beyond all": ({"steps": 10**400}, None, ["steps", "inf"]),
    "text": ({"speed": "fast"}, None, ["speed", "'fast'", "a number [m/s]"]),
    "true": ({"speed": True}, None, ["speed", "True", "a number"]),
    "nothing": ({"speed": None}, None, ["speed", "None"]),
    "below the limits": ({"speed": -5.5}, None, ["speed", "-5.5", "from -5 to 60 m/s"]),
    "above the limits": ({"speed": 61}, None, ["speed", "61", "from -5 to 60 m/s"]),
    "off the Earth": ({"position": (0.0, 2e8)}, None, ["position", "2e+08", "1e+08 m"]),
    "a category that there is not": ({"mode": "drove"}, None, ["mode", "'drove'", "'drive'", "stand"]),
    "the code of a category": ({"mode": 1}, None, ["mode", "'1'", "expected one of walk, drive, stand"]),
    "half a step": ({"steps": 1.5}, None, ["steps", "1.5", "whole numbers"]),
    "steps back": ({"steps": -1}, None, ["steps", "-1", "from 0"]),
}


@pytest.mark.parametrize("case", WRONG_VALUES)
def test_values_refused(case):
    given_values, units, words = WRONG_VALUES[case]
    with pytest.raises(InputError) as error:
        SCHEMA.vector(given_values, units)
    assert [word for word in words if word not in str(error.value)] == []


NAN = float("nan")
#: State vectors that are none.
WRONG_VECTORS = {
    "another width": (np.zeros(4), "shape (4,)"),
    "two rows": (np.zeros((1, 5)), "shape (1, 5)"),
    "whole numbers": (np.zeros(5, int), "int64"),
    "half a position": (np.array([1.0, NAN, NAN, NAN, NAN]), "position: got 1, nan"),
    "the other half": (np.array([NAN, 1.0, NAN, NAN, NAN]), "position: got nan, 1"),
    "infinity": (np.array([NAN, NAN, np.inf, NAN, NAN]), "speed: got inf"),
    "a code that there is not": (np.array([NAN, NAN, NAN, 3.0, NAN]), "mode: got 3"),
    "a broken code": (np.array([NAN, NAN, NAN, 0.5, NAN]), "mode: got 0.5"),
}


@pytest.mark.parametrize("case", WRONG_VECTORS)
def test_vectors_refused(case):
    vector, words = WRONG_VECTORS[case]
    with pytest.raises(InputError, match=words.replace("(", r"\(").replace(")", r"\)")):
        SCHEMA.check(vector)


SCALAR = {"name": "a", "kind": "scalar", "unit": "1"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "must be a mapping"),
        ({}, "dimensions: is required"),
        ({"dimensions": []}, "at least one dimension"),
        ({"version": 0, "dimensions": [SCALAR]}, "version: must be 1 or greater"),
        ({"dimensions": [SCALAR, SCALAR]}, "dimensions.1.name: duplicate dimension 'a'"),
        ({"dimensions": [{**SCALAR, "name": f"a{index}"} for index in range(257)]}, "at most 256"),
        ({"dimension": []}, "unknown field; did you mean 'dimensions'"),
    ],
)
def test_schemas_refused(value, words):
    with pytest.raises(InputError) as error:
        parse_twin_schema(value, "robot.json")
    assert str(error.value).startswith("robot.json: ")
    assert words in str(error.value)


def test_a_schema_is_what_its_json_says():
    assert parse_twin_schema(SCHEMA.model_dump(mode="json"), "robot.json") == SCHEMA


def test_schemas_are_equal_whatever_was_asked_of_them():
    other = parse_twin_schema(SCHEMA.model_dump(mode="json"), "robot.json")
    assert SCHEMA.width == SCHEMA.bounds.shape[1]
    assert (other == SCHEMA, hash(other) == hash(SCHEMA)) == (True, True)
    assert other.model_copy(update={"version": 4}) != SCHEMA
