"""The host that runs: threads, groups, questions, backpressure, damage; and kills of the process."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import apsw
import pytest
from live_makers import QUICK, SPEC, create, memory_engine, sent, summary

from twinhop.errors import InputError
from twinhop.live import Busy, Entry, Host, Kind, Limits
from twinhop.live.host import Stopped
from twinhop.live.ports import NoRoom
from twinhop.live.sqlite import open_folder

WAIT_S = 30.0


class FullDisk(apsw.VFS):
    """A file system for SQLite that may be full."""

    def __init__(self, name):
        self.name, self.is_full = name, False
        super().__init__(name, "")

    def xOpen(self, name, flags):
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        if self.disk.is_full:
            raise apsw.FullError("no space left on device")
        super().xWrite(data, offset)


def waited(condition):
    """Whether something holds before long."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_updates_are_on_disk_when_acknowledged_and_applied_soon(tmp_path):
    told = []
    with open_folder(tmp_path) as folder:
        with Host(folder.engine, QUICK, listen=told.extend) as host:
            positions = host.submit([create("a", SPEC), sent("a", 1)]).result(WAIT_S)
            assert positions == [1, 2]
            assert host.ask("a", summary).result(WAIT_S)[:2] == [1, 1]
            assert host.twins().result(WAIT_S) == ("a",)
            assert [position for position, _ in told] == [1, 2]
            with pytest.raises(InputError, match="no such twin"):
                host.ask("b", summary).result(WAIT_S)
            with pytest.raises(ZeroDivisionError):
                host.ask("a", lambda fold: 1 / 0).result(WAIT_S)
            assert host.flush().result(WAIT_S) == 2
            assert folder.engine.journal.mark == 2
        with pytest.raises(Stopped, match="the host has stopped"):
            host.submit([sent("a", 2)])
    with open_folder(tmp_path) as folder, Host(folder.engine, QUICK) as host:
        assert host.facts()["active_twins"] == 0
        assert host.ask("a", summary).result(WAIT_S)[:2] == [1, 1]


def test_decisions_of_the_clock_come_by_themselves():
    with Host(memory_engine(), QUICK) as host:
        host.submit([create("a"), sent("a", 1), sent("a", 4)]).result(WAIT_S)
        assert waited(lambda: host.ask("a", summary).result(WAIT_S)[1] == 4)
        assert host.ask("a", lambda fold: fold.twin.missing).result(WAIT_S) == 2


