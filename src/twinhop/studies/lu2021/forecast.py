"""How long a reproduction will take: measured seconds an iteration, times what is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinhop.io.json_text import read_json, write_json
from twinhop.studies.lu2021.setting import Setting, scenario_of
from twinhop.studies.lu2021.training import PIECE
from twinhop.studies.lu2021.unit import SOLVERS, Unit

RATES = "rates"
S_PER_H = 3600.0


def expected_hours(units: Sequence[Unit], root: Path, processes: int) -> float:
    """Hours of training, in so many processes; compilation, evaluation and solvers are left out.

    Of every algorithm the largest setting is measured, and the others by how much work they are beside it.

    Args:
        units: those that are left.
        root: folder that keeps runs, and what was measured.
        processes: how many at a time.
    """
    seconds = 0.0
    for kind in sorted({unit.kind for unit in units} - {SOLVERS}):
        own = [unit for unit in units if unit.kind == kind]
        largest = max(own, key=lambda unit: work(unit.kind, unit.setting))
        rate = seconds_an_iteration(largest, root) / work(kind, largest.setting)
        seconds += sum(rate * work(kind, unit.setting) * unit.iterations for unit in own)
    return seconds / processes / S_PER_H


def work(kind: str, setting: Setting) -> int:
    """What an iteration is proportional to, about.

    Formula: M N links; of flat states, M actors and critics that see ``3 M N + N + 3 M`` numbers, and the latter all
    ``M (N + 1)`` of the joint action.

    >>> work("structured", Setting(100, 10)), work("literal", Setting(100, 10))
    (1000, 41400)
    """
    users, stations = setting
    if kind == "structured":
        return stations * users
    return stations * (3 * stations * users + users + 3 * stations + stations * (users + 1))


def seconds_an_iteration(unit: Unit, root: Path) -> float:
    """Measured by the clock: in a finished run of the same kind and setting, or else in a few iterations now.

    Args:
        unit: of training.
        root: folder that keeps runs, and what was measured.
    """
    for path in sorted(unit.path(root).parent.glob("seed-*.json")):
        run: dict[str, Any] = read_json(path)
        if run["times"]["wall_s"][-1] > 0:
            return run["times"]["wall_s"][-1] / run["iteration"][-1]
    path = root / RATES / f"{unit.kind}-{unit.setting.name}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"seconds_an_iteration": _measured(unit)})
    return float(read_json(path)["seconds_an_iteration"])


def _measured(unit: Unit) -> float:
    from twinhop.env.core import params_of
    from twinhop.learn.learners import make_learner
    from twinhop.learn.measured_run import MeasuredRun

    params = params_of(scenario_of(unit.setting, unit.world_seed))
    learner = make_learner(unit.kind, params, unit.iterations)
    return MeasuredRun(learner.algorithm, learner.source, unit.seed, PIECE).go_on(PIECE).wall_s / PIECE
