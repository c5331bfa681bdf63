"""`lagrangian` beside plain HiGHS where demands or deadlines bind, on families after published recipes.

    python benchmarks/binding.py [--half developed|held-back] [--each 2] [--limits 1 10 60] [--only NAME] [--out FILE]

Plain HiGHS gets the strong model of the problem and nothing of ours: one host a user, ``x_ij <= y_j`` for every arc,
one knapsack a station; where users have work, tangents of the computing latency besides, at 12 loads of every station
and 12 shares of every arc. Both get one thread and are asked for a gap of 1e-6. Every instance is solved
once by each, one after the other, within the longest limit; what each had after the shorter ones is read from what it
reported by then.

Time is processor time, of all processes that a solver starts, as the machine may be shared: HiGHS is interrupted at the
limit, and the clock of `twinhop.placement.Budget` is replaced by that of the processor. Wall seconds are told besides.

Even seeds are those that the solver was developed on, odd ones are held back.

| family | recipe |
|---|---|
| cornuejols | Cornuejols, Sridharan and Thizy (1991): unit square, openings by the root of capacity |
| holmberg | Holmberg, Ronnqvist and Yuan (1999): demands 10 to 50, capacities 100 to 500, openings cheap or dear |
| correlated, uncorrelated | Yang, Chu and Chen (2012), Gadegaard (2018): demands 5 to 35, costs by distance, or drawn |
| gap-c, gap-d, gap-e | generalised assignment, Chu and Beasley (1997), Yagiura (2004): shares that depend on the arc |
| deadlines | work to be shared, minimum shares of 40 % of all CPU, seats that nearly all fill |
"""

import argparse
import json
import os
import platform
import resource
import statistics
import time
from pathlib import Path

import highspy
import numpy as np

import twinhop.placement.budget as budget_clock
from binding_problems import binding
from twinhop.placement import InfeasibleProblem, Placement, PlacementProblem, evaluate, mip, solve

GAP, PROVED = 1e-6, 1e-5
TANGENTS = 12
#: HiGHS is asked about its time in its search alone; its own limit, on wall seconds, is so many times the limit.
WALL = 10.0
WHO = ("highs", "lagrangian")


def cpu_s():
    """Processor seconds of this process, of those that it started and of those that it starts now [s]."""
    total, ticks = time.process_time(), os.sysconf("SC_CLK_TCK")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total += ended.ru_utime + ended.ru_stime
    for task in Path("/proc/self/task").iterdir():
        try:
            for child in (task / "children").read_text().split():
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) / ticks
        except (OSError, IndexError):
            continue
    return total


def facilities(comm, opening, demand, capacity):
    """A problem of single-source facility location."""
    users, stations = comm.shape
    return PlacementProblem(
        comm_s=comm,
        root_work=np.zeros(users),
        cpu=np.ones(stations),
        capacity=np.full(stations, users),
        opening_s=opening,
        alpha=float(users),
        beta=1.0,
        demand=demand,
        demand_capacity=np.ceil(np.maximum(capacity, demand.max())),
    )


def cornuejols(rng, stations, users, ratio, dear=1.0):
    at, sites = rng.random((users, 2)), rng.random((stations, 2))
    demand = rng.integers(5, 36, users).astype(float)
    capacity = rng.integers(10, 161, stations).astype(float)
    opening = dear * (rng.integers(0, 91, stations) + rng.integers(100, 111, stations) * np.sqrt(capacity))
    distance = np.linalg.norm(at[:, None] - sites[None], axis=2)
    return facilities(
        np.round(10 * distance * demand[:, None], 2),
        np.round(opening),
        demand,
        capacity * ratio * demand.sum() / capacity.sum(),
    )


