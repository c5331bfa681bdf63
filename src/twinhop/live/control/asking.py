"""A policy of any kind, asked for the hosts of one slot after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

import numpy as np

from twinhop.errors import InputError
from twinhop.live.control.city import LiveCity
from twinhop.migration.policy import LIMIT, MigrationPolicy, PolicyChoice, policy_choice
from twinhop.migration.situation import Situation
from twinhop.names import migration_policy_names, placement_policy_names
from twinhop.own_code import names_code
from twinhop.placement import InfeasibleProblem, solve
from twinhop.placement.policy import PlacementPolicy, placement_policy
from twinhop.placement.problem import IntArray
from twinhop.text import suggestion

#: The placement policy whose plan comes with the certificate of every slot.
CERTIFIED = "lagrangian"
#: Begins to answer, and returns how to wait for the answer until so many seconds after: None where there is none then.
Consult = Callable[[Callable[[], IntArray]], Callable[[float], IntArray | None]]


def at_once(answer: Callable[[], IntArray]) -> Callable[[float], IntArray | None]:
    """Answer before anything else is done: no clock, no thread."""
    hosts = answer()
    return lambda _: hosts


def any_policy(text: str) -> PolicyChoice | PlacementPolicy:
    """The policy of migration or placement that a text names.

    Raises:
        InputError: there is none, or its settings are not accepted.
    """
    name = text.strip().partition(":")[0]
    migration, placement = migration_policy_names(), placement_policy_names()
    if name in migration:
        return policy_choice(text)
    if name in placement:
        return placement_policy(text)
    if not names_code(text.strip()):
        known = list(dict.fromkeys([*migration, *placement]))
        raise InputError(f"policy: unknown policy {text!r}; {suggestion(name, known)}accepted: {', '.join(known)}")
    try:
        return policy_choice(text)
    except InputError:
        return placement_policy(text)


class Asked:
    """A policy as it decides in a city, with what it remembers of the slots before.

    Args:
        text: its name, with settings.
        city: whose table of users it is made for; where that is made anew, so is the policy.

    Raises:
        InputError: see `any_policy`; or it cannot serve this city.
    """

    def __init__(self, text: str, city: LiveCity) -> None:
        self.text, self._city = text.strip(), city
        self._chosen = any_policy(text)
        self._table = 0
        self._policy: MigrationPolicy | None = None
        if isinstance(self._chosen, PolicyChoice):
            self._chosen.require(city.run)

    @property
    def is_certified(self) -> bool:
        """Whether its plan is that which the certificate comes with."""
        return isinstance(self._chosen, PlacementPolicy) and self.text == CERTIFIED

    @property
    def note(self) -> str:
        """What the policy says of its last decision; empty: nothing."""
        return str(getattr(self._policy, "note", ""))

    def renewed(self, time_limit_s: float) -> bool:
        """Make the policy where the table of users is not the one it knows.

        Args:
            time_limit_s: of a decision, which policies with the setting `LIMIT` are told where it is not set [s].

        Returns:
            Whether it lost what it remembered.
        """
        if not isinstance(self._chosen, PolicyChoice) or self._table == self._city.tables:
            return False
        run, had = self._city.run, self._policy is not None
        names = crc32(b"migration"), crc32(self._chosen.text.encode())
        seed = np.random.SeedSequence([run.scenario.seed], spawn_key=names)
        chosen = self._chosen
        if chosen.settings.get(LIMIT) == 0.0 and np.isfinite(time_limit_s):
            chosen = replace(chosen, settings={**chosen.settings, LIMIT: time_limit_s})
        self._policy = chosen.for_run(run, np.random.default_rng(seed))
        self._table = self._city.tables
        return had

    def hosts(self, situation: Situation, time_limit_s: float) -> IntArray:
        """The hosts (n,) that it asks for.

        A placement policy is asked for the slot as a problem in which a move costs what it costs.

        Args:
            situation: the slot.
            time_limit_s: of a placement policy [s].

        Raises:
            Exception: whatever code of one's own raises.
        """
        if self._policy is not None:
            return self._policy.decide(situation)
        assert isinstance(self._chosen, PlacementPolicy)
        problem = situation.problem_with(situation.move_cost_s)
        try:
            solution = solve(
                problem,
                self._chosen,
                seed=self._city.run.scenario.seed,
                time_limit_s=time_limit_s,
                patience_s=0,
            )
        except InfeasibleProblem:
            return situation.before
        return solution.placement.host
