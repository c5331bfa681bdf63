"""Backups of a host that runs: whole, of one time, and not in the way."""

import shutil
import threading
import time

import pytest
from live_makers import QUICK, SPEC, create, memory_engine, sent, summary

from twinhop.errors import InputError
from twinhop.live import Entry, Host, Kind
from twinhop.live.sqlite import copying, open_folder

WAIT_S = 30.0
NAMES = [f"t{at}" for at in range(30)]


@pytest.fixture
def slices(monkeypatch):
    """So few pages at a time that much happens meanwhile."""
    monkeypatch.setattr(copying, "PAGES", 2)


def test_a_backup_under_load_has_all_that_was_acknowledged_before_it_began(tmp_path, slices):
    acknowledged, halt = dict.fromkeys(NAMES, 0), threading.Event()

    def load(host):
        seq = 0
        while not halt.is_set():
            seq += 1
            host.submit([sent(name, seq) for name in NAMES]).result(WAIT_S)
            acknowledged.update(dict.fromkeys(NAMES, seq))

    with open_folder(tmp_path / "data") as folder, Host(folder.engine, QUICK) as host:
        host.submit([create(name, SPEC) for name in NAMES]).result(WAIT_S)
        device = threading.Thread(target=load, args=(host,))
        device.start()
        flushed, before = [], []
        for number in range(3):
            time.sleep(0.15)
            host.move("t1", f"b{number}").result(WAIT_S)
            before.append(dict(acknowledged))
            done = host.backup(tmp_path / f"backup-{number}")
            flushed.append(host.flush())
            assert host.ask("t7", summary).result(WAIT_S)
            assert done.result(WAIT_S).folder == tmp_path / f"backup-{number}"
            host.submit([Entry(Kind.ERASE, NAMES[-1 - number])]).result(WAIT_S)
        assert all(each.result(WAIT_S) for each in flushed)
        halt.set()
        device.join(WAIT_S)
    for number in range(3):
        with open_folder(tmp_path / f"backup-{number}") as folder, Host(folder.engine, QUICK) as host:
            assert host.owners()["t1"] == f"b{number}"
            for name in NAMES[: len(NAMES) - number]:
                incarnation, seq, _, counts, _ = host.ask(name, summary).result(WAIT_S)
                assert seq >= before[number][name] and counts["applied"] == seq
            assert not any(host.knows(name) for name in NAMES[len(NAMES) - number :])


def test_records_are_not_removed_while_a_backup_is_made_and_are_after_it(tmp_path, slices):
    with open_folder(tmp_path / "data") as folder, Host(folder.engine, QUICK) as host:
        host.submit([create(name) for name in NAMES]).result(WAIT_S)
        done, flushed = host.backup(tmp_path / "backup"), host.flush()
        done.result(WAIT_S)
        assert flushed.result(WAIT_S) == folder.engine.journal.mark == len(NAMES)
    with open_folder(tmp_path / "backup") as folder, Host(folder.engine, QUICK) as host:
        assert len(host.twins().result(WAIT_S)) == len(NAMES)


def test_backups_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with open_folder(tmp_path / "data") as folder, Host(folder.engine, QUICK) as host:
        for target, words in (("full", "is not empty; a backup needs"), ("full/file/x", "cannot be made")):
            with pytest.raises(InputError, match=words):
                host.backup(tmp_path / target).result(WAIT_S)
        monkeypatch.setattr(copying.SqliteCopy, "step", lambda copy: (_ for _ in ()).throw(InputError("it broke")))
        with pytest.raises(InputError, match="it broke"):
            host.backup(tmp_path / "a").result(WAIT_S)
        monkeypatch.undo()
        assert host.backup(tmp_path / "b").result(WAIT_S).position == 0
    with Host(memory_engine(), QUICK) as host, pytest.raises(InputError, match="has backups of its own"):
        host.backup(tmp_path / "c").result(WAIT_S)


def test_older_twins_beside_a_newer_journal_are_refused(tmp_path):
    """Records that the older twins lack have been removed from the journal."""
    with open_folder(tmp_path / "data") as folder, Host(folder.engine, QUICK) as host:
        host.submit([create("a"), sent("a", 1)]).result(WAIT_S)
        host.flush().result(WAIT_S)
    shutil.copytree(tmp_path / "data", tmp_path / "older")
    with open_folder(tmp_path / "data") as folder, Host(folder.engine, QUICK) as host:
        host.submit([sent("a", 2)]).result(WAIT_S)
        host.flush().result(WAIT_S)
    for path in (tmp_path / "data").glob("twins.db*"):
        path.unlink()
    for path in (tmp_path / "older").glob("twins.db*"):
        shutil.copy(path, tmp_path / "data")
    with pytest.raises(InputError, match="is not of the same folder and time"), open_folder(tmp_path / "data"):
        pass
