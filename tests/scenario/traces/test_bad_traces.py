"""Every file that cannot be used is refused with what is wrong, where, and nothing is left behind."""

import gzip

import numpy as np
import polars as pl
import pytest
from trace_texts import CSV, FCD, FCD_CSV

from twinhop.errors import InputError
from twinhop.io.xml_stream import LARGEST_TOKEN_BYTES
from twinhop.scenario.place_sections import Area
from twinhop.scenario.traces import ImportOptions, Trace, TracePositions, import_trace
from twinhop.scenario.traces.trace import METADATA_KEY

STEP_AGAIN = FCD.replace('time="2.00"', 'time="-1.00"')
TWICE = FCD.replace('<vehicle id="b" x="99.00" y="98.00"', '<vehicle id="a" x="99.00" y="98.00"')
ENTITY = FCD.replace("<fcd-export>", '<!DOCTYPE x [<!ENTITY e "boom">]>\n<fcd-export>', 1)
LAUGHS = FCD.replace("<fcd-export>", '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><fcd-export note="&b;">', 1)
GPX = '<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{}</trkseg></trk></gpx>'
POINT = '<trkpt lat="37.7" lon="-122.4"><time>2026-01-01T00:00:0{}Z</time></trkpt>'

BAD = {
    "time backwards, xml": ("a.xml", STEP_AGAIN, r"a\.xml:\d+: time goes backwards: time step -1 s comes after 1 s"),
    "time backwards, csv": (
        "a.csv",
        CSV.replace("a,2", "a,-2"),
        r"a\.csv:4: user 'a': time -2 s goes backwards, from 0",
    ),
    "time backwards, fcd csv": ("a.csv", FCD_CSV.replace("2.00;a", "-2.00;a"), r"a\.csv:5: user 'a': time -2 s goes"),
    "time backwards, gpx": (
        "a.gpx",
        GPX.format(POINT.format(5) + POINT.format(4)),
        r"user 'a': time .* goes backwards",
    ),
    "one user twice, xml": ("a.xml", TWICE, r"user 'a' at 2 s: time 2 s is given twice, at two places"),
    "one user twice, csv": ("a.csv", CSV + "b,2,1,1\n", r"a\.csv:6: user 'b': time 2 s is given twice"),
    "entities": ("a.xml", ENTITY, r"a\.xml:2: the document type .* is not accepted"),
    "a billion laughs": ("a.xml", LAUGHS, r"the document type .* is not accepted"),
    "entities in gpx": ("a.gpx", "<!DOCTYPE gpx []>" + GPX.format(POINT.format(5)), "the document type"),
    "nan, xml": ("a.xml", FCD.replace('x="99.00"', 'x="nan"'), r"user 'b' at 2 s: x must be a finite number"),
    "nan, csv": ("a.csv", CSV.replace("99,98", "nan,98"), r"a\.csv:5: x_m: must be a finite number \(got 'nan'\)"),
    "infinite": ("a.csv", CSV.replace("99,98", "99,inf"), r"a\.csv:5: y_m: must be a finite number"),
    "no number": ("a.xml", FCD.replace('x="99.00"', 'x="east"'), r"<vehicle> 'b': x: must be a number \(got 'east'\)"),
    "no position": ("a.csv", CSV.replace("99,98", ","), r"a\.csv:5: x_m: must be a finite number \(got nothing\)"),
    "far away": (
        "a.csv",
        CSV.replace("99,98", "1e12,98"),
        r"a\.csv:5: user 'b': x must be a finite number up to 1e\+08",
    ),
    "no time": ("a.csv", CSV.replace("b,2", "b,noon"), r"a\.csv:5: time_s: must be seconds"),
    "no name": ("a.csv", CSV.replace("b,2", ",2"), r"a\.csv:5: id: must name a user"),
    "empty": ("a.xml", "", "is an empty file"),
    "blank": ("a.csv", " \n\n", "is an empty file"),
    "empty gz": ("a.gz", "", "is an empty file"),
    "no rows": ("a.csv", "id,time_s,x_m,y_m\n", "has no rows below its header"),
    "no steps": ("a.xml", "<fcd-export/>", "has no time step"),
    "only empty steps": ("a.xml", '<fcd-export><timestep time="0"/></fcd-export>', "holds no record"),
    "other xml": ("a.xml", "<routes/>", "the outermost element is <routes>, not <fcd-export>"),
    "other table": ("a.csv", "name,age\nx,1\n", "not a trace: found a table with the columns name,age"),
    "json": ("a.json", '{"a": 1}', "not a trace: found JSON"),
    "image": ("a.png", b"\x89PNG\r\n\x1a\n\0\0", "not a trace: found a PNG image"),
    "cut xml": ("a.xml", FCD[:520], r"stops in the middle \(truncated\); the last whole time step is"),
    "cut gpx": (
        "a.gpx",
        GPX.format(POINT.format(5))[:-20],
        r"a\.gpx: the file stops in the middle \(truncated\); 1 whole track point before",
    ),
    "nested too deep, gpx": ("a.gpx", GPX.format("<a>" * 40), "nested deeper than 32 levels, which no track needs"),
    "nested too deep, xml": (
        "a.xml",
        "<fcd-export>" + "<a>" * 20,
        "nested deeper than 16 levels, which no trace needs",
    ),
    "a long token": ("a.xml", f'<fcd-export n="{"x" * (3 * LARGEST_TOKEN_BYTES)}">', "more than 1024 KiB"),
    "degrees out of range": (
        "a.csv",
        "id,time_s,lat,lon\na,0,91,0\n",
        r"a\.csv:2: user 'a': latitude 91 is not from -90 to 90; are latitude and longitude swapped",
    ),
}


