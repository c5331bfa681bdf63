"""How exact plans are, how fast, and what each part of the solver brings; one JSON line a row.

    python benchmarks/exactness.py [--seeds 100] [--only NAME] [--data FOLDER] [--limit 300] [--quick]
    python benchmarks/exactness.py --ablation [--seeds 30] [--gap GAP]

Rows of presets: gap and time of `lagrangian` without a gap asked for, on evaluation seeds from 1000 on that nothing in
the solver was chosen on. Instances are made outside the clock, and a first solve of each row is thrown away.

`melbourne`: random parts of the EUA sites and users (``eua/`` in the data folder), 10 stations x 50 users, 20 x 100 and
40 x 200. `lagrangian` with a gap of 0.01 % asked for, and plain HiGHS after it on the same instance: the tangent model
of the policy `exact` without prices or search, in units of the plan of `greedy`, tangents added again at its plans.
`holmberg`: p1 to p24 (``sscflp_holmberg/``), `lagrangian` with gap 0 and 2 seconds.
`tiny`: random problems small enough for brute force, with gap 0, without and with demands.
Cases whose folder is absent are skipped, saying so.

`--ablation` prints a table: the parts of the solver turned off one at a time, without a gap asked for, or with the one
given and a limit of 1 s a solve.
"""

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import numpy as np

import twinhop
from twinhop.formulation import formulate
from twinhop.placement import InfeasibleProblem, PlacementProblem, prices, solve
from twinhop.placement.branching import BranchAndBound
from twinhop.placement.budget import Budget
from twinhop.placement.mip import MipStatus
from twinhop.placement.policies import lagrangian
from twinhop.placement.prices import StepRule, ascend
from twinhop.placement.search import Search
from twinhop.placement.tangent_model import TangentModel
from twinhop.scenario import build_world
from twinhop.scenario.importers import import_eua

FIRST_SEED = 1000
#: Preset, most seeds (None: as asked), mean and worst gap asked for, median seconds asked for.
ROWS = (
    ("proto-n100-m10", None, 0.001, 0.005, 0.005),
    ("lu2021-n100-m10", None, 0.001, 0.005, 0.005),
    ("family(100, 10)", None, 0.0015, 0.006, 0.010),
    ("family(100, 10, capacity=15)", None, 0.005, 0.015, 0.050),
    ("family(100, 10, capacity=11)", None, 0.01, 0.03, 0.100),
    ("family(200, 20, deadlines=on)", None, 0.01, 0.03, 0.200),
    ("family(1000, 50)", 10, 0.001, None, 1.0),
    ("family(1000, 50, capacity=21)", 10, 0.005, None, 5.0),
)
#: Stations and users of the parts of Melbourne, most seeds of each size, and the gap both solvers go for.
MELBOURNE_SIZES = ((10, 50), (20, 100), (40, 200))
MELBOURNE_SEEDS, MELBOURNE_GAP = 5, 1e-4
#: Most rounds of branch and cut with tangents added at the plan found.
ROUNDS = 30
HOLMBERG_LIMIT_S = 2.0
#: Costs agree, relatively; integers of Holmberg's files, and brute force.
INTEGER_TOLERANCE, AGREEMENT = 1e-6, 1e-9
TINY_PROBLEMS, TINY_LIMIT_S = 1000, 10.0
ABLATION = ("lu2021-n100-m10", "family(100, 10)", "family(100, 10, capacity=15)")
ABLATION_SEEDS, ABLATION_LIMIT_S = 30, 1.0


def problems_of(name, seeds):
    """The placement problems of a preset, by root seed."""
    chosen = range(FIRST_SEED, FIRST_SEED + seeds)
    return {seed: formulate(build_world(twinhop.load(name, seed))) for seed in chosen}


def preset(name, seeds, mean_asked, worst_asked, seconds_asked):
    solutions, infeasible = solve_all(problems_of(name, seeds))
    row = {"preset": name, "instances": seeds, "proved_infeasible": infeasible} | figures(solutions)
    asked = {"gap_mean": mean_asked, "gap_worst": worst_asked, "solve_median": seconds_asked}
    for field, limit in asked.items():
        if limit is not None and solutions:
            unit, scale = ("s", 1) if field == "solve_median" else ("percent", 100)
            row |= {f"{field}_asked_{unit}": scale * limit}
            row |= {f"{field}_reached": row[f"{field}_{unit}"] <= scale * limit}
    print_row(row)