def holmberg(rng, stations, users, ratio, dear=1.0):
    at, sites = rng.uniform(0, 200, (users, 2)), rng.uniform(0, 200, (stations, 2))
    demand = rng.integers(10, 51, users).astype(float)
    capacity = rng.integers(100, 501, stations).astype(float)
    distance = np.linalg.norm(at[:, None] - sites[None], axis=2)
    comm = np.round(distance * rng.uniform(0.8, 1.2, (users, 1)))
    opening = np.round(dear * rng.uniform(300, 700, stations))
    return facilities(comm, opening, demand, capacity * ratio * demand.sum() / capacity.sum())


def correlated(rng, stations, users, ratio, dear=1.0):
    at, sites = rng.random((users, 2)), rng.random((stations, 2))
    demand = rng.integers(5, 36, users).astype(float)
    capacity = rng.integers(10, 161, stations).astype(float)
    distance = np.linalg.norm(at[:, None] - sites[None], axis=2)
    opening = dear * (rng.integers(0, 91, stations) + rng.integers(100, 111, stations) * np.sqrt(capacity))
    return facilities(
        np.round(100 * distance), np.round(opening), demand, capacity * ratio * demand.sum() / capacity.sum()
    )


def uncorrelated(rng, stations, users, ratio, dear=1.0):
    demand = rng.integers(5, 36, users).astype(float)
    capacity = rng.integers(10, 161, stations).astype(float)
    opening = dear * rng.integers(500, 1001, stations)
    comm = rng.integers(10, 201, (users, stations)).astype(float)
    return facilities(comm, opening.astype(float), demand, capacity * ratio * demand.sum() / capacity.sum())


def assignment(cost, weight, capacity):
    """Generalised assignment: what an arc takes of its station is a minimum share of the CPU, which a deadline asks."""
    users, stations = cost.shape
    most = 2.0 / weight.min()  # [s], so that weight = work / (deadline - comm)
    return PlacementProblem(
        comm_s=cost,
        root_work=np.zeros(users),
        cpu=capacity,
        capacity=np.full(stations, users),
        opening_s=np.zeros(stations),
        alpha=float(users),
        beta=1.0,
        update_comm_s=most - 1.0 / weight,
        update_work=np.ones(users),
        deadline_s=np.full(users, most),
    )


def gap_c(rng, stations, users):
    weight = rng.integers(5, 26, (users, stations)).astype(float)
    cost = rng.integers(10, 51, (users, stations)).astype(float)
    return assignment(cost, weight, np.floor(0.8 * weight.sum(axis=0) / stations))


def gap_d(rng, stations, users):
    weight = rng.integers(1, 101, (users, stations)).astype(float)
    cost = 111 - weight + rng.integers(-10, 11, (users, stations))
    return assignment(np.maximum(cost, 1.0), weight, np.floor(0.8 * weight.sum(axis=0) / stations))


def gap_e(rng, stations, users):
    weight = np.ceil(1 - 10 * np.log(1 - rng.random((users, stations))))
    cost = np.ceil(1000 / weight - 10 * rng.random((users, stations)))
    return assignment(np.maximum(cost, 1.0), weight, np.floor(0.8 * weight.sum(axis=0) / stations))


def deadlines(rng, stations, users, seats):
    return binding(rng, users, stations, seats, 0.4)


#: Name of a class; its recipe; stations, users and what else the recipe takes.
CLASSES = (
    ("cornuejols 10 x 30, r 1.5", cornuejols, (10, 30, 1.5)),
    ("cornuejols 20 x 60, r 5", cornuejols, (20, 60, 5.0)),
    ("holmberg 30 x 150, r 2, dear", holmberg, (30, 150, 2.0, 2.0)),
    ("holmberg 20 x 100, r 5, cheap", holmberg, (20, 100, 5.0, 0.5)),
    ("correlated 30 x 200, r 1.2", correlated, (30, 200, 1.2)),
    ("correlated 50 x 200, r 3", correlated, (50, 200, 3.0)),
    ("correlated 100 x 500, r 5, cheap", correlated, (100, 500, 5.0, 0.3)),
    ("uncorrelated 30 x 100, r 1.5", uncorrelated, (30, 100, 1.5)),
    ("uncorrelated 50 x 200, r 10, dear", uncorrelated, (50, 200, 10.0, 2.0)),
    ("gap-c 10 x 100", gap_c, (10, 100)),
    ("gap-d 10 x 100", gap_d, (10, 100)),
    ("gap-e 20 x 100", gap_e, (20, 100)),
    ("deadlines 2 x 27", deadlines, (2, 27, 14)),
    ("deadlines 6 x 48", deadlines, (6, 48, 9)),
)


