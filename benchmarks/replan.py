"""Re-planning after a change beside planning anew, interleaved; one JSON line a size and change.

    python benchmarks/replan.py [--sizes 1000x50,1500x63] [--gaps 0.002,0.001,0.0005] [--rounds 7]
    python benchmarks/replan.py --sparse 100000x200 --gaps 0.001 --rounds 3

A `Planner` keeps the plan of `family(N, M)`; then 5 % of the users move, come, leave, or grow, or the station with the
most twins fails, or returns. Every round plans the changed problem from the plan before by `Planner.replan`, as
`serve` does in each slot, and from nothing by `solve`, to the same gap, one after the other. Given are the medians of
processor time and of wall time in milliseconds, the gaps that were reached, and the twins that move. The problem is
made before the clock starts; matching users, carrying prices over, evaluation and certificate count. Run it twice: the
first run may compile.
"""

import argparse
import json
import os
import statistics
import time
from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np

from twinhop.formulation import formulate, radio_state
from twinhop.formulation.sparse import formulate_sparse
from twinhop.placement import Planner, solve
from twinhop.scenario import build_world
from twinhop.scenario.presets.family import family

SHARE = 0.05
GROWTH = 1.3
OF_USERS = ("comm_s", "root_work", "energy_j", "distance_m")


def rows(problem, users, names=None):
    """Some users of a problem, by other names where they stand for others."""
    columns = {name: getattr(problem, name) for name in OF_USERS}
    columns = {name: None if column is None else column[users] for name, column in columns.items()}
    names = names or tuple(problem.user_ids[i] for i in users.tolist())
    return replace(problem, user_ids=names, origin=None, **columns)


def problem_and_changes(n, m, seed):
    """The problem of N users among those of a larger city, and what it changes into."""
    world = build_world(family(2 * n, m))
    city = formulate(world, radio_state(world))
    city = replace(city, cpu=city.cpu / 2)  # CPUs of the family grow with its users
    everyone = np.random.default_rng(seed).permutation(2 * n)
    here, others, few = everyone[:n], everyone[n:], round(SHARE * n)
    before = rows(city, here)
    moved = np.concatenate([others[:few], here[few:]])
    load = before.root_work.copy()
    load[:few] *= GROWTH
    busiest = int(np.bincount(Planner(before).replan(patience_s=0).host).argmax())
    without = before.capacity.copy()
    without[busiest] = 0
    failed = replace(before, capacity=without)
    return before, {
        "5 % moved": rows(city, moved, before.user_ids),
        "5 % came": rows(city, everyone[: n + few]),
        "5 % left": rows(city, here[few:]),
        "5 % need 1.3 of the work": replace(before, root_work=load),
        "the busiest station failed": failed,
        "it returned": before,
    }


def timed(go):
    """What a function gives, and the processor and wall seconds that it takes."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    result = go()
    return result, time.process_time() - began_cpu_s, time.perf_counter() - began_s


def measure(before, after, gap, rounds, seed):
    """Both ways, in turns."""
    taken = {"replan": [], "anew": []}
    results = {}
    for _ in range(rounds):
        planner = Planner(before)
        planner.replan(patience_s=0, seed=seed)
        results["replan"], *seconds = timed(partial(planner.replan, after, gap=gap, seed=seed))
        taken["replan"].append(seconds)
        results["anew"], *seconds = timed(partial(solve, after, gap=gap, seed=seed))
        taken["anew"].append(seconds)
    cpu = {name: statistics.median(each[0] for each in all_of) for name, all_of in taken.items()}
    wall = {name: statistics.median(each[1] for each in all_of) for name, all_of in taken.items()}
    plan = results["replan"]
    return {
        "gap_wanted": gap,
        "cpu_ms": {name: round(1e3 * value, 1) for name, value in cpu.items()},
        "wall_ms": {name: round(1e3 * value, 1) for name, value in wall.items()},
        "cpu_ratio": round(cpu["anew"] / cpu["replan"], 1),
        "gap": {name: round(result.gap, 6) for name, result in results.items()},
        "moves": len(plan.moves),
        "stations_used": int(np.unique(plan.host).size),
    }


def measure_sparse(n, m, gap, rounds, seed):
    """5 % of the users of a problem with candidates moved: re-planned from a plan that is as good as it gets."""
    before = formulate_sparse(build_world(family(n, m)))
    rng = np.random.default_rng(seed)
    moved = rng.choice(n, round(SHARE * n), replace=False)
    places = rng.permutation(moved)
    columns = {name: np.array(getattr(before, name)) for name in ("row", "up_s")}
    for name, column in columns.items():
        column[moved] = getattr(before, name)[places]
    after = replace(before, wider=None, **columns)
    planner, taken = Planner(before), []
    first, first_cpu_s, _ = timed(planner.replan)
    for _ in range(rounds):
        again = copy(planner)
        plan, *seconds = timed(partial(again.replan, after, gap=gap))
        taken.append(seconds)
    return {
        "users": n,
        "stations": m,
        "change": "5 % moved",
        "gap_wanted": gap,
        "first_cpu_ms": round(1e3 * first_cpu_s, 1),
        "cpu_ms": round(1e3 * statistics.median(each[0] for each in taken), 1),
        "wall_ms": round(1e3 * statistics.median(each[1] for each in taken), 1),
        "gap": {"first": round(first.gap, 6), "replan": round(plan.gap, 6)},
        "ended": plan.ended.value,
        "moves": len(plan.moves),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000x50,1500x63")
    parser.add_argument("--sparse", help="N x M of a problem with candidate stations, in place of the sizes")
    parser.add_argument("--gaps", default="0.002,0.001,0.0005")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.sparse:
        n, m = map(int, arguments.sparse.split("x"))
        for gap in map(float, arguments.gaps.split(",")):
            row = measure_sparse(n, m, gap, arguments.rounds, arguments.seed)
            print(json.dumps(row | {"load_average": round(os.getloadavg()[0], 1)}), flush=True)
        return
    for size in arguments.sizes.split(","):
        n, m = map(int, size.split("x"))
        before, changes = problem_and_changes(n, m, arguments.seed)
        for gap in map(float, arguments.gaps.split(",")):
            for name, after in changes.items():
                start = changes["the busiest station failed"] if name == "it returned" else before
                row = measure(start, after, gap, arguments.rounds, arguments.seed)
                head = {"users": n, "stations": m, "change": name}
                print(json.dumps(head | row | {"load_average": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()
