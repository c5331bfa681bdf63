"""Which number of servers is best is said only where the bounds prove it."""

import dataclasses

from twinhop.placement import Certificate
from twinhop.plans.tradeoff import tradeoff


def test_other_numbers_may_be_best_where_their_bounds_are_below_the_cheapest_plan():
    curve = tradeoff("lu2021-n80-m10", most=8, gap=0.001)
    best = curve.best.servers
    assert curve.may_be_best == (best,) and curve.may_be_best_in_words == f"{best} servers"
    below = Certificate("branch-and-cut", searched=curve.best.cost * (1 - 1e-6))
    lowered = tuple(
        dataclasses.replace(point, certificate=below) if point.servers == best - 1 else point for point in curve.points
    )
    unsure = dataclasses.replace(curve, curve=dataclasses.replace(curve.curve, points=lowered))
    assert unsure.may_be_best == (best - 1, best)
    assert unsure.may_be_best_in_words == f"{best - 1} or {best} servers"
    assert unsure.to_json()["may_be_best"] == [best - 1, best]
    reached = tuple(point for point in curve.points if point.servers != 3)
    assert 3 in dataclasses.replace(curve, curve=dataclasses.replace(curve.curve, points=reached)).may_be_best
