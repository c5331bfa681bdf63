"""The container of a page's data, read by a decoder that shares no code with the writer, and damaged in every way."""

import gzip
import json
import struct

import numpy as np
import pytest
from decoder import decoded

from twinhop.errors import InputError
from twinhop.output.page import container
from twinhop.output.page.column import Column, reals, steps, wholes
from twinhop.output.page.container import packed, unpacked

DOCUMENT = {
    "kind": "plan",
    "title": "Ä </script> \u2028 \u202e",
    "plans": [{"host": wholes([3, -1, 2]), "cost": np.float64(1.5), "latency_s": reals([0.5, np.nan, 2.0])}],
    "frames": {"x_m": steps([[1.0, 1e5], [2.0, 1e5 + 3], [2.5, 7.0]], 0.5, delta=True), "none": wholes([])},
    "weird": {"nan": float("nan"), "flag": True, "pair": (1, 2)},
}


def test_an_independent_decoder_reads_what_was_written():
    document, columns = decoded(packed(DOCUMENT))
    assert document["title"] == DOCUMENT["title"] and document["weird"] == {"nan": None, "flag": True, "pair": [1, 2]}
    plan = document["plans"][0]
    assert columns[plan["host"]["$column"]].tolist() == [3, -1, 2]
    np.testing.assert_array_equal(columns[plan["latency_s"]["$column"]], [0.5, np.nan, 2.0])
    x_m = columns[document["frames"]["x_m"]["$column"]]
    np.testing.assert_array_equal(x_m, [[1.0, 1e5], [2.0, 1e5 + 3], [2.5, 7.0]])
    assert columns[document["frames"]["none"]["$column"]].size == 0


def test_the_reader_gives_the_values_back_and_bytes_are_the_same_each_time():
    content = packed(DOCUMENT)
    assert content == packed(DOCUMENT)
    assert content[4:8] == bytes(4), "a time stamp would make the bytes differ"
    read = unpacked(content, "a")
    assert read["plans"][0]["host"].tolist() == [3, -1, 2]
    np.testing.assert_array_equal(read["frames"]["x_m"], [[1.0, 1e5], [2.0, 1e5 + 3], [2.5, 7.0]])
    assert "columns" not in read and read["version"] == container.VERSION


@pytest.mark.parametrize("seed", range(30))
def test_columns_of_any_numbers_come_back(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(0, 6, size=rng.integers(1, 4)))
    spread = 10 ** rng.integers(0, 9)
    whole = rng.integers(-spread, spread, size=shape)
    real = rng.normal(size=shape) * spread
    step = float(rng.choice([0.25, 1.0, 1e3]))
    delta = bool(seed % 2)
    columns = {"whole": wholes(whole, delta=delta), "real": reals(real, "f64")}
    columns["step"] = steps(real, step * max(1.0, spread / 1e6), delta=delta)
    document, values = decoded(packed({"kind": "x", **columns}))
    mine = unpacked(packed({"kind": "x", **columns}), "a")
    np.testing.assert_array_equal(values[document["whole"]["$column"]], whole)
    np.testing.assert_array_equal(values[document["real"]["$column"]], real)
    np.testing.assert_allclose(values[document["step"]["$column"]], real, rtol=0, atol=0.51 * columns["step"].scale)
    for name in columns:
        np.testing.assert_array_equal(mine[name], values[document[name]["$column"]])


def rewritten(change=lambda document: None, tail=b"", content=None, cut=None):
    """A file as an attacker writes it: another JSON, other bytes behind it."""
    plain = gzip.decompress(content or packed({"kind": "plan", "host": wholes([1, 2, 3]), "x": reals([1.0])}))
    _, length, _ = struct.unpack("<8sII", plain[:16])
    document = json.loads(plain[16 : 16 + length])
    change(document)
    text = json.dumps(document).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    return gzip.compress((struct.pack("<8sII", b"TWHPAGE1", len(text), 0) + text + plain[16 + length :] + tail)[:cut])


def column(**entry):
    return lambda document: document["columns"][0].update(entry)


