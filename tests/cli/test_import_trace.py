"""Traces through the program: imported, summarised, and driving a world."""

import json

import pytest

SCENARIO = """schema_version: 1
name: traced
area: {width_m: 100, height_m: 100}
stations: {generate: {count: 3}}
users: {generate: {count: 1}}
movement: {slot_s: 2.0, horizon_s: %s, trace: {file: t.parquet, start_s: 1}}
"""
ROWS = "id,time_s,x_m,y_m\n" + "".join(
    f"u{user},{second},{user * 9},{second}\n" for second in range(41) for user in range(4)
)


@pytest.fixture
def scenario(run, tmp_path):
    """Writes a trace and a scenario of that horizon; returns the path."""

    def of(horizon_s):
        (tmp_path / "rows.csv").write_text(ROWS)
        done = run("import", "trace", tmp_path / "rows.csv", "--out", tmp_path / "t.parquet", "--coordinates", "metres")
        assert done.code == 0, done.err
        (tmp_path / "s.yaml").write_text(SCENARIO % horizon_s)
        return tmp_path / "s.yaml", done

    return of


def test_the_summary_and_the_world(run, scenario):
    path, imported = scenario("38.0")
    for words in ("4 users", "164", "40 s, from 0 s of the source", "nowhere", "max 1 m/s", "0 of up to 60 s bridged"):
        assert words in imported.out
    world = run("world", path, "--json", "--animate", "none")
    assert world.code == 0, world.err
    facts = json.loads(world.out)
    assert (facts["moved_by"], facts["slots"]) == ("trace", 19)
    assert facts["speed_mps"]["mean"] == pytest.approx(1.0)
    assert run("world", path, "--json", "--animate", "none").out == world.out


@pytest.mark.parametrize(
    ("horizon_s", "message"),
    [
        ("60.0", "the horizon of 30 slots is longer than the trace, which has 20 slots of 2 s"),
        ("9.0", "horizon_s: the slot of 2 s does not divide 9 s"),
    ],
)
def test_a_horizon_that_will_not_do(horizon_s, message, run, scenario):
    done = run("world", scenario(horizon_s)[0], "--animate", "none")
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--origin", "here"), "--origin: must be LAT,LON"),
        (("--trace-format", "xml"), "--trace-format: unknown format 'xml'"),
        (("--max-gap-s", "-1"), "--max-gap-s: must be greater than 0 s"),
        ((), "exists already"),
    ],
)
def test_bad_options_end_with_2(arguments, message, run, scenario, tmp_path):
    scenario("38.0")
    done = run("import", "trace", tmp_path / "rows.csv", "--out", tmp_path / "t.parquet", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_minutes_of_san_francisco_come_in_pairs(run, tmp_path):
    files = ("--cells", tmp_path / "c.csv", "--serving", tmp_path / "s.npz", "--out", tmp_path / "o.yaml")
    one = run("import", "sf-cells", *files, "--from-minute", "3")
    both = run("import", "sf-cells", *files, "--minute", "1", "--from-minute", "3", "--to-minute", "4")
    for done in (one, both):
        assert done.code == 2
        assert "give --minute, or both --from-minute and --to-minute" in done.err
    assert "--throughout: needs --from-minute" in run("import", "sf-cells", *files, "--throughout").err


def test_a_walk_of_melbourne(run, tmp_path):
    from pathlib import Path

    walk = Path(__file__).parents[3] / "shared" / "data" / "ifogsim2_melb" / "usersLocation-melbCBD_1.csv"
    if not walk.is_file():
        pytest.skip(f"no walks at {walk.parent}")
    done = run(
        "import", "trace", walk, "--step-s", "30", "--out", tmp_path / "w.parquet", "--attribution", "iFogSim2, MIT"
    )
    assert done.code == 0, done.err
    for words in ("1 user", "82", "2430 s", "walk"):
        assert words in done.out


WAYS = "id,time,lat,lon\n" + "".join(
    f"{user},{1714550400000 + 1000 * at},{52 + at * 1e-5},5\n" for user in "ab" for at in range(3)
)


def test_what_was_understood_is_printed_for_people_and_machines(run, tmp_path):
    (tmp_path / "a.csv").write_text(WAYS)
    done = run("import", "trace", tmp_path / "a.csv", "--out", tmp_path / "t.parquet")
    assert done.code == 0, done.err
    for words in (
        "csv, separated by commas",
        "2 users",
        "latitude and longitude in degrees, times are milliseconds since 1970",
        "2 s, from 2024-05-01T08:00:00+00:00",
        "latitude 52 to 52.00002, longitude 5 to 5",
        "a, 1.11 m/s",
        "id, time, lon, lat",
        "note: times are taken to be milliseconds, by their size; --time-unit says otherwise",
    ):
        assert words in done.out
    done = run("import", "trace", tmp_path / "a.csv", "--out", tmp_path / "t.parquet", "--force", "--json")
    facts = json.loads(done.out)
    assert (facts["rows"], facts["about"]["users"], facts["columns_unused"]) == (6, 2, [])
    assert facts["fastest"]["speed_mps"] == pytest.approx(1.11, abs=0.01)
    assert facts["notes"] == ["times are taken to be milliseconds, by their size; --time-unit says otherwise"]


def test_the_help_names_every_format():
    from twinhop.cli.import_trace import FORMATS
    from twinhop.scenario.traces import TRACE_FORMATS

    assert tuple(TRACE_FORMATS) == FORMATS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--time-unit", "minute"), "--time-unit: unknown unit 'minute'; did you mean 'min'? accepted: s, ms"),
        (("--columns", "who"), "--columns: got 'who'; expected pairs"),
        (("--max-speed-mps", "0"), "--max-speed-mps: must be greater than 0 m/s (got 0)"),
        (("--step-s", "3"), "--step-s: has no effect on csv"),
    ],
)
def test_options_of_the_reading_that_will_not_do(arguments, message, run, tmp_path):
    (tmp_path / "a.csv").write_text(WAYS)
    done = run("import", "trace", tmp_path / "a.csv", "--out", tmp_path / "t.parquet", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "t.parquet").exists()
