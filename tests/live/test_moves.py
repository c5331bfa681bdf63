"""Moves between logical hosts: one owner at any time, nothing lost or doubled, whatever ends in between."""

import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_makers import QUICK, SPEC, Crash, Simulation, crash_after, create, memory_engine, sent, summary

from twinhop.errors import InputError
from twinhop.live import Entry, Host, Kind, Limits
from twinhop.live.entry import moved
from twinhop.live.machine import Fenced, Register, Store

WAIT_S = 30.0


@pytest.fixture
def here():
    simulation = Simulation(memory_engine())
    simulation.send(create("a"), sent("a", 1))
    return simulation


def registration(engine, twin):
    return json.loads(engine.registry.get(f"twin/{twin}").value)


def test_a_move_is_two_compare_and_sets(here):
    here.send(moved("a", "b1", 2))
    assert here.machine.owners == {"a": "b1"}
    assert registration(here.engine, "a") == {"owner": "b1", "epoch": 2, "previous": "here", "move": 30}
    checkpoint, _ = here.engine.checkpoints.get("a")
    assert (checkpoint.epoch, checkpoint.position) == (2, 30)
    here.send(sent("a", 2), moved("a", "b2", 3), sent("a", 3))
    again = Simulation(here.engine)
    assert again.machine.owners == {"a": "b2"} and summary(again.fold("a"))[1] == 3
    assert registration(here.engine, "a")["previous"] == "b1"


def test_what_follows_a_move_waits_for_the_checkpoint_under_the_new_epoch(here):
    machine, engine = here.machine, here.engine
    records = [each.encoded() for each in (sent("a", 2), moved("a", "b1", 2), sent("a", 3), sent("a", 4))]
    effects = machine.recorded(list(zip(engine.journal.append(records), records, strict=True)))
    tell, register = effects
    assert [position for position, _ in tell.folded] == [30] and isinstance(register, Register)
    assert machine.peek("a").twin.seq == 2 and machine.fold_of("a") is None
    assert not any(isinstance(each, Store) for each in machine.flush())  # none under the old epoch comes in between
    (store,) = machine.registered(register.key, engine.registry.put(register.key, register.value, register.expected))
    assert isinstance(store, Store) and store.hands_over and store.writes[0].checkpoint.position == 40
    assert machine.peek("a").twin.seq == 2
    here.perform([store])
    assert machine.fold_of("a").twin.seq == 4
    assert [position for position, _ in here.told[-3:]] == [40, 50, 60]


def test_a_move_waits_for_a_checkpoint_that_is_being_stored(here):
    machine, engine = here.machine, here.engine
    (store,) = machine.flush()
    record = moved("a", "b1", 2).encoded()
    (register,) = machine.recorded([(engine.journal.append([record])[0], record)])
    assert machine.registered(register.key, engine.registry.put(register.key, register.value, register.expected)) == []
    here.perform([store])
    assert engine.checkpoints.get("a")[0].epoch == 2 and engine.checkpoints.get("a")[0].position == 30


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (moved("a", "b1", 1), "its epoch is 1"),
        (moved("a", "b1", 3), "its epoch is 1"),
        (moved("a", "", 2), "name of a host"),
        (moved("a", "b\n1", 2), "name of a host"),
        (moved("a", 7, 2), "name of a host"),
        (moved("a", "b1", "2"), "name of a host"),
        (Entry(Kind.MOVE, "a"), "name of a host"),
        (moved("b", "b1", 2), "no such twin"),
        (Entry(Kind.RESUMED, "a"), "is no entry of a journal"),
    ],
)
def test_moves_that_change_nothing_say_why(entry, words, here):
    here.send(entry)
    assert words in here.told[-1][1].refused
    assert here.machine.owners == {"a": ""}


def test_of_two_moves_of_one_epoch_the_first_holds(here):
    here.send(moved("a", "b1", 2), moved("a", "b2", 2))
    assert here.machine.owners == {"a": "b1"} and "moved meanwhile" in here.told[-1][1].refused
    assert Simulation(here.engine).machine.owners == {"a": "b1"}


