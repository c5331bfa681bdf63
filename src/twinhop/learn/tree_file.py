"""Trees of arrays in safetensors files: every array under its path in the tree, nothing that could run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from twinhop.errors import InputError
from twinhop.inference.checkpoint import read_arrays, unreadable
from twinhop.inference.weight_arrays import check_names
from twinhop.io.files import replacing

_RECORD = "record"


def save_tree(path: Path, tree: Any, record: Mapping[str, Any] | None = None) -> None:
    """Write a tree of arrays, in one file that is whole or not there.

    Args:
        path: the file, written over; its folder must exist.
        tree: of arrays of NumPy or JAX; keys as their words.
        record: what else to keep, plain values.

    Raises:
        InputError: it cannot be written, such as on a full disk; what was there before stays.
    """
    arrays = {name: np.array(leaf, order="C") for name, leaf in _named(tree)}
    metadata = None if record is None else {_RECORD: json.dumps(record, allow_nan=False)}
    with replacing(path, overwrite=True) as temporary:
        try:
            save_file(arrays, temporary, metadata)
        except SafetensorError as error:
            raise InputError(f"{path}: cannot be written: {error}") from None


def load_tree(path: Path, like: Any) -> Any:
    """Read a tree of arrays.

    Args:
        path: the file.
        like: a tree of the same structure, or of its shapes.

    Returns:
        The tree, of JAX arrays.

    Raises:
        InputError: the file is missing or damaged, or holds other arrays; the first difference is named.
    """
    arrays = read_arrays(path)
    wanted = _named(like)
    check_names(arrays, [name for name, _ in wanted], str(path))
    for name, leaf in wanted:
        array = arrays[name]
        if (array.shape, array.dtype) != (leaf.shape, leaf.dtype):
            raise InputError(
                f"{path}: array {name} is {array.dtype} {array.shape}; expected {leaf.dtype} {tuple(leaf.shape)}"
            )
    return jax.tree.unflatten(jax.tree.structure(like), [jax.numpy.asarray(arrays[name]) for name, _ in wanted])


def load_part(path: Path, like: Any, part: Callable[[Any], Any], *, any_size: bool = False, below: str = "") -> Any:
    """Read a part of a tree of arrays.

    Args:
        path: the file.
        like: a tree of the structure of the whole one, or of its shapes; outside the part it may be another one.
        part: picks the part out of the whole tree.
        any_size: whether arrays of the part may have other sizes than those of `like`.
        below: path of the whole tree in what the file holds.

    Returns:
        The part, of JAX arrays.

    Raises:
        InputError: the file is missing or damaged, or holds another part; the first difference is named.
    """
    names = jax.tree.unflatten(jax.tree.structure(like), [below + name for name, _ in _named(like)])
    wanted, leaves = jax.tree.leaves(part(names)), jax.tree.leaves(part(like))
    result = []
    try:
        with safe_open(path, framework="numpy") as file:
            there = set(file.keys())
            for name, leaf in zip(wanted, leaves, strict=True):
                if name not in there:
                    raise InputError(f"{path}: array {name} is missing; it is of other networks")
                array = file.get_tensor(name)
                if array.dtype != leaf.dtype or (array.shape != leaf.shape and not any_size):
                    raise InputError(
                        f"{path}: array {name} is {array.dtype} {array.shape}; expected {leaf.dtype} "
                        f"{tuple(leaf.shape)}: it is of other networks"
                    )
                result.append(jax.numpy.asarray(array))
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from None
    return jax.tree.unflatten(jax.tree.structure(part(like)), result)


def load_record(path: Path) -> dict[str, Any]:
    """What a file keeps beside its arrays.

    Args:
        path: the file.

    Returns:
        Plain values.

    Raises:
        InputError: the file is missing or damaged, or keeps arrays alone.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from None
    try:
        return dict(json.loads(metadata[_RECORD]))
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path}: keeps no record beside its arrays, or a damaged one") from None


def _named(tree: Any) -> list[tuple[str, Any]]:
    return [
        (_in_file(jax.tree_util.keystr(path)), leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    ]


def _in_file(path: str) -> str:
    """What files call an array: a field `obs` is `seen` there, as it was called when the first ones were written."""
    return re.sub(r"\.obs\b", ".seen", path)
