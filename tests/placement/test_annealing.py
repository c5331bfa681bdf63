"""Annealing of associations: its saving is the true one, limits hold, and a seed fixes the walk."""

import numpy as np
import pytest
from problem_makers import facility_arrays, roomy_arrays

from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.annealing import anneal
from twinhop.placement.budget import Budget
from twinhop.placement.search import Search
from twinhop.placement.station_load import make_hosting, make_instance, total

USERS, STATIONS = 30, 5


def problems():
    plain = roomy_arrays(USERS, STATIONS, seed=1)
    rng = np.random.default_rng(5)
    holes = np.where(rng.random((USERS, STATIONS)) < 0.3, np.inf, plain["comm_s"])
    holes[:, 0] = plain["comm_s"][:, 0]
    return {
        "plain": plain,
        "seats": plain | {"capacity": np.full(STATIONS, 7)},
        "forbidden": plain | {"comm_s": holes},
        "demand": facility_arrays(USERS, STATIONS, seed=1, slack=1.15),
        "demand and work": facility_arrays(USERS, STATIONS, seed=2, slack=1.2)
        | {"root_work": plain["root_work"], "cpu": plain["cpu"]},
        "no work": plain | {"root_work": np.zeros(USERS)},
    }


KINDS = list(problems())


def walk(kind, seed=1, steps=20_000, hot=0.3):
    """The instance, where a walk began, the cheapest hosts seen, and the saving it claims."""
    problem = PlacementProblem(**problems()[kind])
    search = Search(problem, Budget())
    search.start()
    instance = make_instance(problem)
    hosting = make_hosting(instance, search.host)
    scale = 100.0 if problem.has_demand else 1.0
    best = np.empty(USERS, np.int64)
    used = np.unique(search.host)
    saving = anneal(instance, hosting, used, hot * scale, 1e-3 * scale, steps, seed, best)
    return problem, instance, search.host, best, saving, hosting


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_saving_is_the_true_one_and_limits_hold(kind, seed):
    problem, instance, start, best, saving, hosting = walk(kind, seed)
    assert (hosting.host == start).all(), "where it starts is left as it is"
    before, after = total(instance, make_hosting(instance, start)), total(instance, make_hosting(instance, best))
    emptied = instance.opening[np.setdiff1d(start, best)].sum()  # opening is taken as paid
    assert saving >= 0
    assert before - after == pytest.approx(saving + emptied, rel=1e-9, abs=1e-9 * before)
    assert set(best) <= set(start)
    assert evaluate(problem, Placement.of_hosts(best, STATIONS)).violations == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hot_walk_comes_across_every_limit(kind):
    """At a high temperature nearly everything is accepted: only the limits hold it."""
    problem, _, _, best, saving, _ = walk(kind, steps=3000, hot=100.0)
    assert saving >= 0
    assert evaluate(problem, Placement.of_hosts(best, STATIONS)).feasible


def test_it_improves_a_poor_start():
    """Everyone at random: the walk comes near what moves and swaps find, or below."""
    problem = PlacementProblem(**problems()["plain"])
    instance = make_instance(problem)
    start = np.random.default_rng(1).integers(0, STATIONS, USERS)
    hosting, best = make_hosting(instance, start), np.empty(USERS, np.int64)
    saving = anneal(instance, hosting, np.arange(STATIONS), 0.1, 1e-4, 60_000, 1, best)
    search = Search(problem, Budget())
    search.offer(start)
    search.improve(())
    assert total(instance, hosting) - saving <= search.cost * 1.002
    assert saving > 0.1 * total(instance, hosting)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_fixes_the_walk(kind):
    first, again = walk(kind, seed=7), walk(kind, seed=7)
    assert (first[3] == again[3]).all() and first[4] == again[4]


def test_another_seed_is_another_walk():
    instance = make_instance(PlacementProblem(**problems()["plain"]))
    hosting, best = make_hosting(instance, np.zeros(USERS, np.int64)), np.empty(USERS, np.int64)
    savings = {anneal(instance, hosting, np.arange(STATIONS), 0.1, 0.01, 300, seed, best) for seed in range(1, 11)}
    assert len(savings) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_search_never_gets_worse(kind):
    problem = PlacementProblem(**problems()[kind])
    search = Search(problem, Budget())
    search.start()
    for seed in range(5):
        before, host = search.cost, search.host
        better = search.anneal(seed)
        assert search.cost < before if better else search.cost == before and search.host is host
        found = evaluate(problem, search.placement())
        assert found.feasible and found.cost == pytest.approx(search.unscaled(search.cost), rel=1e-12)
