"""Whether two checkouts of twinhop answer the same: one list of commands, their JSON compared byte for byte.

    python benchmarks/same_answers.py --against OTHER [--only plan,compare] [--quick] [--rtol 1e-12 --atol 1e-12]
    python benchmarks/same_answers.py --checkout OTHER --record FOLDER
    python benchmarks/same_answers.py --reference FOLDER

Each checkout runs its own ``.venv/bin/twinhop`` in a temporary folder of its own. ``--record`` writes the answers of
``--checkout`` (this one, if not given) into a folder, a file a command; ``--reference`` compares with such a folder in
place of running the other checkout. What a machine's clock says (`TIMES`) is dropped, and the checkout's own path is
replaced; all else must be the same, the kind of every number included, unless ``--rtol`` or ``--atol`` accept floats
that are close. Exits with 1 and prints the JSON paths that differ if any do, with 2 if a command of the list fails in
the reference.
"""

import argparse
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
#: Fields that are times of a machine, wherever they stand.
TIMES = frozenset({"seconds", "decision_ms", "decision_ms_p50", "decision_ms_p95", "compiled_s"})
#: Options that have another name since 0.1.0: tried where a checkout does not know the old one.
RENAMED = {"--instances": "--seeds", "--model": "--behaviour"}
#: XLA compiles in a third of the time without optimisation; both sides are compiled alike.
XLA_FLAGS = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
#: How many JSON paths of a command are printed.
MOST_PATHS = 8

SERVICES = """\
schema_version: 1
name: rush
stations: {generate: {count: 5}}
users: {generate: {count: 40}, classes: [{name: car, share: 0.5}]}
cloud: {name: mbs, latency_ms: 12, cpu_gcycles_per_s: 300}
services:
  - {name: heat, members: {where: 'update_mbit > 0.3'}, extracted_mbit: 0.02, work_gcycles: 30}
  - name: crossing
    members: {classes: [car], polygon_m: [[0, 0], [1500, 0], [1500, 1500], [0, 1500]]}
    extracted_mbit: 0.01
    work_gcycles: 0.02
    period_s: 0.2
    deadline_ms: 11
  - {name: magic, members: {ids: [u1, u2]}, extracted_mbit: 0.01, work_gcycles: 30, deadline_ms: 20}
"""
TRAINING = """\
schema_version: 1
name: tiny
scenario: family(6, 3)
iterations: 2
environments: 2
structured: {node_width: 4, edge_width: 2, critic_edge_width: 2, critic_station_width: 4, rounds: 0,
  critic_updates: 1, critic_only_iterations: 0, replay_slots: 4}
"""
PRINTED = """\
schema_version: 1
name: printed
algorithm: literal
scenario: family(6, 3)
topologies: fixed
iterations: 2
evaluation: {every: 1, instances: 1}
literal: {hidden: [4], slots: 3, replay: 3, batch: 2}
"""
#: Files that the commands read, written into each temporary folder.
FILES = {"services.yaml": SERVICES, "training.yaml": TRAINING, "printed.yaml": PRINTED}

FILE_PRESETS = (
    "city-small",
    "lu2021-n100-m10",
    "lu2021-n100-m5",
    "lu2021-n80-m10",
    "lu2021-n80-m5",
    "proto-n100-m10",
)
FAMILY = (
    "family(7, 3)",
    "family(30, 5)",
    "family(100, 10)",
    "family(100, 10, capacity=11)",
    "family(100, 10, capacity=15)",
    "family(60, 8, deadlines=on)",
    "family(100, 10, capacity=15, deadlines=on)",
)
TASKS = (
    "bench-place-lu2021-n100-m10",
    "bench-place-n100-m10-rayleigh",
    "bench-place-n100-m10-tight",
    "bench-place-n120-m12-graph",
    "bench-place-n150-m16-umi",
    "bench-place-n20-m4",
    "bench-place-n200-m15-cloud",
    "bench-place-n200-m20-uma",
    "bench-place-n300-m20-deadlines",
    "bench-place-n500-m30-crowds",
)
MOVING = (
    "bench-move-lu2021-n100-m10",
    "bench-move-n100-m10-churn",
    "bench-move-n100-m12-commute",
    "bench-move-n20-m4-waypoint",
    "bench-move-n300-m25-uma",
    "bench-move-n40-m8-manhattan",
    "bench-move-n60-m10-deadlines",
    "bench-move-n60-m8-cpu",
    "bench-move-n60-m8-tight",
    "bench-move-n80-m10-failures",
    "bench-move-n80-m9-graph",
)
POLICIES = "stay,follow_nearest,expected,hysteresis,utility_literal,utility,replan,myopic,lookahead,mdp_threshold"
#: Far more than any bound of the list needs, so that no answer hangs on how busy the machine is [s].
NO_LIMIT = ("--time-limit", "3600")
CHEAP = "nearest,random,random_association,least_loaded"


