"""What is in a packed twin, in facts for tables and JSON, and whether that twin can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.twin.behaviour.model import BehaviourModel
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS
from twinhop.twin.device_twin import check_observations
from twinhop.twin.history import History
from twinhop.twin.manifest import VERSION, time_or_null
from twinhop.twin.pack import (
    OBSERVED_S,
    OBSERVED_SEQ,
    STATE,
    array_of_pack,
    history_of_pack,
    incarnations_of,
    packed,
    twin_of_pack,
)
from twinhop.twin.pack_file import Pack, parse_pack, read_pack


def inspect(pack: Pack) -> dict[str, Any]:
    """The facts of a packed twin, units in the names.

    Args:
        pack: what `read_pack` gives.

    Returns:
        What can be written as JSON: times before the first update are null, dimensions without a value are left out.

    Raises:
        InputError: a part is missing, or is not what the manifest says.
    """
    manifest, history = pack.manifest, history_of_pack(pack)
    schema, incarnations = manifest.state_schema, incarnations_of(manifest, history.last_seq)
    state, times_s, origins = (array_of_pack(pack, name) for name in (STATE, OBSERVED_S, OBSERVED_SEQ))
    try:
        check_observations(schema, state, times_s, origins, history)
        incarnations.check(history.last_seq)
    except InputError as error:
        raise InputError(f"{pack.where}: {error}") from None
    observed_s = dict(zip((each.name for each in schema.dimensions), times_s.tolist(), strict=True))
    values = schema.named(state)
    return {
        "id": manifest.id,
        "attributes": manifest.attributes,
        "version": manifest.version,
        "digest": pack.digest,
        "revision": manifest.revision,
        "incarnation": incarnations.newest,
        "seq": history.last_seq - incarnations.base,
        "time_s": time_or_null(history.last_time_s),
        "missing": history.last_seq - history.taken,
        "state": values,
        "clock_offset_s": manifest.clock.offset_s,
        "desired": manifest.desired.model_dump(mode="json"),
        "observed_s": {name: observed_s[name] for name in values},
        "schema": schema.model_dump(mode="json"),
        "history": _history_facts(history),
        "models": [
            {"dimension": each.dimension, "kind": each.kind, "arrays": list(each.arrays)} for each in manifest.models
        ],
        "parts": [part.model_dump(mode="json") for part in manifest.parts],
    }


def _history_facts(history: History) -> Mapping[str, Any]:
    records = history.between(0, history.last_seq)
    return {
        "records": len(history),
        "taken": history.taken,
        "first_seq": int(records.seq[0]) if len(records) else None,
        "first_time_s": float(records.time_s[0]) if len(records) else None,
        "chunks": len(history.chunks),
        "open_records": len(history.tail()),
        "bytes": history.bytes,
        "retention": history.retention.model_dump(mode="json"),
    }


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
