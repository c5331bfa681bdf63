"""Problems whose deadlines and seats bind: the default's own gap and time, and plain HiGHS beside it.

    python benchmarks/binding_problems.py [--problems 200] [--share 0.4] [--highs 0]

Random problems of 24 users x 4 stations, 27 x 2 and 30 x 4, but those proved infeasible. `lagrangian` without a gap
asked for; of its first problems, as many as ``--highs`` says, plain HiGHS after it: the tangent model without prices or
search, from the plan of `greedy`, to 1 % within 10 s. Problems whose gap stays above 1 % are named.
"""

import argparse
import json
import statistics

import numpy as np

from twinhop.placement import InfeasibleProblem, PlacementProblem, solve
from twinhop.placement.budget import Budget
from twinhop.placement.mip import MipStatus
from twinhop.placement.search import Search
from twinhop.placement.tangent_model import TangentModel

#: Users, stations and seats of each.
SIZES = ((24, 4, 7), (27, 2, 14), (30, 4, 8))
#: The gap that counts as narrow, and the limit of plain HiGHS [s].
NARROW, LIMIT_S = 0.01, 10.0


def binding(rng: np.random.Generator, users: int, stations: int, seats: int, share: float) -> PlacementProblem:
    """A problem whose minimum shares take about this share of all CPU."""
    return PlacementProblem(
        comm_s=rng.uniform(0.1, 1.5, (users, stations)),
        root_work=np.sqrt(rng.uniform(2e8, 2.5e9, users)),
        cpu=rng.uniform(8e9, 24e9, stations) * users / stations / 10,
        capacity=np.full(stations, seats),
        opening_s=rng.uniform(0, 0.6, stations),
        alpha=1.0,
        beta=1.0,
        update_comm_s=rng.uniform(0.005, 0.12, (users, stations)),
        update_work=share * 1.6e9 * 0.08 * rng.uniform(0.2, 1.8, users),
        deadline_s=rng.uniform(0.05, 0.2, users),
    )


def plain_highs(problem: PlacementProblem) -> dict[str, float | None]:
    """Gap and time of the tangent model alone."""
    search = Search(problem, Budget(LIMIT_S))
    search.offer(solve(problem, "greedy").placement.host)
    if not search.feasible:
        return {"highs_gap_percent": None, "highs_s": 0.0}
    model, bound = TangentModel(problem, search.cost, 0.3 * NARROW), -np.inf
    model.add_tangents(search.placement())
    while True:
        status = model.solve(search)
        bound = max(bound, model.certificate().lower_bound)
        gap = search.unscaled(search.cost) / bound - 1
        if status is not MipStatus.OPTIMAL or gap <= NARROW:
            return {"highs_gap_percent": round(100 * gap, 3), "highs_s": round(search.budget.elapsed_s(), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200, help="feasible ones in all")
    parser.add_argument("--share", type=float, default=0.4, help="of all CPU that minimum shares take, about")
    parser.add_argument("--highs", type=int, default=0, help="problems that plain HiGHS gets too")
    options = parser.parse_args()
    solve(binding(np.random.default_rng(0), *SIZES[0], options.share))
    rows, seed = [], 0
    while len(rows) < options.problems:
        for size in SIZES:
            try:
                problem = binding(np.random.default_rng(seed), *size, options.share)
                solution = solve(problem)
            except InfeasibleProblem:
                continue
            gap = np.inf if solution.gap is None else solution.gap
            row = {"size": f"{size[0]} x {size[1]}", "seed": seed, "gap_percent": round(100 * gap, 3)}
            row |= {"s": round(solution.seconds, 3), "ended": solution.ended.value}
            if len(rows) < options.highs:
                row |= plain_highs(problem)
            rows.append(row)
            if gap > NARROW or "highs_s" in row:
                print(json.dumps(row), flush=True)
        seed += 1
    rows = rows[: options.problems]
    seconds = [row["s"] for row in rows]
    summary = {
        "problems": len(rows),
        "within_1_percent": round(np.mean([row["gap_percent"] <= 100 * NARROW for row in rows]), 4),
        "worst_gap_percent": max(row["gap_percent"] for row in rows),
        "median_s": statistics.median(seconds),
        "p95_s": round(float(np.quantile(seconds, 0.95)), 3),
        "worst_s": max(seconds),
        "ended": {word: sum(row["ended"] == word for row in rows) for word in sorted({row["ended"] for row in rows})},
    }
    beside = [row for row in rows if row.get("highs_gap_percent") is not None]
    if beside:
        summary |= {
            "highs_within_1_percent": round(np.mean([row["highs_gap_percent"] <= 100 * NARROW for row in beside]), 4),
            "highs_median_s": statistics.median(row["highs_s"] for row in beside),
            "lagrangian_median_s_on_the_same": statistics.median(row["s"] for row in beside),
        }
    print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    main()
