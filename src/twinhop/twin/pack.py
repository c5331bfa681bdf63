"""A device twin in one portable file, and the twin that goes on from it bit for bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.text import suggestion
from twinhop.twin.behaviour.model import BehaviourModel
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS
from twinhop.twin.chunk import Chunk, payload_of, records_of_payload
from twinhop.twin.device_clock import DeviceClock
from twinhop.twin.device_twin import DeviceTwin
from twinhop.twin.history import History, Sealed, phase_of
from twinhop.twin.incarnations import Incarnations
from twinhop.twin.manifest import (
    FORMAT,
    VERSION,
    Manifest,
    PackedClock,
    PackedHistory,
    PackedIncarnation,
    PackedModel,
    Part,
    time_or_null,
)
from twinhop.twin.npy import array_of_npy, npy_bytes
from twinhop.twin.pack_file import Pack, listed, pack_bytes, parse_pack, read_pack, write_pack

STATE, OBSERVED_S, OBSERVED_SEQ, TAIL = "state.npy", "observed_s.npy", "observed_seq.npy", "tail.chunk"


def pack(twin: DeviceTwin, path: str | Path, *, overwrite: bool = True) -> None:
    """Write a twin into one file.

    Args:
        twin: what to write: identity, schema, state, history and behaviour models.
        path: where to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: the file exists and may not be replaced, or cannot be written.
    """
    write_pack(packed(twin), path, overwrite=overwrite)


def resume(path: str | Path, models: Mapping[str, type[BehaviourModel]] = BEHAVIOUR_MODELS) -> DeviceTwin:
    """The twin that was packed into a file; whatever happens to it next has the same outcome, bit for bit.

    Args:
        path: the file.
        models: behaviour models by kind.

    Raises:
        InputError: the file is no pack of a device twin, is damaged, was written by a program too new for this one,
            or holds a behaviour model of a kind that is not among the models.
    """
    return twin_of_pack(read_pack(path), models)


def packed(twin: DeviceTwin) -> bytes:
    """The bytes that `pack` writes; the same for twins that are the same."""
    manifest, parts = parts_of(twin)
    return pack_bytes(manifest, parts | {chunk_part(chunk.digest): chunk.payload for chunk in twin.history.chunks})


def chunk_part(digest: str) -> str:
    """The name of a sealed chunk in a pack."""
    return f"{digest}.chunk"


def parts_of(twin: DeviceTwin) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of a twin's pack, and its parts without the sealed chunks, which never change."""
    parts = {
        STATE: npy_bytes(twin.state),
        OBSERVED_S: npy_bytes(twin.observed_s),
        OBSERVED_SEQ: npy_bytes(twin.observed_seq),
    }
    entries = []
    for dimension, model in twin.models.items():
        arrays = model.arrays()
        entries.append(PackedModel(dimension=dimension, kind=model.kind, arrays=tuple(arrays)))
        parts |= {_array_part(dimension, name): npy_bytes(array) for name, array in arrays.items()}
    history = twin.history
    parts[TAIL] = payload_of(history.tail())
    sealed = tuple(
        Part(name=chunk_part(chunk.digest), bytes=len(chunk.payload), sha256=chunk.digest) for chunk in history.chunks
    )
    manifest = Manifest(
        format=FORMAT,
        version=VERSION,
        reader=VERSION,
        id=twin.id,
        attributes=dict(twin.attributes),
        state_schema=twin.schema,
        max_ahead_s=twin.clock.max_ahead_s,
        max_behind_s=None if twin.clock.max_behind_s == math.inf else twin.clock.max_behind_s,
        clock=_packed_clock(twin.clock),
        incarnations=tuple(
            PackedIncarnation(incarnation=incarnation, base=base) for incarnation, base in twin.incarnations.starts
        ),
        desired=twin.desired,
        revision=twin.revision,
        history=PackedHistory(
            chunks=tuple(chunk.digest for chunk in history.chunks),
            sealed_seq=history.sealed.seq,
            sealed_time_s=time_or_null(history.sealed.time_s),
            sealed_records=history.sealed.taken,
            retention=history.retention,
        ),
        models=tuple(entries),
        parts=listed(parts) + sealed,
    )
    return manifest, parts


def _packed_clock(clock: DeviceClock) -> PackedClock:
    offset_s, stated_s, before_s, now_s, count = clock.facts()
    return PackedClock(
        offset_s=offset_s,
        stated_s=time_or_null(stated_s),
        before_s=time_or_null(before_s),
        now_s=time_or_null(now_s),
        count=int(count),
    )


