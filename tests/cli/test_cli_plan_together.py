"""`twinhop plan` with --hours, --also and --samples from end to end: table, JSON, files, bad input."""

import json

import pytest

HALF = ", ".join(["0.5"] * 21)
PIER = f"""
schema_version: 1
name: pier
area: {{width_m: 800, height_m: 600}}
stations:
  list:
    - {{id: a, x_m: 100, y_m: 100, capacity_users: 5}}
    - {{id: b, x_m: 600, y_m: 400, capacity_users: 4}}
users: {{generate: {{count: 12}}}}
load: {{hour: 0, profile: [0.5, 0.7, 1, {HALF}]}}
objective: {{deadlines: false}}
"""


@pytest.fixture
def pier(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pier.yaml").write_text(PIER)


@pytest.mark.usefixtures("pier")
def test_hours_from_the_command_line(run, tmp_path):
    ended = run("plan", "pier.yaml", "--hours", "0,1", "--robust", "worst", "--out", "o")
    assert ended.code == 0 and ended.err == ""
    assert "hour 1 (dearest)" in ended.out and "no choice of servers has less than" in ended.out
    assert "wrote o/together.md" in ended.out
    answer = json.loads((tmp_path / "o" / "together.json").read_text())
    assert answer["robust"] == "worst" and [row["users"] for row in answer["cases"]] == [6, 8]
    kept = run("plan", "pier.yaml", "--from", "o/placement.json", "--move-cost", "1", "--json")
    assert kept.code == 0
    (tmp_path / "o" / "together.md").write_text("mine")
    ended = run("plan", "pier.yaml", "--hours", "0,1", "--out", "o")
    assert ended.code == 2 and "together.md: not written by twinhop" in ended.err


@pytest.mark.usefixtures("pier")
def test_an_infeasible_hour_is_named_with_its_proof(run):
    ended = run("plan", "pier.yaml", "--hours", "0-2", "--json")
    assert ended.code == 2
    assert "infeasible: hour 2: " in ended.err and "9 seats in all for 12 users: 3 short" in ended.err
    proof = json.loads(ended.out)["proof"]
    assert proof["kind"] == "capacity" and proof["message"].startswith("hour 2: ")


@pytest.mark.usefixtures("pier")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--hours 0-30", "a day has no hour 30"),
        ("--hours 0,0", "named twice"),
        ("--hours 0 --also pier.yaml", "expected one of them"),
        ("--hours 0 --policy nearest", "--policy: is for the plan of a single case"),
        ("--hours 0 --without a", "--without: is for the plan of a single case"),
        ("--hours 0 --robust best", "expected mean, worst or cvar"),
        ("--hours 0,1 --robust cvar --cvar-level 2", "at most 1"),
        ("--hours 0,1 --weights 1,-1", "-1 for hour 1"),
        ("--hours 0,1 --weights 1;2", "separated by commas"),
        ("--hours 0,1 --load 20", "is of --samples alone"),
        ("--robust worst", "give --hours, --also or --samples"),
        ("--samples 3", "Give --load"),
        ("--samples 3 --load 20 --weights 1,2,3", "samples weigh alike"),
        ("--also city-small", "city-small: has 20 stations, pier has 2"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, options, words):
    ended = run("plan", "pier.yaml", *options.split())
    assert ended.code == 2 and ended.out == ""
    assert words in ended.err and ended.err.count("\n") == 1