def solve_all(problems, **limits):
    """The solutions of those that are not proved infeasible, and how many are; the first one is solved twice."""
    solutions = [
        solve_or_none(problem, seed, limits) for seed, problem in (*list(problems.items())[:1], *problems.items())
    ]
    found = [solution for solution in solutions[1:] if solution is not None]
    return found, len(problems) - len(found)


def solve_or_none(problem, seed, limits):
    try:
        return solve(problem, seed=seed, **limits)
    except InfeasibleProblem:
        return None


def figures(solutions):
    """Gaps and times of solutions; of those without a feasible plan there are no gaps."""
    gaps = [solution.gap for solution in solutions if solution.gap is not None]
    seconds = [solution.seconds for solution in solutions]
    if not gaps:
        return {"without_plan": len(solutions)}
    return {
        "without_plan": len(solutions) - len(gaps),
        "gap_mean_percent": percent(statistics.mean(gaps)),
        "gap_median_percent": percent(statistics.median(gaps)),
        "gap_worst_percent": percent(max(gaps)),
        "solve_median_s": round(statistics.median(seconds), 5),
        "solve_worst_s": round(max(seconds), 5),
    }


def melbourne(folder, arguments):
    seeds = min(arguments.seeds or MELBOURNE_SEEDS, MELBOURNE_SEEDS)
    solve(melbourne_part(folder, *MELBOURNE_SIZES[0], 0), gap=MELBOURNE_GAP)
    for stations, users in MELBOURNE_SIZES:
        rows = []
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            problem = melbourne_part(folder, stations, users, seed)
            rows.append({"case": "melbourne", "stations": stations, "users": users, "seed": seed})
            rows[-1] |= against_plain_highs(problem, arguments.limit)
            print_row(rows[-1])
        ratios = [row["times_as_long"] for row in rows]
        summary = {"case": f"melbourne {stations} x {users}, all", "instances": len(rows)}
        summary |= {f"{who}_reached": sum(row[f"{who}_reached"] for row in rows) for who in ("lagrangian", "highs")}
        for who in ("lagrangian", "highs"):
            summary[f"{who}_median_s"] = round(statistics.median(row[f"{who}_s"] for row in rows), 4)
            summary[f"{who}_gap_worst_percent"] = max(row[f"{who}_gap_percent"] for row in rows)
        print_row(summary | {"times_as_long_median": statistics.median(ratios), "times_as_long_least": min(ratios)})


