"""Packs that were damaged, forged, or written by a later version: what is wrong is named, nothing is skipped."""

import json
import zipfile
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from twin_makers import feed, make_twin, models, trace

from twinhop.errors import InputError
from twinhop.twin import Chunk, packed, resume, unpacked
from twinhop.twin import pack_file as module
from twinhop.twin.inspection import inspect, verify
from twinhop.twin.npy import npy_bytes
from twinhop.twin.pack_file import parse_pack


@pytest.fixture(scope="module")
def content():
    twin = make_twin(models=models("constant_velocity"))
    feed(twin, trace(1300))
    return packed(twin)


def members(content):
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(parts):
    """An archive of these members, whatever they are."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def forged(content, change):
    """The pack with its manifest changed, all digests made right again."""
    parts = members(content)
    manifest = json.loads(parts.pop("manifest.json"))
    del parts["manifest.sha256"]
    change(manifest, parts)
    for entry in manifest.get("parts", []):
        if entry["name"] in parts:
            part = parts[entry["name"]]
            entry |= {"bytes": len(part), "sha256": sha256(part).hexdigest()}
    text = json.dumps(manifest).encode()
    return archive_of({"manifest.json": text, "manifest.sha256": sha256(text).hexdigest(), **parts})


def refusal(content):
    with pytest.raises(InputError) as error:
        unpacked(content, "a.twin")
    assert str(error.value).startswith("a.twin: ")
    return str(error.value)


def first_chunk(parts):
    return next(name for name in parts if name.endswith(".chunk") and name != "tail.chunk")


def test_a_chunk_whose_digest_does_not_match_is_named(content):
    parts = members(content)
    name = first_chunk(parts)
    parts[name] = parts[name][:-1] + bytes([parts[name][-1] ^ 1])
    message = refusal(archive_of(parts))
    assert f"part {name}: digest mismatch" in message
    assert sha256(parts[name]).hexdigest() in message


def test_a_chunk_under_the_name_of_another_is_named(content):
    """Also where manifest and part agree: the name of a chunk is the digest of its bytes."""

    def change(manifest, parts):
        one, two = manifest["history"]["chunks"][:2]
        parts[f"{one}.chunk"] = parts[f"{two}.chunk"]

    assert "digest mismatch: the history chunk" in refusal(forged(content, change))


@pytest.mark.parametrize("name", ["state.npy", "tail.chunk", "model.position.state.npy"])
def test_every_part_is_checked(name, content):
    parts = members(content)
    parts[name] = parts[name][:-1] + bytes([parts[name][-1] ^ 1])
    assert f"part {name}: digest mismatch" in refusal(archive_of(parts))


def test_any_flipped_bit_is_noticed(content):
    """Whatever byte of the file changes, it is refused, or nothing that is read has changed."""
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(content), 150):
        broken = bytearray(content)
        broken[at] ^= 1 << int(rng.integers(8))
        try:
            twin = unpacked(bytes(broken), "a.twin")
        except InputError as error:
            assert str(error).startswith("a.twin: ")
        else:
            assert packed(twin) == content


@pytest.mark.parametrize("kept", [0, 1, 3, 30, 1000, -1, -30, -1000])
def test_a_truncated_file(kept, content, tmp_path):
    (tmp_path / "a.twin").write_bytes(content[:kept])
    with pytest.raises(InputError, match=r"a\.twin: (is not a packed twin|damaged archive)"):
        resume(tmp_path / "a.twin")


@pytest.mark.parametrize(
    "name", ["../state.npy", "/etc/passwd", "a/b.npy", "a\\b.npy", "C:a.npy", ".hidden", "a\nb", "ü.npy", "a" * 256]
)
def test_a_path_in_the_names_of_the_archive(name, content):
    message = refusal(archive_of({**members(content), name: b""}))
    assert "a path or no plain name" in message


def test_a_path_in_the_names_of_the_manifest(content):
    def change(manifest, _):
        manifest["parts"][0]["name"] = "../state.npy"

    message = refusal(forged(content, change))
    assert "parts.0.name: must be a plain file name, not a path (got '../state.npy')" in message


def test_a_name_that_comes_twice(content):
    stream = BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("state.npy", b"")
    assert "a name comes twice" in refusal(stream.getvalue())


def test_a_part_that_is_not_listed(content):
    assert "the manifest lists no part extra.npy" in refusal(archive_of({**members(content), "extra.npy": b""}))


def test_a_part_that_is_missing(content):
    parts = members(content)
    name = first_chunk(parts)
    del parts[name]
    assert f"part {name} is missing" in refusal(archive_of(parts))


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sha256"])
def test_no_manifest(name, content):
    parts = members(content)
    del parts[name]
    assert "is not a packed twin: no manifest.json" in refusal(archive_of(parts))


def test_a_manifest_that_was_changed(content):
    parts = members(content)
    parts["manifest.json"] = parts["manifest.json"].replace(b"robot-7", b"robot-8")
    assert "manifest.json: digest mismatch" in refusal(archive_of(parts))


def test_a_pack_of_a_version_that_is_too_new(content):
    def change(manifest, _):
        manifest |= {"version": 4, "reader": 3}

    message = refusal(forged(content, change))
    assert "pack version 4" in message
    assert "up to version 2; use a newer twinhop" in message


def test_a_newer_pack_that_says_it_can_be_read(content):
    """Fields and parts that this version does not know are checked and left aside."""

    def change(manifest, parts):
        manifest |= {"version": 3, "reader": 1, "mood": "good"}
        manifest["history"] |= {"compression": None}
        manifest["history"]["retention"] |= {"max_chunks": 7}
        manifest["state_schema"] |= {"title": "a robot"}
        manifest["state_schema"]["dimensions"][0] |= {"frame": "map"}
        parts["mood.npy"] = npy_bytes(np.zeros(1))
        manifest["parts"].append({"name": "mood.npy", "colour": "red"})

    newer = forged(content, change)
    assert packed(unpacked(newer, "a.twin")) == content
    parts = members(newer)
    parts["mood.npy"] = b"damaged"
    assert "part mood.npy: digest mismatch" in refusal(archive_of(parts))


def setting(*path, value):
    """A change of one field of the manifest; without a value it is removed."""

    def change(manifest, _):
        *before, last = path
        for key in before:
            manifest = manifest[key]
        if value is None:
            del manifest[last]
        else:
            manifest[last] = value

    return change


def replacing(name, part):
    def change(_, parts):
        parts[name] = part

    return change


ZEROS = np.zeros(5)
#: Packs with right digests and wrong content, and words of the message.
FORGED = {
    "another format": (
        setting("format", value="a scenario"),
        "format: got 'a scenario'; expected 'twinhop device twin'",
    ),
    "no version": (setting("version", value=None), "version: is required"),
    "a version in words": (setting("version", value="one"), "version: must be a whole number"),
    "no history": (setting("history", value=None), "history: is required"),
    "no id": (setting("id", value=""), "id: must not be empty"),
    "a negative revision": (setting("revision", value=-1), "revision: must be 0 or greater"),
    "a wrong unit": (setting("state_schema", "dimensions", 0, "unit", value="km"), "dimensions.0.unit: must be 'm'"),
    "no dimensions": (setting("state_schema", "dimensions", value=[]), "at least one dimension"),
    "an unknown model": (setting("models", 0, "kind", value="oracle"), "unknown kind 'oracle'"),
    "a model of no dimension": (setting("models", 0, "dimension", value="sped"), "part model.sped."),
    "a model's missing array": (
        setting("models", 0, "arrays", value=["mood"]),
        "part model.position.mood.npy is missing",
    ),
    "a model's other arrays": (
        setting("models", 0, "arrays", value=["state"]),
        "models: position: constant_velocity: ",
    ),
    "another sealed seq": (setting("history", "sealed_seq", value=17), "the last chunk ends with 1024; expected 17"),
    "more sealed than there can be": (setting("history", "sealed_records", value=10**6), "1000000 records sealed"),
    "a digest that is none": (setting("history", "chunks", 0, value="abc"), "history.chunks.0: "),
    "a narrow state": (replacing("state.npy", npy_bytes(np.zeros(4))), "shape (4,); expected float64 of shape (5,)"),
    "a state out of limits": (replacing("state.npy", npy_bytes(ZEROS + 1e9)), "position: got 1e+09"),
    "observed after the newest": (replacing("observed_s.npy", npy_bytes(np.full(4, 1e9))), "observed_s: later than"),
    "never observed": (
        replacing("observed_s.npy", npy_bytes(np.full(4, -np.inf))),
        "observed_s: expected minus infinity",
    ),
    "few times": (replacing("observed_s.npy", npy_bytes(np.zeros(3))), "observed_s: float64 of shape (3,)"),
    "times in 32 bits": (
        replacing("observed_s.npy", npy_bytes(np.zeros(4, "f4"))),
        "observed_s: float32 of shape (4,)",
    ),
    "broken seqs": (replacing("observed_seq.npy", npy_bytes(np.zeros(4))), "observed_seq: float64 of shape (4,)"),
    "a tail that is none": (replacing("tail.chunk", b"THC1"), "tail.chunk: 4 bytes; a history chunk has at least 16"),
    "an array that is none": (replacing("state.npy", b"\x93NUMPY\x01\x00\x04\x00{((("), "state.npy: damaged array"),
    "an array of petabytes": (
        replacing("state.npy", npy_bytes(ZEROS).replace(b"(5,), }         ", b"(5000000000,), }")),
        "state.npy: 40 bytes; expected float64 numbers of shape (5000000000,)",
    ),
    "an array of objects": (replacing("state.npy", npy_bytes(ZEROS).replace(b"'<f8'", b"'|O' ")), "Python objects"),
    "an array of text": (replacing("state.npy", npy_bytes(ZEROS).replace(b"'<f8'", b"'<U2'")), "expected numbers"),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_content(case, content):
    change, words = FORGED[case]
    assert words in refusal(forged(content, change))


def test_a_manifest_that_is_no_json(content):
    for text in (b"{", b"[]", b"null", b"\xff", b'{"format": NaN}', b"[" * 100_000):
        parts = members(content) | {"manifest.json": text, "manifest.sha256": sha256(text).hexdigest()}
        assert "manifest.json" in refusal(archive_of(parts))


def test_a_chunk_of_another_width(content):
    def change(manifest, parts):
        narrow = Chunk.of_records(unpacked(content).history.between(1, 5)).payload.replace(
            b"\x05\0\0\0", b"\x04\0\0\0", 1
        )
        parts["tail.chunk"] = narrow

    assert "tail.chunk: not a history chunk" in refusal(forged(content, change))


def test_a_pack_that_is_too_large(content, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    assert "at most" in refusal(content)
    monkeypatch.setattr(module, "MAX_BYTES", len(content) - 1)
    (tmp_path / "a.twin").write_bytes(content)
    with pytest.raises(InputError, match="is larger than"):
        resume(tmp_path / "a.twin")


def test_zeros_that_were_compressed_to_nothing(monkeypatch):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("manifest.json", "manifest.sha256", "state.npy"):
            archive.writestr(name, bytes(10**6))
    monkeypatch.setattr(module, "MAX_BYTES", 10**6)
    assert "3000000 bytes; at most" in refusal(stream.getvalue())


def test_inspection_refuses_a_state_that_is_none(content):
    broken = forged(content, replacing("observed_s.npy", npy_bytes(np.zeros(3))))
    with pytest.raises(InputError, match=r"a\.twin: observed_s: float64 of shape \(3,\)"):
        inspect(parse_pack(broken, "a.twin"))


def test_verification_notices_what_resuming_would_change(content, tmp_path):
    """A manifest that lists a model twice resumes with one of them: such a pack was not written by twinhop."""

    def change(manifest, _):
        manifest["models"] *= 2

    (tmp_path / "a.twin").write_bytes(forged(content, change))
    with pytest.raises(InputError, match=r"manifest\.json: the twin in it packs to another one"):
        verify(tmp_path / "a.twin")
