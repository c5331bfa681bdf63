"""The folder: who may open it, what is checked at the start, damage, erasure, and what retention bounds."""

import struct
import subprocess
import sys
from contextlib import closing

import apsw
import numpy as np
import pytest
from live_makers import QUICK, SPEC, Simulation, create, raw, sent, summary

from twinhop.errors import InputError
from twinhop.live import Entry, Kind
from twinhop.live.fold import NewerCheckpoint, TwinFold
from twinhop.live.sqlite import open_folder
from twinhop.live.sqlite.database import PRAGMAS
from twinhop.twin.pack import parts_of
from twinhop.twin.pack_file import pack_bytes


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def change(path, statement, values=()):
    """Change a database file behind the back of whoever opens it next."""
    with closing(apsw.Connection(str(path))) as connection:
        return list(connection.execute(statement, values))


def refusal(folder):
    """Why a folder cannot be opened, in one line."""
    with pytest.raises(InputError) as error, open_folder(folder):
        pass
    return one_line(error)


def filled(folder, flush=True):
    """A folder with two twins; one is 700 updates old."""
    with open_folder(folder) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(create("car-one", SPEC), create("car-two", SPEC))
        here.send(*(sent("car-one", seq) for seq in range(1, 701)))
        if flush:
            here.flush()
        here.send(sent("car-two", 1, speed=41.625), sent("car-one", 701))
        return here.fold("car-one").head()


def test_a_folder_goes_on_where_it_ended(tmp_path):
    head = filled(tmp_path)
    with open_folder(tmp_path) as opened:
        assert Simulation(opened.engine, QUICK).fold("car-one").head() == head


def test_a_second_process_is_refused_in_one_line(tmp_path):
    with open_folder(tmp_path):
        program = "import sys; from twinhop.live.sqlite import open_folder\nopen_folder(sys.argv[1]).__enter__()"
        other = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60
        )
    assert other.returncode != 0
    assert "another run writes here (process " in other.stderr.splitlines()[-1]


def test_a_second_opening_in_one_process_is_refused_in_one_line(tmp_path):
    with open_folder(tmp_path), pytest.raises(InputError) as error, open_folder(tmp_path):
        pass
    assert "journal.db: another process uses it" in one_line(error)


@pytest.mark.parametrize("name", ["journal.db", "twins.db"])
def test_a_folder_of_a_newer_version_is_refused_in_one_line(name, tmp_path):
    filled(tmp_path)
    change(tmp_path / name, "pragma user_version = 2")
    assert f"{name}: is of version 2; this program opens up to 1; use a newer twinhop" in refusal(tmp_path)


def test_a_database_of_another_program_is_refused(tmp_path):
    change(tmp_path / "journal.db", "create table mine (a)")
    assert "is a database of another program" in refusal(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; a folder is needed"), open_folder(tmp_path / "file"):
        pass
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "journal.db").write_text("not a database" * 100)
    assert "journal.db: damaged" in refusal(tmp_path / "text")


@pytest.mark.parametrize("name", PRAGMAS)
def test_a_setting_that_does_not_hold_refuses_the_start(name, tmp_path, monkeypatch):
    """SQLite answers nothing where a setting is not taken: it is read back."""
    from twinhop.live.sqlite import database

    whole = database.Database.rows

    def without(self, statement, values=()):
        return [] if statement.startswith(f"pragma {name} = ") else whole(self, statement, values)

    monkeypatch.setattr(database.Database, "rows", without)
    wanted = {**PRAGMAS, "synchronous": 3} if name == "synchronous" else PRAGMAS  # FULL is the library's default
    with pytest.raises(InputError) as error, open_folder(tmp_path, pragmas=wanted):
        pass
    assert f"journal.db: {name} is " in one_line(error) and "it must be " in str(error.value)


