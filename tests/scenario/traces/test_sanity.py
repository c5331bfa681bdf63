"""What an import understands of a file: units, columns, places and dates; what it refuses, and what it notes."""

import sys
import types
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from twinhop.errors import InputError
from twinhop.scenario.traces import ImportOptions, Trace, import_trace
from twinhop.scenario.traces.importing import save_reading
from twinhop.scenario.traces.records import Roster
from twinhop.scenario.traces.sumo_live import live_reading

BEGIN = datetime(2024, 5, 1, 8, 0, 0, tzinfo=UTC)
STARTS = "2024-05-01T08:00:00+00:00"
PLACES = "id,time_s,lat,lon\n"


def table(times, head="id,time,lat,lon", step_deg=1e-4):
    """One user who goes on by a step a record."""
    rows = [f"t0,{time},{52 + step_deg * at:.6f},{5 + step_deg * at:.6f}" for at, time in enumerate(times)]
    return "\n".join([head, *rows]) + "\n"


def dates(form, step_s=5, days=0):
    return [(BEGIN + timedelta(days=days, seconds=step_s * at)).strftime(form) for at in range(6)]


def epochs(factor, begin_s=0.0):
    return [
        f"{(BEGIN.timestamp() + begin_s + 5 * at) * factor:.9g}"
        if factor < 1
        else f"{round((BEGIN.timestamp() + begin_s + 5 * at) * factor)}"
        for at in range(6)
    ]


@pytest.fixture
def imported(write, tmp_path):
    """Imports a file of that name and content."""

    def of(name, content, trace_format=None, **options):
        path = write(name, content)
        return import_trace(
            path, tmp_path / "out.parquet", trace_format=trace_format, options=ImportOptions(**options), overwrite=True
        )

    return of


def noted(result, *words):
    return any(all(word in note for word in words) for note in result.notes)


@pytest.mark.parametrize(
    ("times", "options", "words"),
    [
        (epochs(1), {}, None),
        (epochs(1e3), {}, ("milliseconds", "--time-unit")),
        (epochs(1e6), {}, ("microseconds", "--time-unit")),
        (epochs(1e9), {}, ("nanoseconds", "--time-unit")),
        (dates("%Y%m%d%H%M%S"), {}, ("dates written as numbers", "--time-unit")),
        ([f"{45413 + (28800 + 5 * at) / 86400:.9f}" for at in range(6)], {}, ("1899-12-30", "--time-unit")),
        (dates("%Y-%m-%dT%H:%M:%SZ"), {}, None),
        (dates("%d.%m.%Y %H:%M:%S"), {}, ("%d.%m.%Y", "--time-format")),
        (dates("%m/%d/%Y %H:%M:%S"), {"time_format": "%m/%d/%Y %H:%M:%S"}, None),
    ],
)
def test_times_of_every_kind_give_the_same_trace(times, options, words, imported):
    result = imported("a.csv", table(times), **options)
    about = result.trace.about
    assert about.duration_s == pytest.approx(25.0, abs=1e-3)
    assert about.source_start_date is not None
    assert about.source_start_date.startswith("2024-05-01T08:00:00")
    assert result.summary.fastest.speed_mps == pytest.approx(2.61, abs=0.02)
    assert result.notes == () if words is None else noted(result, *words)


def test_dates_with_the_day_or_the_month_first_are_told_by_a_day_after_the_twelfth_or_asked(imported):
    result = imported("a.csv", table(dates("%m/%d/%Y %H:%M:%S", days=14)))
    assert result.trace.about.source_start_date == "2024-05-15T08:00:00+00:00"
    assert noted(result, "month first", "--time-format")
    with pytest.raises(InputError, match=r"time: '05/01/2024 08:00:00' may have the day or the month first; "):
        imported("a.csv", table(dates("%m/%d/%Y %H:%M:%S")))


@pytest.mark.parametrize("times", [dates("%Y%m%d%H%M", 60), [f"{638_501_472_000_000_000 + at}" for at in range(6)]])
def test_numbers_that_may_be_two_things_are_asked(times, imported):
    with pytest.raises(InputError, match=r"a\.csv: time: .*--time-unit"):
        imported("a.csv", table(times))


