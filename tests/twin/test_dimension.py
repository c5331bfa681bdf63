"""A dimension says what it holds, and refuses what contradicts itself."""

import pytest

from twinhop.errors import InputError
from twinhop.twin import Dimension, parse_twin_schema


def dimension(**changes):
    return {"name": "speed", "kind": "scalar", "unit": "m/s", **changes}


CATEGORY = {"kind": "category", "unit": "1", "categories": ["walk", "drive"]}
#: Fields of one dimension, and words of the message that refuses them.
WRONG = {
    "no name": ({"name": ""}, ["name", "a letter"]),
    "a path as name": ({"name": "../speed"}, ["name", "a letter", "../speed"]),
    "a long name": ({"name": "a" * 65}, ["name", "at most 64"]),
    "a kind that there is not": ({"kind": "vector"}, ["kind", "position_2d", "counter", "vector"]),
    "no unit": ({"unit": ""}, ["unit", "must not be empty"]),
    "kilometres": ({"kind": "position_2d", "unit": "km"}, ["unit", "'m'", "position_2d", "'km'"]),
    "a category with a unit": ({**CATEGORY, "unit": "m"}, ["unit", "'1'", "category"]),
    "a counter with a unit": ({"kind": "counter", "unit": "m"}, ["unit", "'1'", "counter"]),
    "no categories": ({**CATEGORY, "categories": []}, ["categories", "at least one"]),
    "a category twice": ({**CATEGORY, "categories": ["a", "b", "a"]}, ["categories", "different", "'a'"]),
    "categories of a scalar": ({"categories": ["a"]}, ["categories", "scalar"]),
    "a tolerance of categories": ({**CATEGORY, "tolerance": 1.0}, ["tolerance", "0 for a category"]),
    "limits of categories": ({**CATEGORY, "limits": [0.0, 1.0]}, ["limits", "null for a category"]),
    "limits the wrong way": ({"limits": [2.0, 1.0]}, ["limits", "[least, greatest]", "2.0, 1.0"]),
    "limits of nothing": ({"limits": [1.0, 1.0]}, ["limits", "[least, greatest]"]),
    "an infinite limit": ({"limits": [0.0, float("inf")]}, ["limits", "finite"]),
    "a counter below 0": ({"kind": "counter", "unit": "1", "limits": [-1.0, 5.0]}, ["limits", "below 0"]),
    "a negative tolerance": ({"tolerance": -1.0}, ["tolerance", "0 or greater"]),
    "NaN tolerance": ({"tolerance": float("nan")}, ["tolerance"]),
    "a negative period": ({"min_period_s": -1.0}, ["min_period_s", "0 or greater"]),
    "no longest period": ({"max_period_s": 0.0}, ["max_period_s", "greater than 0"]),
    "periods the wrong way": ({"min_period_s": 5.0, "max_period_s": 1.0}, ["max_period_s", "min_period_s (5)"]),
    "an unknown field": ({"tolerence": 1.0}, ["tolerence", "unknown field", "'tolerance'"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_refused(case):
    changes, words = WRONG[case]
    with pytest.raises(InputError) as error:
        parse_twin_schema({"dimensions": [dimension(**changes)]}, "robot.json")
    message = str(error.value)
    assert message.startswith("robot.json: dimensions.0")
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("kind", "columns", "bounds"),
    [
        ("position_2d", 2, (-1e8, 1e8)),
        ("position_3d", 3, (-1e8, 1e8)),
        ("scalar", 1, (-1e15, 1e15)),
        ("counter", 1, (0.0, 2.0**53)),
    ],
)
def test_columns_and_bounds(kind, columns, bounds):
    made = Dimension(name="a", kind=kind, unit="m" if "position" in kind else "1")
    assert (made.columns, made.bounds, made.whole) == (columns, bounds, kind == "counter")


def test_bounds_of_categories_are_their_codes():
    made = Dimension(name="mode", kind="category", unit="1", categories=("walk", "drive", "stand"))
    assert (made.columns, made.bounds, made.whole) == (1, (0.0, 2.0), True)
