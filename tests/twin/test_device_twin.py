"""What a twin answers to each kind of update, and what it knows afterwards."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_makers import SCHEMA, feed, make_twin, models, trace, update

from twinhop.errors import InputError
from twinhop.twin import (
    Applied,
    Chunk,
    ClockState,
    DeviceTwin,
    Dimension,
    Outcome,
    Reason,
    Retention,
    TwinSchema,
    Update,
    packed,
    unpacked,
)
from twinhop.twin.behaviour import ConstantVelocity, Level, MarkovChain, NextStation


def applied(seq, missing=None, late=False, incarnation=1, clock=ClockState.TRUSTED):
    """The answer to an update that was taken, its time believed unless something else is said."""
    return Applied(Outcome.APPLIED, incarnation, seq, missing, late, clock)


def reason(answer):
    """Why it was set aside; the words for an operator are one line."""
    assert answer.outcome is Outcome.SET_ASIDE
    assert answer.detail and "\n" not in answer.detail
    return answer.reason


def test_nothing_is_known_at_first():
    twin = make_twin(attributes={"lidar": True})
    assert (twin.seq, twin.time_s, twin.revision, twin.missing) == (0, -math.inf, 0, 0)
    assert twin.values() == {}
    assert np.isnan(twin.state).all()
    assert np.isinf(twin.age_s(5.0)).all()
    assert twin.attributes == {"lidar": True}


def test_updates_in_order():
    twin = make_twin()
    assert twin.apply(update(1, 10.0, position=(1, 2), mode="drive")) == applied(1)
    assert twin.apply(update(2, 12.0, speed=3.0)) == applied(2)
    assert twin.values() == {"position": (1.0, 2.0), "speed": 3.0, "mode": "drive"}
    assert (twin.seq, twin.time_s, twin.revision, twin.missing) == (2, 12.0, 2, 0)
    assert twin.age_s(15.0).tolist() == [5.0, 3.0, 5.0, math.inf]


def test_an_update_without_values_is_a_sign_of_life():
    twin = make_twin()
    answer = twin.apply(Update(1, 3.0, np.full(SCHEMA.width, np.nan)))
    assert (answer.outcome, twin.time_s, twin.values()) == (Outcome.APPLIED, 3.0, {})


def test_a_gap_is_applied_and_reported():
    twin = make_twin()
    assert twin.apply(update(3)) == applied(3, (1, 2))
    assert twin.apply(update(5)) == applied(5, (4, 4))
    assert twin.missing == 3
    assert twin.values() == {"position": (5.0, -5.0)}


def test_a_late_update_fills_the_gap_and_what_nothing_newer_is_known_of():
    twin = make_twin()
    feed(twin, [update(1), update(3)])
    late = update(2, position=(7, 7), speed=4.0)
    assert twin.apply(late) == applied(3, late=True)
    assert twin.values() == {"position": (3.0, -3.0), "speed": 4.0}
    assert twin.observed_s.tolist() == [3.0, 2.0, -math.inf, -math.inf]
    assert twin.history.between(1, 3).seq.tolist() == [1, 2, 3]
    assert (twin.missing, twin.revision, twin.seq, twin.time_s) == (0, 3, 3, 3.0)
    assert twin.apply(late).outcome is Outcome.DUPLICATE


def test_of_updates_of_one_moment_the_later_in_sequence_wins():
    twin = make_twin()
    feed(twin, [update(1, 2.0, speed=1.0, mode="walk"), update(3, 2.0, speed=3.0)])
    assert twin.apply(update(2, 2.0, speed=2.0, mode="drive")).late
    assert twin.values() == {"speed": 3.0, "mode": "drive"}
    assert twin.observed_seq.tolist() == [0, 3, 2, 0]


def test_models_do_not_learn_from_late_updates():
    twins = [make_twin(models=models("level")) for _ in range(2)]
    for twin in twins:
        feed(twin, [update(1, speed=1.0), update(3, speed=3.0)])
    twins[0].apply(update(2, speed=9.0))
    one, two = (twin.models["speed"].arrays() for twin in twins)
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (
            {"position": Level(1)},
            "position: level predicts 1 number, which a position_2d is not; accepted: a model of 2 ",
        ),
        ({"speed": MarkovChain(3)}, "speed: markov_chain predicts one of 3 categories, which a scalar is not"),
        ({"mode": Level(1)}, "one of 3 categories: markov_chain, next_station$"),
        ({"mode": NextStation(4)}, "mode: next_station predicts one of 4 categories, which a category is not"),
        ({"steps": ConstantVelocity(2)}, "steps: constant_velocity predicts 2 numbers, which a counter is not"),
        ({"sped": Level(1)}, "sped: unknown dimension; did you mean 'speed'"),
    ],
)
def test_a_model_that_does_not_fit_its_dimension_is_refused(models, words):
    with pytest.raises(InputError, match=words):
        make_twin(models=models)


def test_models_learn_from_updates_in_order():
    twin = make_twin(models=models("constant_velocity"))
    feed(twin, [update(seq) for seq in range(1, 30)])
    np.testing.assert_allclose(twin.models["position"].predict(31.0).mean, [31.0, -31.0], atol=0.5)


def test_a_duplicate_changes_nothing():
    twin = make_twin()
    feed(twin, [update(1), update(2)])
    before = packed(twin)
    for seq in (1, 2):
        assert twin.apply(update(seq)) == Applied(Outcome.DUPLICATE, 1, 2)
    assert packed(twin) == before


def test_a_conflict_is_told_and_changes_nothing():
    twin = make_twin()
    feed(twin, [update(1), update(2)])
    before = packed(twin)
    for other in (update(2, speed=1.0), update(1, position=(1.0, -1.5))):
        assert reason(twin.apply(other)) is Reason.CONFLICT
    assert packed(twin) == before


def test_an_update_that_comes_again_through_another_gateway_is_a_duplicate():
    """The time of reception is another, and the device's clock may have been set in between."""
    twin = make_twin()
    feed(twin, [update(1, received_s=1.5), update(2, received_s=2.5)])
    for again in (update(2, received_s=99.0), update(2, observed_s=50.0, received_s=50.1)):
        assert twin.apply(again).outcome is Outcome.DUPLICATE


