"""The history against a plain list of records, and its limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.twin import (
    Chunk,
    DeviceTwin,
    Dimension,
    History,
    Records,
    Retention,
    TwinSchema,
    Update,
    packed,
    unpacked,
)
from twinhop.twin import history as module
from twinhop.twin.chunk import record_bytes, records_of_payload
from twinhop.twin.history import CHUNK_RECORDS, OPEN_RECORDS, TAIL_RECORDS, Sealed


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 4 records, and 2 that stay open."""
    for name, value in (("CHUNK_RECORDS", 4), ("OPEN_RECORDS", 2), ("TAIL_RECORDS", 6)):
        monkeypatch.setattr(module, name, value)


def filled(count, step=1, retention=None):
    """A history of records step, 2 step, ... with the sequence number as time and as both values."""
    history = History(2, retention)
    for index in range(1, count + 1):
        history.append(step * index, float(step * index), np.full(2, float(step * index)))
    return history


def test_nothing_in_it():
    history = History(2)
    assert (len(history), history.last_seq, history.last_time_s) == (0, 0, -math.inf)
    assert history.find(1) is None
    assert history.between(0, 10).values.shape == (0, 2)
    assert len(history.during(-math.inf, math.inf)) == 0


def test_the_tail_is_sealed_when_it_is_full():
    before, after = filled(TAIL_RECORDS - 1), filled(TAIL_RECORDS)
    assert (len(before.chunks), len(before.tail())) == (0, TAIL_RECORDS - 1)
    assert (len(after.chunks), len(after.tail())) == (1, OPEN_RECORDS)
    assert after.sealed == Sealed(CHUNK_RECORDS, float(CHUNK_RECORDS), CHUNK_RECORDS)


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 40, 41])
def test_reads_against_a_list(count, small_chunks):
    history, plain = filled(count, step=3), [3 * index for index in range(1, count + 1)]
    for first in range(-1, 3 * count + 3):
        for last in (first - 1, first, first + 1, first + 7, first + 40):
            expected = [seq for seq in plain if first <= seq <= last]
            for read in (history.between(first, last), history.during(first, last)):
                assert read.seq.tolist() == expected
                assert read.time_s.tolist() == expected
                assert read.values[:, 1].tolist() == expected


def test_reads_are_copies(small_chunks):
    history = filled(9)
    for seq in (1, 9):
        history.between(seq, seq).values[:] = -1.0
        assert history.find(seq).values.tolist() == [[seq, seq]]


