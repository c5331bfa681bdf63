"""Whether the twin in a pack can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.twin.behaviour.model import BehaviourModel
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS
from twinhop.twin.manifest import VERSION
from twinhop.twin.pack import packed, twin_of_pack
from twinhop.twin.pack_file import parse_pack, read_pack


@dataclass(frozen=True)
class Verification:
    """What was checked.

    Attributes:
        id: of the twin.
        digest: the SHA-256 of the manifest, and so of everything in the pack.
        parts: parts whose digests are right.
        records: records in the history.
    """

    id: str
    digest: str
    parts: int
    records: int


def verify(path: str | Path, models: Mapping[str, type[BehaviourModel]] = BEHAVIOUR_MODELS) -> Verification:
    """Check a pack: every digest, every part, and that the twin in it resumes and packs to the same again.

    Args:
        path: the file.
        models: behaviour models by kind.

    Raises:
        InputError: something is wrong; the message names the part.
    """
    pack = read_pack(path)
    twin = twin_of_pack(pack, models)
    again = parse_pack(packed(twin), str(path))
    for name, digest in again.digests.items():
        if pack.digests.get(name) != digest:
            raise InputError(f"{path}: part {name}: the twin in it packs to other bytes; expected {digest}")
    if pack.manifest.version == VERSION and again.digest != pack.digest:
        raise InputError(f"{path}: manifest.json: the twin in it packs to another one; expected {again.digest}")
    return Verification(twin.id, pack.digest, len(pack.parts), len(twin.history))
