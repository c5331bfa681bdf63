"""`replan` and `myopic`: plans of a slot, against all plans of tiny cities."""

from itertools import product

import numpy as np
import pytest
from policy_runs import decisions, hosts, run_at, run_of, walk, with_hosts

from twinhop.migration.outcome import outcome_of
from twinhop.migration.policies.myopic import Myopic
from twinhop.migration.slot_plan import plan_from

TINY = {"stations": "generate: {count: 3}", "extra": "objective: {deadlines: false}\nmigration: {opening_s: 0.004}"}


def least_cost(situation):
    """The least cost of the slot over all hosts of all users, moves counted."""
    n, k = situation.comm_s.shape
    return min(outcome_of(situation, np.array(host)).cost.total for host in product(range(k), repeat=n))


def test_myopic_is_near_the_best_of_all_plans_of_the_slot():
    above = []
    for seed in range(8):
        for situation in run_at(walk(3, 5, seed), **TINY):
            with_hosts(situation, np.random.default_rng(seed).integers(0, 3, 5))
            found = outcome_of(situation, Myopic().decide(situation)).cost.total
            above.append(found / least_cost(situation) - 1)
    assert min(above) > -1e-12
    assert np.mean(above) < 0.002 and max(above) < 0.03


def test_myopic_counts_the_energy_of_moves():
    """It is a part of the cost of a slot, and was left out of the plan."""
    dear = TINY | {"extra": TINY["extra"].replace("0.004", "0.2, energy_j_per_mbit: 1.0")}
    above = []
    for seed in range(8):
        for situation in run_at(walk(3, 5, seed), **dear):
            with_hosts(situation, np.random.default_rng(seed).integers(0, 3, 5))
            planned = outcome_of(situation, Myopic().decide(situation)).cost.total
            above.append(planned / least_cost(situation) - 1)
    assert min(above) > -1e-12
    assert np.mean(above) < 0.002 and max(above) < 0.03


@pytest.mark.parametrize("energy_j_per_mbit", [0.0, 1.0])
def test_myopic_never_pays_more_in_a_slot_than_staying(energy_j_per_mbit):
    extra = f"migration: {{opening_s: 0.2, energy_j_per_mbit: {energy_j_per_mbit}}}"
    for outcome in decisions(run_at(walk(12, 15), extra=extra), "myopic")[1:]:
        stay = outcome_of(outcome.situation, outcome.situation.before)
        assert outcome.cost.total <= stay.cost.total * (1 + 1e-9)


def test_replan_moves_only_when_it_is_due():
    results = decisions(run_at(walk(13, 15), extra="objective: {deadlines: false}"), "replan:every=4")
    moved = np.array([int(outcome.moved.sum()) for outcome in results])
    assert (moved[[1, 2, 3, 5, 6, 7, 9, 10, 11]] == 0).all()
    assert moved[[4, 8, 12]].sum() > 0


def test_replan_ignores_what_moves_cost():
    xy_m = walk(9, 15)
    cheap, dear = (
        hosts(run_at(xy_m, extra=f"objective: {{deadlines: false}}\nmigration: {{move_s: {move_s}}}"), "replan:every=2")
        for move_s in (0.0, 9.0)
    )
    assert np.array_equal(cheap, dear)


def test_a_plan_begins_anew_where_the_hosts_cannot_be_kept():
    situation = next(iter(run_of("tight")))
    problem = situation.problem
    nobody = plan_from(problem, np.full(problem.users, -1))
    crowded = plan_from(problem, np.zeros(problem.users, np.int64))
    for host in (nobody, crowded):
        assert (np.bincount(host, minlength=problem.stations) <= problem.capacity).all()
