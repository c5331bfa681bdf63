"""Problems for tests: arrays of a problem file, made from a seed."""

import functools
import math

import numpy as np
from hypothesis import strategies as st
from oracle import Oracle, random_tiny

from twinhop.placement import PlacementProblem

DEADLINE_FIELDS = ("update_comm_s", "update_work", "deadline_s")
#: Optima and costs of the oracle and of src agree to this, relatively.
AGREEMENT = 1e-9


def roomy_arrays(users, stations, seed=0):
    """An uncapacitated problem without deadlines, every arc there."""
    rng = np.random.default_rng(seed)
    return {
        "comm_s": rng.uniform(0.1, 1.0, (users, stations)),
        "root_work": np.sqrt(rng.uniform(1e8, 2e9, users)),
        "cpu": rng.uniform(8e9, 24e9, stations),
        "capacity": np.full(stations, users),
        "opening_s": rng.uniform(0.05, 0.2, stations),
        "alpha": 1.0,
        "beta": 1.0,
    }


def deadline_arrays(users, stations, seed=0, deadline_s=(0.1, 0.4)):
    """A problem with deadlines that bind on some users; capacities do not."""
    rng = np.random.default_rng(seed)
    arrays = roomy_arrays(users, stations, seed)
    return arrays | {
        "update_comm_s": arrays["comm_s"] * 0.05,
        "update_work": rng.uniform(1e7, 2e8, users),
        "deadline_s": rng.uniform(*deadline_s, users),
    }


def tight_deadline_arrays():
    """Deadlines that a good plan keeps and that the baselines miss: 20 users, 5 slow stations."""
    arrays = deadline_arrays(20, 5, seed=3, deadline_s=(0.1, 0.25))
    return arrays | {"cpu": arrays["cpu"] * 0.2}


def roomy(users, stations, seed=0):
    return PlacementProblem(**roomy_arrays(users, stations, seed))


@functools.cache
def tiny(seed):
    """The arrays of a tiny problem and its optimum by the oracle, inf where infeasible."""
    arrays = random_tiny(seed)
    return arrays, Oracle(arrays), Oracle(arrays).optimum()


def first_tiny(count, *, feasible=None, deadlines=None, start=0):
    """The first seeds of tiny problems that are feasible, have deadlines, as asked."""
    found, seed = [], start
    while len(found) < count:
        arrays, _, optimum = tiny(seed)
        fits = feasible is None or math.isfinite(optimum) == feasible
        if fits and (deadlines is None or ("deadline_s" in arrays) == deadlines):
            found.append(seed)
        seed += 1
    return found


def feasible_seeds(count=60):
    """A strategy that draws seeds of tiny feasible problems, which are looked for when the first is drawn."""
    return st.deferred(lambda: st.sampled_from(first_tiny(count, feasible=True)))


def tiny_demand_arrays(seed):
    """A tiny problem with demands, half of them without computing."""
    arrays = dict(random_tiny(seed))
    rng = np.random.default_rng([seed, 1])
    users, stations = arrays["comm_s"].shape
    arrays["demand"] = rng.integers(0, 10, users).astype(float)
    slack = rng.uniform(1.05, 2.5) / max(1, stations - rng.integers(0, 2))
    arrays["demand_capacity"] = np.round(arrays["demand"].sum() * slack * rng.uniform(0.7, 1.4, stations))
    if rng.random() < 0.5:
        arrays = {name: value for name, value in arrays.items() if name not in DEADLINE_FIELDS}
        arrays |= {"root_work": np.zeros(users), "capacity": np.full(stations, users), "alpha": float(users)}
    return arrays


@functools.cache
def tiny_demand(seed):
    """The arrays of a tiny problem with demands and its optimum by the oracle, inf where infeasible."""
    arrays = tiny_demand_arrays(seed)
    return arrays, Oracle(arrays).optimum()


def facility_arrays(customers, facilities, seed=0, slack=1.6):
    """A classical single-source facility location problem."""
    rng = np.random.default_rng(seed)
    demand = rng.integers(10, 50, customers).astype(float)
    return {
        "comm_s": rng.integers(10, 200, (customers, facilities)).astype(float),
        "root_work": np.zeros(customers),
        "cpu": np.ones(facilities),
        "capacity": np.full(facilities, customers),
        "opening_s": rng.integers(100, 500, facilities).astype(float),
        "alpha": float(customers),
        "beta": 1.0,
        "demand": demand,
        "demand_capacity": np.ceil(rng.uniform(0.8, 1.2, facilities) * slack * demand.sum() / facilities),
    }


def is_hosted_properly(problem, solution):
    """Whether twin capacities hold and only arcs that exist are used: true of every policy, feasible or not."""
    placement = solution.placement
    users = np.arange(problem.users)
    return bool(
        (placement.loads() <= problem.capacity).all()
        and np.isfinite(problem.comm_s[users, placement.host]).all()
        and placement.open[placement.host].all()
    )
