"""What one device twin takes: time of apply, memory, and time to pack and resume; one JSON line a figure.

    python benchmarks/device_twin.py

A twin has a position in the plane and a speed. Memory is what Python allocates for each of 50 twins that share one
schema. A pack is written to a file of the system's temporary folder and read back, every digest checked.
"""

import json
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from twinhop.twin import DeviceTwin, Dimension, TwinSchema, Update, pack, packed, resume
from twinhop.twin.behaviour import BEHAVIOUR_MODELS

SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0),
        Dimension(name="speed", kind="scalar", unit="m/s"),
    )
)
UPDATES, MEMORY_RECORDS, MEMORY_TWINS, PACKS = 20_000, 1_000, 50, 21
MIB, KIB = 2**20, 2**10


def updates(count, seed=1):
    """A walk with noise: one update a second."""
    rng = np.random.default_rng(seed)
    position = rng.normal(0.0, 10.0, (count, 2)).cumsum(axis=0)
    values = np.column_stack((position, rng.uniform(0.0, 20.0, count)))
    return [Update(at + 1, float(at), values[at]) for at in range(count)]


def models(kinds):
    """Models by dimension: of the position and of the speed."""
    return {name: BEHAVIOUR_MODELS[kind](width) for (name, width, _), kind in zip(DIMENSIONS, kinds, strict=False)}


DIMENSIONS = (("position", 2, "m"), ("speed", 1, "m/s"))


def apply_times_us(kinds):
    """Time of each apply [us], chunks sealed on the way included."""
    twin, times = DeviceTwin("a", SCHEMA, models=models(kinds)), []
    for update in updates(UPDATES):
        started = time.perf_counter()
        twin.apply(update)
        times.append(1e6 * (time.perf_counter() - started))
    return times


def memory_kib(kinds):
    """What one twin with its history takes [KiB]."""
    given = updates(MEMORY_RECORDS)
    twins = [DeviceTwin("warm", SCHEMA, models=models(kinds))]
    twins[0].apply(given[0])
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for index in range(MEMORY_TWINS):
        twin = DeviceTwin(f"twin-{index}", SCHEMA, models=models(kinds))
        for update in given:
            twin.apply(update)
        twins.append(twin)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return grown / MEMORY_TWINS / KIB


def pack_times_ms(kinds):
    """Times to pack, to resume, and of the processor for both [ms]; the pack's size [MiB]; the same bits after."""
    twin, given = DeviceTwin("a", SCHEMA, models=models(kinds)), updates(27_000)
    for update in given[:-100]:
        twin.apply(update)
    packing, resuming, busy = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.twin"
        for _ in range(PACKS):
            started, computed = time.perf_counter(), time.process_time()
            pack(twin, path)
            written = time.perf_counter()
            again = resume(path)
            resuming.append(1e3 * (time.perf_counter() - written))
            packing.append(1e3 * (written - started))
            busy.append(1e3 * (time.process_time() - computed))
        size = path.stat().st_size / MIB
    for update in given[-100:]:
        twin.apply(update)
        again.apply(update)
    return packing, resuming, busy, size, packed(again) == packed(twin)


def main():
    """Print the figures; the first calls compile the models' loops and are not counted."""
    for kinds in ((), ("constant_velocity",), ("constant_velocity", "trend")):
        apply_times_us(kinds)
        times = apply_times_us(kinds)
        quantiles = statistics.quantiles(times, n=100)
        row = {"figure": "apply", "models": list(kinds), "median_us": quantiles[49], "p99_us": quantiles[98]}
        print(json.dumps(row), flush=True)
        row = {"figure": "memory", "models": list(kinds), "records": MEMORY_RECORDS, "kib": memory_kib(kinds)}
        print(json.dumps(row), flush=True)
    packing, resuming, busy, size, same = pack_times_ms(("constant_velocity", "trend"))
    both = [one + two for one, two in zip(packing, resuming, strict=True)]
    row = {"pack_ms": statistics.median(packing), "resume_ms": statistics.median(resuming)}
    row |= {
        "both_ms": statistics.median(both),
        "both_least_ms": min(both),
        "processor_ms": statistics.median(busy),
        "mib": size,
        "same_bits": same,
    }
    print(json.dumps({"figure": "pack and resume", **row}), flush=True)


if __name__ == "__main__":
    main()
