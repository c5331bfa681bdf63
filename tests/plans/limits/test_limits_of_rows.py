"""Limits on moves where rows stand for many users: a row of w users is w twins that move."""

import itertools

import numpy as np
import pytest

import twinhop
from twinhop.formulation.weights import weighted
from twinhop.placement import PlacementProblem
from twinhop.plans.saved_placement import SavedPlacement


def rows_of(seed):
    """Weights, parts of users too, the arrays of one user of each row, where the rows are, and how many may move."""
    rng = np.random.default_rng([seed, 5])
    rows, stations = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    weight = rng.integers(1, 9, rows) / (2 if seed % 3 else 8)
    each = {
        "comm_s": rng.uniform(0.01, 0.3, (rows, stations)),
        "root_work": np.sqrt(rng.uniform(0.1, 2.0, rows) * 1e9),
        "capacity": rng.integers(int(weight.max()) + 1, int(weight.sum()) + 3, stations),
        "energy_j": rng.uniform(0, 0.1, rows),
    }
    common = {
        "cpu": rng.uniform(5, 20, stations) * 1e9,
        "opening_s": rng.uniform(0, 0.2, stations),
        "alpha": float(rng.uniform(0.5, 2)),
        "beta": float(rng.uniform(0.1, 2)),
    }
    return weight, each, common, rng.integers(0, stations, rows), int(rng.integers(0, int(weight.sum()) + 1))


def least_cost_by_hand(weight, each, common, present, most, move_cost_s):
    """The least cost of all hosts of which few enough users move, every user counted; inf without any."""
    stations, best = len(common["cpu"]), np.inf
    for hosts in itertools.product(range(stations), repeat=len(weight)):
        host = np.array(hosts)
        moved = weight[host != present].sum()
        users = np.bincount(host, weight, minlength=stations)
        if moved > most or (users > each["capacity"]).any():
            continue
        load = np.bincount(host, weight * each["root_work"], minlength=stations)
        mean = (weight * each["comm_s"][np.arange(len(weight)), host]).sum() + (load**2 / common["cpu"]).sum()
        mean = (mean + move_cost_s * moved) / weight.sum()
        energy = (weight * each["energy_j"]).sum() / weight.sum()
        best = min(best, common["alpha"] * mean + common["beta"] * (common["opening_s"][users > 0].sum() + energy))
    return best


def saved(problem, host):
    opened = np.zeros(problem.stations, bool)
    opened[host] = True
    stations = tuple(map(problem.station_name, range(problem.stations)))
    users = tuple(map(problem.user_name, range(problem.users)))
    return SavedPlacement("now.json", stations, users, host.astype(np.int64), opened)


def test_users_of_rows_are_counted_and_bounded_on_hundreds_of_tiny_problems():
    above, below = [], []
    for seed in range(160):
        weight, each, common, present, most = rows_of(seed)
        move_cost_s = 0.05 * (seed % 2)
        best = least_cost_by_hand(weight, each, common, present, most, move_cost_s)
        problem = PlacementProblem(**weighted(weight, cpu_rule="optimal", **each), **common)
        try:
            plan = twinhop.plan(problem, present=saved(problem, present), move_cost_s=move_cost_s, max_moves=most)
        except (twinhop.InputError, twinhop.InfeasibleProblem) as error:
            assert np.isinf(best), (seed, str(error))
            continue
        moved = weight[plan.solution.placement.host != present].sum()
        assert plan.feasible and moved <= most + 1e-6, seed
        assert plan.cost >= best * (1 - 1e-9), seed
        assert plan.lower_bound is not None and plan.lower_bound <= best * (1 + 1e-9), seed
        above.append(plan.cost / best - 1)
        below.append(1 - plan.lower_bound / best)
    assert len(above) > 100
    assert max(above) < 0.01
    assert np.mean(below) < 0.02


def test_what_must_move_is_said_in_users():
    weight, each, common, present, _ = rows_of(3)
    each["capacity"] = np.full(len(common["cpu"]), int(np.ceil(weight.sum())))
    each["capacity"][present[0]] = 0
    problem = PlacementProblem(**weighted(weight, cpu_rule="optimal", **each), **common)
    must = int(np.ceil(weight[present == present[0]].sum()))
    with pytest.raises(twinhop.InputError, match=f"{must} twins must move.*accepted: {must} and more"):
        twinhop.plan(problem, present=saved(problem, present), max_moves=must - 1)
    plan = twinhop.plan(problem, present=saved(problem, present), max_moves=must)
    assert plan.feasible and f"At most {must} users may." in plan.report()
