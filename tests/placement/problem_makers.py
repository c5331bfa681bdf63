"""Problems for tests: arrays of a problem file, made from a seed."""

import functools
import math

import numpy as np
from oracle import Oracle, random_tiny

from twinhop.placement import PlacementProblem

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


def is_hosted_properly(problem, solution):
    """Whether twin capacities hold and only arcs that exist are used: true of every policy, feasible or not."""
    placement = solution.placement
    users = np.arange(problem.users)
    return bool(
        (placement.loads() <= problem.capacity).all()
        and np.isfinite(problem.comm_s[users, placement.host]).all()
        and placement.open[placement.host].all()
    )
