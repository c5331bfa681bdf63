"""The bytes of a trace file, plain or gzip-compressed, block by block."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, require_regular

BLOCK_BYTES = 1 << 18
LONGEST_LINE_BYTES = 1 << 16
"""A line of text longer than this is refused."""
GZIP_MAGIC = b"\x1f\x8b"


class EndsEarly(Exception):
    """Compressed data that stop in the middle, or are damaged there."""


def head(path: Path, size: int = LONGEST_LINE_BYTES) -> bytes:
    """The first bytes of a file, uncompressed.

    Raises:
        InputError: the file is missing, empty, no regular file, or cannot be read.
    """
    content = b""
    try:
        for block in blocks(path):
            content += block
            if len(content) >= size:
                break
    except EndsEarly as error:
        if not content:
            raise InputError(f"{path}: {error}; nothing of it can be read") from None
    if not content.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise InputError(f"{path}: is an empty file; expected a trace")
    return content[:size]


def is_compressed(path: Path) -> bool:
    """Whether a file begins as gzip-compressed data do."""
    with path.open("rb") as stream:
        return stream.read(2) == GZIP_MAGIC


def blocks(path: Path) -> Iterator[bytes]:
    """The content in blocks of at most 256 KiB, uncompressed.

    Raises:
        InputError: the file is missing, a folder, no regular file, or cannot be read.
        EndsEarly: compressed data are cut off or damaged.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; expected a trace")
        require_regular(path)
        with gzip.open(path, "rb") if is_compressed(path) else path.open("rb") as stream:
            while block := stream.read1(BLOCK_BYTES):  # read() would lose what comes before a cut
                yield block
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except EOFError:
        raise EndsEarly("the compressed data stop in the middle (truncated)") from None
    except (gzip.BadGzipFile, zlib.error):
        raise EndsEarly("the compressed data are damaged") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def line_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines, each with the number of its first line.

    Raises:
        InputError: a line is longer than 64 KiB, or holds NUL bytes; as `blocks`.
        EndsEarly: as `blocks`; every whole line before has been yielded.
    """
    line, rest, early = 1, b"", None
    source = blocks(path)
    while True:
        try:
            block = next(source, b"")
        except EndsEarly as error:
            block, early = b"", error
        if b"\0" in block:
            raise InputError(f"{path}: is not text: found {describe_file(path)} (NUL bytes)")
        whole, newline, rest_after = (rest + block).rpartition(b"\n")
        if len(rest_after) > LONGEST_LINE_BYTES and block:
            at = line + whole.count(b"\n") + (1 if newline else 0)
            raise InputError(f"{path}:{at}: a line of more than {LONGEST_LINE_BYTES // 1024} KiB; no trace needs one")
        if newline:
            yield line, whole + newline
            line += whole.count(b"\n") + 1
        rest = rest_after
        if not block:
            break
    if early is not None:
        raise early
    if rest:
        yield line, rest
