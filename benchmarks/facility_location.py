"""Facility location with demands and imported cities against their known optima and bounds; one JSON line a row.

    python benchmarks/facility_location.py [--data FOLDER] [--only NAME]

Holmberg's p1 to p24 (``sscflp_holmberg/`` in the data folder): the optimum known, what `exact` and `lagrangian` find,
their bounds, and plain HiGHS beside them: the strong model of `exact` without prices or search, to the same 1e-6. San
Francisco (``sf_cab_cells/``), minute 720, and Melbourne (``eua/``): gap and time. Cases whose folder is absent are
skipped, saying so.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import twinhop
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import Budget
from twinhop.placement.search import Search
from twinhop.placement.tangent_model import TangentModel
from twinhop.scenario.importers import import_eua, import_sf_cells

INTEGER_TOLERANCE = 1e-6
#: Limit of one exact solve [s].
EXACT_LIMIT_S = 300.0


def holmberg(folder):
    optima = json.loads((folder / "known_optima.json").read_text())
    rows = [measure(folder / name, optimum) for name, optimum in optima.items()]
    summary = {
        "case": "holmberg, all",
        "instances": len(rows),
        "exact_optimal": sum(row["exact_optimal"] for row in rows),
        "exact_worst_s": max(row["exact_s"] for row in rows),
        "lagrangian_above_optimum_mean_percent": mean(rows, "lagrangian_above_optimum_percent"),
        "lagrangian_gap_mean_percent": mean(rows, "lagrangian_gap_percent"),
        "lagrangian_worst_s": max(row["lagrangian_s"] for row in rows),
        "exact_median_s": statistics.median(row["exact_s"] for row in rows),
        "lagrangian_optimal": sum(row["lagrangian_above_optimum_percent"] < 1e-4 for row in rows),
        "lagrangian_above_optimum_worst_percent": max(row["lagrangian_above_optimum_percent"] for row in rows),
        "lagrangian_gap_worst_percent": max(row["lagrangian_gap_percent"] for row in rows),
        "lagrangian_median_s": statistics.median(row["lagrangian_s"] for row in rows),
        "gap_0_proved": sum(row["gap_0_proved"] for row in rows),
        "gap_0_median_s": statistics.median(row["gap_0_s"] for row in rows),
        "gap_0_worst_s": max(row["gap_0_s"] for row in rows),
        "highs_optimal": sum(row["highs_optimal"] for row in rows),
        "highs_median_s": statistics.median(row["highs_s"] for row in rows),
        "highs_worst_s": max(row["highs_s"] for row in rows),
        "bounds_above_optimum": sum(row["bound_above_optimum"] for row in rows),
    }
    reached = summary["exact_optimal"] == len(rows) and summary["bounds_above_optimum"] == 0
    print_row(summary | {"reached": reached and summary["lagrangian_above_optimum_mean_percent"] <= 1.0})


def measure(path, optimum):
    exact = twinhop.plan(path, "exact", problem_format="sscflp", time_limit_s=EXACT_LIMIT_S)
    prices = twinhop.plan(path, "lagrangian", problem_format="sscflp")
    proved = twinhop.plan(path, "lagrangian", problem_format="sscflp", gap=0, time_limit_s=EXACT_LIMIT_S)
    row = {
        "case": f"holmberg {path.name}",
        "customers": exact.case.problem.users,
        "facilities": exact.case.problem.stations,
        "optimum": optimum,
        "exact": exact.cost,
        "exact_optimal": exact.feasible and abs(exact.cost - optimum) <= INTEGER_TOLERANCE * optimum,
        "exact_s": round(exact.solution.seconds, 3),
        "lagrangian": prices.cost,
        "lagrangian_above_optimum_percent": round(100 * (prices.cost / optimum - 1), 4),
        "lagrangian_bound": prices.lower_bound,
        "lagrangian_gap_percent": round(100 * prices.gap, 4),
        "lagrangian_s": round(prices.solution.seconds, 3),
        "bound_above_optimum": max(exact.lower_bound, prices.lower_bound, proved.lower_bound) > optimum,
        "gap_0_s": round(proved.solution.seconds, 3),
        "gap_0_proved": proved.gap <= CLOSED and abs(proved.cost - optimum) <= INTEGER_TOLERANCE * optimum,
        **plain_highs(exact.case.problem, optimum),
    }
    print_row(row)
    return row


def plain_highs(problem, optimum):
    """The strong model alone, from the plan of `greedy` as the unit of its costs."""
    search = Search(problem, Budget(EXACT_LIMIT_S))
    search.offer(twinhop.plan(problem, "greedy").solution.placement.host)
    started = time.perf_counter()
    model = TangentModel(problem, search.cost, 3e-7)
    model.solve(search)
    seconds, cost = time.perf_counter() - started, search.unscaled(search.cost)
    return {"highs_s": round(seconds, 3), "highs_optimal": abs(cost - optimum) <= INTEGER_TOLERANCE * optimum}


def san_francisco(folder):
    city(import_sf_cells(folder / "sf_cells.csv", folder / "sf_serving_1min.npz", minute=720), 0.005, 2.0)


def melbourne(folder):
    city(
        import_eua(folder / "site-optus-melbCBD.csv", folder / "users-melbcbd-generated.csv", name="melbourne"),
        0.005,
        5.0,
    )


def city(scenario, gap_asked, seconds_asked):
    twinhop.plan(scenario)
    plan = twinhop.plan(scenario)
    problem = plan.case.problem
    print_row(
        {
            "case": scenario.name,
            "users": problem.users,
            "stations": problem.stations,
            "seats_a_station": int(problem.capacity.max()),
            "feasible": plan.feasible,
            "gap_percent": round(100 * plan.gap, 4),
            "seconds": round(plan.solution.seconds, 3),
            "reached": plan.feasible and plan.gap <= gap_asked and plan.solution.seconds <= seconds_asked,
        }
    )


def mean(rows, field):
    return round(statistics.mean(row[field] for row in rows), 4)


def print_row(row):
    print(json.dumps(row), flush=True)


CASES = {
    "holmberg": ("sscflp_holmberg", holmberg),
    "san-francisco": ("sf_cab_cells", san_francisco),
    "melbourne": ("eua", melbourne),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TWINHOP_DATA", "../shared/data")))
    parser.add_argument("--only", choices=CASES, help="only this case")
    arguments = parser.parse_args()
    for name, (folder, run) in CASES.items():
        if arguments.only in (None, name):
            if (arguments.data / folder).is_dir():
                run(arguments.data / folder)
            else:
                print_row({"case": name, "skipped": f"no {folder} folder in {arguments.data}"})


if __name__ == "__main__":
    main()
