"""Learned prices: what one forward pass and decoding prove, beside the solver in as long and beside maddpg.

    python benchmarks/prices.py gaps [--worlds 12] [--seed 700000] [--data ../shared/data] [--only NAME] [--out FILE]
    python benchmarks/prices.py seeds CHECKPOINT CHECKPOINT ... [--worlds 12] [--out FILE]
    python benchmarks/prices.py tables
    python benchmarks/prices.py picture [--out FILE]

`gaps`: own certified gap [%], mean, p99 and largest, gap above the best bound known, thread CPU time [ms], medians,
and plans that break a limit, into docs/learning/prices.json. `seeds`: own gaps by the weights of several training
seeds, mean and spread over seeds, into docs/learning/prices-seeds.json. `tables` puts both files into
docs/certified-learning.md. `picture`: one decision with its certificate. With ``--only`` other rows are kept.

Learned from were drawn worlds alone (`twinhop.learn.primal_dual.worlds`): no scenario, seed or city here was. The
solver gets the wall time that `primal_dual` took on the same problem: on busy cores both are told as measured, and
processor time beside. Problems that are proved infeasible are passed over. Cities whose files are not in the data
folder are skipped, and that is said.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count, islice
from pathlib import Path

import numpy as np

from twinhop.inference.primal_dual import learned_prices, network_of
from twinhop.io.json_text import write_json
from twinhop.output.kit.colours import HUES, INK, MUTED
from twinhop.output.kit.figures import frame, heading, line, sheet
from twinhop.output.kit.style import save_figure
from twinhop.placement import InfeasibleProblem, PlacementProblem, Solution, solve
from twinhop.placement.budget import Budget
from twinhop.placement.policy import placement_policy
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.search import Search
from twinhop.plans.planning import make_case
from twinhop.scenario import Scenario
from twinhop.scenario.importers import import_eua, import_sf_cells
from twinhop.scenario.presets.family import family
from twinhop.studies.provenance import MADE, made_by

PAGES = Path(__file__).parents[1] / "docs"
FIRST_SEED = 700_000
#: Minutes of the recording of San Francisco.
MINUTES = range(640, 1000, 30)
#: Name, how a world is made of its seed, gap asked [%] and time asked [ms], and the most worlds (None: as asked).
FAMILIES: tuple[tuple[str, Callable[[int], str | Scenario], float, float, int | None], ...] = (
    ("lu2021-n100-m10", lambda seed: "lu2021-n100-m10", 0.15, 0.5, None),
    ("family(100, 10)", lambda seed: family(100, 10, seed=seed), 0.15, 0.5, None),
    ("capacity 12", lambda seed: family(100, 10, capacity_users=12, seed=seed), 0.5, 10, None),
    ("capacity 15", lambda seed: family(100, 10, capacity_users=15, seed=seed), 0.5, 10, None),
    ("capacity 20", lambda seed: family(100, 10, capacity_users=20, seed=seed), 0.5, 10, None),
    ("deadlines", lambda seed: "family(100, 10, deadlines=on)", 0.5, 10, None),
    ("city-small", lambda seed: "city-small", 0.5, 10, None),
    ("family(1000, 50)", lambda seed: family(1000, 50, seed=seed), 0.25, 8, 10),
    ("family(5000, 100)", lambda seed: family(5000, 100, seed=seed), 0.3, 100, 2),
)
POLICIES = ("primal_dual", "primal_dual:branch=0", "maddpg:certify=50", "greedy")
#: `greedy` is left out where a plan of it takes many seconds.
GREEDY_LINKS = 50_000
#: The world of the picture, and how many numbers of servers beside the plan's it shows.
PICTURED, NEAR_NUMBERS = 700_000, 3
#: The solver gets so long for the best bound known [s].
REFERENCE_S = 3.0

looked_up = cache(placement_policy)


def worlds(make: Callable[[int], str | Scenario], seed: int, number: int) -> Iterator[PlacementProblem]:
    """Feasible problems, seed by seed."""

    def each() -> Iterator[PlacementProblem]:
        for at in count(seed):
            problem = make_case(make(at), at).problem
            try:
                solve(problem, "lagrangian", time_limit_s=0.5)
            except InfeasibleProblem:
                continue
            yield problem

    return islice(each(), number)


def cities(data: Path, number: int) -> Iterator[tuple[str, list[PlacementProblem], float, float]]:
    """San Francisco's minutes with 18 seats a cell, and Melbourne; those whose files are there."""
    sites, people = data / "eua" / "site-optus-melbCBD.csv", data / "eua" / "users-melbcbd-generated.csv"
    if sites.is_file() and people.is_file():
        yield "Melbourne", [make_case(import_eua(sites, people, name="melbourne")).problem], 0.5, np.inf
    else:
        print(f"no files of EUA in {data}: Melbourne is skipped", flush=True)
    files = (data / "sf_cab_cells" / "sf_cells.csv", data / "sf_cab_cells" / "sf_serving_1min.npz")
    if all(file.is_file() for file in files):
        minutes = list(MINUTES)[:number]
        problems = [make_case(import_sf_cells(*files, minute=minute)).problem for minute in minutes]
        yield "San Francisco, 18 seats", problems, 0.5, 10.0
    else:
        print(f"no files of San Francisco in {data}: skipped", flush=True)


