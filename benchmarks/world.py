"""Slots a second, shadowing statistics and reproducibility of worlds that change; one JSON line a figure.

    python benchmarks/world.py [--seconds 10] [--seeds 12] [--only speed|shadowing|san-francisco|bytes]

Slots are timed once the loops are compiled: the first slot, in which most of the map of the channel is filled, is not
counted. The best of all batches is what the machine can do, their median what it did; a busy machine parts them.
Shadowing is that of TR 38.901 at random places over `--seeds` worlds, from the map and from the formulas; the standard
error is over the worlds. San Francisco needs the data set ``sf_cab_cells`` in the data folder and is skipped, saying
so, where it is absent. Digests are of `world.parquet` and `stations.parquet` from processes of their own.
"""

import argparse
import hashlib
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from twinhop.network import PATH_LOSS
from twinhop.runs.world import watch
from twinhop.scenario import build_world, load_scenario, parse_scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.dynamics.mean_channel import BYTES_PER_MIB, channel_map, mean_channel

#: Users, stations, slots a second to reach, slots of a batch.
SIZES = ((1000, 50, 1000, 200), (100_000, 50, 5, 5))
#: Distances at which the correlation is measured, in decorrelation distances.
LAGS = (0.1, 0.25, 0.5, 1.0, 2.0)
PLACES, STATIONS = 1000, 40
MAP_MIB = {"map": 256, "formulas": 0}


def city(users, stations, radio, side_m=1500.0, seed=0):
    """A square city whose users move by Gauss-Markov."""
    return parse_scenario(
        f"schema_version: 1\nname: city\nseed: {seed}\narea: {{width_m: {side_m:g}, height_m: {side_m:g}}}\n"
        f"radio: {{{radio}}}\nstations: {{generate: {{count: {stations}}}}}\nusers: {{generate: {{count: {users}}}}}\n"
        "movement: {model: {kind: gauss_markov}, slots: 10000000}\n"
    )


def speed(users, stations, asked, batch, seconds):
    """Slots a second of UMa with shadowing, Rayleigh fading, access selection and Gauss-Markov mobility."""
    radio = "path_loss: tr38901_uma, shadowing: correlated, fading: rayleigh"
    slots = iter(WorldRun(city(users, stations, radio, 1500.0 * math.sqrt(stations / 10))))
    started = time.perf_counter()
    next(slots)
    first_s = time.perf_counter() - started
    rates, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until or len(rates) < 3:
        before = time.perf_counter()
        for _ in islice(slots, batch):
            pass
        rates.append(batch / (time.perf_counter() - before))
    row = {"figure": "slots a second", "users": users, "stations": stations, "median": statistics.median(rates)}
    row |= {"best": max(rates), "first_slot_s": first_s}
    print_row({**row, "asked": asked, "reached": max(rates) >= asked})


def shadowing(cell, state, seeds):
    """Standard deviation and autocorrelation of the shadowing of one state against the model's."""
    model = PATH_LOSS[f"tr38901_{cell}"].shadowing[state]
    radio = f"path_loss: tr38901_{cell}, line_of_sight: {('always', 'never')[state]}"
    found = {name: [] for name in MAP_MIB}
    with ThreadPoolExecutor(2) as threads:
        for seed in range(seeds):
            worlds = [
                build_world(city(1, STATIONS, radio + extra, seed=seed)) for extra in (", shadowing: correlated", "")
            ]
            for name, mib in MAP_MIB.items():
                channels = [mean_channel(world, channel_map(world, mib * BYTES_PER_MIB), threads) for world in worlds]
                found[name].append(moments(channels, model.decorrelation_m, np.random.default_rng(seed)))
    for name, values in found.items():
        mean, error = np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / math.sqrt(seeds)
        row = {"figure": "shadowing", "cell": cell, "state": ("LOS", "NLOS")[state], "by": name, "seeds": seeds}
        row |= {"sigma_db": mean[0], "standard_error_db": error[0], "asked_sigma_db": model.sigma_db}
        for at, lag in enumerate(LAGS, start=1):
            row[f"correlation at {lag:g} D"] = [mean[at] / mean[0] ** 2, error[at] / mean[0] ** 2, math.exp(-lag)]
        print_row(row)


def moments(channels, decorrelation_m, rng):
    """Standard deviation, and mean products at the lags, of the shadowing of one world."""
    here = rng.uniform(200, 1300, (PLACES, 2))
    first, angle = shadow_db(channels, here), rng.uniform(0, 2 * math.pi, PLACES)
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    products = [(first * shadow_db(channels, here + lag * decorrelation_m * direction)).mean() for lag in LAGS]
    return [first.std(), *products]


def shadow_db(channels, xy_m):
    losses = np.empty((2, len(xy_m), STATIONS), np.float32)
    for channel, loss_db in zip(channels, losses, strict=True):
        channel(xy_m, loss_db)
    return (losses[0] - losses[1]).astype(np.float64)


def san_francisco(data):
    """The hand-over probability of San Francisco's taxis, every one at the cell that serves it."""
    cells, serving = data / "sf_cab_cells" / "sf_cells.csv", data / "sf_cab_cells" / "sf_serving_1min.npz"
    if not (cells.is_file() and serving.is_file()):
        print_row({"figure": "San Francisco", "skipped": f"no sf_cab_cells folder in {data}"})
        return
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sf.yaml"
        for extra in ([], ["--throughout"]):
            command = [sys.executable, "-m", "twinhop", "import", "sf-cells", "--cells", cells, "--serving", serving]
            command += ["--from-minute", "660", "--to-minute", "780", "--force", "--out", out, *extra]
            subprocess.run(command, check=True, capture_output=True)
            scenario = load_scenario(out)
            radio = scenario.radio.model_copy(update={"access": "nearest"})
            watched, _ = watch(scenario.model_copy(update={"radio": radio}))
            found = watched.statistics
            row = {"figure": "San Francisco", "taxis": "present throughout" if extra else "all", "asked": 0.143}
            print_row({**row, "handover_probability": found.handover_probability, "taxi_minutes": found.user_minutes})


def same_bytes():
    """Whether two processes write the same tables, and another seed others."""
    digests = []
    for seed in (0, 0, 1):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "twinhop", "world", "city-small", "--slots", "100", "--animate", "none"]
            subprocess.run([*command, "--seed", str(seed), "--out", folder], check=True, capture_output=True)
            digests.append(
                [
                    hashlib.sha256((Path(folder) / f"{name}.parquet").read_bytes()).hexdigest()
                    for name in ("world", "stations")
                ]
            )
    row = {"figure": "same seed, same bytes", "digests": [digest[:12] for digest in digests[0]]}
    print_row({**row, "reached": digests[0] == digests[1] != digests[2]})


def print_row(row):
    print(json.dumps({key: round_all(value) for key, value in row.items()}), flush=True)


def round_all(value):
    if isinstance(value, list):
        return [round_all(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of timing a size")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--only", choices=("speed", "shadowing", "san-francisco", "bytes"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    if arguments.only in (None, "speed"):
        for size in SIZES:
            speed(*size, arguments.seconds)
    if arguments.only in (None, "shadowing"):
        for cell in ("uma", "umi"):
            for state in (0, 1):
                shadowing(cell, state, arguments.seeds)
    if arguments.only in (None, "san-francisco"):
        san_francisco(arguments.data)
    if arguments.only in (None, "bytes"):
        same_bytes()


if __name__ == "__main__":
    main()
