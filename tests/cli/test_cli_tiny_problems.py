"""Twenty tiny problem files through the command line, judged by brute force."""

import json
import math

import pytest
from problem_makers import first_tiny, tiny

from twinhop.placement import PlacementProblem, save_problem

SEEDS = (
    first_tiny(7, feasible=True, deadlines=True)
    + first_tiny(6, feasible=True, deadlines=False)
    + first_tiny(7, feasible=False)
)
FIELDS = {
    *("policy", "cost", "terms", "lower_bound", "gap", "gap_net", "feasible", "violations", "unmeetable", "open"),
    *("host", "cpu_share_cycles_per_s", "users", "stations", "seconds", "seed"),
}


def check_answer(seed, code, out):
    arrays, oracle, optimum = tiny(seed)
    value = json.loads(out)
    assert set(value) >= FIELDS
    assert (value["users"], value["stations"]) == arrays["comm_s"].shape
    assert value["unmeetable"] == oracle.unmeetable
    if math.isinf(optimum):
        assert code == 2
        assert value["feasible"] is False
        assert value["proof"]["kind"] in ("unreachable", "capacity", "deadlines")
        assert value["proof"]["user_indices"]
        assert value["cost"] is None
        return
    assert code == 0
    assert "proof" not in value
    check_plan(arrays, oracle, optimum, value)


def check_plan(arrays, oracle, optimum, value):
    users, stations = arrays["comm_s"].shape
    assert value["feasible"] is True
    assert value["violations"] == []
    assert value["cost"] == pytest.approx(oracle.cost(value["host"]), rel=1e-9)
    assert value["cost"] >= optimum * (1 - 1e-9)
    assert value["lower_bound"] <= optimum * (1 + 1e-9)
    terms = value["terms"]
    assert set(terms) == {"latency_s", "opening_s", "energy_j"}
    priced = arrays["alpha"] * terms["latency_s"] + arrays["beta"] * (terms["opening_s"] + terms["energy_j"])
    assert value["cost"] == pytest.approx(priced, rel=1e-12)
    assert len(value["host"]) == users
    assert all(isinstance(k, int) and 0 <= k < stations for k in value["host"])
    assert value["open"] == sorted(set(value["host"]))
    assert value["seconds"] >= 0
    if value["gap"] is not None:
        assert value["gap"] == pytest.approx(value["cost"] / value["lower_bound"] - 1)
    else:
        assert value["lower_bound"] <= 0
    if "deadline_s" in arrays:
        assert len(value["cpu_share_cycles_per_s"]) == users
        assert all(share >= 0 for share in value["cpu_share_cycles_per_s"])


@pytest.mark.parametrize(("at", "seed"), list(enumerate(SEEDS)))
def test_twenty_problem_files(at, seed, run, process, tmp_path):
    path = tmp_path / "p.npz"
    save_problem(PlacementProblem(**tiny(seed)[0]), path)
    policy = "exact" if at % 4 == 1 else "lagrangian"
    drive = process if at in (0, 7, 15) else run
    done = drive("plan", path, "--json", "--policy", policy, "--seed", at)
    check_answer(seed, done.code, done.out)
    value = json.loads(done.out)
    assert (value["policy"], value["seed"]) == (policy, at)
    assert "Traceback" not in done.err
    assert (done.err == "") == (done.code == 0)


def test_infeasible_and_feasible_answers_have_the_same_fields(run, tmp_path):
    found = []
    for seed in (SEEDS[0], SEEDS[-1]):
        path = tmp_path / f"{seed}.npz"
        save_problem(PlacementProblem(**tiny(seed)[0]), path)
        found.append(set(json.loads(run("plan", path, "--json").out)))
    assert found[1] - found[0] == {"proof"}
    assert not found[0] - found[1]
