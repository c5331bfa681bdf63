"""Files and folders written by an earlier version, feff2f7, are read: see tests/fixtures/feff2f7/README.md."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.inference.policy import LearnedPlacement, decider_of, decoded_hosts
from twinhop.placement import Part, Placement, certify, evaluate, load_problem

BEFORE = Path(__file__).parent / "fixtures" / "feff2f7"
PLANNED = ["quay", "deadlines", "services", "branched"]
HOSTS = {"tiny": [2, 1, 1, 2, 1, 2, 1], "moved": [3, 1, 1, 3, 3, 2, 1, 3]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of all that was written, as the working folder."""
    shutil.copytree(BEFORE, tmp_path / "before")
    monkeypatch.chdir(tmp_path / "before")
    return tmp_path / "before"


def printed(*args):
    """What a command prints."""
    done = CliRunner().invoke(app, [*map(str, args)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def answer(*args):
    """The JSON that a command prints."""
    return json.loads(printed(*args, "--json"))


def saved(name):
    return json.loads((BEFORE / f"plan-{name}" / "placement.json").read_text())


def problem_of(name):
    if name == "branched":
        return twinhop.plan(BEFORE / "branched.json", "nearest").case.problem
    return load_problem(BEFORE / f"{name}.npz")


def ages(folder, pattern):
    """When each file was written."""
    return {path: path.stat().st_mtime_ns for path in folder.glob(pattern)}


@pytest.mark.parametrize("name", PLANNED)
def test_a_saved_placement_costs_what_it_says(name):
    """Hosts of the placement.json on the problem of the .npz or .json beside it."""
    before, problem = saved(name), problem_of(name)
    own = evaluate(problem, Placement.of_hosts(np.array(before["host"]), problem.stations))
    assert own.feasible
    assert own.latency_s == pytest.approx(before["terms"]["latency_s"], rel=1e-12)
    services = before.get("services_latency_s", 0.0)
    assert own.cost + problem.alpha * services == pytest.approx(before["cost"], rel=1e-12)


@pytest.mark.parametrize("name", PLANNED)
def test_a_saved_certificate_proves_its_bound(name):
    """Its prices alone, part by part where the solver branched."""
    before, problem = saved(name), problem_of(name)
    found = before["certificate"]
    assert found["method"] == ("branch-and-bound" if name == "deadlines" else "prices")
    parts = found["parts"] or [{}]
    assert len(parts) == (4 if name == "branched" else 1)
    bounds = []
    for part in parts:
        prices = [part.get(each, found[each]) for each in ("price", "congestion", "seat_price", "demand_price")]
        limits = Part(*(part[each] for each in ("fewest", "most", "opened", "shut"))) if part else None
        arrays = [None if each is None else np.array(each) for each in prices]
        bounds.append(certify(problem, *arrays, **({} if limits is None else {"part": limits})).lower_bound)
    expected = before.get("users_lower_bound", before["lower_bound"])
    if name == "deadlines":  # more parts than a file lists: its prices prove less
        assert 0.9 * expected < min(bounds) < expected
    else:
        assert min(bounds) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", PLANNED[:3])
def test_planning_from_a_saved_placement_moves_nobody(folder, name):
    again = answer("plan", f"{name}.yaml", "--from", f"plan-{name}/placement.json", "--move-cost", 1)
    assert (again["moves"], again["new_users"]) == ([], [])
    assert again["host"] == saved(name)["host"]
    assert again["own_cost"] == pytest.approx(saved(name)["cost"], rel=1e-12)


def test_problem_files_of_both_formats_are_the_same_problem():
    one, other = (twinhop.plan(BEFORE / f"problem.{suffix}", gap=0.0) for suffix in ("npz", "json"))
    assert one.solution.placement.host.tolist() == other.solution.placement.host.tolist() == [0, 1, 2, 2, 1]
    assert one.cost == other.cost == pytest.approx(0.36125, rel=1e-12)


def simulated(folder):
    return twinhop.simulate(
        "quay.yaml",
        "stay,follow_nearest",
        seeds=2,
        bound=True,
        jobs=1,
        out=folder / "simulation",
        animation="none",
    )


def test_a_finished_simulation_is_not_run_again(folder):
    before = ages(folder, "simulation/seed-*/**/*.*")
    found = simulated(folder)
    assert len(before) == 28
    assert ages(folder, "simulation/seed-*/**/*.*") == before
    assert [row["cost"] for row in found.rows()] == [0.015123068418548217, 0.015410058683049776]
    assert [each.bound for each in found.offline] == [0.01635187657462711, 0.013719516674529775]


def test_a_half_finished_simulation_goes_on_to_the_same_numbers(folder):
    shutil.rmtree(folder / "simulation" / "seed-1" / "stay")
    before = ages(folder, "simulation/seed-*/**/*.*")
    found = simulated(folder)
    after = ages(folder, "simulation/seed-*/**/*.*")
    assert {path: after[path] for path in before} == before and len(after) == len(before) + 6
    assert [row["cost"] for row in found.rows()] == [0.015123068418548217, 0.015410058683049776]
    own, kept = (pl.read_parquet(root / "simulation/seed-1/stay/users.parquet") for root in (folder, BEFORE))
    assert own["host"].equals(kept["host"]) and own.columns == kept.columns


def test_runs_of_another_simulation_are_refused_in_one_line(folder):
    with pytest.raises(twinhop.InputError, match=r"holds runs of another simulation: slots: 6 there, 5 now") as refused:
        twinhop.simulate("quay.yaml", "stay", slots=5, out=folder / "simulation", animation="none")
    assert "\n" not in str(refused.value)


def test_an_imported_trace_moves_users(folder):
    facts = answer("world", "traced.yaml", "--animate", "none")
    assert (facts["moved_by"], facts["users"], facts["slots"]) == ("trace", 4, 9)
    assert facts["speed_mps"]["mean"] == pytest.approx(1.0)


def test_a_packed_twin_opens(folder):
    facts = answer("twin", "inspect", "robot.twin")
    assert facts["digest"] == "2f104490ff1e491618fb0701c23e8b93457e1d2c18cd25012351b22c123bef44"
    assert facts["state"] == {"position": [21.0, 0.5], "mode": "drive"}
    assert (facts["seq"], facts["missing"], facts["models"][0]["kind"]) == (21, 1, "level")
    assert answer("twin", "verify", "robot.twin")["records"] == 20


@pytest.mark.parametrize(("weights", "city"), [("tiny", "quay"), ("moved", "pier")])
def test_learned_weights_decide_as_they_did(folder, weights, city):
    found = twinhop.plan(f"{city}.yaml", f"maddpg:out/{weights}")
    problem, policy = found.case.problem, LearnedPlacement()
    host = decoded_hosts(decider_of(f"out/{weights}"), problem, policy.decode, policy.polish)
    assert host.tolist() == HOSTS[weights]
    before = evaluate(problem, Placement.of_hosts(host, problem.stations))
    assert found.feasible and (found.cost <= before.cost or not before.feasible)


def test_weights_of_the_printed_algorithm_decide_as_they_did(folder):
    learned = answer("evaluate", "out/printed", "--seeds", 1)["policies"][0]
    assert learned["cost"] == pytest.approx(0.6440622575866342, rel=1e-6)


def test_a_finished_training_is_resumed_and_has_nothing_to_do(folder):
    (found,) = answer("train", "tiny.yaml")["runs"]
    assert (found["iteration"], found["iterations"], found["interrupted"]) == (2, 2, False)
    assert found["evaluation"]["cost"] == 0.6001413164560632
    assert len((folder / "out/tiny/log.jsonl").read_text().splitlines()) == 2


def test_a_training_of_another_configuration_is_refused(folder):
    with pytest.raises(twinhop.InputError, match=r"holds a run of another configuration \(seed differ\)"):
        twinhop.train("tiny.yaml", seed=3)


def test_a_benchmark_goes_on_with_what_is_left(folder):
    tasks = folder / "benchmark" / "tasks"
    (tasks / "bench-place-n20-m4/seed-1000/policies/greedy.json").unlink()
    before = ages(tasks, "**/*.json")
    found = twinhop.benchmark(
        ["nearest", "greedy", "stay", "myopic"],
        tasks=["bench-place-n20-m4", "bench-move-n20-m4-waypoint"],
        seeds=1,
        jobs=1,
        out=folder / "benchmark",
    )
    costs = {row["policy"]: row["cost"] for row in found.run_rows()}
    assert costs == {
        "nearest": 4.308049381179048,
        "greedy": 3.823285115692589,
        "stay": 0.06403321650779599,
        "myopic": 0.06327096870356758,
    }
    after = ages(tasks, "**/*.json")
    assert {path: after[path] for path in before} == before and len(after) == len(before) + 1


def test_a_finished_reproduction_is_drawn_again_without_running(folder, monkeypatch):
    for name in ("XLA_FLAGS", "JAX_COMPILATION_CACHE_DIR"):  # the command sets them for its own process
        monkeypatch.setenv(name, os.environ.get(name, ""))
    before = ages(folder / "lu2021", "runs/**/*.json")
    options = ["--settings", "n6-m2", "--algorithms", "structured", "--seeds", 1, "--iterations", 50, "--jobs", 1]
    text = printed("reproduce", "lu2021", *options, "--out", "lu2021")
    assert "1. Fig. 7: training lowers the cumulative cost" in text
    assert ages(folder / "lu2021", "runs/**/*.json") == before and len(before) == 2
    assert not list((folder / "lu2021").rglob("*.safetensors"))


def test_a_reproduction_of_other_constants_is_refused(folder):
    path = folder / "lu2021" / "runs" / "structured" / "n6-m2" / "seed-0.json"
    value = json.loads(path.read_text())
    value["unit"]["version"] = "0.0.9"
    path.write_text(json.dumps(value))
    options = ["--settings", "n6-m2", "--algorithms", "structured", "--seeds", "1", "--iterations", "50"]
    done = CliRunner().invoke(app, ["reproduce", "lu2021", *options, "--out", "lu2021"])
    assert isinstance(done.exception, twinhop.InputError) and "version: '0.0.9' there" in str(done.exception)


def test_a_unit_of_the_study_of_transfer_is_refused_as_one_of_before(folder):
    """It had no penalty on openings, and no worlds of its own: its arms are not those of today."""
    options = ["--shifts", "load", "--seeds", "1", "--iterations", "100", "--jobs", "1"]
    done = CliRunner().invoke(app, ["reproduce", "transfer", *options, "--out", "transfer"])
    assert isinstance(done.exception, twinhop.InputError)
    assert "city-0.json: is a result of a twinhop of before, without a penalty" in str(done.exception)