def instances(half, each, only):
    """Class, seed and problem; even seeds or odd ones, the feasible ones."""
    for name, recipe, sizes in CLASSES:
        if only not in name:
            continue
        seed, found = 0 if half == "developed" else 1, 0
        while found < each:
            problem = recipe(np.random.default_rng([seed, len(name), *map(ord, name)]), *sizes)
            try:
                solve(problem, "greedy")
            except InfeasibleProblem:
                seed += 2
                continue
            yield name, seed, problem
            found, seed = found + 1, seed + 2


class QuietHighs(highspy.Highs):
    """HiGHS without the banner of its first call."""

    def enableCallbacks(self):  # noqa: D102, N802 - called first by the constructor of highspy.Highs
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def strong_model(problem):
    """The strong model: columns are arcs, stations; where there is work, shares and latencies of arcs and stations."""
    user, station = np.nonzero(problem.allowed)
    arcs, stations = user.size, problem.stations
    own = arcs + np.arange(stations)
    costs = [problem.comm_s[user, station], problem.scaled_opening]
    uppers = [np.ones(arcs), np.ones(stations)]
    rows = []

    def add(row, column, value, lower, upper, count):
        order = np.argsort(row, kind="stable")
        rows.append((np.bincount(row, minlength=count), column[order], value[order], lower, upper, count))

    each, ones = np.arange(arcs), np.ones(arcs)
    add(user, each, ones, 1.0, 1.0, problem.users)
    add(np.r_[each, each], np.r_[each, arcs + station], np.r_[ones, -ones], -np.inf, 0.0, arcs)

    def knapsack(weight, capacity):
        add(np.r_[station, np.arange(stations)], np.r_[each, own], np.r_[weight, -capacity], -np.inf, 0.0, stations)

    if (problem.capacity < problem.users).any():
        knapsack(ones, problem.capacity.astype(float))
    if problem.demand is not None:
        knapsack(problem.demand[user], problem.demand_capacity)
    floor = None if problem.floor is None else problem.floor[user, station] / problem.cpu[station]
    if floor is not None:
        knapsack(floor, np.ones(stations))
    if (problem.root_work > 0).any():
        work, root = problem.root_work[user] ** 2, problem.root_work[user]
        speed, last = problem.cpu, arcs + stations
        if floor is None:
            latency = last + np.arange(stations)
            costs.append(np.ones(stations))
            uppers.append(np.full(stations, np.inf))
            for load in np.linspace(0.1, 3.0, TANGENTS) * problem.root_work.sum() / stations:
                add(
                    np.r_[station, np.arange(stations), np.arange(stations)],
                    np.r_[each, own, latency],
                    np.r_[-2 * load * root / speed[station], load**2 / speed, np.ones(stations)],
                    0.0,
                    np.inf,
                    stations,
                )
        else:
            share, latency = last + each, last + arcs + each
            costs += [np.zeros(arcs), np.ones(arcs)]
            uppers += [np.ones(arcs), np.full(arcs, np.inf)]
            add(np.r_[each, each], np.r_[share, each], np.r_[ones, -floor], 0.0, np.inf, arcs)
            add(np.r_[each, each], np.r_[share, each], np.r_[ones, -ones], -np.inf, 0.0, arcs)
            add(
                np.r_[station, np.arange(stations)],
                np.r_[share, own],
                np.r_[ones, -np.ones(stations)],
                -np.inf,
                0.0,
                stations,
            )
            scale = work / speed[station]
            for point in np.geomspace(0.02, 1.0, TANGENTS):
                add(
                    np.r_[each, each, each],
                    np.r_[each, share, latency],
                    np.r_[-2 * scale / point, scale / point**2, ones],
                    0.0,
                    np.inf,
                    arcs,
                )
    model = highspy.HighsLp()
    model.col_cost_ = np.concatenate(costs)
    model.num_col_ = model.col_cost_.size
    model.num_row_ = sum(row[5] for row in rows)
    model.col_lower_, model.col_upper_ = np.zeros(model.num_col_), np.concatenate(uppers)
    kinds = [highspy.HighsVarType.kInteger] * (arcs + stations)
    model.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (model.num_col_ - len(kinds))
    model.row_lower_ = np.concatenate([np.full(row[5], row[3]) for row in rows])
    model.row_upper_ = np.concatenate([np.full(row[5], row[4]) for row in rows])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.concatenate([row[0] for row in rows]))]).astype(np.int32)
    model.a_matrix_.index_ = np.concatenate([row[1] for row in rows]).astype(np.int32)
    model.a_matrix_.value_ = np.concatenate([row[2] for row in rows])
    return model, user, station


