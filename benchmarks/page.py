"""Weight and speed of the page of a run, by the number of users; a row a size, in Markdown.

    python benchmarks/page.py [--sizes 1000x120,1500x120,10000x60] [--seconds 5] [--repeats 5]

Runs are drawn: users who walk with memory, two policies, hosts and latencies by distance. Each page is opened from disk
in the system's Chromium, which draws by software (no GPU), 1280 x 900. What is printed: the median time from opening to
the first picture, and the frames a second while the run plays at its greatest speed, on one map and on two, with the
processor time of a frame in all processes of the browser. Needs node, npm and chromium.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import twinhop
from twinhop.output.page.column import reals, wholes
from twinhop.output.page.container import packed
from twinhop.output.page.files import page_of
from twinhop.output.page.frames import Frames, frame_fields, latency_column, map_corners, smaller, time_fields

WEB = Path(__file__).parents[1] / "web"
STATIONS, SIDE_M, SPEED_M, MEMORY = 40, 3000.0, 9.0, 0.85
#: A twin follows its user to another host in so many of a hundred slots.
FOLLOWS = {"follow_often": 0.2, "follow_seldom": 0.02}
DEADLINE_S = 0.06


def walk(rng, users, slots):
    """(T, N, 2) places of users with Gauss-Markov velocities, reflected at the rim [m]."""
    velocity, place = rng.normal(0, SPEED_M, (users, 2)), rng.uniform(0, SIDE_M, (users, 2))
    places = []
    for _ in range(slots):
        velocity = MEMORY * velocity + np.sqrt(1 - MEMORY**2) * rng.normal(0, SPEED_M, (users, 2))
        place = SIDE_M - np.abs(SIDE_M - np.abs(place + velocity))
        places.append(place)
    return np.array(places)


def policy(rng, name, frames, near):
    """A policy whose twins follow their users with some probability."""
    host = near.copy()
    for slot in range(1, len(host)):
        follows = rng.random(host.shape[1]) < FOLLOWS[name]
        host[slot] = np.where(follows, near[slot], host[slot - 1])
    slot, user = np.nonzero(host[1:] != host[:-1])
    distance = np.linalg.norm(frames.xy_m - frames.station_xy_m[host], axis=2)
    latency = 0.01 + 2e-5 * distance + rng.gamma(4, 0.002, host.shape)
    late = latency > DEADLINE_S
    cost = latency.mean(axis=1)
    return {
        "name": name,
        "cost": float(cost.mean()),
        "late_share": float(late.mean()),
        "host": smaller(host),
        "latency_s": latency_column(latency, np.ones(host.shape, bool)),
        "late": wholes(late),
        "cost_by_slot": reals(cost, "f64"),
        "late_by_slot": wholes(late.sum(axis=1)),
        "moves_by_slot": wholes(np.bincount(slot + 1, minlength=len(host))),
        "moves": {
            "slot": wholes(slot + 1, delta=True),
            "user": wholes(user),
            "from": wholes(host[slot, user]),
            "to": wholes(host[slot + 1, user]),
            "reason": wholes(np.zeros(len(slot), int)),
            "pause_s": reals(np.full(len(slot), 0.1)),
        },
        "reasons": ["follows its user"],
    }


def document(users, slots, seed=0):
    """The data of a page of a run that is drawn."""
    rng = np.random.default_rng(seed)
    station = rng.uniform(0, SIDE_M, (STATIONS, 2))
    places = walk(rng, users, slots)
    near = np.array([((each[:, None] - station) ** 2).sum(axis=2).argmin(axis=1) for each in places])
    frames = Frames(np.arange(slots), places, near, np.ones((slots, STATIONS), bool), station)
    return {
        "kind": "run",
        "title": f"{users} users, {slots} slots",
        "twinhop": twinhop.__version__,
        "cost_unit": {"name": "ms", "factor": 1e3},
        "map": map_corners(frames),
        "stations": {
            "count": STATIONS,
            "id": [f"b{at}" for at in range(STATIONS)],
            "x_m": reals(station[:, 0]),
            "y_m": reals(station[:, 1]),
            "is_host": wholes(np.ones(STATIONS, int)),
            "capacity": wholes(np.full(STATIONS, users)),
            "cpu_cycles_per_s": reals(np.full(STATIONS, 1e10), "f64"),
        },
        "users": {"count": users, "deadline_s": reals(np.full(users, DEADLINE_S))},
        "time": time_fields(np.arange(slots), slots, 1.0),
        "frames": frame_fields(frames),
        "policies": [policy(rng, name, frames, near) for name in FOLLOWS],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000x120,1500x120,10000x60", help="users x slots, separated by commas")
    parser.add_argument("--seconds", type=float, default=5.0, help="of play")
    parser.add_argument("--repeats", type=int, default=5, help="of opening the page")
    asked = parser.parse_args()
    print("| users | slots | data, gzip | page | first picture | frames/s | with two maps |")
    print("|---|---|---|---|---|---|---|")
    for size in asked.sizes.split(","):
        users, slots = (int(each) for each in size.split("x"))
        data = packed(document(users, slots))
        html = page_of(data, "the page")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report.html"
            file.write_text(html, encoding="utf-8")
            command = ["node", "page-tests/measure.mjs", file, str(asked.seconds), str(asked.repeats)]
            run = subprocess.run(command, cwd=WEB, check=True, capture_output=True, text=True)
        times = json.loads(run.stdout)
        sizes = f"{len(data) / 1e6:.2f} MB | {len(html.encode()) / 1e6:.2f} MB"
        maps = (
            f"{each['frames_per_s']:.0f} ({each['cpu_ms']:.0f} ms)" for each in (times["one_map"], times["two_maps"])
        )
        print(f"| {users:,} | {slots} | {sizes} | {times['first_picture_ms']:.0f} ms | {' | '.join(maps)} |")


if __name__ == "__main__":
    main()
