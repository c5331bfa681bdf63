"""What a file that is not the expected one seems to be, for error messages."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from pathlib import Path

from twinhop.errors import InputError

HEAD_BYTES = 4096
"""As much of a file is looked at."""
SHOWN_CHARACTERS = 60
EMPTY = "an empty file"
"""What is said of a file without anything but blanks."""
GZIP_MAGIC = b"\x1f\x8b"
SEPARATORS = (",", ";", "\t", "|")
"""What may stand between the cells of a table."""
_MAGIC = {
    b"\x93NUMPY": "a single NumPy array (.npy)",
    b"\x89PNG": "a PNG image",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet table",
    b"\x89HDF": "an HDF5 file",
    b"MATLAB": "a MATLAB file",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Excel file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


def describe_file(path: Path) -> str:
    """What the file seems to hold, in a few words.

    >>> describe_file(Path("no/such/file"))
    'nothing that can be read'
    """
    if path.is_dir():
        return "a folder"
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, ValueError):
        return "nothing that can be read"
    if head.startswith(GZIP_MAGIC):
        return _compressed(path)
    if head.startswith(b"PK"):
        return _archive(path)
    return _content(head)


def _content(head: bytes) -> str:
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None) or _text(head)


def _compressed(path: Path) -> str:
    try:
        with gzip.open(path, "rb") as stream:
            return f"gzip-compressed, {_content(stream.read1(HEAD_BYTES))}"
    except (OSError, EOFError, ValueError, zlib.error):
        return "gzip-compressed data"


def require_regular(path: Path) -> None:
    """Refuse devices and pipes, which may never end.

    Raises:
        InputError: there is something of that name that is neither a file nor a folder.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path}: is not a regular file")


def read_content(path: Path, expected: str, most_bytes: int) -> bytes:
    """The bytes of a file that someone gave us.

    Args:
        path: the file.
        expected: what it should be, such as "a JSON problem file".
        most_bytes: a larger file is refused.

    Raises:
        InputError: the file is missing, a folder, no regular file, too large or unreadable.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; expected {expected}")
        require_regular(path)
        if path.stat().st_size > most_bytes:
            raise InputError(f"{path}: is larger than {most_bytes // 2**20} MiB, the most that is read")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile):
        return "a damaged ZIP archive"
    if "xl/workbook.xml" in names:
        return "an Excel workbook (.xlsx)"
    arrays = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]
    return f"an .npz archive of {_few(arrays)}" if arrays else f"a ZIP archive of {_few(names)}"


def _text(head: bytes) -> str:
    if not head.strip():
        return EMPTY
    if b"\0" in head:
        return "binary data (NUL bytes)"
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    first = text.splitlines()[0].strip() if text else ""
    if text.startswith(("{", "[")):
        return "JSON"
    if text.startswith("<"):
        return "XML or HTML"
    if first.startswith(("schema_version", "name:", "---", "#")):
        return f"YAML or other text that begins with {_shown(first)}"
    if any(separator in first for separator in SEPARATORS):
        return f"a table with the columns {_printable(first.replace(chr(9), ' ')[:SHOWN_CHARACTERS])}"
    return f"text that begins with {_shown(first)}"


def describe_json(value: object) -> str:
    """What a JSON value is, in a few words.

    >>> describe_json({"type": "Topology"}), describe_json([1])
    ("an object of type 'Topology'", 'a list')
    """
    if isinstance(value, dict):
        kind = value.get("type")
        return f"an object of type {kind!r}" if isinstance(kind, str) else f"an object with {_few(list(value))}"
    return "a list" if isinstance(value, list) else f"the value {json.dumps(value)[:SHOWN_CHARACTERS]}"


def _few(names: list[str]) -> str:
    if not names:
        return "nothing"
    return _printable(", ".join(names[:5])[:SHOWN_CHARACTERS]) + (", ..." if len(names) > 5 else "")


def _shown(line: str) -> str:
    return repr(_printable(line[:SHOWN_CHARACTERS]))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
