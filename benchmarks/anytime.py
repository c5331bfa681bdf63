"""What learned weights prove, and what the solver proves in milliseconds with and without them as its start.

    .venv/bin/python benchmarks/anytime.py [--worlds 8] [--seed 300000]

Own certified gaps [%], mean and largest, and thread CPU time [ms], medians, on worlds of seeds that nothing was trained
or tuned on; the cases of one world are run one after the other. Limits are of the wall clock: on busy cores they end
earlier. HiGHS and greedy are in `benchmarks/beside_highs.py` and `benchmarks/placement.py`.
"""

import argparse
import time
from collections.abc import Callable
from functools import cache

import numpy as np

from twinhop.placement import PlacementProblem, Solution, solve
from twinhop.placement.policy import placement_policy
from twinhop.plans.planning import make_case
from twinhop.scenario.presets.family import family

SIZES = ((100, 10), (300, 30), (1000, 50))
LIMITS_MS = (3, 10, 30, 100)
CERTIFIED = {
    "lu2021-n100-m10": ("lu2021-n100-m10", ("maddpg:certify=0", "maddpg:certify=50", "maddpg:polish=10:certify=50")),
    "family(100, 10)": (family(100, 10), ("maddpg:certify=0", "maddpg:certify=50", "maddpg:polish=10:certify=50")),
    "family(1000, 50)": (family(1000, 50), ("maddpg:certify=0", "maddpg:certify=30", "maddpg:certify=50")),
    "family(100, 10, capacity=15)": (family(100, 10, capacity_users=15), ("maddpg:certify=50", "maddpg:certify=100")),
    "city-small": ("city-small", ("maddpg:certify=50", "maddpg:certify=100")),
}


looked_up = cache(placement_policy)
"""Policies by name; what is installed is searched for them, which takes longer than a decision."""


def measured(problem: PlacementProblem, policy: str, limit_s: float = float("inf")) -> tuple[Solution, float]:
    """A solution and its thread CPU time [ms]."""
    chosen = looked_up(policy)
    before = time.thread_time()
    solution = solve(problem, chosen, time_limit_s=limit_s)
    return solution, 1e3 * (time.thread_time() - before)


def gaps(results: list[tuple[Solution, float]], bounds: list[float]) -> str:
    """Own gap, gap to the best bound known, CPU and late plans in a line."""
    own = [100 * solution.gap for solution, _ in results if solution.gap is not None]
    above = [100 * (each[0].cost / bound - 1) for each, bound in zip(results, bounds, strict=True)]
    proved = f"{np.mean(own):8.3f} {np.max(own):8.3f}" if own else f"{'-':>8} {'-':>8}"
    late = sum(not solution.evaluation.feasible for solution, _ in results)
    return f"{proved} {np.mean(above):8.3f} {np.median([cpu for _, cpu in results]):9.2f} {late:5d}"


def table(name: str, problems: list[PlacementProblem], cases: dict[str, Callable[[PlacementProblem], object]]) -> None:
    """One line a case."""
    for each in cases.values():  # what is compiled, and loaded, is no part of it
        each(problems[0])
    results: dict[str, list] = {case: [] for case in cases}
    bounds = [solve(problem, "lagrangian", time_limit_s=2.0).lower_bound for problem in problems]
    for problem in problems:
        for case, run in cases.items():
            results[case].append(run(problem))
    for case in cases:
        print(f"{name:28} {case:32} {gaps(results[case], bounds)}", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=300_000)
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.worlds)
    print(f"{'worlds':28} {'policy':32} {'own mean':>8} {'max':>8} {'above':>8} {'CPU ms':>9} {'late':>5}")
    for name, (source, policies) in CERTIFIED.items():
        problems = [make_case(source, seed).problem for seed in seeds]
        table(name, problems, {policy: lambda problem, policy=policy: measured(problem, policy) for policy in policies})
    for users, stations in SIZES:
        problems = [make_case(family(users, stations, seed=seed)).problem for seed in seeds]
        cases = {
            f"lagrangian {limit} ms, start={start}": lambda problem, start=start, limit=limit: measured(
                problem, f"lagrangian:start={start}", limit / 1e3
            )
            for limit in LIMITS_MS
            for start in ("none", "maddpg:certify=0")
        }
        table(f"family({users}, {stations})", problems, cases)


if __name__ == "__main__":
    main()