def measured(problem: PlacementProblem, policy: str, limit_s: float = float("inf")) -> tuple[Solution, float, float]:
    """A solution, its thread CPU time [ms] and its wall time [s]."""
    chosen = looked_up(policy)
    cpu, wall = time.thread_time(), time.perf_counter()
    solution = solve(problem, chosen, time_limit_s=limit_s)
    return solution, 1e3 * (time.thread_time() - cpu), time.perf_counter() - wall


def compared(name: str, problems: list[PlacementProblem], asked: float, asked_ms: float) -> Iterator[dict]:
    """One row a policy."""
    policies = [each for each in POLICIES if each != "greedy" or problems[0].comm_s.size <= GREEDY_LINKS]
    results: dict[str, list[tuple[Solution, float, float]]] = {each: [] for each in (*policies, "solver in as long")}
    for each in policies:  # what is compiled, and loaded, is no part of it
        measured(problems[0], each)
    bounds = [solve(each, "lagrangian", time_limit_s=REFERENCE_S).lower_bound or -np.inf for each in problems]
    for at, problem in enumerate(problems):
        for each in policies:
            results[each].append(measured(problem, each))
        in_as_long = measured(problem, "lagrangian:start=none", results["primal_dual"][-1][2])
        results["solver in as long"].append(in_as_long)
        bounds[at] = max(bounds[at], *(each[at][0].lower_bound or -np.inf for each in results.values()))
    for policy, found in results.items():
        row = {"worlds": name, "policy": policy, **row_of(found, bounds)}
        if policy.startswith("primal_dual"):
            row |= {"asked_percent": asked, "asked_ms": asked_ms if np.isfinite(asked_ms) else None}
        print(json.dumps(row), flush=True)
        yield row


def row_of(found: list[tuple[Solution, float, float]], bounds: list[float]) -> dict:
    """Own gap, gap above the best bound known, CPU, and plans that break a limit."""
    own = [100 * each[0].gap for each in found if each[0].gap is not None]
    above = [
        100 * (each[0].cost / bound - 1)
        for each, bound in zip(found, bounds, strict=True)
        if each[0].evaluation.feasible
    ]
    return {
        "number": len(found),
        "proved": len(own),
        "own_percent": round(float(np.mean(own)), 4) if own else None,
        "own_p99_percent": round(float(np.percentile(own, 99)), 4) if own else None,
        "own_largest_percent": round(float(np.max(own)), 4) if own else None,
        "above_best_bound_percent": round(float(np.mean(above)), 4) if above else None,
        "cpu_ms": round(float(np.median([each[1] for each in found])), 3),
        "infeasible": sum(not each[0].evaluation.feasible for each in found),
    }


