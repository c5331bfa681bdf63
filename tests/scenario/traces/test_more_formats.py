"""The formats of mobility generators and of public taxi and walking data."""

import gzip

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario.place_sections import Area
from twinhop.scenario.traces import ImportOptions, Trace, TracePositions, import_trace


@pytest.fixture
def imported(write, tmp_path):
    """Imports a file of that name and content."""

    def of(name, content, trace_format=None, step_s=None, **options):
        path = write(name, content)
        return import_trace(
            path,
            tmp_path / "out.parquet",
            trace_format=trace_format,
            step_s=step_s,
            options=ImportOptions(**options),
            overwrite=True,
        )

    return of


def rows(result):
    table = Trace.open(result.trace.path).scan().sort("user", "time_s").collect()
    return [(row["user"], row["time_s"], row["x_m"], row["y_m"]) for row in table.iter_rows(named=True)]


WAYPOINTS = "# BonnMotion\n0.0 10.0 20.0 300.0 10.0 20.0 600.0 70.0 20.0\n0.0 5.5 5.0 600.0 5.5 65.0\n"
EXPECTED_WAYPOINTS = [
    ("0", 0.0, 10.0, 20.0),
    ("0", 300.0, 10.0, 20.0),
    ("0", 600.0, 70.0, 20.0),
    ("1", 0.0, 5.5, 5.0),
    ("1", 600.0, 5.5, 65.0),
]


@pytest.mark.parametrize("name", ["walk.movements", "walk.movements.gz", "walk.txt"])
def test_bonnmotion(name, imported):
    result = imported(name, WAYPOINTS)
    assert result.summary.layout == "bonnmotion, waypoints t x y"
    assert rows(result) == EXPECTED_WAYPOINTS
    assert result.notes == ()


def test_between_waypoints_nobody_is_absent_however_long_it_takes(imported):
    result = imported("walk.movements", WAYPOINTS)
    assert (result.trace.about.longest_gap_s, result.absent) == (600.0, 0)
    positions = TracePositions.of_file(result.trace.path, 150.0, 5, 0.0, Area())
    at = np.array(list(positions))
    np.testing.assert_allclose(at[:, 0, 0], [10, 10, 10, 40, 70])
    np.testing.assert_allclose(at[:, 1, 1], [5, 20, 35, 50, 65])


def test_bonnmotion_in_three_dimensions(imported, write):
    text = "0 10 20 7 300 10 20 7 600 70 20 9\n0 5.5 5 0 600 5.5 65 0\n"
    result = imported("walk.movements", text)
    assert result.summary.columns_unused == ("z",)
    assert rows(result) == EXPECTED_WAYPOINTS
    ambiguous = "0 10 20 30 40 50 60 70 80 90 100 110\n"
    with pytest.raises(InputError, match="may be t x y or t x y z; the file of parameters"):
        imported("other.movements", ambiguous)
    write("other.params", "model=RandomWaypoint\nnn=1\nJ=3D\n")
    assert imported("other.movements", ambiguous).trace.about.records == 3
    write("other.params", "model=RandomWaypoint\nnn=2\nJ=3D\n")
    assert "the file of parameters states 2 nodes, the file has 1" in imported("other.movements", ambiguous).notes
    write("other.params", "model=RandomWaypoint\nnn=1\nJ=2D\n")
    assert imported("other.movements", ambiguous).trace.about.records == 4


def test_a_line_of_bonnmotion_that_is_no_row_of_waypoints(imported):
    text = WAYPOINTS + "0.0 1.0 2.0 3.0 4.0\n"
    with pytest.raises(InputError, match=r"walk\.movements:4: expected waypoints t x y in the order of time"):
        imported("walk.movements", text)
    assert imported("walk.movements", text, skip_bad=True).trace.about.users == 2
    with pytest.raises(InputError, match=r"walk\.movements:4: expected numbers, got '0.0 a 2.0'"):
        imported("walk.movements", WAYPOINTS + "0.0 a 2.0\n")


SETDEST = """# nodes: 3, pause: 0.00
$node_(0) set X_ 0.0
$node_(0) set Y_ 10.0
$node_(0) set Z_ 0.0
$ns_ at 10.0 "$node_(0) setdest 100.0 10.0 10.0"
$ns_ at 15.0 "$node_(0) setdest 50.0 20.0 5.0"
$ns_ at 40.0 "$node_(0) setdest 50.0 0.0 4.0"
$god_ set-dist 0 1 3
$ns at 5 "$node_(1) setdest 20.0 18.0 0.0";
$node_(1) set X_ 1.5e1
$node_(1) set Y_ 2.0
$node_(2) set X_ 1
$node_(2) set Y_ 1
$ns_ at 30.0 "$node_(2) set X_ 90.0"
"""


