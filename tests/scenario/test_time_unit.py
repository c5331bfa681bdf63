"""What numbers mean as times: each unit is read as such, and what may be two things is asked."""

import numpy as np
import pytest

from twinhop.scenario.time_unit import AmbiguousTime, TimeScale, time_scale

START_S = 1_714_550_400.0  # 2024-05-01T08:00:00Z
STEPS_S = np.arange(6.0)


@pytest.mark.parametrize(
    ("factor", "unit", "has_note"), [(1.0, "s", False), (1e3, "ms", True), (1e6, "us", True), (1e9, "ns", True)]
)
def test_times_since_1970_are_told_by_their_size(factor, unit, has_note):
    values = (START_S + STEPS_S) * factor
    scale = time_scale(values, "time")
    assert (scale.unit, scale.is_date, scale.note is not None) == (unit, True, has_note)
    np.testing.assert_allclose(scale.seconds(values), START_S + STEPS_S, rtol=0, atol=1e-6)


def test_dates_written_as_numbers():
    values = 20_240_501_080_000.0 + STEPS_S
    scale = time_scale(values, "time")
    assert (scale.unit, scale.is_date) == ("digits", True)
    assert scale.note is not None
    assert scale.seconds(values).tolist() == (START_S + STEPS_S).tolist()
    assert np.isnan(scale.seconds(np.array([20_241_301_080_000.0]))[0])


def test_days_of_a_spreadsheet():
    values = np.round(45_413 + (8 * 3600 + STEPS_S) / 86_400, 9)
    scale = time_scale(values, "time")
    assert (scale.unit, scale.is_date) == ("excel", True)
    np.testing.assert_allclose(scale.seconds(values), START_S + STEPS_S, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    "values",
    [
        STEPS_S,
        45_413 + STEPS_S,  # seconds of a day
        45_413 + STEPS_S / 10,
        STEPS_S * 1000,
        np.array([0.0]),
        np.array([-5.0, 5.0]),
        np.array([2.4e7, 2.5e7]),
    ],
)
def test_all_else_is_seconds(values):
    assert time_scale(values, "time_s") == TimeScale("s", False, None)


@pytest.mark.parametrize(
    "values",
    [
        202_405_010_800.0 + STEPS_S,  # a date, or milliseconds in 1976
        20_240_501.0 + STEPS_S,  # a date, or seconds
        6.385e17 + STEPS_S,  # ticks since the year 1
        1.33e16 + STEPS_S,  # microseconds since 1601
    ],
)
def test_what_may_be_two_things_is_asked(values):
    with pytest.raises(AmbiguousTime, match="--time-unit"):
        time_scale(values, "time")


@pytest.mark.parametrize(
    ("column", "unit"),
    [("time_ms", "ms"), ("t (ns)", "ns"), ("timestamp_us", "us"), ("time_min", "min"), ("hours", "h"), ("t[ms]", "ms")],
)
def test_a_column_may_name_its_unit(column, unit):
    scale = time_scale(STEPS_S, column)
    assert scale.unit == unit
    assert scale.note is not None
    assert repr(column) in scale.note


@pytest.mark.parametrize("column", ["time", "time_s", "timestamp", "times", "items", "datetime", "columns"])
def test_other_names_name_none(column):
    assert time_scale(STEPS_S, column).unit == "s"


def test_the_user_decides():
    assert time_scale(202_405_010_800.0 + STEPS_S, "time", "digits").is_date
    assert time_scale(STEPS_S, "time_ms", "s") == TimeScale("s")
    assert time_scale(STEPS_S, "time", "min").seconds(STEPS_S).tolist() == (STEPS_S * 60).tolist()
