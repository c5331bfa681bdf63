"""Learned weights as a placement policy: `maddpg`, and `maddpg:PATH:decode=argmax:polish=10` for one's own.

The plan of the weights carries a certificate of its own: it gives prices by the solver's formula, price steps raise
them, and any prices prove a bound, however wrong the weights are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, cast, get_args

import numpy as np

from twinhop.compile_time import loading
from twinhop.errors import InputError
from twinhop.inference.actor_sizes import FEATURES_VERSION
from twinhop.inference.actor_weights import actor_of_arrays
from twinhop.inference.checkpoint import open_checkpoint, read_arrays
from twinhop.inference.decide import Decider, Decode
from twinhop.inference.instance import ProblemArrays, instance_of_problem
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import Budget
from twinhop.placement.decision import Decision, Ending
from twinhop.placement.evaluation import evaluate
from twinhop.placement.given_plan import has_limits, priced, take_up
from twinhop.placement.infeasibility import InfeasibleProblem
from twinhop.placement.placement import Placement
from twinhop.placement.policy import Setting, step_count
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.search import Search
from twinhop.placement.seating import seat_remaining
from twinhop.placement.station_load import NOBODY

SHIPPED = "maddpg"
CERTIFY = 50
"""Price steps of the certificate, unless others are stated."""
FORBIDDEN = 4.0
"""A forbidden arc looks so many times as far as the farthest that is allowed, and a second."""


@dataclass(frozen=True)
class LearnedPlacement:
    """Follows trained weights, and certifies what they decide.

    Attributes:
        path: of a checkpoint or of a run; `maddpg`: the weights of this package.
        decode: `calibrated`: scores are shifted until loads are what they promise; `argmax`: the highest score wins.
        polish: how many best local moves follow.
        certify: price steps by which the plan gets its lower bound, and may still get better; 0: neither.
    """

    path: str = SHIPPED
    decode: Decode = "calibrated"
    polish: int = 0
    certify: int = CERTIFY
    settings: ClassVar = {
        "path": Setting(SHIPPED, "checkpoint or run; also given as maddpg:PATH"),
        "decode": Setting("calibrated", "how scores become hosts", accepted=("calibrated", "argmax")),
        "polish": Setting(0, "best local moves after that"),
        "certify": Setting(CERTIFY, "price steps for a lower bound; 0: no bound"),
    }

    def __call__(self, problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
        """Decide; nothing is drawn, and no time limit is looked at, as decisions are a matter of milliseconds."""
        host = decoded_hosts(decider_of(self.path), problem, self.decode, self.polish)
        if not self.certify:
            return Decision(Placement.of_hosts(within_limits(problem, host), problem.stations))
        search = Search(problem, budget)
        try:
            take_up(search, host)
        except InfeasibleProblem as proof:
            note = f"no lower bound: {proof}; this is what the weights decide"
            return Decision(Placement.of_hosts(host, problem.stations), note=note)
        certificate = priced(search, self.certify)
        is_proved = search.unscaled(search.cost) * (1 - CLOSED) <= certificate.lower_bound
        return Decision(search.placement(), certificate, Ending.PROVEN if is_proved else None)

    def configured(self, settings: str) -> LearnedPlacement:
        """The policy with settings, ``PATH``, ``decode=...``, ``polish=...`` and ``certify=...``, joined by colons.

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
            return replace(self, polish=step_count("maddpg", key, value))
        if key == "certify":
            return replace(self, certify=step_count("maddpg", key, value))
        raise InputError(f"policy: maddpg has no setting '{key}'; accepted: PATH, decode, polish, certify")


def accepted_decode(value: str) -> Decode:
    """A way of decoding by its name.

    Raises:
        InputError: there is none of that name.
    """
    names = get_args(Decode)
    if value not in names:
        raise InputError(f"decode: got {value!r}; accepted: {', '.join(names)}")
    return cast("Decode", value)


@cache
def _decider(path: str, digest: str) -> Decider:
    checkpoint = open_checkpoint(path)
    version = checkpoint.record.get("features", 1)
    if version != FEATURES_VERSION:
        raise InputError(
            f"{path}: its weights see version {version!r} of the features, this twinhop shows version "
            f"{FEATURES_VERSION}; train them anew"
        )
    arrays = read_arrays(checkpoint.policy_file)
    return Decider(actor_of_arrays(arrays, str(checkpoint.policy_file)))


def decider_of(path: str) -> Decider:
    """The weights of a checkpoint, ready to decide.

    Args:
        path: of a checkpoint or of a run; `maddpg`: the weights of this package.

    Raises:
        InputError: there is none, or its weights decide on what no placement problem holds.
    """
    return _shipped_decider() if path == SHIPPED else _decider_at(path)


@cache
def _shipped_decider() -> Decider:
    with loading():
        return _decider_at(SHIPPED)


def _decider_at(path: str) -> Decider:
    checkpoint = open_checkpoint(path)
    if checkpoint.algorithm != "structured":
        raise InputError(
            f"{path}: was trained by the {checkpoint.algorithm} algorithm for {checkpoint.users} users and "
            f"{checkpoint.stations} stations; it sees distances and rates (Eq. 22), which a placement problem does not "
            "hold: use `twinhop evaluate`, or a checkpoint of the structured algorithm"
        )
    return _decider(path if path == SHIPPED else str(Path(path).resolve()), checkpoint.digest)


def decoded_hosts(decider: Decider, problem: PlacementProblem, decode: Decode, polish: int) -> IntArray:
    """Where learned weights put twins, before deadlines and demands are looked at.

    Arcs that are forbidden are dear to the weights, not impossible: whoever ends on one is seated elsewhere. Local
    moves know neither deadlines nor demands, so that they are left out where there are such.

    Args:
        decider: the weights.
        problem: any problem.
        decode: see `LearnedPlacement`.
        polish: see there.

    Returns:
        (N,) hosts that keep twin capacities.
    """
    moves = 0 if problem.has_deadlines or problem.has_demand else polish
    return _seated(problem, decider(observed_instance(problem), decode, moves))


def within_limits(problem: PlacementProblem, host: IntArray) -> IntArray:
    """The same hosts (N,) where nothing limits them; else the solver's search seats them by deadlines and demands.

    Where no plan keeps the limits the hosts are returned as they are.
    """
    if not has_limits(problem):
        return host
    search = Search(problem, Budget())
    try:
        take_up(search, host)
    except InfeasibleProblem:
        return host
    return search.host


def learned_hosts(decider: Decider, problem: PlacementProblem, decode: Decode, polish: int) -> IntArray:
    """Where learned weights put twins, within all limits where a plan keeps them; see `decoded_hosts`."""
    return within_limits(problem, decoded_hosts(decider, problem, decode, polish))


def observed_instance(problem: PlacementProblem) -> ProblemArrays:
    """What learned weights are shown of a problem: its instance, forbidden arcs dear."""
    instance = instance_of_problem(problem)
    comm = np.asarray(instance.comm_s)
    largest = comm[np.isfinite(comm)].max(initial=0.0)
    comm = np.where(np.isfinite(comm), comm, FORBIDDEN * (largest + 1.0)).astype(np.float32)
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
