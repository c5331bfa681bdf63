"""What is derived from entries: right after any crash, bounded, and never in the way."""

import asyncio
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_makers import PLAIN_SPEC, QUICK, Crash, Simulation, crash_after, create, logged, memory_engine, sent

from twinhop.errors import InputError
from twinhop.live import Entry, Host, Kind, TwinSpec
from twinhop.live.entry import moved
from twinhop.live.ports import NoRoom
from twinhop.live.projections import EventRing, Gone, Roster, ServiceDefinition, Services, rebuild, saved
from twinhop.scenario.schema.attribute_expression import parse_expression
from twinhop.twin import Dimension, TwinSchema, Update
from twinhop.twin.service import Count, Extraction, Mean, Membership, ServiceTwin

WAIT_S = 30.0
SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0),
        Dimension(name="load", kind="scalar", unit="1"),
    )
)
SPEC = TwinSpec(state_schema=SCHEMA).model_dump_json()


def begun(twin, wheels=4):
    return Entry(Kind.CREATE, twin, facts={"spec": SPEC, "attributes": {"wheels": wheels}})


def at(twin, seq, x_m=None, load=None, received_s=None, incarnation=1):
    """An update that may hold position, load, both or neither."""
    values = np.full(3, np.nan)
    if x_m is not None:
        values[:2] = x_m, 1.0
    if load is not None:
        values[2] = load
    received_s = seq + 0.5 if received_s is None else received_s
    return Entry(Kind.UPDATE, twin, Update(seq, float(seq), values, incarnation, received_s))


def definition(expression="wheels == 4"):
    def make():
        extraction = Extraction(SCHEMA, ["position", "load"])
        aggregates = {"count": Count(), "load": Mean(extraction.columns("load"))}
        return ServiceTwin("fleet", extraction, Membership(where=parse_expression(expression)), aggregates)

    return ServiceDefinition(make, expression, SCHEMA, ("count", "load"))


def projections(folder):
    return Roster(folder), Services(folder, {"fleet": definition()})


def state_of(roster, services):
    """All that a person could read."""
    rows, view = roster.rows(), services.view("fleet", 100.0)
    told = [rows.ids, rows.xy_m, rows.load, rows.observed_s, rows.received_s, view.members, view.staleness]
    values = [np.round(view.aggregates[name], 9).tolist() for name in view.aggregates]
    return repr([each.tolist() if isinstance(each, np.ndarray) else each for each in told] + values)


NUMBER = st.one_of(st.none(), st.integers(0, 5).map(float))
ENTRY = st.one_of(
    st.builds(at, st.sampled_from("ab"), st.integers(1, 6), NUMBER, NUMBER, st.floats(0, 9), st.integers(1, 2)),
    st.sampled_from(
        [
            begun("a"),
            begun("b", wheels=2),
            create("c", PLAIN_SPEC),
            sent("c", 1),
            Entry(Kind.ERASE, "a"),
            Entry(Kind.ATTRIBUTES, "b", facts={"attributes": {"wheels": 4}}),
            moved("a", "b1", 2),
        ]
    ),
)
STEPS = st.lists(st.one_of(st.lists(ENTRY, max_size=5), st.just("flush")), max_size=12)


@pytest.mark.parametrize("examples", [40, pytest.param(1500, marks=pytest.mark.slow)])
def test_after_a_crash_anywhere_it_is_that_of_a_replay_from_nothing(examples, tmp_path):
    def run(steps, first, second):
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        (tmp_path / "data").mkdir()
        derived_after_crashes(steps, first, second, tmp_path / "data")

    settings(max_examples=examples)(given(STEPS, st.integers(0, 30), st.integers(0, 12))(run))()


EARLIER_LIVES = {
    "before it was there": [at("a", 1, received_s=9.0), begun("a")],
    "before it was erased": [begun("a"), at("a", 1, received_s=9.0), Entry(Kind.ERASE, "a"), begun("a")],
    "and of its own": [at("a", 1, received_s=9.0), begun("a"), at("a", 1, received_s=2.0), at("a", 3, received_s=1.0)],
    "of its own alone": [begun("a"), at("a", 1, received_s=2.0), begun("a"), at("a", 1, received_s=3.0)],
}


