"""The core of the device library against a server that loses answers, refuses, waits and restarts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.live.client import ClientSettings
from twinhop.live.client.back_off import BackOff, retry_after_s
from twinhop.live.client.courier import Connect, Courier, Halt, Refusal, Send, Wait
from twinhop.live.client.outbox import Outbox, Update

BUSY, DOWN, BAD, LARGE = Refusal(429, "busy", "b", 1.0), Refusal(503, "stopped", "s"), 400, 413


class Disk:
    """What a server has: by twin, the updates in the order in which they came, and what was applied of them."""

    def __init__(self):
        self.applied = {}

    def take(self, update):
        row = self.applied.setdefault(update.twin, [])
        key = (update.incarnation, update.seq)
        if key not in row:
            assert not row or key > row[-1], f"{key} after {row[-1]}"
            row.append(key)


def offered(courier, count, twins, now_s, start):
    kept = []
    for at in range(start, start + count):
        update = Update(at, f"t{at % twins}", 1, 1 + at // twins, float(at), [float(at)])
        if courier.put(update, now_s) is None:
            kept.append(update)
    return kept


FATES = st.sampled_from(["fine", "fine", "fine", "lost before", "lost after", "busy", "down", "part"])


@settings(max_examples=150)
@given(
    fates=st.lists(FATES, max_size=40),
    bursts=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    is_socket=st.booleans(),
    twins=st.integers(1, 3),
    batch=st.integers(1, 7),
)
def test_all_that_is_offered_is_acknowledged_once_and_in_order(fates, bursts, is_socket, twins, batch):
    courier = Courier(ClientSettings(batch=batch), is_socket, generator=random.Random(1))
    disk, acknowledged, now_s, count, fates = Disk(), [], 0.0, 0, list(fates)
    under_way = []
    for _ in range(400):
        if bursts:
            count += len(offered(courier, bursts.pop(0), twins, now_s, count))
        match courier.next(now_s):
            case Connect():
                under_way = []
                courier.connected(random.Random(count).randint(1, 9))
            case Wait(until_s):
                if under_way and is_socket:
                    fate = fates.pop(0) if fates else "fine"
                    acknowledged += socket_fate(courier, disk, under_way, fate, now_s)
                elif until_s == float("inf") and not bursts:
                    break
                else:
                    now_s = max(now_s + 0.05, until_s if until_s < float("inf") else 0.0)
            case Send(sent) if is_socket:
                under_way += sent
            case Send(sent):
                fate = fates.pop(0) if fates else "fine"
                acknowledged += request_fate(courier, disk, sent, fate, now_s)
    assert not len(courier.outbox)
    assert [each for row in disk.applied.values() for each in row].__len__() == count
    assert sorted(each.order for each in acknowledged) == list(range(count))
    assert courier.counts["acknowledged"] == count == courier.counts["sent"] - courier.counts["resent"]


def request_fate(courier, disk, sent, fate, now_s):
    if fate == "part" and len(sent) > 1:
        middle = sent[len(sent) // 2].twin  # of one twin nothing is taken, as where it has no room
        refused = {at: BUSY for at, each in enumerate(sent) if each.twin == middle}
        for at, each in enumerate(sent):
            if at not in refused:
                disk.take(each)
        return courier.answered(sent, refused, now_s)
    if fate in ("fine", "lost after", "part"):
        for each in sent:
            disk.take(each)
    if fate in ("fine", "part"):
        return courier.answered(sent, {}, now_s)
    if fate in ("busy", "down"):
        assert courier.refused(sent, BUSY if fate == "busy" else DOWN, now_s) == []
        return []
    courier.lost(now_s)
    return []


def socket_fate(courier, disk, under_way, fate, now_s):
    first = under_way[0]
    if fate in ("fine", "part"):
        under_way.pop(0)
        disk.take(first)
        return courier.acknowledged(first.twin, first.incarnation, first.seq, now_s)
    if fate in ("busy", "down"):
        courier.refused([first], BUSY if fate == "busy" else DOWN, now_s)
    else:
        if fate == "lost after":
            disk.take(first)
        courier.lost(now_s)
    under_way.clear()
    return []


@given(st.integers(1, 20), st.sets(st.integers(0, 30)), st.booleans(), st.sampled_from([BAD, LARGE]))
def test_one_that_is_refused_is_found_and_stops_no_other(batch, bad, is_socket, status):
    courier = Courier(ClientSettings(batch=batch), is_socket, generator=random.Random(1))
    offered(courier, 31, 1, 0.0, 0)
    taken, now_s = [], 10.0
    for _ in range(500):
        action = courier.next(now_s)
        match action:
            case Connect():
                courier.connected(1000)
            case Wait():
                break
            case Send(sent):
                for at in range(0, len(sent), batch):
                    part = sent[at : at + batch]
                    if any(each.order in bad for each in part):
                        courier.refused(part, Refusal(status, "no", "no"), now_s)
                        break
                    taken += [each.order for each in part]
                    courier.acknowledged(part[-1].twin, 1, part[-1].seq, now_s)
    assert taken == [at for at in range(31) if at not in bad]
    assert courier.counts["refused"] == len(bad) and not len(courier.outbox)


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden"), (404, "unknown-twin")])
def test_what_the_client_is_stops_it(status, code):
    courier = Courier(ClientSettings(batch=2))
    offered(courier, 3, 1, 0.0, 0)
    sent = courier.next(1.0).batch
    courier.refused(sent, Refusal(status, code, "said so"), 1.0)
    assert courier.next(99.0) == Halt(f"said so ({code})")
    assert len(courier.outbox) == 3


def test_a_wait_that_is_asked_for_is_kept():
    courier = Courier(ClientSettings(batch=1, first_wait_s=0.25))
    offered(courier, 1, 1, 0.0, 0)
    sent = courier.next(1.0).batch
    courier.refused(sent, Refusal(503, "stopped", "", 7.0), 1.0)
    wait = courier.next(1.0)
    assert 8.0 <= wait.until_s <= 8.25
    assert isinstance(courier.next(8.3), Send)


def test_requests_wait_for_company_and_sockets_do_not():
    courier = Courier(ClientSettings(batch=3, linger_s=0.1))
    offered(courier, 2, 1, 5.0, 0)
    assert courier.next(5.0) == Wait(5.1)
    offered(courier, 1, 1, 5.05, 2)
    assert len(courier.next(5.05).batch) == 3
    assert courier.next(9.0) == Wait(float("inf"))  # one request at a time
    socket = Courier(ClientSettings(batch=3), is_socket=True)
    offered(socket, 5, 1, 5.0, 0)
    assert socket.next(5.0) == Connect()
    socket.connected(2)
    assert len(socket.next(5.0).batch) == 2
    assert socket.next(5.0) == Wait(float("inf"))  # the window
    socket.acknowledged("t0", 1, 1, 5.1)
    assert [each.seq for each in socket.next(5.1).batch] == [3]


@pytest.mark.parametrize("when_full", ["oldest", "newest"])
def test_no_more_is_kept_than_the_bound(when_full):
    outbox = Outbox(3, when_full)
    gone = [outbox.put(Update(at, "t", 1, at + 1, 0.0, [])) for at in range(3)]
    outbox.take(1)
    gone += [outbox.put(Update(at, "t", 1, at + 1, 0.0, [])) for at in range(3, 6)]
    lost = [each.order for each in gone if each is not None]
    assert lost == ([1, 2, 3] if when_full == "oldest" else [3, 4, 5])  # what is under way stays
    outbox.rewind()
    assert len(outbox) == 3 and outbox.orders == ([0, 4, 5] if when_full == "oldest" else [0, 1, 2])
    with pytest.raises(InputError, match="when_full"):
        Outbox(3, "both")


def test_waits_double_and_are_spread():
    waits = BackOff(1.0, 8.0, random.Random(3))
    bounds = [1.0, 2.0, 4.0, 8.0, 8.0]
    rows = []
    for _ in range(400):
        rows.append([waits.next_s() for _ in bounds])
        waits.reset()
    for at, bound in enumerate(bounds):
        column = [row[at] for row in rows]
        assert 0 <= min(column) < 0.1 * bound and 0.9 * bound < max(column) <= bound
        assert abs(sum(column) / len(column) - bound / 2) < 0.1 * bound
    assert retry_after_s("-3", 0.0) == retry_after_s("nan", 0.0) == retry_after_s(None, 0.0) == 0.0
