"""Seconds and memory of reading, checking, describing, planning and writing scenarios of millions of users.

    python benchmarks/scale_input.py [--users 1000000] [--stations 1000] [--region city] [--candidates 32]
                                     [--time-limit 300] [--keep FOLDER]
    python benchmarks/scale_input.py --switch [--time-limit 60]

Each step is a process of its own, as from the command line: wall seconds, CPU seconds of all its threads, and the most
memory that it held (getrusage). One JSON line a step. The columns of the users' file, as float64, are said beside it.

`--switch` solves worlds of 5 to 80 million links with all of them and with the nearest 32 stations, for
`plans.sparse.WIDE_LINKS`: cost, bound, gap, seconds and memory of both.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = 5
#: Users and stations of the switch.
SWITCH = ((50_000, 100), (100_000, 200), (150_000, 300), (200_000, 400))
PROGRAM = [sys.executable, "-m", "twinhop"]


def measured(step: str, command: list[str]) -> dict:
    """One line of a step: what it took."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, error = _drained(process)
    _, status, usage = os.wait4(process.pid, 0)
    line = {
        "step": step,
        "wall_s": round(time.perf_counter() - started, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_gb": round(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9, 3),
        "rc": os.waitstatus_to_exitcode(status),
    }
    if line["rc"]:
        line["error"] = error.strip()[-300:]
    elif step.startswith("plan"):
        answer = json.loads(out)
        line |= {name: answer.get(name) for name in ("cost", "lower_bound", "gap", "seconds", "ended", "feasible")}
    return line


def _drained(process: subprocess.Popen) -> tuple[str, str]:
    assert process.stdout is not None and process.stderr is not None
    return process.stdout.read(), process.stderr.read()


def report(line: dict) -> None:
    print(json.dumps(line), flush=True)


def sizes(users: int, stations: int, region: str, candidates: int, limit_s: float, folder: Path) -> None:
    """All steps at one size."""
    size = {"users": users, "stations": stations, "region": region}
    scenario = folder / "scenario.yaml"
    options = ["--users", str(users), "--stations", str(stations), "--out", str(folder), "--force"]
    plan = ["plan", str(scenario), "--candidates", str(candidates), "--time-limit", str(limit_s), "--json"]
    steps = {
        "generate": ["scenario", "generate", region, *options],
        "check": ["scenario", "check", str(scenario)],
        "describe": ["scenario", "describe", str(scenario), "--json"],
        "plan and write": [*plan, "--out", str(folder / "plan")],
    }
    for step, arguments in steps.items():
        report(size | {"columns_gb": users * COLUMNS * 8 / 1e9} | measured(step, [*PROGRAM, *arguments]))
    written = {each.name: round(each.stat().st_size / 1e6, 1) for each in sorted((folder / "plan").glob("*"))}
    report(
        size | {"step": "files", "mb": written, "users_mb": round((folder / "users.parquet").stat().st_size / 1e6, 1)}
    )


def switch(limit_s: float, folder: Path) -> None:
    """All links beside the nearest stations."""
    for users, stations in SWITCH:
        source = folder / f"{users}"
        arguments = ["--users", str(users), "--stations", str(stations), "--out", str(source)]
        measured("generate", [*PROGRAM, "scenario", "generate", "city", *arguments])
        for name, scale in (("plan, all links", {"wide": True}), ("plan, nearest 32", {})):
            code = (
                "import twinhop.plans.sparse.case as case, twinhop.cli as cli, sys\n"
                + ("case.WIDE_LINKS = 10**12\n" if scale else "")
                + f"sys.argv = ['twinhop', 'plan', {str(source / 'scenario.yaml')!r}, '--json']\n"
                + f"sys.argv += ['--time-limit', '{limit_s:g}']\n"
                + ("" if scale else "sys.argv += ['--candidates', '32']\n")
                + "cli.main()"
            )
            line = measured(name, [sys.executable, "-c", code])
            report({"users": users, "stations": stations, "links": users * stations} | line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--region", default="city")
    parser.add_argument("--candidates", type=int, default=32)
    parser.add_argument("--time-limit", type=float, default=300.0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--switch", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        if options.switch:
            switch(options.time_limit, folder)
        else:
            arguments = options.users, options.stations, options.region, options.candidates, options.time_limit
            sizes(*arguments, folder)


if __name__ == "__main__":
    main()