def gaps(options: argparse.Namespace) -> None:
    """Every row of docs/certified-learning.md."""
    rows = []
    for name, make, asked, asked_ms, most in FAMILIES:
        if options.only in (None, name):
            number = options.worlds if most is None else min(most, options.worlds)
            rows += compared(name, list(worlds(make, options.seed, number)), asked, asked_ms)
    if options.only in (None, "cities"):
        for city in cities(options.data, options.worlds):
            rows += compared(*city)
    out = options.out or PAGES / "learning" / "prices.json"
    if options.only is not None and out.exists():
        measured_now = {row["worlds"] for row in rows}
        before = json.loads(out.read_text(encoding="utf-8"))["rows"]
        rows = [*(row for row in before if row["worlds"] not in measured_now), *rows]
    write_json(out, {MADE: made_by(), "rows": rows})


def seeds(options: argparse.Namespace) -> None:
    """Own gaps by the weights of several seeds of training."""
    rows = []
    for name, make, *_, most in FAMILIES[:7]:
        problems = list(worlds(make, options.seed, options.worlds if most is None else min(most, options.worlds)))
        of_seeds = []
        for path in options.checkpoints:
            own = [measured(problem, f"primal_dual:{path}")[0].gap or 0.0 for problem in problems]
            of_seeds.append(100 * float(np.mean(own)))
        row = {
            "worlds": name,
            "number": len(problems),
            "own_percent_by_seed": [round(each, 4) for each in of_seeds],
            "mean": round(float(np.mean(of_seeds)), 4),
            "least": round(min(of_seeds), 4),
            "largest": round(max(of_seeds), 4),
        }
        print(json.dumps(row), flush=True)
        rows.append(row)
    trained = [Path(path).name for path in options.checkpoints]
    write_json(options.out or PAGES / "learning" / "prices-seeds.json", {MADE: made_by(), "of": trained, "rows": rows})


def tables(options: argparse.Namespace) -> None:
    """Put what was measured between the markers of the page."""
    page = PAGES / "certified-learning.md"
    text = page.read_text(encoding="utf-8")
    found = json.loads((PAGES / "learning" / "prices.json").read_text(encoding="utf-8"))["rows"]
    lines = [
        "| worlds | policy | own gap, mean / p99 [%] | above the best bound [%] | CPU [ms] |",
        "|---|---|---|---|---|",
    ]
    for row in found:
        own = "-" if row["own_percent"] is None else f"{row['own_percent']:.2f} / {row['own_p99_percent']:.2f}"
        asked = f" (asked {row['asked_percent']:g})" if row["policy"] == "primal_dual" else ""
        in_ms = f" (asked {row['asked_ms']:g})" if row["policy"] == "primal_dual" and row["asked_ms"] else ""
        policy = row["policy"] if row["policy"].startswith("solver") else f"`{row['policy']}`"
        late = f", {row['infeasible']} infeasible" if row["infeasible"] else ""
        first = f"{row['worlds']} ({row['number']})" if row["policy"] == "primal_dual" else ""
        above = "-" if row["above_best_bound_percent"] is None else f"{row['above_best_bound_percent']:.2f}"
        lines.append(f"| {first} | {policy} | {own}{asked} | {above}{late} | {row['cpu_ms']:.3g}{in_ms} |")
    text = between(text, "gaps", lines)
    found = json.loads((PAGES / "learning" / "prices-seeds.json").read_text(encoding="utf-8"))["rows"]
    lines = ["| worlds | by seed of training, own gap [%] | mean | spread |", "|---|---|---|---|"]
    for row in found:
        by_seed = ", ".join(f"{each:.2f}" for each in row["own_percent_by_seed"])
        spread = f"{row['least']:.2f} to {row['largest']:.2f}"
        lines.append(f"| {row['worlds']} ({row['number']}) | {by_seed} | {row['mean']:.2f} | {spread} |")
    page.write_text(between(text, "seeds", lines), encoding="utf-8")


