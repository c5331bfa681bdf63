"""How long one decision of the package's weights takes, on one core; one JSON line for a size and a decoding.

    python benchmarks/decision_speed.py [--decisions 2000] [--instances 20]

Instances are those of proto-n100-m10 at four sizes, of seeds 1000 and up. Decisions are timed one by one, from the
arrays of an instance to hosts, once everything is compiled; sizes and decodings take turns, with every instance in each
round, so that a machine that slows down slows all of them. `cpu_ms` is the processor time, which other work on the
machine disturbs least.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import itertools
import json
import time

import numpy as np

import twinhop
from twinhop.inference.instance import instance_of_problem
from twinhop.inference.policy import SHIPPED, decider_of
from twinhop.scenario import Scenario

PRESET, FIRST_SEED = "proto-n100-m10", 1000
SIZES = ((100, 10), (80, 5), (200, 20), (1000, 50))
DECODINGS = {"argmax": ("argmax", 0), "calibrated": ("calibrated", 0), "calibrated + 10 moves": ("calibrated", 10)}
#: What a calibrated decision at a size may take, in the median [ms].
ASKED_MS = {((100, 10), "calibrated"): 0.5}


def instance(users, stations, seed):
    """An instance of the preset at another size."""
    fields = twinhop.load(PRESET, seed).model_dump(mode="json", exclude_unset=True)
    fields["users"]["generate"]["count"], fields["stations"]["generate"]["count"] = users, stations
    one = Scenario.model_validate(fields | {"seed": seed})
    return instance_of_problem(twinhop.plan(one, "nearest").case.problem)


def timed(decider, one, decode, moves):
    """(wall, CPU) of a decision [ms]."""
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    decider(one, decode, moves)
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return wall / 1e6, cpu / 1e6


def told(size, decoding, times):
    """A line of what was measured."""
    row = {"users": size[0], "stations": size[1], "decoding": decoding, "decisions": len(times)}
    for name, column in zip(("ms", "cpu_ms"), np.transpose(times), strict=True):
        row |= {name: round(float(np.median(column)), 3), f"{name}_p95": round(float(np.percentile(column, 95)), 3)}
    asked = ASKED_MS.get((size, decoding))
    print(json.dumps(row if asked is None else row | {"asked_ms": asked, "reached": row["ms"] <= asked}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=2000)
    parser.add_argument("--instances", type=int, default=20)
    arguments = parser.parse_args()
    decider = decider_of(SHIPPED)
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.instances)
    instances = {size: [instance(*size, seed) for seed in seeds] for size in SIZES}
    times = {case: [] for case in itertools.product(SIZES, DECODINGS)}
    for size, decoding in times:
        decider(instances[size][0], *DECODINGS[decoding])
    for _ in range(-(-arguments.decisions // arguments.instances)):
        for (size, decoding), known in times.items():
            known += [timed(decider, one, *DECODINGS[decoding]) for one in instances[size]]
    for (size, decoding), known in times.items():
        told(size, decoding, known)


if __name__ == "__main__":
    main()
