"""A reproduction from end to end, by an algorithm that takes no time: kept, killed, gone on with, refused."""

import json
import shutil

import numpy as np
import pytest
from pictures import check_picture

from twinhop.errors import InputError, TwinhopError
from twinhop.learn import learners, measured_run
from twinhop.studies.lu2021 import reproduce_lu2021, training
from twinhop.studies.lu2021.report import CLAIMS_FILE, FIGURES
from twinhop.studies.lu2021.results import read_results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.solving import TIME_SOLVER
from twinhop.studies.lu2021.tables import TABLES
from twinhop.studies.lu2021.terms import SYSTEM, TIME
from twinhop.studies.lu2021.training import state_path
from twinhop.studies.lu2021.unit import SOLVERS, Unit

SMALL = Setting(6, 2)
OPTIONS = {"settings": [SMALL.name], "algorithms": ["structured"], "iterations": 150, "jobs": 1}
UNIT = Unit("structured", SMALL, 0, 150, 50, 4)


@pytest.fixture(scope="module", autouse=True)
def fake():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "LEARNERS", {"structured": "fake_contender:made"})
        yield patch


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A whole reproduction of two seeds, and what was said on the way."""
    folder, said = tmp_path_factory.mktemp("whole"), []
    found = reproduce_lu2021(
        **OPTIONS,
        seeds=2,
        out=folder,
        on_forecast=lambda units, hours: said.append((units, hours)),
        on_progress=lambda part, whole: said.append((part, whole)),
    )
    return folder, found, said


def read(folder, unit=UNIT):
    """A result without what no two runs have in common."""
    value = json.loads(unit.path(folder).read_text())
    value.pop("times", None)
    for each in value["policies"].values():
        each.pop("decision_ms")
    return value


def test_everything_is_written(done):
    folder, found, said = done
    tables = [f"{name}.{suffix}" for name in TABLES for suffix in ("csv", "tex")]
    assert [path.name for path in found.files] == sorted([*(f"{name}.png" for name in FIGURES), *tables, CLAIMS_FILE])
    for name in FIGURES:
        check_picture(folder / f"{name}.png", 1000, 600)
    assert "## The seven ordinal claims" in (folder / CLAIMS_FILE).read_text()
    assert not state_path(UNIT, folder).exists()
    assert [len(each) for each in found.findings.values()] == [7]
    units, hours = said[0]
    assert units == 4
    assert 3600 * hours > 6
    assert said[-1] == (302, 302)


def test_the_same_seed_gives_the_same_numbers_and_finished_units_stay(done, tmp_path, monkeypatch):
    folder, found, _ = done
    reproduce_lu2021(**OPTIONS, seeds=1, out=tmp_path)
    for unit in (UNIT, Unit(SOLVERS, SMALL, 0, 0, 0, 4)):
        assert read(tmp_path, unit) == read(folder, unit)
    monkeypatch.setattr("twinhop.studies.lu2021.runner.do_training", lambda *_: pytest.fail("done again"))
    again = reproduce_lu2021(**OPTIONS, seeds=1, out=folder)
    assert again.results.seeds("structured", SMALL) == [0, 1]  # a part counts all that is there
    assert read(folder) != read(folder, Unit("structured", SMALL, 1, 150, 50, 4))


def test_a_killed_run_goes_on_to_the_same_numbers(done, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "KEEP_EVERY_S", 0.0)
    go_on, calls = measured_run.MeasuredRun.go_on, []

    def killed(self, iterations):
        calls.append(iterations)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return go_on(self, iterations)

    monkeypatch.setattr("twinhop.studies.lu2021.reproduce.expected_hours", lambda *_: 0.0)
    monkeypatch.setattr(measured_run.MeasuredRun, "go_on", killed)
    with pytest.raises(KeyboardInterrupt):
        reproduce_lu2021(**OPTIONS, seeds=1, out=tmp_path)
    assert state_path(UNIT, tmp_path).exists()
    assert not UNIT.path(tmp_path).exists()
    reproduce_lu2021(**OPTIONS, seeds=1, out=tmp_path)
    assert len(calls) == 4  # of three pieces, the first one was kept
    assert read(tmp_path) == read(done[0])
    assert not state_path(UNIT, tmp_path).exists()


def test_a_damaged_state_is_named(tmp_path):
    path = state_path(UNIT, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x03\x00\x00\x00 cut")
    with pytest.raises(InputError, match=r"seed-0\.state\.safetensors: not a safetensors file .*; delete it"):
        training.do_training(UNIT, tmp_path)


def test_results_of_other_constants_are_refused(done):
    with pytest.raises(InputError, match="iterations: 150 there, 100 now.*choose another --out"):
        reproduce_lu2021(**{**OPTIONS, "iterations": 100}, seeds=1, out=done[0])


def test_losses_that_are_no_numbers_stop_the_run(fake, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "LEARNERS", {"structured": "fake_contender:breaking"})
        with pytest.raises(TwinhopError, match="critic_loss is no longer finite"):
            training.do_training(UNIT, tmp_path)


def test_slots_cost_what_the_environment_says(done):
    """Of the policy as trained: priced as placement problems, and as the environment logged its last evaluation."""
    value = read(done[0])
    for name, values in value["policies"]["structured"]["slots"].items():
        assert np.mean(values) == pytest.approx(value["terms"][name][-1], rel=2e-5)


def test_solvers_of_worlds_without_a_run_do_not_count(done, tmp_path):
    """A reproduction that was stopped after the solvers of its second seed."""
    whole = tmp_path / "runs"
    shutil.copytree(done[0] / "runs", whole)
    (whole / "structured" / SMALL.name / "seed-1.json").unlink()
    results = read_results(tmp_path)
    assert results.seeds("structured", SMALL) == results.seeds(SOLVERS, SMALL) == [0]
    assert len(done[1].results.slots("nearest", SMALL, TIME)) == 2
    assert len(results.slots("nearest", SMALL, TIME)) == 1


def test_policies_that_decide_slot_by_slot_see_the_slots_of_the_others(done, tmp_path):
    """One that puts twins on the nearest station costs what the baseline does, all the time and in all ways."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "LEARNERS", {"structured": "fake_contender:deciding"})
        value = training.do_training(UNIT, tmp_path)
    nearest = read(done[0], Unit(SOLVERS, SMALL, 0, 0, 0, 4))["policies"]["nearest"]["slots"]
    assert set(value["policies"]) == {"structured", "structured, 10 moves"}
    for name in ("communication", "computing", "energy"):
        for policy in value["policies"].values():
            assert policy["slots"][name] == pytest.approx(nearest[name], rel=1e-5)
        assert value["terms"][name] == pytest.approx([np.mean(nearest[name])] * 4, rel=1e-5)


