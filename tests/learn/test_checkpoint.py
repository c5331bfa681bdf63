"""Checkpoints: what comes back, what is refused, and that nothing half-written is ever in place."""

import json
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.inference.checkpoint import open_checkpoint, pointed_to
from twinhop.learn import checkpoint as module
from twinhop.learn.checkpoint import load_state, load_weights, point_to, save_checkpoint

RECORD = {
    "algorithm": "structured",
    "configuration": {"name": "a"},
    "users": 3,
    "stations": 2,
    "seed": 0,
    "iteration": 7,
    "evaluation": {},
}


class Weights(NamedTuple):
    first: object
    layers: object


def weights(scale=1.0):
    return Weights(jnp.arange(3.0) * scale, ({"bias": jnp.ones((2, 2), jnp.int32)}, jnp.zeros(0)))


def test_a_checkpoint_says_what_it_is(tmp_path):
    save_checkpoint(tmp_path / "one", RECORD, weights(), {"state": jnp.ones(2)})
    result = open_checkpoint(tmp_path / "one")
    assert (result.algorithm, result.users, result.stations, result.iteration) == ("structured", 3, 2, 7)
    assert np.array_equal(load_weights(result, weights()).first, weights().first)
    assert load_state(result, {"state": jnp.zeros(2)})["state"].tolist() == [1.0, 1.0]
    assert result.record["version"] and len(result.digest) == 64


def test_without_a_state_training_cannot_go_on(tmp_path):
    save_checkpoint(tmp_path / "one", RECORD, weights())
    with pytest.raises(InputError, match="keeps weights only"):
        load_state(open_checkpoint(tmp_path / "one"), weights())


def test_a_file_that_was_changed_is_named(tmp_path):
    save_checkpoint(tmp_path / "one", RECORD, weights())
    path = tmp_path / "one" / "policy.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InputError, match=r"policy\.safetensors: was changed since it was written"):
        open_checkpoint(tmp_path / "one")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "is of format 2; this twinhop reads format 1"),
        ({"kind": "other"}, "is no manifest"),
        ({"users": "3"}, "users: is missing or damaged"),
        ({"digests": {"../policy": "0"}}, "digests: expected those of"),
    ],
)
def test_manifests_of_other_kinds_are_refused(tmp_path, changes, words):
    save_checkpoint(tmp_path / "one", RECORD, weights())
    path = tmp_path / "one" / "checkpoint.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(InputError, match=words):
        open_checkpoint(tmp_path / "one")


def test_a_disk_that_is_full_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    save_checkpoint(tmp_path / "one", RECORD, weights())

    def full(path, tree):
        raise InputError(f"{path}: cannot be written: no space left on device")

    monkeypatch.setattr(module, "save_tree", full)
    with pytest.raises(InputError, match="no space left"):
        save_checkpoint(tmp_path / "one", {**RECORD, "iteration": 8}, weights())
    assert open_checkpoint(tmp_path / "one").iteration == 7
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_run_means_its_best_checkpoint_and_else_its_last(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    for name in ("1", "2"):
        save_checkpoint(tmp_path / "checkpoints" / name, {**RECORD, "iteration": int(name)}, weights())
    point_to(tmp_path, "last", tmp_path / "checkpoints" / "2")
    assert open_checkpoint(tmp_path).iteration == 2
    point_to(tmp_path, "best", tmp_path / "checkpoints" / "1")
    assert open_checkpoint(tmp_path).iteration == 1
    (tmp_path / "checkpoints" / "best.json").write_text('{"checkpoint": "../elsewhere"}')
    with pytest.raises(InputError, match="is damaged"):
        pointed_to(tmp_path, "best")


def test_folders_without_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no checkpoint"):
        open_checkpoint(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        open_checkpoint(tmp_path / "nowhere")