@pytest.mark.parametrize(("name", "content", "message"), BAD.values(), ids=BAD)
def test_refused(name, content, message, write, tmp_path):
    path = write(name, content)
    with pytest.raises(InputError, match=message):
        import_trace(path, tmp_path / "out.parquet")
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("text", "whole"), [(FCD, "last whole time step"), (FCD_CSV, "last time read"), (CSV, "last time read")]
)
def test_a_truncated_gz_says_how_far_it_goes(text, whole, tmp_path):
    noise = np.random.default_rng(1).integers(10**9, size=3000)
    if text is FCD:
        long = text.replace("</fcd-export>", "".join(f"<!-- {each} -->\n" for each in noise) + "</fcd-export>")
    else:
        long = text + "".join(f"{10 + at};v;{each};0;e_0;;;\n" for at, each in enumerate(noise % 10**6))
        long = (
            long
            if text is FCD_CSV
            else text + "".join(f"v,{10 + at},{each},0\n" for at, each in enumerate(noise % 10**6))
        )
    content = gzip.compress(long.encode())
    path = tmp_path / "cut.gz"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        InputError, match=rf"cut\.gz: the compressed data stop in the middle \(truncated\); the {whole} is"
    ):
        import_trace(path, tmp_path / "out.parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["cut.gz"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x_m": [0.0, float("nan")]}, r"rows\.parquet:2: x_m: must be a finite number \(got 'nan'\)"),
        (
            {"time_s": [0.0, float("inf")]},
            r"rows\.parquet:2: time_s: must be seconds or h:mm:ss, or a date .*\(got 'inf'\)",
        ),
        ({"time_s": [1.0, 0.0]}, r"rows\.parquet:2: user 'a': time 0 s goes backwards"),
        ({"user": ["a", None]}, r"rows\.parquet:2: user: must name a user \(got nothing\)"),
        ({"y_m": [[0.0], [1.0]]}, r"y_m: must be a column of numbers, text or times \(got List\(Float64\)\)"),
    ],
)
def test_a_bad_value_in_a_parquet_table_is_named_by_its_row(columns, message, write, tmp_path):
    good = {"user": ["a", "a"], "time_s": [0.0, 1.0], "x_m": [0.0, 1.0], "y_m": [0.0, 1.0]}
    with pytest.raises(InputError, match=message):
        import_trace(write("rows.parquet", pl.DataFrame(good | columns)), tmp_path / "out.parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["rows.parquet"]


def test_a_damaged_parquet_table_is_refused(write, fcd_table, tmp_path):
    path = write("run.parquet", fcd_table)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="damaged or cut off"):
        import_trace(path, tmp_path / "out.parquet")


