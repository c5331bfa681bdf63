"""`twinhop plan` on the nearest stations of each user: from a Parquet of users to files that hold the plan."""

import json
import re

import polars as pl
import pytest

from twinhop.plans.sparse import case, planning
from twinhop.scenario.world import link_count


@pytest.fixture
def town(run, tmp_path):
    done = run("scenario", "generate", "city", "--users", 300, "--stations", 12, "--out", tmp_path / "town")
    assert (done.code, done.err) == (0, ""), done.err
    return tmp_path / "town" / "scenario.yaml"


def test_a_generated_town_is_checked_described_planned_and_written(run, town, tmp_path):
    assert run("scenario", "check", town).out.strip().endswith("valid; 12 stations, 300 users")
    assert "users attached to a station" in run("scenario", "describe", town).out
    out = tmp_path / "out"
    done = run("plan", town, "--candidates", 4, "--out", out)
    assert done.code == 0, done.err
    assert re.search(r"^planned on (all|the nearest \d+) stations of each user", done.out, re.MULTILINE), done.out
    assert "most memory held" in done.out and "gap" in done.out
    answer = json.loads((out / "placement.json").read_text())
    users = pl.read_parquet(out / answer["placement_table"])
    assert users["user_id"].to_list() == [str(at) for at in range(1, 301)]
    assert answer["lower_bound"] <= answer["cost"] and answer["feasible"] is True
    servers = pl.read_csv(out / "servers.csv")
    assert servers["users"].sum() == 300 and set(servers["station_id"]) == set(users["station_id"].cast(pl.String))
    assert users["latency_s"].mean() == pytest.approx(answer["terms"]["latency_s"])
    again = run("plan", town, "--candidates", 4, "--out", out)
    assert again.code == 0 and sorted(path.name for path in out.iterdir()) == [
        "placement.json",
        "placement.parquet",
        "prices.parquet",
        "report.md",
        "servers.csv",
    ]
    assert (out / "report.md").read_text().startswith("# Plan of city-n300-m12\n")


def test_many_links_take_the_nearest_stations_and_what_needs_all_is_refused(run, town, monkeypatch):
    monkeypatch.setattr(case, "WIDE_LINKS", 1000)
    answer = json.loads(run("plan", town, "--json").out)
    assert answer["candidates"] == 12 and answer["is_complete"] is True
    assert run("plan", town, "--max-moves", 3, "--from", "x").err.strip().endswith("x: file not found")
    assert json.loads(run("plan", town, "--policy", "nearest", "--json").out)["policy"] == "nearest"
    monkeypatch.setattr(case, "MOST_LINKS", 1000)
    monkeypatch.setattr(planning, "MOST_LINKS", 1000)
    for options, words in {
        ("--without", "b1"): "--without: looks at every link of users and stations",
        ("--spare", "1"): "--spare: looks at every link",
        (
            "--policy",
            "nearest",
        ): "policy: got 'nearest'; a plan on the nearest stations of each user is made by lagrangian",
        ("--from", "x"): "--from: looks at every link",
        ("--max-moves", "3"): "--max-moves: looks at every link",
        ("--dump-problem", "x.npz"): "--dump-problem: looks at every link",
        ("--start", "nearest"): "--start: looks at every link",
    }.items():
        done = run("plan", town, *options)
        assert done.code == 2 and words in done.err and done.err.count("\n") == 1, done.err


@pytest.mark.parametrize(
    "command", [("explain", "1"), ("tradeoff",), ("robustness", "--load", "20"), ("compare",), ("simulate",)]
)
def test_commands_that_look_at_every_link_refuse_too_many(command, run, town, monkeypatch):
    monkeypatch.setattr(link_count, "MOST_LINKS", 1000)
    done = run(command[0], town, *command[1:])
    assert done.code == 2, (done.out, done.err)
    assert "300 users x 12 stations are more links than are looked at one by one (1000)" in done.err, done.err
    assert done.err.count("\n") == 1


def test_too_many_links_with_fading_are_refused_in_a_line(run, town, monkeypatch):
    town.write_text(town.read_text().replace("radio: {", "radio: {fading: rayleigh, "))
    monkeypatch.setattr(case, "WIDE_LINKS", 1000)
    assert run("plan", town).code == 0  # few enough to be looked at one by one
    assert run("scenario", "describe", town).code == 0
    monkeypatch.setattr(case, "MOST_LINKS", 1000)
    for command in (("plan",), ("scenario", "describe")):
        done = run(*command, town)
        assert done.code == 2 and "radio.fading: draws a value for each link; expected none" in done.err
        assert done.err.count("\n") == 1


def test_candidates_need_positions(run, tmp_path):
    done = run("plan", "lu2021-n80-m5", "--candidates", 0)
    assert done.code == 2
    (tmp_path / "p.json").write_text("{}")
    done = run("plan", "lu2021-n80-m5", "--candidates", 3, "--hours", "0-3")
    assert done.code == 2 and "candidates" in done.err, done.err


def test_a_saved_plan_on_candidates_is_read_back(run, town, tmp_path):
    out = tmp_path / "out"
    assert run("plan", town, "--candidates", 4, "--out", out).code == 0
    saved = json.loads((out / "placement.json").read_text())
    priced = json.loads(run("price", out, town, "--json").out)
    assert priced["mean_cost"] == pytest.approx(saved["cost"], rel=1e-9)
    again = run("plan", town, "--from", out, "--max-moves", 0, "--json")
    assert json.loads(again.out)["moves"] == [] and json.loads(again.out)["changes"] == []
    (out / "placement.parquet").unlink()
    done = run("price", out, town)
    assert done.code == 2 and "placement.parquet: no such file" in done.err and done.err.count("\n") == 1, done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--users", 30_000_000), "users: got 30000000; expected a whole number from 1 to 20000000"),
        (("--stations", 30_000), "stations: got 30000; expected a whole number from 1 to 20000"),
    ],
)
def test_generate_refuses_what_is_out_of_range(options, words, run, tmp_path):
    done = run("scenario", "generate", "country", "--out", tmp_path / "x", *options)
    assert done.code == 2 and words in done.err and not (tmp_path / "x").exists()


def test_generate_keeps_what_is_there(run, town):
    before = town.read_bytes()
    done = run("scenario", "generate", "country", "--users", 9, "--stations", 3, "--out", town.parent)
    assert done.code == 2 and "exists already" in done.err and town.read_bytes() == before
    done = run("scenario", "generate", "country", "--users", 9, "--stations", 3, "--out", town.parent, "--force")
    assert done.code == 0 and b"country-n9-m3" in town.read_bytes()
