"""The certified offline bound of a run, and the best plan found with full knowledge of the future."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.experiments.simulation_folder import read_json, write_json
from twinhop.migration.run import MigrationRun


@dataclass(frozen=True)
class OfflineResult:
    """What full knowledge of the future could have made of a run.

    Attributes:
        seed: root seed of the world.
        plan: cost of the best offline plan found; None where none was found that keeps capacities and deadlines [s].
        bound: no plan that keeps them costs less; None where it is proved that there is none [s].
        gap: plan / bound - 1, or None.
        exact: whether all plans were looked at.
        terms: of the plan's cost [s].
        migrations: its moves.
    """

    seed: int
    plan: float | None
    bound: float | None
    gap: float | None
    exact: bool
    terms: dict[str, float]
    migrations: int

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def offline_result(run: MigrationRun, time_limit_s: float, path: Path | None) -> OfflineResult:
    """Bound a run.

    Args:
        run: the world of a seed.
        time_limit_s: wall-clock limit [s].
        path: the file that keeps it; None: none does.

    Raises:
        InputError: the run has no feasible plan, or the file cannot be written.
    """
    from twinhop.migration.offline import offline
    from twinhop.migration.run_problem import run_problem

    answer = offline(run_problem(run), time_limit_s=time_limit_s, seed=run.scenario.seed)
    cost = answer.cost
    found = OfflineResult(
        seed=run.scenario.seed,
        plan=None if cost.violations else float(cost.cost),
        bound=_finite(answer.bound),
        gap=_finite(answer.gap),
        exact=bool(answer.exact),
        terms={
            "communication": float(cost.communication_s),
            "computing": float(cost.computing_s),
            "moves": float(cost.moves_s),
            "opening": float(cost.opening_s),
            "energy": float(cost.energy),
        },
        migrations=int(cost.moves),
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, found.to_json())
    return found


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def read_offline(path: Path) -> OfflineResult | None:
    """What was found before; None where nothing was.

    Raises:
        InputError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        return OfflineResult(**read_json(path))
    except TypeError:
        raise InputError(f"{path}: is not an offline bound; delete it") from None