def test_an_update_whose_place_is_sealed_is_set_aside():
    twin = make_twin()
    feed(twin, [update(seq) for seq in range(2, 600)])
    before = packed(twin)
    assert reason(twin.apply(update(1))) is Reason.SEALED
    assert twin.apply(update(2)).outcome is Outcome.DUPLICATE
    assert reason(twin.apply(update(2, speed=1.0))) is Reason.CONFLICT
    assert packed(twin) == before


def test_what_the_history_dropped_is_set_aside():
    twin = make_twin(retention=Retention(max_records=10))
    feed(twin, [update(seq) for seq in range(1, 600)])
    assert twin.history.find(1) is None
    assert reason(twin.apply(update(1))) is Reason.SEALED


def test_judging_changes_nothing():
    twin = make_twin()
    feed(twin, [update(1), update(3)])
    before = packed(twin)
    offered = (
        *(update(4), update(9), update(2), update(1), update(3, speed=1.0), update(5, 99.0, received_s=10.0)),
        *(update(1, incarnation=2), update(4, incarnation=3, observed_s=9e9, received_s=4.0), update(0)),
    )
    for each in offered:
        answer = twin.judge(each)
        assert packed(twin) == before
        assert answer == unpacked(before).apply(each)


NAN = float("nan")
#: Updates to a twin that has 1 and 4, at 1 and 4 seconds, and words of the reason why they are set aside.
REFUSED = {
    "a time that is text": (Update(5, "noon", np.zeros(5)), ["update 5", "observed_s", "'noon'", "NaN for none"]),
    "no number of a time": (Update(5, None, np.zeros(5)), ["update 5", "observed_s", "None"]),
    "no time at all": (Update(5, NAN, np.zeros(5)), ["update 5", "received_s", "nan"]),
    "received at the end of time": (update(5, received_s=math.inf), ["update 5", "received_s", "inf"]),
    "received beyond all times": (update(5, received_s=1e12), ["received_s", "up to 1e+11 s"]),
    "incarnation 0": (update(5, incarnation=0), ["incarnation: got 0", "from 1"]),
    "an incarnation in words": (update(5, incarnation="first"), ["incarnation: got 'first'"]),
    "a number far ahead": (update(2**40, 5.0, speed=1.0), ["more than 2147483648 above the newest"]),
    "a list": (Update(5, 5.0, [0.0] * 5), ["update 5", "values: list", "float64 of shape (5,)"]),
    "no values": (Update(5, 5.0, None), ["update 5", "values: NoneType"]),
    "half a step": (Update(5, 5.0, np.array([NAN, NAN, NAN, NAN, 1.5])), ["steps: got 1.5; expected whole numbers"]),
    "seq 0": (update(0, 5.0), ["update 0", "from 1"]),
    "a negative seq": (update(-1, 5.0), ["update -1", "from 1"]),
    "a seq beyond 64 bits": (Update(2**63, 5.0, np.zeros(5)), [str(2**63), "from 1"]),
    "a broken seq": (Update(5.0, 5.0, np.zeros(5)), ["5.0", "a whole number"]),
    "a true seq": (Update(True, 5.0, np.zeros(5)), ["True", "a whole number"]),
    "another width": (Update(5, 5.0, np.zeros(4)), ["update 5", "shape (4,)", "(5,)"]),
    "half a position": (Update(5, 5.0, np.array([1.0, NAN, NAN, NAN, NAN])), ["update 5", "position", "NaN"]),
    "infinity": (Update(5, 5.0, np.array([NAN, NAN, np.inf, NAN, NAN])), ["update 5", "speed", "inf", "-5 to 60 m/s"]),
    "outside the limits": (Update(5, 5.0, np.array([NAN, NAN, 61.0, NAN, NAN])), ["update 5", "speed", "61"]),
    "no category": (Update(5, 5.0, np.array([NAN, NAN, NAN, 3.0, NAN])), ["update 5", "mode", "3"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_malformed_updates_are_set_aside_and_leave_the_twin_as_it_is(case):
    twin = make_twin(models=models("constant_velocity", "markov_chain"))
    feed(twin, [update(1), update(4)])
    before = packed(twin)
    each, words = REFUSED[case]
    answer = twin.apply(each)
    assert reason(answer) is Reason.MALFORMED
    assert [word for word in words if word not in answer.detail] == []
    assert packed(twin) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_ahead_s": -1.0}, "max_ahead_s"),
        ({"max_ahead_s": math.inf}, "max_ahead_s"),
        ({"max_ahead_s": NAN}, "max_ahead_s"),
        ({"max_behind_s": -1.0}, "max_behind_s"),
        ({"max_behind_s": NAN}, "max_behind_s"),
        ({"attributes": {"a b": 1}}, "a letter, then letters"),
        ({"attributes": {"cpu": NAN}}, "attributes.cpu: must be true or false, a number"),
        ({"attributes": {"cpu": 10**400}}, "attributes.cpu"),
        ({"attributes": {"cpu": [1]}}, "attributes.cpu"),
        ({"attributes": {"cpu": None}}, "attributes.cpu"),
        ({"attributes": {"cpu": "two\nlines"}}, "attributes.cpu"),
        ({"attributes": {"cpu": "a" * 201}}, "attributes.cpu"),
        ({"attributes": {f"a{index}": 1 for index in range(257)}}, "attributes: "),
        ({"models": {"sped": None}}, "sped: unknown dimension"),
        ({"retention": Retention(max_bytes=100)}, "max_bytes: 100; expected at least"),
    ],
)
def test_options_refused(options, words):
    with pytest.raises(InputError, match=words):
        make_twin(**options)


@pytest.mark.parametrize("twin_id", ["", " ", "a\nb", "a" * 201, 7])
def test_ids_refused(twin_id):
    with pytest.raises(InputError, match="id: "):
        DeviceTwin(twin_id, SCHEMA)


def test_attributes_can_be_replaced():
    twin = make_twin(attributes={"wheels": 4})
    twin.set_attributes({"wheels": 3, "colour": ""})
    assert (dict(twin.attributes), twin.revision) == ({"wheels": 3, "colour": ""}, 1)
    with pytest.raises(InputError, match=r"attributes\.wheels"):
        twin.set_attributes({"wheels": math.inf})
    assert (twin.attributes["wheels"], twin.revision) == (3, 1)
    with pytest.raises(TypeError):
        twin.attributes["wheels"] = 5


def test_what_is_read_is_a_copy():
    twin = make_twin()
    given_update = update(1)
    twin.apply(given_update)
    twin.state[:] = 99.0
    twin.observed_s[:] = 99.0
    given_update.values[:] = 99.0
    assert twin.values() == {"position": (1.0, -1.0)}
    assert twin.observed_s[0] == 1.0
    assert twin.history.find(1).values[0, 0] == 1.0


@given(st.lists(st.integers(0, 59), max_size=120), st.integers(0, 5))
def test_an_update_applied_twice_is_applied_once(order, seed):
    """Whatever the order of arrival, repeating each update at once changes nothing."""
    updates = trace(60, seed)
    once, twice = (make_twin(models=models("constant_velocity", "markov_chain")) for _ in range(2))
    for at in order:
        first = once.apply(updates[at])
        assert twice.apply(updates[at]) == first
        again = twice.apply(updates[at])
        assert not again.changed
    assert packed(twice) == packed(once)


@given(st.permutations(range(40)))
def test_in_any_order_the_history_and_the_state_are_the_same(order):
    updates = trace(40, seed=1)
    in_order, shuffled = make_twin(), make_twin()
    feed(in_order, updates)
    answers = [shuffled.apply(updates[at]) for at in order]
    assert all(answer.changed for answer in answers)
    assert shuffled.missing == 0
    np.testing.assert_array_equal(shuffled.state, in_order.state)
    np.testing.assert_array_equal(shuffled.observed_s, in_order.observed_s)
    one, two = (Chunk.of_records(twin.history.between(1, 40)) for twin in (shuffled, in_order))
    assert one.digest == two.digest


def test_a_twin_of_256_positions():
    wide = TwinSchema(
        dimensions=tuple(Dimension(name=f"p{index}", kind="position_3d", unit="m") for index in range(256))
    )
    twin = DeviceTwin("swarm", wide)
    assert twin.apply(Update(1, 0.0, np.arange(768.0))).outcome is Outcome.APPLIED
    assert twin.values()["p255"] == (765.0, 766.0, 767.0)
