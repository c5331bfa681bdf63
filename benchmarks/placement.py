"""Certified gaps, solve times and gains over the baselines on the named presets; one JSON line a row.

    python benchmarks/placement.py [--seeds 100] [--only NAME] [--data FOLDER] [--write]

Solve times are of the solve alone, once warm: compiled loops are loaded before the clock starts, and a first solve of
each preset is thrown away. Evaluation seeds start at 1000; nothing in the solver was chosen on them. Melbourne needs
the EUA data set (``eua/`` in the data folder) and is skipped, saying so, where it is absent. ``--write`` puts what was
measured into the table of README.
"""

import argparse
import csv
import json
import re
import statistics
import tempfile
from pathlib import Path

import twinhop
from twinhop.scenario import import_csv

FIRST_SEED = 1000
README = Path(__file__).parents[1] / "README.md"
BASELINES = ("nearest", "random_association", "random")
#: Preset, seeds (None: as asked), mean gap to reach, seconds to reach (None: not asked).
ROWS = (
    ("lu2021-n100-m10", None, 0.003, 0.020),
    ("lu2021-n80-m5", None, None, None),
    ("lu2021-n80-m10", None, None, None),
    ("lu2021-n100-m5", None, None, None),
    ("family(100, 10)", None, 0.004, None),
    ("family(100, 10, capacity=15)", None, 0.015, None),
    ("proto-n100-m10", None, 0.004, None),
    ("family(1000, 50)", 10, 0.002, 1.0),
    ("city-small", 20, None, None),
    ("city-large", 5, None, None),
)


def saving(plan, baseline):
    """How much lower than the baseline's, as shares: cost and mean latency."""
    ours, theirs = plan.solution.evaluation, baseline.solution.evaluation
    return 1 - ours.cost / theirs.cost, 1 - ours.latency_s / theirs.latency_s


def measure(sources, name, gap_asked, seconds_asked):
    """One row: the preset's plans over all sources (seed by seed), and the baselines on the same worlds."""
    twinhop.plan(sources[0])
    plans = [twinhop.plan(source) for source in sources]
    savings = {
        policy: [saving(plan, twinhop.plan(source, policy)) for plan, source in zip(plans, sources, strict=True)]
        for policy in BASELINES
    }
    gaps = [plan.gap for plan in plans]
    row = {
        "preset": name,
        "instances": len(plans),
        "gap_mean_percent": round(100 * statistics.mean(gaps), 4),
        "gap_worst_percent": round(100 * max(gaps), 4),
        "gap_net_mean_percent": round(100 * statistics.mean(plan.gap_net for plan in plans), 4),
        "solve_median_s": round(statistics.median(plan.solution.seconds for plan in plans), 5),
        "solve_worst_s": round(max(plan.solution.seconds for plan in plans), 5),
        "opened_mean": statistics.mean(float(plan.solution.placement.open.sum()) for plan in plans),
        "unmeetable_mean_percent": round(
            100 * statistics.mean(len(plan.case.problem.unmeetable) / plan.case.problem.users for plan in plans), 3
        ),
        "cost_below_percent": {
            policy: round(100 * statistics.mean(pair[0] for pair in pairs), 2) for policy, pairs in savings.items()
        },
        "latency_below_percent": {
            policy: round(100 * statistics.mean(pair[1] for pair in pairs), 2) for policy, pairs in savings.items()
        },
    }
    if gap_asked is not None:
        row |= {"gap_asked_percent": 100 * gap_asked, "gap_reached": statistics.mean(gaps) <= gap_asked}
    if seconds_asked is not None:
        row |= {"seconds_asked": seconds_asked, "seconds_reached": row["solve_median_s"] <= seconds_asked}
    return row


def cells(row):
    """Cells of the table of README: gap, solve time, and cost below the baselines."""
    seconds = row["solve_median_s"]
    time = f"{1000 * seconds:.1f} ms" if seconds < 0.1995 else f"{seconds:.2f} s"
    gap = f"{row['gap_mean_percent']:.2f}"
    worst = f" / {row['gap_worst_percent']:.2f}" if row["instances"] > 1 else ""
    below = " / ".join(
        f"{row['cost_below_percent'][policy]:.1f}" for policy in ("nearest", "random_association", "random")
    )
    return f"{row['instances']}", f"{gap}{worst} %", time, f"{below} %"


def write(row, page=README):
    """Put a row into the table of README, where it has one of that name; the label stays."""
    text = page.read_text(encoding="utf-8")
    name = row["preset"]
    label = rf"\| (?:`{re.escape(name)}`|{re.escape(name.capitalize())},[^|]*) \|"
    text = re.sub(
        rf"^({label})(?= \d).*$", lambda match: f"{match[1]} {' | '.join(cells(row))} |", text, flags=re.MULTILINE
    )
    page.write_text(text, encoding="utf-8")


def melbourne(data):
    """The scenario of the 125 sites and 816 users of the EUA data set, through two CSV files; None if absent."""
    sites, users = data / "eua" / "site-optus-melbCBD.csv", data / "eua" / "users-melbcbd-generated.csv"
    if not (sites.is_file() and users.is_file()):
        return None
    with tempfile.TemporaryDirectory() as folder:
        stations_csv, users_csv = Path(folder) / "stations.csv", Path(folder) / "users.csv"
        rewrite(sites, stations_csv, lambda at, row: (row["SITE_ID"], row["LATITUDE"], row["LONGITUDE"]))
        rewrite(users, users_csv, lambda at, row: (f"u{at}", row["Latitude"], row["Longitude"]))
        return import_csv(stations_csv, users_csv, name="melbourne")


def rewrite(source, target, pick):
    with source.open(newline="") as lines, target.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("id", "lat", "lon"))
        writer.writerows(pick(at, row) for at, row in enumerate(csv.DictReader(lines)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--only", help="only rows whose name contains this")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="put the rows into the table of README")
    arguments = parser.parse_args()

    def show(row):
        print(json.dumps(row), flush=True)
        if arguments.write:
            write(row)

    for name, seeds, gap, seconds in ROWS:
        if arguments.only is None or arguments.only in name:
            chosen = range(FIRST_SEED, FIRST_SEED + min(seeds or arguments.seeds, arguments.seeds))
            show(measure([twinhop.load(name, seed) for seed in chosen], name, gap, seconds))
    if arguments.only is None or arguments.only in "melbourne":
        scenario = melbourne(arguments.data)
        if scenario is None:
            print(json.dumps({"preset": "melbourne", "skipped": f"no eua folder in {arguments.data}"}))
        else:
            show(measure([scenario], "melbourne", 0.005, 5.0))


if __name__ == "__main__":
    main()