def between(text: str, name: str, lines: list[str]) -> str:
    """The text of a page with lines in place of those between two markers."""
    begin, end = f"<!-- table of benchmarks/prices.py {name} -->", f"<!-- end of the table {name} -->"
    before, rest = text.split(begin)
    return before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1]


def picture(options: argparse.Namespace) -> None:
    """One decision: what opening each server is worth by the learned prices, and the bound by how many are opened."""
    problem = make_case(family(100, 10, seed=PICTURED), PICTURED).problem
    search = Search(problem, Budget())
    ascent = PriceAscent(search, prices=learned_prices(network_of("primal_dual"), search))
    ascent.steps(1)
    root = [search.unscaled(value) for value in ascent.bounds_by_number()]
    reduced = ascent.reduced.copy() * problem.alpha / problem.users
    solution = solve(problem, "primal_dual")
    assert solution.certificate is not None and solution.gap is not None, "a plan and its bound"
    order, opened = np.argsort(reduced), solution.placement.open
    with sheet(10.5, 4.2, 130, head_in=0.7) as figure:
        heading(figure, 0.25, 0.34, "One decision and its certificate", 14)
        about = (
            f"100 users, 10 servers: plan {solution.cost:.4f}, bound {solution.lower_bound:.4f}, "
            f"gap {100 * solution.gap:.3f} %"
        )
        line(figure, 0.25, 0.58, about, 9, color=MUTED)
        grid = figure.add_gridspec(1, 2, wspace=0.22, left=0.07, right=0.985, bottom=0.13, top=0.72)
        left, right = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
        frame(left, "Reduced cost of opening a server", "server, by reduced cost", "[s]", grid="y", sizes=(9.5, 8.5, 8))
        for is_open, label, colour in ((True, "opened by the plan", HUES[0]), (False, "not opened", MUTED)):
            at = np.flatnonzero(opened[order] == is_open)
            left.bar(at + 1, reduced[order][at], color=colour, label=label)
        left.axhline(0.0, color=INK, linewidth=0.8)
        left.set_xticks(range(1, problem.stations + 1))
        left.legend(frameon=False, fontsize=8)
        title = "Bound by the number of opened servers"
        frame(right, title, "opened servers", "[s]", grid="y", sizes=(9.5, 8.5, 8))
        numbers = np.arange(1, len(root) + 1)
        near = np.abs(numbers - opened.sum()) <= NEAR_NUMBERS
        right.plot(numbers[near], np.array(root)[near], "o", color=HUES[2], label="one forward pass")
        raised = [(each.part.fewest, each.lower_bound) for each in solution.certificate.parts]
        single = [each for each in raised if abs(each[0] - opened.sum()) <= NEAR_NUMBERS]
        right.plot(*zip(*single, strict=True), "^", color=HUES[0], label="with price steps of its own")
        right.axhline(solution.cost, color=INK, linewidth=1.0, label="the plan's cost")
        right.set_xticks(numbers[near])
        right.legend(frameon=False, fontsize=8)
    save_figure(figure, options.out or PAGES / "images", "learned-prices")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("gaps", "seeds", "tables", "picture"))
    parser.add_argument("checkpoints", nargs="*", help="of seeds: weights of several training seeds")
    parser.add_argument("--worlds", type=int, default=12, help="problems of each kind, at most")
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="of the first world")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the cities' files")
    parser.add_argument("--only", help="one kind of worlds; cities for both cities")
    parser.add_argument("--out", type=Path, help="the file to write")
    options = parser.parse_args()
    {"gaps": gaps, "seeds": seeds, "tables": tables, "picture": picture}[options.what](options)


if __name__ == "__main__":
    main()
