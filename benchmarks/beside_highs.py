"""`lagrangian`, `exact` and plain HiGHS on single-source facility location; one JSON line an instance.

    python benchmarks/beside_highs.py [--data FOLDER] [--seeds 6] [--limit 10] [--write]

Plain HiGHS gets the strong model of the problem and nothing of ours: ``x_ij <= y_j`` for every customer and facility,
one knapsack a facility, one thread. The three solve every instance in turn, each within the limit; what is told is how
far each is above the known optimum, or above the best of the three, and how many it proved optimal. Instances are
Holmberg's p1 to p24 (``sscflp_holmberg/`` in the data folder; skipped without it) and two generated classes, 60
customers and 20 facilities, after Cornuejols, Sridharan and Thizy (1991): capacities of 1.5 and of 5 times all demands.
Seeds count from 1000 on, and nothing was tuned on them. ``--write`` puts the table into README and docs/importers.md.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import highspy
import numpy as np

from twinhop.placement import PlacementProblem, solve
from twinhop.placement.sscflp import load_sscflp

PAGES = [Path(__file__).parents[1] / name for name in ("README.md", "docs/importers.md")]
BEGIN, END = "<!-- table of benchmarks/beside_highs.py -->", "<!-- end of the table -->"
FIRST_SEED, CUSTOMERS, FACILITIES = 1000, 60, 20
#: Relative gap at which an instance counts as proved; all are asked for a tenth of it.
PROVED = 1e-5
#: All capacities together over all demands.
RATIOS = {"generated, tight": 1.5, "generated, loose": 5.0}
WHO = ("lagrangian", "exact", "highs")


class QuietHighs(highspy.Highs):
    """HiGHS without the banner of its first call."""

    def enableCallbacks(self):  # noqa: D102, N802 - called first by the constructor of highspy.Highs
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def generated(seed, ratio):
    """Customers and facilities in the unit square, costs by distance and demand, openings by the root of capacity."""
    rng = np.random.default_rng(seed)
    at, sites = rng.random((CUSTOMERS, 2)), rng.random((FACILITIES, 2))
    demand = rng.integers(5, 36, CUSTOMERS).astype(float)
    capacity = rng.integers(10, 161, FACILITIES).astype(float)
    opening = rng.integers(0, 91, FACILITIES) + rng.integers(100, 111, FACILITIES) * np.sqrt(capacity)
    capacity = np.ceil(np.maximum(capacity * ratio * demand.sum() / capacity.sum(), demand.max()))
    distance = np.linalg.norm(at[:, None] - sites[None], axis=2)
    return PlacementProblem(
        comm_s=10 * distance * demand[:, None],
        root_work=np.zeros(CUSTOMERS),
        cpu=np.ones(FACILITIES),
        capacity=np.full(FACILITIES, CUSTOMERS),
        opening_s=opening,
        alpha=float(CUSTOMERS),
        beta=1.0,
        demand=demand,
        demand_capacity=capacity,
    )


def plain_highs(problem, limit_s):
    """Cost and bound by HiGHS from the strong model, one thread, its own settings but for the gap and the limit."""
    users, stations = problem.users, problem.stations
    links = users * stations
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = links + stations, users + stations + links
    model.col_cost_ = np.concatenate([problem.comm_s.ravel(), problem.opening_s])
    model.col_lower_, model.col_upper_ = np.zeros(links + stations), np.ones(links + stations)
    model.integrality_ = [highspy.HighsVarType.kInteger] * (links + stations)
    one_host = [(range(i * stations, (i + 1) * stations), np.ones(stations)) for i in range(users)]
    knapsacks = [
        ([*range(k, links, stations), links + k], [*problem.demand, -problem.demand_capacity[k]])
        for k in range(stations)
    ]
    opened = [((i * stations + k, links + k), (1.0, -1.0)) for i in range(users) for k in range(stations)]
    rows = [*one_host, *knapsacks, *opened]
    model.row_lower_ = np.concatenate([np.ones(users), np.full(stations + links, -highspy.kHighsInf)])
    model.row_upper_ = np.concatenate([np.ones(users), np.zeros(stations + links)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    model.a_matrix_.index_ = np.concatenate([list(columns) for columns, _ in rows])
    model.a_matrix_.value_ = np.concatenate([values for _, values in rows])
    highs = QuietHighs()
    for name, value in (
        ("threads", 1),
        ("time_limit", limit_s),
        ("mip_rel_gap", PROVED / 10),
        ("mip_abs_gap", 0.0),
    ):
        highs.setOptionValue(name, value)
    highs.passModel(model)
    highs.run()
    info = highs.getInfo()
    has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return info.objective_function_value if has_plan else np.inf, info.mip_dual_bound


def measured(case, problem, limit_s, optimum=None):
    """A row: cost, bound and seconds of each."""
    row = {"case": case, "customers": problem.users, "facilities": problem.stations}
    costs, bounds = {}, {}
    for who in WHO:
        began = time.perf_counter()
        if who == "highs":
            costs[who], bounds[who] = plain_highs(problem, limit_s)
        else:
            solution = solve(problem, who, time_limit_s=limit_s)
            costs[who], bounds[who] = solution.evaluation.cost, solution.lower_bound
        row[f"{who}_s"] = round(time.perf_counter() - began, 3)
    best = min(costs.values()) if optimum is None else optimum
    for who in WHO:
        row[f"{who}_above_percent"] = round(100 * (costs[who] / best - 1), 4)
        row[f"{who}_gap_percent"] = round(100 * (costs[who] / bounds[who] - 1), 4)
        row[f"{who}_proved"] = bool(costs[who] <= bounds[who] * (1 + PROVED))
    return row


def instances(data, seeds):
    """Name of the class, name, problem, and the optimum where it is known."""
    folder = data / "sscflp_holmberg"
    if folder.is_dir():
        for name, optimum in json.loads((folder / "known_optima.json").read_text()).items():
            yield "Holmberg, p1 to p24", name, load_sscflp(folder / name), optimum
    else:
        print(json.dumps({"case": "holmberg", "skipped": f"no {folder.name} folder in {data}"}))
    for name, ratio in RATIOS.items():
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            yield name, f"seed {seed}", generated(seed, ratio), None


def table(rows):
    """Markdown: a row a class; in each cell above the best mean / worst, proved, median seconds."""
    lines = [
        "| instances | `lagrangian` | `exact` | plain HiGHS |",
        "|---|---|---|---|",
    ]
    for case in dict.fromkeys(row["class"] for row in rows):
        own = [row for row in rows if row["class"] == case]
        cells = []
        for who in WHO:
            above = [row[f"{who}_above_percent"] for row in own]
            seconds = statistics.median(row[f"{who}_s"] for row in own)
            proved = sum(row[f"{who}_proved"] for row in own)
            cells.append(f"{statistics.mean(above):.2f} / {max(above):.2f} %; {proved} of {len(own)}; {seconds:.2f} s")
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(text, page):
    """Put the table between the markers of a page."""
    page_text = page.read_text(encoding="utf-8")
    head, _, rest = page_text.partition(BEGIN)
    page.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TWINHOP_DATA", "../shared/data")))
    parser.add_argument("--seeds", type=int, default=6, help="instances of each generated class")
    parser.add_argument("--limit", type=float, default=10.0, help="of each solve [s]")
    parser.add_argument("--write", action="store_true", help="put the table into README.md and docs/importers.md")
    asked = parser.parse_args()
    solve(generated(0, 5.0), "lagrangian", time_limit_s=asked.limit)  # loops are compiled before the clock runs
    rows = []
    for case, name, problem, optimum in instances(asked.data, asked.seeds):
        rows.append({"class": case, **measured(name, problem, asked.limit, optimum)})
        print(json.dumps(rows[-1]), flush=True)
    print(table(rows))
    if asked.write:
        for page in PAGES:
            write(table(rows), page)


if __name__ == "__main__":
    main()
