"""The machine: holes, clocks, reboots, erasure, checkpoints and marks; the same bits after any replay."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_makers import (
    PLAIN_SPEC,
    QUICK,
    SCHEMA,
    SPEC,
    Crash,
    Simulation,
    crash_after,
    create,
    logged,
    memory_engine,
    sent,
    summary,
)

from twinhop.errors import InputError
from twinhop.live import Entry, Kind, Limits, TwinSpec
from twinhop.live.machine import Fenced
from twinhop.twin import Dimension, Outcome, Reason, TwinSchema, Update
from twinhop.twin.behaviour import BEHAVIOUR_MODELS

ORACLE_SPEC = PLAIN_SPEC.replace('"models":{}', '"models":{"speed":"oracle"}')


@pytest.fixture
def here():
    simulation = Simulation(memory_engine())
    simulation.send(create("a"))
    return simulation


def outcomes(simulation):
    """What was told of updates: their seq, and what became of them."""
    return [
        (each.entry.update.seq, "held" if each.held else str(each.answer.reason or each.answer.outcome))
        for _, each in simulation.told
        if each.answer is not None or each.held
    ]


def test_updates_are_applied_in_order(here):
    here.send(*(sent("a", seq) for seq in (1, 2, 3)))
    assert summary(here.fold("a"))[:2] == [1, 3]
    assert outcomes(here) == [(1, "applied"), (2, "applied"), (3, "applied")]


def test_a_hole_is_waited_for_and_filled(here):
    here.send(*(sent("a", seq) for seq in (1, 4, 3)))
    assert (here.fold("a").twin.seq, len(here.fold("a").held)) == (1, 2)
    here.send(sent("a", 2))
    assert (here.fold("a").twin.seq, here.fold("a").twin.missing) == (4, 0)
    assert outcomes(here)[-3:] == [(2, "applied"), (3, "applied"), (4, "applied")]


def test_a_hole_is_given_up_after_a_while_and_that_is_an_entry(here):
    here.tick(10.0)
    here.send(sent("a", 1), sent("a", 3), sent("a", 6))
    here.tick(10.1)
    assert here.fold("a").twin.seq == 1
    here.tick(10.3)
    assert (here.fold("a").twin.seq, here.fold("a").twin.missing) == (3, 1)
    here.tick(10.6)
    assert (here.fold("a").twin.seq, here.fold("a").twin.missing) == (6, 3)
    kinds = [each.entry.kind for _, each in here.told if each.entry.kind is Kind.HOLE]
    assert len(kinds) == 2
    here.send(sent("a", 2))
    assert outcomes(here)[-1] == (2, "applied") and here.fold("a").twin.missing == 2


def test_more_than_may_be_held_are_not(here):
    here.send(*(sent("a", seq) for seq in range(100, 100 - 2 * QUICK.held, -1) if seq > 1))
    assert len(here.fold("a").held) <= QUICK.held
    assert here.fold("a").twin.seq > 0


def test_what_is_held_may_come_again(here):
    here.send(sent("a", 1), sent("a", 3), sent("a", 3), sent("a", 3, speed=9))
    assert outcomes(here)[-2:] == [(3, "duplicate"), (3, "conflict")]
    assert "held back already" in here.fold("a").asides[0]


def test_a_reboot_ends_the_wait_for_a_hole(here):
    here.send(sent("a", 1), sent("a", 3), sent("a", 1, incarnation=2, observed_s=9.0))
    assert summary(here.fold("a"))[:2] == [2, 1]
    assert here.fold("a").twin.missing == 1


def test_an_old_incarnation_is_not_waited_for_nor_mistaken_for_the_new_one(here):
    here.send(sent("a", 1), sent("a", 3, incarnation=2, observed_s=9.0))
    here.send(Entry(Kind.UPDATE, "a", replace(sent("a", 3, incarnation=2, observed_s=3.0).update, incarnation=1)))
    assert outcomes(here) == [(1, "applied"), (3, "held"), (3, "applied")]
    here.send(sent("a", 1, incarnation=2, observed_s=9.0), sent("a", 2, incarnation=2, observed_s=9.0))
    assert outcomes(here)[3:] == [(1, "applied"), (2, "applied"), (3, "applied")]


@pytest.mark.parametrize("observed_s", [-1e11, 1e11])
@pytest.mark.parametrize("received_s", [1.8e9, -1e11, 1e11])
def test_the_wildest_offset_is_decided_once(observed_s, received_s, here):
    here.send(sent("a", 1, observed_s=observed_s, received_s=received_s))
    decisions = [each for _, each in here.told if each.entry.kind is Kind.CLOCK_OFFSET]
    assert len(decisions) == (observed_s != received_s) and not any(each.refused for each in decisions)


def test_an_offset_is_put_in_force_by_an_entry(here):
    here.send(*(sent("a", seq, observed_s=3600.0 + seq, received_s=float(seq)) for seq in range(1, 4)))
    assert here.fold("a").twin.clock.offset_s == 3600.0
    assert [each.entry.facts["offset_s"] for _, each in here.told if each.entry.kind is Kind.CLOCK_OFFSET] == [3600.0]
    assert here.fold("a").counts["clock ahead"] == 3  # the entry stands after the batch that it follows from
    here.send(sent("a", 4, observed_s=3604.0, received_s=4.0))
    assert here.fold("a").counts["clock ahead"] == 3


def test_twins_that_are_not_there(here):
    here.send(sent("b", 1), Entry(Kind.DESIRED, "b", facts={"version": 1, "values": {}}))
    assert [each.refused for _, each in here.told[-2:]] == 2 * ["there is no such twin; create it first"]
    assert here.fold("b") is None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (create("a"), "there already"),
        (Entry(Kind.DESIRED, "a", facts={"version": 7, "values": {}}), "version 7; expected 1"),
        (Entry(Kind.DESIRED, "a", facts={}), "version"),
        (Entry(Kind.ATTRIBUTES, "a", facts={"attributes": {"b": [1]}}), "attributes.b"),
        (Entry(Kind.ATTRIBUTES, "a", facts={"attributes": 7}), ""),
        (Entry(Kind.CLOCK_OFFSET, "a", facts={"incarnation": 9, "offset_s": 1.0}), "has ended"),
        (Entry(Kind.CLOCK_OFFSET, "a", facts={"incarnation": 0, "offset_s": 1e300}), "clock offset"),
        (Entry(Kind.HOLE, "a", facts={"incarnation": 1, "seq": 4}), "filled or given up already"),
        (Entry(Kind.CREATE, "b", facts={"spec": "{}"}), "state_schema"),
        (Entry(Kind.CREATE, "b", facts={}), "expected a specification"),
        (Entry(Kind.CREATE, "b\n", facts={"spec": PLAIN_SPEC}), "id: "),
        (Entry(Kind.CREATE, "b", facts={"spec": ORACLE_SPEC}), "unknown kind 'oracle'"),
        (Entry(Kind.CLOCK_OFFSET, "a", facts={"incarnation": 0, "offset_s": 10**400}), "too large"),
    ],
)
def test_entries_that_change_nothing_say_why(entry, words, here):
    before = here.fold("a").head()
    here.send(entry)
    assert words in here.told[-1][1].refused and here.told[-1][1].refused
    assert here.fold("a").head() == before


def test_every_kind_of_model_can_be_asked_for_by_name():
    """A specification names kinds alone, so that each must have defaults."""
    for kind in BEHAVIOUR_MODELS:
        name = "mode" if BEHAVIOUR_MODELS[kind].of_categories else "speed"
        category = Dimension(name="mode", kind="category", unit="1", categories=("walk", "drive"))
        spec = TwinSpec(state_schema=TwinSchema(dimensions=(*SCHEMA.dimensions, category)), models={name: kind})
        assert spec.twin("a", {}).models[name].kind == kind


def test_attributes_and_desired_settings(here):
    here.send(
        Entry(Kind.ATTRIBUTES, "a", facts={"attributes": {"wheels": 3}}),
        Entry(Kind.DESIRED, "a", facts={"version": 1, "values": {"period_s": 5}}),
    )
    again = Simulation(here.engine).fold("a").twin
    assert (again.attributes["wheels"], again.desired.version, again.desired.values) == (3, 1, {"period_s": 5})


def test_the_mark_rises_over_what_checkpoints_cover(here):
    here.send(create("b"), sent("a", 1), sent("b", 1))
    assert here.engine.journal.mark == 0
    here.flush()
    assert here.engine.journal.mark == here.engine.journal.last
    here.send(sent("b", 2))
    again = Simulation(here.engine)
    assert [summary(again.fold(name))[1] for name in "ab"] == [1, 2]
    assert again.machine.twins == ("a", "b")


def test_the_mark_stays_below_what_no_checkpoint_covers(here):
    """Time passes, other twins are checkpointed, and a crash comes before the next checkpoint is due."""
    here.tick(1.0)
    assert here.engine.journal.mark == here.engine.journal.last
    here.send(sent("a", 1), create("b"))
    here.tick(1.05)
    assert len(here.engine.journal.read(here.engine.journal.mark, 9)) == 2
    again = Simulation(here.engine)
    assert [summary(again.fold(name))[1] for name in "ab"] == [1, 0]


def test_records_that_a_checkpoint_covers_are_not_applied_again(here):
    """A crash between the checkpoint and the mark: the same bits, counts included."""
    here.engine.journal.trim = lambda mark: None
    here.send(sent("a", 1), sent("a", 3), Entry(Kind.DESIRED, "a", facts={"version": 1, "values": {}}))
    here.flush()
    head = here.fold("a").head()
    assert here.engine.journal.mark == 0
    assert Simulation(here.engine).fold("a").head() == head


def test_what_is_held_is_in_the_checkpoint(here):
    here.send(sent("a", 1), sent("a", 3))
    here.flush()
    assert len(here.engine.journal.read(here.engine.journal.mark, 9)) == 1
    again = Simulation(here.engine)
    assert again.fold("a").head() == here.fold("a").head()
    again.send(sent("a", 2))
    assert again.fold("a").twin.seq == 3
    again.flush()
    assert again.engine.journal.mark == again.engine.journal.last


def test_what_is_held_in_a_checkpoint_is_given_up_after_a_restart_though_nobody_asks(here):
    here.send(create("b"), sent("a", 1), sent("a", 3), sent("b", 1))
    here.flush()
    here.flush()
    Simulation(here.engine).flush()
    again = Simulation(here.engine)
    for now_s in (50.0, 51.0):
        again.tick(now_s)
    assert [each.entry.update.seq for _, each in again.told if each.answer is not None] == [3]
    again.flush()
    assert again.engine.journal.mark == again.engine.journal.last


def test_a_twin_that_holds_updates_back_stays_in_memory():
    here = Simulation(memory_engine(), replace(QUICK, active=1, hole_wait_s=5.0))
    here.send(create("a"), create("b"), create("c"), sent("a", 2))
    for now_s in (0.5, 1.0, 1.5):
        here.tick(now_s)
    here.send(sent("b", 1))
    for now_s in (2.0, 4.0, 6.0, 7.0):
        here.tick(now_s)
    assert [each.entry.update.seq for _, each in here.told if each.answer is not None] == [1, 2]
    assert here.machine.active <= 1


def test_least_recently_used_twins_go_and_come_back():
    here = Simulation(memory_engine(), replace(QUICK, active=3))
    here.send(*(create(str(name), SPEC) for name in range(10)))
    for seq in range(1, 4):
        here.send(*(sent(str(name), seq) for name in range(10)))
        for step in range(4):
            here.tick(seq + step / 4)
    assert here.machine.active <= 3
    assert [summary(here.fold(str(name)))[1] for name in range(10)] == [3] * 10


def test_a_checkpoint_of_another_host_stops_the_machine(here):
    here.flush()
    stored, revision = here.engine.checkpoints.get("a")
    here.engine.checkpoints.stored["a"] = stored, revision + 5
    here.send(sent("a", 1))
    with pytest.raises(Fenced, match="another host has written its checkpoint"):
        here.flush()


def test_an_erased_twin_is_gone_and_may_be_created_anew(here):
    here.send(create("b"), sent("b", 1), sent("a", 1))
    here.send(sent("a", 2), Entry(Kind.ERASE, "a"), sent("a", 3))
    assert here.told[-1][1].refused == "the twin has been erased"
    assert here.fold("a") is None and here.machine.twins == ("b",)
    assert here.engine.journal.mark > 0 and here.engine.checkpoints.get("a") is None
    assert not any(b"a" == Entry.decoded(each).twin.encode() for _, each in here.engine.journal.read(0, 99) if _ < 50)
    again = Simulation(here.engine)
    again.send(sent("a", 4))
    assert again.told[-1][1].refused == "the twin has been erased"
    again.send(create("a"), sent("a", 1))
    assert summary(again.fold("a"))[1] == 1
    again.send(Entry(Kind.ERASE, "a"))
    assert Simulation(again.engine).machine.twins == ("b",)


def test_what_follows_an_erasure_in_one_commit_is_kept(here):
    here.send(sent("a", 1), Entry(Kind.ERASE, "a"), sent("a", 2), create("a", SPEC), sent("a", 1), sent("a", 2))
    assert [each.refused for _, each in here.told[2:]] == ["", "the twin has been erased", "", "", ""]
    assert summary(here.fold("a"))[1] == 2
    here.send(Entry(Kind.ERASE, "a"), create("a"), sent("a", 1), Entry(Kind.ERASE, "a"), create("a"), sent("a", 1))
    here.flush()
    again = Simulation(here.engine)
    assert summary(again.fold("a"))[1] == summary(here.fold("a"))[1] == 1


def test_a_twin_is_erased_after_its_checkpoint_that_is_being_stored(here):
    machine, engine = here.machine, here.engine
    here.send(sent("a", 1))
    (store,) = machine.flush()
    erase = Entry(Kind.ERASE, "a").encoded()
    (position,) = engine.journal.append([erase])
    first = machine.recorded([(position, erase)])
    assert [type(each).__name__ for each in first] == ["Tell"]
    here.perform([store])
    assert engine.checkpoints.get("a") is None and machine.twins == ()
    assert engine.journal.mark == engine.journal.last


def test_a_crash_between_any_two_writes_loses_nothing():
    """Every durable write of a run with creations, checkpoints and an erasure is the last one once."""

    def run(writes):
        engine = memory_engine()
        left = crash_after(engine, writes)
        steps = [
            lambda here: here.send(create("a", SPEC), create("b")),
            lambda here: here.send(sent("a", 1), sent("b", 1), sent("a", 2)),
            lambda here: here.flush(),
            lambda here: here.send(sent("a", 3), Entry(Kind.ERASE, "b"), sent("b", 2)),
            lambda here: here.flush(),
        ]
        here, crashed = Simulation(engine), 0
        for step in steps:
            try:
                step(here)
            except Crash:
                crashed, left[0] = crashed + 1, 10**9
                here = Simulation(engine)
                step(here)  # what was not acknowledged is sent again
        here.flush()
        assert here.machine.twins == ("a",)
        assert summary(here.fold("a"))[1] == 3 and here.fold("a").twin.missing == 0
        return crashed

    runs = [run(writes) for writes in range(20)]
    assert runs[0] == 1 and runs[-1] == 0


UPDATE = st.builds(
    sent,
    st.sampled_from("ab"),
    st.integers(1, 9),
    incarnation=st.integers(1, 3),
    observed_s=st.one_of(st.floats(0, 50), st.sampled_from([math.nan, 3650.0, 2.08e9, -1e11, -1e12])),
    received_s=st.floats(0, 60),
    speed=st.integers(0, 3),
)
MALFORMED = st.just(Entry(Kind.UPDATE, "a", Update(0, 1.0, sent("a", 1).update.values[:2], 1, 1.0)))
ASKED = st.sampled_from(
    [
        create("a", SPEC),
        create("b", SPEC),
        Entry(Kind.ERASE, "a"),
        Entry(Kind.RESTART, "a"),
        Entry(Kind.DESIRED, "b", facts={"version": 1, "values": {"period_s": 5}}),
    ]
)
WAITS = st.lists(st.floats(0, 0.3), min_size=10, max_size=10)
ENTRIES = st.lists(st.one_of(UPDATE, UPDATE, UPDATE, UPDATE, MALFORMED, ASKED), max_size=40)


@pytest.mark.parametrize("examples", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_any_sequence_never_blocks_and_replays_to_the_same_bits(examples):
    settings(max_examples=examples)(given(ENTRIES, WAITS, st.data())(never_blocks_and_replays))()


def never_blocks_and_replays(entries, waits, data):
    """Reboots, clock jumps, holes, repetitions, late ones, erasures and ticks; then replays with crashes."""
    first = memory_engine()
    log = logged(first)
    here, now_s = Simulation(first), 0.0
    here.send(create("a", SPEC), create("b", SPEC))
    while entries:
        count = data.draw(st.integers(1, 6))
        here.send(*entries[:count])
        entries = entries[count:]
        now_s += waits[len(entries) % len(waits)]
        here.tick(now_s)
    for _ in range(40):
        now_s += 1.0
        here.tick(now_s)
    for name in here.machine.twins:
        fold = here.fold(name)
        assert not fold.held
        if fold.twin.incarnation < 9:
            here.send(sent(name, 1, incarnation=9, observed_s=70.0))
            answers = [each.answer for _, each in here.told if each.answer is not None]
            assert answers[-1].outcome is Outcome.APPLIED
    for _, each in here.told:
        assert each.entry.kind != Kind.UPDATE or each.answer is not None or each.held or each.refused

    second = memory_engine()
    replayed, at = Simulation(second, decides=False), 0
    while at < len(log):
        count = data.draw(st.integers(1, 12))
        second.journal.records |= dict(log[at : at + count])
        second.journal.last = log[min(at + count, len(log)) - 1][0]
        replayed.perform(replayed.machine.recorded(log[at : at + count]))
        at += count
        what = data.draw(st.sampled_from(["nothing", "flush", "crash"]))
        if what == "flush":
            replayed.flush()
        if what == "crash":
            replayed = Simulation(second, decides=False)
    assert sorted(replayed.machine.twins) == sorted(here.machine.twins)
    for name in here.machine.twins:
        assert replayed.fold(name).head() == here.fold(name).head()


def test_reasons_are_counted_and_shown(here):
    here.send(sent("a", 1), sent("a", 1, speed=9), sent("a", 1, incarnation=2, observed_s=2.0), sent("a", 7))
    fold = here.fold("a")
    assert (fold.counts[Reason.CONFLICT], fold.counts[Reason.SUPERSEDED], fold.counts["applied"]) == (1, 1, 2)
    assert [words[:40] for words in fold.asides] == [
        "update 1: other values under that number",
        "update 7 of incarnation 1: incarnation 2",
    ]


@pytest.mark.parametrize(
    "record", [b"", b"\x01", b"\x63\x01\x00\x00{}", b"\x02\x01\x01\x00a{", b"\x01\x01\x01\x00a123"]
)
def test_records_that_are_no_entries(record):
    with pytest.raises(InputError, match="journal: "):
        Entry.decoded(record)


def test_entries_of_a_newer_version_are_refused():
    with pytest.raises(InputError, match="an entry of version 3; this program reads up to 2; use a newer twinhop"):
        Entry.decoded(b"\x01\x03" + sent("a", 1).encoded()[2:])


NESTED = []
for _ in range(40):
    NESTED = [NESTED]


@pytest.mark.parametrize("facts", [{"version": math.nan}, {"version": object()}, {1: 2, "a": 3}, {"version": NESTED}])
def test_facts_that_no_entry_holds(facts):
    with pytest.raises(InputError, match="twin 'a': an entry is no value of JSON"):
        Entry(Kind.DESIRED, "a", facts=facts).encoded()


def test_an_id_that_is_not_unicode_is_not_another_one():
    with pytest.raises(InputError, match="id: is not text of Unicode"):
        sent("car-\ud800", 1).encoded()


@pytest.mark.parametrize(
    "update", [Update(2**70, 1.0, sent("a", 1).update.values), Update(1, 1.0, ["a"]), Update(1, "noon", [1.0])]
)
def test_updates_that_no_entry_holds(update):
    with pytest.raises(InputError, match="twin 'a': update: "):
        Entry(Kind.UPDATE, "a", update).encoded()


def test_checkpoints_are_spread_over_their_period_and_each_twin_has_one_in_it():
    here = Simulation(memory_engine(), Limits(checkpoint_s=30.0, checkpoints=5))
    here.tick(0.0)
    here.send(*(create(f"t{at}") for at in range(100)))
    counts = []
    for tick in range(1, 1201):
        now_s = tick / 10
        if tick % 10 == 0:
            here.send(*(sent(f"t{at}", tick // 10) for at in range(100)))
        before = here.engine.checkpoints.revision
        here.tick(now_s)
        counts.append(here.engine.checkpoints.revision - before)
    assert max(counts) <= 5 and sum(counts[299:]) in range(300, 401)
    assert all(sum(counts[at : at + 50]) in range(10, 41) for at in range(300, 500, 50))
    assert here.machine.mark > here.engine.journal.last - 10 * 100 * 61  # of the last two periods
    here.flush()
    assert here.machine.mark == here.machine.saved == here.engine.journal.last
