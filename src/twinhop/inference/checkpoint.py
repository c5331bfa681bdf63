"""Checkpoints on disk: a folder with weights, where a run stood, and what both are; found, checked and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from twinhop.errors import InputError

FORMAT = 1
KIND = "twinhop checkpoint"
MANIFEST, POLICY, STATE = "checkpoint.json", "policy.safetensors", "state.safetensors"
CHECKPOINTS = "checkpoints"
SHIPPED = ("maddpg", "primal_dual")
"""Names of the checkpoints that come with the package."""
BEST, LAST = "best", "last"
SCENARIO = "scenario"
"""Field of the manifest: the scenario that was trained on, its fields as they were set."""
_MOST_CHARACTERS = 1 << 20
_BLOCK = 1 << 20


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

    @property
    def policy_file(self) -> Path:
        """The file of the weights."""
        return self.folder / POLICY

    @property
    def state_file(self) -> Path:
        """The file of where the run stood.

        Raises:
            InputError: it was not kept.
        """
        if STATE not in self.record["digests"]:
            raise InputError(f"{self.folder}: keeps weights only; training cannot go on from it")
        return self.folder / STATE


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Find and check a checkpoint.

    Args:
        path: its folder, the folder of a run (whose best checkpoint is meant), or the name of
            one that comes with this package.

    Returns:
        The checkpoint; the files agree with their digests.

    Raises:
        InputError: there is none, it is of another version, or a file was changed since.
    """
    folder = shipped(str(path)) if str(path) in SHIPPED else _folder_of(Path(path))
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


def shipped(name: str = "maddpg") -> Path:
    """The folder of a checkpoint that comes with the package."""
    return Path(str(files("twinhop.inference") / CHECKPOINTS / name))


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


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file, by their names.

    Raises:
        InputError: it is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> InputError:
    """What is said of a file that is no safetensors file."""
    return InputError(f"{path}: not a safetensors file that can be read ({error})")


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
