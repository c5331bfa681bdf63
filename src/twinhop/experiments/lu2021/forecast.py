"""How long a reproduction will take: measured seconds an iteration, times what is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinhop.experiments.lu2021.setting import scenario_of
from twinhop.experiments.lu2021.training import PIECE
from twinhop.experiments.lu2021.unit import SOLVERS, Unit
from twinhop.experiments.simulation_folder import read_json, write_json

RATES = "rates"
S_PER_H = 3600.0


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
    from twinhop.learn.contenders import contender
    from twinhop.learn.measured_run import MeasuredRun

    params = params_of(scenario_of(unit.setting, unit.world_seed))
    made = contender(unit.kind, params, unit.iterations)
    return MeasuredRun(made.algorithm, made.source, unit.seed, PIECE).go_on(PIECE).wall_s / PIECE


def expected_hours(units: Sequence[Unit], root: Path, processes: int) -> float:
    """Hours of training, in so many processes, compilation left out.

    Args:
        units: those that are left.
        root: folder that keeps runs.
        processes: how many at a time.
    """
    trained = [unit for unit in units if unit.kind != SOLVERS]
    return sum(unit.iterations * seconds_an_iteration(unit, root) for unit in trained) / processes / S_PER_H
