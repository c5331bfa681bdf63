"""Runs too large to be solved exactly: plans keep the constraints, bounds are close, and nothing depends on chance."""

import importlib
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pkgutil import iter_modules

import numpy as np
import pytest
from moving_cities import city
from tiny_runs import medium_run

from twinhop.errors import InputError
from twinhop.migration import offline as package
from twinhop.migration.offline import RunPrices, bound, certify_run, offline, plan, price
from twinhop.migration.offline.run_arrays import make_run_arrays
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import run_problem
from twinhop.placement.budget import Budget


@pytest.mark.parametrize(
    ("what", "largest_gap"),
    [({}, 0.02), ({"seats": 8}, 0.03), ({"seats": 4}, 0.06), ({"deadlines": True}, 0.08), ({"own_tables": True}, 0.02)],
)
def test_plans_keep_the_constraints_near_the_bound(what, largest_gap):
    problem = medium_run(3, **what)
    answer = offline(problem)
    assert not answer.exact
    assert answer.cost.violations == 0
    assert answer.cost == price(problem, answer.host)
    assert 0 <= answer.gap < largest_gap
    assert answer.gap == pytest.approx(answer.cost.cost / answer.bound - 1, rel=1e-12)


def test_same_seed_same_answer_on_any_number_of_threads(monkeypatch):
    problem = medium_run(4, seats=5)
    once = offline(problem, seed=7)
    monkeypatch.setattr(bound, "NODES_PER_THREAD", 100)
    again = offline(problem, seed=7)
    assert once.bound == again.bound
    assert np.array_equal(once.host, again.host)


def test_best_prices_are_better_than_none():
    problem = medium_run(5)
    instance = make_run_arrays(problem)
    nothing = RunPrices(*(np.zeros(shape) for shape in (instance.cpu.shape, instance.comm.shape, instance.cpu.shape)),
                     np.zeros(problem.slots))  # fmt: skip
    with ThreadPoolExecutor(1) as threads:
        ascent = bound.RunPriceAscent(instance, threads)
        values = []
        for done in range(200):
            ascent.step(done / 200)
            values.append(ascent.value)
    assert all(np.diff(values) >= 0)
    assert certify_run(problem, nothing) < certify_run(problem, ascent.best)
    assert certify_run(problem, ascent.best) == pytest.approx(ascent.value / problem.slots, rel=1e-9)
    assert certify_run(problem, ascent.best) < ascent.value / problem.slots  # rounded down


def test_bound_without_prices_is_what_users_cannot_avoid():
    """With all prices 0 every user takes its cheapest path, and one host a slot opens (here the cheapest)."""
    problem = replace(medium_run(6), move_fixed_s=1e9)  # nobody moves
    prices = RunPrices(np.zeros(problem.cpu.shape), np.zeros(problem.comm_s.shape), np.zeros(problem.cpu.shape),
                    np.zeros(problem.slots))  # fmt: skip
    weighted = problem.comm_s * problem.weight[problem.slot, None]
    alone = sum(weighted[a:b].sum(axis=0).min() for a, b in zip(problem.first, problem.first[1:], strict=False))
    expected = (alone + problem.opening_s.min(axis=1).sum()) / problem.slots
    assert certify_run(problem, prices) == pytest.approx(expected, rel=1e-9)
    assert certify_run(problem, prices) <= expected


def test_wrong_prices_still_bound():
    problem = medium_run(6)
    best = offline(problem)
    rng = np.random.default_rng(0)
    wild = [rng.normal(0, 1e3, shape) for shape in (problem.cpu.shape, problem.comm_s.shape, problem.cpu.shape)]
    wild[1][0, 0] = np.nan
    assert certify_run(problem, RunPrices(*wild, np.zeros(problem.slots))) <= best.cost.cost


