"""Whole-process time of `twinhop scenario describe` with its figure, on one core; one JSON line a world.

    python benchmarks/describe.py [--runs 3]

The process is pinned to one core where the system can; ``cpu_s`` is its processor time, which a busy machine leaves
alone, ``wall_s`` what a person waits.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WORLDS = (("lu2021-n100-m10", None), ("family(100000, 200)", 5.0), ("family(100000, 200, deadlines=on)", None))


def measure(source):
    """Wall and processor seconds, and the peak of memory in MiB, of one run."""
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_setaffinity") else None
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "twinhop", "scenario", "describe", source, "--out", folder]
        pin = (lambda: os.sched_setaffinity(0, core)) if core else None
        subprocess.run(command, check=True, capture_output=True, preexec_fn=pin)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, cpu_s, after.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    measure(WORLDS[0][0])
    for source, asked_s in WORLDS:
        wall, cpu, peak = zip(*(measure(source) for _ in range(runs)), strict=True)
        row = {"world": source, "wall_s": min(wall), "cpu_s": statistics.median(cpu), "peak_mib": max(peak)}
        row |= {"asked_s": asked_s, "reached": None if asked_s is None else min(wall) <= asked_s}
        print(json.dumps({key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}))


if __name__ == "__main__":
    main()