def test_missing_files_folders_and_what_is_there_already(write, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        import_trace(tmp_path / "none.xml", tmp_path / "out.parquet")
    with pytest.raises(InputError, match="is a folder"):
        import_trace(tmp_path, tmp_path / "out.parquet")
    (tmp_path / "out.parquet").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        import_trace(write("a.csv", CSV), tmp_path / "out.parquet")
    assert (tmp_path / "out.parquet").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trace_format": "fcd"}, "--trace-format: unknown format 'fcd'; .*accepted: fcd-xml"),
        ({"options": ImportOptions(origin=(91.0, 0.0))}, "--origin: must be a latitude"),
        ({"options": ImportOptions(origin=(float("nan"), 0.0))}, "--origin: must be a latitude"),
        ({"options": ImportOptions(longest_gap_s=0.0)}, "--max-gap-s: must be greater than 0"),
        ({"options": ImportOptions(coordinates="degrees")}, "--coordinates: .* gives metres"),
        ({"trace_format": "walk", "step_s": 0.0}, "--step-s: must be greater than 0"),
    ],
)
def test_bad_options(options, message, write, tmp_path):
    with pytest.raises(InputError, match=message):
        import_trace(write("a.csv", CSV), tmp_path / "out.parquet", **options)


def test_a_trace_is_not_imported_again(traced, tmp_path):
    with pytest.raises(InputError, match="is a trace of twinhop already"):
        import_trace(traced([("a", 0, 1, 2)]), tmp_path / "again.parquet")


def test_records_that_repeat_the_one_before_are_left_out_and_said(write, tmp_path):
    imported = import_trace(write("a.csv", CSV + "b,2,99,98\n"), tmp_path / "out.parquet")
    assert imported.trace.about.records == 4
    assert any(note.startswith("1 record that repeats the one before was left out") for note in imported.notes)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "is not a trace of twinhop"),
        ("{", "is not JSON"),
        ("[1]", "schema_version: None is not known"),
        ('{"schema_version": 2}', "schema_version: 2 is not known; this version reads 1"),
        ('{"schema_version": 1}', "metadata: source: Field required"),
    ],
)
def test_tables_that_are_no_traces_of_this_version(metadata, message, tmp_path):
    table = pl.DataFrame({"time_s": [0.0], "user": ["a"], "x_m": [1.0], "y_m": [1.0], "kind": ["user"]})
    path = tmp_path / "t.parquet"
    table.write_parquet(path, metadata=None if metadata is None else {METADATA_KEY: metadata})
    with pytest.raises(InputError, match=message):
        Trace.open(path)


def test_a_trace_outside_the_area_is_refused(traced):
    path = traced([("a", 0, 5000, 5000), ("a", 9, 6000, 6000)])
    with pytest.raises(InputError, match="all positions lie outside the area of 100 m x 100 m; the trace spans x 5000"):
        TracePositions.of_file(path, 1.0, 5, 0.0, Area(width_m=100.0, height_m=100.0))


def test_a_start_after_the_end_and_slots_that_nobody_meets_are_refused(traced):
    path = traced([("a", 0.5, 1, 1), ("b", 0, 1, 1)])
    with pytest.raises(InputError, match=r"lasts 0\.5 s; movement\.trace\.start_s, 9 s, lies after its end"):
        TracePositions.of_file(path, 1.0, 5, 9.0, Area())
    with pytest.raises(InputError, match="nobody is present at the beginning of any slot from 0.25 s"):
        TracePositions.of_file(path, 1.0, 5, 0.25, Area())


def test_a_run_far_from_any_record_is_refused(traced):
    path = traced([("a", 0, 1, 1), ("a", 1000, 2, 2)], options=ImportOptions(longest_gap_s=10.0))
    with pytest.raises(InputError, match="nobody is present at the beginning of any slot from 100 s to 104 s"):
        TracePositions.of_file(path, 1.0, 5, 100.0, Area())


def test_a_file_that_cannot_be_written_is_said(write, tmp_path):
    with pytest.raises(InputError, match=r"out\.parquet: cannot be written"):
        import_trace(write("a.csv", CSV), tmp_path / "none" / "out.parquet")
