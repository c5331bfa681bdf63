"""Learned weights as a placement policy: `maddpg`, and `maddpg:PATH:decode=argmax:polish=10` for one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_args

import numpy as np

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.migration.policy import Setting
from twinhop.placement.budget import Budget
from twinhop.placement.evaluation import evaluate
from twinhop.placement.placement import Placement
from twinhop.placement.policy import Decision
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY

if TYPE_CHECKING:
    from twinhop.learn.decoding import Decider, Decode
    from twinhop.learn.instance import ProblemArrays

SHIPPED = "maddpg"
FORBIDDEN = 4.0
"""A forbidden arc looks so many times as far as the farthest that is allowed, and a second."""


@dataclass(frozen=True)
class LearnedPlacement:
    """Follows trained weights, without looking at deadlines.

    Attributes:
        path: of a checkpoint or of a run; `maddpg`: the weights of this package.
        decode: `calibrated`: scores are shifted until loads are what they promise; `argmax`: the highest score wins.
        polish: how many best local moves follow.
    """

    path: str = SHIPPED
    decode: Decode = "calibrated"
    polish: int = 0
    settings: ClassVar = {
        "path": Setting(SHIPPED, "checkpoint or run; also given as maddpg:PATH"),
        "decode": Setting("calibrated", "how scores become hosts", accepted=("calibrated", "argmax")),
        "polish": Setting(0, "best local moves after that"),
    }

    def __call__(self, problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
        """Decide; nothing is drawn, and no time limit is looked at, as decisions are a matter of milliseconds."""
        host = learned_hosts(decider_of(self.path), problem, self.decode, self.polish)
        return Decision(Placement.of_hosts(host, problem.stations))

    def configured(self, settings: str) -> LearnedPlacement:
        """The policy with settings, ``PATH``, ``decode=...`` and ``polish=...`` in any order, separated by colons.

        Raises:
            InputError: a setting is unknown or out of range, or there is no such checkpoint.
        """
        changed = self
        for each in settings.split(":"):
            changed = changed._with(each)
        decider_of(changed.path)
        return changed

    def _with(self, setting: str) -> LearnedPlacement:
        key, sign, value = setting.partition("=")
        if not sign:
            return replace(self, path=setting)
        if key == "path":
            return replace(self, path=value)
        if key == "decode":
            return replace(self, decode=accepted_decode(value))
        if key == "polish":
            if not value.isdecimal():
                raise InputError(f"policy: maddpg: polish: got {value!r}; expected a whole number >= 0")
            return replace(self, polish=int(value))
        raise InputError(f"policy: maddpg has no setting '{key}'; accepted: PATH, decode, polish")


def accepted_decode(value: str) -> Decode:
    """A way of decoding by its name.

    Raises:
        InputError: there is none of that name.
    """
    from twinhop.learn.decoding import Decode

    names = get_args(Decode)
    if value not in names:
        raise InputError(f"decode: got {value!r}; accepted: {', '.join(names)}")
    return cast("Decode", value)


@cache
def _decider(path: str, digest: str) -> Decider:
    import jax

    from twinhop.learn.checkpoint import open_checkpoint
    from twinhop.learn.decoding import Decider
    from twinhop.learn.structured import StructuredConfig, new_actor

    checkpoint = open_checkpoint(path)
    constants = checkpoint.configuration.get("structured") or {}
    config = StructuredConfig.model_validate(constants)
    like = jax.eval_shape(lambda: new_actor(config, jax.random.key(0)))  # shapes alone: JAX starts no device
    return Decider(checkpoint.weights(like))


def decider_of(path: str) -> Decider:
    """The weights of a checkpoint, ready to decide.

    Args:
        path: of a checkpoint or of a run; `maddpg`: the weights of this package.

    Raises:
        MissingExtra: packages of the extra are not installed.
        InputError: there is none, or its weights decide on what no placement problem holds.
    """
    require_extra("learn", "policy: maddpg")
    from twinhop.learn.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(path)
    if checkpoint.algorithm != "structured":
        raise InputError(
            f"{path}: was trained by the {checkpoint.algorithm} algorithm for {checkpoint.users} users and "
            f"{checkpoint.stations} stations; it sees distances and rates (Eq. 22), which a placement problem does not "
            "hold: use `twinhop evaluate`, or a checkpoint of the structured algorithm"
        )
    return _decider(path if path == SHIPPED else str(Path(path).resolve()), checkpoint.digest)


def learned_hosts(decider: Decider, problem: PlacementProblem, decode: Decode, polish: int) -> IntArray:
    """Where learned weights put twins.

    Deadlines are no part of what the weights see. Arcs that are forbidden are dear to them, not impossible: whoever
    ends on one is seated elsewhere.

    Args:
        decider: the weights.
        problem: any problem.
        decode: see `LearnedPlacement`.
        polish: see there.

    Returns:
        (N,) hosts that keep twin capacities.
    """
    return _seated(problem, decider(observed_instance(problem), decode, polish))


def observed_instance(problem: PlacementProblem) -> ProblemArrays:
    """What learned weights are shown of a problem: its instance, forbidden arcs dear."""
    from twinhop.learn.instance import instance_of_problem

    instance = instance_of_problem(problem)
    comm = np.asarray(instance.comm_s)
    largest = comm[np.isfinite(comm)].max(initial=0.0)
    comm: Any = np.where(np.isfinite(comm), comm, FORBIDDEN * (largest + 1.0)).astype(np.float32)
    return instance._replace(comm_s=comm)


def hosts_cost(problem: PlacementProblem, host: IntArray) -> float:
    """What hosts (N,) cost, stations without twins closed."""
    return evaluate(problem, Placement.of_hosts(host, problem.stations)).cost


def _seated(problem: PlacementProblem, host: IntArray) -> IntArray:
    """The same hosts; users on forbidden arcs, or beyond the seats of a station, get others."""
    result = np.where(problem.reachable[np.arange(problem.users), host], host, NOBODY)
    for station in np.flatnonzero(np.bincount(result[result != NOBODY], minlength=problem.stations) > problem.capacity):
        members = np.flatnonzero(result == station)
        result[members[problem.capacity[station] :]] = NOBODY
    return result if (result != NOBODY).all() else seat_remaining(problem, result)


maddpg = LearnedPlacement()
