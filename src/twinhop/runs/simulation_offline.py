"""The certified bounds of a run, on cost and on utility, and the best plan found with full knowledge of the future."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.io.json_text import read_json, write_json
from twinhop.migration.run import MigrationRun
from twinhop.runs.simulation_folder import TIMING

#: Fields of `OfflineResult` with a number a slot.
OF_SLOTS = ("slot_cost_s", "bound_so_far_s", "slot_bound_s")


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
        seconds: how long that took [s].
        slot_cost_s: (T,) what the plan costs in each slot [s].
        bound_so_far_s: (T,) no run that keeps capacities and deadlines costs less in the slots 0 to t together; empty
            of exact answers, and where the result was kept before there was one [s].
        slot_bound_s: (T,) none costs less in slot t; likewise [s].
        utility_bound: no run has a greater sum of utilities, mean over slots; None where no number holds it, or
            where the result was kept before there was one [1].
    """

    seed: int
    plan: float | None
    bound: float | None
    gap: float | None
    exact: bool
    terms: dict[str, float]
    migrations: int
    seconds: float
    slot_cost_s: tuple[float, ...] = field(default=(), repr=False)
    bound_so_far_s: tuple[float, ...] = field(default=(), repr=False)
    slot_bound_s: tuple[float, ...] = field(default=(), repr=False)
    utility_bound: float | None = None

    def to_json(self, *, times: bool = True) -> dict[str, Any]:
        """The fields by name, without the costs of single slots.

        Args:
            times: whether to include how long it took, which no two runs have in common.
        """
        left_out = {*OF_SLOTS} if times else {*OF_SLOTS, "seconds"}
        return {name: value for name, value in asdict(self).items() if name not in left_out}


def offline_result(run: MigrationRun, time_limit_s: float, path: Path | None, *, utility: bool = True) -> OfflineResult:
    """Bound a run.

    Args:
        run: the world of a seed.
        time_limit_s: wall-clock limit [s].
        path: the file that keeps it; None: none does.
        utility: whether utilities are bounded as well as costs.

    Raises:
        InputError: the run has no feasible plan, or the file cannot be written.
    """
    from twinhop.migration.offline import offline
    from twinhop.migration.run_problem import run_problem
    from twinhop.migration.utility_bound import utility_bound

    answer = offline(run_problem(run), time_limit_s=time_limit_s, seed=run.scenario.seed)
    cost = answer.cost
    result = OfflineResult(
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
        seconds=float(answer.seconds),
        slot_cost_s=tuple(cost.slot_cost_s.tolist()),
        bound_so_far_s=() if answer.slot_bounds is None else tuple(answer.slot_bounds.so_far_s.tolist()),
        slot_bound_s=() if answer.slot_bounds is None else tuple(answer.slot_bounds.slot_s.tolist()),
        utility_bound=utility_bound(run) if utility else None,
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path.with_name(TIMING), {"offline_s": result.seconds})
        write_json(path, {**result.to_json(times=False), **{name: getattr(result, name) for name in OF_SLOTS}})
    return result


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
        cached = read_json(path)
        seconds = read_json(path.with_name(TIMING))["offline_s"]
        of_slots = {name: tuple(cached[name]) for name in OF_SLOTS if name in cached or name == "slot_cost_s"}
        return OfflineResult(**{**cached, **of_slots}, seconds=seconds)
    except (TypeError, KeyError):
        raise InputError(f"{path}: is not an offline bound, or {TIMING} beside it is none; delete it") from None
