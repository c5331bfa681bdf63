"""One run of the experiment: a seed learns along a trajectory, then goes on in every target, in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import read_json, write_json
from twinhop.placement.problem import FloatArray
from twinhop.scenario.schema.readings import Reading
from twinhop.studies.policy_transfer.shifts import SHIFTS, TRAJECTORIES, Network, Shift
from twinhop.studies.policy_transfer.worlds import JUDGED_FROM, Judged, bank, judged, varied, whole
from twinhop.studies.provenance import MADE, made_by

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
    penalised: bool = True
    """whether opening logits are held back, where was learned before as here"""

    @property
    def path(self) -> tuple[bool, int, bool]:
        """How was learned before: varied, longer, penalised."""
        return self.varied, self.longer, self.penalised


SCRATCH, FINE_TUNE, ALGORITHM = "scratch", "fine-tune", "Algorithm 2"
VARIED, LITERAL = "varied sources", "Algorithm 2, Eq. 34 as printed"
OPENING_PENALTY = 0.03
"""Weight of the mean square of opening logits; see docs/transfer.md."""
COLLAPSED = 0.15
"""A run has collapsed that ends with a gap above this [1]: a policy that never closes what it ought to."""
ARMS = {
    SCRATCH: Arm(0.0),
    FINE_TUNE: Arm(1.0),
    "replay only": Arm(0.0, 0.5),
    "weights only": Arm(1.0, 0.0, 0.05),
    ALGORITHM: Arm(1.0, 0.5, 0.05),
    "weights with ancestor": Arm(0.7, 0.0, 0.05),
    VARIED: Arm(1.0, 0.0, 0.05, varied=True),
    "varied sources, Algorithm 2": Arm(1.0, 0.5, 0.05, varied=True),
}
PRINTED, PRINTED_IN = Arm(1.0, 0.5, 0.05, "literal"), "load"
HARDER = ("dear", "wires", "both")
"""The shifts that have further arms."""
FURTHER = {
    "varied sources, twice as long": ARMS[VARIED]._replace(longer=2),
    "scratch, no penalty": ARMS[SCRATCH]._replace(penalised=False),
    "fine-tune, no penalty": ARMS[FINE_TUNE]._replace(penalised=False),
    "Algorithm 2, no penalty": ARMS[ALGORITHM]._replace(penalised=False),
}
SOURCES = {
    (False, 1, True): "prices as they are",
    (True, 1, True): "varied prices",
    (True, 2, True): "varied prices, twice the updates",
    (False, 1, False): "prices as they are, no penalty",
}
"""How sources are called, by `Arm.path`."""
EARLY = 0.25
"""Of the updates; what single worlds come to is kept before the first of them, then, and in the end."""
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
        shifts: names of those that are asked for; a result that has others too keeps them.
        first_seed: of the worlds that the seed 0 is judged on; part of what a result is known by.
        opening_penalty: of the arms that have one.
    """

    trajectory: str
    seed: int
    iterations: int
    every: int
    worlds: int
    judged: int
    shifts: tuple[str, ...]
    first_seed: int = JUDGED_FROM
    opening_penalty: float = OPENING_PENALTY

    def path(self, root: Path) -> Path:
        """Where its result is kept."""
        return root / "runs" / f"{self.trajectory}-{self.seed}.json"

    def identity(self) -> dict[str, Any]:
        """What a kept result must agree with; each of its arms keeps its own constants."""
        return {name: value for name, value in vars(self).items() if name != "shifts"}


def cached(unit: Unit, root: Path) -> dict[str, Any] | None:
    """The result of a unit, if it is there.

    Raises:
        InputError: it is damaged, or of other constants.
    """
    path = unit.path(root)
    if not path.exists():
        return None
    result = read_json(path)
    made = result.get("unit") if isinstance(result, dict) else None
    if isinstance(made, dict) and "opening_penalty" not in made:
        raise InputError(
            f"{path}: is a result of a twinhop of before, without a penalty on openings and of worlds that all seeds "
            "shared; choose another --out, or delete it"
        )
    if made != unit.identity() or not _are_known(result.get("shifts")):
        raise InputError(f"{path}: is a result of other constants; choose another --out, or delete it")
    return result


def finished(like: Unit, root: Path) -> tuple[dict[str, Any], ...]:
    """All results that a folder keeps, of any trajectory and seed, which are to have the constants of a unit.

    Raises:
        InputError: one is damaged, or of other constants.
    """
    found = []
    for trajectory in TRAJECTORIES:
        seeds = (path.stem.removeprefix(f"{trajectory}-") for path in (root / "runs").glob(f"{trajectory}-*.json"))
        for seed in sorted(int(seed) for seed in seeds if seed.isdecimal()):
            found.append(cached(replace(like, trajectory=trajectory, seed=seed), root))
    return tuple(result for result in found if result is not None)


def _are_known(shifts: Any) -> bool:
    """Whether there are curves, all of arms as they are now."""
    return isinstance(shifts, dict) and all(
        name in arms_of(shift) and curve.get("arm") == list(arms_of(shift)[name])
        for shift, curves in shifts.items()
        for name, curve in curves.items()
    )


def arms_of(shift: str) -> dict[str, Arm]:
    """The arms of a shift, by name."""
    return ARMS | (FURTHER if shift in HARDER else {}) | ({LITERAL: PRINTED} if shift == PRINTED_IN else {})


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
    write_json(path, {"unit": unit.identity(), MADE: made_by(), **_merged(before, result)})


