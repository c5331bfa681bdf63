"""The bytes of a text file that someone gave us: plain or gzip-compressed, in any encoding, block by block as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from twinhop.errors import InputError
from twinhop.io.file_kind import GZIP_MAGIC, describe_file, require_regular

BLOCK_BYTES = 1 << 18
HEAD_BYTES = 1 << 16
LONGEST_LINE_BYTES = 1 << 16
"""A line longer than this is refused where lines are read in blocks."""
ASCII = "ascii"
"""Encoding of a beginning that is the same in all; the first block that is not ASCII then tells."""
LEGACY = "cp1252"
"""What text in one byte a character is read as: Windows' western code page, of which Latin-1's letters are a part."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BLANKS = b" \t\r\n\0"
_NUL_SHARE = 0.3
"""Text in two bytes a character has a zero in at least this share of one of them, if it is mostly Latin."""


class EndsEarly(Exception):
    """Compressed data that stop in the middle, or are damaged there."""


def is_compressed(path: Path) -> bool:
    """Whether a file begins as gzip-compressed data do."""
    with path.open("rb") as stream:
        return stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def blocks(path: Path, expected: str = "a text file") -> Iterator[bytes]:
    """The content in blocks of at most 256 KiB, uncompressed.

    Args:
        path: the file.
        expected: what it should be, for messages.

    Raises:
        InputError: the file is missing, a folder, no regular file, or cannot be read.
        EndsEarly: compressed data are cut off or damaged.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; expected {expected}")
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


def head(path: Path, expected: str = "a text file", size: int = HEAD_BYTES) -> bytes:
    """The first bytes of a file, uncompressed.

    Raises:
        InputError: the file is missing, empty, no regular file, or cannot be read.
    """
    content = b""
    try:
        for block in blocks(path, expected):
            content += block
            if len(content) >= size:
                break
    except EndsEarly as error:
        if not content:
            raise InputError(f"{path}: {error}; nothing of it can be read") from None
    if not content.strip(codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + _BLANKS):
        raise InputError(f"{path}: is an empty file; expected {expected}")
    return content[:size]


def encoding_of(beginning: bytes, *, is_whole: bool = False) -> str | None:
    r"""The encoding of text by its first bytes; `ascii` where they do not tell, None where they are no text.

    A byte order mark tells; without one, text in two bytes a character by its zeros, UTF-8 by being valid, and text
    of one byte a character by being neither, unless valid UTF-8 stands beside what is not: that is a damaged file.

    Args:
        beginning: the bytes.
        is_whole: whether nothing follows, so that no character is cut off at the end.

    >>> encoding_of(b"id,x"), encoding_of("é,".encode()), encoding_of("é,".encode("latin-1")), encoding_of(b"\0\1")
    ('ascii', 'utf-8', 'cp1252', None)
    """
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    if b"\0" in beginning:
        return _two_bytes(beginning)
    if beginning.isascii():
        return ASCII
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(beginning, is_whole)
        return "utf-8"
    except UnicodeDecodeError:
        legible = "".join(each for each in beginning.decode("utf-8", errors="replace") if each != "\ufffd")
    if not legible.isascii():
        return None
    try:
        text = beginning.decode(LEGACY)
    except UnicodeDecodeError:
        return None
    return LEGACY if _is_legible(text) else None


def _is_legible(text: str) -> bool:
    return all(each.isprintable() or each.isspace() for each in text)


def _two_bytes(beginning: bytes) -> str | None:
    even, odd = beginning[::2], beginning[1::2]
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) >= _NUL_SHARE * len(zeros) and others.count(0) == 0:
            return (
                encoding if _is_legible(codecs.getincrementaldecoder(encoding)("replace").decode(beginning)) else None
            )
    return None


def decoded_head(path: Path, expected: str = "a text file", size: int = HEAD_BYTES) -> tuple[str, str]:
    """The encoding of a file, and its beginning as text without a byte order mark.

    Raises:
        InputError: it holds no text; as `head`.
    """
    beginning = head(path, expected, size)
    encoding = encoding_of(beginning, is_whole=len(beginning) < size)
    if encoding is None:
        raise not_text(path, expected)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(beginning)
    except UnicodeDecodeError:
        raise not_text(path, expected) from None
    return encoding, text.removeprefix("\ufeff")


def not_text(path: Path, expected: str) -> InputError:
    """The error for a file that holds no text in any encoding that is read."""
    return InputError(
        f"{path}: is neither UTF-8, UTF-16 nor plain western text; found {describe_file(path)}; expected {expected}, "
        f"which must be saved as UTF-8"
    )


def utf8_blocks(path: Path, encoding: str, notes: list[str], expected: str = "a text file") -> Iterator[bytes]:
    """The content in blocks as UTF-8, without a byte order mark; blocks that are so already are handed on as they are.

    Args:
        path: the file.
        encoding: as `encoding_of` tells it.
        notes: what had to be assumed is added here.
        expected: what the file should be, for messages.

    Raises:
        InputError: a later part is not in this encoding, or holds NUL bytes; as `blocks`.
        EndsEarly: as `blocks`; everything before has been yielded.
    """
    if encoding == LEGACY:
        notes.append(legacy_note(path))
    decoder, first, source = None, True, blocks(path, expected)
    for block in source:
        if encoding == ASCII and not block.isascii():
            encoding = _late_encoding(path, block, notes, expected)
        if decoder is None and encoding != ASCII:
            decoder = codecs.getincrementaldecoder(encoding)()
        if b"\0" in block and not encoding.startswith("utf-"):
            raise not_text(path, expected)
        converted = block if decoder is None else _converted(path, decoder, block, expected)
        if first:
            converted, first = converted.removeprefix(codecs.BOM_UTF8), False
        if b"\0" in converted:
            raise InputError(f"{path}: is not text: found {describe_file(path)} (NUL bytes)")
        if converted:
            yield converted
    if decoder is not None and decoder.getstate()[0]:
        raise InputError(f"{path}: ends within a character; expected {expected}, saved as UTF-8")


def _late_encoding(path: Path, block: bytes, notes: list[str], expected: str) -> str:
    encoding = encoding_of(block)
    if encoding is None or encoding == ASCII:
        raise not_text(path, expected)
    if encoding == LEGACY:
        notes.append(legacy_note(path))
    return encoding


def _converted(path: Path, decoder: codecs.IncrementalDecoder, block: bytes, expected: str) -> bytes:
    try:
        return decoder.decode(block).encode("utf-8")
    except UnicodeError:
        raise not_text(path, expected) from None


def legacy_note(path: Path) -> str:
    """What is said of text that is not UTF-8."""
    return f"{path} is not UTF-8 and was read as Windows-1252 (Latin-1); save it as UTF-8 if letters are wrong"


def line_blocks(
    path: Path, encoding: str, notes: list[str], expected: str = "a text file"
) -> Iterator[tuple[int, bytes]]:
    r"""Blocks of whole lines as UTF-8 that end in ``\n`` or ``\r\n``, each with the number of its first line.

    Lines that end in ``\r`` alone get a ``\n`` where the file has no other ends.

    Raises:
        InputError: a line is longer than 64 KiB; as `utf8_blocks`.
        EndsEarly: as `blocks`; every whole line before has been yielded.
    """
    line, rest, early, returns = 1, b"", None, None
    source = utf8_blocks(path, encoding, notes, expected)
    while True:
        try:
            block = next(source, b"")
        except EndsEarly as error:
            block, early = b"", error
        if returns is None and block:
            returns = b"\r" in block and b"\n" not in block
        if returns:
            block = block.replace(b"\r", b"\n")
        whole, newline, rest_after = (rest + block).rpartition(b"\n")
        if len(rest_after) > LONGEST_LINE_BYTES and block:
            at = line + whole.count(b"\n") + (1 if newline else 0)
            raise InputError(f"{path}:{at}: a line of more than {LONGEST_LINE_BYTES // 1024} KiB; {expected} has none")
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


class _Blocks(io.RawIOBase):
    """Blocks of bytes as a stream."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source, self._rest = source, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            block = next(self._source, None)
            if block is None:
                return 0
            self._rest = block
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def open_text(path: Path, encoding: str, notes: list[str], expected: str = "a text file") -> TextIO:
    """The content as a stream of text whose lines keep their ends; `utf8_blocks` says what it raises."""
    raw = _Blocks(utf8_blocks(path, encoding, notes, expected))
    return io.TextIOWrapper(io.BufferedReader(raw, BLOCK_BYTES), encoding="utf-8", newline="")
