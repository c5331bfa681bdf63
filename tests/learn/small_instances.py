"""Small placement problems for learners."""

import numpy as np

from twinhop.placement.problem import PlacementProblem


def problem(seed=0, users=9, stations=4, *, capacity=None, opening_s=0.05, alpha=1.0, forbidden=0.0):
    """A random problem; with some share of forbidden arcs, none of them the user's nearest."""
    rng = np.random.default_rng(seed)
    comm_s = 0.5 + rng.uniform(0, 0.2, (users, stations))
    away = (rng.random((users, stations)) < forbidden) & (comm_s > comm_s.min(axis=1, keepdims=True))
    return PlacementProblem(
        np.where(away, np.inf, comm_s),
        np.sqrt(rng.uniform(2e8, 1e9, users)),
        rng.uniform(8e9, 24e9, stations) * users / 100,
        np.full(stations, users if capacity is None else capacity),
        np.full(stations, opening_s),
        alpha=alpha,
        beta=1.0,
    )