def test_relative_milliseconds_are_noted_and_hours_refused(imported):
    slow = imported("a.csv", table([5000 * at for at in range(6)]))
    assert noted(slow, "nobody moves faster than 0.00261 m/s", "--time-unit ms")
    assert imported("a.csv", table([5000 * at for at in range(6)]), time_unit="ms").trace.about.duration_s == 25.0
    hours = table([f"{8 + at / 720:.7f}" for at in range(6)])
    with pytest.raises(InputError, match=r"half of all steps .* km/s|half of all steps .*--time-unit"):
        imported("a.csv", hours)
    assert imported("a.csv", hours, time_unit="h").trace.about.duration_s == pytest.approx(25.0, abs=0.01)


@pytest.mark.parametrize(
    ("text", "users", "start"),
    [
        ("user_id;tracked_at;latitude;longitude\n1;{0}Z;52;5\n2;{0}Z;52.1;5\n1;{1}Z;52.0001;5\n", 2, STARTS),
        ("lat,lng,datetime,uid\n52,5,{0},1\n52.1,5,{0},2\n52.0001,5,{1},1\n", 2, STARTS),
        ("X;Y;fid;trajectory_id;t\n5;52;1;1;{0}\n5;52.0001;1;1;{1}\n5;52.0002;2;1;{2}\n", 1, STARTS),
        ("lat,lon,time,accuracy\n52,5,{0},3\n52.0001,5,{1},4\n", 1, STARTS),
    ],
)
def test_columns_as_trackintel_scikit_mobility_movingpandas_and_loggers_call_them(text, users, start, imported):
    times = [f"2024-05-01T08:00:0{at}" for at in (0, 5, 9)]
    result = imported("a.csv", text.format(*times))
    about = result.trace.about
    assert (about.users, about.source_start_date) == (users, start)
    assert about.projection is not None
    assert result.trace.about.duration_s in (5.0, 9.0)
    assert noted(result, "no column names users") == ("accuracy" in text)


@pytest.mark.parametrize("names", ["Date,Time,lat,lon,user", "time,lat,day,lon,user"])
def test_the_day_and_the_time_of_day_may_stand_in_two_columns(names, imported):
    cells = {"user": "a", "lon": "5"}
    rows = []
    for at, (day, time) in enumerate((("2024-05-01", "23:59:58"), ("2024-05-02", "00:00:03"))):
        known = cells | {"date": day, "day": day, "time": time, "lat": f"{52 + at / 1e4}"}
        rows.append(",".join(known[name.lower()] for name in names.split(",")))
    about = imported("a.csv", "\n".join([names, *rows]) + "\n").trace.about
    assert (about.duration_s, about.source_start_date) == (5.0, "2024-05-01T23:59:58+00:00")


def test_parquet_as_trackintel_writes_it(write, imported):
    begins = [BEGIN, BEGIN + timedelta(seconds=5)]
    frame = pl.DataFrame(
        {"user_id": [7, 7], "tracked_at": begins, "latitude": [52.0, 52.0001], "longitude": [5.0, 5.0]}
    )
    assert frame.schema["tracked_at"].time_zone == "UTC"
    for zone in ("UTC", "Europe/Berlin"):
        changed = frame.with_columns(pl.col("tracked_at").dt.convert_time_zone(zone), remark=pl.lit("x"))
        about = imported("a.parquet", changed).trace.about
        assert (about.duration_s, about.source_start_date, about.users) == (5.0, STARTS, 1)
    with pytest.raises(InputError, match="no column that is known to give users: .*--trace-format parquet"):
        imported("a.parquet", frame.rename({"user_id": "wer"}))
    assert imported("a.parquet", frame.rename({"user_id": "wer"}), columns="user=wer").trace.about.users == 1


def test_a_walk_may_state_its_columns(imported):
    text = "breite,laenge,wer\n52,5,a\n52.0001,5,b\n"
    assert imported("a.csv", text, columns="lat=breite,lon=laenge").summary.layout.startswith("walk")


def test_a_walk_has_no_column_that_could_be_a_time_or_a_user(imported):
    text = "latitude,longitude,wann,wer\n" + "".join(f"{52 + at / 1e4},5,{at},{at % 2}\n" for at in range(6))
    with pytest.raises(InputError, match=r"no column that is known to give users and times: .*--columns user="):
        imported("a.csv", text)
    result = imported("a.csv", text, columns="user=wer,time=wann")
    assert (result.trace.about.users, result.trace.about.duration_s) == (2, 5.0)
    assert result.summary.columns_used == ("wer", "wann", "longitude", "latitude")
    with pytest.raises(InputError, match="no column is named 'wan'; did you mean 'wann'"):
        imported("a.csv", text, columns="user=wer,time=wan")
    one = imported("a.csv", text, trace_format="walk")
    assert (one.trace.about.users, one.summary.columns_unused) == (1, ("wann", "wer"))


