"""`twinhop train`, and what a run of it is for: `evaluate`, `plan` and `simulate`, from end to end."""

import json

import polars as pl
import pytest
from tiny_training import printed, tiny
from typer.testing import CliRunner

from twinhop.cli.main import app

CITY = """
schema_version: 1
name: quay
area: {width_m: 800, height_m: 800}
radio: {fading: rayleigh}
stations: {generate: {count: 3}, opening_s: 0.05}
users: {generate: {count: 7}}
movement: {slots: 3}
"""
CONFIG = tiny("quay.yaml", "topologies: fixed\ncheckpoint_every: 1\nevaluation: {every: 2, instances: 1}")
LITERAL = printed("quay.yaml")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a city, two configurations, a run of each, and what `train` printed."""
    made, told = tmp_path_factory.mktemp("training"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        for name, text in (("quay", CITY), ("tiny", CONFIG), ("printed", LITERAL)):
            (made / f"{name}.yaml").write_text(text)
        for name in ("tiny", "printed"):
            done = CliRunner().invoke(app, ["train", f"{name}.yaml", "--json"], catch_exceptions=False)
            assert done.exit_code == 0, done.output
            told[name] = json.loads(done.stdout)["runs"]
    return made, told


@pytest.fixture
def folder(runs, monkeypatch):
    monkeypatch.chdir(runs[0])
    return runs[0]


@pytest.mark.parametrize(("name", "iterations"), [("tiny", 2), ("printed", 1)])
def test_a_run_has_weights_a_log_and_what_it_reached(runs, name, iterations):
    where, (told,) = runs[0] / "out" / name, runs[1][name]
    assert (told["folder"], told["iteration"], told["iterations"]) == (f"out/{name}", iterations, iterations)
    assert told["interrupted"] is False and told["evaluation"]["gap_mean"] >= 0
    logged = [json.loads(line) for line in (where / "log.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in logged] == list(range(1, iterations + 1))
    assert logged[-1]["evaluation/cost"] == pytest.approx(told["evaluation"]["cost"])
    best = json.loads((where / "checkpoints" / "best.json").read_text())["checkpoint"]
    assert (where / "checkpoints" / best / "policy.safetensors").is_file()


@pytest.mark.parametrize("name", ["tiny", "printed"])
def test_its_weights_are_evaluated_on_what_they_were_trained_on_from_any_folder(run, runs, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    done = run("evaluate", runs[0] / "out" / name, "--seeds", 1, "--json", "--out", tmp_path / "judged")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert answer["sources"] == [{"source": "quay.yaml", "users": 7, "stations": 3, "seed": 1000, "seeds": 1}]
    learned, *others = answer["policies"]
    assert learned["policy"] == "learned" and learned["gap_mean"] >= 0 and learned["infeasible"] == 0
    assert others[-1]["policy"] == "lagrangian"
    assert json.loads((tmp_path / "judged" / "evaluation.json").read_text())["digest"] == answer["digest"]


def test_it_plans(run, folder):
    done = run("plan", "quay.yaml", "--policy", "maddpg:out/tiny", "--json")
    assert done.code == 0, done.err
    answer, best = json.loads(done.out), json.loads(run("plan", "quay.yaml", "--json").out)
    assert answer["policy"] == "maddpg:out/tiny" and answer["feasible"]
    assert len(answer["host"]) == 7 and set(answer["host"]) == set(answer["open"]) <= {0, 1, 2}
    assert answer["cost"] >= best["lower_bound"]


def test_it_moves_twins_slot_by_slot(run, folder, tmp_path):
    done = run("simulate", "quay.yaml", "--policies", "stay,maddpg:out/tiny", "--animate", "none", "--out", tmp_path)
    assert done.code == 0, done.err
    assert "maddpg:out/tiny" in done.out
    (written,) = [path for path in tmp_path.glob("seed-0/*/users.parquet") if "maddpg" in path.parent.name]
    users = pl.read_parquet(written)
    assert users["slot"].unique().sort().to_list() == [0, 1, 2] and users["host"].null_count() == 0


def test_weights_of_a_flat_state_are_refused_where_problems_are_bare(run, folder):
    done = run("plan", "quay.yaml", "--policy", "maddpg:out/printed", "--out", "nothing")
    assert done.code == 2 and "was trained by the literal algorithm for 7 users and 3 stations" in done.err
    assert not (folder / "nothing").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tiny.yaml", "--seed", 3, "--out", "out/tiny"), "holds a run of another configuration (seed differ"),
        (
            ("tiny.yaml", "--iterations", 1, "--out", "out/tiny"),
            "has 2 iterations; got 1, expected at least 2; or choose",
        ),
        (("tiny.yaml", "--out", "tiny.yaml"), "tiny.yaml: cannot be made (File exists)"),
        (("tinny.yaml",), "tinny.yaml: file not found, and no configuration has this name"),
        (("broken.yaml",), "broken.yaml:11: evaluation.ever: unknown field; did you mean 'every'?"),
        (("tiny.yaml", "--seeds", 0), "--seeds"),
    ],
)
def test_bad_input_is_one_clear_error(run, folder, words, message):
    (folder / "broken.yaml").write_text(CONFIG.replace("every: 2", "ever: 2"))
    before = {path for path in folder.rglob("*") if path.is_file()}
    done = run("train", *words)
    assert done.code == 2 and done.out == ""
    assert message in done.err and "Traceback" not in done.err
    assert {path for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "printed"])
def test_a_run_goes_on_to_more_iterations(run, folder, name):
    """Algorithm 1 has no schedule: bit for bit what a run at once gives. Rates of the other one fall by the total."""
    first, more = (2, 4) if name == "tiny" else (1, 3)
    assert run("train", f"{name}.yaml", "--iterations", first, "--out", f"out/{name}-parts").code == 0
    done = run("train", f"{name}.yaml", "--iterations", more, "--out", f"out/{name}-parts")
    assert done.code == 0, done.err
    assert f"{more} of {more} iterations, from {first} on; best: cost" in done.out
    assert run("train", f"{name}.yaml", "--iterations", more, "--out", f"out/{name}-whole").code == 0
    parts, whole = (
        (folder / "out" / f"{name}-{way}" / "checkpoints" / f"{more:08d}" / "state.safetensors").read_bytes()
        for way in ("parts", "whole")
    )
    assert (parts == whole) == (name == "printed")


@pytest.mark.slow
@pytest.mark.filterwarnings("default::twinhop.errors.WarmUpWarning")
def test_a_run_within_the_warm_up_says_so(run, folder):
    (folder / "warm.yaml").write_text(CONFIG.replace("critic_only_iterations: 0", "critic_only_iterations: 20"))
    done = run("train", "warm.yaml", "--out", "out/warm")
    assert done.code == 0
    assert "twinhop: warning: tiny: 2 iterations are within the warm-up of 20, in which the critic" in done.err
    assert "best: cost" in done.out and "; within the warm-up of 20: the actor is as it began" in done.out
