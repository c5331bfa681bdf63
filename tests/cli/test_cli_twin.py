"""`twinhop twin`: packed twins on the command line."""

import json
import zipfile
from hashlib import sha256

import numpy as np
import pytest

from twinhop.result import SCHEMA_VERSION
from twinhop.twin import DeviceTwin, Dimension, TwinSchema, Update, pack
from twinhop.twin.behaviour import Level

SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m"),
        Dimension(name="mode", kind="category", unit="1", categories=("walk", "drive")),
        Dimension(name="load", kind="scalar", unit="W"),
    )
)


@pytest.fixture
def robot(tmp_path):
    """A packed twin with one gap, one dimension without a value, and one behaviour model."""
    twin = DeviceTwin("robot", SCHEMA, attributes={"wheels": 4}, models={"position": Level(2)})
    for seq in [*range(1, 700), 701]:
        twin.apply(Update(seq, float(seq), SCHEMA.vector({"position": (seq, 0.5), "mode": "drive"})))
    pack(twin, tmp_path / "robot.twin")
    return tmp_path / "robot.twin"


def test_inspect_shows_what_is_in_it(run, robot):
    done = run("twin", "inspect", robot)
    assert (done.code, done.err) == (0, "")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    for line in (
        "twin robot",
        "attribute wheels 4",
        "newest update 701, of 701 s",
        "updates that never came 1",
        "records kept, of those taken 700 of 700",
        "sealed 1 chunk",
        "not sealed 188 records",
        "position position_2d 701, 0.5 m 701 level",
        "mode category drive 1 701 none",
        "load scalar none yet W none yet none",
    ):
        assert line in lines


def test_inspect_as_json(run, robot):
    done = run("twin", "inspect", robot, "--json")
    facts = json.loads(done.out)
    assert facts["state"] == {"position": [701.0, 0.5], "mode": "drive"}
    assert facts["observed_s"] == {"position": 701.0, "mode": 701.0}
    assert (facts["id"], facts["seq"], facts["missing"], facts["revision"]) == ("robot", 701, 1, 700)
    assert facts["models"] == [{"dimension": "position", "kind": "level", "arrays": ["parameters", "state"]}]


def test_verify(run, robot):
    done = run("twin", "verify", robot)
    assert done.code == 0
    facts = json.loads(run("twin", "verify", robot, "--json").out)
    assert done.out == f"{robot}: valid; twin 'robot', 7 parts, 700 records\nSHA-256 {facts['digest']}\n"
    assert facts == {
        "schema_version": SCHEMA_VERSION,
        "id": "robot",
        "digest": facts["digest"],
        "parts": 7,
        "records": 700,
    }


def rewrite(path, name, change):
    """The archive beside it with every member changed."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(path.parent / name, "w") as other:
        for member in archive.namelist():
            other.writestr(*change(member, archive.read(member)))


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_refused(command, run, robot, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = robot.read_bytes()
    at = content.rindex(b"THC1") + 100
    (tmp_path / "damaged.twin").write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    np.savez("arrays.npz", a=np.zeros(3))
    (tmp_path / "city.yaml").write_text("schema_version: 1\n")
    chunk = next(name for name in zipfile.ZipFile(robot).namelist() if name.endswith(".chunk") and name[:4] != "tail")
    rewrite(robot, "chunk.twin", lambda name, part: (name, part[:-1] + b"?" if name == chunk else part))
    rewrite(robot, "path.twin", lambda name, part: ("../" + name if name == "state.npy" else name, part))
    later = json.dumps(json.loads(zipfile.ZipFile(robot).read("manifest.json")) | {"version": 9, "reader": 9}).encode()
    own = {"manifest.json": later, "manifest.sha256": sha256(later).hexdigest()}
    rewrite(robot, "newer.twin", lambda name, part: (name, own.get(name, part)))
    for name, words in (
        ("none.twin", "none.twin: no such file"),
        (".", ".: is a folder; expected a packed twin"),
        ("city.yaml", "city.yaml: is not a packed twin; found YAML"),
        ("arrays.npz", "arrays.npz: is not a packed twin: no manifest.json"),
        ("chunk.twin", f"chunk.twin: part {chunk}: digest mismatch"),
        ("path.twin", "path.twin: member '../state.npy': a path or no plain name"),
        (
            "newer.twin",
            "newer.twin: manifest.json: pack version 9, which needs a program that reads version 9; this one",
        ),
        ("damaged.twin", "damaged.twin: damaged archive: Bad CRC-32"),
    ):
        done = run("twin", command, name)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("twinhop: " + words), done.err
        assert len(done.err.splitlines()) == 1