def test_many_who_submit_at_once_share_commits():
    engine, groups = memory_engine(), []
    append = engine.journal.append

    def slow(records):
        groups.append(len(records))
        time.sleep(0.005)
        return append(records)

    engine.journal.append = slow
    with Host(engine, QUICK) as host:
        host.submit([create(f"t{at}") for at in range(20)]).result(WAIT_S)

        def device(at):
            for seq in range(1, 21):
                host.submit([sent(f"t{at}", seq)]).result(WAIT_S)

        threads = [threading.Thread(target=device, args=(at,)) for at in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(WAIT_S)
        assert [host.ask(f"t{at}", summary).result(WAIT_S)[1] for at in range(20)] == [20] * 20
    assert len(groups) < 200


def test_more_than_may_wait_is_refused_as_busy():
    engine, gate = memory_engine(), threading.Event()
    append = engine.journal.append
    engine.journal.append = lambda records: (gate.wait(WAIT_S), append(records))[1]
    with Host(engine, Limits(waiting=50)) as host:
        futures = [host.submit([sent("a", seq)] * 10) for seq in range(1, 6)]
        with pytest.raises(Busy, match="50 records wait; at most 50 may"):
            host.submit([sent("a", 9)])
        gate.set()
        assert all(each.result(WAIT_S) for each in futures)
        assert waited(lambda: host.facts()["waiting_records"] == 0)
        host.submit([sent("a", 9)]).result(WAIT_S)


def test_a_journal_that_fails_acknowledges_nothing_and_stops():
    engine = memory_engine()
    with Host(engine, QUICK) as host:
        host.submit([create("a")]).result(WAIT_S)

        def full(records):
            raise InputError("journal.db: the disk is full")

        engine.journal.append = full
        with pytest.raises(Stopped, match="cannot be written: journal.db: the disk is full"):
            host.submit([sent("a", 1)]).result(WAIT_S)
        assert waited(lambda: host.failure is not None)
        with pytest.raises(Stopped, match="the disk is full"):
            host.submit([sent("a", 1)])
        with pytest.raises(Stopped):
            host.ask("a", summary).result(WAIT_S)


def test_whoever_waits_when_the_host_stops_is_told():
    engine, gate = memory_engine(), threading.Event()
    with Host(engine, QUICK) as host:
        host.submit([create("a")]).result(WAIT_S)
        put = engine.checkpoints.put
        engine.checkpoints.put = lambda writes: (gate.wait(WAIT_S), put(writes))[1]
        host.submit([sent("a", 1)]).result(WAIT_S)
        flushed, asked = host.flush(), host.ask("a", summary)
        threading.Timer(0.1, gate.set).start()
    for each in (flushed, asked):
        try:
            each.result(0.0)
        except Stopped as error:
            assert "it was asked to" in str(error)
    assert host.ask("a", summary).exception(0.0) is not None


def test_who_submits_and_waits_learns_what_came_of_it():
    with Host(memory_engine(), Limits(hole_wait_s=60.0)) as host:
        assert host.submit_and_wait([]).result(WAIT_S) == []
        first = host.submit_and_wait([create("a"), sent("a", 1), sent("a", 1), sent("b", 1)]).result(WAIT_S)
        assert [each.answer and each.answer.outcome.value for each in first] == [None, "applied", "duplicate", None]
        assert [each.refused for each in first] == ["", "", "", "there is no such twin; create it first"]
        (held,) = host.submit_and_wait([sent("a", 3)]).result(WAIT_S)
        assert held.held and held.answer is None
        later = host.submit_and_wait([sent("a", 3), sent("a", 2), sent("a", 2, speed=9)]).result(WAIT_S)
        assert [(each.entry.update.seq, each.answer.outcome.value) for each in later] == [
            (3, "duplicate"),
            (2, "applied"),
            (2, "set aside"),
        ]
        assert host.ask("a", lambda fold: fold.twin.seq).result(WAIT_S) == 3
        host.submit([sent("a", 9)]).result(WAIT_S)
        (rebooted,) = host.submit_and_wait([sent("a", 1, incarnation=2, observed_s=9.0)]).result(WAIT_S)
        assert rebooted.entry.update.incarnation == 2 and rebooted.answer.incarnation == 2
        wish = Entry(Kind.DESIRED, "a", facts={"version": 1, "values": {"period_s": 5}})
        one, two = host.submit_and_wait([wish, wish]).result(WAIT_S)
        assert not one.refused and "version 1; expected 2" in two.refused
        (gone,) = host.submit_and_wait([Entry(Kind.ERASE, "a")]).result(WAIT_S)
        assert not gone.refused and not host.knows("a")


def test_what_came_of_entries_of_twins_on_disk(tmp_path):
    with open_folder(tmp_path) as folder:
        with Host(folder.engine, QUICK) as host:
            host.submit([create(f"t{at}", SPEC) for at in range(40)]).result(WAIT_S)
            host.flush().result(WAIT_S)
        with Host(folder.engine, QUICK) as host:
            told = host.submit_and_wait([sent(f"t{at}", 1) for at in range(40)]).result(WAIT_S)
            assert [each.answer.seq for each in told] == [1] * 40 and [each.twin for each in told][7] == "t7"


def test_who_waits_for_what_comes_of_it_learns_that_the_host_has_stopped():
    engine = memory_engine()

    def broken(told):
        raise ZeroDivisionError("of the listener")

    with Host(engine, QUICK, listen=broken) as host:
        future = host.submit_and_wait([create("a"), sent("a", 1), sent("b", 1)])
        assert future.exception(WAIT_S) is None or "of the listener" in str(future.exception(WAIT_S))
        assert waited(lambda: isinstance(host.failure, ZeroDivisionError))
        with pytest.raises(Stopped, match="of the listener"):
            host.submit([sent("a", 2)])
    with Host(engine, QUICK) as host:
        assert host.ask("a", summary).result(WAIT_S)[1] == 1


def test_who_gives_up_waiting_does_no_harm():
    """As asyncio does for a client that goes away."""
    engine, gate = memory_engine(), threading.Event()
    append = engine.journal.append
    engine.journal.append = lambda records: (gate.wait(WAIT_S), append(records))[1]
    with Host(engine, QUICK) as host:
        futures = [host.submit([create("a")]), host.submit_and_wait([sent("a", 1)]), host.ask("a", summary)]
        futures += [host.twins(), host.flush()]
        for each in futures:
            each.cancel()
        gate.set()
        assert host.submit_and_wait([sent("a", 2)]).result(WAIT_S)[0].answer.seq == 2
        assert host.failure is None


def test_a_full_disk_stops_nothing_but_acknowledgements(tmp_path):
    """The file system says that it is full for a while: in the journal, and while checkpoints are written."""
    disk = FullDisk("full")
    with open_folder(tmp_path, vfs="full") as folder, Host(folder.engine, Limits(checkpoint_s=1e6)) as host:
        host.submit([create("a", SPEC), sent("a", 1)]).result(WAIT_S)
        host.flush().result(WAIT_S)  # nothing but the journal is written meanwhile
        for seq in (2, 4):
            disk.is_full = True
            waits = host.submit([sent("a", seq)])
            assert waited(lambda: "the disk is full" in host.trouble)
            with pytest.raises(NoRoom, match="journal.db: the disk is full; nothing is acknowledged until there is"):
                host.submit([sent("a", 9)])
            assert not waits.done()
            disk.is_full = False
            waits.result(WAIT_S)
            assert waited(lambda: host.trouble == "")
            host.submit([sent("a", seq + 1)]).result(WAIT_S)
        disk.is_full = True
        flushed = host.flush()
        assert waited(lambda: "the disk is full" in host.trouble)
        disk.is_full = False
        flushed.result(WAIT_S)
        assert host.failure is None
    disk.unregister()
    with open_folder(tmp_path) as folder, Host(folder.engine, QUICK) as host:
        assert host.ask("a", lambda fold: (fold.twin.seq, fold.twin.missing)).result(WAIT_S) == (5, 0)


def test_a_host_that_stops_while_the_disk_is_full_tells_who_waits(tmp_path):
    disk = FullDisk("full-stop")
    with open_folder(tmp_path, vfs="full-stop") as folder:
        with Host(folder.engine, Limits(checkpoint_s=1e6)) as host:
            host.submit([create("a")]).result(WAIT_S)
            host.flush().result(WAIT_S)
            disk.is_full = True
            waits = host.submit([sent("a", 1)])
            assert waited(lambda: host.trouble)
        with pytest.raises(Stopped, match="cannot be written: .*the disk is full"):
            waits.result(0.0)
        disk.is_full = False
    disk.unregister()


def test_nothing_is_acknowledged_while_the_disk_is_nearly_full():
    engine, free = memory_engine(), [2**40]
    engine = replace(engine, free_bytes=lambda: free[0])
    with Host(engine, QUICK) as host:
        host.submit([create("a")]).result(WAIT_S)
        free[0] = 2**20
        assert waited(lambda: host.trouble)
        with pytest.raises(NoRoom, match=r"1.0 MiB are free on the disk; .* until there are 128.0 MiB"):
            host.submit([sent("a", 1)])
        assert host.ask("a", summary).result(WAIT_S)[1] == 0
        assert host.flush().result(WAIT_S) > 0
        free[0] = 2**40
        assert waited(lambda: not host.trouble)
        host.submit([sent("a", 1)]).result(WAIT_S)


def test_doors_can_keep_unknown_twins_out_of_the_journal():
    engine = memory_engine()
    with Host(engine, QUICK) as host:
        host.submit_and_wait([create("a")]).result(WAIT_S)
        assert [name for name in map(str, range(10_000)) if host.knows(name)] == []
        assert host.knows("a") and engine.journal.last == 10


def test_bytes_that_wait_are_bounded():
    engine, gate = memory_engine(), threading.Event()
    append = engine.journal.append
    engine.journal.append = lambda records: (gate.wait(WAIT_S), append(records))[1]
    large = Entry(Kind.ATTRIBUTES, "a", facts={"attributes": {"a": "x" * 40_000}})
    with Host(engine, Limits(waiting_bytes=100_000)) as host:
        host.submit([large, large])
        with pytest.raises(Busy, match="bytes wait; at most 100000 may"):
            host.submit([large])
        gate.set()
        assert waited(lambda: host.facts()["waiting_bytes"] == 0)
        host.submit([large]).result(WAIT_S)


def test_twins_answer_while_all_are_checkpointed():
    engine = memory_engine()
    put, calls = engine.checkpoints.put, []
    engine.checkpoints.put = lambda writes: (calls.append(len(writes)), time.sleep(0.02), put(writes))[2]
    with Host(engine, Limits(checkpoint_s=1e6, checkpoints=2)) as host:
        host.submit_and_wait([create(f"t{at}") for at in range(80)]).result(WAIT_S)
        calls.clear()
        flushed = host.flush()
        host.ask("t1", summary).result(WAIT_S)
        assert len(calls) < 10 and not flushed.done()
        flushed.result(WAIT_S)
        assert len(calls) >= 40


def test_many_who_submit_while_the_host_stops_are_told():
    engine, acknowledged, told = memory_engine(), [0] * 8, [0] * 8
    host = Host(engine, QUICK)
    host.submit([create(f"t{at}") for at in range(8)]).result(WAIT_S)

    def device(at):
        for seq in range(1, 10**6):
            try:
                host.submit([sent(f"t{at}", seq)]).result(WAIT_S)
            except Stopped:
                told[at] = 1
                return
            acknowledged[at] = seq

    threads = [threading.Thread(target=device, args=(at,)) for at in range(8)]
    for each in threads:
        each.start()
    assert waited(lambda: min(acknowledged) > 5)
    host.stop()
    for each in threads:
        each.join(WAIT_S)
    assert told == [1] * 8
    with Host(engine, QUICK) as again:
        seqs = [again.ask(f"t{at}", lambda fold: fold.twin.seq).result(WAIT_S) for at in range(8)]
        assert seqs == acknowledged


def test_an_erasure_is_done_before_long(tmp_path):
    with open_folder(tmp_path) as folder, Host(folder.engine, QUICK) as host:
        host.submit([create("a"), create("b"), sent("a", 1), Entry(Kind.ERASE, "a")]).result(WAIT_S)
        assert waited(lambda: host.twins().result(WAIT_S) == ("b",))
        host.flush().result(WAIT_S)
        assert folder.engine.journal.read(folder.engine.journal.mark, 10) == []


def test_memory_holds_no_more_twins_than_it_may():
    with Host(memory_engine(), Limits(active=5, checkpoint_s=0.1)) as host:
        host.submit([create(f"t{at}") for at in range(30)]).result(WAIT_S)
        assert waited(lambda: host.facts()["active_twins"] <= 5)
        assert host.ask("t3", summary).result(WAIT_S)[1] == 0


DEVICE = """
import sys
sys.path.insert(0, sys.argv[2])
from live_makers import QUICK, SPEC, create, sent
from twinhop.live import Host
from twinhop.live.sqlite import open_folder

with open_folder(sys.argv[1]) as folder, Host(folder.engine, QUICK) as host:
    known = dict.fromkeys("abc", 0)
    for t in host.twins().result(30):
        known[t] = host.ask(t, lambda fold: fold.twin.seq).result(30)
    print("there", *known.values(), flush=True)
    host.submit([create(t, SPEC) for t in "abc"]).result(30)
    while True:
        for t in known:
            known[t] += 3
        batch = [sent(t, s) for t in known for s in (known[t] - 2, known[t] - 1, known[t])]
        host.submit(batch).result(30)
        print("acknowledged", *known.values(), flush=True)
"""


def killed(folder, acknowledgements):
    """What a process found, and what it acknowledged before it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", DEVICE, str(folder), os.path.dirname(__file__)], stdout=subprocess.PIPE, text=True
    ) as process:
        there = process.stdout.readline().split()
        last = there
        for _ in range(acknowledgements):
            last = process.stdout.readline().split()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
        last = rest[-1].split() if rest and len(rest[-1].split()) == 4 else last
    assert there[0] == "there"
    return [int(each) for each in there[1:]], [int(each) for each in last[1:]]


@pytest.mark.slow
def test_kills_lose_nothing_that_was_acknowledged(tmp_path):
    before = [0, 0, 0]
    for trial in range(20):
        there, acknowledged = killed(tmp_path, 1 + 7 * trial)
        assert all(one >= other for one, other in zip(there, before, strict=True))
        before = acknowledged
    with open_folder(tmp_path) as folder, Host(folder.engine, QUICK) as host:
        for twin, expected in zip("abc", before, strict=True):
            seq, missing, counts = host.ask(
                twin, lambda fold: (fold.twin.seq, fold.twin.missing, dict(fold.counts))
            ).result(WAIT_S)
            assert seq >= expected and missing == 0
            assert counts["applied"] == seq


@pytest.mark.parametrize("uncovered", [10**6, 1])
def test_checkpoints_wait_for_updates_until_much_is_uncovered(uncovered):
    """With much waiting to be applied none is written; beyond the bound of the journal they are."""
    engine, late, stored = memory_engine(), [], []
    put = engine.checkpoints.put

    def counted(writes):
        late.append(host.facts()["waiting_records"])
        stored.extend(writes)
        return put(writes)

    engine.checkpoints.put = counted
    limits = replace(QUICK, waiting=200, group=20, checkpoint_s=0.1, checkpoints=1, uncovered=uncovered)
    with Host(engine, limits, listen=lambda told: time.sleep(0.004 * len(told))) as host:
        host.submit([create(f"t{at}") for at in range(20)]).result(WAIT_S)
        assert waited(lambda: stored)
        late.clear()
        for seq in range(1, 9):
            host.submit([sent(f"t{at}", seq) for at in range(20)])
        assert waited(lambda: not host.facts()["waiting_records"])
        most = max(late, default=0)
        assert host.flush().result(WAIT_S) == engine.journal.last
    assert most > 20 if uncovered == 1 else most <= 20
