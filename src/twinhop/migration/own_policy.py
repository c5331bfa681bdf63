"""Migration policies of the user's own: called slot by slot with a situation, their hosts checked."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.own_code import Call, OwnCode, call_of, hosts_of
from twinhop.placement.problem import IntArray

#: What a policy of one's own may ask for by name: `run` is the `MigrationRun`, `seed` its root seed, `rng` one random
#: stream for all its slots, `time_limit_s` the limit of a decision, of which there is none: infinity [s].
OPTIONS = ("run", "seed", "rng", "time_limit_s")


@dataclass(frozen=True)
class OwnMigration:
    """A policy of the user's own in a run.

    Attributes:
        name: for messages.
        call: what is called with each situation.
        options: what it may ask for.
    """

    name: str
    call: Call
    options: Mapping[str, Any]

    def decide(self, situation: Situation) -> IntArray:
        """The hosts (n,) of the served users; -1 leaves a user to the simulator, as do hosts that are full or down.

        Raises:
            InputError: it raises, or returns what are no hosts of these users.
        """
        users, hosts = len(situation.users), len(situation.hosts.ids)
        expected = f"expected {users} host indices from 0 to {hosts - 1}, -1 to leave a user to the simulator"
        result = self.call(situation, options=self.options)
        host = hosts_of(f"{self.name}, slot {situation.index},", result, users, -1, hosts, expected)
        never = (host >= 0) & ~situation.hosts.may_host[host]
        if never.any():
            i = int(np.flatnonzero(never)[0])
            user, station = situation.all_users.ids[situation.users[i]], situation.hosts.ids[host[i]]
            raise InputError(
                f"policy: {self.name}, slot {situation.index}, puts {user} on {station}, which may host nothing; "
                "expected hosts of `situation.hosts.may_host`"
            )
        return host


def own_maker(own: OwnCode) -> Callable[[MigrationRun, np.random.Generator], OwnMigration]:
    """What makes a policy for a run: of a function, an object with ``decide``, or the class of one.

    Each run has an object of its own: of a class a new one, otherwise a copy, so that runs know nothing of each other.

    Raises:
        InputError: it cannot be called with a situation.
    """
    is_class = isinstance(own.value, type)
    if is_class and not hasattr(own.value, "decide") and "__call__" not in dir(own.value):
        raise InputError(f"policy: {own.name} is a class without a method decide; expected decide(situation)")
    create = call_of(own.name, own.value, None, OPTIONS) if is_class else None
    if create is None:
        _call_of(own.name, own.value)

    def make(run: MigrationRun, rng: np.random.Generator) -> OwnMigration:
        options = {"run": run, "seed": run.scenario.seed, "rng": rng, "time_limit_s": math.inf}
        value = _copy(own) if create is None else create(options=options)
        return OwnMigration(own.name, _call_of(own.name, value), options)

    return make


def _call_of(name: str, value: Any) -> Call:
    return call_of(name, getattr(value, "decide", value), "a Situation", OPTIONS)


def _copy(own: OwnCode) -> Any:
    try:
        return copy.deepcopy(own.value)
    except Exception as error:  # whatever its own methods raise
        raise InputError(
            f"policy: {own.name} cannot be copied for a run of its own ({type(error).__name__}: {error}); expected its "
            "class, or a function"
        ) from error
