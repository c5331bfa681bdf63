"""The knee of a trade-off: farthest below the chord, whatever grows evenly, and said to be proved only where it is."""

import dataclasses

import numpy as np
import pytest

from twinhop.placement import Certificate, Placement, evaluate
from twinhop.placement.tradeoff_point import TradeoffPoint
from twinhop.plans.knee import knee
from twinhop.plans.tradeoff import tradeoff


@pytest.fixture(scope="module")
def curve():
    return tradeoff("family(30, 6)", gap=0.001)


def points_of(curve, costs, slack=0.0, first=1):
    """Points of given costs by number of servers, with bounds so far below; None: no plan, inf: impossible."""
    model = curve.points[0].evaluation
    points = []
    for servers, cost in enumerate(costs, first):
        if cost == np.inf:
            points.append(TradeoffPoint(servers, Certificate("branch-and-cut", searched=0.0), impossible="proved"))
            continue
        evaluation = None if cost is None else dataclasses.replace(model, cost=cost)
        bound = 0.0 if cost is None else cost - slack
        points.append(TradeoffPoint(servers, Certificate("branch-and-cut", searched=bound), None, evaluation))
    return points


def by_hand(costs):
    steps = np.arange(len(costs)) / (len(costs) - 1)
    chord = costs[0] + steps * (costs[-1] - costs[0])
    return int(np.argmax(chord - costs)) + 1


@pytest.mark.parametrize("seed", range(20))
def test_the_knee_is_farthest_below_the_chord(curve, seed):
    rng = np.random.default_rng(seed)
    costs = np.sort(rng.uniform(1, 10, 8))[::-1] + rng.uniform(0, 1) * np.arange(8)
    found = knee(points_of(curve, costs.tolist()))
    assert found is None or found.servers == by_hand(costs)
    if found is not None:
        at = found.servers - 1
        assert found.before == pytest.approx((costs[at] - costs[0]) / at)
        assert found.after == pytest.approx((costs[-1] - costs[at]) / (7 - at))


@pytest.mark.parametrize("price", [0.0, 0.7, 5.0])
def test_an_equal_price_of_a_server_does_not_move_it(curve, price):
    costs = [20 / m + price * m for m in range(1, 11)]
    assert knee(points_of(curve, costs)).servers == knee(points_of(curve, [20 / m for m in range(1, 11)])).servers == 3


def test_exact_bounds_prove_it_and_loose_ones_say_which_may_be(curve):
    costs = [20 / m for m in range(1, 11)]
    proved = knee(points_of(curve, costs))
    assert proved.proved and proved.may_be == (3,)
    loose = knee(points_of(curve, costs, slack=0.5))
    assert not loose.proved and 3 in loose.may_be and len(loose.may_be) > 1
    assert set(loose.may_be) < set(range(2, 10))
    assert set(knee(points_of(curve, costs, slack=0.1)).may_be) <= set(loose.may_be)


@pytest.mark.parametrize("seed", range(30))
def test_no_costs_between_bounds_and_plans_have_another_knee_than_those_that_may_be(curve, seed):
    rng = np.random.default_rng(seed)
    costs = np.sort(rng.uniform(1, 10, 7))[::-1]
    slack = float(rng.uniform(0, 1))
    found = knee(points_of(curve, costs.tolist(), slack))
    for _ in range(50 if found else 0):
        true = costs - rng.uniform(0, slack, 7)
        chord = np.linspace(true[0], true[-1], 7)
        if (chord - true).max() > 1e-9:
            assert by_hand(true) in found.may_be


def test_points_without_a_plan_may_be_the_knee_and_impossible_ones_not(curve):
    costs = [20.0, 10.0, 6.6, 5.0, 4.0, 3.3]
    assert 4 in knee(points_of(curve, [*costs[:3], None, *costs[4:]])).may_be
    assert knee(points_of(curve, [*costs[:3], np.inf, *costs[4:]])).may_be == (3,)


def test_there_is_none_on_two_points_or_a_straight_or_bulging_line(curve):
    assert knee(points_of(curve, [3.0, 2.0])) is None
    assert knee(points_of(curve, [3.0, 2.0, 1.0])) is None
    assert knee(points_of(curve, [3.0, 2.9, 1.0])) is None


def test_every_output_says_it(curve):
    at = curve.knee
    assert at is not None and curve.to_json()["knee"] == at.to_json()
    assert [row["servers"] for row in curve.rows() if row["knee"]] == [at.servers]
    assert f"Knee: {at.servers} servers." in curve.report() and f"{at.servers} (knee)" in curve.report().replace(
        "**", ""
    )
    legend = [text.get_text() for text in curve.plot().legends[0].get_texts()]
    assert any(text.startswith("knee") for text in legend)
    cheapest = Certificate("branch-and-cut", searched=curve.best.cost * 0.9)
    loosened = tuple(dataclasses.replace(point, certificate=cheapest) for point in curve.points)
    unsure = dataclasses.replace(curve, curve=dataclasses.replace(curve.curve, points=loosened))
    assert "it is not proved which" in unsure.report().split("Knee:")[1].splitlines()[0]


def test_the_best_of_a_curve_is_an_evaluation(curve):
    best = curve.best
    assert evaluate(curve.case.problem, Placement(best.placement.host, best.placement.open)).cost == best.cost