def _clock(manifest: Manifest) -> DeviceClock:
    packed = manifest.clock
    times = [-math.inf if each is None else each for each in (packed.stated_s, packed.before_s, packed.now_s)]
    behind_s = math.inf if manifest.max_behind_s is None else manifest.max_behind_s
    return DeviceClock.of_facts(manifest.max_ahead_s, behind_s, (packed.offset_s, *times, float(packed.count)))


def incarnations_of(manifest: Manifest, last: int) -> Incarnations:
    """The starts of the device; in a pack of version 1 there is one.

    Args:
        manifest: of the pack.
        last: number of the newest update in the history.
    """
    if manifest.incarnations is None:
        return Incarnations(((1, 0),) if last else ())
    return Incarnations(tuple((each.incarnation, each.base) for each in manifest.incarnations))


def unpacked(
    content: bytes, where: str = "pack", models: Mapping[str, type[BehaviourModel]] = BEHAVIOUR_MODELS
) -> DeviceTwin:
    """The twin in the bytes that `packed` gives.

    Args:
        content: the bytes.
        where: what to name in errors.
        models: behaviour models by kind.

    Raises:
        InputError: as `resume`.
    """
    return twin_of_pack(parse_pack(content, where), models)


def twin_of_pack(pack: Pack, models: Mapping[str, type[BehaviourModel]]) -> DeviceTwin:
    """The twin in the content of a pack.

    Raises:
        InputError: a part is missing, or is not what the manifest says.
    """
    manifest = pack.manifest
    schema = manifest.state_schema
    history = history_of_pack(pack)
    made = _models(pack, models)
    state, observed_s, observed_seq = (array_of_pack(pack, name) for name in (STATE, OBSERVED_S, OBSERVED_SEQ))
    try:
        return DeviceTwin.resumed(
            manifest.id,
            schema,
            attributes=manifest.attributes,
            models=made,
            clock=_clock(manifest),
            incarnations=incarnations_of(manifest, history.last_seq),
            desired=manifest.desired,
            history=history,
            state=state,
            observed_s=observed_s,
            observed_seq=observed_seq,
            revision=manifest.revision,
        )
    except InputError as error:
        raise InputError(f"{pack.where}: {error}") from None


def history_of_pack(pack: Pack) -> History:
    """The history in the content of a pack.

    Raises:
        InputError: a part is missing, or is not what the manifest says.
    """
    packed = pack.manifest.history
    chunks = [_chunk(pack, digest) for digest in packed.chunks]
    sealed = Sealed(
        packed.sealed_seq,
        -math.inf if packed.sealed_time_s is None else packed.sealed_time_s,
        packed.sealed_records,
    )
    tail = records_of_payload(_part(pack, TAIL), f"{pack.where}: {TAIL}")
    width, phase = pack.manifest.state_schema.width, phase_of(pack.manifest.id)
    return History.of_parts(width, packed.retention, chunks, sealed, tail, pack.where, phase)


def _chunk(pack: Pack, digest: str) -> Chunk:
    name = chunk_part(digest)
    payload, where = _part(pack, name), f"{pack.where}: {name}"
    if pack.digests[name] != digest:
        raise InputError(f"{where}: digest mismatch: the history chunk {digest} has the SHA-256 {pack.digests[name]}")
    return Chunk(payload, digest, records_of_payload(payload, where))


def _models(pack: Pack, models: Mapping[str, type[BehaviourModel]]) -> dict[str, BehaviourModel]:
    made = {}
    for entry in pack.manifest.models:
        if entry.kind not in models:
            raise InputError(
                f"{pack.where}: models: {entry.dimension}: unknown kind {entry.kind!r}; "
                f"{suggestion(entry.kind, models)}accepted: {', '.join(models)}"
            )
        arrays = {name: array_of_pack(pack, _array_part(entry.dimension, name)) for name in entry.arrays}
        try:
            made[entry.dimension] = models[entry.kind].from_arrays(arrays)
        except InputError as error:
            raise InputError(f"{pack.where}: models: {entry.dimension}: {error}") from None
    return made


def _array_part(dimension: str, name: str) -> str:
    return f"model.{dimension}.{name}.npy"


def array_of_pack(pack: Pack, name: str) -> NDArray:
    """The array in a part of a pack.

    Raises:
        InputError: the part is missing, or is no array of numbers.
    """
    return array_of_npy(_part(pack, name), f"{pack.where}: {name}")


def _part(pack: Pack, name: str) -> bytes:
    if name not in pack.parts:
        raise InputError(f"{pack.where}: part {name} is missing")
    return pack.parts[name]
