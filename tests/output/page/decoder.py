"""A decoder of a page's data: struct and plain Python alone, as the contract says it; it shares no code with src."""

import gzip
import json
import struct

import numpy as np

FORMATS = {"f64": "d", "f32": "f", "i32": "i", "i16": "h", "i8": "b", "u32": "I", "u16": "H", "u8": "B"}


def decoded(content):
    """The JSON and the columns of a file."""
    plain = gzip.decompress(content)
    magic, length, zero = struct.unpack("<8sII", plain[:16])
    assert (magic, zero, length % 8) == (b"TWHPAGE1", 0, 0)
    document = json.loads(plain[16 : 16 + length])
    columns = []
    for entry in document["columns"]:
        assert entry["offset"] % 8 == 0
        count = int(np.prod(entry["shape"]))
        raw = list(struct.unpack_from(f"<{count}{FORMATS[entry['type']]}", plain, 16 + length + entry["offset"]))
        width = int(np.prod(entry["shape"][1:]))
        if entry["delta"]:
            for at in range(width, count):
                raw[at] += raw[at - width]
        columns.append(np.reshape([entry["base"] + entry["scale"] * each for each in raw], entry["shape"]))
    return document, columns


def page_of(content):
    """The JSON with the columns in the places that stand for them."""
    document, columns = decoded(content)

    def put(value):
        if isinstance(value, dict):
            return columns[value["$column"]] if "$column" in value else {key: put(each) for key, each in value.items()}
        return [put(each) for each in value] if isinstance(value, list) else value

    return put({key: value for key, value in document.items() if key != "columns"})