def test_another_host_that_has_moved_it_stops_this_one(here):
    here.engine.registry.put("twin/a", b'{"owner": "b9", "epoch": 2}', here.engine.registry.get("twin/a").revision)
    with pytest.raises(Fenced, match="another host has written its registration"):
        here.send(moved("a", "b1", 2))


def test_an_erasure_after_a_move_waits_for_it_and_a_new_life_begins_at_no_host(here):
    here.send(moved("a", "b1", 2), sent("a", 2), Entry(Kind.ERASE, "a"), sent("a", 3), create("a"), sent("a", 1))
    here.flush()
    again = Simulation(here.engine)
    assert again.machine.owners == {"a": ""} and summary(again.fold("a"))[1] == 1


def test_folders_without_moves_open(here):
    """The registry as it was before there were moves."""
    assert registration(here.engine, "a") == {"owner": "here", "epoch": 1}
    again = Simulation(here.engine)
    assert again.machine.owners == {"a": ""}
    again.send(moved("a", "b1", 2))
    assert again.machine.owners == {"a": "b1"}


STEPS = st.lists(
    st.sampled_from(["update", "update", "move", "stale move", "flush", "tick", "erase", "create", "hole"]), max_size=14
)


@pytest.mark.parametrize("examples", [40, pytest.param(1500, marks=pytest.mark.slow)])
def test_moves_and_crashes_between_any_two_writes(examples):
    settings(max_examples=examples)(given(STEPS, st.integers(0, 30), st.integers(0, 12))(moves_and_crashes))()


def moves_and_crashes(steps, first, second):
    """Two crashes somewhere; every acknowledged update is applied once, in order, and the last move is the truth."""
    engine = memory_engine()
    left = crash_after(engine, first)
    crashes = [second, 10**9]
    here, seq, epoch, moves, host, now_s = None, 0, 1, 0, "", 0.0
    steps = ["create", *steps, "flush"]
    at, exists = 0, False
    while at < len(steps):
        step = steps[at]
        before = engine.journal.last
        try:
            here = here or Simulation(engine)
            if step == "update" and exists:
                here.send(sent("a", seq + 1))
            elif step == "hole" and exists:
                here.send(sent("a", seq + 2), sent("a", seq + 1))
            elif step == "move" and exists:
                here.send(moved("a", f"b{moves + 1}", epoch + 1), sent("a", seq + 1))
            elif step == "stale move" and exists:
                here.send(moved("a", "never", epoch))
            elif step == "erase" and exists:
                here.send(Entry(Kind.ERASE, "a"))
            elif step == "create" and not exists:
                here.send(create("a", SPEC))
            elif step == "flush":
                here.flush()
            now_s += 0.1
            here.tick(now_s)
        except Crash:
            here, left[0] = None, crashes.pop(0)
            if step in ("flush", "tick") or engine.journal.last == before:
                continue  # it was not acknowledged: it is sent again
        if step == "update" and exists:
            seq += 1
        elif step == "hole" and exists:
            seq += 2
        elif step == "move" and exists:
            moves, epoch, host, seq = moves + 1, epoch + 1, f"b{moves + 1}", seq + 1
        elif step == "erase" and exists:
            exists, seq, epoch, host = False, 0, 1, ""
        elif step == "create" and not exists:
            exists = True
        at += 1
    left[0] = 10**9
    for _ in range(2):
        here = Simulation(engine)
        here.flush()
        assert here.machine.owners == ({"a": host} if exists else {})
        if exists:
            fold = here.fold("a")
            assert (fold.twin.seq, fold.twin.missing, fold.counts["applied"]) == (seq, 0, seq)
            assert registration(engine, "a")["epoch"] == epoch
            assert engine.checkpoints.get("a")[0].epoch == epoch
        assert engine.journal.mark == engine.journal.last


