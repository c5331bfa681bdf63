"""Small cities in which everything that the environment reads from a record or draws happens."""

import numpy as np

from twinhop.scenario import load_scenario
from twinhop.scenario.traces import ImportOptions, import_trace

CITY = """
schema_version: 1
name: recorded
seed: 3
area: {{width_m: 1200, height_m: 900}}
stations: {{list: [{stations}], capacity_users: {capacity}, cpu_gcycles_per_s: {{uniform: [8, 20]}}, opening_s: 0.05}}
users: {{generate: {{count: {users}}}, deadline_ms: {{uniform: [60, 250]}}}}
radio: {{path_loss: tr38901_uma, shadowing: correlated, fading: rayleigh{radio}}}
objective: {{deadlines: {deadlines}, alpha: 1.5, beta: 0.7, kappa_s_per_j: 2, aggregation: {aggregation}}}
migration: {{energy_j_per_mbit: 0.01}}
movement: {{slot_s: 1{movement}}}
{extra}
"""
PLACES = [(100, 100), (600, 150), (1100, 120), (200, 800), (650, 700), (1000, 850)]
ROWS = ", ".join(f"{{id: s{at}, x_m: {x}, y_m: {y}}}" for at, (x, y) in enumerate(PLACES))
#: A way of two hops whose fastest path depends on the size, and stations that hang on its nodes.
GRAPH = """backhaul:
  graph:
    attach_rate_mbps: 900
    nodes: [{id: a, x_m: 150, y_m: 400}, {id: b, x_m: 600, y_m: 400}, {id: c, x_m: 1050, y_m: 400}]
    links:
    - {a: a, b: b, rate_mbps: 200, delay_ms: 1}
    - {a: b, b: c, rate_mbps: 400, delay_ms: 2}
    - {a: a, b: c, rate_mbps: 50, delay_ms: 0.5}
"""
TRACE = ", trace: {file: trace.parquet, start_s: 2}"
CHURN = ", churn: {mean_present_s: 4, mean_absent_s: 3}"
SCHEDULE = "{station: s1, down_s: 1, up_s: 4}, {station: s4, down_s: 2}"
OUTAGES = f", failures: {{schedule: [{SCHEDULE}]}}"
RANDOM = ", failures: {random: {mean_up_s: 4, mean_down_s: 3}}"
CPUS = ", cpu: {kind: trace, file: cpu.csv}"
CLOUD = "cloud: {host: true, cpu_gcycles_per_s: 60, link_rate_mbps: 300"


def save_city(
    folder, *, users=30, capacity="all", radio="", deadlines="false", aggregation="mean", movement="", extra=""
):
    """The scenario, read from a file beside its trace and its CPUs."""
    if "trace:" in movement and not (folder / "trace.parquet").exists():
        save_trace(folder)
    if "cpu.csv" in movement:
        rows = [f"s{at},{time_s},{9 + at + time_s}" for at in range(4) for time_s in range(0, 12, 2)]
        (folder / "cpu.csv").write_text("station,time_s,cpu_gcycles_per_s\n" + "\n".join(rows))
    path = folder / "city.yaml"
    path.write_text(CITY.format(stations=ROWS, **{name: value for name, value in locals().items() if name != "folder"}))
    return load_scenario(path)


def save_trace(folder, users=25, slots=12, seed=5):
    """Users that walk, each there for a while of its own, twice where it is long enough."""
    rng, rows = np.random.default_rng(seed), ["id,time_s,x_m,y_m"]
    for user in range(users):
        xy_m = rng.uniform([50, 50], [1150, 850])
        way_m = rng.uniform(-60, 60, 2)
        first, last = sorted(rng.choice(slots + 2, 2, replace=False))
        for time_s in range(int(first), int(last) + 1):
            if time_s % 7 != 3 or user % 3:
                x_m, y_m = np.clip(xy_m + time_s * way_m, 0, [1200, 900])
                rows.append(f"u{user},{time_s},{x_m:.2f},{y_m:.2f}")
    (folder / "rows.csv").write_text("\n".join(rows))
    import_trace(
        folder / "rows.csv", folder / "trace.parquet", options=ImportOptions(longest_gap_s=1.5), overwrite=True
    )
