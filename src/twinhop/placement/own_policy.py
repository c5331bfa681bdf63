"""Placement policies of the user's own: a function of a problem that returns hosts, called and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.failures import PolicyFailed, failed_by
from twinhop.own_code import Call, OwnCode, call_of, hosts_of, refuse_kind
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.decision import Decision
from twinhop.placement.placement import Placement
from twinhop.placement.problem import PlacementProblem

#: What a policy of one's own may ask for by name: `seed` is that of the solve, `rng` a random stream of the policy's
#: own, `time_limit_s` what is left of the time [s], `budget` the `Budget` itself.
OPTIONS = ("seed", "rng", "time_limit_s", "budget")
MAKER_OPTIONS = ("seed", "rng")


@dataclass(frozen=True)
class OwnPolicy:
    """A policy of the user's own.

    Attributes:
        name: for messages.
        call: what is called with the problem, or None for a class.
        make: of a class: what makes the object that decides, anew for every solve.
        seed: of the solve.
    """

    name: str
    call: Call | None
    make: Call | None
    seed: int = 0

    def __call__(self, problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
        """Decide.

        Raises:
            PolicyFailed: it raises, or returns what is no placement of the problem.
        """
        options = {"rng": rng, "budget": budget, "seed": self.seed, "time_limit_s": budget.remaining_s()}
        call = self.call
        if call is None:
            assert self.make is not None
            call = self._made(self.make(options=options))
        return decision_of(self.name, problem, call(problem, options=options))

    def _made(self, value: Any) -> Call:
        """The call of an object that a class has made."""
        try:
            return _call_of(self.name, value)
        except InputError as error:
            raise failed_by(self.name, error) from error


def own_policy(own: OwnCode) -> OwnPolicy:
    """The policy of a function, of an object with ``decide`` or ``__call__``, or of the class of one.

    Raises:
        InputError: it cannot be called with a problem.
    """
    refuse_kind(own, "migration", "a PlacementProblem")
    if not isinstance(own.value, type):
        return OwnPolicy(own.name, _call_of(own.name, own.value), None)
    if not hasattr(own.value, "decide") and "__call__" not in dir(own.value):
        raise InputError(f"policy: {own.name} is a class without a method decide; expected decide(problem)")
    return OwnPolicy(own.name, None, call_of(own.name, own.value, None, MAKER_OPTIONS))


def _call_of(name: str, value: Any) -> Call:
    return call_of(name, getattr(value, "decide", value), "a PlacementProblem", OPTIONS)


def decision_of(name: str, problem: PlacementProblem, result: Any) -> Decision:
    """What a policy of the user's own returned, as a decision.

    Hosts that are full, late or out of CPU are left as they are: they are violations of the plan.

    Args:
        name: of the policy, for messages.
        problem: what it was asked.
        result: a `Decision`, a `Placement`, or N hosts, which open the stations that they use.

    Raises:
        PolicyFailed: it is none of them, or does not fit the problem; the message says what was expected.
    """
    certificate = result.certificate if isinstance(result, Decision) else None
    if certificate is not None and not isinstance(certificate, Certificate):
        raise PolicyFailed(
            name,
            f"returned a Decision whose certificate is {type(certificate).__name__}; expected a Certificate, or None",
        )
    placement = result.placement if isinstance(result, Decision) else result
    expected = f"expected {problem.users} station indices from 0 to {problem.stations - 1}, a Placement or a Decision"
    hosts = placement.host if isinstance(placement, Placement) else placement
    host = hosts_of(name, hosts, problem.users, 0, problem.stations, expected)
    opened = Placement.of_hosts(host, problem.stations).open
    if isinstance(placement, Placement):
        opened = np.asarray(placement.open)
    if opened.shape != (problem.stations,) or opened.dtype != bool:
        raise PolicyFailed(
            name,
            f"returned a Placement whose open is {opened.dtype} of shape {opened.shape}; expected bool of shape "
            f"({problem.stations},)",
        )
    _refuse(name, problem, host, ~opened[host], "which it does not open; expected hosts among the opened stations")
    idle = problem.capacity[host] == 0
    _refuse(name, problem, host, idle, "which may host nothing; expected stations of capacity > 0")
    cut_off = ~problem.reachable[np.arange(problem.users), host]
    _refuse(name, problem, host, cut_off, "a forbidden arc; expected finite comm_s")
    return Decision(Placement(host, opened), certificate)


def _refuse(name: str, problem: PlacementProblem, host: np.ndarray, wrong: np.ndarray, why: str) -> None:
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        where = f"{problem.user_name(i)} on {problem.station_name(int(host[i]))}"
        raise PolicyFailed(name, f"puts {where}, {why}")