HEADER = "<!-- generated by Eclipse SUMO 1.14.1\n<{0}>{1}</{0}>\n-->\n"
METRES = [(f"{75.2 + 8 * at:.2f}", "20.00") for at in range(5)]
DEGREES = [(f"{5 + 1.17e-4 * at:.6f}", "52.000000") for at in range(5)]


def fcd(header, places, stated="", prefix=""):
    steps = [
        f'<{prefix}timestep time="{at}.00"><{prefix}vehicle id="a" x="{x}" y="{y}"{stated}/></{prefix}timestep>'
        for at, (x, y) in enumerate(places)
    ]
    return f'<?xml version="1.0"?>\n{header}<{prefix}fcd-export>{"".join(steps)}</{prefix}fcd-export>\n'


@pytest.mark.parametrize("name", ["configuration", "sumoConfiguration", "netconvertConfiguration"])
@pytest.mark.parametrize("filler", ["", "<x>" + "y" * 100_000 + "</x>"])
@pytest.mark.parametrize("stated", ["", ' speed="8.00"'])
def test_sumo_is_metres_unless_its_header_says_otherwise(name, filler, stated, imported):
    result = imported("a.xml", fcd(HEADER.format(name, filler), METRES, stated))
    assert result.trace.about.projection is None
    assert result.summary.fastest.speed_mps == pytest.approx(8.0)
    assert result.notes == ()
    geo = filler + "<output><fcd-output.geo type='BOOL' value='true'/></output>"
    result = imported("a.xml", fcd(HEADER.format(name, geo), DEGREES, stated))
    assert result.trace.about.projection is not None
    assert result.summary.fastest.speed_mps == pytest.approx(8.0, rel=0.01)
    assert result.notes == ()


@pytest.mark.parametrize("header", ["", HEADER.format("configuration", "")])
def test_the_speeds_that_sumo_states_contradict_a_wrong_reading(header, imported):
    degrees = imported("a.xml", fcd(header, DEGREES, ' speed="8.00"'))
    assert degrees.trace.about.projection is not None
    assert noted(degrees, "degrees", "by the speeds that the file states", "--coordinates")
    wrong = imported("a.xml", fcd(HEADER.format("configuration", ""), METRES, ' speed="80.00"'))
    assert noted(wrong, "0.1 times as fast as the speeds that the file states")
    geo = HEADER.format("configuration", '<fcd-output.geo value="true"/>')
    assert imported("a.xml", fcd(geo, METRES, ' speed="8.00"')).trace.about.projection is None
    assert imported("a.xml", fcd(geo, METRES), coordinates="metres").summary.fastest.speed_mps == pytest.approx(8.0)


def test_positions_without_a_header_are_judged_by_the_speeds_that_they_would_have(imported):
    result = imported("a.xml", fcd("", METRES))
    assert (result.trace.about.projection, noted(result, "metres, by their speeds")) == (None, True)
    assert noted(imported("a.xml", fcd("", DEGREES)), "degrees", "by their range")


def test_milliseconds_in_floating_car_data(imported):
    text = fcd("", METRES, ' speed="8.00"')
    for at in range(5):
        text = text.replace(f'time="{at}.00"', f'time="{1714550400000 + 1000 * at}"')
    result = imported("a.xml", text)
    assert (result.trace.about.duration_s, result.trace.about.source_start_date) == (4.0, STARTS)
    assert noted(result, "milliseconds", "--time-unit")
    with pytest.raises(InputError, match=r"time step 2024-05-01T08:00:00\+00:00 comes after 2024-05-01T08:00:01"):
        imported("a.xml", text.replace("1714550402000", "1714550400000"))


def test_vehicles_of_a_running_simulation_that_stand_nowhere_are_left_out(tmp_path, monkeypatch):
    state = {"second": 0}
    fake = types.SimpleNamespace(
        TraCIException=ValueError,
        FatalTraCIError=ValueError,
        start=lambda _: None,
        close=lambda: None,
        simulationStep=lambda: state.update(second=state["second"] + 1),
        vehicle=types.SimpleNamespace(
            getIDList=lambda: ("a", "b"),
            getPosition=lambda name: (-1073741824.0,) * 2 if (name, state["second"]) == ("b", 2) else (9.0, 3.0),
        ),
    )
    monkeypatch.setitem(sys.modules, "libsumo", fake)
    asked, roster = ImportOptions().reading(None), Roster("grid")
    reading = live_reading([], 4, False, roster, lambda _: None, asked.bad)
    result = save_reading(
        reading, roster, Path("grid"), "sumo", tmp_path / "t.parquet", ImportOptions(), overwrite=False, bad=asked.bad
    )
    assert (result.trace.about.records, result.trace.about.duration_s) == (7, 3.0)
    assert noted(result, "1 record of vehicles that SUMO had not placed")


