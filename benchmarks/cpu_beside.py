"""Processor time of two checkouts, interleaved in pairs; one JSON line a command, policy or case.

    python benchmarks/cpu_beside.py --against OTHER [--pairs 15] [--of commands|decisions|environment] [--cold]

Each checkout runs its own ``.venv``, in turns, so that a machine that slows down slows both. `ratio` is the median over
pairs of this checkout's processor time over that of the other one: of whole commands; of the runs of migration policies
over a generated city, world included and start left out; or of a step of the environment, by each checkout's own
`env_speed.py`. Warm runs are preceded by one that is thrown away; with ``--cold`` every command has an empty cache of
compiled functions.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
WARM = (
    ("plan", "lu2021-n100-m10", "--json"),
    ("plan", "city-small", "--json"),
    ("plan", "family(120, 12, deadlines=on)", "--policy", "local_search", "--json"),
    ("simulate", "city-small", "--policies", "expected,myopic,utility", "--slots", "60", "--json"),
)
COLD = (("plan", "lu2021-n80-m5", "--json"), ("plan", "city-small", "--json"))
CITY, SLOTS = "family(100, 10)", 100
POLICIES = ("stay", "follow_nearest", "hysteresis", "myopic", "lookahead", "expected")
#: Programs that do a thing once, so that everything is loaded, and then on the clock for every line that they read.
DECIDE = """
import sys, time
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.scenario import load_scenario

def seconds(slots):
    run = MigrationRun(load_scenario(sys.argv[1]), slots=slots)
    began_s = time.process_time()
    for _ in outcomes(run, policy_choice(sys.argv[2])):
        pass
    return time.process_time() - began_s

seconds(5)
for _ in sys.stdin:
    print(seconds(int(sys.argv[3])), flush=True)
"""
STEP = """
import sys, time
sys.path.insert(0, "benchmarks")
import env_speed

kept = []
env_speed.timed = lambda go, *numbers: go(env_speed.WARM_STEPS) or kept.append((go, *numbers))
env_speed.measured(sys.argv[1])
go, steps, environments = kept[-1]
for _ in sys.stdin:
    began_s = time.process_time()
    go(steps)
    print((time.process_time() - began_s) / (steps * environments), flush=True)
"""
CASES = ("single placement", "single migration", "vmap placement", "vmap migration")


def cpu_s(checkout: Path, args: tuple[str, ...], cold: bool) -> float:
    """User and system time of a command [s]."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {"TWINHOP_CACHE_DIR": folder, "XDG_CACHE_HOME": folder} if cold else {}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = checkout / ".venv" / "bin" / "twinhop"
        subprocess.run([program, *args], env={**os.environ, **caches}, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Kept:
    """A program of a checkout that stays loaded, and says what it takes whenever it is asked [s]."""

    def __init__(self, checkout: Path, program: str, *args: str) -> None:
        """Start it; it waits to be asked."""
        command = [str(checkout / ".venv" / "bin" / "python"), "-c", program, *args]
        self._process = subprocess.Popen(
            command, cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self) -> float:
        """Ask it once."""
        print(file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def end(self) -> None:
        """Let it end."""
        self._process.communicate()


@contextlib.contextmanager
def both(other: Path, *program: str) -> Iterator[tuple[Callable[[], float], Callable[[], float]]]:
    """A program in both checkouts, the other one first."""
    kept = [Kept(checkout, *program) for checkout in (other, HERE)]
    try:
        yield kept[0], kept[1]
    finally:
        for each in kept:
            each.end()


def paired(what: str, other: Path, cold: bool) -> Iterator[tuple[str, Callable[[], float], Callable[[], float]]]:
    """What is measured, by its name in the output: in the other checkout, and in this one."""
    if what == "commands":
        for args in COLD if cold else WARM:
            yield " ".join(args), partial(cpu_s, other, args, cold), partial(cpu_s, HERE, args, cold)
    elif what == "decisions":
        for policy in POLICIES:
            with both(other, DECIDE, CITY, policy, str(SLOTS)) as two:
                yield f"{policy}, {SLOTS} slots of {CITY}", *two
    else:
        for case in CASES:
            with both(other, STEP, case) as two:
                yield f"a step of {case}", *two


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, required=True, help="another checkout, with its .venv")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--of", choices=("commands", "decisions", "environment"), default="commands")
    parser.add_argument("--cold", action="store_true", help="commands with an empty cache of compiled functions")
    options = parser.parse_args()
    other = options.against.resolve()
    for name, there_s, here_s in paired(options.of, other, options.cold):
        if not options.cold:
            there_s(), here_s()
        pairs = [(there_s(), here_s()) for _ in range(options.pairs)]
        ratios = sorted(new / old for old, new in pairs)
        row = {
            "command": name,
            "pairs": len(pairs),
            "ratio": round(statistics.median(ratios), 3),
            "least": round(ratios[0], 3),
            "most": round(ratios[-1], 3),
            "other_s": float(f"{statistics.median(old for old, _ in pairs):.3g}"),
            "this_s": float(f"{statistics.median(new for _, new in pairs):.3g}"),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
