"""Processor time of commands in two checkouts, interleaved in pairs; one JSON line a command.

    python benchmarks/cpu_beside.py --against OTHER [--pairs 15] [--cold]

Each checkout runs its own ``.venv/bin/twinhop``, in turns, so that a machine that slows down slows both. `ratio` is the
median over pairs of this checkout's user and system time over that of the other one. Warm runs are preceded by one that
is thrown away; with ``--cold`` every run has an empty cache of compiled functions.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
WARM = (
    ("plan", "lu2021-n100-m10", "--json"),
    ("plan", "city-small", "--json"),
    ("plan", "family(120, 12, deadlines=on)", "--policy", "local_search", "--json"),
    ("simulate", "city-small", "--policies", "expected,myopic,utility", "--slots", "60", "--json"),
)
COLD = (("plan", "lu2021-n80-m5", "--json"), ("plan", "city-small", "--json"))


def cpu_s(checkout: Path, args: tuple[str, ...], cold: bool) -> float:
    """User and system time of a command [s]."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {"TWINHOP_CACHE_DIR": folder, "XDG_CACHE_HOME": folder} if cold else {}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = checkout / ".venv" / "bin" / "twinhop"
        subprocess.run([program, *args], env={**os.environ, **caches}, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, required=True, help="another checkout, with its .venv")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--cold", action="store_true", help="with an empty cache of compiled functions")
    options = parser.parse_args()
    other = options.against.resolve()
    for args in COLD if options.cold else WARM:
        if not options.cold:
            cpu_s(other, args, False)
            cpu_s(HERE, args, False)
        pairs = [(cpu_s(other, args, options.cold), cpu_s(HERE, args, options.cold)) for _ in range(options.pairs)]
        ratios = sorted(new / old for old, new in pairs)
        row = {
            "command": " ".join(args),
            "pairs": len(pairs),
            "ratio": round(statistics.median(ratios), 3),
            "least": round(ratios[0], 3),
            "most": round(ratios[-1], 3),
            "other_s": round(statistics.median(old for old, _ in pairs), 2),
            "this_s": round(statistics.median(new for _, new in pairs), 2),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