def test_any_flipped_bit_of_a_record_is_said_in_one_line(tmp_path):
    filled(tmp_path, flush=False)
    with closing(apsw.Connection(str(tmp_path / "journal.db"))) as connection:
        content = next(iter(connection.execute("select content from record where position = 9")))[0]
        broken = bytearray(content)
        broken[20] ^= 4
        connection.execute("update record set content = ? where position = 9", (bytes(broken),))
    with open_folder(tmp_path) as opened, pytest.raises(InputError) as error:
        Simulation(opened.engine, QUICK)
    assert "journal.db: record 9: its checksum does not match" in one_line(error)


def test_a_record_that_is_missing_is_said_in_one_line(tmp_path):
    filled(tmp_path, flush=False)
    change(tmp_path / "journal.db", "delete from record where position = 9")
    with open_folder(tmp_path) as opened, pytest.raises(InputError) as error:
        Simulation(opened.engine, QUICK)
    assert "journal.db: record 9 is missing" in one_line(error)


@pytest.mark.parametrize(
    "statement",
    [
        "update mark set position = position - 1",
        "update mark set position = position + 1",
        "update mark set position = position + 1000",
        "update mark set store = x'00'",
        "insert into record values (1, x'00', 0)",
    ],
)
def test_a_damaged_mark_is_said_in_one_line(statement, tmp_path):
    """A mark that is too high would hide records, and one that is too low number new ones as old ones."""
    filled(tmp_path)
    change(tmp_path / "journal.db", statement)
    assert "low-water mark" in refusal(tmp_path)


@pytest.mark.parametrize("lost", ["journal.db", "twins.db"])
@pytest.mark.parametrize("another", [False, True])
@pytest.mark.parametrize("flush", [False, True])
def test_files_that_do_not_belong_together_are_refused(lost, another, flush, tmp_path):
    """Else new records would be taken for old ones, or old ones be of twins that nobody knows."""
    for name in ("one", "other"):
        filled(tmp_path / name, flush)
    (tmp_path / "one" / lost).unlink()
    if another:
        (tmp_path / "other" / lost).rename(tmp_path / "one" / lost)
    for _ in range(2):
        assert "restore both files from one backup" in refusal(tmp_path / "one")


def test_a_journal_that_is_older_than_the_checkpoints_is_refused(tmp_path):
    filled(tmp_path)
    old = (tmp_path / "journal.db").read_bytes()
    with open_folder(tmp_path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(*(sent("car-two", seq) for seq in range(2, 9)))
        here.flush()
    (tmp_path / "journal.db").write_bytes(old)
    assert "restore both files from one backup" in refusal(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "update registry set key = 'twin/car-twp' where key = 'twin/car-two'",
        "update registry set value = x'7b7d'",
        "update registry set revision = revision + 1",
    ],
)
def test_a_damaged_registry_is_said_in_one_line(statement, tmp_path):
    filled(tmp_path)
    change(tmp_path / "twins.db", statement)
    with open_folder(tmp_path) as opened:
        with pytest.raises(InputError) as error:
            Simulation(opened.engine, QUICK)
        assert "twins.db: registry: 'twin/car-" in one_line(error)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update checkpoint set head = zeroblob(100)", "its checksum does not match"),
        ("update checkpoint set position = position + 1", "its checksum does not match"),
        ("update checkpoint set chunks = '['", "its checksum does not match"),
        ("update chunk set payload = 'text'", "does not have that digest"),
        ("delete from chunk", "is missing"),
    ],
)
def test_a_damaged_checkpoint_is_said_in_one_line(statement, words, tmp_path):
    filled(tmp_path)
    change(tmp_path / "twins.db", statement)
    with open_folder(tmp_path) as opened, pytest.raises(InputError) as error:
        Simulation(opened.engine, QUICK).fold("car-one")
    assert "twins.db: " in one_line(error) and words in one_line(error)


def test_flipped_bits_of_the_files_are_noticed_or_change_nothing(tmp_path):
    """Whatever bit of a file flips, the twins are as they were, or one line says what is damaged."""
    head = filled(tmp_path / "whole")
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole").glob("*.db")}
    rng, noticed = np.random.default_rng(0), 0
    for trial in range(40):
        folder = tmp_path / str(trial)
        folder.mkdir()
        for name, content in files.items():
            broken = bytearray(content)
            if name == ("journal.db", "twins.db")[trial % 2]:
                broken[int(rng.integers(len(broken)))] ^= 1 << int(rng.integers(8))
            (folder / name).write_bytes(broken)
        try:
            with open_folder(folder) as opened:
                assert Simulation(opened.engine, QUICK).fold("car-one").head() == head
        except InputError as error:
            noticed += 1
            assert "\n" not in str(error)
    assert noticed > 3


