"""Packs as files: a ZIP archive of a manifest and of parts with digests, read within bounds."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, read_content
from twinhop.io.files import replacing
from twinhop.twin.manifest import MOST_PARTS, Manifest, Part, is_plain_name, read_manifest

MANIFEST, MANIFEST_DIGEST = "manifest.json", "manifest.sha256"
MAX_BYTES = 256 * 2**20
"""A pack that takes more, as a file or unpacked, is refused [byte]."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OverflowError)
_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
_LENGTH = struct.Struct("<I")
_UNIX, _READABLE = 3, 0o644 << 16


@dataclass(frozen=True, eq=False)
class Pack:
    """The content of a pack, every digest of which is right.

    Attributes:
        where: the file, for messages.
        manifest: what is in it.
        digest: the SHA-256 of the manifest, and so of everything in the pack.
        parts: name to bytes.
        digests: name to SHA-256, in hexadecimal.
    """

    where: str
    manifest: Manifest
    digest: str
    parts: Mapping[str, bytes]
    digests: Mapping[str, str]


def listed(parts: Mapping[str, bytes]) -> tuple[Part, ...]:
    """The entries of parts in a manifest."""
    return tuple(
        Part(name=name, bytes=len(content), sha256=sha256(content).hexdigest()) for name, content in parts.items()
    )


def pack_bytes(manifest: Manifest, parts: Mapping[str, bytes]) -> bytes:
    """The bytes of a pack; the same for the same content."""
    text = manifest.text()
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in ((MANIFEST, text), (MANIFEST_DIGEST, sha256(text).hexdigest().encode()), *parts.items()):
            entry = zipfile.ZipInfo(name, _FIRST_MOMENT)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, content)
    return stream.getvalue()


def framed_bytes(manifest: Manifest, parts: Mapping[str, bytes]) -> bytes:
    """The same content one after the other, for keepers with checksums of their own; a quarter of the work.

    Args:
        manifest: its parts begin with these, in this order.
        parts: name to bytes.
    """
    text = manifest.text()
    return b"".join((_LENGTH.pack(len(text)), text, *parts.values()))


def write_pack(content: bytes, path: str | Path, *, overwrite: bool) -> None:
    """Write the bytes of a pack (to a temporary name, then renamed).

    Raises:
        InputError: the file exists and may not be replaced, or cannot be written.
    """
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(content)


def read_pack(path: str | Path) -> Pack:
    """Read a pack, and check every digest in it.

    Raises:
        InputError: the file is missing, is no pack, is too large or damaged, was written by a program too new for this
            one, or a digest does not match, which the message names.
    """
    path = Path(path)
    content = read_content(path, "a packed twin", MAX_BYTES)
    if not content.startswith(b"PK"):
        raise InputError(f"{path}: is not a packed twin; found {describe_file(path)}")
    return parse_pack(content, str(path))


def parse_pack(content: bytes, where: str, apart: Mapping[str, bytes] | None = None) -> Pack:
    """The pack in these bytes.

    Args:
        content: the bytes of the file.
        where: what to name in errors.
        apart: parts that are kept outside of the archive, by name.

    Raises:
        InputError: as `read_pack`.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _check_members(archive.infolist(), where)
            members = {name: archive.read(name) for name in archive.namelist()}
    except _DAMAGED as error:
        raise InputError(f"{where}: damaged archive: {error}") from None
    members |= apart or {}
    text, stated = members.pop(MANIFEST), members.pop(MANIFEST_DIGEST)
    digest = sha256(text).hexdigest()
    if stated != digest.encode():
        raise InputError(f"{where}: {MANIFEST}: digest mismatch: the manifest has the SHA-256 {digest}")
    manifest = read_manifest(text, f"{where}: {MANIFEST}")
    _check_parts(manifest.parts, members, where)
    return Pack(where, manifest, digest, members, {part.name: part.sha256 for part in manifest.parts})


def parse_framed(content: bytes, where: str, apart: Mapping[str, bytes]) -> Pack:
    """The pack in the bytes that `framed_bytes` gives.

    Args:
        content: the bytes.
        where: what to name in errors.
        apart: parts that are kept outside of them, by name.

    Raises:
        InputError: as `read_pack`.
    """
    if len(content) < _LENGTH.size:
        raise InputError(f"{where}: {len(content)} bytes; expected a manifest and its parts")
    at = _LENGTH.size + _LENGTH.unpack_from(content)[0]
    text = content[_LENGTH.size : at]
    manifest, members = read_manifest(text, f"{where}: {MANIFEST}"), dict(apart)
    for part in manifest.parts:
        if part.name not in apart:
            members[part.name] = content[at : at + part.bytes]
            at += part.bytes
    if at != len(content):
        raise InputError(f"{where}: {len(content)} bytes; the manifest says {at}")
    _check_parts(manifest.parts, members, where)
    digest = sha256(text).hexdigest()
    return Pack(where, manifest, digest, members, {part.name: part.sha256 for part in manifest.parts})


def _check_members(entries: list[zipfile.ZipInfo], where: str) -> None:
    """Refuse, before anything is unpacked, paths, names that come twice, and what is too large or no pack."""
    names = [entry.filename for entry in entries]
    for name in names:
        if not is_plain_name(name):
            raise InputError(f"{where}: member {name[:80]!r}: a path or no plain name; expected file names alone")
    if len(set(names)) < len(names):
        raise InputError(f"{where}: a name comes twice in the archive")
    if MANIFEST not in names or MANIFEST_DIGEST not in names:
        raise InputError(f"{where}: is not a packed twin: no {MANIFEST} and {MANIFEST_DIGEST} in the archive")
    size = sum(entry.file_size for entry in entries)
    if size > MAX_BYTES or len(names) > MOST_PARTS:
        raise InputError(f"{where}: {len(names)} parts of {size} bytes; at most {MOST_PARTS} of {MAX_BYTES} are read")


def _check_parts(parts: tuple[Part, ...], members: Mapping[str, bytes], where: str) -> None:
    stated = {part.name: part for part in parts}
    unlisted = sorted(members.keys() - stated.keys())
    if unlisted or len(stated) < len(parts):
        raise InputError(f"{where}: the manifest lists no part {unlisted[0]}" if unlisted else f"{where}: a part twice")
    for name, part in stated.items():
        if name not in members:
            raise InputError(f"{where}: part {name} is missing")
        digest = sha256(members[name]).hexdigest()
        if digest != part.sha256 or len(members[name]) != part.bytes:
            raise InputError(
                f"{where}: part {name}: digest mismatch: {len(members[name])} bytes with the SHA-256 {digest}; the "
                f"manifest says {part.bytes} bytes with {part.sha256}"
            )