def test_ns2_movement(imported):
    result = imported("scenario.tcl", SETDEST)
    assert result.summary.layout == "ns2, setdest"
    # node 0 is sent elsewhere half way, stands from 17 s to 40 s, and arrives last of all, at 45 s
    expected = [
        ("0", 0.0, 0.0, 10.0),
        ("0", 10.0, 0.0, 10.0),
        ("0", 15.0, 50.0, 10.0),
        ("0", 17.0, 50.0, 20.0),
        ("0", 40.0, 50.0, 20.0),
        ("0", 45.0, 50.0, 0.0),
        ("1", 0.0, 15.0, 2.0),
        ("1", 5.0, 15.0, 2.0),
        ("1", 45.0, 15.0, 2.0),
        ("2", 0.0, 1.0, 1.0),
        ("2", 29.999, 1.0, 1.0),
        ("2", 30.0, 90.0, 1.0),
        ("2", 45.0, 90.0, 1.0),
    ]
    assert [(user, round(time, 6), x, y) for user, time, x, y in rows(result)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SETDEST + "$node_($i) set X_ $xx\n", r"scenario\.tcl:15: expected plain numbers \(got '\$node_\(\$i\) set"),
        (SETDEST.replace("$node_(1) set Y_ 2.0\n", ""), "node '1': has no place at time 0"),
        (SETDEST.replace("at 40.0", "at 4.0"), r"scenario\.tcl:7: node '0': is sent before it was sent before"),
    ],
)
def test_movement_that_ns2_computes_or_does_not_say(text, message, imported):
    with pytest.raises(InputError, match=message):
        imported("scenario.tcl", text)
    assert imported("scenario.tcl", text, skip_bad=True).trace.about.users >= 2


def test_statements_of_ns2_that_come_too_late_are_left_out_as_the_note_says(imported):
    late = SETDEST.replace("at 40.0", "at 4.0")
    without = "".join(line for line in late.splitlines(keepends=True) if "at 4.0 " not in line)
    result = imported("scenario.tcl", late, skip_bad=True)
    assert any("1 bad record was left out" in note for note in result.notes)
    assert rows(result) == rows(imported("without.tcl", without))


PLT = """Geolife trajectory
WGS 84
Altitude is in Feet
Reserved 3
0,2,255,My Track,0,0,2,8421376
0
39.984702,116.318417,0,492,39744.1201851852,2008-10-23,02:53:04
39.984683,116.31845,0,-777,39744.1202546296,2008-10-23,02:53:10
"""
OZI = PLT.replace("Geolife trajectory", "OziExplorer Track Point File Version 2.1").replace("2008-10-23", "23-Oct-08")


@pytest.mark.parametrize("text", [PLT, PLT.replace("\n", "\r\n"), OZI])
def test_plt(text, imported):
    result = imported("20081023025304.plt", text)
    about = result.trace.about
    assert (about.records, about.format) == (2, "plt")
    assert about.duration_s == pytest.approx(6.0, abs=1e-3)
    assert about.source_start_date.startswith("2008-10-23T02:53:04")
    assert result.summary.fastest.user == "20081023025304"
    assert result.summary.fastest.speed_mps == pytest.approx(0.58, abs=0.02)
    with pytest.raises(InputError, match=r"plt:9: has 3 fields"):
        imported("20081023025304.plt", text + "1,2,3\n")


def test_a_folder_of_plt_files_is_several_users(tmp_path):
    for user, name, day in (
        ("007", "b.plt", "2008-10-23"),
        ("007", "a.plt", "2008-10-24"),
        ("010", "c.plt", "2008-10-23"),
    ):
        folder = tmp_path / "Data" / user / "Trajectory"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(PLT.replace("2008-10-23", day))
    about = import_trace(tmp_path / "Data", tmp_path / "out.parquet").trace.about
    assert (about.users, about.records, about.duration_s) == (2, 6, 86_406.0)
    assert set(Trace.open(tmp_path / "out.parquet").scan().collect()["user"]) == {"007", "010"}


PORTO = (
    '"TRIP_ID","CALL_TYPE","ORIGIN_CALL","ORIGIN_STAND","TAXI_ID","TIMESTAMP","DAY_TYPE","MISSING_DATA","POLYLINE"\n'
    '"1","C","","","20000589","1372637303","A","False","[[-8.618643,41.141412],[-8.618499,41.141376]]"\n'
    '"2","B","","7","20000589","1372636858","A","False","[[-8.6,41.1],[-8.6001,41.1],[-8.6002,41.1]]"\n'
    '"3","C","","","20000596","1372636951","A","True","[[-8.612964,41.140359],[-8.612964,41.140359]]"\n'
    '"4","C","","","20000597","1372636951","A","False","[]"\n'
    '"5","C","","","20000598","1372636951","A","False","[[-8.612964,41.140359]]"\n'
)


