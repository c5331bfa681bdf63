"""What is proved, and when: learned weights, the solver with and without them as its start, HiGHS, greedy.

    python benchmarks/anytime.py tables [--worlds 8] [--seed 300000] [--out docs/learning/anytime-tables.json]
    python benchmarks/anytime.py curves [--seed 300000] [--data ../shared/data] [--out FILE]
    python benchmarks/anytime.py picture [--out FILE]

`tables`: own certified gaps [%], mean and largest, and thread CPU time [ms], medians. `curves`: own certified gap over
processor time, 0.1 ms to 10 s, of 100 to 5,000 users and of both cities, into docs/learning/anytime-curves.json;
`picture` draws them into docs/images/anytime.png. Worlds are of seeds that nothing was trained or tuned on; the cases
of one world are run one after the other. Limits are of the wall clock: on busy cores they end earlier, so that times
are told as measured. Cities whose files are not in the data folder are skipped, and that is said. A world that is there
already is not measured again.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import highspy
import numpy as np
from matplotlib.ticker import FixedLocator, NullFormatter

from beside_highs import QuietHighs
from twinhop.io.json_text import json_text, write_json
from twinhop.output.kit.colours import DASHED, HUES, INK, MUTED
from twinhop.output.kit.figures import frame, heading, line, shared_legend, sheet
from twinhop.output.kit.style import save_figure
from twinhop.placement import Placement, PlacementProblem, Solution, evaluate, solve
from twinhop.placement.policy import placement_policy
from twinhop.plans.planning import make_case
from twinhop.scenario.importers import import_eua, import_sf_cells
from twinhop.scenario.presets.family import family
from twinhop.studies.provenance import MADE, made_by

PAGES = Path(__file__).parents[1] / "docs"
SIZES = ((100, 10), (300, 30), (1000, 50))
LIMITS_MS = (3, 10, 30, 100)
CERTIFIED = {
    "lu2021-n100-m10": ("lu2021-n100-m10", ("maddpg:certify=0", "maddpg:certify=50", "maddpg:polish=10:certify=50")),
    "family(100, 10)": (family(100, 10), ("maddpg:certify=0", "maddpg:certify=50", "maddpg:polish=10:certify=50")),
    "family(1000, 50)": (family(1000, 50), ("maddpg:certify=0", "maddpg:certify=30", "maddpg:certify=50")),
    "family(100, 10, capacity=15)": (family(100, 10, capacity_users=15), ("maddpg:certify=50", "maddpg:certify=100")),
    "city-small": ("city-small", ("maddpg:certify=50", "maddpg:certify=100")),
}
#: Of the curves: users, stations, and how many worlds.
FAMILIES = ((100, 10, 5), (300, 30, 3), (1000, 50, 2), (5000, 100, 1))
#: Minutes of the recording of San Francisco, whose cells have 18 seats each.
MINUTES = (480, 720, 900)
STEPS = (1, 3, 10, 30, 100, 300)
LONG_MS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
#: HiGHS gets so long [s], and problems of at most so many links.
HIGHS_S, HIGHS_LINKS = 10.0, 10_000
#: Tangents of a station's load, which HiGHS knows the computing latency by.
TANGENTS = 100
REPEATS, SHORT_MS = 5, 100.0
#: The least gap that is drawn [%].
LEAST_PERCENT = 0.004
METHODS = {
    "maddpg": ("learned, certified", HUES[1], "-", "s"),
    "warm": ("solver, from the weights", HUES[0], "-", "o"),
    "cold": ("solver, from nothing", HUES[0], DASHED, "o"),
    "highs": ("HiGHS", HUES[2], "-", ""),
    "greedy": ("greedy, proves nothing: above the best bound", MUTED, "", "x"),
    "decoded": ("learned, no certificate: above the best bound", HUES[1], "", "x"),
}

looked_up = cache(placement_policy)
"""Policies by name; what is installed is searched for them, which takes longer than a decision."""


def measured(problem: PlacementProblem, policy: str, limit_s: float = float("inf")) -> tuple[Solution, float]:
    """A solution and its thread CPU time [ms]."""
    chosen = looked_up(policy)
    before = time.thread_time()
    solution = solve(problem, chosen, time_limit_s=limit_s)
    return solution, 1e3 * (time.thread_time() - before)


def row_of(results: list[tuple[Solution, float]], bounds: list[float]) -> dict:
    """Own gap, gap to the best bound known, CPU and late plans."""
    own = [100 * solution.gap for solution, _ in results if solution.gap is not None]
    above = [100 * (each[0].cost / bound - 1) for each, bound in zip(results, bounds, strict=True)]
    return {
        "worlds": len(results),
        "own_gap_percent": round(float(np.mean(own)), 4) if own else None,
        "largest_own_gap_percent": round(float(np.max(own)), 4) if own else None,
        "above_best_bound_percent": round(float(np.mean(above)), 4),
        "cpu_ms": round(float(np.median([cpu for _, cpu in results])), 3),
        "late": sum(not solution.evaluation.feasible for solution, _ in results),
    }


def table(
    name: str, problems: list[PlacementProblem], cases: dict[str, Callable[[PlacementProblem], tuple[Solution, float]]]
) -> Iterator[dict]:
    """One row a case."""
    for each in cases.values():  # what is compiled, and loaded, is no part of it
        each(problems[0])
    results: dict[str, list[tuple[Solution, float]]] = {case: [] for case in cases}
    bounds = [solve(problem, "lagrangian", time_limit_s=2.0).lower_bound for problem in problems]
    for problem in problems:
        for case, run in cases.items():
            results[case].append(run(problem))
    for case in cases:
        row = {"worlds_of": name, "policy": case, **row_of(results[case], bounds)}
        print(json.dumps(row), flush=True)
        yield row


def tables(seed: int, worlds: int) -> list[dict]:
    """Both tables of docs/learning.md."""
    seeds, rows = range(seed, seed + worlds), []
    for name, (source, policies) in CERTIFIED.items():
        problems = [make_case(source, seed).problem for seed in seeds]
        cases = {policy: lambda problem, policy=policy: measured(problem, policy) for policy in policies}
        rows += table(name, problems, cases)
    for users, stations in SIZES:
        problems = [make_case(family(users, stations, seed=seed)).problem for seed in seeds]
        cases = {
            f"lagrangian {limit} ms, start={start}": lambda problem, start=start, limit=limit: measured(
                problem, f"lagrangian:start={start}", limit / 1e3
            )
            for limit in LIMITS_MS
            for start in ("none", "maddpg:certify=0")
        }
        rows += table(f"family({users}, {stations})", problems, cases)
    return rows


def highs_points(problem: PlacementProblem) -> list[tuple[float, float]]:
    """Processor time [ms] and own gap [%] at each plan or bound that HiGHS finds, one thread.

    ``min a/N [comm x + sum_k t_k] + b opening y`` with ``sum_k x_ik = 1``, ``x_ik <= y_k``, ``sum_i x_ik <= seats_k
    y_k``, ``L_k = sum_i s_i x_ik`` and tangents ``t_k >= (2 p L_k - p^2 y_k) / F_k`` of ``L_k^2 / F_k``: a bound of
    this model is one of the problem. Plans cost what they cost by the problem itself.
    """
    users, stations = problem.users, problem.stations
    links = users * stations
    work, share = problem.root_work, problem.alpha / users
    load, opened, latency = links, links + stations, links + 2 * stations
    model = highspy.HighsLp()
    cost = [share * problem.comm_s.ravel(), np.zeros(stations), problem.beta * problem.opening_s]
    cost += [np.full(stations, share)]
    upper = [np.ones(links), np.full(stations, work.sum()), np.ones(stations), np.full(stations, np.inf)]
    points = np.geomspace(work.sum() / (4 * stations), work.sum(), TANGENTS)
    infinite = highspy.kHighsInf
    rows: list[tuple[list[int], list[float], float, float]] = []
    for user in range(users):
        own = range(user * stations, (user + 1) * stations)
        rows.append(([*own], [1.0] * stations, 1.0, 1.0))
        rows += [([link, opened + at], [1.0, -1.0], -infinite, 0.0) for at, link in enumerate(own)]
    for at in range(stations):
        own = [*range(at, links, stations)]
        seats = float(min(problem.capacity[at], users))
        rows.append(([*own, load + at], [*work.tolist(), -1.0], 0.0, 0.0))
        rows.append(([*own, opened + at], [1.0] * users + [-seats], -infinite, 0.0))
        for point in points.tolist():
            slope = [-2 * point / problem.cpu[at], point**2 / problem.cpu[at], 1.0]
            rows.append(([load + at, opened + at, latency + at], slope, 0.0, infinite))
    model.col_cost_ = np.concatenate(cost)
    model.num_col_, model.num_row_ = len(model.col_cost_), len(rows)
    model.col_lower_, model.col_upper_ = np.zeros(model.num_col_), np.concatenate(upper)
    whole, free = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [whole] * links + [free] * stations + [whole] * stations + [free] * stations
    model.row_lower_, model.row_upper_ = (np.array([row[at] for row in rows]) for at in (2, 3))
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.cumsum([0, *(len(row[0]) for row in rows)])
    model.a_matrix_.index_ = np.concatenate([row[0] for row in rows])
    model.a_matrix_.value_ = np.concatenate([row[1] for row in rows])
    highs, found, best = QuietHighs(), [], [np.inf, -np.inf]
    for name, value in (("threads", 1), ("time_limit", HIGHS_S), ("mip_rel_gap", 1e-4)):
        highs.setOptionValue(name, value)

    def note() -> None:
        if np.isfinite(best[0]) and best[1] > 0:
            found.append((1e3 * (time.process_time() - began), 100 * (best[0] / best[1] - 1)))

    def improving(event) -> None:
        chosen = np.array(event.data_out.mip_solution)[:links].reshape(users, stations).argmax(axis=1)
        best[0] = min(best[0], evaluate(problem, Placement.of_hosts(chosen, stations)).cost)
        note()

    def bounding(event) -> None:
        if event.data_out.mip_dual_bound + problem.constant_cost > best[1]:
            best[1] = event.data_out.mip_dual_bound + problem.constant_cost
            note()

    highs.cbMipImprovingSolution += improving
    highs.cbMipInterrupt += bounding
    began = time.process_time()
    highs.passModel(model)
    highs.run()
    return found


def curve_rows(name: str, world: int, problem: PlacementProblem, *, highs: bool) -> Iterator[dict]:
    """Every method on one world: how long it took and what it proved."""
    known = solve(problem, "lagrangian", time_limit_s=20.0)

    def row(method: str, setting: float, cpu_ms: float, cost: float, own: float | None) -> dict:
        own_percent = None if own is None else round(100 * own, 5)
        above = round(100 * (cost / known.lower_bound - 1), 5)
        kept = {"case": name, "world": world, "users": problem.users, "stations": problem.stations}
        return kept | {
            "method": method,
            "setting": setting,
            "cpu_ms": round(cpu_ms, 3),
            "own_gap_percent": own_percent,
            "above_best_bound_percent": above,
        }

    def timed(method: str, setting: float, policy: str, limit_s: float = float("inf")) -> tuple[dict, bool]:
        began = time.perf_counter()
        solution, cpu = measured(problem, policy, limit_s)
        ended = time.perf_counter() - began < 0.8 * limit_s
        again = [measured(problem, policy, limit_s)[1] for _ in range(REPEATS - 1)] if cpu < SHORT_MS else []
        return row(method, setting, float(np.median([cpu, *again])), solution.cost, solution.gap), ended

    measured(problem, "maddpg:certify=1"), measured(problem, "lagrangian:start=none", 0.05)
    yield timed("decoded", 0, "maddpg:certify=0")[0]
    for steps in STEPS:
        yield timed("maddpg", steps, f"maddpg:certify={steps}")[0]
    for method, start in (("warm", "maddpg:certify=0"), ("cold", "none")):
        for limit in LONG_MS:
            found, ended = timed(method, limit, f"lagrangian:start={start}", limit / 1e3)
            yield found
            if ended:
                break
    yield timed("greedy", 0, "greedy")[0]
    if highs and problem.users * problem.stations <= HIGHS_LINKS:
        for cpu, gap in highs_points(problem):
            yield row("highs", 0, cpu, np.nan, gap / 100) | {"above_best_bound_percent": None}


def worlds_of(seed: int, data: Path) -> Iterator[tuple[str, int, Callable[[], PlacementProblem]]]:
    """Name of the case, name of the world, and what makes it."""
    for users, stations, worlds in FAMILIES:
        for world in range(seed, seed + worlds):
            made = family(users, stations, seed=world)
            yield f"family({users}, {stations})", world, lambda made=made: make_case(made).problem
    eua, cells = data / "eua", data / "sf_cab_cells"
    if eua.is_dir():
        sites, people = eua / "site-optus-melbCBD.csv", eua / "users-melbcbd-generated.csv"
        yield "Melbourne", 0, lambda: make_case(import_eua(sites, people, name="melbourne")).problem
    if cells.is_dir():
        files = cells / "sf_cells.csv", cells / "sf_serving_1min.npz"
        for minute in MINUTES:
            yield (
                "San Francisco",
                minute,
                lambda minute=minute: make_case(import_sf_cells(*files, minute=minute)).problem,
            )
    for name, folder in (("Melbourne", eua), ("San Francisco", cells)):
        if not folder.is_dir():
            print(json.dumps({"case": name, "skipped": f"no folder {folder.name} in the data"}))


def curves(seed: int, data: Path, out: Path) -> None:
    """Measure all worlds that the file does not have yet."""
    kept = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"rows": []}
    for name, world, made in worlds_of(seed, data):
        if any(row["case"] == name and row["world"] == world for row in kept["rows"]):
            continue
        first = not any(row["case"] == name for row in kept["rows"])
        rows = list(curve_rows(name, world, made(), highs=first))
        kept = {MADE: made_by(), "rows": [*kept["rows"], *rows]}
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, kept)
        print(json.dumps({"case": name, "world": world, "rows": len(rows)}), flush=True)


def picture(rows: list[dict]) -> None:
    """Draw a panel a case: own certified gap over processor time."""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    across = -(-len(cases) // 3)
    with sheet(10.5, 1.35 + 2.85 * across, 130, head_in=0.7) as figure:
        heading(figure, 0.25, 0.34, "What is proved, and when", 14)
        about = (
            "a plan's gap to its own certified bound over processor time of one thread; medians of the worlds of a size"
        )
        line(figure, 0.25, 0.58, about, 9, color=MUTED)
        height = figure.get_size_inches()[1]
        edges = {"left": 0.07, "right": 0.985, "bottom": 0.55 / height, "top": 1 - 1.62 / height}
        grid = figure.add_gridspec(across, 3, hspace=0.5, wspace=0.16, **edges)
        panels = [figure.add_subplot(grid[at // 3, at % 3]) for at in range(len(cases))]
        for at, (axes, case) in enumerate(zip(panels, cases, strict=True)):
            draw_case(axes, case, [row for row in rows if row["case"] == case], is_left=at % 3 == 0)
        shared_legend(figure, panels, (0.2, 0.72), ncols=3)
    save_figure(figure, PAGES / "images", "anytime")


def draw_case(axes, case: str, rows: list[dict], *, is_left: bool) -> None:
    """Draw a panel."""
    sizes = sorted({(row["users"], row["stations"]) for row in rows})
    users = f"{sizes[0][0]:,}" if len({size[0] for size in sizes}) == 1 else f"{sizes[0][0]:,} to {sizes[-1][0]:,}"
    title = f"{'' if case.startswith('family') else f'{case}, '}{users} users, {sizes[0][1]} stations"
    frame(axes, title, "processor time [ms]", "gap [%]" if is_left else "", grid="both", sizes=(9.5, 8.5, 8))
    for method, (label, colour, style, marker) in METHODS.items():
        own = [row for row in rows if row["method"] == method]
        field = "above_best_bound_percent" if method in ("greedy", "decoded") else "own_gap_percent"
        x, y = highs_line(own) if method == "highs" else medians(own, field)
        size = 6 if marker == "x" else 3.5
        axes.plot(x, y, marker=marker, linestyle=style, color=colour, label=label, markersize=size, linewidth=1.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.1, 4e4)
    axes.set_ylim(LEAST_PERCENT, 60)
    axes.xaxis.set_major_locator(FixedLocator([0.1, 1, 10, 100, 1000, 10_000]))
    axes.yaxis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10]))
    for each in (axes.xaxis, axes.yaxis):
        each.set_major_formatter("{x:g}")
        each.set_minor_formatter(NullFormatter())
        each.set_minor_locator(FixedLocator([]))
    axes.tick_params(labelcolor=INK)


def medians(rows: list[dict], field: str) -> tuple[list[float], list[float]]:
    """Medians over worlds by setting, of processor times and gaps: the least gap of so much time or less."""
    settings = sorted({row["setting"] for row in rows})
    groups = [[row for row in rows if row["setting"] == setting] for setting in settings]
    most = max(map(len, groups), default=0)  # where some worlds have ended by themselves, the others are no median
    kept = [each for each in groups if len(each) == most and all(row[field] is not None for row in each)]
    points = sorted(
        (float(np.median([row["cpu_ms"] for row in each])), float(np.median([row[field] for row in each])))
        for each in kept
    )
    return [x for x, _ in points], np.minimum.accumulate([max(y, LEAST_PERCENT) for _, y in points]).tolist()


def highs_line(rows: list[dict]) -> tuple[list[float], list[float]]:
    """The best gap so far, as steps."""
    x, y = [], []
    for row in sorted(rows, key=lambda row: row["cpu_ms"]):
        gap = min([row["own_gap_percent"], *y[-1:]])
        if not y or gap < y[-1]:
            x += [row["cpu_ms"]] * (2 if y else 1)
            y += [*y[-1:], gap]
    return [*x, *([1e3 * HIGHS_S] if x else [])], [*y, *y[-1:]]


def main() -> None:
    """Measure, or draw what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tables", "curves", "picture"))
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=300_000)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "tables":
        rows = tables(arguments.seed, arguments.worlds)
        if arguments.out is not None:
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(
                json_text({MADE: made_by(), "seed": arguments.seed, "rows": rows}), encoding="utf-8"
            )
        return
    out = arguments.out or PAGES / "learning" / "anytime-curves.json"
    if arguments.what == "curves":
        curves(arguments.seed, arguments.data, out)
    picture(json.loads(out.read_text(encoding="utf-8"))["rows"])


if __name__ == "__main__":
    main()