class Trace:
    """What was known when: (processor s, wall s, cost, bound)."""

    def __init__(self):
        self.began, self.wall = cpu_s(), time.perf_counter()
        self.rows = []

    def elapsed_s(self):
        """Processor seconds since it began [s]."""
        return cpu_s() - self.began

    def note(self, cost, bound):
        """Take a cost and a bound; the better of each counts from now on."""
        last = self.rows[-1] if self.rows else (0.0, 0.0, np.inf, -np.inf)
        cost, bound = min(last[2], cost), np.fmax(last[3], bound)
        if (cost, bound) != last[2:]:
            self.rows.append((self.elapsed_s(), time.perf_counter() - self.wall, float(cost), float(bound)))

    def at(self, limit_s):
        """Cost and bound known after so many processor seconds."""
        known = [row for row in self.rows if row[0] <= limit_s * 1.05 + 0.02]
        return known[-1][2:] if known else (np.inf, -np.inf)


def plain_highs(problem, limit_s):
    """What plain HiGHS knows when."""
    trace = Trace()
    model, user, station = strong_model(problem)
    highs, arcs, users = QuietHighs(), user.size, problem.users
    scale = problem.alpha / users

    def price(values):
        host = np.full(users, -1, np.int64)
        used = np.asarray(values)[:arcs] > 0.5
        host[user[used]] = station[used]
        if (host < 0).any():
            return np.inf
        priced = evaluate(problem, Placement.of_hosts(host, problem.stations))
        return priced.cost if priced.feasible else np.inf

    def on_solution(event):
        trace.note(price(event.data_out.mip_solution), -np.inf)

    began = time.process_time()

    def on_time(event):
        trace.note(np.inf, scale * event.data_out.mip_dual_bound + problem.constant_cost)
        if time.process_time() - began >= limit_s:
            event.interrupt()

    highs.cbMipImprovingSolution += on_solution
    highs.cbMipInterrupt += on_time
    for name, value in (("threads", 1), ("mip_rel_gap", GAP), ("mip_abs_gap", 0.0), ("time_limit", WALL * limit_s)):
        highs.setOptionValue(name, value)
    highs.passModel(model)
    highs.run()
    solution = highs.getSolution()
    cost = price(solution.col_value) if solution.value_valid else np.inf
    trace.note(cost, scale * highs.getInfo().mip_dual_bound + problem.constant_cost)
    return trace


def ours(problem, limit_s):
    """What `lagrangian` knows when."""
    trace = Trace()
    solution = solve(problem, "lagrangian", time_limit_s=limit_s, gap=GAP, on_progress=trace.note)
    trace.note(solution.cost if solution.evaluation.feasible else np.inf, solution.lower_bound)
    trace.ended = solution.certificate.method
    return trace


