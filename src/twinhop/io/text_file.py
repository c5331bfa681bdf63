"""Reading a text file that someone gave us, within bounds."""

from __future__ import annotations

from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, decoded_head, open_text
from twinhop.io.file_kind import describe_file

LARGEST_FILE_BYTES = 64 * 1024 * 1024


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; a byte order mark is dropped.

    Raises:
        InputError: if the file is missing, not a regular file, too large, unreadable or not UTF-8.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; a file is needed")
        if not path.is_file():
            raise InputError(f"{path}: file not found" if not path.exists() else f"{path}: is not a regular file")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InputError(f"{path}: is larger than {LARGEST_FILE_BYTES // 1024**2} MiB, the most that is read")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: is not UTF-8 text (byte {error.start}); found {describe_file(path)}; text must be saved as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_any_text(path: Path, expected: str, most_bytes: int, notes: list[str]) -> str:
    """The text of a file in any encoding that `byte_blocks.encoding_of` tells, plain or gzip-compressed.

    Args:
        path: the file.
        expected: what it should be, for messages.
        most_bytes: more characters are refused.
        notes: what had to be assumed is added here.

    Raises:
        InputError: the file is missing, not a regular file, too large, unreadable, cut off or no text.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return read_text(path)
    try:
        encoding, _ = decoded_head(path, expected)
        text = open_text(path, encoding, notes, expected).read(most_bytes + 1)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; expected {expected}") from None
    if len(text) > most_bytes:
        raise InputError(f"{path}: is larger than {most_bytes // 1024**2} MiB, the most that is read of {expected}")
    return text
