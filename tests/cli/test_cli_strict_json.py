"""Everything printed and written is strict: no number that is not finite, in JSON, in tables, in reports."""

import json
import re
import warnings

import polars as pl
import pytest

from twinhop.errors import OutOfReachWarning
from twinhop.io.json_text import json_text, parse_json

SLOW_SYNC = """
schema_version: 1
name: slow-sync
area: {width_m: 1000, height_m: 1000}
stations: {generate: {count: 3}}
users: {generate: {count: 6}, deadline_ms: 120000}
"""
MIXED = SLOW_SYNC.replace("deadline_ms: 120000", "deadline_ms: {uniform: [100, 120000]}")
LOST = """
schema_version: 1
name: lost
area: {width_m: 6000000, height_m: 6000000}
stations: {list: [{id: a, x_m: 100, y_m: 100}, {id: b, x_m: 900, y_m: 900}]}
users: {list: [{id: u0, x_m: 200, y_m: 150}, {id: u1, x_m: 800, y_m: 700}, {id: lost, x_m: 5900000, y_m: 5900000}]}
"""
FULL = SLOW_SYNC.replace("count: 3}", "count: 3}, capacity_users: 1")
LATE = SLOW_SYNC.replace("120000", "0.001")
CITIES = {"mixed": MIXED, "lost": LOST, "full": FULL, "late": LATE}
COMMANDS = (
    ("plan", "{}"),
    ("plan", "{}", "--policy", "nearest"),
    ("compare", "{}"),
    ("tradeoff", "{}"),
    ("explain", "{}", "u0"),
    ("robustness", "{}", "--load", "20%", "--samples", "20"),
    ("simulate", "{}", "--slots", "3", "--animate", "none", "--policies", "stay,utility,utility_literal", "--bound"),
    ("world", "{}", "--slots", "3"),
    ("scenario", "describe", "{}"),
    ("scenario", "show", "{}"),
)
WITH_FILES = ("plan", "compare", "tradeoff", "robustness", "simulate", "world")


def refuse(word):
    raise AssertionError(f"{word} is not JSON")


@pytest.mark.filterwarnings("ignore::twinhop.errors.PlanningWarning")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command[:3:2]).replace("{}-", ""))
@pytest.mark.parametrize("city", CITIES)
def test_json_and_files_of_every_command(city, command, tmp_path, run):
    file = tmp_path / "city.yaml"
    file.write_text(CITIES[city])
    out = tmp_path / "out"
    args = [each.format(file) for each in command] + (["--out", out] if command[0] in WITH_FILES else [])
    with warnings.catch_warnings():
        warnings.simplefilter("default", OutOfReachWarning)
        warnings.simplefilter("error", RuntimeWarning)
        done = run(*args, "--json")
    assert done.code in (0, 2, 3), done.err
    assert "RuntimeWarning" not in done.err and "overflow" not in done.err and "Traceback" not in done.err
    if done.out:
        json.loads(done.out, parse_constant=refuse)
    for path in out.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=refuse)
    for path in out.rglob("*.parquet"):
        frame = pl.read_parquet(path).select(pl.selectors.float())
        assert all(frame[name].drop_nulls().is_finite().all() for name in frame.columns), path.name
    for path in out.rglob("*.md"):
        assert not re.search(r"\b(inf|nan)\b", path.read_text(encoding="utf-8")), path.name


def test_a_utility_beyond_all_numbers_is_left_out_with_its_reason(tmp_path, run):
    file = tmp_path / "city.yaml"
    file.write_text(MIXED)
    assert run("plan", file, "--out", tmp_path / "out").code == 0
    utilities = pl.read_parquet(tmp_path / "out" / "associations.parquet")["utility"]
    left_out = utilities.null_count()
    assert 0 < left_out < 6
    report = (tmp_path / "out" / "report.md").read_text()
    assert f"The utility of {left_out} user" in report and "is left out" in report
    assert run("simulate", file, "--slots", "2", "--policies", "utility", "--out", tmp_path / "runs").code == 0
    assert "utilities are left out" in (tmp_path / "runs" / "report.md").read_text()
    facts = json.loads((tmp_path / "runs" / "simulation.json").read_text())
    assert facts["policies"][0]["utility_sum"] is None


def test_numbers_that_are_not_finite_are_null():
    value = {"a": [1.5, float("inf"), (float("nan"), "NaN")], "b": -float("inf"), "c": True}
    assert parse_json(json_text(value), "x") == {"a": [1.5, None, [None, "NaN"]], "b": None, "c": True}
