"""A service twin fed by device twins of a real schema, with real models on both, packed and resumed at any moment."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from twin_makers import SCHEMA, models, trace

from twinhop.scenario.schema.attribute_expression import parse_expression
from twinhop.scenario.schema.polygon import Polygon
from twinhop.twin import DeviceTwin, packed, unpacked
from twinhop.twin.behaviour import ConstantVelocity, Level, Trend
from twinhop.twin.service import Closeness, Count, Density, Extraction, Fed, Flow, Grid, Mean, Membership, Quantiles
from twinhop.twin.service.service_twin import ServiceTwin

SQUARE = Polygon(((-6.0, -6.0), (6.0, -6.0), (6.0, 6.0), (-6.0, 6.0)))
CARS = {"ada": {"kind": "car"}, "bob": {"kind": "car"}, "cem": {"kind": "bike"}, "dot": {"kind": "car"}}
PERIOD_S = 4.0


def devices():
    """Four twins with models of position, speed and mode."""
    kinds = ("constant_velocity", "level", "markov_chain")
    return {name: DeviceTwin(name, SCHEMA, attributes=own, models=models(*kinds)) for name, own in CARS.items()}


def service():
    """The cars in the square: how many, how fast, where, going where, how close."""
    extraction = Extraction(SCHEMA, ("position", "speed"))
    position, grid = extraction.position("position"), Grid(-6.0, -6.0, 4.0, 3, 3)
    aggregates = {
        "count": Count(),
        "mean": Mean(extraction.columns("speed")),
        "quantiles": Quantiles(extraction.columns("speed")[0], (0.1, 0.9)),
        "density": Density(grid, position),
        "flow": Flow(grid, position, 10.0),
        "close": Closeness(position, 5.0),
    }
    learners = {"count": Trend(1), "mean": Level(1), "density": Level(10), "quantiles": ConstantVelocity(2)}
    rule = Membership(where=parse_expression('kind == "car"'), polygon=SQUARE)
    twin = ServiceTwin("crossing", extraction, rule, aggregates, learners, position="position")
    for name, own in CARS.items():
        twin.describe(name, own)
    return twin


def step(twins, crossing, event, closed):
    """One update of a device reaches its twin, and what its twin took in reaches the service; periods end on time."""
    name, update = event
    answer = twins[name].apply(update)
    told = crossing.feed(name, update.seq, update.observed_s, update.values) if answer.changed else None
    due = int(update.observed_s // PERIOD_S)
    if due > closed:
        crossing.close_period(due * PERIOD_S + PERIOD_S)
    return (answer, told), max(closed, due)


def through_files(twins, crossing):
    """Both as they come back from bytes."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **crossing.arrays())
    stream.seek(0)
    again = service_of_nobody()
    with np.load(stream, allow_pickle=False) as arrays:
        again.restore(dict(arrays))
    return {name: unpacked(packed(twin)) for name, twin in twins.items()}, again


def service_of_nobody():
    """The service before any device is described."""
    twin = service()
    for name in CARS:
        twin.forget(name, 0.0)
    return twin


def events(seed, updates, repeated):
    """Updates of all devices in the order of time, some of them lost and some sent twice."""
    rng = np.random.default_rng(seed)
    merged = [(name, each) for at, name in enumerate(CARS) for each in trace(updates, seed=10 * seed + at)]
    merged = [event for event in sorted(merged, key=lambda event: event[1].observed_s) if rng.random() > 0.1]
    return [event for event in merged for _ in range(1 + (rng.random() < repeated))]


@given(seed=st.integers(0, 1000), updates=st.integers(1, 25), share=st.floats(0, 1))
def test_packing_both_at_any_moment_changes_nothing(seed, updates, share):
    whole, one = (devices(), service()), (devices(), service())
    given_events = events(seed, updates, 0.2)
    closed = closed_one = 0
    for at, event in enumerate(given_events):
        if at == int(share * len(given_events)):
            one = through_files(*one)
        answer, closed = step(*whole, event, closed)
        again, closed_one = step(*one, event, closed_one)
        assert again == answer
    first, second = whole[1].arrays(), one[1].arrays()
    assert first.keys() == second.keys()
    assert all(first[key].tobytes() == second[key].tobytes() for key in first)
    assert all(packed(whole[0][name]) == packed(one[0][name]) for name in CARS)
    for aggregate in ("count", "mean", "density", "quantiles"):
        expected, found = (each.forecast(aggregate, 1e4) for each in (whole[1], one[1]))
        assert all(a.tobytes() == b.tobytes() for a, b in zip(expected, found, strict=True))


@given(seed=st.integers(0, 1000), updates=st.integers(1, 25))
def test_a_service_knows_what_its_members_twins_know(seed, updates):
    twins, crossing = devices(), service()
    given_events = events(seed, updates, 0.2)
    closed = 0
    for event in given_events:
        (answer, told), closed = step(twins, crossing, event, closed)
        assert answer.changed == (told is not None) and told is not Fed.OLD
    now_s = given_events[-1][1].observed_s if given_events else 0.0
    inside = {
        name: twin
        for name, twin in twins.items()
        if twin.attributes["kind"] == "car" and SQUARE.holds(*twin.values().get("position", (np.nan, np.nan)))
    }
    assert crossing.inputs() == {name: (1, twin.seq) for name, twin in inside.items()}
    assert crossing.value("count").tolist() == [len(inside)]
    assert crossing.value("density").sum() == len(inside)
    speeds = [twin.values()["speed"] for twin in inside.values() if "speed" in twin.values()]
    np.testing.assert_allclose(crossing.value("mean"), [np.mean(speeds) if speeds else np.nan], rtol=1e-12)
    if inside:
        assert crossing.staleness(now_s).peak_s == now_s - min(twin.time_s for twin in inside.values())
    forecast = crossing.forecast("density", 1e4)
    if np.isfinite(forecast.mean).all():
        assert forecast.mean.shape == (10,) and (forecast.low <= forecast.high).all()
