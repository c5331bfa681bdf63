"""The exact solver's own bound, as HiGHS gives it, over twelve orders of magnitude of times."""

import math

import numpy as np
import pytest
from oracle import Oracle, random_tiny

from twinhop.placement import InfeasibleProblem, PlacementProblem, solve

TIMES = ("comm_s", "opening_s", "update_comm_s", "deadline_s")


def scaled(seed):
    """A tiny problem with all times scaled, half of them with arcs that differ by orders of magnitude."""
    arrays, rng = random_tiny(seed), np.random.default_rng(seed)
    factor = 10.0 ** rng.integers(-9, 3)
    for name in TIMES:
        if name in arrays:
            arrays[name] = arrays[name] * factor
    arrays["cpu"] = arrays["cpu"] / factor
    if rng.random() < 0.5:
        arrays["comm_s"] = arrays["comm_s"] * 10.0 ** rng.uniform(-6, 0, arrays["comm_s"].shape)
    return arrays


@pytest.mark.parametrize("first", range(20_000, 20_060, 20))
def test_the_raw_bound_is_never_above_the_optimum(first):
    for seed in range(first, first + 20):
        arrays = scaled(seed)
        optimum = Oracle(arrays).optimum()
        if not math.isfinite(optimum):
            with pytest.raises(InfeasibleProblem):
                solve(PlacementProblem(**arrays), "exact")
            continue
        solution = solve(PlacementProblem(**arrays), "exact")
        assert solution.certificate is not None
        assert solution.certificate.lower_bound <= optimum, seed
        assert solution.cost <= optimum * (1 + 1e-4) + 1e-300, seed
