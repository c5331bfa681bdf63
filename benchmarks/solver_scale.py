"""The sparse solver at an operator's size: gap, seconds, memory and their shares; one JSON line a row.

    python benchmarks/solver_scale.py [--rows users-1e5 users-1e6 ...] [--threads 2] [--candidates 32] [--out FILE]
    python benchmarks/solver_scale.py --write

``--out`` adds rows to a file, in place of those of the same names. ``--write`` puts those of docs/scale.jsonl into
docs/scale.md, as a table, and draws its figure.

Worlds are generated: stations and users evenly over a square, 10 stations on 1.5 km by 1.5 km, radio to the nearest
station (128.1 + 37.6 log10 d dB, Rayleigh fading), the wired network along the air line, rows of candidates by access
station. Every row runs in a process of its own, whose peak memory is that of getrusage, with the compiled loops loaded
by a small solve before. Both the clock and the processor's time are stated, as other programs may run.
"""

import argparse
import json
import math
import multiprocessing
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from twinhop.placement.sparse import SparseProblem, solve_sparse

#: Name: users, stations, gap asked for, seats a station as a multiple of N / M (None: as many as users), share of users
#: with deadlines, share that moves before the plan is made anew (None: no plan before).
ROWS = {
    "users-1e4": (10_000, 50, 1e-3, None, 0.0, None),
    "users-3e4": (30_000, 100, 1e-3, None, 0.0, None),
    "users-1e5": (100_000, 200, 5e-4, None, 0.0, None),
    "users-3e5": (300_000, 500, 1e-3, None, 0.0, None),
    "users-1e6": (1_000_000, 1_000, 1e-3, None, 0.0, None),
    "users-1e7": (10_000_000, 10_000, 5e-3, None, 0.0, None),
    "seats": (100_000, 200, 5e-3, 1.1, 0.0, None),
    "deadlines": (100_000, 200, 1e-2, None, 0.3, None),
    "moved": (100_000, 200, 1e-3, None, 0.0, 0.05),
}
#: Rows run where none is named.
USUAL = ("users-1e4", "users-3e4", "users-1e5", "users-3e5", "users-1e6", "seats", "deadlines", "moved")
#: The page, its rows, and what its table stands between.
PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
FIGURES = PAGE.with_suffix(".jsonl")
BEGIN, END = "<!-- table of benchmarks/solver_scale.py -->", "<!-- end of the table -->"
#: The wired network's latency [s/bit/m], cycles a bit, and the stations in a group of omitted ones in large worlds.
WIRED, CYCLES_PER_BIT, IN_GROUP, ALONE = 2e-11, 100.0, 16, 2_000


def stations_of(stations, rng):
    """Positions [m] in a square of 10 stations on 1.5 km by 1.5 km, and its side."""
    side = 1500 * np.sqrt(stations / 10)
    return rng.random((stations, 2)) * side, side


