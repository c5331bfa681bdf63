import itertools

import numpy as np
import pytest
from control_makers import tiny_city
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.live.control.certificate import SlotPlanner
from twinhop.live.control.moves import sequenced, worths_of
from twinhop.migration.outcome import outcome_of
from twinhop.migration.run import MigrationRun
from twinhop.placement.evaluation import evaluate
from twinhop.placement.placement import Placement


@st.composite
def wanted_moves(draw):
    users, hosts = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    host = st.integers(0, hosts - 1)
    return (
        np.array(draw(st.lists(st.integers(-1, hosts - 1), min_size=users, max_size=users))),
        np.array(draw(st.lists(host, min_size=users, max_size=users))),
        np.array(draw(st.lists(st.integers(0, 5), min_size=hosts, max_size=hosts))),
        np.array(draw(st.lists(st.floats(-1, 1), min_size=users, max_size=users))),
        np.array(draw(st.lists(st.booleans(), min_size=users, max_size=users))),
        draw(st.none() | st.integers(0, 6)),
    )


@settings(max_examples=60, deadline=None)
@given(wanted_moves())
def test_no_move_ever_overfills_a_host_or_uses_one_that_is_down(wanted):
    before, target, capacity, saved, resting, most = wanted
    result = sequenced(before, target, capacity, saved, resting, most)
    count = np.bincount(before[before >= 0], minlength=len(capacity))
    crowded = count > capacity
    host = before.copy()
    assert len(set(result.order.tolist())) == len(result.order)
    for i in result.order.tolist():
        assert target[i] != before[i]
        host[i] = target[i]
        count[target[i]] += 1
        if before[i] >= 0:
            count[before[i]] -= 1
        assert count[target[i]] <= capacity[target[i]]
    chosen = result.order
    counted = [i for i in chosen.tolist() if before[i] >= 0 and not crowded[before[i]]]
    assert most is None or len(counted) <= most
    assert not resting[counted].any()
    waiting = result.over_budget + result.resting + result.blocked
    assert len(chosen) + waiting == int((target != before).sum())


def test_the_moves_that_save_most_come_first_and_those_off_full_hosts_before_all():
    before, target = np.array([0, 0, 1, 2]), np.array([1, 1, 0, 1])
    result = sequenced(before, target, np.array([4, 4, 0]), np.array([1.0, 3.0, 2.0, -9.0]), np.zeros(4, bool), 2)
    assert result.order.tolist() == [3, 1, 2]
    assert result.over_budget == 1


def test_full_hosts_that_exchange_twins_are_said_to_have_no_room():
    result = sequenced(np.array([0, 1]), np.array([1, 0]), np.array([1, 1]), np.ones(2), np.zeros(2, bool), None)
    assert not result.order.size
    assert result.blocked == 2


def situation_of(seed, **sections):
    run = MigrationRun(tiny_city(6, 3, seed=seed, **sections), slots=1)
    (situation,) = run
    return situation


@pytest.mark.parametrize("seed", range(4))
def test_what_a_move_is_worth_is_what_the_slot_would_cost_without_it(seed):
    situation, rng = situation_of(seed), np.random.default_rng(seed)
    situation.with_hosts(rng.integers(-1, 3, 6))
    target = np.where(situation.before < 0, 0, rng.integers(0, 3, 6))
    worths, after = worths_of(situation, target), outcome_of(situation, target).cost
    for i in np.flatnonzero((situation.before >= 0) & (target != situation.before)).tolist():
        stayed = target.copy()
        stayed[i] = situation.before[i]
        without = outcome_of(situation, stayed).cost
        latency = without.communication + without.computing - after.communication - after.computing
        assert worths.latency_s[i] == pytest.approx(latency, abs=1e-15)
        assert worths.move_s[i] == pytest.approx(after.moves - without.moves, abs=1e-15)
    was = np.bincount(situation.before[situation.before >= 0], minlength=3) > 0
    now = np.bincount(target, minlength=3) > 0
    movers = (situation.before >= 0) & (target != situation.before)
    if movers.any() and not (~was & now)[target[situation.before < 0]].any():
        saved = (situation.hosts.opening_s * (was.astype(int) - now)).sum()
        assert worths.opening_s.sum() == pytest.approx(saved, abs=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_below_the_best_of_all_placements_and_prices_carried_over_keep_it_so(seed):
    run = MigrationRun(tiny_city(5, 3, seed=seed), slots=2)
    planner, host = SlotPlanner(), np.full(5, -1)
    for situation in run:
        situation.with_hosts(host)
        problem = situation.problem_with(situation.move_cost_s)
        proof = planner.prove(situation, 10.0)
        everything = itertools.product(range(3), repeat=5)
        best = min(evaluate(problem, Placement(np.array(each), np.bincount(each, minlength=3) > 0)).cost
                   for each in everything)  # fmt: skip
        assert proof.bound_s <= best + 1e-12
        assert proof.bound_s >= 0.95 * best
        host = proof.host
        cost = outcome_of(situation, host).cost.total
        assert cost == pytest.approx(evaluate(problem, Placement(host, np.bincount(host, minlength=3) > 0)).cost)
