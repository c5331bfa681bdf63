"""Migration policies of the user's own: called slot by slot with a situation, their hosts checked."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.failures import PolicyFailed, failed_by
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.own_code import Call, OwnCode, call_of, hosts_of, refuse_kind
from twinhop.placement.problem import IntArray
from twinhop.processes import deciding

#: What a policy of one's own may ask for by name: `run` is the `MigrationRun`, `seed` its root seed, `rng` one random
#: stream for all its slots, `time_limit_s` the limit of a decision, infinity where there is none [s].
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
            PolicyFailed: it raises, or returns what are no hosts of these users.
        """
        try:
            with deciding(situation.index):
                result = self.call(situation, options=self.options)
            return self._checked(situation, result)
        except PolicyFailed as error:
            raise self._failure(error, situation.index) from error.__cause__

    def _checked(self, situation: Situation, result: Any) -> IntArray:
        users, hosts = len(situation.users), len(situation.hosts.ids)
        expected = f"expected {users} host indices from 0 to {hosts - 1}, -1 to leave a user to the simulator"
        host = hosts_of(self.name, result, users, -1, hosts, expected)
        never = (host >= 0) & ~situation.hosts.may_host[host]
        if never.any():
            i = int(np.flatnonzero(never)[0])
            user, station = situation.all_users.ids[situation.users[i]], situation.hosts.ids[host[i]]
            raise PolicyFailed(
                self.name,
                f"puts {user} on {station}, which may host nothing; expected hosts of `situation.hosts.may_host`",
            )
        return host

    def _failure(self, error: PolicyFailed, slot: int) -> PolicyFailed:
        """The failure with its slot."""
        return PolicyFailed(self.name, error.failure.message, *_world(self.options["run"]), slot)


def _world(run: MigrationRun) -> tuple[str, int]:
    return run.scenario.name, run.scenario.seed


def own_maker(own: OwnCode) -> Callable[[MigrationRun, np.random.Generator], OwnMigration]:
    """What makes a policy for a run: of a function, an object with ``decide``, or the class of one.

    Each run has an object of its own: of a class a new one, otherwise a copy, so that runs know nothing of each other.

    Raises:
        InputError: it cannot be called with a situation.
    """
    refuse_kind(own, "placement", "a Situation")
    is_class = isinstance(own.value, type)
    if is_class and not hasattr(own.value, "decide") and "__call__" not in dir(own.value):
        raise InputError(f"policy: {own.name} is a class without a method decide; expected decide(situation)")
    create = call_of(own.name, own.value, None, OPTIONS) if is_class else None
    if create is None:
        _call_of(own.name, own.value)

    def make(run: MigrationRun, rng: np.random.Generator, time_limit_s: float = math.inf) -> OwnMigration:
        options = {"run": run, "seed": run.scenario.seed, "rng": rng, "time_limit_s": time_limit_s}
        with _making(own.name, run):
            value = _copy(own) if create is None else create(options=options)
            return OwnMigration(own.name, _call_of(own.name, value), options)

    return make


def kind_maker(own: OwnCode) -> Callable[..., OwnMigration]:
    """What makes a policy for a run of a `PolicyKind` of the user's own, called and checked as all of them."""

    def make(run: MigrationRun, rng: np.random.Generator, **settings: Any) -> OwnMigration:
        with _making(own.name, run):
            value = Call(own.name, own.value.make, tuple(settings))(run, rng, options=settings)
            return OwnMigration(
                own.name, _call_of(own.name, value), {"run": run, "seed": run.scenario.seed, "rng": rng}
            )

    return make


@contextmanager
def _making(name: str, run: MigrationRun) -> Iterator[None]:
    """Inside, the object of a run is made, which may take its time and may fail."""
    try:
        with deciding():
            yield
    except InputError as error:
        raise PolicyFailed(name, failed_by(name, error).failure.message, *_world(run)) from error.__cause__


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
