"""What all doors share: tokens, scopes, rates, and values straight into records."""

import errno
import math
import os
import stat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("msgspec")

from twinhop.errors import InputError
from twinhop.live import Entry, Kind
from twinhop.live.entry import update_head
from twinhop.live.gateway import Caller, Gateway, Problem, Tokens
from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.gateway.intake import Batch, Reader, SentUpdate, decoded
from twinhop.live.gateway.problems import PROBLEMS, problem_of
from twinhop.live.gateway.rates import Rates
from twinhop.live.ports import NoRoom
from twinhop.twin import Dimension, TwinSchema, Update

SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m"),
        Dimension(name="load", kind="scalar", unit="1", limits=(0.0, 10.0)),
        Dimension(name="mode", kind="category", unit="1", categories=("walk", "drive")),
        Dimension(name="count", kind="counter", unit="1"),
    )
)
PLAIN = TwinSchema(dimensions=SCHEMA.dimensions[:2])

numbers = st.one_of(st.floats(), st.integers(-(10**400), 10**400), st.integers(-3, 12))
values = st.one_of(
    st.lists(numbers, max_size=6),
    st.dictionaries(
        st.sampled_from(["position", "load", "mode", "count", "other"]),
        st.one_of(numbers, st.sampled_from(["walk", "fly"]), st.lists(numbers, max_size=3)),
    ),
)


@given(values, st.sampled_from([SCHEMA, PLAIN]))
def test_records_are_those_of_the_schema(sent, schema):
    """The quick way gives the bytes of the slow one, and refuses what that refuses."""
    reader = Reader(schema)
    try:
        record = reader.record(update_head("car"), SentUpdate(7, sent, 1.5, 2), 3.5)
    except InputError:
        record = None
    try:
        if isinstance(sent, list):
            vector = np.array(sent, float)
            if not np.isfinite(vector).all():
                raise InputError("not finite")
            schema.check(vector)
        else:
            vector = schema.vector(sent)
    except (InputError, OverflowError):
        expected = None
    else:
        expected = Entry(Kind.UPDATE, "car", Update(7, 1.5, vector, 2, 3.5)).encoded()
    assert record == expected


def test_places_on_earth_are_projected():
    sent = SentUpdate(1, {"position": {"lat_deg": 41.0, "lon_deg": -8.5}})
    head = update_head("car")
    record = Reader(PLAIN, lambda lat, lon: (lat * 2, lon * 2)).record(head, sent, 0.0)
    assert Entry.decoded(record).update.values[:2].tolist() == [82.0, -17.0]
    with pytest.raises(InputError, match="no place on earth"):
        Reader(PLAIN).record(head, sent, 0.0)
    for wrong in ({"lat_deg": 91.0, "lon_deg": 0.0}, {"lat_deg": math.nan, "lon_deg": 0.0}, {"lat_deg": 1.0}):
        with pytest.raises(InputError, match="lat_deg"):
            Reader(PLAIN, lambda lat, lon: (lat, lon)).record(head, SentUpdate(1, {"position": wrong}), 0.0)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"nonsense", b'{"updates": [{"seq": 0, "values": []}]}',
        b'{"updates": [{"seq": true, "values": []}]}',
        b'{"updates": [{"seq": 1}]}', b'{"updates": [{"seq": 1, "values": [], "more": 1}]}', b"[" * 100_000,
        b'{"updates": [{"seq": 1, "values": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}]}",
        b'{"updates": [{"seq": 9223372036854775808, "values": []}]}', b'{"updates": [{"seq": 1, "values": [NaN]}]}',
        b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_a_problem(body):
    for packed in (False, True):
        with pytest.raises(Problem) as caught:
            decoded(body, Batch, packed)
        assert caught.value.status == 400
        assert "\n" not in caught.value.detail


