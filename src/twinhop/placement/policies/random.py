"""The random baselines of the paper's Fig. 9."""

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.infeasibility import InfeasibleProblem
from twinhop.placement.placement import Placement
from twinhop.placement.policies.baseline import Room
from twinhop.placement.policy import Decision
from twinhop.placement.problem import BoolArray, IntArray, PlacementProblem
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY

#: Opened sets drawn before stations are added to one that cannot seat everybody because of forbidden arcs.
DRAWS = 100


def random_association(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Every host station open, users uniform over the stations with room."""
    opened = problem.capacity > 0
    return Decision(Placement(_uniform_hosts(problem, opened, rng), opened))


def random(problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
    """Opened set uniform over the non-empty subsets that can hold all users, users uniform over it."""
    for _ in range(DRAWS):
        opened = uniform_opened_set(problem, rng)
        try:
            return Decision(Placement(_uniform_hosts(problem, opened, rng), opened))
        except InfeasibleProblem:
            continue
    return _with_more_stations(problem, uniform_opened_set(problem, rng), rng)


def uniform_opened_set(problem: PlacementProblem, rng: np.random.Generator) -> BoolArray:
    """A subset of the host stations, uniform over those whose seats suffice.

    ``p_k(r) = p_{k+1}(r) / 2 + p_{k+1}(r - N_k) / 2`` is the chance that a uniform subset of stations k, k+1, ... has r
    seats; station k is opened with the chance ``p_{k+1}(r - N_k) / (2 p_k(r))``.

    Returns:
        (M,) the opened stations.
    """
    hosts = np.flatnonzero(problem.capacity > 0)
    seats = np.minimum(problem.capacity[hosts], problem.users)
    need = np.arange(problem.users + 1)
    chance = np.zeros((hosts.size + 1, problem.users + 1))
    chance[-1, 0] = 1.0
    for k in range(hosts.size - 1, -1, -1):
        chance[k] = 0.5 * chance[k + 1] + 0.5 * chance[k + 1, np.maximum(need - seats[k], 0)]
    opened = np.zeros(problem.stations, bool)
    remaining = problem.users
    for k, station in enumerate(hosts):
        after = max(remaining - seats[k], 0)
        if rng.random() * chance[k, remaining] < 0.5 * chance[k + 1, after]:
            opened[station] = True
            remaining = after
    return opened


def _with_more_stations(problem: PlacementProblem, opened: BoolArray, rng: np.random.Generator) -> Decision:
    for k in rng.permutation(np.flatnonzero((problem.capacity > 0) & ~opened)):
        opened[k] = True
        try:
            return Decision(Placement(_uniform_hosts(problem, opened, rng), opened))
        except InfeasibleProblem:
            continue
    return random_association(problem, rng, Budget())


def _uniform_hosts(problem: PlacementProblem, opened: BoolArray, rng: np.random.Generator) -> IntArray:
    host = np.full(problem.users, NOBODY, np.int64)
    room = Room(problem, opened)
    for i in range(problem.users):
        choices = np.flatnonzero(room.usable(i))
        if choices.size:
            host[i] = choices[rng.integers(choices.size)]
            room.take(i, int(host[i]))
    return seat_remaining(problem, host, opened)