def test_an_erased_twin_leaves_nothing_in_the_files(tmp_path):
    filled(tmp_path)
    mark = np.array([41.625]).tobytes()
    assert b"car-two" in raw(tmp_path) and mark in raw(tmp_path)
    with open_folder(tmp_path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(Entry(Kind.DESIRED, "car-two", facts={"version": 1, "values": {"note": "private"}}))
        here.flush()
        here.send(sent("car-two", 2, speed=42), Entry(Kind.ERASE, "car-two"), sent("car-two", 3, speed=43))
        here.send(sent("car-one", 702))
        here.flush()
        while_open = raw(tmp_path)
        assert summary(here.fold("car-one"))[1] == 702
    for content in (while_open, raw(tmp_path)):
        for trace in (b"car-two", b"private", mark):
            assert content.count(trace) == 0, trace
    with open_folder(tmp_path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(sent("car-two", 4))
        assert here.told[-1][1].refused == "the twin has been erased"


def test_retention_bounds_the_disk(tmp_path):
    """Files stop growing: 300 records are kept of each twin, whatever comes."""
    sizes = []
    with open_folder(tmp_path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(create("a", SPEC))
        for part in range(12):
            here.send(*(sent("a", seq) for seq in range(700 * part + 1, 700 * part + 701)))
            here.flush()
            here.engine.checkpoints.delete("nobody")  # moves the log into the file
            sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
            assert len(here.fold("a").twin.history) <= 300 + 576
    assert max(sizes[6:]) <= 1.2 * max(sizes[2:6])


def test_the_checkpoint_of_a_large_history_is_small(tmp_path):
    """Sealed chunks are written once."""
    with open_folder(tmp_path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(create("a"))
        here.send(*(sent("a", seq) for seq in range(1, 5001)))
        here.flush()
        head, chunks = here.fold("a").head()
        assert len(chunks) == 9 and len(head) < 40_000
        assert here.engine.checkpoints.get("a")[0].chunks == chunks


def test_a_checkpoint_of_the_version_before_is_read():
    """In version 1 the twin was an archive."""
    fold = TwinFold.created(create("a", SPEC), QUICK)
    for seq in range(1, 701):
        fold.fold(sent("a", seq))
    fold.fold(sent("a", 703))
    head, digests = fold.head()
    length = struct.unpack_from("<I", head, 1)[0]
    old = struct.pack("<BI", 1, length) + head[5 : 5 + length] + pack_bytes(*parts_of(fold.twin))
    chunks = {chunk.digest: chunk.payload for chunk in fold.twin.history.chunks}
    assert digests and TwinFold.of_head(old, chunks, QUICK, "old").head() == (head, digests)
    for wrong in (head[:-1], head + b"x", head[: 5 + length], head[:3]):
        with pytest.raises(InputError):
            TwinFold.of_head(wrong, chunks, QUICK, "cut")
    with pytest.raises(NewerCheckpoint, match="of version 3; this program reads up to 2; use a newer twinhop"):
        TwinFold.of_head(b"\3" + head[1:], chunks, QUICK, "newer")


@pytest.mark.parametrize("count", [0, 1, 3, 255, 256, 257, 600])
def test_groups_of_any_size_are_written_whole_and_in_order(tmp_path, count):
    records = [f"record {at}".encode() for at in range(count)]
    with open_folder(tmp_path / "data") as folder:
        assert folder.engine.journal.append(records) == list(range(1, count + 1))
        assert folder.engine.journal.append([b"last"]) == [count + 1]
    with open_folder(tmp_path / "data") as folder:
        assert folder.engine.journal.read(0, 1_000) == list(enumerate([*records, b"last"], 1))