def test_prefixes_of_namespaces_make_no_difference(imported):
    assert imported("a.xml", fcd("", METRES, prefix="s:")).trace.about.records == 5
    assert imported("a.gpx", gpx("{}").replace("<", "<g:").replace("<g:/", "</g:")).trace.about.records == 3


def gpx(inside, lon=5.0):
    points = [
        f'<trkpt lat="{52 + at / 1e4}" lon="{lon}">'
        + inside.replace("{}", f"<time>2024-05-01T08:00:{5 * at:02d}Z</time>")
        + "</trkpt>"
        for at in range(3)
    ]
    return f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{"".join(points)}</trkseg></trk></gpx>'


GARMIN = "<extensions><gpxtpx:TrackPointExtension><gpxtpx:hr>101</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions>"


@pytest.mark.parametrize(
    "inside",
    [
        "<ele>3</ele>{}" + GARMIN,
        "{}<extensions><power>200</power></extensions>",
        "<ele>3</ele>{}<hdop>4.2</hdop><extensions><osmand:speed>2.2</osmand:speed></extensions>",
        "<ele>3</ele>{}<course>90</course><speed>2.2</speed><src>gps</src><sat>7</sat>",
        GARMIN + "{}",
        "{}\n<desc>08:00 <b>x</b></desc>",
    ],
)
def test_text_ends_where_its_element_ends(inside, imported):
    about = imported("a.gpx", gpx(inside)).trace.about
    assert (about.records, about.duration_s, about.source_start_date) == (3, 10.0, STARTS)


def test_points_without_a_time(imported):
    text = gpx("{}").replace("<time>2024-05-01T08:00:05Z</time>", "")
    with pytest.raises(InputError, match=r"a\.gpx:1: <trkpt>: time: must be .* \(got nothing\); --skip-bad"):
        imported("a.gpx", text)
    assert imported("a.gpx", text, skip_bad=True).trace.about.records == 2
    with pytest.raises(InputError, match="has no track point that can be used .*got nothing"):
        imported("a.gpx", gpx("<ele>3</ele>"), skip_bad=True)


def test_the_speeds_of_a_gpx_file_are_compared(imported):
    assert imported("a.gpx", gpx("{}<speed>2.2</speed>")).notes == ()
    assert noted(imported("a.gpx", gpx("{}<speed>222</speed>")), "times as fast as the speeds that the file states")


def test_vehicles_that_sumo_had_not_placed_are_left_out_and_counted(imported):
    lost = [*METRES[:2], ("-1073741824.00", "-1073741824.00"), *METRES[3:]]
    result = imported("a.xml", fcd("", lost))
    assert (result.trace.about.records, result.trace.about.duration_s) == (4, 4.0)
    assert noted(result, "1 record of vehicles that SUMO had not placed")
    rows = "".join(f"{at};a;{x};{y}\n" for at, (x, y) in enumerate(lost))
    result = imported("a.csv", "timestep_time;vehicle_id;vehicle_x;vehicle_y\n" + rows)
    assert (result.trace.about.records, noted(result, "had not placed")) == (4, True)
    with pytest.raises(InputError, match=r"a\.csv:4: user 'a': x must be .*-1.07374e\+09, a mark of no position"):
        imported("a.csv", "id,time_s,x_m,y_m\n" + "".join(f"a,{at},{x},{y}\n" for at, (x, y) in enumerate(lost)))


@pytest.mark.parametrize("place", ["91,181", "-999,-999", "999,0", "nan,nan", ",", "200,5", "52,181"])
def test_marks_of_no_position_are_named_or_left_out(place, imported):
    text = PLACES + f"a,0,52,5\na,1,{place}\na,2,52.0001,5\n"
    with pytest.raises(InputError, match=r"a\.csv:3: .*--skip-bad"):
        imported("a.csv", text)
    result = imported("a.csv", text, skip_bad=True)
    assert (result.trace.about.records, noted(result, "1 bad record was left out")) == (2, True)
    assert noted(result, "left out:", "a.csv:3")


