"""`twinhop doctor DATA_DIR`: what hinders is said, and nothing in the folder changes."""

import json
import subprocess
import sys
from contextlib import closing

import apsw
import pytest
from live_makers import QUICK, SPEC, Simulation, create, sent

from twinhop.errors import InputError
from twinhop.io.folder_lock import locked
from twinhop.live import Limits
from twinhop.live.operate.check import folder_checks
from twinhop.live.sqlite import open_folder

#: Ends without closing anything, so that the logs of SQLite stay.
FILL = """
import os, sys
from live_makers import QUICK, SPEC, Simulation, create, sent
from twinhop.live.sqlite import open_folder
with open_folder(sys.argv[1]) as opened:
    here = Simulation(opened.engine, QUICK)
    here.send(create("car-one", SPEC), *(sent("car-one", seq) for seq in range(1, 601)), sent("car-one", 590, speed=1))
    here.flush()
    here.send(sent("car-one", 601))
    os._exit(0)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed") / "twins"
    subprocess.run([sys.executable, "-c", FILL, str(folder)], check=True, timeout=60, env={"PYTHONPATH": "tests/live"})
    return folder


@pytest.fixture
def folder(tmp_path):
    with open_folder(tmp_path / "twins") as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(create("car-one", SPEC), *(sent("car-one", seq) for seq in range(1, 601)))
        here.flush()
        here.send(sent("car-one", 601), sent("car-one", 602))
    (tmp_path / "twins").chmod(0o700)
    return tmp_path / "twins"


def problems(folder, **limits):
    checks = folder_checks(folder, Limits(**limits))
    assert all("\n" not in each.value + each.advice for each in checks)
    return [f"{each.name}: {each.value}" for each in checks if each.level == "problem"]


def test_a_folder_whose_process_was_killed_can_be_served_and_stays_as_it_is(killed):
    before = {path.name: path.read_bytes() for path in killed.iterdir() if path.suffix != ".lock"}
    assert "journal.db-wal" in before
    checks = {each.name: each for each in folder_checks(killed)}
    assert not [each for each in checks.values() if each.level == "problem"]
    assert "by nobody, and the last end was not orderly" == checks["served"].value
    assert checks["journal"].value.startswith("1 record above the low-water mark 602")
    assert checks["twins"].value.startswith("1 twin, 1 checkpoint, 3 chunks")
    assert "1 conflict; most of 'car-one' (1)" in checks["set aside"].value
    assert "match, and no record is missing" in checks["checksums"].value
    assert {path.name: path.read_bytes() for path in killed.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "statement", "words"),
    [
        ("journal.db", "update record set content = zeroblob(40) where position = 602", "record 602: its checksum"),
        ("journal.db", "delete from record where position = 602", "record 602 is missing"),
        ("journal.db", "update mark set position = 7", "low-water mark: its checksum"),
        ("journal.db", "pragma user_version = 9", "is of version 9; this program opens up to"),
        ("twins.db", "pragma application_id = 9", "is not a file of `twinhop serve`"),
        ("twins.db", "update checkpoint set head = zeroblob(100)", "its checksum does not match"),
        ("twins.db", "delete from chunk", "is missing"),
        ("twins.db", "update registry set value = x'00'", "its checksum does not match"),
        ("twins.db", "update store set secret = x'00'", "is not of the same folder and time"),
        ("twins.db", "delete from store", "the row of its store is missing"),
        ("twins.db", "delete from checkpoint", "'car-one': has neither a checkpoint nor a record"),
    ],
)
def test_what_is_damaged_is_named(folder, name, statement, words):
    with closing(apsw.Connection(str(folder / name))) as connection:
        connection.execute(statement)
    found = problems(folder)
    assert any(words in each for each in found), found


def test_a_file_that_is_missing_or_none_of_sqlite_is_named(folder):
    (folder / "twins.db").write_bytes(b"something else" * 1_000)
    assert "twins.db: damaged" in problems(folder)[0]
    (folder / "twins.db").unlink()
    assert "twins.db: is missing" in problems(folder)[0]
    assert not (folder / "twins.db").exists()


def test_a_served_folder_is_said_to_be_in_use(folder):
    with locked(folder):
        program = "import sys; from twinhop.live.operate.check import folder_checks\nfrom pathlib import Path\n"
        program += "print([each.value for each in folder_checks(Path(sys.argv[1])) if each.name == 'served'])"
        command = [sys.executable, "-c", program, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("['by process ")


def test_room_permissions_and_tokens(folder):
    assert "disk: " in problems(folder, free_bytes=2**60)[0]
    (folder / "tokens.json").write_text("{}")
    (folder / "tokens.json").chmod(0o644)
    assert problems(folder) == ["tokens.json: mode 0644: others may read the hashes of tokens"]
    (folder / "tokens.json").chmod(0o600)
    assert not problems(folder)
    (folder / "tokens.json").write_text("{")
    assert problems(folder) == ["tokens.json: is not JSON"]
    folder.chmod(0o755)
    assert "others than its owner" in next(each.value for each in folder_checks(folder) if each.name == "permissions")


def test_what_is_no_folder_of_twins_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="is no folder"):
            folder_checks(path)


def test_json_and_exit_code(folder, monkeypatch, capsys):
    from twinhop.cli import doctor

    doctor.run(folder, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] and {each["topic"] for each in answer["checks"]} == {"folder", "tokens", "content"}
    with closing(apsw.Connection(str(folder / "twins.db"))) as connection:
        connection.execute("delete from chunk")
    with pytest.raises(doctor.typer.Exit) as end:
        doctor.run(folder)
    assert end.value.exit_code == 2 and "PROBLEM: " in capsys.readouterr().out