@pytest.mark.parametrize("entries", EARLIER_LIVES.values(), ids=EARLIER_LIVES.keys())
def test_updates_of_before_a_twin_was_there_are_not_its_own_after_a_crash(entries, tmp_path):
    """First a crash before anything, so that there is no twin yet; then at each write after it.

    Another twin, with a hole that is not filled, keeps the records of this one above the mark.
    """
    for second in range(12):
        folder = tmp_path / str(second)
        folder.mkdir()
        derived_after_crashes([[], [begun("b"), at("b", 2), *entries]], 0, second, folder)


def derived_after_crashes(steps, first, second, folder):
    engine = memory_engine()
    log = logged(engine)
    left, crashes = crash_after(engine, first), [second, 10**9]
    here, now_s = None, 0.0

    def started():
        derived = projections(folder)
        assert all([each.load(engine.journal.mark) for each in derived])
        return Simulation(engine, followers=derived)

    for step in [[begun("a")], *steps]:
        try:
            here = here or started()
            here.flush() if step == "flush" else here.send(*step)
            now_s += 0.1
            here.tick(now_s)
        except Crash:
            here, left[0] = None, crashes.pop(0)
    left[0] = 10**9
    here = started()
    whole = memory_engine()
    nothing = projections(folder / "none")
    replayed = Simulation(whole, decides=False, followers=nothing)
    nothing_saved = [setattr(each, "save", lambda mark: None) for each in nothing]
    assert nothing_saved
    for position, record in log:
        whole.journal.records[position] = record
        whole.journal.last = position
        replayed.perform(replayed.machine.recorded([(position, record)]))
    for name in here.machine.twins:
        here.fold(name)
    assert state_of(*here.followers) == state_of(*nothing)


def test_the_roster_knows_positions_loads_times_and_hosts(tmp_path):
    engine = memory_engine()
    roster = Roster(tmp_path)
    with Host(engine, QUICK, listen=roster.fold, before_trim=roster.save) as host:
        roster.owners = host.owners
        entries = [begun("b"), begun("a"), at("a", 1, 3.0, 2.0), at("a", 2, None, 2.5), create("c", PLAIN_SPEC)]
        host.submit_and_wait(entries).result(WAIT_S)
        host.move("a", "b7").result(WAIT_S)
        rows = roster.rows()
        assert (rows.ids, rows.host) == (("a", "b", "c"), ("b7", "", ""))
        assert rows.xy_m[0].tolist() == [3.0, 1.0] and np.isnan(rows.xy_m[1:]).all()
        assert rows.load.tolist() == [2.5, 1.0, 1.0]
        assert (rows.observed_s[0], rows.received_s[0]) == (2.0, 2.5)
        host.flush().result(WAIT_S)
        host.submit_and_wait([Entry(Kind.ERASE, "c")]).result(WAIT_S)
        assert roster.rows().ids == ("a", "b")
    again = Roster(tmp_path)
    assert again.load(engine.journal.mark)
    with Host(engine, QUICK, listen=again.fold):
        assert again.rows().ids[:2] == ("a", "b") and again.rows().load[0] == 2.5


@pytest.mark.parametrize("harm", ["missing", "damaged", "older", "another service"])
def test_what_cannot_be_taken_up_is_made_anew_from_the_twins(harm, tmp_path):
    engine, derived = memory_engine(), projections(tmp_path)
    before_trim = [lambda mark: [each.save(mark) for each in derived]]
    with Host(
        engine, QUICK, listen=lambda told: [each.fold(told) for each in derived], before_trim=before_trim[0]
    ) as host:
        host.submit([begun("a"), at("a", 1, 3.0, 2.0)]).result(WAIT_S)
        host.flush().result(WAIT_S)
    expected = state_of(*derived)
    roster, services = projections(tmp_path)
    for path in tmp_path.glob("*.bin"):
        if harm == "missing":
            path.unlink()
        elif harm == "damaged":
            path.write_bytes(path.read_bytes()[:-40])
    if harm == "another service":
        services = Services(tmp_path, {"fleet": definition("wheels >= 3")})
    mark = engine.journal.mark + (harm == "older")
    assert [roster.load(mark), services.load(mark)] == [harm == "another service", False]
    derived = (roster, services)
    for each in derived:
        each.save(engine.journal.mark)  # as where the mark rises before all twins are read
    assert [each.load(mark) for each in projections(tmp_path)] == [harm == "another service"] * 2
    with Host(engine, QUICK, listen=lambda told: [each.fold(told) for each in derived]) as host:
        assert rebuild(host, derived) == 1
    again = state_of(*derived)
    assert again.replace("-inf", "1.5") == expected.replace("-inf", "1.5")  # all but when it was received