def candidate_table(at, candidates):
    """Candidates, slopes and omitted slopes of every station's row, by a k-d tree, and groups of stations."""
    stations = len(at)
    candidates = min(candidates, stations)
    away, station = cKDTree(at).query(at, k=candidates)
    group = np.arange(stations)
    if stations > ALONE:
        seeds = at[np.random.default_rng(1).permutation(stations)[: stations // IN_GROUP]]
        group = np.unique(cKDTree(seeds).query(at)[1], return_inverse=True)[1]
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(group.max() + 1))
    omitted = np.empty((stations, first.size))
    for begin in range(0, stations, 500):
        rows = slice(begin, min(stations, begin + 500))
        far = np.linalg.norm(at[rows, None] - at[None], axis=2)
        np.put_along_axis(far, station[rows], np.inf, axis=1)
        omitted[rows] = np.minimum.reduceat(far[:, order], first, axis=1)
    there = np.isfinite(omitted)
    return station, WIRED * away, np.where(there, 0.0, np.inf), np.where(there, WIRED * omitted, 0.0), group


def make(users, stations, candidates, seats=None, deadlines=0.0, seed=0, *, by_row=True):
    """A generated world as a sparse problem, its users in the order of their rows or as they were drawn."""
    rng = np.random.default_rng(seed)
    at, side = stations_of(stations, rng)
    places = rng.random((users, 2)) * side
    distance, access = cKDTree(at).query(places)
    bits = rng.uniform(2e6, 10e6, users)
    cpu = rng.uniform(8e9, 24e9, stations) * users / stations / 10
    loss = 128.1 + 37.6 * np.log10(np.maximum(distance, 10.0) / 1000)
    fading = np.clip(rng.exponential(size=users), 0.05, None)
    noise = 20e6 * 10 ** ((-174 - 30) / 10)
    up = bits / (20e6 * np.log2(1 + 0.2 * 10 ** (-loss / 10) * fading / noise))
    station, slope, omitted_delay, omitted_slope, group = candidate_table(at, candidates)
    order = np.argsort(access, kind="stable") if by_row else np.arange(users)
    limits = {}
    if deadlines:
        update = 0.05 * bits
        has = rng.random(users) < deadlines
        tightness = rng.uniform(0.15, 0.6, users)
        limits = {
            "update_up_s": 0.05 * up[order],
            "update_scale": update[order],
            "update_work": CYCLES_PER_BIT * update[order],
            "deadline_s": np.where(has, 0.05 * up + tightness, np.inf)[order],
        }
    return SparseProblem(
        access[order].astype(np.int32),
        up[order],
        bits[order],
        station.astype(np.int32),
        np.zeros(station.shape),
        slope,
        omitted_delay,
        omitted_slope,
        np.sqrt(CYCLES_PER_BIT * bits[order]),
        cpu,
        np.full(stations, users if seats is None else int(np.ceil(seats * users / stations))),
        np.full(stations, 0.5 / stations),
        1.0,
        1.0,
        group=group.astype(np.int32),
        wider=lambda more: make(users, stations, more, seats, deadlines, seed, by_row=by_row),
        **limits,
    )


def measure(name, threads, candidates):
    """One row."""
    users, stations, gap, seats, deadlines, moved = ROWS[name]
    small = make(2_000, 20, 12, seats, deadlines)
    solve_sparse(small, threads=threads, gap=1e-3)
    began, cpu = time.perf_counter(), time.process_time()
    problem = make(users, stations, candidates, seats, deadlines, by_row=not moved)
    made, start = time.perf_counter() - began, None
    cpu_made = time.process_time() - cpu
    if moved:
        first = solve_sparse(problem, threads=threads, gap=gap)
        after = moved_world(problem, moved)
        gone = after.row != problem.row
        start = first.prices._replace(price=np.where(gone, np.nan, first.prices.price))
        problem = after
    began, cpu = time.perf_counter(), time.process_time()
    found = solve_sparse(problem, threads=threads, gap=gap, start=start)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert found.gap is not None
    return {
        "row": name,
        "users": users,
        "stations": stations,
        "candidates": found.problem.candidates,
        "arcs": found.problem.arcs,
        "threads": threads,
        "gap_asked_percent": 100 * gap,
        "gap_percent": round(100 * found.gap, 4),
        "cost": found.cost,
        "lower_bound": found.lower_bound,
        "ended": found.ended.value,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "made_seconds": round(made, 2),
        "made_cpu_seconds": round(cpu_made, 2),
        "steps": found.steps,
        **{f"{part}_seconds": round(value, 2) for part, value in found.parts_s.items()},
        "foreseen_gb": round(found.memory_bytes / 1e9, 3),
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 3),
    }


def moved_world(problem, share):
    """The problem in which a share of the users have the access station and the radio of another each."""
    rng = np.random.default_rng(3)
    who = rng.permutation(problem.users)[: int(share * problem.users)]
    like = rng.integers(0, problem.users, who.size)
    row, up = problem.row.copy(), problem.up_s.copy()
    row[who] = problem.row[like]
    up[who] = problem.up_s[like] / problem.scale[like] * problem.scale[who]
    return replace(problem, row=row, up_s=up)