def test_moves_that_cost_nothing_and_moves_that_cost_too_much():
    problem = medium_run(8)
    free = offline(replace(problem, move_fixed_s=0.0, moves=replace(problem.moves, scale=np.zeros(problem.users))))
    usual = offline(problem)
    dear = offline(replace(problem, move_fixed_s=1e3))
    assert dear.cost.moves == 0
    assert free.cost.moves_s == 0.0
    assert free.bound <= usual.cost.cost
    assert usual.bound <= dear.cost.cost


def test_no_time_still_gives_a_plan_and_a_bound():
    problem = medium_run(9, seats=5)
    answer = offline(problem, time_limit_s=1e-3)
    assert answer.cost.violations == 0
    assert 0 < answer.bound <= answer.cost.cost


def test_progress_is_told():
    told = []
    answer = offline(medium_run(9), on_progress=lambda cost, bound: told.append((cost, bound)))
    assert told[-1][0] == answer.cost.cost
    assert all(
        later[0] <= earlier[0] and later[1] >= earlier[1] for earlier, later in zip(told, told[1:], strict=False)
    )
    assert answer.bound == pytest.approx(told[-1][1], rel=1e-9)


def test_hosts_without_opening_cost_and_users_without_visits():
    problem = medium_run(10)
    kept = problem.user != 4
    problem = replace(
        problem,
        first=np.searchsorted(problem.user[kept], np.arange(problem.users + 1)),
        slot=problem.slot[kept],
        comm_s=problem.comm_s[kept],
        opening_s=np.zeros_like(problem.opening_s),
    )
    answer = offline(problem)
    assert answer.cost.opening_s == 0.0
    assert 0 <= answer.gap < 0.02


def test_deadlines_that_cannot_be_met_together():
    problem = medium_run(11)
    answer = offline(replace(problem, floor=0.6 * problem.cpu[problem.slot]))
    assert answer.cost.late > 0
    assert math.isinf(answer.gap)


def test_user_without_host_is_named():
    problem = medium_run(12)
    problem = replace(problem, user_ids=tuple(f"taxi {i}" for i in range(problem.users)))
    problem.comm_s[problem.first[2] + 3] = np.inf
    slot = problem.slot[problem.first[2] + 3]
    with pytest.raises(InputError, match=f"medium 12: slot {slot}: user taxi 2 has no possible host; expected"):
        offline(problem)


def test_slot_with_too_few_seats_is_named():
    problem = medium_run(13, seats=3)
    served = np.bincount(problem.slot)
    slot = int(np.flatnonzero(served > 18)[0])
    words = f"medium 13: slot {slot}: {served[slot]} users but hosts for only 18 twins; expected"
    with pytest.raises(InputError, match=words):
        offline(problem)


def test_a_round_of_kicks_ends_with_the_budget(monkeypatch):
    problem, kicks = medium_run(3), []
    instance = make_run_arrays(problem)
    nothing = RunPrices(np.zeros(problem.cpu.shape), np.zeros(problem.comm_s.shape), np.zeros(problem.cpu.shape),
                     np.zeros(problem.slots))  # fmt: skip
    planner = plan.Planner(instance, 0)
    state = planner.start(instance.comm.argmin(axis=1), nothing, 0.0)
    monkeypatch.setattr(plan, "kick", lambda *_: kicks.append(len(kicks)) or 0.0)
    monkeypatch.setattr(Budget, "exhausted", lambda _: len(kicks) == 7)
    planner.kick_round(state, Budget())
    assert len(kicks) == 7


def test_problems_of_every_kind_share_what_is_compiled():
    """Problems whose arrays are views, without deadlines and of a whole run, go by what one with them compiled."""
    offline(medium_run(3, deadlines=True, users=4))
    before = compiled()
    offline(medium_run(3, users=4))
    offline(run_problem(MigrationRun(city(users=6, movement="slots: 6"))))
    assert len(before) > 8 and compiled() == before


def compiled():
    """How many signatures each compiled loop of the package has."""
    modules = [importlib.import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__)]
    loops = [loop for module in modules for loop in vars(module).values() if hasattr(loop, "signatures")]
    return {loop.py_func.__qualname__: len(loop.signatures) for loop in loops}
