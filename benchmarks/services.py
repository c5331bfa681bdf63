"""Service twins: time of one member's update, and the placement of services against its bound; one JSON line a row.

    python benchmarks/services.py [--members 10000] [--updates 20000] [--map FILE]

An update moves one member of a service of that many; each aggregate is measured alone and count, mean and density
together. Placements are of a generated city with 1 to 8 services, alone and in turn with the users' twins.
"""

import argparse
import json
import statistics
import time

import numpy as np

import twinhop
from twinhop.output.plans.map_figure import draw_map
from twinhop.placement import solve
from twinhop.plans.planning import make_case
from twinhop.scenario import parse_scenario
from twinhop.scenario.schema.polygon import Polygon
from twinhop.twin.service import (
    Closeness,
    Count,
    Density,
    Extraction,
    Flow,
    Grid,
    Mean,
    Membership,
    Quantiles,
    ServiceTwin,
)
from twinhop.twin.service_placement import place_services, service_task

SIDE_M = 10_000.0
ASKED_S = 50e-6
CORNERS = 12
GRID, COARSE = Grid(0.0, 0.0, 100.0, 100, 100), Grid(0.0, 0.0, 500.0, 20, 20)
AGGREGATES = {
    "count": lambda: {"count": Count()},
    "mean": lambda: {"mean": Mean((2,))},
    "density": lambda: {"density": Density(GRID, (0, 1))},
    "count, mean, density": lambda: {"count": Count(), "mean": Mean((2,)), "density": Density(GRID, (0, 1))},
    "quantiles": lambda: {"quantiles": Quantiles(2, (0.05, 0.5, 0.95))},
    "flow": lambda: {"flow": Flow(COARSE, (0, 1), 60.0)},
    "closeness": lambda: {"closeness": Closeness((0, 1), 50.0)},
}


class Schema:
    """Position and speed."""

    width = 3

    def columns(self, name):
        """The columns of a dimension."""
        return {"position": slice(0, 2), "speed": slice(2, 3)}[name]


def ring():
    """A polygon of many corners that holds most of the square."""
    angles = np.arange(CORNERS) * 2 * np.pi / CORNERS
    points = SIDE_M / 2 + SIDE_M / 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    return Polygon(tuple(map(tuple, points.tolist())))


def update_times_s(name, members, updates):
    """Seconds of each update of a service whose members come and go over a polygon's edge."""
    rng = np.random.default_rng(0)
    extraction = Extraction(Schema(), ("position", "speed"))
    twin = ServiceTwin("one", extraction, Membership(polygon=ring()), AGGREGATES[name](), position="position")
    state = np.column_stack([rng.uniform(0, SIDE_M, (members, 2)), rng.uniform(0, 20, members)])
    names = [f"u{at}" for at in range(members)]
    for at in range(members):
        twin.feed(names[at], 0, 0.0, state[at])
    chosen = rng.integers(0, members, updates)
    steps = rng.normal(0, 15, (updates, 2))
    taken_s = []
    for at, (member, step) in enumerate(zip(chosen.tolist(), steps, strict=True)):
        state[member, :2] = (state[member, :2] + step) % SIDE_M
        values = state[member].copy()
        started = time.perf_counter()
        twin.feed(names[member], at + 1, at * 1e-3, values)
        taken_s.append(time.perf_counter() - started)
    return taken_s


def city(users, stations, services, seed=0):
    """A generated city whose services differ in members, extract, work, period and deadline."""
    rng = np.random.default_rng([seed, services])
    rows = []
    for at in range(services):
        x, y = rng.uniform(0, 750, 2)
        square = [[x, y], [x + 750, y], [x + 750, y + 750], [x, y + 750]]
        corners = str([[round(float(number), 1) for number in corner] for corner in square])
        urgent, extract = at % 2 == 0, rng.uniform(0.005, 0.1)
        rows.append(
            f"  - {{name: service-{at}, members: {{polygon_m: {corners}}}, extracted_mbit: {extract:.4f}, "
            f"work_gcycles: {rng.uniform(0.01, 0.1) if urgent else rng.uniform(5, 20):.3f}"
            f"{', deadline_ms: 11' if urgent else ''}}}\n"
        )
    return parse_scenario(
        f"schema_version: 1\nname: city-with-services\nseed: {seed}\nstations: {{generate: {{count: {stations}}}}}\n"
        f"users: {{generate: {{count: {users}}}}}\ncloud: {{name: cloud, latency_ms: 12, cpu_gcycles_per_s: 200}}\n"
        f"services:\n{''.join(rows)}"
    )


def placement_row(users, stations, services):
    """Cost, bound and time of placing services, once beside given twins and in turn with them."""
    case = make_case(city(users, stations, services))
    task = service_task(case.problem, case.world)
    solution = solve(case.problem)
    started = time.perf_counter()
    placed = place_services(task, solution)
    seconds = time.perf_counter() - started
    return {
        "users": users,
        "stations": stations,
        "services": services,
        "users_gap": solution.gap,
        "cost_after_first_step": placed.steps[0].cost,
        "cost": placed.cost,
        "gap": placed.gap,
        "in_the_cloud": sum(each.server_name == "cloud" for each in placed.services),
        "late": len(placed.late),
        "turns": placed.turns,
        "proved": placed.proved,
        "users_s": solution.seconds,
        "services_s": seconds,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--map", help="draw the city with 4 services into this file")
    asked = parser.parse_args()
    for name in AGGREGATES:
        for members in sorted({100, asked.members}):
            taken_s = update_times_s(name, members, asked.updates)
            row = {"aggregate": name, "members": members, "median_us": 1e6 * statistics.median(taken_s)}
            row |= {"p99_us": 1e6 * float(np.quantile(taken_s, 0.99)), "asked_us": 1e6 * ASKED_S}
            print(
                json.dumps({key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()})
            )
    for users, stations, services in ((100, 10, 1), (100, 10, 4), (100, 10, 8), (1000, 50, 4)):
        row = placement_row(users, stations, services)
        print(json.dumps({key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}))
    if asked.map:
        draw_map(twinhop.plan(city(100, 10, 4))).savefig(asked.map)


if __name__ == "__main__":
    main()
