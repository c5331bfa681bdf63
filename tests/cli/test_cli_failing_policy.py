"""Policies of one's own that fail while they run: one line with policy and world, the others' results, exit code 2."""

import json
import time
from pathlib import Path

import pytest

SOURCE = """
import os
import time

import numpy as np

def place(problem):
    return np.where(problem.reachable, problem.comm_s, np.inf).argmin(axis=1)

def shape(problem):
    return [0]

def nan(problem):
    return problem.users * [np.nan]

def closed(problem):
    import twinhop
    host = place(problem)
    return twinhop.placement.Placement(host, np.zeros(problem.stations, bool))

def full(problem):
    return np.full(problem.users, place(problem)[0])

def raising(problem):
    raise ValueError("no idea")

def leaves(problem):
    raise SystemExit(0)

def sleeps(problem):
    time.sleep(60)

def dies(problem):
    os._exit(7)

def follow(situation):
    return situation.access

def at_slot_1(answer):
    def decide(situation):
        return answer(situation) if situation.index == 1 else situation.access
    return decide

def raise_(situation):
    raise ValueError("no idea")

m_shape = at_slot_1(lambda situation: [0])
m_nan = at_slot_1(lambda situation: len(situation.users) * [np.nan])
m_raising = at_slot_1(raise_)
m_sleeps = at_slot_1(lambda situation: time.sleep(60))
m_dies = at_slot_1(lambda situation: os._exit(7))

def m_full(situation):
    return 0 * situation.access + situation.hosts.may_host.argmax()

for name in ("m_shape", "m_nan", "m_raising", "m_sleeps", "m_dies"):
    globals()[name].name = name

def a_good(obs):
    return obs["edges"][:, :, 2].argmin(axis=0)

def a_shape(obs):
    return a_good(obs)[:3]

def a_nan(obs):
    return np.full((4, 13), np.nan)

def a_raising(obs):
    raise ValueError("no idea")

slots = []

def a_sleeps(obs):
    slots.append(obs)
    if len(slots) == 2:
        time.sleep(60)
    return a_good(obs)

def a_dies(obs):
    os._exit(7)

def odd(situation, seed):
    if seed % 2:
        raise ValueError("odd")
    return situation.access
"""
SCENARIO = "lu2021-n80-m5"
KINDS = {
    "shape": "returned an array of shape (1,)",
    "nan": "returned nan at index 0",
    "raising": "raised ValueError: no idea (",
    "sleeps": "did not answer within 0.5 s",
    "dies": "ended its process: it ended with exit code 7",
}
PLACING = {**KINDS, "closed": "puts u0 on ", "leaves": "raised SystemExit: 0 ("}
MOVING = {f"m_{kind}": message for kind, message in KINDS.items()}
ACTING = {
    **{f"a_{kind}": message for kind, message in KINDS.items()},
    "a_shape": "action: got shape (3,); expected (12,): a station for each user",
    "a_nan": "action: got nan at (0, 0); expected numbers from -1 to 1",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(SOURCE)
    return tmp_path


def named(*names):
    return ",".join(f"mine.py:{name}" for name in names)


def check_failures(answer, messages, world):
    """Every policy failed once, in the world and with the message expected."""
    failures = {each["policy"]: each for each in answer["failures"]}
    assert failures.keys() == messages.keys()
    for policy, message in messages.items():
        assert failures[policy]["message"].startswith(message), failures[policy]
        assert {name: failures[policy][name] for name in world} == world


def test_compare_keeps_the_others(run, folder):
    words = ("compare", SCENARIO, "--policies", f"nearest,{named(*PLACING, 'place')}", "--time-limit", "0.5")
    started = time.monotonic()
    done = run(*words, "--json", "--out", "out")
    assert done.code == 2 and time.monotonic() - started < 55
    answer = json.loads(done.out)
    check_failures(answer, PLACING, {"source": SCENARIO, "seed": 0, "slot": None})
    rows = {row["policy"]: row for row in answer["policies"]}
    assert rows.keys() == {"nearest", "place"} and rows["place"]["feasible"]
    assert json.loads(Path("out/comparison.json").read_text())["failures"] == answer["failures"]
    assert len(done.err.splitlines()) == len(PLACING)
    assert f"twinhop: policy: nan, on {SCENARIO} (seed 0), returned nan at index 0; " in done.err
    assert f"- nan, on {SCENARIO} (seed 0), returned nan" in Path("out/comparison.md").read_text()


def test_simulate_keeps_the_others(run, folder):
    words = ("simulate", SCENARIO, "--policies", f"stay,{named(*MOVING, 'follow')}", "--slots", "3")
    done = run(*words, "--time-limit", "0.5", "--json", "--animate", "none", "--out", "out")
    assert done.code == 2
    answer = json.loads(done.out)
    check_failures(answer, MOVING, {"source": SCENARIO, "seed": 0, "slot": 1})
    rows = {row["policy"]: row for row in answer["policies"]}
    assert rows.keys() == {"stay", "follow"}
    assert f"twinhop: policy: m_sleeps, on {SCENARIO} (seed 0, slot 1), did not answer within 0.5 s" in done.err
    assert {path.name for path in Path("out/seed-0").iterdir()} == {"stay", "follow"}
    assert "m_dies, on" in Path("out/report.md").read_text()


EPISODE = ("evaluate", "family(12, 4)", "--horizon", "2", "--episodes", "1", "--json")
LIMIT = ("--time-limit", "0.5")
SLOTS = {"a_sleeps": 1, "m_sleeps": 1}  # the second; others fail in the first


@pytest.mark.parametrize(
    ("task", "known", "messages", "limit"),
    [
        ("placement", "nearest", {name: ACTING[name] for name in ("a_shape", "a_nan", "a_raising")}, ()),
        pytest.param(
            "placement",
            "nearest",
            {name: ACTING[name] for name in ("a_sleeps", "a_dies")} | {"sleeps": KINDS["sleeps"]},
            LIMIT,
            marks=pytest.mark.slow,
        ),
        pytest.param("placement", "nearest", ACTING | {"sleeps": KINDS["sleeps"]}, LIMIT, marks=pytest.mark.slow),
        pytest.param(
            "migration",
            "stay",
            {"a_sleeps": ACTING["a_sleeps"], "m_sleeps": KINDS["sleeps"]},
            LIMIT,
            marks=pytest.mark.slow,
        ),
    ],
    ids=["placement", "placement limited", "placement all limited", "migration"],
)
def test_evaluate_keeps_the_others(run, folder, task, known, messages, limit):
    """Without a limit of time policies run in this process, with one in processes of their own."""
    pytest.importorskip("jax")
    started = time.monotonic()
    policies = f"{known},{named(*messages, 'a_good')}"
    done = run(*EPISODE, "--task", task, "--policies", policies, "--out", "out", *limit)
    assert done.code == 2 and (not limit or time.monotonic() - started < 58)
    answer = json.loads(done.out)
    check_failures(answer, messages, {"source": "family-n12-m4", "seed": 1000})
    slots = {each["policy"]: each["slot"] for each in answer["failures"]}
    assert slots == {name: SLOTS.get(name, 0) for name in messages}
    costs = answer["costs"]
    assert costs[known][0] > 0 and costs["a_good"][0] > 0 and all(costs[name] == [None] for name in messages)
    assert sum(line.startswith("twinhop: policy: ") for line in done.err.splitlines()) == len(messages)
    told = Path("out/episodes.md").read_text()
    for name, message in messages.items():
        where = f"{name}, on family-n12-m4 (seed 1000, slot {SLOTS.get(name, 0)}), {message}"
        assert f"twinhop: policy: {where}" in done.err and where in told


def test_a_limit_changes_no_cost_of_an_episode(run, folder):
    pytest.importorskip("jax")
    words = (*EPISODE, "--policies", named("a_good", "place"))
    costs = [json.loads(run(*words, *limit).out)["costs"] for limit in ((), ("--time-limit", "30"))]
    assert costs[0] == costs[1]


def test_too_many_twins_are_a_violation_or_moved_and_no_failure(run, folder):
    plan = run("compare", "city-small", "--policies", f"nearest,{named('full')}", "--json")
    assert plan.code == 0 and [row["feasible"] for row in json.loads(plan.out)["policies"]] == [True, False]
    moved = run("simulate", "city-small", "--policies", named("m_full"), "--slots", "2", "--json")
    assert moved.code == 0 and json.loads(moved.out)["policies"][0]["fallbacks"] > 0


def test_a_policy_that_fails_in_one_world_is_told_with_what_it_made_of_the_others(run, folder):
    words = ("simulate", SCENARIO, "--policies", f"stay,{named('odd')}", "--slots", "2", "--seeds", "2")
    done = run(*words, "--jobs", "2", "--json")
    answer = json.loads(done.out)
    assert done.code == 2 and [row["policy"] for row in answer["policies"]] == ["stay"]
    assert answer["failures"][0]["seed"] == 1 and answer["failures"][0]["message"].startswith("raised ValueError: odd")
    [kept] = answer["partial"]["odd"]
    assert kept["seed"] == 0 and kept["cost"] > 0
    table = run(*words, "--jobs", "1")
    assert table.code == 2 and "odd       failed" in table.out


@pytest.mark.parametrize("limited", [True, False])
def test_a_limit_changes_nothing_but_who_ends_it(run, folder, limited):
    limit = ("--time-limit", "30") if limited else ()
    answers = [
        json.loads(run(command, SCENARIO, "--policies", named(name), *more, *limit, "--json").out)
        for command, name, more in (("compare", "place", ()), ("simulate", "follow", ("--slots", "2")))
    ]
    assert answers[0]["policies"][0]["cost"] == pytest.approx(2.583621796515683, rel=1e-12)
    assert answers[1]["policies"][0]["policy"] == "follow" and not answers[1]["failures"]


def test_benchmark_keeps_the_others_and_counts_failures(run, folder):
    policies = f"nearest,stay,{named('nan', 'm_raising', 'sleeps')}"
    tasks = "bench-place-n20-m4,bench-move-n20-m4-waypoint"
    words = ("benchmark", "--tasks", tasks, "--policies", policies, "--seeds", "1", "--jobs", "1", "--time-limit", "1")
    done = run(*words, "--json", "--out", "out")
    assert done.code == 2
    answer = json.loads(done.out)
    failed = {row["policy"]: row["failed"] for rows in answer["leaderboard"].values() for row in rows}
    assert failed == {"nearest": 0, "stay": 0, "nan": 1, "m_raising": 1, "sleeps": 1}
    worlds = {each["policy"]: (each["source"], each["seed"], each["slot"]) for each in answer["failures"]}
    assert worlds == {
        "nan": ("bench-place-n20-m4", 1000, None),
        "sleeps": ("bench-place-n20-m4", 1000, None),
        "m_raising": ("bench-move-n20-m4-waypoint", 1000, 1),
    }
    board = Path("out/leaderboard.md").read_text()
    assert "nan (failed: 1)" in board and "- sleeps, on bench-place-n20-m4 (seed 1000), did not answer" in board


@pytest.mark.parametrize("name", ["nan", "sleeps", "dies"])
@pytest.mark.parametrize("command", ["plan", "compare", "robustness"])
def test_alone_it_ends_the_command_in_a_line(run, folder, command, name):
    option = "--policies" if command == "compare" else "--policy"
    load = ("--load", "10") if command == "robustness" else ()
    done = run(command, SCENARIO, option, named(name), *load, "--time-limit", "0.5")
    assert done.code == 2 and not done.out
    [line] = done.err.splitlines()
    assert line.startswith(f"twinhop: policy: {name}, on {SCENARIO} (seed 0), {PLACING[name]}")


def test_all_that_fail_are_named(run, folder):
    done = run("compare", SCENARIO, "--policies", named("nan", "shape"))
    assert done.code == 2 and done.err.rstrip().endswith("; so did shape fail")
