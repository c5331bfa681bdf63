"""The state of a run on disk, with what is known of the run so far, in one file that is whole or not there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from twinhop.errors import InputError
from twinhop.files import replacing

_RECORD = "record"


def save_state(path: Path, state: Any, record: dict[str, Any]) -> None:
    """Write all arrays of a state.

    Args:
        path: the file; its folder must exist.
        state: a pytree of arrays.
        record: what else to keep, plain values.

    Raises:
        InputError: it cannot be written; what was there before stays.
    """
    leaves = {f"leaf_{at}": np.asarray(leaf) for at, leaf in enumerate(jax.tree.leaves(state))}
    text = np.frombuffer(json.dumps(record, allow_nan=False).encode(), np.uint8)
    with replacing(path, overwrite=True) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **{_RECORD: text}, **leaves)


def load_state(path: Path, like: Any) -> tuple[Any, dict[str, Any]]:
    """Read a state back.

    Args:
        path: the file.
        like: a state of the same run, or its shapes.

    Returns:
        The state, and what else was kept.

    Raises:
        InputError: the file is damaged, or of a run of other sizes.
    """
    shapes, structure = jax.tree.flatten(like)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            record = json.loads(file[_RECORD].tobytes())
            leaves = [file[f"leaf_{at}"] for at in range(len(file.files) - 1)]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is damaged ({error}); delete it, and its run begins anew") from None
    if [(leaf.shape, leaf.dtype) for leaf in leaves] != [(leaf.shape, leaf.dtype) for leaf in shapes]:
        raise InputError(f"{path}: holds a run of other sizes; delete it, and its run begins anew")
    return jax.tree.unflatten(structure, [jax.numpy.asarray(leaf) for leaf in leaves]), record
