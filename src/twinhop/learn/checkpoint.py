"""Checkpoints: a folder with weights, where a run stood, and what both are, written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from twinhop._version import __version__
from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.learn.tree_file import digest_of, load_part, load_tree, save_tree

FORMAT = 1
KIND = "twinhop checkpoint"
MANIFEST, POLICY, STATE = "checkpoint.json", "policy.safetensors", "state.safetensors"
CHECKPOINTS = "checkpoints"
BEST, LAST = "best", "last"
SCENARIO = "scenario"
"""Field of the manifest: the scenario that was trained on, its fields as they were set."""
_MOST_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk, its files as they were written.

    Attributes:
        folder: where it is.
        algorithm: `structured` or `literal`.
        configuration: of the run, plain values.
        users: N of the scenario it was trained on.
        stations: M.
        seed: of the run.
        iteration: after which it was written.
        evaluation: what it reached then, plain values.
        record: the whole manifest.
    """

    folder: Path
    algorithm: str
    configuration: Mapping[str, Any]
    users: int
    stations: int
    seed: int
    iteration: int
    evaluation: Mapping[str, Any]
    record: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the weights."""
        return self.record["digests"][POLICY]

    def weights(self, like: Any) -> Any:
        """The weights, into a tree of the structure of `like`.

        Raises:
            InputError: they are of other networks.
        """
        return load_tree(self.folder / POLICY, like)

    def state(self, like: Any) -> Any:
        """Where the run stood.

        Raises:
            InputError: it was not kept, or is of another run.
        """
        return load_tree(self._state_file(), like)

    def part(self, like: Any, part: Callable[[Any], Any], *, any_size: bool = False) -> Any:
        """A part of where the learner stood, without what a transfer keeps beside it; see `tree_file.load_part`.

        Raises:
            InputError: it was not kept, or is of another run.
        """
        below = ".run" if self.configuration.get("transfer") else ""
        return load_part(self._state_file(), like, part, any_size=any_size, below=below)

    def _state_file(self) -> Path:
        if STATE not in self.record["digests"]:
            raise InputError(f"{self.folder}: keeps weights only; training cannot go on from it")
        return self.folder / STATE


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


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Find and check a checkpoint.

    Args:
        path: its folder, the folder of a run (whose best checkpoint is meant), or `maddpg`, the one of this package.

    Returns:
        The checkpoint; the files agree with their digests.

    Raises:
        InputError: there is none, it is of another version, or a file was changed since.
    """
    folder = _folder_of(Path(path)) if str(path) != "maddpg" else shipped()
    record = _manifest(folder)
    for name, digest in record["digests"].items():
        if digest_of(folder / name) != digest:
            raise InputError(f"{folder / name}: was changed since it was written (its SHA-256 is another)")
    return Checkpoint(
        folder=folder,
        algorithm=record["algorithm"],
        configuration=record["configuration"],
        users=record["users"],
        stations=record["stations"],
        seed=record["seed"],
        iteration=record["iteration"],
        evaluation=record["evaluation"],
        record=record,
    )


def shipped() -> Path:
    """The folder of the checkpoint that comes with the package."""
    return Path(str(files("twinhop.learn") / CHECKPOINTS / "maddpg"))


def point_to(run: Path, name: str, folder: Path) -> None:
    """Let `best` or `last` of a run mean a checkpoint.

    Args:
        run: folder of the run.
        name: `best` or `last`.
        folder: of the checkpoint.
    """
    with replacing(run / CHECKPOINTS / f"{name}.json", overwrite=True) as temporary:
        temporary.write_text(json.dumps({"checkpoint": folder.name}) + "\n", encoding="utf-8")


def pointed_to(run: Path, name: str) -> Path | None:
    """The checkpoint that `best` or `last` of a run means, or None.

    Raises:
        InputError: the pointer is damaged.
    """
    path = run / CHECKPOINTS / f"{name}.json"
    if not path.exists():
        return None
    try:
        target = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]
    except (OSError, ValueError, KeyError, TypeError):
        target = None
    if not isinstance(target, str) or Path(target).name != target:
        raise InputError(f"{path}: is damaged; expected the name of a checkpoint beside it")
    return run / CHECKPOINTS / target


def _folder_of(path: Path) -> Path:
    if (path / MANIFEST).exists():
        return path
    if path.is_dir():
        checkpoint = pointed_to(path, BEST) or pointed_to(path, LAST)
        if checkpoint is not None:
            return checkpoint
        raise InputError(f"{path}: holds no checkpoint; expected a folder with {MANIFEST}, or the folder of a run")
    raise InputError(f"{path}: no such folder; expected a checkpoint, or the folder of a run of `twinhop train`")


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        with path.open(encoding="utf-8") as stream:
            record = json.loads(stream.read(_MOST_CHARACTERS))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{path}: is damaged; expected the JSON of a checkpoint") from None
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise InputError(f"{path}: is no manifest of a twinhop checkpoint")
    if record.get("format") != FORMAT:
        raise InputError(f"{path}: is of format {record.get('format')!r}; this twinhop reads format {FORMAT}")
    fields = {"algorithm": str, "configuration": dict, "users": int, "stations": int, "seed": int, "iteration": int}
    fields |= {"evaluation": dict, "digests": dict}
    for name, kind in fields.items():
        if not isinstance(record.get(name), kind):
            raise InputError(f"{path}: {name}: is missing or damaged")
    names = set(record["digests"])
    if POLICY not in names or names - {POLICY, STATE}:
        raise InputError(
            f"{path}: digests: expected those of {POLICY} and {STATE}; got {', '.join(sorted(names))[:80]}"
        )
    return record