DAMAGED = {
    "type": rewritten(column(type="f16")),
    "type of no text": rewritten(column(type=["i8"])),
    "offset": rewritten(column(offset=8)),
    "negative offset": rewritten(column(offset=-8)),
    "shape": rewritten(column(shape=[2**30])),
    "negative shape": rewritten(column(shape=[-3])),
    "two negative": rewritten(column(shape=[-3, -1])),
    "shape of truth": rewritten(column(shape=[True])),
    "no axes": rewritten(column(shape=[])),
    "vast axes": rewritten(column(shape=[0, 2**40])),
    "many axes": rewritten(column(shape=[3, 1, 1, 1])),
    "scale": rewritten(column(scale=0)),
    "scale of text": rewritten(column(scale="1")),
    "vast scale": rewritten(column(scale=10**400)),
    "delta": rewritten(column(delta=1)),
    "summed floats": rewritten(lambda document: document["columns"][1].update(delta=True)),
    "columns": rewritten(lambda document: document.update(columns={"0": 1})),
    "no columns": rewritten(lambda document: document.pop("columns")),
    "reference": rewritten(lambda document: document.update(host={"$column": 2})),
    "negative reference": rewritten(lambda document: document.update(host={"$column": -1})),
    "reference of text": rewritten(lambda document: document.update(host={"$column": "0"})),
    "reference and more": rewritten(lambda document: document.update(host={"$column": 0, "a": 1})),
    "deep": rewritten(lambda document: document.update(deep=json.loads("[" * 60 + "]" * 60))),
    "tail": rewritten(tail=bytes(8)),
    "cut inside": rewritten(cut=-8),
    "cut JSON": rewritten(cut=40),
    "cut head": rewritten(cut=12),
    "cut off": packed(DOCUMENT)[:-9],
    "half": packed(DOCUMENT)[: len(packed(DOCUMENT)) // 2],
    "checksum": packed(DOCUMENT)[:-8] + bytes(8),
    "appended": packed(DOCUMENT) + b"more",
    "empty": b"",
    "text": b"hello",
    "other gzip": gzip.compress(b"hello"),
    "other JSON": rewritten(lambda document: document.update(format="other")),
    "infinity": rewritten(lambda document: document.update(cost=float("inf"))),
    "no version": rewritten(lambda document: document.pop("version")),
    "version of truth": rewritten(lambda document: document.update(version=True)),
    "version of text": rewritten(lambda document: document.update(version="1")),
    "vast version": rewritten(lambda document: document.update(version=10**400)),
    "writer of two lines": rewritten(lambda document: document.update(version=2, twinhop="1\n\x1b[31m2")),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_refused_in_one_line(content):
    with pytest.raises(InputError) as caught:
        unpacked(content, "folder/report-data.bin.gz")
    assert str(caught.value).startswith("folder/report-data.bin.gz") and "\n" not in str(caught.value)


@pytest.mark.parametrize(("version", "advice"), [(2, "upgrade twinhop"), (0, "run the command with --out again")])
def test_other_versions_are_told_apart(version, advice):
    content = rewritten(lambda document: document.update(version=version, twinhop="9.9"))
    with pytest.raises(InputError, match=f"written by twinhop 9.9 in version {version}.* reads version 1: {advice}"):
        unpacked(content, "a")


def test_any_cut_and_any_flipped_byte_is_refused_or_read_never_a_traceback():
    content = packed(DOCUMENT)
    rng = np.random.default_rng(0)
    for cut in range(0, len(content), 7):
        with pytest.raises(InputError):
            unpacked(content[:cut], "a")
    plain = gzip.decompress(content)
    for at in rng.integers(0, len(plain), size=400).tolist():
        changed = bytearray(plain)
        changed[at] ^= 1 << int(rng.integers(8))
        try:
            unpacked(gzip.compress(bytes(changed), 1), "a")
        except InputError as error:
            assert "\n" not in str(error)


def test_a_file_that_unpacks_to_more_than_any_page_is_refused(monkeypatch):
    content = rewritten()
    monkeypatch.setattr(container, "MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="when unpacked"):
        unpacked(gzip.compress(bytes(1_000_000)), "a")
    with pytest.raises(ValueError, match="more than a page may have"):
        packed({"kind": "x", "x": reals(np.zeros(5000))})
    monkeypatch.setattr(container, "MOST_NUMBERS", 2)
    with pytest.raises(InputError, match="more than 2 numbers"):
        unpacked(content, "a")
    monkeypatch.setattr(container, "MOST_JSON_BYTES", 64)
    with pytest.raises(InputError, match="JSON is larger"):
        unpacked(content, "a")
    monkeypatch.setattr(container, "MOST_PACKED_BYTES", 100)
    with pytest.raises(InputError, match="is larger than"):
        unpacked(bytes(101), "a")


def test_numbers_that_do_not_fit_are_an_error_of_who_writes():
    with pytest.raises(ValueError, match="32 bits"):
        wholes([2**40])
    assert Column(np.zeros(2, np.float32)).type == "f32"
