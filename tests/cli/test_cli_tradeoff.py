"""`twinhop tradeoff` from end to end: table, JSON, files, bad input, time limit and Ctrl-C."""

import json
import signal
import subprocess
import sys

import polars as pl
import pytest
from pictures import check_picture
from problem_makers import deadline_arrays, roomy_arrays

import twinhop
from twinhop.placement import PlacementProblem, save_problem
from twinhop.result import versioned


def test_table_and_files(run, tmp_path):
    out = tmp_path / "out"
    ended = run("tradeoff", "city-small", "--out", out)
    assert ended.code == 0 and ended.err == ""
    assert "11 best" in ended.out and "lower bound" in ended.out
    assert sorted(path.name for path in out.iterdir()) == [
        "report-data.bin.gz",
        "report.html",
        "tradeoff.csv",
        "tradeoff.json",
        "tradeoff.md",
        "tradeoff.parquet",
        "tradeoff.png",
        "tradeoff.tex",
        "tradeoff.xlsx",
    ]
    check_picture(out / "tradeoff.png", 1000, 600)
    answer = json.loads((out / "tradeoff.json").read_text())
    rows = pl.read_parquet(out / "tradeoff.parquet").to_dicts()
    assert [row["servers"] for row in rows] == list(range(7, 18))
    for row, point in zip(rows, answer["points"], strict=True):
        assert row == {name: value for name, value in point.items() if name not in ("open", "open_ids")}
        assert len(point["open"]) == row["servers"]
        terms = row["communication"] + row["computing"] + row["opening"] + row["energy"]
        assert row["cost"] == pytest.approx(terms) and row["lower_bound"] <= row["cost"]
    best = [row for row in rows if row["best"]]
    assert len(best) == 1 and best[0]["servers"] == answer["best"] == 11
    assert answer["lower_bound"] <= answer["cost"] == min(row["cost"] for row in rows)
    assert "**11**" in (out / "tradeoff.md").read_text()


def test_json_most_and_python_agree(run):
    ended = run("tradeoff", "family(30, 6)", "--most", "3", "--json")
    answer = json.loads(ended.out)
    assert [point["servers"] for point in answer["points"]] == [1, 2, 3]
    found = twinhop.tradeoff("family(30, 6)", most=3).to_json()
    assert {**versioned(found), "seconds": 0} == {**answer, "seconds": 0}


def test_impossible_numbers_are_said(run, tmp_path):
    save_problem(PlacementProblem(**roomy_arrays(2, 4)), tmp_path / "p.npz")
    ended = run("tradeoff", tmp_path / "p.npz", "--out", tmp_path / "out")
    assert ended.code == 0
    assert "3-4 servers: impossible, there are 2 users only" in ended.out
    answer = json.loads((tmp_path / "out" / "tradeoff.json").read_text())
    assert [point["status"] for point in answer["points"]] == ["found", "found", "impossible", "impossible"]
    check_picture(tmp_path / "out" / "tradeoff.png", 1000, 600)


def test_points_not_reached_are_said(run):
    ended = run("tradeoff", "family(1000, 50)", "--time-limit", "1.5")
    assert ended.code == 0
    assert "not reached before the time limit" in ended.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("city-small", "--most", "3"), "got 3; expected from 7"),
        (("city-small", "--most", "0"), "got 0; expected from 7"),
        (("city-small", "--most", "18"), "got 18; expected from 7"),
        (("city-small", "--gap", "-1"), "gap: got -1"),
        (("city-small", "--time-limit", "0"), "--time-limit: got 0"),
        (("nowhere",), "nowhere: file not found"),
        (("nowhere.npz",), "nowhere.npz"),
    ],
)
def test_bad_input_is_one_clear_error(run, tmp_path, words, message):
    ended = run("tradeoff", *words, "--out", tmp_path / "out")
    assert ended.code == 2 and ended.out == ""
    assert message in ended.err and len(ended.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_infeasible_problem_is_proved(run, tmp_path):
    crowded = deadline_arrays(3, 1) | {"cpu": [1e9], "update_comm_s": [[0.1]] * 3}
    crowded |= {"update_work": [6e7] * 3, "deadline_s": [0.2] * 3}
    save_problem(PlacementProblem(**crowded), tmp_path / "p.npz")
    ended = run("tradeoff", tmp_path / "p.npz", "--json")
    assert ended.code == 2 and "infeasible" in ended.err
    assert json.loads(ended.out)["proof"]["kind"] == "deadlines"


def test_ctrl_c_prints_what_is_there():
    words = [sys.executable, "-m", "twinhop", "tradeoff", "family(1000, 50)", "--gap", "0", "--json", "--verbose"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "25 servers: cost" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    answer = json.loads(out)
    assert answer["interrupted"] and "interrupted" in err
    assert 25 in [point["servers"] for point in answer["points"]] and answer["missing"]
    assert all(point["lower_bound"] <= point["cost"] for point in answer["points"] if point["cost"])


def test_one_server_is_one(run):
    assert "Best: 1 server at cost" in run("tradeoff", "family(1, 2)").out
