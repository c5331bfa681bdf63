"""An archive of a host's folder: a plain tar file whose first member lists the others with their sizes and SHA-256.

It is neither compressed nor sparse, so that what it holds is never more than it weighs, and it is written and read as a
stream. Only what is listed is read: regular files under plain relative names, in the order of the list.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from twinhop._version import __version__
from twinhop.errors import InputError
from twinhop.io.json_text import parse_json

VERSION = 1
"""Version of the archives that this program writes, and the newest it reads."""
LIST = "backup.json"
MOST_LIST_BYTES = 2**24
MOST_FILES = 50_000
#: Folders within folders.
DEEPEST = 4
PIECE = 2**20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}")
_OF_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Listed:
    """A file of an archive.

    Attributes:
        name: relative, with slashes.
        bytes: its size [byte].
        sha256: of its content, in hexadecimal digits.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Archive:
    """An archive that is about to be written.

    Attributes:
        folder: where its files are; they do not change meanwhile.
        files: which.
        made_s: when, seconds since 1970 [s].
    """

    folder: Path
    files: tuple[Listed, ...]
    made_s: float

    @classmethod
    def of(cls, folder: Path, made_s: float) -> Archive:
        """The archive of all files in a folder.

        Raises:
            InputError: they are more than can be restored.
        """
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        if len(paths) > MOST_FILES:
            raise InputError(f"{folder}: has {len(paths)} files; at most {MOST_FILES} fit into an archive")
        return cls(folder, tuple(_listed(path, path.relative_to(folder).as_posix()) for path in paths), made_s)

    @property
    def size(self) -> int:
        """How long it is [byte]."""
        whole = sum(_OF_BLOCK + _padded(each.bytes) for each in self.files)
        return whole + _OF_BLOCK + _padded(len(self._list())) + 2 * _OF_BLOCK

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, piece by piece.

        Raises:
            InputError: a file has changed meanwhile.
        """
        content = self._list()
        yield self._head(LIST, len(content)) + content + bytes(_padded(len(content)) - len(content))
        for each in self.files:
            yield self._head(each.name, each.bytes)
            with (self.folder / each.name).open("rb") as stream:
                yield from _pieces(stream, each, f"{self.folder / each.name}")
            if _padded(each.bytes) > each.bytes:
                yield bytes(_padded(each.bytes) - each.bytes)
        yield bytes(2 * _OF_BLOCK)

    def _list(self) -> bytes:
        listed = {
            "twinhop_backup": VERSION,
            "twinhop": __version__,
            "made_s": self.made_s,
            "files": [asdict(each) for each in self.files],
        }
        return json.dumps(listed, indent=1).encode()

    def _head(self, name: str, size: int) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self.made_s)
        return info.tobuf(tarfile.GNU_FORMAT)


def unpack(stream: BinaryIO, target: Path, where: str) -> tuple[Listed, ...]:
    """Write the files of an archive into an empty folder, each on disk when this returns.

    Args:
        stream: its bytes.
        target: the folder.
        where: what to name in errors.

    Raises:
        InputError: it is no whole archive, or a file is not as it was when the archive was made.
    """
    files = []
    try:
        for listed, pieces in _members(stream, where):
            path = target / listed.name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                for piece in pieces:
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            files.append(listed)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    return tuple(files)


def verify(stream: BinaryIO, where: str) -> tuple[Listed, ...]:
    """The files of an archive, of which every byte was read and compared.

    Raises:
        InputError: as `unpack`.
    """
    files = []
    for listed, pieces in _members(stream, where):
        for _ in pieces:
            pass
        files.append(listed)
    return tuple(files)


def _members(stream: BinaryIO, where: str) -> Iterator[tuple[Listed, Iterator[bytes]]]:
    """The files of an archive, each with its bytes, which are to be taken before the next."""
    try:
        for each in _parse_list(_member(stream, LIST, MOST_LIST_BYTES, where), where):
            size = _read_head(stream, each.name, where)
            if size != each.bytes:
                raise InputError(f"{where}: {each.name}: has {size} bytes; its list says {each.bytes}")
            yield each, _pieces(stream, each, f"{where}: {each.name}")
            _exactly(stream, _padded(size) - size, where)
        if stream.read(2 * _OF_BLOCK + 1) != bytes(2 * _OF_BLOCK):
            raise InputError(f"{where}: has more than its list says, or its end is missing")
    except OSError as error:
        raise InputError(f"{where}: {error.strerror or error}") from None


def _member(stream: BinaryIO, name: str, most: int, where: str) -> bytes:
    size = _read_head(stream, name, where)
    if size > most:
        raise InputError(f"{where}: {name}: has {size} bytes; at most {most} are read")
    content = _exactly(stream, size, where)
    _exactly(stream, _padded(size) - size, where)
    return content


def _read_head(stream: BinaryIO, name: str, where: str) -> int:
    """The size of the next member, which must be a plain file of that name."""
    block = _exactly(stream, _OF_BLOCK, where)
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise InputError(f"{where}: is not an archive that `twinhop backup` wrote, or is damaged") from None
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise InputError(f"{where}: {info.name[:80]!r}: is not a plain file; only those are restored")
    if info.name != name:
        raise InputError(f"{where}: {info.name[:80]!r} where {name} belongs: no archive that `twinhop backup` wrote")
    if info.size < 0:
        raise InputError(f"{where}: {name}: has a size below 0")
    return info.size


def _parse_list(content: bytes, where: str) -> Sequence[Listed]:
    try:
        value = parse_json(content.decode(), f"{where}: {LIST}")
    except UnicodeDecodeError:
        raise InputError(f"{where}: {LIST}: is not text") from None
    if not isinstance(value, dict) or not isinstance(value.get("twinhop_backup"), int):
        raise InputError(f"{where}: {LIST}: is not the list of an archive that `twinhop backup` wrote")
    if value["twinhop_backup"] > VERSION:
        raise InputError(
            f"{where}: an archive of version {value['twinhop_backup']}; this program reads up to {VERSION}; use a "
            "newer twinhop"
        )
    files = value.get("files")
    if not isinstance(files, list) or len(files) > MOST_FILES:
        raise InputError(f"{where}: {LIST}: files: expected a list of at most {MOST_FILES}")
    listed = [_parse_listed(each, where) for each in files]
    if len({each.name.casefold() for each in listed}) < len(listed):
        raise InputError(f"{where}: {LIST}: two files of one name")
    return listed


def _parse_listed(value: object, where: str) -> Listed:
    if isinstance(value, Mapping):
        name, size, digest = value.get("name"), value.get("bytes"), value.get("sha256")
        if isinstance(name, str) and isinstance(digest, str) and type(size) is int and size >= 0 and is_plain(name):
            return Listed(name, size, digest)
    raise InputError(
        f"{where}: {LIST}: {str(value)[:120]!r}: expected a plain relative name, bytes and sha256 of a file"
    )


def is_plain(name: str) -> bool:
    """Whether a name is relative, of plain letters, and leads nowhere else.

    >>> is_plain("plans/2026.json"), is_plain("../twins.db"), is_plain("/etc/passwd"), is_plain("a//b")
    (True, False, False, False)
    """
    parts = PurePosixPath(name).parts
    return (
        0 < len(parts) <= DEEPEST
        and "/".join(parts) == name
        and len(name) <= tarfile.LENGTH_NAME
        and all(_NAME.fullmatch(each) for each in parts)
    )


def _pieces(stream: BinaryIO, listed: Listed, where: str) -> Iterator[bytes]:
    """The bytes of a file; in the end they are compared with its digest."""
    digest, left = sha256(), listed.bytes
    while left:
        piece = stream.read(min(PIECE, left))
        if not piece:
            raise InputError(f"{where}: ends {left} bytes before its end")
        left -= len(piece)
        digest.update(piece)
        yield piece
    if digest.hexdigest() != listed.sha256:
        raise InputError(f"{where}: its SHA-256 does not match: it is not as it was when the backup was made")


def _exactly(stream: BinaryIO, count: int, where: str) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise InputError(f"{where}: ends in the middle; it is not whole")
    return content


def _listed(path: Path, name: str) -> Listed:
    with path.open("rb") as stream:
        digest = sha256()
        while piece := stream.read(PIECE):
            digest.update(piece)
        return Listed(name, stream.tell(), digest.hexdigest())


def _padded(size: int) -> int:
    return -(-size // _OF_BLOCK) * _OF_BLOCK