def read(path):
    """Rows by name, as they are listed in `ROWS`."""
    known = {}
    if path.exists():
        known = {row["row"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    return {name: known[name] for name in ROWS if name in known}


def exponent(rows):
    """The least-squares slope of log seconds over log arcs, of rows that ask for 0.1 %."""
    asked = [row for row in rows.values() if row["row"].startswith("users") and row["gap_asked_percent"] == 0.1]
    arcs, seconds = (np.log([row[key] for row in asked]) for key in ("arcs", "cpu_seconds"))
    return float(np.polyfit(arcs, seconds, 1)[0])


def table(rows):
    """The rows in Markdown."""
    header = (
        "| row | users x stations | candidates | gap asked for | gap | CPU s | wall s | candidates / prices / plans s "
    )
    lines = [header + "| steps | peak GB | foreseen GB |", "|---|---|" + "---:|" * 9]
    for row in rows.values():
        parts = " / ".join(f"{row[f'{part}_seconds']:g}" for part in ("candidates", "prices", "plans"))
        cells = (
            *(row["row"], f"{row['users']:,} x {row['stations']:,}", f"{row['candidates']}"),
            *(f"{row['gap_asked_percent']:g} %", f"{row['gap_percent']:.3g} %"),
            *(f"{row['cpu_seconds']:.3g}", f"{row['seconds']:.3g}", parts, f"{row['steps']}"),
            *(f"{row['peak_rss_gb']:.2f}", f"{row['foreseen_gb']:.2f}"),
        )
        lines.append("| " + " | ".join(cells) + " |")
    growth = f"From 10^4 to 10^6 users the time to 0.1 % grows as arcs to the power of {exponent(rows):.2f}."
    return "\n".join([*lines, "", growth])


def write(rows, page=PAGE):
    """Put the table between the markers of the page."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    page.write_text(f"{head}{BEGIN}\n\n{table(rows)}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def draw(rows, folder):
    """Seconds and memory over arcs, both in powers of ten."""
    from twinhop.output.kit.colours import HUES, INK, MUTED
    from twinhop.output.kit.figures import frame, heading, sheet
    from twinhop.output.kit.style import save_figure

    free = [row for row in rows.values() if row["row"].startswith("users")]
    others = [row for row in rows.values() if not row["row"].startswith("users")]
    panels = (
        ("Processor time", "s", lambda row: row["cpu_seconds"]),
        ("Most memory held", "GB", lambda row: row["peak_rss_gb"]),
    )
    with sheet(9.5, 4.0, 110, head_in=0.5) as figure:
        heading(figure, 0.25, 0.34, "From ten thousand users to ten million", 14)
        for at, (title, unit, value) in enumerate(panels):
            axes = figure.add_axes((0.08 + 0.49 * at, 0.14, 0.4, 0.62))
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.plot([row["arcs"] for row in free], [value(row) for row in free], "-o", color=HUES[0], markersize=4)
            for row in others if at == 0 else ():  # they hold what the row of as many users does
                place, side = ((6, -11), "left") if row["row"] != "deadlines" else ((-6, -3), "right")
                axes.plot(row["arcs"], value(row), "D", color=HUES[1], markersize=4)
                axes.annotate(
                    row["row"],
                    (row["arcs"], value(row)),
                    place,
                    textcoords="offset points",
                    fontsize=8,
                    color=INK,
                    ha=side,
                )
            ends = np.array([free[0]["arcs"], free[-1]["arcs"]])
            steepest = value(free[0]) * (ends / ends[0]) ** 1.15
            if at == 0:
                axes.plot(ends, steepest, ":", color=MUTED)
                axes.annotate(
                    "arcs to the power of 1.15",
                    (ends[1], steepest[1]),
                    (-4, 4),
                    textcoords="offset points",
                    fontsize=8,
                    color=MUTED,
                    ha="right",
                )
            frame(axes, title, "arcs: users times candidates", unit, grid="both")
            highest = max(max(map(value, free)), steepest[1] if at == 0 else 0.0)
            axes.set_ylim(0.1, 10 ** math.ceil(math.log10(2 * highest)))
    save_figure(figure, folder, "scale")


def main():
    """Measure the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="*", choices=list(ROWS), default=list(USUAL))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--candidates", type=int, default=32)
    parser.add_argument("--out", type=Path, help="add rows to this file, in place of those of the same names")
    parser.add_argument(
        "--write", action="store_true", help=f"put rows of {FIGURES.name} into {PAGE.name} and draw them"
    )
    args = parser.parse_args()
    if args.write:
        write(read(FIGURES))
        draw(read(FIGURES), PAGE.parent / "images")
        return
    for name in args.rows:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            row = pool.apply(measure, (name, args.threads, args.candidates))
        print(json.dumps(row), flush=True)
        if args.out:
            known = read(args.out) | {name: row}
            lines = [json.dumps(known[each]) for each in ROWS if each in known]
            args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
