"""Training where users move: configurations, exact resume, and rollouts against costs by hand."""

import itertools
import json

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.inference.foresight.features import CONSTANT
from twinhop.inference.foresight.policy import weights_of
from twinhop.learn.config import load_config, parse_config
from twinhop.learn.foresight.rollouts import Scene, paid_later, presences, rollouts
from twinhop.learn.foresight.tape import tape_of
from twinhop.learn.foresight.updates import CLIP, first_weights
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


def test_a_scenario_with_one_host_is_refused_and_nothing_is_written(files):
    (files / "small.yaml").write_text(CITY.replace("count: 4", "count: 1"))
    with pytest.raises(InputError, match="one host, so that no twin can move; expected at least 2"):
        train(files / "run.yaml", out=files / "out")
    assert not (files / "out").exists()


def small_scene(files, seed, users=16):
    return Scene(tape_of(MigrationRun(load_scenario(files / "small.yaml"))), np.random.default_rng(seed), users, 0.0)


def paid(scene, to, first, user, host):
    """What a user pays from a slot on, that slot's move aside, slot by slot."""
    total_s = 0.0
    for step in range(first, scene.end - scene.first):
        if step > first and to[step, user, host] != host:
            after = to[step, user, host]
            total_s += scene.fixed_s[user] + scene.move_scale[user] * scene.way[host, after]
            host = after
        total_s += scene.slot_cost(scene.first + step, np.array([user]), np.array([host]))[0]
    return total_s


def test_what_is_paid_later_is_what_each_user_pays_slot_by_slot(files):
    scene, rng = small_scene(files, 3), np.random.default_rng(0)
    n, hosts = len(scene.users), len(scene.hosts)
    to = rng.integers(0, hosts, (scene.end - scene.first, n, hosts))
    rows, own = np.repeat(np.arange(n), hosts), np.tile(np.arange(hosts), n)
    found = paid_later(scene, to, scene.move_s(rows, own).reshape(n, hosts, hosts))
    for first, user, host in itertools.product((0, 3, len(to) - 1), range(n), range(hosts)):
        assert found[first, user, host] == pytest.approx(paid(scene, to, first, user, host), rel=1e-5)


def test_a_move_is_worth_what_two_runs_differ_by(files):
    weights = first_weights(np.random.default_rng(0), 4)
    never = weights._replace(**{name: np.zeros_like(getattr(weights, name)) for name in ("worth_skip", "worth_out")})
    never.worth_skip[CONSTANT] = -100.0  # nobody ever moves
    scene = small_scene(files, 3)
    n, hosts = len(scene.users), len(scene.hosts)
    to = np.broadcast_to(np.arange(hosts), (scene.end - scene.first, n, hosts))
    rows, own = np.repeat(np.arange(n), hosts), np.tile(np.arange(hosts), n)
    by_features = {}
    for first in range(len(to)):
        features = scene.features(never, scene.first + first, rows, own)[0].reshape(n, hosts, hosts, -1)
        for user, host, target in itertools.product(range(n), range(hosts), range(hosts)):
            if host != target:
                cost_s = scene.fixed_s[user] + scene.move_scale[user] * scene.way[host, target]
                saved_s = paid(scene, to, first, user, host) - paid(scene, to, first, user, target) - cost_s
                by_features[features[user, host, target].tobytes()] = np.clip(saved_s / cost_s, -CLIP, CLIP)
    moves = rollouts(never, scene, 60)
    assert len(moves.worth) >= 60 and (moves.weight > 0).all() and moves.worth.std() > 0
    by_hand = [by_features[each.tobytes()] for each in moves.features]
    assert moves.worth == pytest.approx(np.array(by_hand), rel=1e-3, abs=1e-4)


def test_what_became_of_forecasts_is_told_of_every_user(files):
    seen = presences(small_scene(files, 3), 3)
    assert seen.expected.shape[0] == seen.found.shape[0] == 16 and np.isfinite(seen.found).all()
