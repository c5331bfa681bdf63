"""Trees of arrays on disk: all bits come back, files of other trees are refused, and none is ever half-written."""

import errno
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from twinhop.errors import InputError
from twinhop.learn import tree_file
from twinhop.learn.tree_file import load_part, load_record, load_tree, save_tree


class Run(NamedTuple):
    """A state of some kinds of numbers."""

    weights: dict[str, Any]
    layers: Any
    key: Any
    iteration: Any
    nothing: None = None


def run(width=3):
    return Run(
        {"a": jnp.linspace(0.0, 1.0, width), "b": jnp.array([jnp.nan, jnp.inf, -0.0])},
        ({"bias": jnp.ones((2, 2), bool)}, jnp.zeros(0)),
        jax.random.key_data(jax.random.key(7)),
        jnp.asarray(12, jnp.int32),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


@pytest.mark.parametrize("record", [None, {"iteration": [0, 50]}], ids=["arrays alone", "with a record"])
def test_all_bits_come_back(path, record):
    state = run()
    save_tree(path, state, record)
    again = load_tree(path, jax.eval_shape(run))
    assert jax.tree.structure(again) == jax.tree.structure(state)
    for before, after in zip(jax.tree.leaves(state), jax.tree.leaves(again), strict=True):
        assert (before.dtype, before.shape) == (after.dtype, after.shape)
        assert np.asarray(before).tobytes() == np.asarray(after).tobytes()


class Entry(NamedTuple):
    """What a replay memory keeps, as far as files have other names for it."""

    obs: Any
    observation: Any


def test_observations_are_under_the_name_that_the_first_files_gave_them(path):
    entry = Entry({"w": jnp.ones(2)}, jnp.zeros(1))
    save_tree(path, (entry,))
    assert set(load_file(path)) == {"[0].seen['w']", "[0].observation"}
    assert load_tree(path, (entry,))[0].obs["w"].tolist() == [1, 1]
    assert load_part(path, (entry,), lambda tree: tree[0].obs)["w"].tolist() == [1, 1]


def test_a_record_comes_back_and_arrays_alone_have_none(path):
    save_tree(path, run(), {"iteration": [0, 50], "name": "a"})
    assert load_record(path) == {"iteration": [0, 50], "name": "a"}
    save_tree(path, run())
    with pytest.raises(InputError, match=r"run\.safetensors: keeps no record"):
        load_record(path)
    save_file({"a": np.zeros(1)}, path, {"record": "[1"})
    with pytest.raises(InputError, match="or a damaged one"):
        load_record(path)


def test_trees_of_other_networks_are_refused_by_name(path):
    save_tree(path, run())
    with pytest.raises(InputError, match=r"array \.weights\['a'\] is float32 \(3,\); expected float32 \(4,\)"):
        load_tree(path, run(width=4))
    with pytest.raises(InputError, match=r"array \.iteration is int32 \(\); expected float32 \(\)"):
        load_tree(path, run()._replace(iteration=jnp.float32(12)))
    with pytest.raises(InputError, match="of other networks"):
        load_tree(path, {"iteration": jnp.zeros((), jnp.int32)})


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_files_that_are_damaged_are_refused(path, cut):
    save_tree(path, run(), {"iteration": 1})
    path.write_bytes(path.read_bytes()[:cut])
    for load in (load_record, lambda path: load_tree(path, run())):
        with pytest.raises(InputError, match=r"run\.safetensors: not a safetensors file"):
            load(path)


def test_a_full_disk_leaves_the_file_before_it(path, monkeypatch):
    save_tree(path, run(), {"iteration": 1})

    def full(arrays, where, kept):
        where.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tree_file, "save_file", full)
    with pytest.raises(InputError, match=r"run\.safetensors: cannot be written: No space left"):
        save_tree(path, run(), {"iteration": 2})
    assert load_record(path) == {"iteration": 1}
    assert [each.name for each in path.parent.iterdir()] == [path.name]
