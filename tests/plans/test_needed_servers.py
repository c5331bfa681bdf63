"""What doing without a server costs at least, against the optimum of the problem in which it hosts nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from oracle import Oracle
from problem_makers import feasible_seeds, roomy_arrays, tiny

import twinhop
from twinhop.placement import PlacementProblem
from twinhop.plans.needed_servers import bound_without
from twinhop.plans.planning import make_case


@settings(max_examples=40, deadline=None)
@given(feasible_seeds(15))
def test_no_plan_without_the_server_beats_the_bound(seed):
    arrays = tiny(seed)[0]
    plan = twinhop.plan(PlacementProblem(**arrays))
    bounds = bound_without(plan.solution)
    optima = Oracle(arrays).optimum_by_set()  # deadlines that no other station keeps are none that may be given up
    for k in range(plan.case.problem.stations):
        if not plan.solution.placement.open[k]:
            assert np.isnan(bounds[k])
            continue
        best = min((cost for used, cost in optima.items() if k not in used), default=math.inf)
        assert plan.lower_bound <= bounds[k]
        assert bounds[k] <= best * (1 + 1e-9) or math.isinf(best)


def test_a_server_that_nobody_can_do_without_and_plans_without_prices():
    arrays = roomy_arrays(10, 3) | {"capacity": np.array([4, 4, 3])}
    assert np.isinf(bound_without(twinhop.plan(PlacementProblem(**arrays)).solution)).all()
    assert bound_without(twinhop.plan(PlacementProblem(**arrays), "nearest").solution) is None


def test_in_a_city_failures_cost_at_least_as_much():
    plan = twinhop.plan("city-small")
    bounds = bound_without(plan.solution)
    proved = np.flatnonzero(bounds > plan.cost)
    assert proved.size
    case = make_case("city-small")
    for k in proved[:2].tolist():
        capacity = case.problem.capacity.copy()
        capacity[k] = 0
        after = twinhop.plan(replace(case.problem, capacity=capacity))
        assert bounds[k] <= after.cost
        assert bounds[k] == pytest.approx(after.lower_bound, rel=0.05)
