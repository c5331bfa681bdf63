"""Service twins: who is a member, what updates do, and that packing changes nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.scenario.schema.attribute_expression import parse_expression
from twinhop.scenario.schema.polygon import Polygon
from twinhop.twin.behaviour import Level, MarkovChain
from twinhop.twin.service import (
    Closeness,
    Count,
    Density,
    Extraction,
    Fed,
    Flow,
    Grid,
    Mean,
    Membership,
    Quantiles,
    ServiceTwin,
)


class Schema:
    """Position, speed and a category: four columns."""

    width = 4

    def columns(self, name):
        return {"position": slice(0, 2), "speed": slice(2, 3), "mode": slice(3, 4)}[name]


class LastValue:
    """The least behaviour model: tomorrow is as today."""

    kind, of_categories, entries = "last_value", False, 1

    def __init__(self, last=None):
        self.last = last

    def update(self, time_s, value):
        self.last = (time_s, value.copy())

    def predict(self, time_s):
        return self.last

    def arrays(self):
        return {} if self.last is None else {"time_s": np.array(self.last[0]), "value": self.last[1]}

    @classmethod
    def from_arrays(cls, arrays):
        return cls((float(arrays["time_s"]), arrays["value"]) if arrays else None)


SQUARE = Polygon(((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)))


def service(membership, models=None):
    extraction = Extraction(Schema(), ("position", "speed"))
    position = extraction.position("position")
    grid = Grid(0.0, 0.0, 25.0, 4, 4)
    aggregates = {
        "count": Count(),
        "mean": Mean(extraction.columns("speed")),
        "median": Quantiles(extraction.columns("speed")[0], (0.5,)),
        "density": Density(grid, position),
        "flow": Flow(grid, position, 5.0),
        "close": Closeness(position, 10.0),
    }
    return ServiceTwin("crossing", extraction, membership, aggregates, models, position="position")


def state(x_m, y_m, speed=math.nan):
    return np.array([x_m, y_m, speed, math.nan])


def test_members_of_a_polygon_come_and_go():
    twin = service(Membership(polygon=SQUARE))
    assert twin.feed("a", 0, 0.0, state(150, 50, 3)) is Fed.OUTSIDE
    assert twin.feed("a", 1, 1.0, state(90, 50)) is Fed.JOINED
    assert twin.value("mean").tolist() == [3.0]  # known from before it joined
    assert twin.feed("b", 0, 1.0, state(85, 50, 5)) is Fed.JOINED
    assert twin.value("close").tolist() == [1.0, 2.0]
    assert twin.feed("a", 2, 2.0, state(60, 50)) is Fed.CHANGED
    assert twin.value("flow").sum() == 1
    assert twin.feed("a", 3, 3.0, state(-1, 50)) is Fed.LEFT
    assert (twin.members, twin.inputs()) == (1, {"b": (1, 0)})
    assert twin.value("mean").tolist() == [5.0]


def test_members_by_attributes_and_ids():
    rule = Membership(ids=frozenset({"a", "b"}), where=parse_expression('kind == "car"'))
    twin = service(rule)
    assert twin.feed("a", 0, 0.0, state(1, 1)) is Fed.STRANGER  # not described yet
    assert twin.describe("a", {"kind": "car"}) is Fed.JOINED
    assert twin.describe("b", {"kind": "bike"}) is Fed.STRANGER
    assert twin.describe("c", {"kind": "car"}) is Fed.STRANGER
    assert twin.feed("b", 0, 1.0, state(2, 2)) is Fed.STRANGER
    assert twin.describe("a", {"kind": "bike"}) is Fed.LEFT
    assert twin.members == 0


def test_old_updates_change_nothing():
    twin = service(Membership(ids=frozenset({"a"})))
    twin.feed("a", 5, 1.0, state(1, 1, 4))
    before = twin.arrays()
    assert twin.feed("a", 5, 2.0, state(9, 9, 9)) is Fed.OLD
    assert twin.feed("a", 4, 2.0, state(9, 9, 9)) is Fed.OLD
    for key, array in twin.arrays().items():
        np.testing.assert_array_equal(before[key], array)
    assert twin.inputs() == {"a": (1, 5)}


def test_a_time_that_runs_backwards_counts_as_the_last():
    twin = service(Membership(ids=frozenset({"a"})))
    twin.feed("a", 1, 5.0, state(1, 1, 4))
    assert twin.feed("a", 2, 4.0, state(9, 9, 9)) is Fed.CHANGED
    assert twin.staleness(6.0).peak_s == 1.0


def test_a_rebooted_device_goes_on_from_1_and_its_old_updates_are_old():
    twin = service(Membership(ids=frozenset({"a"})))
    twin.feed("a", 700, 5.0, state(1, 1, 4))
    assert twin.feed("a", 1, 6.0, state(9, 9, 9), incarnation=2) is Fed.CHANGED
    assert twin.feed("a", 701, 7.0, state(5, 5, 5)) is Fed.OLD
    assert twin.inputs() == {"a": (2, 1)}


def test_staleness_names_the_oldest():
    twin = service(Membership(ids=frozenset({"a", "b"})))
    assert math.isnan(twin.staleness(1.0).mean_s)
    twin.feed("b", 0, 2.0, state(1, 1))
    twin.feed("a", 0, 6.0, state(1, 1))
    found = twin.staleness(10.0)
    assert (found.mean_s, found.peak_s, found.oldest) == (6.0, 8.0, "b")


def test_a_twin_that_is_gone():
    twin = service(Membership(polygon=SQUARE))
    twin.feed("a", 7, 0.0, state(5, 5))
    assert twin.forget("a", 1.0) is Fed.LEFT
    assert twin.forget("a", 1.0) is Fed.STRANGER
    assert twin.feed("a", 0, 2.0, state(5, 5)) is Fed.JOINED


def test_models_learn_at_the_end_of_a_period():
    twin = service(Membership(polygon=SQUARE), {"mean": LastValue(), "count": LastValue()})
    twin.close_period(0.5)
    assert twin.forecast("mean", 1.0) is None  # nothing is known of no members
    twin.feed("a", 0, 0.0, state(5, 5, 4))
    twin.close_period(1.0)
    assert twin.forecast("mean", 9.0)[1].tolist() == [4.0]
    assert twin.forecast("count", 9.0)[1].tolist() == [1.0]
    with pytest.raises(InputError, match="has no behaviour model"):
        twin.forecast("median", 1.0)


UPDATES = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "cem", "dot"]),
        st.integers(0, 30),
        st.floats(0, 1),
        st.tuples(st.floats(-20, 120), st.floats(-20, 120)) | st.just((math.nan, math.nan)),
        st.floats(-20, 120) | st.just(math.nan),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(updates=UPDATES, cut=st.integers(0, 40))
def test_resumes_bit_for_bit(updates, cut):
    whole, first = (service(Membership(polygon=SQUARE), {"count": LastValue()}) for _ in range(2))
    resumed = service(Membership(polygon=SQUARE), {"count": LastValue()})
    for at, (name, seq, later_s, position, speed) in enumerate(updates):
        time_s = seq + later_s  # runs forwards for each twin
        if at == min(cut, len(updates) - 1):
            resumed.restore(first.arrays())
        running = first if at < cut and at < len(updates) - 1 else resumed
        values = state(*position, speed)
        assert whole.feed(name, seq, time_s, values) is running.feed(name, seq, time_s, values)
        whole.close_period(time_s)
        running.close_period(time_s)
    if updates:
        packed = resumed.arrays()
        assert packed.keys() == whole.arrays().keys()
        for key, array in whole.arrays().items():
            np.testing.assert_array_equal(packed[key], array)
            assert array.dtype != object
        for name in ("count", "mean", "median", "density", "flow", "close"):
            np.testing.assert_array_equal(resumed.value(name), whole.value(name))


@pytest.mark.parametrize(
    ("aggregate", "model", "words"),
    [
        (
            "mean",
            Level(2),
            "level predicts 2 numbers, which the aggregate mean is not; accepted: a model of 1 number: ",
        ),
        ("density", Level(16), "level predicts 16 numbers, .* accepted: a model of 17 numbers: constant_velocity, "),
        ("count", MarkovChain(9), "markov_chain predicts one of 9 categories, which the aggregate count is not"),
    ],
)
def test_a_model_that_does_not_fit_its_aggregate_is_refused(aggregate, model, words):
    with pytest.raises(InputError, match=f"service crossing: models: {aggregate}: {words}"):
        service(Membership(polygon=SQUARE), {aggregate: model})


def test_a_state_whose_model_is_of_another_width_is_refused_and_leaves_the_twin_as_it_was():
    narrow, wide = (service(Membership(polygon=SQUARE), {each: Level(1)}) for each in ("count", "mean"))
    arrays = narrow.arrays() | {f"model.mean.{name}": array for name, array in Level(2).arrays().items()}
    with pytest.raises(InputError, match="service crossing: models: mean: level predicts 2 numbers"):
        wide.restore(arrays)
    wide.restore(service(Membership(polygon=SQUARE), {"mean": Level(1)}).arrays())


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ({"twin_ids": np.array("a")}, "the array 'twin_ids' is <U1 of shape ()"),
        (
            {"seq": np.empty(0, np.int64)},
            "the array 'seq' is int64 of shape (0,); expected whole numbers of shape (1,)",
        ),
        ({"time_s": np.array(["now"])}, "the array 'time_s' is <U3 of shape (1,); expected numbers of shape (1,)"),
        (
            {"extract": np.zeros((1, 2))},
            "the array 'extract' is float64 of shape (1, 2); expected numbers of shape (1, 3)",
        ),
        ({"numbers": np.array("many")}, "the array 'numbers' is <U4 of shape (); expected whole numbers of shape ()"),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(forged, words):
    twin = service(Membership(polygon=SQUARE))
    twin.feed("a", 0, 0.0, state(5, 5, 4))
    again = service(Membership(polygon=SQUARE))
    with pytest.raises(InputError) as refused:
        again.restore(twin.arrays() | forged)
    assert words in str(refused.value)
    again.restore(twin.arrays())
    assert again.inputs() == {"a": (1, 0)}


def test_what_makes_no_sense_is_refused():
    twin = service(Membership(ids=frozenset({"a"})))
    with pytest.raises(InputError, match=r"shape \(2,\) does not fit; expected an array of \(4,\)"):
        twin.feed("a", 0, 0.0, np.zeros(2))
    with pytest.raises(InputError, match=r"shape \(\) does not fit"):
        twin.feed("a", 0, 0.0, None)
    with pytest.raises(InputError, match="an infinite number"):
        twin.feed("a", 0, 0.0, state(math.inf, 0))
    with pytest.raises(InputError, match="expected a finite number"):
        twin.feed("a", 0, math.nan, state(0, 0))
    with pytest.raises(InputError, match="a position is known in part"):
        twin.feed("a", 0, 0.0, state(1, math.nan))
    assert (twin.members, twin.inputs()) == (0, {})
    with pytest.raises(InputError, match="is no aggregate; accepted: count"):
        twin.value("mode")
    with pytest.raises(InputError, match="states nothing"):
        Membership()
    with pytest.raises(InputError, match="ids is empty; a service needs members"):
        Membership(ids=frozenset())
    with pytest.raises(InputError, match="ids must be a set of ids \\(got the text 'ada'\\)"):
        Membership(ids="ada")
    with pytest.raises(InputError, match="mean: needs at least one column"):
        Mean(())
    with pytest.raises(InputError, match="chosen: position, speed"):
        Extraction(Schema(), ("position", "speed")).columns("mode")
    with pytest.raises(InputError, match="is no position"):
        Extraction(Schema(), ("speed",)).position("speed")
    with pytest.raises(InputError, match="at least one, each once"):
        Extraction(Schema(), ("speed", "speed"))
    with pytest.raises(InputError, match="a polygon needs `position`"):
        ServiceTwin("a", Extraction(Schema(), ("speed",)), Membership(polygon=SQUARE), {"count": Count()})
    with pytest.raises(InputError, match="a model of 'mean', which is no aggregate"):
        ServiceTwin("a", Extraction(Schema(), ("speed",)), Membership(ids=frozenset("a")), {}, {"mean": LastValue()})
