"""What it costs to run a policy of one's own in a process that can be ended: the start, a placement, a slot.

Prints medians; every figure is the difference between a run with a time limit and one without.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import twinhop
from twinhop.placement import PlacementProblem, solve
from twinhop.placement.policy import placement_policy

SOURCE = """
import numpy as np

def place(problem):
    return np.zeros(problem.users, int)

def follow(situation):
    return situation.access
"""
SCENARIOS = ("lu2021-n80-m5", "city-large")
REPEATS, SLOTS, LIMIT_S = 15, 200, 60.0


def seconds(do: Callable[[], object]) -> float:
    """How long a call takes [s]."""
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def placements(problem: PlacementProblem, policy: str) -> tuple[float, float]:
    """The first call in another process, and what a later one costs more than one in this [s]."""
    chosen = placement_policy(policy)
    solve(problem, chosen)
    first = seconds(lambda: solve(problem, chosen, time_limit_s=LIMIT_S))
    here = statistics.median(seconds(lambda: solve(problem, chosen)) for _ in range(REPEATS))
    there = statistics.median(seconds(lambda: solve(problem, chosen, time_limit_s=LIMIT_S)) for _ in range(REPEATS))
    return first, there - here


def slots(policy: str) -> float:
    """What a slot of a run costs more in another process that has made the run before [s]."""

    def run(limit_s: float | None, slots: int) -> float:
        return seconds(lambda: twinhop.simulate(SCENARIOS[0], policy, slots=slots, time_limit_s=limit_s, jobs=1))

    run(LIMIT_S, 2)
    grown = [(run(LIMIT_S, SLOTS) - run(LIMIT_S, 2)) - (run(None, SLOTS) - run(None, 2)) for _ in range(5)]
    return statistics.median(grown) / (SLOTS - 2)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mine.py"
        file.write_text(SOURCE)
        for name in SCENARIOS:
            world = twinhop.formulate(twinhop.build_world(twinhop.load(name)))
            first, more = placements(world, f"{file}:place")
            print(f"{name}: {world.size_in_words}: first call {first:.2f} s, later ones {1e3 * more:.2f} ms each")
        print(f"{SCENARIOS[0]}: a slot of a run {1e3 * slots(f'{file}:follow'):.3f} ms")


if __name__ == "__main__":
    main()
