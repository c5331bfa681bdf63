"""Imports of floating car data by the program: whole-process time and the peak of memory; one JSON line a file.

    python benchmarks/traces.py [--runs 3] [--large]

The file of 100 vehicles over 600 s (7.7 MB) is that of the usual size of SUMO's examples; ``--large`` adds one of 1 GB,
for which the peak of memory counts. Files are written by this script, of the layout that SUMO writes, and removed.
``cpu_s`` is processor time, which a busy machine leaves alone, ``wall_s`` what a person waits.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ASKED_S, ASKED_MIB = 1.5, 1024
RECORD = (
    '        <vehicle id="veh{}" x="{:.2f}" y="{:.2f}" angle="{:.2f}" type="t" speed="{:.2f}" pos="{:.2f}" '
    'lane="A0B0_0" slope="0.00"/>\n'
)


def write_fcd(path, vehicles, seconds):
    """Vehicles on circles, in floating car data."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n\n<fcd-export>\n')
        for second in range(seconds):
            stream.write(f'    <timestep time="{second}.00">\n')
            for vehicle in range(vehicles):
                radius, turn = 100.0 + vehicle % 900, (second + 31 * vehicle) / 60.0
                x_m, y_m = 1000.0 + radius * math.cos(turn), 1000.0 + radius * math.sin(turn)
                stream.write(RECORD.format(vehicle, x_m, y_m, turn % 360.0, radius / 60.0, radius % 200.0))
            stream.write("    </timestep>\n")
        stream.write("</fcd-export>\n")


def measure(source, out):
    """Wall and processor seconds, and the peak of memory in MiB, of one import."""
    command = [sys.executable, "-m", "twinhop", "import", "trace", str(source), "--out", str(out), "--force"]
    command += ["--coordinates", "metres"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall_s, cpu_s, after.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="also 1 GB, in minutes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "fcd.xml", Path(folder) / "trace.parquet"
        for vehicles, seconds, runs in ((100, 600, asked.runs), *(((1000, 7800, 1),) if asked.large else ())):
            write_fcd(source, vehicles, seconds)
            wall, cpu, peak = zip(*(measure(source, out) for _ in range(runs)), strict=True)
            row = {"vehicles": vehicles, "seconds": seconds, "mb": round(source.stat().st_size / 1e6, 1)}
            row |= {
                "wall_s": round(min(wall), 2),
                "cpu_s": round(min(cpu), 2),
                "peak_mib": round(max(peak)),
                "out_mb": round(out.stat().st_size / 1e6, 1),
            }
            reached = min(wall) <= ASKED_S if vehicles == 100 else max(peak) <= ASKED_MIB
            print(json.dumps(row | {"reached": reached}), flush=True)


if __name__ == "__main__":
    main()