def test_nobody_beats_the_bounds(done):
    """On the same slots, for every policy and both costs."""
    results = done[1].results
    for reading, name in ((SYSTEM, "cost_bound"), (TIME, "time_bound")):
        bound = results.bound(SMALL, name)
        for policy in ("random", "random_association", "nearest", "lagrangian", TIME_SOLVER, "structured"):
            assert (results.slots(policy, SMALL, reading) >= bound * (1 - 1e-5)).all(), policy
    gap = results.slots("lagrangian", SMALL, SYSTEM) / results.bound(SMALL, "cost_bound") - 1
    assert gap.max() < 0.05
    alone = results.slots(TIME_SOLVER, SMALL, TIME)
    assert (alone / results.bound(SMALL, "time_bound") - 1).max() < 0.05
    assert alone.mean() <= results.slots("lagrangian", SMALL, TIME).mean() * 1.001


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"settings": ["n5"]}, "--settings: got 'n5'; accepted: names such as n80-m5"),
        ({"settings": ["n0-m5"]}, "--settings: got 'n0-m5'"),
        ({"settings": []}, "--settings: got none"),
        ({"algorithms": ["dqn"]}, "--algorithms: got 'dqn'; accepted: literal, literal-penalty, flat, structured"),
        ({"algorithms": []}, "--algorithms: got none"),
        ({"seeds": 0}, "--seeds: got 0"),
        ({"iterations": 75}, "--iterations: got 75; expected a multiple of 50"),
        ({"jobs": 0}, "--jobs: got 0"),
    ],
)
def test_bad_arguments_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        reproduce_lu2021(**wrong)
