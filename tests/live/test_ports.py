"""What every adapter of the ports must do; run on each."""

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_makers import memory_engine

from twinhop.errors import InputError
from twinhop.live import Checkpoint
from twinhop.live.ports import Write

CHUNKS = {sha256(payload).hexdigest(): payload for payload in (b"one", b"two", b"three")}
ONE, TWO, THREE = CHUNKS


def checkpoint(twin="car-1", epoch=1, position=1, head=b"head", chunks=()):
    return Checkpoint(twin, epoch, position, head, tuple(chunks))


def test_records_come_back_in_order(engine):
    journal = engine.journal
    assert (journal.last, journal.mark, journal.read(0, 10)) == (0, 0, [])
    first = journal.append([b"a", b"", b"\x00\xff"])
    second = journal.append([b"b" * 100_000])
    positions = first + second
    assert positions == sorted(set(positions)) and positions[0] >= 1
    assert journal.last == positions[-1]
    assert journal.read(0, 10) == list(zip(positions, [b"a", b"", b"\x00\xff", b"b" * 100_000], strict=True))
    assert journal.read(positions[0], 2) == journal.read(0, 3)[1:]
    assert journal.read(journal.last, 10) == []
    assert journal.append([]) == [] and journal.last == positions[-1]


def test_trimming_keeps_what_is_above_the_mark(engine):
    journal = engine.journal
    positions = journal.append([b"%d" % at for at in range(10)])
    journal.trim(positions[3])
    assert journal.mark == positions[3]
    assert [content for _, content in journal.read(journal.mark, 99)] == [b"%d" % at for at in range(4, 10)]
    journal.trim(positions[3])
    journal.trim(positions[9])
    assert journal.read(journal.mark, 99) == []
    assert journal.append([b"x"])[0] > positions[9]
    for mark in (positions[2], journal.last + 1):
        with pytest.raises(ValueError, match="mark"):
            journal.trim(mark)


def test_keys_are_compared_and_set(engine):
    registry = engine.registry
    assert registry.get("twin/a") is None
    first = registry.put("twin/a", b"1", None)
    assert registry.put("twin/a", b"2", None) is None
    assert registry.put("twin/b", b"2", first) is None
    second = registry.put("twin/a", b"2", first)
    assert second > first
    assert registry.put("twin/a", b"3", first) is None
    assert (registry.get("twin/a").value, registry.get("twin/a").revision) == (b"2", second)
    registry.delete("twin/a")
    registry.delete("twin/a")
    assert registry.get("twin/a") is None
    assert registry.put("twin/a", b"4", second) is None
    assert registry.put("twin/a", b"4", None) > second


def test_keys_are_listed_by_prefix(engine):
    registry = engine.registry
    for key in ("twin/b", "twin/a", "twin%", "twins/c", "other"):
        registry.put(key, key.encode(), None)
    assert [key for key, _ in registry.items("twin/")] == ["twin/a", "twin/b"]
    assert [key for key, _ in registry.items("")] == sorted(["twin/b", "twin/a", "twin%", "twins/c", "other"])
    assert [each.value for _, each in registry.items("o")] == [b"other"]


def test_one_checkpoint_wins(engine):
    checkpoints = engine.checkpoints
    assert checkpoints.get("car-1") is None
    (first,) = checkpoints.put([Write(checkpoint(), None)])
    assert checkpoints.put([Write(checkpoint(head=b"other"), None)]) == [None]
    assert checkpoints.get("car-1") == (checkpoint(), first)
    (second,) = checkpoints.put([Write(checkpoint(position=2, head=b"new"), first)])
    both = checkpoints.put([Write(checkpoint(position=3), first), Write(checkpoint("car-2"), None)])
    assert both[0] is None and both[1] is not None
    assert checkpoints.get("car-1") == (checkpoint(position=2, head=b"new"), second)


def test_the_checkpoint_of_a_newer_epoch_stays(engine):
    (revision,) = engine.checkpoints.put([Write(checkpoint(epoch=4), None)])
    assert engine.checkpoints.put([Write(checkpoint(epoch=3), revision)]) == [None]
    assert engine.checkpoints.put([Write(checkpoint(epoch=5), revision)]) != [None]


def test_chunks_are_kept_while_a_checkpoint_needs_them(engine):
    checkpoints = engine.checkpoints
    given_chunks = {ONE: CHUNKS[ONE], TWO: CHUNKS[TWO]}
    (one,) = checkpoints.put([Write(checkpoint("a", chunks=(ONE, TWO)), None, given_chunks)])
    (two,) = checkpoints.put([Write(checkpoint("b", chunks=(TWO,)), None, {TWO: CHUNKS[TWO]})])
    assert checkpoints.chunk(ONE) == b"one"
    checkpoints.put([Write(checkpoint("a", chunks=(TWO, THREE)), one, {THREE: CHUNKS[THREE]})])
    with pytest.raises(InputError, match=ONE):
        checkpoints.chunk(ONE)
    checkpoints.delete("a")
    assert checkpoints.chunk(TWO) == b"two"
    checkpoints.put([Write(checkpoint("b", chunks=()), two)])
    with pytest.raises(InputError, match=TWO):
        checkpoints.chunk(TWO)
    checkpoints.delete("a")


def test_a_checkpoint_without_its_chunks_is_refused(engine):
    with pytest.raises(InputError, match=f"chunk {ONE} was never given"):
        engine.checkpoints.put([Write(checkpoint(chunks=(ONE,)), None)])
    assert engine.checkpoints.get("car-1") is None


STEP = st.one_of(
    st.tuples(st.just("append"), st.lists(st.binary(max_size=5), max_size=4)),
    st.tuples(st.just("trim"), st.integers(0, 20)),
    st.tuples(st.just("put"), st.sampled_from("ab"), st.sampled_from([None, 0, -1])),
    st.tuples(st.just("delete"), st.sampled_from("ab")),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=25))
def test_any_calls_against_the_plain_adapter(engine, steps):
    """The same contents, whatever the order of calls; the engine goes on from one example to the next."""
    plain = memory_engine()
    journal, start = engine.journal, len(engine.journal.read(0, 10_000))
    for key in "ab":
        engine.registry.delete(key)
    places = {}
    for name, *arguments in steps:
        if name == "append":
            places |= dict(zip(plain.journal.append(*arguments), journal.append(*arguments), strict=True))
        elif name == "trim" and places:
            mark = sorted(places)[min(arguments[0], len(places) - 1)]
            if mark >= plain.journal.mark:
                plain.journal.trim(mark)
                journal.trim(places[mark])
                start = 0
        elif name == "put":
            key, which = arguments
            expected = []
            for each in (plain.registry, engine.registry):
                there = each.get(key)
                expected.append(None if which is None else (there.revision if there and which == 0 else -1))
            done = [
                each.put(key, b"x", wanted)
                for each, wanted in zip((plain.registry, engine.registry), expected, strict=True)
            ]
            assert (done[0] is None) == (done[1] is None)
        elif name == "delete":
            plain.registry.delete(*arguments)
            engine.registry.delete(*arguments)
    read = [content for _, content in journal.read(0, 10_000)][start:]
    assert read == [content for _, content in plain.journal.read(0, 10_000)]
    assert [key for key, _ in engine.registry.items("")] == [key for key, _ in plain.registry.items("")]