@dataclass(frozen=True)
class Command:
    """One command of the list.

    Args:
        group: what `--only` names.
        args: what follows `twinhop`.
        quick: whether `--quick` runs it.
        reads: a JSON file that is the answer, in place of standard output; relative to the temporary folder.
    """

    group: str
    args: tuple[str, ...]
    quick: bool = False
    reads: str | None = None

    @property
    def name(self) -> str:
        """The command as one types it."""
        return " ".join(f"'{arg}'" if " " in arg else arg for arg in self.args)

    @property
    def file_name(self) -> str:
        """Name of the file that keeps its answer."""
        return re.sub(r"[^A-Za-z0-9.=]+", "-", " ".join(self.args)).strip("-")[:150] + ".json"


@dataclass
class Answer:
    """What a command answered: exit status, and its JSON, or its lines where it prints no JSON."""

    status: int
    out: Any
    error: str = ""


@dataclass
class Differences:
    """Where two answers differ, and by how much floats do."""

    paths: list[str] = field(default_factory=list)
    largest: float = 0.0
    largest_path: str = ""


def commands() -> list[Command]:
    """The whole list, in the order in which it runs: a command may read what an earlier one wrote."""
    return [*_plans(), *_comparisons(), *_operating(), *_simulations(), *_worlds(), *_learning(), *_twins()]


def _plans() -> Iterator[Command]:
    for source in (*FILE_PRESETS, *FAMILY, *TASKS, "services.yaml"):
        quick = source in ("city-small", "lu2021-n80-m5", "proto-n100-m10", "family(100, 10, capacity=11)")
        yield Command("plan", ("plan", source, "--json"), quick or source == "services.yaml")
    for source in ("bench-place-n1000-m50", "city-large"):
        yield Command("plan", ("plan", source, "--json"))
    for source in ("family(60, 8, deadlines=on)", "lu2021-n80-m5", "family(30, 5)"):
        yield Command("plan", ("plan", source, "--seed", "1003", "--json"))
    yield Command("plan", ("plan", "family(40, 6, capacity=8)", "--gap", "0", "--json"), True)
    yield Command("plan", ("plan", "family(20, 4, deadlines=on)", "--gap", "0", "--json"))
    yield Command("plan", ("plan", "family(20, 4, capacity=6)", "--policy", "exact", "--json"))
    for policy in (*CHEAP.split(","), "greedy", "local_search", "maddpg"):
        yield Command("plan", ("plan", "lu2021-n80-m5", "--policy", policy, "--json"))


def _comparisons() -> Iterator[Command]:
    for source in ("city-small", "lu2021-n80-m5", "lu2021-n100-m10", "proto-n100-m10", *FAMILY[1:]):
        yield Command("compare", ("compare", source, "--json"), source in ("lu2021-n80-m5", "family(30, 5)"))
    for source in (*TASKS[:8], "services.yaml"):
        yield Command("compare", ("compare", source, "--policies", CHEAP + ",greedy", "--json"))


