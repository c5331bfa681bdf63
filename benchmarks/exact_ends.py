"""How long after its time limit a Python program ends that plans facility files by `exact`; one JSON line at the end.

    python benchmarks/exact_ends.py [--files 50] [--limit 2]

Random files of 30 facilities and 200 customers whose demands fill 93 to 98 % of all capacity. Each is planned by a
program of its own, which prints a line when its plan is there: `plan_late` is from the time limit, of which compiling
and loading are no part, to the plan, and `exit` from then to the end of the process. `exit_of_greedy` is of programs
that plan by `greedy`, which start nothing that may go on.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FACILITIES, CUSTOMERS = 30, 200
PROGRAM = """
import sys, twinhop
plan = twinhop.plan(sys.argv[1], sys.argv[3], problem_format="sscflp", time_limit_s=float(sys.argv[2]))
print(plan.solution.seconds, plan.gap, flush=True)
"""


def write_file(path: Path, seed: int) -> None:
    """A file in Holmberg's layout."""
    rng = np.random.default_rng(seed)
    demand = rng.integers(5, 36, CUSTOMERS)
    share = rng.integers(10, 161, FACILITIES)
    capacity = np.ceil(share / share.sum() * demand.sum() * rng.uniform(1.02, 1.08)).astype(int)
    sites, homes = rng.uniform(0, 1, (FACILITIES, 2)), rng.uniform(0, 1, (CUSTOMERS, 2))
    cost = np.round(10 * np.linalg.norm(sites[:, None] - homes, axis=2) * demand, 2)
    fixed = np.round(rng.integers(0, 91, FACILITIES) + rng.integers(100, 111, FACILITIES) * np.sqrt(capacity), 2)
    rows = [f"{FACILITIES} {CUSTOMERS}", *(f"{c} {f}" for c, f in zip(capacity, fixed, strict=True))]
    rows += [" ".join(map(str, demand)), *(" ".join(map(str, row)) for row in cost)]
    path.write_text("\n".join(rows) + "\n")


def run(path: Path, limit_s: float, policy: str) -> tuple[float, float, float]:
    """Seconds of the solve, the gap, and seconds from the plan to the end of the process."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(limit_s), policy]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    seconds, gap = program.stdout.readline().split()
    planned = time.perf_counter()
    program.wait()
    return float(seconds), np.inf if gap == "None" else float(gap), time.perf_counter() - planned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--limit", type=float, default=2.0, help="time limit of each plan [s]")
    options = parser.parse_args()
    late, exits, exits_of_greedy, gaps = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for seed in range(options.files):
            write_file(path, seed)
            seconds, gap, exit_s = run(path, options.limit, "exact")
            late.append(seconds - options.limit)
            exits.append(exit_s)
            gaps.append(gap)
            if seed % 10 == 0:
                exits_of_greedy.append(run(path, options.limit, "greedy")[2])
    print(
        json.dumps(
            {
                "files": len(late),
                "limit_s": options.limit,
                "plan_late_worst_s": round(max(late), 3),
                "exit_median_s": round(statistics.median(exits), 3),
                "exit_worst_s": round(max(exits), 3),
                "exit_of_greedy_median_s": round(statistics.median(exits_of_greedy), 3),
                "proved": sum(gap <= 2e-6 for gap in gaps),
                "gap_median_percent": round(100 * statistics.median(gaps), 3),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
