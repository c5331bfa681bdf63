"""The file that holds a page's data: JSON and binary columns behind one another, gzip-compressed.

``TWHPAGE1 | uint32 H | uint32 0 | H bytes of JSON | columns``, little-endian; the JSON is padded by spaces and the
columns by zeros to multiples of 8 bytes. ``{"$column": n}`` in the JSON stands for column n of its ``columns``. Whoever
reads a file knows nothing of who wrote it: sizes are bounded, and every offset and index is checked.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import parse_json
from twinhop.output.page.column import NOT_SUMMED, TYPES, Column

#: What the file begins with before it is compressed, and what its JSON says of it.
MAGIC, FORMAT, VERSION = b"TWHPAGE1", "twinhop-page", 1
#: Name of the file in an output folder.
DATA_FILE = "report-data.bin.gz"
#: Key of an object that stands for a column.
REFERENCE = "$column"
#: Larger files are refused, before and after they are unpacked, and so is longer JSON in them [byte].
MOST_PACKED_BYTES, MOST_BYTES, MOST_JSON_BYTES = 64 * 2**20, 256 * 2**20, 16 * 2**20
#: More columns, axes of one, or numbers in all of them are refused, and so is JSON that is nested deeper.
MOST_COLUMNS, MOST_AXES, MOST_NUMBERS, DEEPEST = 50_000, 3, 64_000_000, 40
#: Scales and bases of columns are smaller.
LARGEST_SCALE = 1e100
_HEAD, _UNIT = struct.Struct("<8sII"), 8
#: Head of a gzip file without a name and a time; 255: of no system.
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_GZIP_MAGIC = _GZIP_HEAD[:2]


class PageTooLarge(ValueError):
    """Data that no reader of pages takes."""


def packed(document: Mapping[str, Any]) -> bytes:
    """A page's data as the bytes of a file: the same ones for the same data.

    Args:
        document: plain values; a `Column` anywhere among them becomes one of the file. Numbers that are not finite
            become null.

    Raises:
        PageTooLarge: it is larger than any reader takes.
    """
    columns: list[Column] = []
    plain = _plain(document, columns)
    offset, table = 0, []
    for column in columns:
        coding = {"delta": column.delta, "scale": column.scale, "base": column.base}
        table.append({"type": column.type, "shape": list(column.raw.shape), "offset": offset, **coding})
        offset += _rounded(column.raw.nbytes)
    whole = {"format": FORMAT, "version": VERSION, **plain, "columns": table}
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
    parts = [_HEAD.pack(MAGIC, _rounded(len(text)), 0), text.ljust(_rounded(len(text)))]
    parts += [column.raw.tobytes().ljust(_rounded(column.raw.nbytes), b"\0") for column in columns]
    numbers = sum(column.raw.size for column in columns)
    size = sum(map(len, parts))
    if size > MOST_BYTES or len(text) > MOST_JSON_BYTES or len(columns) > MOST_COLUMNS or numbers > MOST_NUMBERS:
        raise PageTooLarge(f"{size} bytes, {numbers} numbers in {len(columns)} columns: more than a page may have")
    return _zipped(b"".join(parts))


def unpacked(content: bytes, name: str) -> dict[str, Any]:
    """The data of a page from the bytes of its file.

    Args:
        content: of the file.
        name: of the file, for messages.

    Returns:
        The JSON, with an array of values in the place of each column.

    Raises:
        InputError: they are not such a file, damaged or cut off, or of another version.
    """
    plain = _unzipped(content, name)
    if plain[: len(MAGIC)] != MAGIC or len(plain) < _HEAD.size:
        raise InputError(f"{name}: holds no data of a page; expected {DATA_FILE} as twinhop writes it with --out")
    _, length, zero = _HEAD.unpack_from(plain)
    start = _HEAD.size + length
    if zero or length % _UNIT or start > len(plain):
        raise _damaged(name, f"its JSON of {length} bytes does not fit into {len(plain)}")
    if length > MOST_JSON_BYTES:
        raise InputError(f"{name}: its JSON is larger than {MOST_JSON_BYTES // 2**20} MiB; that of no page is")
    try:
        text = plain[_HEAD.size : start].decode()
    except UnicodeDecodeError:
        raise _damaged(name, "its JSON is not UTF-8") from None
    document = parse_json(text, name)
    _check_version(document, name)
    table = document.pop("columns", None)
    arrays = [column.values() for column in _columns(table, memoryview(plain)[start:], name)]
    return _with_arrays(document, arrays, name)


def _rounded(size: int) -> int:
    return -(-size // _UNIT) * _UNIT


def _plain(value: Any, columns: list[Column]) -> Any:
    """The value as JSON has it; its columns go to the list."""
    match value:
        case Column():
            columns.append(value)
            return {REFERENCE: len(columns) - 1}
        case Mapping():
            return {str(key): _plain(each, columns) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each, columns) for each in value]
        case np.generic():
            return _plain(value.item(), columns)
        case float() if not math.isfinite(value):
            return None
    return value


def _zipped(content: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(content) + deflate.flush()
    return _GZIP_HEAD + body + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def _unzipped(content: bytes, name: str) -> bytes:
    if len(content) > MOST_PACKED_BYTES:
        raise InputError(f"{name}: is larger than {MOST_PACKED_BYTES // 2**20} MiB; no page is")
    if not content.startswith(_GZIP_MAGIC):
        raise InputError(f"{name}: is not gzip-compressed; expected {DATA_FILE} as twinhop writes it with --out")
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = inflate.decompress(content, MOST_BYTES + 1)
    except zlib.error:
        raise _damaged(name, "it cannot be unpacked") from None
    if len(plain) > MOST_BYTES:
        raise InputError(f"{name}: is larger than {MOST_BYTES // 2**20} MiB when unpacked; no page is")
    if not inflate.eof:
        raise _damaged(name, "it is cut off")
    if inflate.unused_data:
        raise _damaged(name, "something follows its end")
    return plain


def _check_version(document: Any, name: str) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{name}: holds no data of a page; expected {DATA_FILE} as twinhop writes it with --out")
    version, by = document.get("version"), document.get("twinhop")
    if version == VERSION and not isinstance(version, bool):
        return
    if type(version) is not int or not 0 <= version < 2**31:
        raise _damaged(name, "it has no version")
    writer = f" by twinhop {by[:40]}" if isinstance(by, str) and by.isprintable() else ""
    advice = "upgrade twinhop" if version > VERSION else "run the command with --out again"
    raise InputError(f"{name}: written{writer} in version {version}; this twinhop reads version {VERSION}: {advice}")


def _columns(table: Any, area: memoryview, name: str) -> list[Column]:
    """The columns as their table describes them: each inside the file, none over another, nothing left over."""
    if not isinstance(table, list) or len(table) > MOST_COLUMNS:
        raise _damaged(name, f"it has no table of at most {MOST_COLUMNS} columns")
    columns, end, numbers = [], 0, 0
    for at, entry in enumerate(table):
        if not _is_described(entry) or entry["offset"] != end:
            raise _damaged(name, f"column {at} is not described as expected")
        dtype, shape = TYPES[entry["type"]], tuple(entry["shape"])
        numbers += math.prod(shape)
        if numbers > MOST_NUMBERS:
            raise InputError(f"{name}: holds more than {MOST_NUMBERS} numbers; no page does")
        size = math.prod(shape) * dtype.itemsize
        if end + size > len(area):
            raise _damaged(name, f"column {at} reaches beyond its end")
        raw = np.frombuffer(area[end : end + size], dtype).reshape(shape)
        columns.append(Column(raw, entry["delta"], float(entry["scale"]), float(entry["base"])))
        end += _rounded(size)
    if end != len(area):
        raise _damaged(name, f"it ends {abs(end - len(area))} bytes {'too early' if end > len(area) else 'late'}")
    return columns


def _is_described(entry: Any) -> bool:
    """Whether an entry of the table of columns is of the form that `packed` writes."""
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str) or entry["type"] not in TYPES:
        return False
    shape, delta = entry.get("shape"), entry.get("delta")
    if not isinstance(shape, list) or not 1 <= len(shape) <= MOST_AXES or not isinstance(delta, bool):
        return False
    whole = all(type(each) is int and 0 <= each < 2**31 for each in [*shape, entry.get("offset")])
    scales = (entry.get("scale"), entry.get("base"))
    real = all(isinstance(each, int | float) and abs(each) < LARGEST_SCALE for each in scales)
    return whole and real and entry["scale"] != 0 and not (delta and entry["type"] in NOT_SUMMED)


def _with_arrays(value: Any, arrays: list[Any], name: str, depth: int = 0) -> Any:
    """The value with the arrays in the place of what stands for them."""
    if depth > DEEPEST:
        raise _damaged(name, f"its JSON is nested deeper than {DEEPEST}")
    if isinstance(value, dict) and REFERENCE in value:
        at = value[REFERENCE]
        if type(at) is not int or not 0 <= at < len(arrays) or len(value) > 1:
            raise _damaged(name, f"there is no column {str(at)[:20]}")
        return arrays[at]
    if isinstance(value, dict):
        return {key: _with_arrays(each, arrays, name, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_arrays(each, arrays, name, depth + 1) for each in value]
    return value


def _damaged(name: str, what: str) -> InputError:
    return InputError(f"{name}: is damaged: {what}; run the command with --out again")
