"""`twinhop transfer`, and `transfer:PATH` while twins move, from end to end; what does not fit is refused."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from twinhop.cli.main import app

pytestmark = pytest.mark.slow
"""Compiling takes half a minute; Algorithm 2 itself is tested in `tests/learn`."""

CITY = """
schema_version: 1
name: quay
area: {{width_m: 800, height_m: 800}}
stations: {{generate: {{count: {stations}}}, opening_s: 0.05}}
users: {{generate: {{count: {users}}}}}
movement: {{slots: 4}}
"""
FAILURE = "movement: {slots: 4, failures: {schedule: [{station: b0, down_s: 2}]}}"
KEPT = Path(__file__).parents[1] / "fixtures" / "feff2f7" / "out"
"""A run of each algorithm on 7 users and 3 stations, as committed; training itself is tested by `test_cli_train.py`."""
TRANSFER = ["transfer", "--target", "large.yaml", "--iterations", "2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two cities, a run of each algorithm in the smaller one, and one transferred to the larger one."""
    folder = tmp_path_factory.mktemp("transfer")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "small.yaml").write_text(CITY.format(users=7, stations=3))
        (folder / "large.yaml").write_text(CITY.format(users=8, stations=4))
        (folder / "failing.yaml").write_text(CITY.format(users=8, stations=4).replace("movement: {slots: 4}", FAILURE))
        for name in ("tiny", "printed"):
            shutil.copytree(KEPT / name, folder / "out" / name)
        command = [*TRANSFER, "--sources", "out/tiny", "--out", "out/moved", "--json"]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    return folder, json.loads(done.stdout)


@pytest.fixture
def folder(made, monkeypatch):
    monkeypatch.chdir(made[0])
    return made[0]


def manifest(run):
    best = json.loads((run / "checkpoints" / "best.json").read_text())["checkpoint"]
    return json.loads((run / "checkpoints" / best / "checkpoint.json").read_text())


def test_a_transfer_tells_where_it_comes_from_and_keeps_its_ancestor(made):
    folder, told = made
    assert (told["iteration"], told["interrupted"]) == (2, False)
    (source,) = told["sources"]
    assert source["path"] == "out/tiny" and source["iterations"] == 2 and source["seconds"] >= 0
    before, after = manifest(folder / "out/tiny"), manifest(folder / "out/moved")
    assert (after["users"], after["stations"]) == (8, 4)
    assert after["ancestors"] == before["ancestors"] and len(before["ancestors"]) == 1
    assert after["sources"][0]["digest"] == before["digests"]["policy.safetensors"]


def test_what_was_transferred_plans_in_the_new_place(run, folder):
    done = run("plan", "large.yaml", "--policy", "maddpg:out/moved", "--json")
    assert done.code == 0, done.err
    assert len(json.loads(done.out)["host"]) == 8


def test_places_of_one_ancestor_are_summed_and_the_same_command_goes_on(run, folder):
    command = [*TRANSFER, "--sources", "out/tiny,out/moved", "--dwell", "30,60", "--out", "out/both"]
    assert run(*command).code == 0
    again = run(*command)
    assert again.code == 0 and "2 of 2 iterations" in again.out


def test_twins_move_while_the_policy_adapts_the_same_way_each_time(run, folder):
    command = ["simulate", "failing.yaml", "--policies", "maddpg:out/tiny,transfer:out/tiny:memory=2", "--json"]
    first, second = run(*command), run(*command)
    assert first.code == 0, first.err
    costs = [[row["cost"] for row in json.loads(each.out)["policies"]] for each in (first, second)]
    assert costs[0] == costs[1] and len(costs[0]) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sources", "out/tiny,out/moved", "--weights", "0.5,0.4"], "add up to 0.9; expected 1"),
        (["--sources", "out/tiny", "--weights", "0.5,0.5"], "got 2 for 1 sources; expected one for each"),
        (["--sources", "out/nowhere"], "no such folder; expected a checkpoint"),
        (["--sources", "out/tiny,out/printed"], "trained by the structured algorithm, this run is literal"),
        (["--sources", "out/printed"], "trained for 7 users and 3 stations, it cannot serve 8 and 4"),
        (["--sources", "maddpg"], "is of other networks|keeps weights only"),
        (["--sources", "out/tiny", "--share", "0", "--no-networks"], "nothing is taken over"),
        (["--sources", "out/tiny", "--weights", "a"], "--weights: got 'a'; expected numbers"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(run, folder, options, words):
    import re

    done = run(*TRANSFER, *options, "--out", "out/refused")
    assert done.code == 2 and re.search(words, " ".join(done.err.split())), done.err
    assert not (folder / "out/refused").exists()


def changed_manifest(folder, name, **fields):
    """A copy of a run whose checkpoint tells something else."""
    copy = folder / "out" / name
    shutil.copytree(folder / "out/tiny", copy, dirs_exist_ok=True)
    (path,) = (copy / "checkpoints").glob("*/checkpoint.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return copy


def test_no_common_ancestor_other_readings_and_changed_files_are_refused(run, folder):
    changed_manifest(folder, "stranger", ancestors=["0" * 64])
    sources = ["--sources", "out/tiny,out/stranger", "--out", "out/no"]
    done = run(*TRANSFER, *sources)
    assert done.code == 2 and "share no ancestor" in done.err and "row 19" in done.err
    readings = {"default": "sound", "rows": {"3": "literal"}}
    changed_manifest(folder, "printedly", readings=readings)
    done = run(*TRANSFER, "--sources", "out/printedly", "--out", "out/no")
    assert done.code == 2 and "row 3 literal" in " ".join(done.err.split())
    copy = changed_manifest(folder, "touched")
    (weights,) = (copy / "checkpoints").glob("*/policy.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    done = run(*TRANSFER, "--sources", "out/touched", "--out", "out/no")
    assert done.code == 2 and "was changed since it was written" in " ".join(done.err.split())


def test_a_policy_that_adapts_needs_a_checkpoint_that_fits(run, folder):
    done = run("simulate", "small.yaml", "--policies", "transfer")
    assert done.code == 2 and "names no checkpoint" in done.err
    done = run("simulate", "small.yaml", "--policies", "transfer:out/moved")
    assert done.code == 2 and "does not fit a run" in done.err
    done = run("simulate", "small.yaml", "--policies", "transfer:out/tiny:share=2")
    assert done.code == 2 and "expected a number from 0 to 1" in done.err
