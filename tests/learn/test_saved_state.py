"""States of runs on disk: all bits come back, and files of other runs are refused."""

import errno
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.learn.saved_state import load_state, save_state


class Run(NamedTuple):
    """A state of some kinds of numbers."""

    weights: dict[str, Any]
    key: Any
    iteration: Any
    nothing: None = None


def run(width=3):
    return Run(
        {"a": jnp.linspace(0.0, 1.0, width), "b": jnp.array([jnp.nan, jnp.inf, -0.0])},
        jax.random.key_data(jax.random.key(7)),
        jnp.asarray(12, jnp.int32),
    )


def test_all_bits_come_back(tmp_path):
    state, path = run(), tmp_path / "state.npz"
    save_state(path, state, {"iteration": [0, 50]})
    again, record = load_state(path, jax.eval_shape(run))
    assert record == {"iteration": [0, 50]}
    assert jax.tree.structure(again) == jax.tree.structure(state)
    for before, after in zip(jax.tree.leaves(state), jax.tree.leaves(again), strict=True):
        assert before.dtype == after.dtype
        assert np.asarray(before).tobytes() == np.asarray(after).tobytes()


def test_a_run_of_other_sizes_is_refused(tmp_path):
    save_state(tmp_path / "state.npz", run(), {})
    with pytest.raises(InputError, match="holds a run of other sizes"):
        load_state(tmp_path / "state.npz", run(width=4))


def test_a_full_disk_leaves_the_file_before_it(tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    save_state(path, run(), {"iteration": 1})

    def full(stream, **arrays):
        stream.write(b"PK half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(InputError, match=r"state\.npz: cannot be written: No space left"):
        save_state(path, run(), {"iteration": 2})
    assert load_state(path, run())[1] == {"iteration": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["state.npz"]