def test_a_host_moves_twins_and_says_how_long_they_waited():
    engine = memory_engine()
    with Host(engine, QUICK) as host:
        host.submit([create("a"), create("b"), sent("a", 1)]).result(WAIT_S)
        done = host.move("a", "b1").result(WAIT_S)
        assert (done.twin, done.source, done.target, done.epoch) == ("a", "", "b1", 2)
        assert 0 < done.pause_s < WAIT_S
        assert host.owners() == {"a": "b1", "b": ""}
        assert host.move("a", "b2").result(WAIT_S).source == "b1"
        for twin, to, words in (
            ("a", "b2", "is on 'b2' already"),
            ("c", "b1", "no such twin"),
            ("a", "\n", "one line"),
        ):
            with pytest.raises(InputError, match=words):
                host.move(twin, to).result(WAIT_S)
        assert host.ask("a", summary).result(WAIT_S)[1] == 1
    assert registration(engine, "a")["owner"] == "b2"


def test_a_host_moves_under_load_and_answers_meanwhile():
    names = [f"t{at}" for at in range(20)]
    with Host(memory_engine(), QUICK) as host:
        host.submit([create(each) for each in names]).result(WAIT_S)
        open_futures, moves, targets = [], [], set()
        for seq in range(1, 31):
            open_futures.append(host.submit_and_wait([sent(each, seq) for each in names]))
            if seq % 10 == 0:
                targets |= {each.result(WAIT_S).target for each in moves}
                moves = [host.move(each, f"b{seq}") for each in names]
                open_futures += [host.ask(each, summary) for each in names]
        targets |= {each.result(WAIT_S).target for each in moves}
        assert targets == {"b10", "b20", "b30"}
        assert all(each.result(WAIT_S) for each in open_futures)
        assert {host.ask(each, lambda fold: fold.counts["applied"]).result(WAIT_S) for each in names} == {30}
        assert set(host.owners().values()) == {"b30"}


def test_who_asks_for_a_twin_that_is_erased_after_a_move_is_told():
    """The question comes while checkpoints of other moves are written, and what follows the move waits."""
    engine, gate, begun = memory_engine(), threading.Event(), threading.Event()
    with Host(engine, Limits(checkpoint_s=1e6)) as host:
        host.submit([create(name) for name in "abc"]).result(WAIT_S)
        host.flush().result(WAIT_S)
        put = engine.registry.put
        engine.registry.put = lambda *each: (begun.set(), gate.wait(WAIT_S), put(*each))[2]
        host.submit([*(moved(name, "b1", 2) for name in "abc"), sent("a", 1), Entry(Kind.ERASE, "a")])
        assert begun.wait(WAIT_S)
        asked = host.ask("a", summary)
        gate.set()
        with pytest.raises(InputError, match="there is no such twin"):
            asked.result(5.0)


def test_one_move_of_a_twin_at_a_time():
    with Host(memory_engine(), QUICK) as host:
        host.submit([create("a")]).result(WAIT_S)
        first, second = host.move("a", "b1"), host.move("a", "b2")
        assert first.result(WAIT_S).target == "b1"
        with pytest.raises(InputError, match="is being moved to 'b1'; one move at a time"):
            second.result(WAIT_S)


def test_twins_in_memory_are_asked_and_no_other_is_woken():
    engine = memory_engine()
    with Host(engine, QUICK) as host:
        host.submit([create(f"t{at}") for at in range(500)]).result(WAIT_S)
        assert len(host.ask_active(lambda fold: fold.twin.id).result(WAIT_S)) == 500
        host.flush().result(WAIT_S)
        with pytest.raises(ZeroDivisionError):
            host.ask_active(lambda fold: 1 / 0).result(WAIT_S)
    with Host(engine, QUICK) as host:
        assert host.ask_active(lambda fold: 1).result(WAIT_S) == {}
        host.ask("t7", summary).result(WAIT_S)
        assert host.ask_active(lambda fold: 1).result(WAIT_S) == {"t7": 1}
