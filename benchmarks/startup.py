"""Whole-process times of the command line; one JSON line a command.

    python benchmarks/startup.py [--runs 7]

Each command runs once to warm file and compilation caches, then ``--runs`` times.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ((("--help",), 0.4), (("plan", "lu2021-n100-m10"), 2.5), (("plan", "lu2021-n100-m10", "--json"), 2.5))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    program = Path(sys.executable).with_name("twinhop")
    for command, asked in COMMANDS:
        times = []
        for _ in range(runs + 1):
            started = time.perf_counter()
            subprocess.run([program, *command], check=True, capture_output=True)
            times.append(time.perf_counter() - started)
        warm = times[1:]
        row = {"command": " ".join(("twinhop", *command)), "min_s": min(warm), "median_s": statistics.median(warm)}
        row |= {"max_s": max(warm), "asked_s": asked, "reached": statistics.median(warm) <= asked}
        print(json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}))


if __name__ == "__main__":
    main()