def null_island(users=2):
    rows = [(f"t{user}", at, 52 + at * 1e-5, 5 + user) for user in range(users) for at in range(6)]
    rows.insert(3, ("t0", 2.5, 0, 0))
    return PLACES + "".join(f"{user},{time},{lat},{lon}\n" for user, time, lat, lon in rows)


def test_latitude_0_longitude_0_is_no_position_where_all_others_are_far(imported):
    with pytest.raises(
        InputError, match=r"a\.csv:5: user 't0' at 2.5 s: latitude 0, longitude 0 .* km/s .*--max-speed"
    ):
        imported("a.csv", null_island())
    for options in ({"skip_bad": True}, {"max_speed_mps": 100.0}):
        result = imported("a.csv", null_island(), **options)
        assert result.trace.about.records == 12
        assert result.summary.fastest.speed_mps == pytest.approx(1.11, abs=0.01)
        assert result.trace.about.origin.lat_deg == pytest.approx(52, abs=1e-3)
        assert noted(result, "latitude 0, longitude 0")
    near = PLACES + "a,0,0,0\na,1,0.0001,0.0001\n"
    assert imported("a.csv", near).notes == ()


def test_who_is_faster_than_a_train_is_noted_with_what_mends_it(imported):
    rows = [(at, 52 + at * 1e-5 + (at == 5)) for at in range(20)]
    text = PLACES + "".join(f"a,{time},{lat},5\n" for time, lat in rows)
    result = imported("a.csv", text)
    assert noted(result, "user 'a' moves at 111 km/s to its record at 5 s (line 7)", "2 of 19", "--max-speed-mps 100")
    result = imported("a.csv", text, max_speed_mps=100.0)
    assert (result.trace.about.records, result.trace.about.max_xy_m[1] < 30) == (19, True)
    assert noted(result, "1 record to which a user would be faster than 100 m/s was left out")
    first = PLACES + "".join(f"a,{at},{52 + at * 1e-5 + (at == 0)},5\n" for at in range(20))
    assert imported("a.csv", first, max_speed_mps=100.0).trace.about.source_start_s == 1.0


def test_planes_are_read_and_noted(imported):
    text = PLACES + "".join(f"a,{at},{52 + at * 2.2e-3:.5f},5\n" for at in range(1000))
    result = imported("a.csv", text)
    assert result.trace.about.records == 1000
    assert noted(result, "245 m/s")
    assert noted(result, "positions extend over 245 km, more than 200 km")


def test_other_units_of_length(imported):
    with pytest.raises(InputError, match="half of all steps"):
        imported("a.csv", "id,time_s,x_m,y_m\n" + "".join(f"a,{at},{8000 * at},0\n" for at in range(9)))
    kilometres = "id,time_s,x_m,y_m\n" + "".join(f"a,{at},{0.008 * at:.3f},0\n" for at in range(9))
    assert noted(imported("a.csv", kilometres), "nobody moves faster than 0.008 m/s")


def test_the_date_line_is_no_line(imported):
    lon = [179.9997, 179.9998, 179.9999, -180.0, -179.9999, -179.9998]
    text = PLACES + "".join(f"t0,{at},-17.0,{each:.4f}\n" for at, each in enumerate(lon))
    result = imported("a.csv", text)
    about = result.trace.about
    assert about.origin.lon_deg == pytest.approx(179.9997, abs=1e-4)
    assert about.max_xy_m[0] < 60
    assert result.speed_mps.largest == pytest.approx(10.65, abs=0.05)
    assert result.notes == ()
    east = np.array(Trace.open(result.trace.path).scan().collect()["x_m"])
    assert (np.diff(east) > 10).all()


NEWEST_FIRST = table(list(reversed(dates("%Y-%m-%dT%H:%M:%SZ"))))


def test_records_may_be_sorted(imported):
    with pytest.raises(
        InputError,
        match=r"a\.csv:3: user 't0': time 2024-05-01T08:00:20\+00:00 goes backwards, from "
        r"2024-05-01T08:00:25\+00:00; --sort",
    ):
        imported("a.csv", NEWEST_FIRST)
    result = imported("a.csv", NEWEST_FIRST, sort=True)
    assert (result.trace.about.records, result.trace.about.duration_s) == (6, 25.0)
    assert noted(result, "sorted by time")
    assert not noted(imported("a.csv", table([0, 1, 2]), sort=True), "sorted")


def test_a_clock_that_starts_anew_at_midnight(imported):
    with pytest.raises(InputError, match="goes backwards, from 86395 s; if its clock starts anew at midnight, give da"):
        imported("a.csv", table([86390, 86395, 0, 5]))


