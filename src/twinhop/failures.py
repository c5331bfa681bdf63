"""Policies of the user's own that fail in one world, while the others' results are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from twinhop.errors import InputError

Result = TypeVar("Result")
#: Failures that are shown one by one; the rest are counted.
SHOWN = 8


@dataclass(frozen=True)
class PolicyFailure:
    """A policy that gave no answer in a world.

    Attributes:
        policy: what tables and files call it.
        source: the scenario or problem; None where a problem without a name was solved.
        seed: root seed of the world; None with `source`.
        slot: of a run, from 0; None where twins are placed once.
        message: what was wrong, and what was expected.
    """

    policy: str
    source: str | None
    seed: int | None
    slot: int | None
    message: str

    @property
    def world(self) -> str:
        """Where it failed; empty where no world is known.

        >>> PolicyFailure("place", "city", 3, 7, "returned nothing").world
        'city (seed 3, slot 7)'
        """
        if self.source is None:
            return ""
        return f"{self.source} (seed {self.seed}{'' if self.slot is None else f', slot {self.slot}'})"

    def in_words(self) -> str:
        """Policy, world and what was wrong, in a line.

        >>> PolicyFailure("place", "city", 3, None, "returned nothing; expected 5 hosts").in_words()
        'place, on city (seed 3), returned nothing; expected 5 hosts'
        """
        return f"{self.policy}, on {self.world}, {self.message}" if self.source is not None else self._bare()

    def _bare(self) -> str:
        return f"{self.policy} {self.message}"

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


class PolicyFailed(InputError):
    """A policy of one's own raised, did not answer in time, or returned what is no answer.

    Attributes:
        failure: of which policy, in which world, and what was wrong.
    """

    def __init__(self, policy: str, message: str, source: str | None = None, seed: int | None = None, slot: Any = None):
        self.failure = PolicyFailure(policy, source, seed, slot, message)
        super().__init__(f"policy: {self.failure.in_words()}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (PolicyFailed, tuple(asdict(self.failure)[name] for name in _ARGUMENTS), dict(vars(self)))

    def with_world(self, source: str, seed: int, policy: str | None = None) -> PolicyFailed:
        """The same with its world, and with the name that tables have; the cause stays."""
        old = self.failure
        new = PolicyFailed(policy or old.policy, old.message, source, seed, old.slot)
        new.__cause__ = self.__cause__ or self
        return new


def failed_by(policy: str, error: InputError) -> PolicyFailed:
    """The failure of a policy whose answer was refused while it ran."""
    text = str(error).removeprefix(f"policy: {policy}").lstrip(" :")
    return error if isinstance(error, PolicyFailed) else PolicyFailed(policy, text)


_ARGUMENTS = ("policy", "message", "source", "seed", "slot")


def attempt(do: Callable[[], Result], source: str, seed: int, policy: str) -> Result | PolicyFailure:
    """What comes of a policy in a world, or that it failed there.

    Args:
        do: lets the policy decide.
        source: the scenario or problem.
        seed: root seed of the world.
        policy: what tables call it.

    Returns:
        What `do` returns, or the failure. Errors that are not the policy's go through.
    """
    try:
        return do()
    except PolicyFailed as error:
        return error.with_world(source, seed, policy).failure


def refuse_if_all_failed(failures: Sequence[PolicyFailure], successes: int) -> None:
    """Raise the first failure where no policy gave an answer: there is nothing to show beside it.

    Args:
        failures: of the policies.
        successes: how many answers there are.

    Raises:
        PolicyFailed: there are failures and no answers.
    """
    if not failures or successes:
        return
    first = failures[0]
    others = list(dict.fromkeys(each.policy for each in failures[1:] if each.policy != first.policy))
    more = f"; so did {', '.join(others)} fail" if others else ""
    raise PolicyFailed(first.policy, first.message + more, first.source, first.seed, first.slot)


def failure_lines(failures: Sequence[PolicyFailure]) -> list[str]:
    """A line a failure; of many the first few, and how many there are besides.

    >>> failure_lines([PolicyFailure("place", "city", 3, None, "returned nothing")])
    ['place, on city (seed 3), returned nothing']
    """
    lines = [each.in_words() for each in failures[:SHOWN]]
    left = len(failures) - len(lines)
    return [*lines, f"{left} more failed; the JSON has all"] if left > 0 else lines
