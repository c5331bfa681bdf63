"""The same movement in every format gives the same trace."""

import numpy as np
import polars as pl
import pytest
from trace_texts import CSV, FCD, FCD_CSV

from twinhop.errors import InputError
from twinhop.scenario import geo
from twinhop.scenario.place_sections import Origin
from twinhop.scenario.traces import TRACE_FORMATS, ImportOptions, Trace, import_trace
from twinhop.scenario.traces import spool as spooling

METRES = ImportOptions(coordinates="metres")
RECORDS = [(0.0, "a", 10.0, 20.0), (0.0, "p", 50.0, 60.0), (2.0, "a", 20.0, 20.0), (2.0, "b", 99.0, 98.0)]
LAT_LON = "id,time_s,lat,lon\na,0,37.77,-122.42\na,10,37.771,-122.42\nb,10,37.77,-122.41\n"
GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="37.77" lon="-122.42"><ele>3</ele><time>2026-01-01T00:00:00Z</time></trkpt>
<trkpt lat="37.771" lon="-122.42"><time>2026-01-01T00:00:10Z</time></trkpt>
</trkseg></trk></gpx>
"""


def records(path):
    return sorted(Trace.open(path).scan().select("time_s", "user", "x_m", "y_m").collect().rows())


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("run.xml", "fcd-xml"),
        ("run.xml.gz", "fcd-xml"),
        ("run.csv", "fcd-csv"),
        ("run.csv.gz", "fcd-csv"),
        ("run.parquet", "fcd-parquet"),
        ("plain.csv", "csv"),
        ("plain.parquet", "parquet"),
    ],
)
def test_each_format_is_recognised_and_gives_the_same_records(name, format, write, fcd_table, tmp_path):
    plain = pl.read_csv(CSV.encode())
    content = {"fcd-xml": FCD, "fcd-csv": FCD_CSV, "fcd-parquet": fcd_table, "csv": CSV, "parquet": plain}[format]
    imported = import_trace(write(name, content), tmp_path / "out.parquet", options=METRES)
    about = imported.trace.about
    assert (about.format, about.users, about.records) == (format, 3, 4)
    assert records(imported.trace.path) == RECORDS
    # the empty last time step counts into the span of floating car data
    assert about.duration_s == (2.0 if format in ("csv", "parquet") else 3.0)
    assert about.kinds == ({"user": 3} if format in ("csv", "parquet") else {"person": 1, "vehicle": 2})


@pytest.mark.parametrize("name", list(TRACE_FORMATS))
def test_a_wrong_format_is_refused_by_every_reader(name, write, tmp_path):
    path = write("poem.txt", "It was the best of times,\nit was the worst of times.\n")
    with pytest.raises(InputError, match=r"poem\.txt"):
        import_trace(path, tmp_path / "out.parquet", trace_format=name)
    assert [each.name for each in tmp_path.iterdir()] == ["poem.txt"]


def test_degrees_become_metres_about_the_origin(write, tmp_path):
    options = ImportOptions(origin=(37.76, -122.43))
    about = import_trace(write("g.csv", LAT_LON), tmp_path / "g.parquet", options=options).trace.about
    assert about.origin == Origin(lat_deg=37.76, lon_deg=-122.43)
    x_m, y_m = geo.project([37.77, 37.771, 37.77], [-122.42, -122.42, -122.41], (37.76, -122.43))
    expected = sorted(zip([0.0, 10.0, 10.0], ["a", "a", "b"], x_m.tolist(), y_m.tolist(), strict=True))
    assert records(tmp_path / "g.parquet") == expected
    assert np.all(np.array(about.min_xy_m) <= [x_m.min(), y_m.min()])
    assert np.all(np.array(about.max_xy_m) >= [x_m.max(), y_m.max()])


def test_without_an_origin_all_lies_north_east_of_it(write, tmp_path):
    import_trace(write("g.csv", LAT_LON), tmp_path / "g.parquet")
    found = np.array([row[2:] for row in records(tmp_path / "g.parquet")])
    assert (found > 0).all()
    assert (found.min(axis=0) < 3).all()


def test_gpx_and_a_walk_agree_with_the_table(write, tmp_path):
    options = ImportOptions(origin=(37.76, -122.43))
    import_trace(write("g.csv", LAT_LON), tmp_path / "g.parquet", options=options)
    gpx = import_trace(write("a.gpx", GPX), tmp_path / "x.parquet", options=options).trace.about
    walk = write("a.csv", "Latitude,Longitude\n37.77,-122.42\n37.771,-122.42\n")
    import_trace(walk, tmp_path / "w.parquet", step_s=10.0, options=options)
    of_a = [row for row in records(tmp_path / "g.parquet") if row[1] == "a"]
    assert records(tmp_path / "x.parquet") == records(tmp_path / "w.parquet") == of_a
    assert gpx.source_start_date == "2026-01-01T00:00:00+00:00"
    assert gpx.format == "gpx"


def test_times_of_a_table_may_be_dates_of_its_own_type(write, tmp_path):
    table = pl.DataFrame({"user": [7, 7], "time": [1_767_225_600_000, 1_767_225_601_500], "x": [0.0, 1.0], "y": [0, 0]})
    table = table.with_columns(pl.col("time").cast(pl.Datetime("ms")))
    about = import_trace(write("dates.parquet", table), tmp_path / "out.parquet").trace.about
    assert about.source_start_date == "2026-01-01T00:00:00+00:00"
    assert records(tmp_path / "out.parquet") == [(0.0, "7", 0.0, 0.0), (1.5, "7", 1.0, 0.0)]


def test_a_step_has_no_effect_on_formats_with_times(write, tmp_path):
    with pytest.raises(InputError, match="--step-s: has no effect on csv"):
        import_trace(write("plain.csv", CSV), tmp_path / "out.parquet", step_s=1.0)


@pytest.mark.parametrize("sorted_records", [3, 2_000_000])
def test_user_by_user_comes_out_in_the_order_of_time(sorted_records, write, tmp_path, monkeypatch):
    monkeypatch.setattr(spooling, "SORTED_RECORDS", sorted_records)
    monkeypatch.setattr(spooling, "CHUNK_RECORDS", 7)
    rows = [(f"u{user}", time, user, time) for user in range(5) for time in range(user, 20)]
    text = "id,time_s,x_m,y_m\n" + "\n".join(",".join(map(str, row)) for row in rows)
    trace = import_trace(write("long.csv", text), tmp_path / "o.parquet", options=METRES).trace
    found = trace.scan().collect()
    assert found["time_s"].is_sorted()
    assert sorted(found.select("user", "time_s").rows()) == sorted((row[0], float(row[1])) for row in rows)


def test_times_begin_at_zero_and_the_source_keeps_its_own(write, tmp_path):
    text = "id,time_s,x_m,y_m\na,25200,1,1\na,25201,2,2\n"
    about = import_trace(write("late.csv", text), tmp_path / "o.parquet", options=METRES).trace.about
    assert (about.source_start_s, about.duration_s) == (25200.0, 1.0)
    assert Trace.open(tmp_path / "o.parquet").scan().collect()["time_s"].to_list() == [0.0, 1.0]


def test_a_person_and_a_vehicle_may_share_a_name(write, tmp_path):
    text = FCD.replace('person id="p"', 'person id="a"')
    imported = import_trace(write("run.xml", text), tmp_path / "o.parquet", options=METRES)
    users = set(imported.trace.scan().select("user", "kind").collect().rows())
    assert users == {("a", "vehicle"), ("b", "vehicle"), ("person:a", "person")}
    assert any("1 user that shares its name with a vehicle is called" in note for note in imported.notes)


def test_the_same_file_gives_the_same_bytes(write, tmp_path):
    path = write("run.xml", FCD)
    for name in ("one.parquet", "two.parquet"):
        import_trace(path, tmp_path / name, options=METRES)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_speeds_and_gaps_are_counted(write, tmp_path):
    times = [*range(10), 30, 31, 200]
    text = "id,time_s,x_m,y_m\n" + "\n".join(f"a,{time},{2 * time},0" for time in times)
    imported = import_trace(write("gaps.csv", text), tmp_path / "o.parquet", options=METRES)
    assert imported.speed_mps.largest == pytest.approx(2.0)
    assert imported.speed_mps.at(0.5) == pytest.approx(2.0, rel=0.02)
    assert (imported.bridged, imported.absent) == (1, 1)


def test_the_table_can_be_read_by_other_tools(traced):
    table = pl.read_parquet(traced([("a", 0, 1, 2)], options=METRES))
    assert table.columns == ["time_s", "user", "x_m", "y_m", "kind"]
    assert table.row(0) == (0.0, "a", 1.0, 2.0, "user")
