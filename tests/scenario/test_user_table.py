"""Names of many users: as a tuple where they are few, else made when asked for, and the same either way."""

import numpy as np
import polars as pl
import pytest

from twinhop.scenario import build_world, family, user_table
from twinhop.scenario.user_table import Names, chosen, column_of, names

COLUMN = pl.Series("id", [7, 3, 9])


@pytest.mark.parametrize("made", [Names("", 3, COLUMN), ("7", "3", "9")])
def test_names_are_a_sequence_of_texts(made):
    assert tuple(made) == ("7", "3", "9") and len(made) == 3
    assert (made[0], made[-1], made[1:]) == ("7", "9", ("3", "9"))
    assert "3" in made and "u0" not in made
    assert column_of(made).to_list() == ["7", "3", "9"]
    assert tuple(chosen(made, np.array([2, 0]))) == ("9", "7")
    with pytest.raises(IndexError):
        made[3]


def test_many_names_are_not_held(monkeypatch):
    few = build_world(family(30, 3))
    monkeypatch.setattr(user_table, "MOST_LISTED_NAMES", 10)
    many = build_world(family(30, 3))
    assert isinstance(few.user_ids, tuple) and isinstance(many.user_ids, Names)
    assert tuple(many.user_ids) == few.user_ids and many.user_ids[29] == "u29"
    assert np.array_equal(few.user_xy_m, many.user_xy_m) and np.array_equal(few.history_bits, many.history_bits)
    assert isinstance(names("u", 10), tuple) and repr(names("u", 11)) == "Names('u0' to 'u10')"