def test_records_of_one_time_are_all_read(small_chunks):
    history = History(1)
    for seq in range(1, 12):
        history.append(seq, float(seq // 4), np.zeros(1))
    assert history.during(1.0, 1.0).seq.tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize(("seq", "time_s"), [(5, 6.0), (4, 6.0), (6, 4.9), (6, math.nan)])
def test_records_that_do_not_follow_are_refused(seq, time_s):
    history = filled(5)
    with pytest.raises(ValueError, match="after record 5 of 5.0 s"):
        history.append(seq, time_s, np.zeros(2))
    assert len(history) == 5


@given(st.permutations(range(1, 40)), st.integers(0, 39))
def test_late_records_find_their_places(order, newest):
    """Those open give the same as in order; whatever is sealed in between is refused and stays as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_RECORDS", 8)
        patch.setattr(module, "TAIL_RECORDS", 12)
        history, taken = History(1), []
        for seq in order:
            if seq > history.last_seq:
                history.append(seq, float(seq), np.array([-float(seq)]))
            elif history.place(seq) is not None:
                history.insert(seq, float(seq), np.array([-float(seq)]))
            else:
                assert seq < history.sealed.seq
                with pytest.raises(ValueError, match="does not fit"):
                    history.insert(seq, float(seq), np.zeros(1))
                continue
            taken.append(seq)
        kept = history.between(0, 100)
        assert kept.seq.tolist() == sorted(taken)
        assert kept.values[:, 0].tolist() == [-seq for seq in sorted(taken)]
        assert history.taken == len(taken) == len(history)


def test_a_late_record_lies_between_its_neighbours(small_chunks):
    history = filled(5, step=2)
    assert history.place(5) == (4.0, 6.0)
    assert history.place(1) == (-math.inf, 2.0)
    for time_s in (3.9, 6.1, math.nan):
        with pytest.raises(ValueError, match=r"does not fit between \(4.0, 6.0\)"):
            history.insert(5, time_s, np.zeros(2))
    history.insert(5, 6.0, np.ones(2))  # the sixth record seals four
    assert [len(history.chunks), history.place(3), history.between(4, 6).seq.tolist()] == [1, None, [4, 5, 6]]


def test_a_chunk_is_named_by_the_sha_256_of_its_bytes():
    """The documented layout written by hand, and its digest from sha256sum."""
    records = Records(np.array([1, 3]), np.array([0.5, 0.75]), np.array([[1.0], [np.nan]]))
    by_hand = bytes.fromhex(
        "54484331" "01000000" "0200000000000000"
        "0100000000000000" "0300000000000000"
        "000000000000e03f" "000000000000e83f"
        "000000000000f03f" "000000000000f87f"
    )  # fmt: skip
    chunk = Chunk.of_records(records)
    assert chunk.payload == by_hand
    assert chunk.digest == "ba27df3f071a38685f808aaa90824084236a9ce438d5275d8db9544dd8118c2e"


def test_every_nan_is_the_same_in_a_chunk():
    other_nan = np.array([0x7FF8000000000123], np.uint64).view(np.float64)
    one, two = (
        Chunk.of_records(Records(np.array([1]), np.array([0.0]), value[None]))
        for value in (other_nan, np.array([np.nan]))
    )
    assert one.digest == two.digest


def test_chunks_do_not_change():
    chunk = Chunk.of_records(filled(3).tail())
    with pytest.raises(ValueError, match="read-only"):
        chunk.records.values[0] = 5.0


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "0 bytes"),
        (b"THC1" + bytes(11), "15 bytes"),
        (b"THC2" + bytes(12), "not a history chunk"),
        (b"THC1" + bytes(4) + b"\x01" + bytes(7), "not a history chunk"),
        (b"THC1" + b"\xff" * 12, "not a history chunk"),
        (Chunk.of_records(filled(3).tail()).payload[:-1], "not a history chunk"),
    ],
)
def test_bytes_that_are_no_chunk(payload, words):
    with pytest.raises(InputError, match=f"a.chunk: .*{words}"):
        records_of_payload(payload, "a.chunk")


@pytest.mark.parametrize(
    ("seq", "time_s"),
    [([2, 1], [0.0, 1.0]), ([1, 1], [0.0, 1.0]), ([1, 2], [1.0, 0.0]), ([1, 2], [0.0, math.inf]), ([1], [math.nan])],
)
def test_chunks_out_of_order(seq, time_s):
    head = b"THC1" + (1).to_bytes(4, "little") + len(seq).to_bytes(8, "little")
    payload = head + np.array(seq, "<i8").tobytes() + np.array(time_s, "<f8").tobytes() + bytes(8 * len(seq))
    with pytest.raises(InputError, match="a.chunk: records out of order"):
        records_of_payload(payload, "a.chunk")


def test_without_limits_all_is_kept(small_chunks):
    assert len(filled(1000)) == 1000


@given(st.integers(1, 60), st.integers(1, 60))
def test_at_least_the_records_wanted_are_kept(count, wanted):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_RECORDS", 4)
        patch.setattr(module, "TAIL_RECORDS", 6)
        history = filled(count, retention=Retention(max_records=wanted))
        assert min(count, wanted) <= len(history) < wanted + 6
        assert history.taken == count
        kept = history.between(0, count).seq.tolist()
        assert kept == list(range(count - len(history) + 1, count + 1))


@given(st.integers(1, 60), st.floats(0.5, 60.0))
def test_records_young_enough_are_kept(count, age_s):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_RECORDS", 4)
        patch.setattr(module, "TAIL_RECORDS", 6)
        history = filled(count, retention=Retention(max_age_s=age_s))
        oldest = history.between(0, count).seq[0]
        assert oldest <= max(math.ceil(count - age_s), 1)
        assert not history.chunks or history.chunks[0].records.time_s[-1] >= count - age_s


@pytest.mark.parametrize(("wanted", "kept"), [(6, 6), (7, 10)])
def test_a_chunk_goes_once_as_many_as_are_wanted_are_left(wanted, kept, small_chunks):
    """Ten records are two chunks of four and two open ones: without the oldest chunk six are left."""
    assert len(filled(9, retention=Retention(max_records=6))) == 9
    history = filled(10, retention=Retention(max_records=wanted))
    assert len(history) == kept


@pytest.mark.parametrize(("age_s", "chunks"), [(6.0, 2), (5.5, 1)])
def test_a_record_exactly_as_old_as_the_limit_is_kept(age_s, chunks, small_chunks):
    """Of ten records the oldest chunk ends with the fourth, of 6 s before the newest."""
    assert len(filled(10, retention=Retention(max_age_s=age_s)).chunks) == chunks


@pytest.mark.parametrize(("short", "chunks"), [(0, 2), (1, 1)])
def test_bytes_up_to_the_limit_are_kept(short, chunks, small_chunks):
    limit = filled(10).bytes - short
    assert len(filled(10, retention=Retention(max_bytes=limit)).chunks) == chunks


def test_a_long_silence_ages_what_is_sealed(small_chunks):
    history = filled(20, retention=Retention(max_age_s=100.0))
    history.append(21, 1000.0, np.zeros(2))
    assert history.chunks == []
    assert history.between(0, 30).seq.tolist() == [*range(17, 21), 21]
    assert history.sealed.seq == 16
    assert history.place(16) is None


def test_bytes_are_never_exceeded(small_chunks):
    limit = 6 * record_bytes(2) + 16 + 200
    history = History(2, Retention(max_bytes=limit))
    for seq in range(1, 100):
        history.append(seq, float(seq), np.zeros(2))
        assert history.bytes <= limit
    assert len(history) >= 6


def test_bytes_that_do_not_hold_the_tail():
    least = TAIL_RECORDS * record_bytes(2) + 16
    History(2, Retention(max_bytes=least))
    with pytest.raises(InputError, match=f"max_bytes: {least - 1}; expected at least {least}"):
        History(2, Retention(max_bytes=least - 1))


def parts(history):
    return {
        "width": history.width,
        "retention": history.retention,
        "chunks": list(history.chunks),
        "sealed": history.sealed,
        "tail": history.tail(),
        "where": "a.twin",
    }


def test_a_history_of_parts_goes_on(small_chunks):
    one = filled(17)
    two = History.of_parts(**parts(one))
    for history in (one, two):
        for seq in range(18, 40):
            history.append(seq, float(seq), np.zeros(2))
    assert [chunk.digest for chunk in one.chunks] == [chunk.digest for chunk in two.chunks]
    assert (one.taken, one.sealed, len(one), one.bytes) == (two.taken, two.sealed, len(two), two.bytes)


def swapped(given_parts):
    given_parts["chunks"].reverse()


def shortened(given_parts):
    given_parts["chunks"].pop()


def emptied(given_parts):
    given_parts["chunks"].insert(0, Chunk.of_records(Records.joined([], 2)))


def overtaken(given_parts):
    given_parts["sealed"] = given_parts["sealed"]._replace(taken=1000)


def ahead(given_parts):
    given_parts["tail"] = filled(3).tail()


def narrow(given_parts):
    given_parts["width"] = 3


def long_tail(given_parts):
    given_parts["chunks"], given_parts["sealed"] = [], Sealed()
    given_parts["tail"] = Records(np.arange(1, 7), np.zeros(6), np.zeros((6, 2)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swapped, "begins with 9; expected more than 16"),
        (shortened, "the last chunk ends with 12; expected 16"),
        (emptied, "holds no records"),
        (overtaken, "1000 records sealed"),
        (ahead, "tail: begins with 1; expected more than 16"),
        (narrow, "2 columns; expected 3"),
        (long_tail, "6 open"),
    ],
)
def test_parts_that_do_not_follow_each_other(change, words, small_chunks):
    given_parts = parts(filled(20))
    change(given_parts)
    with pytest.raises(InputError) as error:
        History.of_parts(**given_parts)
    assert str(error.value).startswith("a.twin: ")
    assert words in str(error.value)


def test_few_records_wanted_are_kept_in_small_chunks_that_many_twins_seal_at_other_times():
    kept = []
    for phase in range(64):
        history = History(1, Retention(max_records=300), phase)
        for seq in range(1, 1001):
            history.append(seq, float(seq), np.array([1.0]))
            assert len(history) == seq or 300 <= len(history) < 364
            assert len(history.tail()) < 64 + OPEN_RECORDS
        kept.append(len(history))
        assert {len(chunk.records) for chunk in history.chunks} == {64}
    assert sorted(kept) == list(range(300, 364))


@pytest.mark.parametrize("at", [1, 40, 130, 575, 700])
def test_chunks_end_in_the_same_places_where_a_twin_was_packed_between(at):
    def grown(twin, first, last):
        for seq in range(first, last):
            twin.apply(Update(seq, float(seq), np.array([float(seq)]), received_s=float(seq)))
        return twin

    schema = TwinSchema(dimensions=(Dimension(name="speed", kind="scalar", unit="m/s"),))
    never = grown(DeviceTwin("car-7", schema, retention=Retention(max_records=100)), 1, 900)
    once = grown(DeviceTwin("car-7", schema, retention=Retention(max_records=100)), 1, at)
    assert packed(grown(unpacked(packed(once)), at, 900)) == packed(never)


def test_a_long_tail_of_larger_chunks_is_sealed_with_the_next_record():
    long = filled(TAIL_RECORDS - 1)
    wanted = Retention(max_records=300)
    history = History.of_parts(2, wanted, [], Sealed(), long.tail(), "here", phase=10)
    history.append(TAIL_RECORDS, float(TAIL_RECORDS), np.zeros(2))
    assert [len(chunk.records) for chunk in history.chunks] == [64] * 4
    assert len(history) == 4 * 64 + len(history.tail()) and 300 <= len(history) < 364
