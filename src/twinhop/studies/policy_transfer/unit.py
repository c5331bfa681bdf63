"""One run of the experiment: a seed learns along a trajectory, then goes on in every target, in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import read_json, write_json
from twinhop.scenario.schema.readings import Reading
from twinhop.studies.policy_transfer.shifts import SHIFTS, TRAJECTORIES, Network, Shift
from twinhop.studies.policy_transfer.worlds import JUDGED_FROM, Judged, bank, judged, varied

if TYPE_CHECKING:
    from twinhop.inference.instance import ProblemArrays


class Arm(NamedTuple):
    """What is taken over; see `learn.transfer.trials.Trials.begin`."""

    networks: float = 0.0
    share: float = 0.0
    rho: float = 0.0
    reading: Reading = "sound"
    varied: bool = False
    """whether prices varied where was learned before; see `worlds.varied`"""
    longer: int = 1
    """how many times as many updates there were"""


SCRATCH, ALGORITHM, LITERAL = "scratch", "Algorithm 2", "Algorithm 2, Eq. 34 as printed"
ARMS = {
    SCRATCH: Arm(0.0),
    "fine-tune": Arm(1.0),
    "replay only": Arm(0.0, 0.5),
    "weights only": Arm(1.0, 0.0, 0.05),
    ALGORITHM: Arm(1.0, 0.5, 0.05),
    "weights with ancestor": Arm(0.7, 0.0, 0.05),
    "varied sources": Arm(1.0, 0.0, 0.05, varied=True),
    "varied sources, Algorithm 2": Arm(1.0, 0.5, 0.05, varied=True),
}
PRINTED, PRINTED_IN = Arm(1.0, 0.5, 0.05, "literal"), "load"
LONGER, LONGER_IN = "varied sources, twice as long", ("dear", "wires", "both")
SOURCES = {
    (False, 1): "prices as they are",
    (True, 1): "varied prices",
    (True, 2): "varied prices, twice the updates",
}
"""How sources are called, by whether prices varied there, and how much longer was learned."""
DECAY, RECENCY = 0.9, 0.5
FIRST_RUN = 1000
"""Added to the seed of the run along a trajectory for those in targets."""
ENVIRONMENTS, CRITIC_ONLY, REPLAY_SLOTS = 4, 50, 256


@dataclass(frozen=True)
class Unit:
    """A seed on a trajectory, with all shifts that begin there.

    Attributes:
        trajectory: name of the networks learned in before.
        seed: of the runs.
        iterations: of a run in a target; along the trajectory half as many in each network.
        every: iterations between two judgements.
        worlds: to learn from, in each network.
        judged: to be judged on.
        shifts: names of those that are done.
        first_seed: of the worlds that are judged on; part of what a result is known by.
    """

    trajectory: str
    seed: int
    iterations: int
    every: int
    worlds: int
    judged: int
    shifts: tuple[str, ...]
    first_seed: int = JUDGED_FROM

    def path(self, root: Path) -> Path:
        """Where its result is kept."""
        return root / "runs" / f"{self.trajectory}-{self.seed}.json"

    def identity(self) -> dict[str, Any]:
        """What a kept result must agree with; each of its arms keeps its own constants."""
        return {**vars(self), "shifts": list(self.shifts)}


def cached(unit: Unit, root: Path) -> dict[str, Any] | None:
    """The result of a unit, if it is there.

    Raises:
        InputError: it is damaged, or of other constants.
    """
    path = unit.path(root)
    if not path.exists():
        return None
    result = read_json(path)
    if not isinstance(result, dict) or result.get("unit") != unit.identity() or not _are_known(result.get("shifts")):
        raise InputError(f"{path}: is a result of other constants; choose another --out, or delete it")
    return result


def _are_known(shifts: Any) -> bool:
    """Whether there are curves, all of arms as they are now."""
    return isinstance(shifts, dict) and all(
        name in arms_of(shift) and curve.get("arm") == list(arms_of(shift)[name])
        for shift, curves in shifts.items()
        for name, curve in curves.items()
    )


def arms_of(shift: str) -> dict[str, Arm]:
    """The arms of a shift, by name."""
    longer = {LONGER: ARMS["varied sources"]._replace(longer=2)} if shift in LONGER_IN else {}
    return ARMS | longer | ({LITERAL: PRINTED} if shift == PRINTED_IN else {})


def is_done(unit: Unit, root: Path) -> bool:
    """Whether a unit has a result with all arms."""
    result = cached(unit, root)
    return result is not None and not any(_left(unit, result).values())


def _left(unit: Unit, result: dict[str, Any] | None) -> dict[str, list[str]]:
    """Arms without a curve, by shift."""
    done = {} if result is None else result["shifts"]
    return {shift: [name for name in arms_of(shift) if name not in done.get(shift, {})] for shift in unit.shifts}


def do_unit(job: tuple[Unit, Path, Path | None]) -> None:
    """Do a unit, or those arms of it that are left, and keep what came of it, whole or not at all.

    Args:
        job: the unit, the folder of results, and that of the data.
    """
    from twinhop.studies.lu2021.runner import prepare_jax

    unit, root, data = job
    prepare_jax(root)
    before = cached(unit, root)
    left = _left(unit, before)
    if not any(left.values()):
        return
    result = _Run(unit, data).result(left)
    path = unit.path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"unit": unit.identity(), **_merged(before, result)})


def _merged(before: dict[str, Any] | None, result: dict[str, Any]) -> dict[str, Any]:
    """Earlier curves and new ones, arms in the order of `ARMS`."""
    old: dict[str, Any] = {"source_s": {}, "shifts": {}} if before is None else before
    shifts = {}
    for shift, curves in result["shifts"].items():
        both = {**old["shifts"].get(shift, {}), **curves}
        shifts[shift] = {name: both[name] for name in arms_of(shift)}
    return {"source_s": {**old["source_s"], **result["source_s"]}, "shifts": shifts}


class _Trajectory(NamedTuple):
    """What was learned and lived through in each network, the latest first; what it began with; the time it took."""

    places: list[Any]
    ancestor: Any
    seconds: float


class _Run:
    def __init__(self, unit: Unit, data: Path | None) -> None:
        from twinhop.learn.transfer.trials import Constants, Trials

        self._unit, self._data = unit, data
        first = min(CRITIC_ONLY, unit.iterations // 4)
        constants = Constants(unit.iterations, unit.every, ENVIRONMENTS, first, REPLAY_SLOTS, DECAY, RECENCY)
        self._trials = Trials(constants)

    def result(self, left: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Curves of the arms that are left, by shift, and what learning along the trajectory took."""
        arms = [arms_of(shift)[name] for shift, names in left.items() for name in names]
        paths = {
            each: self._trajectory(TRAJECTORIES[self._unit.trajectory], *each)
            for each in sorted({(arm.varied, arm.longer) for arm in arms})
        }
        shifts = [shift for shift in SHIFTS if shift.name in self._unit.shifts]
        curves = {shift.name: self._shift(shift, left[shift.name], paths) for shift in shifts}
        return {
            "source_s": {SOURCES[each]: round(paths[each].seconds, 2) for each in paths},
            "shifts": curves,
        }

    def _trajectory(self, networks: Sequence[Network], is_varied: bool, longer: int) -> _Trajectory:
        """Learn in each network: in the first from the ancestor, in every other from what the one before came to."""
        unit, places, ancestor, seconds = self._unit, [], None, 0.0
        for at, network in enumerate(networks):
            own = bank(network, unit.worlds, self._data)
            own = varied(own, 2 * unit.seed + at) if is_varied else own
            trial = self._trials.begin(own, places[:1], None, 2 * unit.seed + at, networks=float(bool(places)))
            ancestor = trial.place("the ancestor")._replace(replay=None) if ancestor is None else ancestor
            seconds += trial.go_on(longer * (unit.iterations // 2))
            places.insert(0, trial.place(f"place {at + 1}"))
        return _Trajectory(places, ancestor, seconds)

    def _shift(
        self, shift: Shift, names: Sequence[str], paths: Mapping[tuple[bool, int], _Trajectory]
    ) -> dict[str, Any]:
        judge = judged(shift.target, self._unit.judged, self._data)
        own = bank(shift.target, self._unit.worlds, self._data)
        return {name: self._curve(arms_of(shift.name)[name], own, paths, judge) for name in names}

    def _curve(
        self, arm: Arm, own: ProblemArrays, paths: Mapping[tuple[bool, int], _Trajectory], judge: Judged
    ) -> dict[str, Any]:
        """Gaps and norms by iteration, the zeroth being what is taken over, unchanged."""
        places, ancestor, _ = paths[arm.varied, arm.longer]
        how = {name: value for name, value in arm._asdict().items() if name not in ("varied", "longer")}
        trial = self._trials.begin(own, places, ancestor, FIRST_RUN + self._unit.seed, **how)
        seconds, norms, gaps = 0.0, [trial.norm], [_gaps(trial.weights, judge)]
        for _ in range(self._unit.iterations // self._unit.every):
            seconds += trial.go_on(self._unit.every)
            gaps.append(_gaps(trial.weights, judge))
            norms.append(trial.norm)
        return {
            "arm": list(arm),
            "calibrated": [round(each, 6) for each, _ in gaps],
            "argmax": [round(each, 6) for _, each in gaps],
            "norm": [round(each, 3) for each in norms],
            "seconds": round(seconds, 2),
        }


def _gaps(actor: Any, judge: Judged) -> tuple[float, float]:
    """Mean gaps to the bounds, by load calibration and by the highest score [1]."""
    from twinhop.inference import Decider
    from twinhop.inference.policy import hosts_cost

    decider = Decider(actor)
    gaps = []
    for decode in ("calibrated", "argmax"):
        costs = [
            hosts_cost(problem, decider(instance, decode)[: problem.users])
            for problem, instance in zip(judge.problems, judge.instances, strict=True)
        ]
        gaps.append(float((np.array(costs) / judge.bounds - 1.0).mean()))
    return gaps[0], gaps[1]
