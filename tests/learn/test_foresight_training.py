"""Training where users move: configurations, exact resume, and rollouts against costs by hand."""

import json

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.inference.foresight.policy import weights_of
from twinhop.learn.config import load_config, parse_config
from twinhop.learn.foresight.rollouts import Scene, presences, rollouts
from twinhop.learn.foresight.tape import tape_of
from twinhop.learn.foresight.updates import first_weights
from twinhop.migration.run import MigrationRun
from twinhop.scenario import load_scenario
from twinhop.training.training import train

CITY = """schema_version: 1
name: small
stations: {generate: {count: 4}}
users: {generate: {count: 12}}
objective: {deadlines: false}
movement: {slot_s: 10, slots: 24}
migration: {opening_s: 0.002, move_s: 0.01}
"""
RUN = """schema_version: 1
task: migration
name: small
scenario: small.yaml
worlds: 1
iterations: 2
checkpoint_every: 1
evaluation: {every: 2, instances: 1}
foresight: {width: 4, events: 16, memory: 512, batch: 16, updates: 2}
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "small.yaml").write_text(CITY)
    (tmp_path / "run.yaml").write_text(RUN)
    return tmp_path


def test_the_configuration_of_the_package_names_worlds_that_are_there():
    config, root = load_config("foresight")
    for name in (config.scenario, *config.more_scenarios, *config.evaluation.scenarios):
        assert load_scenario(root / name).movement is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RUN + "environments: 3\n", "environments: unknown field"),
        (RUN.replace("width: 4", "width: 1"), "foresight.width"),
        (RUN.replace("task: migration", "task: moving"), "task"),
    ],
)
def test_what_is_not_accepted_is_refused_with_its_field(text, words):
    with pytest.raises(InputError, match=words):
        parse_config(text, "a.yaml")


def test_a_run_goes_on_bit_for_bit(files):
    whole = train(files / "run.yaml", out=files / "whole")[0]
    train(files / "run.yaml", out=files / "parts", iterations=1)
    parts = train(files / "run.yaml", out=files / "parts", iterations=2)[0]
    assert whole.iteration == parts.iteration == 2 and parts.began_at == 1
    one, other = (weights_of(str(files / name)) for name in ("whole", "parts"))
    steps = json.loads((files / "parts/config.json").read_text())["iterations"]
    assert steps == 2 and whole.evaluation.keys() == parts.evaluation.keys()
    assert one.worth_skip.shape == other.worth_skip.shape
    again = train(files / "run.yaml", out=files / "again")[0]
    for first, second in zip(one, weights_of(str(again.folder)), strict=True):
        assert np.array_equal(first, second)


def test_a_scenario_without_movement_is_refused(files):
    (files / "small.yaml").write_text(CITY.replace("movement: {slot_s: 10, slots: 24}\n", ""))
    with pytest.raises(InputError, match="movement: is missing"):
        train(files / "run.yaml", out=files / "out")


def test_a_move_is_worth_what_the_two_branches_differ_by(files):
    tape = tape_of(MigrationRun(load_scenario(files / "small.yaml")))
    weights = first_weights(np.random.default_rng(0), 4)
    never = weights._replace(**{name: np.zeros_like(getattr(weights, name)) for name in ("worth_skip", "worth_out")})
    never.worth_skip[-1 - 3 - 4 - 1] = -100.0  # the constant: nobody moves again
    scene = Scene(tape, np.random.default_rng(3), 20, 0.0)
    found = rollouts(never, scene)
    assert len(found.worth) == 20 and np.isfinite(found.worth).all() and (found.weight > 0).all()
    seen = presences(scene, 3)
    assert seen.expected.shape[0] == seen.found.shape[0] == 20 and np.isfinite(seen.found).all()
    stay, moved = np.zeros(20, np.int64), np.ones(20, np.int64)
    from twinhop.learn.foresight.rollouts import _difference

    rows = np.arange(20)
    by_hand = sum(
        scene.slot_cost(slot, rows, stay) - scene.slot_cost(slot, rows, moved) for slot in range(scene.begin, scene.end)
    )
    assert _difference(never, scene, stay, moved) == pytest.approx(by_hand, rel=1e-5, abs=1e-9)