def test_a_full_disk_delays_what_is_derived_and_loses_nothing(tmp_path, monkeypatch):
    engine, roster, full = memory_engine(), Roster(tmp_path), [True]

    def save(mark):
        if full[0]:
            raise NoRoom("full")
        roster.save(mark)

    with Host(engine, QUICK, listen=roster.fold, before_trim=save) as host:
        host.submit([begun("a")]).result(WAIT_S)
        flushed = host.flush()
        while not host.trouble:
            pass
        assert engine.journal.mark == 0
        full[0] = False
        assert flushed.result(WAIT_S) >= 1
    monkeypatch.setattr(saved.os, "fsync", raising(OSError(28, "No space left on device")))
    with pytest.raises(NoRoom, match="roster.bin: cannot be written: No space left"):
        roster.save(9)
    assert Roster(tmp_path).load(1)


def raising(error):
    def call(*_):
        raise error

    return call


def test_services_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="bus: there is no such service"):
        Services(tmp_path, {}).view("bus", 0.0)
    assert Services(tmp_path, {}).load(7)


def test_events_have_ascending_ids_and_are_kept_for_a_while(tmp_path):
    ring = EventRing(start=10, most=5)
    here = Simulation(memory_engine(), followers=())
    here.send(begun("a"), at("a", 1, 1.0), at("a", 3, 1.0), at("a", 2, 1.0), at("z", 1), Entry(Kind.RESTART, "a"))
    ring.fold(here.told[:3])
    assert [(each.id, each.kind, each.outcome) for each in ring.after("11-0")] == [
        ("11-1", "create", "done"),
        ("20-0", "update", "applied"),
        ("30-0", "update", "held"),
    ]
    ring.fold(here.told[3:])
    latest = ring.after("30-0")
    assert [each.id for each in latest] == ["40-0", "40-1", "50-0", "60-0"]
    assert [each.outcome for each in latest] == ["applied", "applied", "refused", "done"]
    assert [each.id for each in ring.after("40-0", most=2)] == ["40-1", "50-0"]
    assert ring.after(ring.newest) == []
    for old in ("9-5", "11-1"):
        with pytest.raises(Gone, match="have been forgotten"):
            ring.after(old)
    with pytest.raises(InputError, match="expected POSITION-INDEX"):
        ring.after("yesterday")


def test_events_of_an_erased_twin_are_gone_but_for_its_erasure():
    ring, whole, here = EventRing(), EventRing(), Simulation(memory_engine())
    here.send(begun("a"), begun("b"), at("a", 1, 1.0), at("b", 1, 1.0), Entry(Kind.ERASE, "z"), Entry(Kind.ERASE, "a"))
    here.send(begun("a"), at("b", 2, 1.0))
    for each in here.told:
        ring.fold([each])
    whole.fold(here.told)
    for each in (ring, whole):
        left = [(event.twin, event.kind) for event in each.after("1-0")]
        assert left[:4] == [("b", "create"), ("b", "update"), ("z", "erase"), ("a", "erase")]
        assert left[4:] == [("a", "create"), ("b", "update")]


def test_readers_of_events_who_are_too_slow_are_cut_off():
    here, ring = Simulation(memory_engine()), EventRing(waiting=4)
    here.send(begun("a"), at("a", 1), at("a", 2))

    async def read():
        loop = asyncio.get_running_loop()
        quick, slow, gone = (ring.subscribe(loop) for _ in range(3))
        ring.unsubscribe(gone)
        ring.fold(here.told)
        assert [(await quick.get()).outcome for _ in range(3)] == ["done", "applied", "applied"]
        ring.fold(here.told)
        await asyncio.sleep(0)
        ring.fold(here.told)
        await asyncio.sleep(0)
        kinds = [type(slow.get_nowait()).__name__ for _ in range(slow.qsize())]
        assert kinds == ["Event"] * 3 + ["Gone"] and gone.empty()
        return quick

    asyncio.run(read())
    ring.fold(here.told)  # the loop of the quick one has ended
    assert not ring._readers
