"""Policies of one's own on the command line: named by file and function, refused in one line with exit code 2."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = """
import numpy as np

def place(problem):
    return np.where(problem.reachable, problem.comm_s, np.inf).argmin(axis=1)

def follow(situation):
    return situation.access

def nothing(problem):
    pass

def idle(situation):
    pass

def raising(problem):
    return problem.no_such_thing

def unclear(x):
    return x.access
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(SOURCE)
    Path("broken.py").write_text("def place(:\n")
    return tmp_path


def twinhop(*words):
    return subprocess.run([sys.executable, "-m", "twinhop", *words], capture_output=True, text=True, timeout=300)


def test_plan_and_compare_take_a_function_of_a_file(folder):
    plan = twinhop("plan", "lu2021-n80-m5", "--policy", "mine.py:place", "--json", "--out", "out")
    assert plan.returncode == 0, plan.stderr
    assert json.loads(plan.stdout)["policy"] == "place"
    assert json.loads(Path("out/placement.json").read_text())["policy"] == "place"
    done = twinhop("compare", "lu2021-n80-m5", "--policies", "nearest,mine.py:place,mine:place", "--json")
    rows = json.loads(done.stdout)["policies"]
    assert [row["policy"] for row in rows] == ["nearest", "place", "place (2)"]
    assert rows[1]["cost"] == rows[2]["cost"] == json.loads(plan.stdout)["cost"]


def test_simulate_runs_it_in_other_processes_and_anew_each_time(run, folder):
    words = ("simulate", "lu2021-n80-m5", "--policies", "stay,mine.py:follow", "--slots", "3", "--seeds", "2")
    kept = ("--animate", "none", "--out", "out")
    first = twinhop(*words, "--jobs", "2", "--json", *kept)
    assert first.returncode == 0, first.stderr
    costs = {row["policy"]: row["cost"] for row in json.loads(first.stdout)["policies"]}
    alone = json.loads(run(*words, "--jobs", "1", "--json").out)["policies"]
    assert costs == {row["policy"]: row["cost"] for row in alone} and costs.keys() == {"stay", "follow"}
    Path("mine.py").write_text(SOURCE.replace("return situation.access", "return 0 * situation.access"))
    again = {
        row["policy"]: row["cost"] for row in json.loads(run(*words, "--jobs", "1", "--json", *kept).out)["policies"]
    }
    assert again["stay"] == costs["stay"] and again["follow"] != costs["follow"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plan", "lu2021-n80-m5", "--policy", "mine.py:plaice"), "no function named 'plaice'; did you mean 'place'?"),
        (("plan", "lu2021-n80-m5", "--policy", "mime.py:place"), "no such file: mime.py; did you mean 'mine.py'?"),
        (("plan", "lu2021-n80-m5", "--policy", "broken.py:place"), "cannot be loaded: SyntaxError: invalid syntax"),
        (("plan", "lu2021-n80-m5", "--policy", "nomodule:place"), "no policy and no module named 'nomodule'"),
        (
            ("plan", "lu2021-n80-m5", "--policy", "mine.py:nothing"),
            "policy: nothing, on lu2021-n80-m5 (seed 0), returned nothing",
        ),
        (
            ("compare", "lu2021-n80-m5", "--policies", "mine.py:raising"),
            "policy: raising, on lu2021-n80-m5 (seed 0), raised Attr",
        ),
        (
            ("simulate", "lu2021-n80-m5", "--policies", "mine.py:nothing"),
            "nothing takes a PlacementProblem, which makes it a policy of placement",
        ),
        (
            ("simulate", "lu2021-n80-m5", "--policies", "mine.py:idle"),
            "idle, on lu2021-n80-m5 (seed 0, slot 0), returned nothing",
        ),
        (
            ("reproduce", "lu2021", "--quick", "--policies", "mine.py:follow"),
            "follow takes a Situation, which makes it a policy of migration",
        ),
        (("simulate", "lu2021-n80-m5", "--policies", "nomodule:f"), "--policies: no policy and no module named"),
        (
            ("robustness", "city-small", "--load", "9", "--policy", "mine.py:nothing"),
            "policy: nothing, on city-small (seed 0), returned nothing",
        ),
        (("benchmark", "--policies", "mine.py:unclear"), "unclear: nothing tells whether it places or migrates twins"),
        (
            ("benchmark", "--policies", "mine.py:follow", "--tasks", "placement"),
            "follow fits tasks of migration; those",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(run, folder, words, message):
    done = run(*words)
    assert done.code == 2 and message in done.err
    assert len(done.err.splitlines()) == 1 and done.err.startswith("twinhop: ")


def test_files_beside_it_can_be_imported_from_anywhere(folder, tmp_path):
    Path("lib").mkdir()
    shutil.copy("mine.py", "lib/base.py")
    Path("lib/own.py").write_text("from base import place as own_place\n")
    done = twinhop("plan", "lu2021-n80-m5", "--policy", "lib/own.py:own_place", "--json")
    assert done.returncode == 0, done.stderr
