"""Trees of arrays in safetensors files: every array under its path in the tree, nothing that could run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from twinhop.errors import InputError

_BLOCK = 1 << 20


def save_tree(path: Path, tree: Any) -> None:
    """Write a tree of arrays.

    Args:
        path: the file, written over.
        tree: of arrays of NumPy or JAX; keys as their words.

    Raises:
        InputError: it cannot be written, such as on a full disk.
    """
    arrays = {name: np.array(leaf, order="C") for name, leaf in _named(tree)}
    try:
        save_file(arrays, path)
    except (OSError, SafetensorError) as error:
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
    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a safetensors file that can be read ({error})") from None
    wanted = _named(like)
    odd = sorted(set(arrays) ^ {name for name, _ in wanted})
    if odd:
        there = "is not expected" if odd[0] in arrays else "is missing"
        raise InputError(f"{path}: array {odd[0]} {there}; it is of other networks")
    for name, leaf in wanted:
        found = arrays[name]
        if (found.shape, found.dtype) != (leaf.shape, leaf.dtype):
            raise InputError(
                f"{path}: array {name} is {found.dtype} {found.shape}; expected {leaf.dtype} {tuple(leaf.shape)}"
            )
    return jax.tree.unflatten(jax.tree.structure(like), [jax.numpy.asarray(arrays[name]) for name, _ in wanted])


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        InputError: it cannot be read.
    """
    state = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                state.update(block)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return state.hexdigest()


def _named(tree: Any) -> list[tuple[str, Any]]:
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]]
