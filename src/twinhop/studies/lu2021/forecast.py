"""How long a reproduction will take by the clock: compilation, training, evaluation and solvers, in so many processes.

Of every kind of unit the largest setting is tried, and what was measured is kept; what others take follows from their
work beside it. Where a unit of the same kind, setting and length is finished already, it says how long the next takes.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from twinhop.io.json_text import read_json, write_json
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.unit import SOLVERS, TIMES, UNIT_S, Unit

RATES = "rates"
S_PER_H = 3600.0
#: What does not grow with the work, as a share of what the largest setting takes: of an iteration, of the rest. Of
#: Algorithm 1 from (20, 3) to (100, 10) the work grows fiftyfold, iterations fifteenfold and evaluations threefold.
FIXED_ITERATION, FIXED_REST = 0.05, 0.3
#: What is left of compiling where another process, or the measurement, has kept the machine code in the folder.
KEPT_CODE = 0.5
#: Until a process has imported what it needs; until figures and claims are written [s].
PROCESS_S, REPORT_S = 4.0, 6.0


class Rates(NamedTuple):
    """What a unit of a kind takes in a setting [s]."""

    start: float
    """once in a process: compilation"""
    begin: float
    """before the first iteration: its world, and the slots on which it is judged"""
    iteration: float
    """of training"""
    evaluation: float
    """of the policy while it trains; of solvers, of an episode"""
    end: float
    """all ways of decoding, and times of decisions"""

    def unit_s(self, unit: Unit) -> float:
        """Seconds of a unit, without what is compiled.

        >>> Rates(9, 1, 0.1, 2, 3).unit_s(Unit("literal", Setting(80, 5), 0, 100, 50, 4))
        20.0
        """
        if unit.kind == SOLVERS:
            return self.begin + self.evaluation * unit.episodes
        evaluations = 1 + unit.iterations // unit.every
        return self.begin + self.iteration * unit.iterations + self.evaluation * evaluations + self.end

    def scaled(self, share: float) -> Rates:
        """Those of a setting with so much of the work.

        >>> Rates(9, 1, 0.1, 2, 3).scaled(1.0) == Rates(9, 1, 0.1, 2, 3)
        True
        """
        iteration, rest = (fixed + (1.0 - fixed) * share for fixed in (FIXED_ITERATION, FIXED_REST))
        return Rates(self.start, self.begin * rest, self.iteration * iteration, self.evaluation * rest, self.end * rest)


def expected_hours(units: Sequence[Unit], root: Path, processes: int) -> float:
    """Hours by the clock until all units are done and the report is written.

    Args:
        units: those that are left, in the order in which they are done.
        root: folder that keeps runs, and what was measured.
        processes: how many at a time.
    """
    if not units:
        return 0.0
    shapes = [(unit.kind, unit.setting) for unit in units]
    kept = {shape for shape in shapes if _rates_path(*shape, root).exists()}
    rates = {kind: _rates_by_setting(kind, units, root) for kind in sorted({unit.kind for unit in units})}
    measured = {shape for shape in shapes if _rates_path(*shape, root).exists()} - kept
    seconds = [(_finished_s(unit, root) or rates[unit.kind][unit.setting].unit_s(unit)) for unit in units]
    starts = [rates[unit.kind][unit.setting].start for unit in units]
    return (makespan_s(seconds, starts, shapes, processes, kept, measured) + REPORT_S) / S_PER_H


def makespan_s(
    seconds: Sequence[float],
    starts: Sequence[float],
    shapes: Sequence[Any],
    processes: int,
    kept: Collection[Any] = (),
    measured: Collection[Any] = (),
) -> float:
    """Seconds until the last unit ends, where each goes to the process that is free first.

    Args:
        seconds: of each unit.
        starts: what compiling takes besides, once in a process for all units of a shape [s].
        shapes: of each unit.
        processes: how many there are.
        kept: shapes whose machine code an earlier run has kept.
        measured: shapes that this process has compiled to measure them; the only process compiles them no more.

    >>> makespan_s([10.0, 10.0, 10.0], [5.0, 5.0, 5.0], "aaa", 1)
    35.0
    """
    several = processes > 1 and len(seconds) > 1
    free: list[tuple[float, int]] = [(PROCESS_S if several else 0.0, at) for at in range(processes if several else 1)]
    known: list[set[Any]] = [set() if several else set(measured) for _ in free]
    in_folder = {*kept, *measured}
    for each_s, start_s, shape in zip(seconds, starts, shapes, strict=True):
        at_s, process = heapq.heappop(free)
        if shape not in known[process]:
            at_s += start_s * (KEPT_CODE if shape in in_folder else 1.0)
        known[process].add(shape)
        in_folder.add(shape)
        heapq.heappush(free, (at_s + each_s, process))
    return max(at_s for at_s, _ in free)


def work(kind: str, setting: Setting) -> int:
    """What the time of an iteration grows by, about.

    Formula: M N links; of flat states, M actors and critics that see ``3 M N + N + 3 M`` numbers, and the latter all
    ``M (N + 1)`` of the joint action.

    >>> work("structured", Setting(100, 10)), work("literal", Setting(100, 10))
    (1000, 41400)
    """
    users, stations = setting
    if kind in (SOLVERS, "structured"):
        return stations * users
    return stations * (3 * stations * users + users + 3 * stations + stations * (users + 1))


def _rates_by_setting(kind: str, units: Sequence[Unit], root: Path) -> dict[Setting, Rates]:
    """Of every setting of a kind: of the largest one as measured."""
    own = [unit for unit in units if unit.kind == kind]
    largest = max(own, key=lambda unit: work(kind, unit.setting))
    rates, most = _rates(largest, root), work(kind, largest.setting)
    return {unit.setting: rates.scaled(work(kind, unit.setting) / most) for unit in own}


def _rates_path(kind: str, setting: Setting, root: Path) -> Path:
    return root / RATES / f"{kind}-{setting.name}.json"


def _rates(unit: Unit, root: Path) -> Rates:
    """As the folder keeps them, or measured now."""
    path = _rates_path(unit.kind, unit.setting, root)
    there = read_json(path) if path.exists() else None
    if isinstance(there, dict) and there.keys() == set(Rates._fields):
        return Rates(**there)
    rates = _measured_solvers(unit) if unit.kind == SOLVERS else _measured_training(unit, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {name: round(value, 6) for name, value in rates._asdict().items()})
    return rates


def _measured_solvers(unit: Unit) -> Rates:
    """One episode, twice: the first time compiles what solvers need."""
    from twinhop.studies.lu2021.solving import do_solvers

    one = replace(unit, episodes=1)
    first, again = _seconds(lambda: do_solvers(one)), _seconds(lambda: do_solvers(one))
    return Rates(max(0.0, first - again), 0.0, 0.0, again, 0.0)


def _measured_training(unit: Unit, root: Path) -> Rates:
    """A piece of a run, two evaluations and its end, each twice: the first time compiles."""
    from twinhop.studies.lu2021.training import PIECE, Trial

    def tried() -> list[float]:
        trial: list[Trial] = []
        begin = _seconds(lambda: trial.append(Trial(unit, root / RATES / "none")))
        return [begin, *(_seconds(step) for step in (trial[0].judge, trial[0].piece, trial[0].end))]

    first, again = tried(), tried()
    begin, evaluation, piece, end = again
    return Rates(max(0.0, sum(first) - sum(again)), begin, piece / PIECE, evaluation, end)


def _seconds(do: Any) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _finished_s(unit: Unit, root: Path) -> float | None:
    """How long finished units of the same kind, setting and length took, in the median; None: there are none."""
    took = []
    for path in sorted(unit.path(root).parent.glob("seed-*.json")):
        result: dict[str, Any] = read_json(path)
        seconds = result.get(TIMES, {}).get(UNIT_S)
        if seconds and result["unit"]["iterations"] == unit.iterations and result["unit"]["episodes"] == unit.episodes:
            took.append(float(seconds))
    return median(took) if took else None
