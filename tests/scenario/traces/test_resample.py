"""Positions at the beginnings of slots, against NumPy's interpolation and records chosen by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinhop.scenario import geo
from twinhop.scenario.place_sections import Area, Origin
from twinhop.scenario.traces import ImportOptions, TracePositions, resample
from twinhop.scenario.traces.legs import Stretch, legs_of, placed

METRES = ImportOptions(coordinates="metres")
AREA = Area(width_m=1000.0, height_m=1000.0)
NAN = float("nan")


def x_of(positions):
    return np.array([xy_m[:, 0] for xy_m in positions])


def interpolated(times_s, values, at_s, limit_s):
    """What one user does, slot by slot and without vectors."""
    found = []
    for moment in at_s:
        before = [k for k, time in enumerate(times_s) if time <= moment + 1e-9]
        after = [k for k, time in enumerate(times_s) if time >= moment - 1e-9]
        if not before or not after:
            found.append(NAN)
            continue
        a, b = before[-1], after[0]
        apart = times_s[b] - times_s[a]
        found.append(np.interp(moment, times_s, values) if apart <= limit_s else NAN)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True).map(sorted), min_size=1, max_size=4),
    st.sampled_from([0.25, 1.0, 3.0]),
    st.integers(1, 60),
)
def test_legs_agree_with_interpolation(times, slot_s, limit_s):
    rng = np.random.default_rng(len(times))
    code = np.concatenate([np.full(len(each), at, np.int32) for at, each in enumerate(times)])
    time_s = np.concatenate([np.array(each) / 4.0 for each in times])
    xy_m = rng.uniform(0, 1000, (len(code), 2))
    order = np.argsort(time_s, kind="stable")
    legs = legs_of(code[order], time_s[order], xy_m[order], float(limit_s), is_held=False)
    stretch = Stretch(2.0, slot_s, 40)
    found, clipped = placed(legs, stretch, len(times), AREA)
    at_s = 2.0 + slot_s * np.arange(40)
    for user in range(len(times)):
        own = code == user
        expected = interpolated(time_s[own], xy_m[own, 0], at_s, limit_s)
        np.testing.assert_allclose(found[:, user, 0], expected, atol=1e-6)
    assert clipped == 0


def test_users_are_absent_before_after_and_in_long_gaps(traced):
    path = traced([("a", 0, 0, 0), ("a", 2, 20, 0), ("a", 100, 30, 0), ("b", 3, 5, 5), ("b", 5, 7, 5)], options=METRES)
    positions = TracePositions.of_file(path, 1.0, 7, 0.0, AREA)
    assert positions.user_ids == ("a", "b")
    expected = [[0, NAN], [10, NAN], [20, NAN], [NAN, 5], [NAN, 6], [NAN, 7], [NAN, NAN]]
    np.testing.assert_array_equal(x_of(positions), expected)
    assert positions.notes == ()  # within the run nobody returns
    whole = TracePositions.of_file(path, 1.0, None, 0.0, AREA)
    assert whole.notes == ("trace.parquet: in 1 gaps of more than 60 s the user counts as absent",)


def test_bridged_gaps_are_counted(traced):
    rows = [("a", time, time, 0) for time in (*range(10), 20, 21)]
    positions = TracePositions.of_file(traced(rows, options=METRES), 1.0, None, 0.0, AREA)
    assert positions.slots == 22
    np.testing.assert_allclose(x_of(positions)[:, 0], range(22))
    assert positions.notes == ("trace.parquet: 1 gaps of up to 60 s are bridged by a straight line",)


def test_the_run_starts_where_it_is_told_and_ends_with_the_trace(traced):
    rows = [("a", time, time, 0) for time in range(31)] + [("late", 30, 1, 1)]
    path = traced(rows, options=METRES)
    positions = TracePositions.of_file(path, 5.0, 1000, 10.0, AREA)
    assert positions.slots == 5
    assert x_of(positions)[:, 0].tolist() == [10, 15, 20, 25, 30]
    assert TracePositions.of_file(path, 5.0, 4, 10.0, AREA).user_ids == ("a",)


def test_positions_outside_are_moved_to_the_border_and_said(traced):
    rows = [("a", 0, 990, 500), ("a", 2, 1010, 500)]
    positions = TracePositions.of_file(traced(rows, options=METRES), 1.0, None, 0.0, AREA)
    assert x_of(positions)[:, 0].tolist() == [990, 1000, 1000]
    assert positions.notes == (
        "trace.parquet: 1 of 3 positions lie outside the area of 1000 m x 1000 m and are moved to its border",
    )


@pytest.mark.parametrize("block", [1, 7, 50, 2_000_000])
def test_blocks_do_not_show(block, traced, monkeypatch):
    rng = np.random.default_rng(3)
    rows = [
        (f"u{user}", time, *rng.uniform(0, 1000, 2).round(3))
        for user in range(5)
        for time in np.sort(rng.choice(300, 40, replace=False))
    ]
    path = traced(rows, options=METRES)
    whole = np.array(list(TracePositions.of_file(path, 0.7, None, 3.0, AREA)))
    monkeypatch.setattr(resample, "BLOCK_POSITIONS", block)
    positions = TracePositions.of_file(path, 0.7, None, 3.0, AREA)
    np.testing.assert_allclose(np.array(list(positions)), whole, atol=1e-9)
    assert np.array(list(positions)).tobytes() == np.array(list(positions)).tobytes()


def test_another_origin_moves_the_metres(write, tmp_path):
    from twinhop.scenario.traces import import_trace

    text = "id,time_s,lat,lon\na,0,37.77,-122.42\na,1,37.771,-122.41\n"
    path = tmp_path / "g.parquet"
    import_trace(write("g.csv", text), path, options=ImportOptions(origin=(37.0, -122.0)))
    area = Area(width_m=5000.0, height_m=5000.0, origin=Origin(lat_deg=37.76, lon_deg=-122.43))
    found = np.array(list(TracePositions.of_file(path, 1.0, None, 0.0, area)))[:, 0]
    expected = np.column_stack(geo.project([37.77, 37.771], [-122.42, -122.41], (37.76, -122.43)))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_held_positions_lead_nowhere(tmp_path):
    from pathlib import Path

    from twinhop.scenario.traces.importing import save_reading
    from twinhop.scenario.traces.records import USER, Batch, Reading, Roster

    roster = Roster("cells")
    code = np.full(3, roster.codes(USER)["a"], np.int32)
    time_s = np.array([0.0, 60.0, 240.0])
    batch = Batch(code, time_s, np.array([1.0, 2.0, 3.0]), np.zeros(3), 0.0, 240.0)
    reading = Reading(iter([batch]), is_geographic=False, held_s=60.0)
    save_reading(reading, roster, Path("cells"), "sf-cells", tmp_path / "c.parquet", METRES, overwrite=False)
    positions = TracePositions.of_file(tmp_path / "c.parquet", 30.0, None, 0.0, AREA)
    expected = [1, 1, 2, 2, NAN, NAN, NAN, NAN, 3, 3]
    np.testing.assert_array_equal(x_of(positions)[:, 0], expected)