def melbourne_part(folder, stations, users, seed):
    """The problem of so many sites and users drawn from the EUA data set."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as aside:
        sites, people = Path(aside) / "sites.csv", Path(aside) / "users.csv"
        draw_lines(folder / "site-optus-melbCBD.csv", sites, stations, rng)
        draw_lines(folder / "users-melbcbd-generated.csv", people, users, rng)
        return formulate(build_world(import_eua(sites, people, name=f"melbourne-{stations}-{users}", seed=seed)))


def draw_lines(source, target, count, rng):
    """Copy the header and some lines of a CSV file."""
    with source.open(newline="") as lines, target.open("w", newline="") as out:
        header, *rows = csv.reader(lines)
        chosen = np.sort(rng.choice(len(rows), count, replace=False))
        csv.writer(out).writerows([header, *(rows[at] for at in chosen)])


def against_plain_highs(problem, limit_s):
    """Both solvers on one instance: time and gap; the ratio of times is a lower bound where HiGHS ran out of time."""
    ours = solve(problem, gap=MELBOURNE_GAP, time_limit_s=limit_s)
    cost, bound, seconds = plain_highs(problem, limit_s)
    theirs = cost / bound - 1 if bound > 0 else None
    return {
        "lagrangian_s": round(ours.seconds, 4),
        "lagrangian_gap_percent": percent(ours.gap),
        "lagrangian_reached": ours.gap <= MELBOURNE_GAP,
        "highs_s": round(seconds, 3),
        "highs_gap_percent": None if theirs is None else percent(theirs),
        "highs_reached": theirs is not None and theirs <= MELBOURNE_GAP,
        "lagrangian_above_highs_percent": percent(ours.cost / cost - 1),
        "times_as_long": round(seconds / ours.seconds, 1),
    }


def plain_highs(problem, limit_s):
    """Cost, bound and seconds of the tangent model without prices or search of ours, from the plan of `greedy`."""
    budget = Budget(limit_s, MELBOURNE_GAP)
    search, bound = Search(problem, budget), -np.inf
    search.offer(solve(problem, "greedy").placement.host)
    model = TangentModel(problem, search.cost, 0.3 * MELBOURNE_GAP)
    model.add_tangents(search.placement())
    for _ in range(ROUNDS):
        status = model.solve(search)
        bound = max(bound, model.certificate().lower_bound)
        cost = search.unscaled(search.cost)
        if status is not MipStatus.OPTIMAL or cost <= bound * (1 + MELBOURNE_GAP) or budget.exhausted():
            break
    return search.unscaled(search.cost), bound, budget.elapsed_s()


def holmberg(folder, arguments):
    rows = [holmberg_row(folder / name, optimum) for name, optimum in known_optima(folder, arguments.seeds).items()]
    print_row(
        {
            "case": "holmberg, all",
            "instances": len(rows),
            "optima_found": sum(row["optimal"] for row in rows),
            "above_optimum_worst_percent": max(row["above_optimum_percent"] for row in rows),
            "bound_below_optimum_mean_percent": round(
                statistics.mean(row["bound_below_optimum_percent"] for row in rows), 4
            ),
            "bounds_above_optimum": sum(row["bound_above_optimum"] for row in rows),
            "solve_median_s": round(statistics.median(row["seconds"] for row in rows), 3),
        }
    )


def known_optima(folder, most):
    found = json.loads((folder / "known_optima.json").read_text())
    return dict(list(found.items())[:most])


def holmberg_row(path, optimum):
    plan = twinhop.plan(path, problem_format="sscflp", gap=0.0, time_limit_s=HOLMBERG_LIMIT_S)
    row = {
        "case": f"holmberg {path.name}",
        "customers": plan.case.problem.users,
        "facilities": plan.case.problem.stations,
        "optimum": optimum,
        "cost": plan.cost,
        "optimal": plan.feasible and abs(plan.cost - optimum) <= INTEGER_TOLERANCE * optimum,
        "above_optimum_percent": percent(plan.cost / optimum - 1),
        "bound_below_optimum_percent": percent(1 - plan.lower_bound / optimum),
        "bound_above_optimum": plan.solution.certificate.lower_bound > optimum * (1 + AGREEMENT),
        "seconds": round(plan.solution.seconds, 3),
    }
    print_row(row)
    return row


def tiny(arguments):
    sys.path.append(str(Path(__file__).parents[1] / "tests" / "placement"))
    from problem_makers import tiny as plain
    from problem_makers import tiny_demand as demanding

    count = min(arguments.seeds or TINY_PROBLEMS, TINY_PROBLEMS)
    for name, make in (("tiny", plain), ("tiny with demands", demanding)):
        print_row({"case": name} | against_brute_force(make, range(FIRST_SEED, FIRST_SEED + count)))


def against_brute_force(make, seeds):
    """How often the answers with gap 0 break a constraint, or differ from brute force, or prove too much or little."""
    row = {"problems": len(seeds), "infeasible": 0, "violations": 0, "mismatches": 0, "bounds_above_optimum": 0}
    row |= {"not_proved": 0, "gap_worst_percent": 0.0, "solve_worst_s": 0.0}
    for seed in seeds:
        arrays, *_, optimum = make(seed)
        try:
            solution = solve(PlacementProblem(**arrays), gap=0.0, time_limit_s=TINY_LIMIT_S)
        except InfeasibleProblem:
            row["infeasible"] += 1
            row["mismatches"] += bool(np.isfinite(optimum))
            continue
        row["violations"] += not solution.evaluation.feasible
        row["mismatches"] += not np.isclose(solution.cost, optimum, rtol=AGREEMENT, atol=0.0).item()
        row["bounds_above_optimum"] += bool(solution.certificate.lower_bound > optimum * (1 + AGREEMENT))
        row["not_proved"] += solution.timed_out
        row["gap_worst_percent"] = max(row["gap_worst_percent"], percent(solution.gap or 0.0))
        row["solve_worst_s"] = max(row["solve_worst_s"], round(solution.seconds, 4))
    return row


def nothing(*_, **__):
    return False


def ascend_without_seat_prices(instance, *rest):
    seats = np.where(instance.seats > 0, instance.root_work.size, 0)
    return ascend(instance._replace(seats=seats), *rest)


#: What is put in the place of each part, as (object, attribute, replacement).
PARTS = {
    "nothing": (),
    "momentum of price steps": ((prices, "STEP_RULE", StepRule(0.0, 1.0, 12.0, 0.6)),),
    "most of that momentum": ((prices, "STEP_RULE", StepRule(0.3, 1.0, 12.0, 0.6)),),
    "branching on associations": ((BranchAndBound, "_is_separable", nothing),),
    "annealing": ((Search, "anneal", nothing),),
    "branching": ((BranchAndBound, "run", nothing), (BranchAndBound, "certificate", lambda tree, root: root)),
    "interchange": ((Search, "interchange", nothing),),
    "swaps": ((Search, "swap", nothing),),
    "open and close": ((Search, "open_or_close", nothing),),
    "seat prices": (
        (lagrangian, "ascend", ascend_without_seat_prices),
        (sys.modules[BranchAndBound.__module__], "ascend", ascend_without_seat_prices),
    ),
}


def ablation(seeds, **limits):
    """A table: mean and worst gap, and median time, with each part off in turn."""
    problems = {name: problems_of(name, seeds) for name in ABLATION}
    print("| turned off | " + " | ".join(f"{name}: gap mean / worst [%], time [ms]" for name in ABLATION) + " |")
    print("|---|" + "---|" * len(ABLATION), flush=True)
    for part, replacements in PARTS.items():
        with ExitStack() as patches:
            for replacement in replacements:
                patches.enter_context(patch.object(*replacement))
            cells = [cell(figures(solve_all(problems[name], **limits)[0])) for name in ABLATION]
        print(f"| {part} | " + " | ".join(cells) + " |", flush=True)


def cell(row):
    return f"{row['gap_mean_percent']:.3f} / {row['gap_worst_percent']:.3f}, {1000 * row['solve_median_s']:.1f}"


def percent(share):
    return round(100 * share, 5)


def print_row(row):
    print(json.dumps(row), flush=True)


#: Cases that need a folder of the data.
CASES = {"melbourne": ("eua", melbourne), "holmberg": ("sscflp_holmberg", holmberg)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, help="most instances of each row; by default those of the row")
    parser.add_argument("--only", help="only rows whose name contains this")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TWINHOP_DATA", "../shared/data")))
    parser.add_argument("--limit", type=float, default=300.0, help="time limit of each solver on Melbourne [s]")
    parser.add_argument("--quick", action="store_true", help="3 seeds, and 20 s at most for each solver on Melbourne")
    parser.add_argument("--ablation", action="store_true", help="turn off the parts of the solver one at a time")
    parser.add_argument(
        "--gap", type=float, help="gap to ask for in the ablation, with a limit of 1 s; by default none"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.limit = arguments.seeds or 3, min(arguments.limit, 20.0)
    if arguments.ablation:
        limits = {} if arguments.gap is None else {"gap": arguments.gap, "time_limit_s": ABLATION_LIMIT_S}
        ablation(arguments.seeds or ABLATION_SEEDS, **limits)
        return
    for name, most, *asked in ROWS:
        if arguments.only is None or arguments.only in name:
            preset(name, min(arguments.seeds or 100, most or 100), *asked)
    for name, (folder, run) in CASES.items():
        if arguments.only is None or arguments.only in name:
            if (arguments.data / folder).is_dir():
                run(arguments.data / folder, arguments)
            else:
                print_row({"case": name, "skipped": f"no {folder} folder in {arguments.data}"})
    if arguments.only is None or arguments.only in "tiny":
        tiny(arguments)


if __name__ == "__main__":
    main()