def _operating() -> Iterator[Command]:
    for source, user in (("city-small", "u12"), ("family(60, 8, deadlines=on)", "u3"), ("lu2021-n80-m5", "u1")):
        yield Command("explain", ("explain", source, user, "--json"), source == "lu2021-n80-m5")
    for source in ("lu2021-n80-m5", "family(40, 6, capacity=9)", "family(30, 5, deadlines=on)"):
        yield Command("tradeoff", ("tradeoff", source, "--json"), source == "lu2021-n80-m5")
    for source in ("city-small", "family(60, 8, deadlines=on)"):
        yield Command(
            "robustness", ("robustness", source, "--load", "20", "--samples", "50", "--json"), source == "city-small"
        )
    for source, stations in (("city-small", "b4,b13"), ("lu2021-n80-m5", "b1"), ("services.yaml", "b2")):
        yield Command("without", ("plan", source, "--without", stations, "--json"), source == "lu2021-n80-m5")
    for source, folder in (("lu2021-n80-m5", "old-lu"), ("family(60, 8, deadlines=on)", "old-family")):
        quick = source == "lu2021-n80-m5"
        old = f"{folder}/placement.json"
        yield Command("from", ("plan", source, "--policy", "nearest", "--out", folder), quick, old)
        yield Command("from", ("plan", source, "--from", old, "--json"), quick)
        yield Command("from", ("plan", source, "--from", old, "--move-cost", "0.01", "--json"))
        yield Command("from", ("explain", source, "u2", "--from", old, "--json"))
        yield Command("from", ("robustness", source, "--load", "10", "--from", old, "--samples", "20", "--json"))
    for source in ("city-large", "lu2021-n80-m5", *FAMILY[-2:], *TASKS[3:5], *TASKS[6:8], MOVING[-1]):
        yield Command("describe", ("scenario", "describe", source, "--json"), source == "city-large")
    for source in ("city-small", "bench-move-n80-m9-graph", "services.yaml"):
        yield Command("describe", ("scenario", "show", source, "--json"))


def _simulations() -> Iterator[Command]:
    for source in MOVING:
        slots = "2" if source == "bench-move-n300-m25-uma" else "5"
        args = ("simulate", source, "--policies", POLICIES, "--slots", slots, "--bound", *NO_LIMIT, "--json")
        yield Command("simulate", args, source == "bench-move-n20-m4-waypoint")
    for source in ("city-small", "lu2021-n80-m5", "family(30, 5)", "family(20, 4, deadlines=on)"):
        yield Command(
            "simulate", ("simulate", source, "--slots", "8", "--bound", *NO_LIMIT, "--json"), source == "family(30, 5)"
        )
    learned = ("simulate", "lu2021-n80-m5", "--policies", "maddpg,stay", "--slots", "5", "--seeds", "2", "--jobs", "1")
    yield Command("simulate", (*learned, "--json"))
    yield Command("benchmark", ("benchmark", "--quick", "--jobs", "1", "--json"))


def _worlds() -> Iterator[Command]:
    for source in ("city-small", "bench-move-n80-m10-failures", "bench-move-n100-m10-churn"):
        yield Command("world", ("world", source, "--slots", "20", "--json"), source == "city-small")


def _learning() -> Iterator[Command]:
    yield Command("evaluate", ("evaluate", "maddpg", "lu2021-n80-m5", "--instances", "2", "--json"), True)
    others = ("lu2021-n100-m10", "family(30, 5)", "family(20, 4, deadlines=on)", "--polish", "2")
    yield Command("evaluate", ("evaluate", "maddpg", *others, "--instances", "2", "--json"))
    yield Command("train", ("train", "training.yaml", "--out", "trained", "--json"))
    yield Command("train", ("evaluate", "trained", "family(7, 3)", "--instances", "2", "--decode", "argmax", "--json"))
    yield Command("train", ("train", "printed.yaml", "--out", "printed", "--json"))


def _twins() -> Iterator[Command]:
    replay = ("--users", "4", "--seconds", "120", "--json")
    yield Command("twin", ("twin", "replay", "gauss_markov", *replay), True)
    yield Command("twin", ("twin", "replay", "manhattan", "--model", "constant_acceleration", *replay))