def measured(name, seed, problem, limits, who=WHO):
    """A row: what each knew after each limit."""
    row = {"class": name, "seed": seed}
    for each in who:
        trace = (plain_highs if each == "highs" else ours)(problem, max(limits))
        row[f"{each}_s"] = round(trace.rows[-1][0] if trace.rows else 0.0, 2)
        row[f"{each}_cpu_s"] = round(trace.elapsed_s(), 2)
        row[f"{each}_wall_s"] = round(time.perf_counter() - trace.wall, 2)
        for limit in limits:
            row[f"{each}_{limit:g}"] = trace.at(limit)
        if each == "lagrangian":
            row["method"] = trace.ended
    return row


def above(row, who, limit):
    """Percent above the best known cost; 100 where there is no plan."""
    best = min(row[f"{each}_{at}"][0] for each in WHO for at in row["limits"])
    cost = row[f"{who}_{limit:g}"][0]
    return min(100.0, 100 * (cost / best - 1)) if np.isfinite(cost) else 100.0


def proved(row, who, limit):
    cost, bound = row[f"{who}_{limit:g}"]
    return bool(np.isfinite(cost) and cost - bound <= PROVED * abs(cost))


def summary(rows, limits):
    """The figures asked for, a limit a line."""
    for limit in limits:
        beside = [(above(row, "lagrangian", limit), above(row, "highs", limit)) for row in rows]
        yield {
            "limit_s": limit,
            "instances": len(rows),
            "lagrangian_above_best_mean_percent": round(statistics.mean(a for a, _ in beside), 4),
            "highs_above_best_mean_percent": round(statistics.mean(b for _, b in beside), 4),
            "lagrangian_above_best_worst_percent": round(max(a for a, _ in beside), 4),
            "highs_above_best_worst_percent": round(max(b for _, b in beside), 4),
            "behind_by_over_0.05_points": sum(a > b + 0.05 for a, b in beside),
            "behind_by_most_points": round(max(a - b for a, b in beside), 4),
            "lagrangian_proved": sum(proved(row, "lagrangian", limit) for row in rows),
            "highs_proved": sum(proved(row, "highs", limit) for row in rows),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("developed", "held-back"), default="developed")
    parser.add_argument("--each", type=int, default=2, help="instances of a class")
    parser.add_argument("--limits", type=float, nargs="+", default=[1.0, 10.0, 60.0], help="processor seconds")
    parser.add_argument("--only", default="", help="classes whose names contain this")
    parser.add_argument("--who", choices=WHO, nargs="+", default=list(WHO))
    parser.add_argument("--out", type=Path, help="rows are added to this file, and those in it not solved again")
    asked = parser.parse_args()
    budget_clock.solving_clock_s = cpu_s
    mip.OWN_LIMIT = WALL
    version = QuietHighs().version()
    print(json.dumps({"highs": version, "python": platform.python_version(), "gap": GAP}), flush=True)
    for recipe, sizes in ((cornuejols, (5, 20, 2.0)), (gap_c, (4, 20)), (deadlines, (2, 15, 9))):  # compile first
        solve(recipe(np.random.default_rng(0), *sizes), gap=GAP, time_limit_s=30)
    known = {}
    if asked.out and asked.out.exists():
        for line in asked.out.read_text().splitlines():
            row = json.loads(line)
            known.setdefault((row["class"], row["seed"]), {}).update(row)
    rows = []
    for name, seed, problem in instances(asked.half, asked.each, asked.only):
        row = known.get((name, seed), {})
        missing = [who for who in asked.who if f"{who}_s" not in row]
        if missing:
            row = {**row, **measured(name, seed, problem, asked.limits, missing)}
            if asked.out:
                with asked.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        row["limits"] = [f"{limit:g}" for limit in asked.limits]
        rows.append(row)
        told = {key: value for key, value in row.items() if key not in ("limits",)}
        print(json.dumps(told), flush=True)
    if all(f"{who}_s" in row for row in rows for who in WHO):
        for line in summary(rows, asked.limits):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
