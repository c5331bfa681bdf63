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
