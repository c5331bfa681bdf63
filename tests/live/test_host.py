"""The host that runs: threads, groups, questions, backpressure, damage; and kills of the process."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from live_makers import QUICK, SPEC, create, memory_engine, sent, summary

from twinhop.errors import InputError
from twinhop.live import Busy, Entry, Host, Kind, Limits
from twinhop.live.host import Stopped
from twinhop.live.sqlite import open_folder

WAIT_S = 30.0


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