def test_taxis_of_porto(imported):
    result = imported("train.csv", PORTO)
    about = result.trace.about
    assert (about.format, about.users, about.records, about.typical_interval_s) == (
        "porto",
        2,
        6,
        pytest.approx(15, 0.02),
    )
    assert about.source_start_s == 1372636858.0
    times = [(user, time) for user, time, *_ in rows(result)]
    assert times[:5] == [("20000589", time) for time in (0.0, 15.0, 30.0, 445.0, 460.0)]
    assert about.origin.lon_deg == pytest.approx(-8.6187, abs=1e-3)
    assert "1 trip with MISSING_DATA left out, since times are then unknown" in result.notes
    assert "1 trip without a place left out" in result.notes
    assert imported("train.csv", PORTO, step_s=30.0).trace.about.typical_interval_s == pytest.approx(30, 0.02)


def test_a_trip_of_porto_longer_than_a_block(imported):
    places = ",".join(f"[{-8.6 + at * 1e-5:.6f},41.14]" for at in range(5000))
    text = PORTO.splitlines()[0] + f'\n"1","C","","","1","1372637303","A","False","[{places}]"\n'
    assert len(text) > 1 << 16
    assert imported("train.csv", text).trace.about.records == 5000


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"1372636858"', '"noon"', r"train\.csv:3: TIMESTAMP: must be seconds since 1970 \(got 'noon'\)"),
        ("[-8.6001,41.1],", "[-8.6001],", r"train\.csv:3: POLYLINE: must be \[\[longitude, latitude\]"),
        ("[[-8.6,", "[[-8.6,,", r"train\.csv:3: POLYLINE"),
    ],
)
def test_trips_of_porto_that_cannot_be_used(old, new, message, imported):
    with pytest.raises(InputError, match=message):
        imported("train.csv", PORTO.replace(old, new))
    assert imported("train.csv", PORTO.replace(old, new), skip_bad=True).trace.about.records == 3


def test_trips_of_porto_without_all_cells_are_left_out_too(imported):
    begin, *others = PORTO.splitlines(keepends=True)
    text = "".join([begin, '"short"\n', *others])
    with pytest.raises(InputError, match=r"train\.csv:2: has 1 field; .*--skip-bad leaves such records out"):
        imported("train.csv", text)
    assert (
        imported("train.csv", text, skip_bad=True).trace.about.records == imported("p.csv", PORTO).trace.about.records
    )


def test_notes_name_options_that_the_format_takes(imported):
    fast = 'TAXI_ID,TIMESTAMP,POLYLINE\n1,1372637303,"[[-8.6,41.1],[-8.6,41.2],[-8.6,41.3]]"\n'
    notes = " ".join(imported("train.csv", fast).notes)
    assert "--step-s says so" in notes and "--time-unit" not in notes


T_DRIVE = "1,2008-02-02 15:36:08,116.51172,39.92123\n1,2008-02-02 15:46:08,116.51135,39.93883\n"


def test_t_drive(imported, tmp_path):
    result = imported("1.txt", T_DRIVE)
    about = result.trace.about
    assert (about.format, about.users, about.records, about.duration_s) == ("t-drive", 1, 2, 600.0)
    assert about.source_start_date == "2008-02-02T15:36:08+00:00"
    assert result.summary.fastest.speed_mps == pytest.approx(3.26, abs=0.01)
    assert any("there is no header" in note for note in result.notes)
    folder = tmp_path / "taxi_log"
    folder.mkdir()
    (folder / "1.txt").write_text(T_DRIVE)
    (folder / "2.txt").write_text(T_DRIVE.replace("1,2008", "2,2008"))
    (folder / "3.txt").write_text("")
    about = import_trace(folder, tmp_path / "out.parquet", overwrite=True).trace.about
    assert (about.users, about.records) == (2, 4)


def test_the_swapped_columns_of_a_file_without_header_are_refused(imported):
    swapped = "1,2008-02-02 15:36:08,39.92123,116.51172\n"
    with pytest.raises(InputError, match=r"1\.txt:1: user '1': latitude 116.512 .* swapped"):
        imported("1.txt", swapped)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.movements", WAYPOINTS), ("a.tcl", SETDEST), ("a.plt", PLT), ("train.csv", PORTO), ("1.txt", T_DRIVE)],
)
def test_encodings_line_ends_and_compression_make_no_difference(name, text, imported, tmp_path):
    expected = rows(imported(name, text))
    for content in (
        text.replace("\n", "\r\n").encode("utf-8-sig"),
        text.encode("utf-16"),
        gzip.compress(text.encode()),
    ):
        result = imported(name, content)
        assert rows(result) == expected


@pytest.mark.parametrize(
    ("option", "value"), [("time_unit", "s"), ("time_format", "%Y"), ("columns", "user=a"), ("time_unit", "ms")]
)
def test_options_without_effect_are_refused(option, value, imported):
    with pytest.raises(InputError, match=f"--{option.replace('_', '-')}: has no effect on bonnmotion"):
        imported("a.movements", WAYPOINTS, **{option: value})