def run(checkout: Path, folder: Path, command: Command) -> Answer:
    """Runs a command of a checkout in a folder.

    Returns:
        Its answer, without times and without the paths of either.
    """
    program = checkout / ".venv" / "bin" / "twinhop"
    environment = {**os.environ, "COLUMNS": "100", "XLA_FLAGS": XLA_FLAGS}

    def ended(args: Iterable[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *args], cwd=folder, capture_output=True, text=True, check=False, env=environment
        )

    done = ended(command.args)
    if done.returncode and "No such option" in done.stderr:
        done = ended(RENAMED.get(word, word) for word in command.args)

    def plain(text: str) -> str:
        return text.replace(str(folder), "FOLDER").replace(str(checkout), "CHECKOUT")

    if done.returncode:
        return Answer(done.returncode, None, plain(done.stderr))
    text = done.stdout if command.reads is None else (folder / command.reads).read_text(encoding="utf-8")
    try:
        return Answer(0, without_times(json.loads(plain(text))))
    except json.JSONDecodeError:
        return Answer(0, [_lines(plain(line)) for line in text.splitlines()])


def _lines(line: str) -> Any:
    """A line of JSON without times, or the text itself."""
    try:
        return without_times(json.loads(line))
    except json.JSONDecodeError:
        return line


def without_times(value: Any) -> Any:
    """The same JSON without the fields in `TIMES`."""
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in TIMES}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def compare(old: Any, new: Any, rtol: float, atol: float) -> Differences:
    """Where two JSON values differ: kinds, fields and their order, lengths, and values.

    Floats count as the same if they are, or if they are closer than ``rtol`` relatively or ``atol`` absolutely.
    """
    differences = Differences()
    _compare(old, new, "$", (rtol, atol), differences)
    return differences


def _compare(old: Any, new: Any, path: str, tolerances: tuple[float, float], into: Differences) -> None:
    if type(old) is not type(new):
        into.paths.append(f"{path}: {_short(old)} -> {_short(new)}")
    elif isinstance(old, dict):
        if list(old) != list(new):
            gone, more = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
            into.paths.append(f"{path}: fields gone {gone}, new {more}" if gone or more else f"{path}: order of fields")
        for key in old.keys() & new.keys():
            _compare(old[key], new[key], f"{path}.{key}", tolerances, into)
    elif isinstance(old, list):
        if len(old) != len(new):
            into.paths.append(f"{path}: {len(old)} -> {len(new)} entries")
        for k, (before, after) in enumerate(zip(old, new, strict=False)):
            _compare(before, after, f"{path}[{k}]", tolerances, into)
    elif isinstance(old, float):
        _compare_floats(old, new, path, tolerances, into)
    elif old != new:
        into.paths.append(f"{path}: {_short(old)} -> {_short(new)}")