def test_epochs_in_messages_are_dates(imported):
    with pytest.raises(InputError, match=r"time 2024-05-01T08:00:20\+00:00 goes backwards"):
        imported("a.csv", table(list(reversed(epochs(1)))))


def test_two_places_at_one_time_are_said_as_such_or_left_out(imported):
    text = PLACES + "t0,0,52,5\nt0,1,52.00001,5\nt0,1,52.0002,5\nt0,2,52.00002,5\n"
    with pytest.raises(InputError, match=r"a\.csv:4: user 't0': time 1 s is given twice, at two places; .*--skip-bad"):
        imported("a.csv", text)
    result = imported("a.csv", text, skip_bad=True)
    assert (result.trace.about.records, noted(result, "1 bad record", "--skip-bad")) == (3, True)
    assert result.summary.fastest.speed_mps == pytest.approx(1.11, abs=0.01)


def test_lines_that_a_quote_without_an_end_takes_in_are_counted(imported):
    text = PLACES + "a,0,52,5\na,1,52.00001,5\n" + '"a,2,52,5\n' + "a,3,52,5\n" * 4
    with pytest.raises(InputError, match=r"a\.csv:4: not valid CSV: .* \(lines 4 to 8\); --skip-bad"):
        imported("a.csv", text)
    assert noted(imported("a.csv", text, skip_bad=True), "5 bad records were left out (--skip-bad)")


def test_bad_records_are_counted_and_the_first_five_shown(imported):
    rows = [f"a,{at},{'x' if at % 3 == 1 else 52 + at / 1e5},5" for at in range(30)]
    result = imported("a.csv", PLACES + "\n".join(rows) + "\n", skip_bad=True)
    assert result.trace.about.records == 20
    assert noted(result, "10 bad records were left out (--skip-bad); the first 5 of them:")
    assert [note.split(":")[2] for note in result.notes if note.startswith("left out")] == ["3", "6", "9", "12", "15"]
    with pytest.raises(InputError, match=r"holds no record; .*a\.csv:2"):
        imported("a.csv", PLACES + "a,0,x,5\n", skip_bad=True)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b,7,52", "has 3 fields; the header names 4"),
        ("b,7,,52,5", "has 5 fields; the header names 4"),
        ('b,7,"5"2,5', "not valid CSV"),
    ],
)
def test_a_bad_row_is_named_by_its_line(row, message, imported):
    rows = [f"a,{at},{52 + at / 1e5},5" for at in range(7)]
    text = PLACES + "\n".join([*rows[:4], "", row, *rows[4:]]) + "\n"
    with pytest.raises(InputError, match=rf"a\.csv:7: {message}"):
        imported("a.csv", text)
    assert imported("a.csv", text, skip_bad=True).trace.about.records == 7


def test_rows_that_lack_columns_that_are_not_used_are_noted(imported):
    text = "id,time_s,x_m,y_m,remark\na,0,0,0,ok\na,1,5,0\na,2,10,0\n"
    result = imported("a.csv", text)
    assert result.trace.about.records == 3
    assert noted(result, "2 rows with fewer cells than the header, the first in line 3")
    with pytest.raises(InputError, match=r"a\.csv:3: has 3 fields; the header names 5"):
        imported("a.csv", text.replace("a,1,5,0", "a,1,5"))


def test_a_unit_of_time_has_no_effect_on_dates(imported):
    with pytest.raises(InputError, match="time: holds dates .*leave --time-unit out"):
        imported("a.csv", table(dates("%Y-%m-%d %H:%M:%S")), time_unit="ms")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace(",", ";").replace(".", ","),
        lambda text: text.replace(",", "\t"),
        lambda text: "\n".join(f"{at - 1 if at else ''},{row}" for at, row in enumerate(text.splitlines())),
    ],
)
def test_tables_are_read_however_they_are_written(change, imported):
    result = imported("a.csv", change(table([0, 5, 10])))
    about = result.trace.about
    assert (about.records, about.duration_s, about.users) == (3, 10.0, 1)
    assert result.summary.fastest.speed_mps == pytest.approx(2.61, abs=0.02)


def test_an_import_never_writes_over_what_it_reads(write, tmp_path):
    path = write("a.csv", table([0, 1]))
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    for out in (path, link):
        with pytest.raises(InputError, match="is a file that is read"):
            import_trace(path, out, overwrite=True)
    assert path.read_text() == table([0, 1])
