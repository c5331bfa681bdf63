"""Checkpoints are written here, whole or not at all, and read into trees of JAX arrays."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twinhop._version import __version__
from twinhop.errors import InputError
from twinhop.inference.actor_sizes import FEATURES_VERSION
from twinhop.inference.checkpoint import CHECKPOINTS, FORMAT, KIND, MANIFEST, POLICY, STATE, Checkpoint, digest_of
from twinhop.io.files import replacing
from twinhop.learn.tree_file import load_part, load_tree, save_tree


def load_weights(checkpoint: Checkpoint, like: Any) -> Any:
    """The weights, into a tree of the structure of `like`.

    Raises:
        InputError: they are of other networks.
    """
    return load_tree(checkpoint.policy_file, like)


def load_state(checkpoint: Checkpoint, like: Any) -> Any:
    """Where the run stood.

    Raises:
        InputError: it was not kept, or is of another run.
    """
    return load_tree(checkpoint.state_file, like)


def load_state_part(checkpoint: Checkpoint, like: Any, part: Callable[[Any], Any], *, any_size: bool = False) -> Any:
    """A part of where the learner stood, without what a transfer keeps beside it; see `tree_file.load_part`.

    Raises:
        InputError: it was not kept, or is of another run.
    """
    below = ".run" if checkpoint.configuration.get("transfer") else ""
    return load_part(checkpoint.state_file, like, part, any_size=any_size, below=below)


def save_checkpoint(folder: Path, record: Mapping[str, Any], weights: Any, state: Any | None = None) -> Path:
    """Write a checkpoint; the folder appears with all its files, or not at all.

    Args:
        folder: where; its parent must exist. One that is there already is replaced.
        record: `algorithm`, `configuration`, `users`, `stations`, `seed`, `iteration`, `evaluation`, and what else.
        weights: a tree of arrays.
        state: where the run stands, a tree of arrays; None: weights only.

    Returns:
        The folder.

    Raises:
        InputError: it cannot be written; what was there before stays.
    """
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        trees = {POLICY: weights} if state is None else {POLICY: weights, STATE: state}
        for name, tree in trees.items():
            save_tree(temporary / name, tree)
        manifest = {
            "kind": KIND,
            "format": FORMAT,
            "version": __version__,
            "features": FEATURES_VERSION,
            **record,
            "digests": {name: digest_of(temporary / name) for name in trees},
        }
        text = json.dumps(manifest, indent=1, allow_nan=False) + "\n"
        (temporary / MANIFEST).write_text(text, encoding="utf-8")
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def point_to(run: Path, name: str, folder: Path) -> None:
    """Let `best` or `last` of a run mean a checkpoint.

    Args:
        run: folder of the run.
        name: `best` or `last`.
        folder: of the checkpoint.
    """
    with replacing(run / CHECKPOINTS / f"{name}.json", overwrite=True) as temporary:
        temporary.write_text(json.dumps({"checkpoint": folder.name}) + "\n", encoding="utf-8")