def _compare_floats(old: float, new: float, path: str, tolerances: tuple[float, float], into: Differences) -> None:
    if old == new or (math.isnan(old) and math.isnan(new)):
        return
    relative = abs(new - old) / max(abs(old), abs(new))
    if math.isnan(relative):
        relative = math.inf
    if relative > into.largest:
        into.largest, into.largest_path = relative, path
    rtol, atol = tolerances
    if not (relative <= rtol or abs(new - old) <= atol):
        into.paths.append(f"{path}: {old!r} -> {new!r}")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Source:
    """Answers of a checkout, which run, or of a folder, which were recorded."""

    def __init__(self, checkout: Path | None, recorded: Path | None, folder: Path) -> None:
        self.checkout, self.recorded, self.folder = checkout, recorded, folder
        self.cpu_s = 0.0
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text, encoding="utf-8")

    def answer(self, command: Command) -> Answer | None:
        """The answer to a command; None if it was not recorded."""
        if self.recorded is not None:
            path = self.recorded / command.file_name
            if not path.exists():
                return None
            kept = json.loads(path.read_text(encoding="utf-8"))
            return Answer(kept["status"], kept["out"], kept["error"])
        assert self.checkout is not None
        before = _children_s()
        answer = run(self.checkout, self.folder, command)
        self.cpu_s += _children_s() - before
        return answer


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def record(source: Source, chosen: list[Command], folder: Path) -> int:
    """Writes the answers of a checkout into a folder; returns how many commands failed."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for command in chosen:
        started = time.perf_counter()
        answer = source.answer(command)
        assert answer is not None
        failed += answer.status != 0
        kept = {"command": command.name, "status": answer.status, "out": answer.out, "error": answer.error}
        (folder / command.file_name).write_text(json.dumps(kept) + "\n", encoding="utf-8")
        print(f"{time.perf_counter() - started:6.1f} s  status {answer.status}  {command.name}", flush=True)
        if answer.status:
            print(answer.error, flush=True)
    print(f"recorded {len(chosen)} answers, {failed} of failures, {source.cpu_s:.0f} s of CPU: {folder}")
    return 2 if failed else 0


def check(old: Source, new: Source, chosen: list[Command], rtol: float, atol: float) -> int:
    """Compares two sources command by command; returns the exit status."""
    differing, failed, largest = [], 0, Differences()
    for command in chosen:
        before, after = old.answer(command), new.answer(command)
        assert after is not None
        if before is None:
            differing.append(command)
            print(f"MISSING  {command.name}\n    not among the recorded answers", flush=True)
            continue
        if before.status:
            failed += 1
            print(f"FAILED   {command.name}\n    status {before.status}: {before.error.strip()}", flush=True)
        differences = compare(vars(before), vars(after), rtol, atol)
        if differences.largest > largest.largest:
            largest = Differences([], differences.largest, f"{command.name}: {differences.largest_path}")
        if differences.paths:
            differing.append(command)
        _tell(command, differences)
    times = ", ".join(f"{side} {source.cpu_s:.0f} s" for side, source in (("old", old), ("new", new)))
    print(f"{len(chosen)} commands, {len(differing)} differ, {failed} fail in the reference; CPU {times}")
    if largest.largest:
        print(f"largest relative difference {largest.largest:.3g}, at {largest.largest_path}")
    for command in differing:
        print(f"differs: {command.name}")
    return 1 if differing else 2 if failed else 0


def _tell(command: Command, differences: Differences) -> None:
    close = f" (floats differ by {differences.largest:.3g} at most)" if differences.largest else ""
    print(f"{'DIFFERS' if differences.paths else 'same   '}  {command.name}{close}", flush=True)
    for path in differences.paths[:MOST_PATHS]:
        print(f"    {path}")
    if len(differences.paths) > MOST_PATHS:
        print(f"    and {len(differences.paths) - MOST_PATHS} more")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--against", type=Path, metavar="CHECKOUT", help="the checkout that gives the reference")
    what.add_argument("--reference", type=Path, metavar="FOLDER", help="answers recorded before")
    what.add_argument("--record", type=Path, metavar="FOLDER", help="write the answers of --checkout here")
    what.add_argument("--list", action="store_true", help="print the commands")
    parser.add_argument("--checkout", type=Path, default=HERE, help="the checkout that is looked at; this one")
    parser.add_argument("--only", default="", help="groups of commands, separated by commas")
    parser.add_argument("--quick", action="store_true", help="a few commands of most groups")
    parser.add_argument("--rtol", type=float, default=0.0, help="relative difference of floats that is accepted")
    parser.add_argument("--atol", type=float, default=0.0, help="absolute difference of floats that is accepted")
    return parser


def main() -> int:
    """Runs what the command line asks for; returns the exit status."""
    parser = _options()
    options = parser.parse_args()
    only = {group for group in options.only.split(",") if group}
    groups = {command.group for command in commands()}
    if only - groups:
        parser.error(f"--only: {', '.join(sorted(only - groups))}: expected some of {', '.join(sorted(groups))}")
    for checkout in (options.checkout, options.against):
        if checkout is not None and not (checkout / ".venv" / "bin" / "twinhop").exists():
            parser.error(f"{checkout}: expected a checkout with .venv/bin/twinhop (make setup)")
    if options.reference is not None and not options.reference.is_dir():
        parser.error(f"--reference: {options.reference}: not a folder")
    chosen = [
        command
        for command in commands()
        if (not only or command.group in only) and (command.quick or not options.quick)
    ]
    if options.list:
        print(*(f"{command.group:11} twinhop {command.name}" for command in chosen), sep="\n")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        new = Source(options.checkout.resolve(), None, folder / "new")
        if options.record is not None:
            return record(new, chosen, options.record)
        against = None if options.against is None else options.against.resolve()
        old = Source(against, options.reference, folder / "old")
        return check(old, new, chosen, options.rtol, options.atol)


if __name__ == "__main__":
    sys.exit(main())
