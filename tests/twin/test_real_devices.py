"""What real devices do: reboots, clocks that step back or are wrong, holes, repetitions; nothing blocks."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_makers import SCHEMA, feed, make_twin, models, update

from twinhop.errors import InputError
from twinhop.twin import ClockState, DeviceClock, Outcome, Reason, Update, packed, resume, unpacked
from twinhop.twin.incarnations import MOST_KNOWN, Incarnations

YEAR_2026_S, YEAR_2036_S = 1.79e9, 2_082_758_400.0


def clocks(twin, updates):
    return [twin.apply(each).clock for each in updates]


def test_a_clock_that_steps_back_is_flagged_and_the_time_of_reception_stands_for_it():
    twin = make_twin(models=models("constant_velocity"))
    feed(twin, [update(seq, received_s=seq + 0.1) for seq in range(1, 11)])
    stepped = [update(seq, observed_s=seq - 2.0, received_s=seq + 0.1) for seq in range(11, 15)]
    assert clocks(twin, stepped) == [ClockState.STEPPED_BACK, *3 * [ClockState.BEHIND]]
    assert (twin.seq, twin.time_s) == (14, 14.1)
    assert twin.history.between(11, 14).time_s.tolist() == [11.1, 12.1, 13.1, 14.1]


def test_a_rebooted_device_counts_from_1_again():
    twin = make_twin(models=models("constant_velocity"))
    feed(twin, [update(seq) for seq in range(1, 700)])
    again = [update(seq, 5000.0 + seq, incarnation=2, speed=9.0) for seq in (1, 2, 4)]
    assert [answer.missing for answer in feed(twin, again)] == [None, None, (3, 3)]
    assert (twin.incarnation, twin.seq, twin.missing, twin.values()["speed"]) == (2, 4, 1, 9.0)
    assert twin.apply(update(699)).outcome is Outcome.DUPLICATE
    assert twin.apply(update(700)).reason is Reason.SUPERSEDED
    assert twin.apply(update(3, 5003.0, incarnation=2)).late
    assert (twin.missing, twin.history.last_seq, twin.history.taken) == (0, 703, 703)


def test_a_hole_before_a_reboot_can_still_be_filled():
    twin = make_twin()
    feed(twin, [update(1), update(3), update(1, 10.0, incarnation=7)])
    assert twin.apply(update(2)).late
    assert twin.missing == 0
    assert twin.values()["position"] == (1.0, -1.0)


def test_a_first_update_that_is_lost_after_a_reboot_is_a_hole():
    twin = make_twin()
    answers = feed(twin, [update(3), update(2, 10.0, incarnation=5)])
    assert [answer.missing for answer in answers] == [(1, 2), (1, 1)]
    assert twin.missing == 3


def test_a_clock_ahead_is_corrected_once_its_offset_is_in_force():
    twin = make_twin()
    ahead = [update(seq, seq + 3600.0, received_s=seq + 0.25) for seq in range(1, 30)]
    assert clocks(twin, ahead[:3]) == 3 * [ClockState.AHEAD]
    assert (twin.time_s, twin.clock.estimate_s, twin.clock.due()) == (3.25, 3599.75, 3599.75)
    twin.set_clock_offset(twin.clock.due())
    assert clocks(twin, ahead[3:]) == 26 * [ClockState.TRUSTED]
    assert (twin.time_s, twin.clock.due()) == (29.25, None)
    put_right = [update(seq, seq + 0.0, received_s=seq + 0.25) for seq in range(30, 50)]
    assert clocks(twin, put_right)[0] is ClockState.STEPPED_BACK
    assert twin.clock.due() == 0.0
    twin.set_clock_offset(0.0)
    assert clocks(twin, [update(50, 50.0, received_s=50.25)]) == [ClockState.TRUSTED]


def test_a_clock_in_2036_that_is_put_right():
    twin = make_twin()
    first = update(1, YEAR_2036_S, received_s=YEAR_2026_S)
    second = update(2, YEAR_2026_S + 1, received_s=YEAR_2026_S + 1)
    assert clocks(twin, [first, second]) == [ClockState.AHEAD, ClockState.STEPPED_BACK]
    assert (twin.time_s, twin.clock.due()) == (YEAR_2026_S + 1, None)
    assert clocks(twin, [update(3, YEAR_2026_S + 2, received_s=YEAR_2026_S + 2)]) == [ClockState.TRUSTED]


def test_a_device_that_wakes_in_1970():
    twin = make_twin()
    assert clocks(twin, [update(1, 5.0, received_s=YEAR_2026_S)]) == [ClockState.BEHIND]
    assert twin.time_s == YEAR_2026_S
    assert twin.clock.due() == 5.0 - YEAR_2026_S
    twin.set_clock_offset(twin.clock.due())
    assert clocks(twin, [update(2, 6.0, received_s=YEAR_2026_S + 1)]) == [ClockState.TRUSTED]


def test_observations_kept_while_there_was_no_network_keep_their_times():
    """An hour of them received within a second: the clock is right, only the network was away."""
    twin = make_twin()
    late = [update(seq, 60.0 * seq, received_s=3600.0 + seq / 100) for seq in range(1, 61)]
    assert clocks(twin, late) == 60 * [ClockState.TRUSTED]
    assert twin.history.between(1, 60).time_s.tolist() == [60.0 * seq for seq in range(1, 61)]
    assert twin.clock.due() is None


@pytest.mark.parametrize("observed_s", [math.nan, math.inf, -math.inf, 1e300, -1e12])
def test_a_device_without_a_clock(observed_s):
    twin = make_twin(models=models("constant_velocity"))
    assert clocks(twin, [update(seq, observed_s, received_s=float(seq)) for seq in (1, 2)]) == 2 * [ClockState.ABSENT]
    assert (twin.time_s, twin.clock.estimate_s) == (2.0, None)


def test_a_gateway_whose_clock_is_set_back_blocks_nothing():
    twin = make_twin(models=models("constant_velocity"))
    feed(twin, [update(1, 100.0), update(2, 5.0, received_s=5.0), update(3, 6.0, received_s=6.0)])
    assert twin.history.between(1, 3).time_s.tolist() == [100.0] * 3


def test_a_late_update_has_a_time_between_its_neighbours():
    twin = make_twin()
    feed(twin, [update(1), update(6, 6.0)])
    late = [update(2, 900.0), update(3, -5.0), update(4, math.nan, received_s=7.0), update(5, 6.0)]
    assert clocks(twin, late) == [ClockState.AHEAD, ClockState.BEHIND, ClockState.ABSENT, ClockState.TRUSTED]
    assert twin.history.between(1, 6).time_s.tolist() == [1.0, 6.0, 6.0, 6.0, 6.0, 6.0]


def test_a_wrong_incarnation_is_left_behind_by_an_operator():
    """A device that took the time of 2036 for its incarnation: its later ones are superseded until it is restarted."""
    twin = make_twin()
    feed(twin, [update(1), update(1, 2.0, incarnation=2**62)])
    assert twin.apply(update(1, 3.0, incarnation=2)).reason is Reason.SEALED
    twin.restart()
    again = unpacked(packed(twin))
    assert again.apply(update(1, 3.0, incarnation=2)).outcome is Outcome.APPLIED
    assert (again.incarnation, again.seq) == (2, 1)
    assert packed(unpacked(packed(again))) == packed(again)


def test_a_wrong_number_does_not_make_all_that_follow_too_late():
    twin = make_twin()
    feed(twin, [update(1)])
    assert twin.apply(update(2**60, 2.0, speed=1.0)).reason is Reason.MALFORMED
    assert twin.apply(update(2)).outcome is Outcome.APPLIED


def test_rebooting_for_ever_takes_no_more_room():
    twin = make_twin()
    for start in range(1, 1000):
        twin.apply(update(1, float(start), incarnation=start))
    assert len(twin.incarnations.starts) <= MOST_KNOWN
    assert twin.apply(update(1, 999.0, incarnation=998, speed=1.0)).reason is Reason.CONFLICT
    assert twin.apply(update(1, 5.0, incarnation=5)).reason is Reason.SEALED
    assert packed(unpacked(packed(twin))) == packed(twin)


@pytest.mark.parametrize("starts", [((2, 0), (1, 4)), ((1, 4), (2, 3)), ((1, 9),), ()])
def test_incarnations_that_no_twin_has(starts):
    with pytest.raises(InputError, match="incarnations: expected ascending ones"):
        Incarnations(starts).check(5)


@pytest.mark.parametrize("facts", [(), (0.0,) * 4, (math.nan, 0.0, 0.0, 0.0, 0.0), (0.0,) * 4 + (17.0,)])
def test_facts_of_no_clock(facts):
    with pytest.raises(InputError, match="clock: expected"):
        DeviceClock.of_facts(1.0, 1.0, facts)


def test_desired_settings_have_a_version():
    twin = make_twin()
    twin.set_desired(1, {"report_period_s": 5, "mode": "quiet"})
    again = unpacked(packed(twin))
    assert (again.desired.version, again.desired.values) == (1, {"report_period_s": 5, "mode": "quiet"})
    for version in (0, 1, 3, "2"):
        with pytest.raises(InputError, match=r"desired: version .*; expected 2, one above"):
            again.set_desired(version, {})
    with pytest.raises(InputError, match=r"twin 'robot-7': desired: .*values\.b"):
        again.set_desired(2, {"b": [1]})
    assert again.desired == twin.desired


def test_a_pack_of_version_1_goes_on():
    """Written by an earlier release, which knew no incarnations: its updates are those of the first."""
    twin = resume(Path(__file__).parents[1] / "fixtures" / "feff2f7" / "robot.twin")
    assert (twin.incarnation, twin.seq, twin.missing, twin.clock.due()) == (1, 21, 1, None)
    values = twin.schema.vector({"mode": "walk"})
    assert twin.apply(Update(20, 20.0, values)).late
    assert twin.apply(Update(1, 22.0, values, incarnation=2)).outcome is Outcome.APPLIED
    assert packed(unpacked(packed(twin))) == packed(twin)


ANY_TIME = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 5.0, 9.0, YEAR_2026_S, YEAR_2036_S])
)
EVENT = st.tuples(
    st.integers(-1, 12),
    ANY_TIME,
    st.one_of(st.integers(0, 4), st.just(2**62)),
    st.one_of(st.none(), ANY_TIME, st.floats(0, 100)),
    st.one_of(st.floats(-10, 70), st.just(math.nan)),
)


@given(st.lists(EVENT, max_size=60), st.integers(0, 60))
def test_whatever_a_device_sends(events, moment):
    """Never an error, time never runs backwards, the next update of a new start is always applied, the same bits."""
    twin = make_twin(models=models("constant_velocity", "level"))
    whole = make_twin(models=models("constant_velocity", "level"))
    for at, (seq, observed_s, incarnation, received_s, speed) in enumerate(events):
        if at == moment:
            twin = unpacked(packed(twin))
        values = np.full(SCHEMA.width, np.nan)
        values[2] = speed
        before_s, revision = twin.time_s, twin.revision
        sent = Update(seq, observed_s, values, incarnation, received_s)
        judged = twin.judge(sent)
        answer = twin.apply(sent)
        assert repr(answer) == repr(judged) == repr(whole.apply(sent))
        assert twin.time_s >= before_s
        assert twin.revision == revision + answer.changed
        assert (answer.reason is not None) == (answer.outcome is Outcome.SET_ASIDE) == bool(answer.detail)
        if twin.clock.due() is not None and at % 2:
            due_s = twin.clock.due()
            for each in (twin, whole):
                each.set_clock_offset(due_s)
    assert packed(twin) == packed(whole)
    if twin.incarnation < 2**62:
        answer = twin.apply(update(1, 7.0, incarnation=twin.incarnation + 1, received_s=50.0))
        assert answer.outcome is Outcome.APPLIED