def _merged(before: dict[str, Any] | None, result: dict[str, Any]) -> dict[str, Any]:
    """Earlier curves and new ones, arms in the order of `ARMS`."""
    old: dict[str, Any] = {"source_s": {}, "shifts": {}} if before is None else before
    shifts = {}
    for shift in (each.name for each in SHIFTS):
        both = {**old["shifts"].get(shift, {}), **result["shifts"].get(shift, {})}
        if both:
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
        constants = Constants(
            unit.iterations, unit.every, ENVIRONMENTS, first, REPLAY_SLOTS, DECAY, RECENCY, unit.opening_penalty
        )
        self._trials = Trials(constants)

    def result(self, left: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Curves of the arms that are left, by shift, and what learning along the trajectory took."""
        arms = [arms_of(shift)[name] for shift, names in left.items() for name in names]
        paths = {
            each: self._trajectory(TRAJECTORIES[self._unit.trajectory], *each)
            for each in sorted({arm.path for arm in arms})
        }
        shifts = [shift for shift in SHIFTS if left.get(shift.name)]
        curves = {shift.name: self._shift(shift, left[shift.name], paths) for shift in shifts}
        return {
            "source_s": {SOURCES[each]: round(paths[each].seconds, 2) for each in paths},
            "shifts": curves,
        }

    def _trajectory(self, networks: Sequence[Network], is_varied: bool, longer: int, is_penalised: bool) -> _Trajectory:
        """Learn in each network: in the first from the ancestor, in every other from what the one before came to."""
        unit, places, ancestor, seconds = self._unit, [], None, 0.0
        for at, network in enumerate(networks):
            own = bank(network, unit.worlds, self._data, unit.seed)
            own = varied(own, 2 * unit.seed + at) if is_varied else own
            trial = self._trials.begin(
                own, places[:1], None, 2 * unit.seed + at, networks=float(bool(places)), penalised=is_penalised
            )
            ancestor = trial.place("the ancestor")._replace(replay=None) if ancestor is None else ancestor
            seconds += trial.go_on(longer * (unit.iterations // 2))
            places.insert(0, trial.place(f"place {at + 1}"))
        return _Trajectory(places, ancestor, seconds)

    def _shift(
        self, shift: Shift, names: Sequence[str], paths: Mapping[tuple[bool, int, bool], _Trajectory]
    ) -> dict[str, Any]:
        judge = judged(shift.target, self._unit.judged, self._data, self._unit.seed)
        own = bank(shift.target, self._unit.worlds, self._data, self._unit.seed)
        uncut = None
        if names and shift.target.minutes is not None:
            uncut = whole(shift.target, self._unit.judged, self._data, self._unit.seed)
        return {name: self._curve(arms_of(shift.name)[name], own, paths, judge, uncut) for name in names}

    def _curve(
        self,
        arm: Arm,
        own: ProblemArrays,
        paths: Mapping[tuple[bool, int, bool], _Trajectory],
        judge: Judged,
        uncut: Judged | None,
    ) -> dict[str, Any]:
        """Mean gaps and norms by iteration, the zeroth being what is taken over, unchanged; of three, of each world."""
        places, ancestor, _ = paths[arm.path]
        how = {name: value for name, value in arm._asdict().items() if name not in ("varied", "longer")}
        trial = self._trials.begin(own, places, ancestor, FIRST_RUN + self._unit.seed, **how)
        seconds, norms, gaps = 0.0, [trial.norm], [_gaps(trial.weights, judge)]
        for _ in range(self._unit.iterations // self._unit.every):
            seconds += trial.go_on(self._unit.every)
            gaps.append(_gaps(trial.weights, judge))
            norms.append(trial.norm)
        return {
            "arm": list(arm),
            "calibrated": [round(float(each.mean()), 6) for each, _ in gaps],
            "argmax": [round(float(each.mean()), 6) for _, each in gaps],
            "worlds": [_rounded(gaps[at][0]) for at in kept_points(len(gaps))],
            "norm": [round(each, 3) for each in norms],
            "seconds": round(seconds, 2),
            **({} if uncut is None else {"uncut": _rounded(_gaps(trial.weights, uncut)[0])}),
        }


def _rounded(gaps: FloatArray) -> list[float]:
    return [round(float(gap), 5) for gap in gaps]


def kept_points(points: int) -> tuple[int, int, int]:
    """Of the points of a curve those at which single worlds are kept: the first, that after `EARLY`, the last.

    >>> kept_points(13)
    (0, 3, 12)
    """
    return 0, round(EARLY * (points - 1)), points - 1


def _gaps(actor: Any, judge: Judged) -> tuple[FloatArray, FloatArray]:
    """(worlds,) gaps to the bounds, by load calibration and by the highest score [1]."""
    from twinhop.inference import Decider
    from twinhop.inference.policy import hosts_cost

    decider = Decider(actor)
    gaps = []
    for decode in ("calibrated", "argmax"):
        costs = [
            hosts_cost(problem, decider(instance, decode)[: problem.users])
            for problem, instance in zip(judge.problems, judge.instances, strict=True)
        ]
        gaps.append(np.array(costs) / judge.bounds - 1.0)
    return gaps[0], gaps[1]