def test_tokens_are_kept_as_hashes_for_their_owner_alone(tmp_path):
    tokens = Tokens(tmp_path / "tokens.json")
    text, kept = tokens.make("a car", ["device:car-1"])
    assert tokens.caller(text) == Caller("a car", frozenset({"device:car-1"}), kept.id)
    assert tokens.knows(tokens.caller(text))
    assert text not in tokens.path.read_text()
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    again = Tokens(tokens.path)
    caller = again.caller(text)
    assert caller == tokens.caller(text)
    for wrong in ("", text[:-1], text + "x", text.swapcase(), "é" * 40, "\udcff" * 40, "x" * 10_000):
        assert again.caller(wrong) is None
    assert again.delete(kept.id)
    assert not again.delete(kept.id) and not again.knows(caller)
    assert Tokens(tokens.path).caller(text) is None


def test_tokens_are_as_before_where_the_disk_is_full(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    tokens = Tokens(tmp_path / "tokens.json")
    text, kept = tokens.make("a car", ["read"])
    monkeypatch.setattr(os, "fsync", full)
    for call in (lambda: tokens.make("another", ["read"]), lambda: tokens.delete(kept.id)):
        with pytest.raises(NoRoom, match=r"tokens\.json: cannot be written"):
            call()
    assert tokens.all() == [kept] and tokens.caller(text) is not None
    assert Tokens(tokens.path).all() == [kept]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "tokens": []}', '{"version": 1, "tokens": [{}]}'])
def test_a_file_that_holds_no_tokens_is_refused(tmp_path, text):
    (tmp_path / "tokens.json").write_text(text)
    with pytest.raises(InputError, match="tokens"):
        Tokens(tmp_path / "tokens.json")


@pytest.mark.parametrize("given", ["short", "x" * 31, "x" * 600, "with space" * 5, "é" * 40])
def test_a_token_of_the_environment_is_no_password(tmp_path, given):
    with pytest.raises(InputError, match="TWINHOP_TOKEN") as caught:
        Tokens(tmp_path / "tokens.json").give(given)
    assert given not in str(caught.value)


def test_scopes():
    def may(scope, needed, twin=None):
        return Caller("x", frozenset({scope}), "t3").may(needed, twin)

    assert may("admin", ("operate",))
    assert may("operate", ("read",))
    assert not may("read", ("operate",))
    assert not may("gateway", ("read",))
    assert may("device:a", ("device", "gateway"), "a")
    assert not may("device:a", ("device", "gateway"), "b")
    assert not may("device:a", ("device",))
    for wrong in ("device", "device:", "device:ID ", "root"):
        if wrong != "device:ID ":
            with pytest.raises(InputError, match="scope"):
                Tokens.make(Tokens.__new__(Tokens), "x", [wrong])


def test_a_bucket_fills_at_its_rate():
    now = [0.0]
    rates = Rates(10.0, 20.0, lambda: now[0])
    rates.take("a", 20)
    rates.take("b", 20)
    with pytest.raises(Problem) as caught:
        rates.take("a", 5)
    assert (caught.value.status, caught.value.retry_after_s) == (429, pytest.approx(0.5))
    now[0] += 0.5
    rates.take("a", 5)
    rates.take("c", 1_000)  # more than a bucket holds: whenever it is full
    with pytest.raises(Problem):
        rates.take("c", 1)


def test_what_nobody_foresaw_is_not_shown(caplog):
    problem = problem_of(ZeroDivisionError("secret"))
    assert problem.code == "internal"
    assert "secret" not in problem.detail
    assert "secret" in caplog.text
    assert all(400 <= kind.status < 600 for kind in PROBLEMS.values())


def test_tokens_of_one_name_have_a_bucket_each(tmp_path):
    gateway = Gateway(None, Tokens(tmp_path / "tokens.json"), limits=DoorLimits(updates_per_s=10.0, burst=20.0))
    first, second = (Caller("car", frozenset({"gateway"}), token) for token in ("t1", "t2"))
    gateway._admit(first, 20)
    gateway._admit(second, 20)
    with pytest.raises(Problem, match="more than 10 a second"):
        gateway._admit(first, 20)
