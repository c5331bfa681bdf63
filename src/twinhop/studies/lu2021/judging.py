"""How weights are judged in the episodes of evaluation: by slots, in all ways of decoding them, with times."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from twinhop.studies.lu2021.slots import Slots, by_slot, placed_terms, problems_of, slot_of, timed_terms
from twinhop.studies.lu2021.terms import SLOTS, Terms
from twinhop.studies.lu2021.unit import Unit

TIMED_DECISIONS = 100


class Judge(Protocol):
    """Judges the weights of one run."""

    def slots(self, weights: Any) -> Terms:
        """(episodes, slots) or (slots,) terms of the policy that counts."""
        ...

    def policies(self, weights: Any) -> dict[str, Any]:
        """Terms by slot and time of a decision, for every way of decoding, as a file keeps them."""
        ...


def judge_of(unit: Unit, params: Any, policy: Any) -> Judge:
    """The judge of a run.

    Args:
        unit: of training.
        params: of its environment.
        policy: `ActingPolicy` or `DecidingPolicy`.
    """
    from twinhop.learn.learners import ActingPolicy

    return _ByActing(unit, params, policy) if isinstance(policy, ActingPolicy) else _ByDeciding(unit, params, policy)


class _ByActing:
    """Lives through the episodes anew for other weights."""

    def __init__(self, unit: Unit, params: Any, policy: Any) -> None:
        self._unit, self._params, self._act = unit, params, policy.act

    def _rollout(self, weights: Any) -> Any:
        from twinhop.learn.episodes import episodes_of

        return episodes_of(self._act, weights, self._params, self._unit.world_seed, self._unit.episodes, SLOTS)

    def slots(self, weights: Any) -> Terms:
        info = self._rollout(weights).info
        return Terms(*(np.asarray(getattr(info, name), float) for name in Terms._fields))

    def policies(self, weights: Any) -> dict[str, Any]:
        from twinhop.learn.episodes import act

        rollout = self._rollout(weights)
        host = np.asarray(rollout.info.host)
        terms = [
            [placed_terms(problem, host[episode, slot]) for slot, problem in enumerate(slots)]
            for episode, slots in enumerate(problems_of(self._params, rollout.obs))
        ]
        one, seconds = slot_of(rollout.obs, 0, 0), []
        np.asarray(act(self._act, weights, self._params, one))  # compiles
        for _ in range(TIMED_DECISIONS):
            started = time.perf_counter()
            np.asarray(act(self._act, weights, self._params, one))
            seconds.append(time.perf_counter() - started)
        return {self._unit.kind: timed_terms(terms, seconds)}


class _ByDeciding:
    """Decides on the same slots every time."""

    def __init__(self, unit: Unit, params: Any, policy: Any) -> None:
        from twinhop.learn.episodes import episodes_of, nearest_of_all

        obs = episodes_of(nearest_of_all, None, params, unit.world_seed, unit.episodes, SLOTS).obs
        self._policy, self._problems = policy, problems_of(params, obs)
        self._prepared = [
            [policy.prepared(params, slot_of(obs, episode, slot)) for slot in range(SLOTS)]
            for episode in range(unit.episodes)
        ]

    def _terms(self, decide: Callable[[Any], Any]) -> tuple[Slots, list[float]]:
        """Terms by episode and slot, and how long each decision took [s]."""
        terms: Slots = []
        seconds: list[float] = []
        for problems, prepared in zip(self._problems, self._prepared, strict=True):
            terms.append([])
            for problem, one in zip(problems, prepared, strict=True):
                started = time.perf_counter()
                host = decide(one)
                seconds.append(time.perf_counter() - started)
                terms[-1].append(placed_terms(problem, host))
        return terms, seconds

    def slots(self, weights: Any) -> Terms:
        return by_slot(self._terms(self._policy.decider(weights))[0])

    def policies(self, weights: Any) -> dict[str, Any]:
        return {name: timed_terms(*self._terms(decide)) for name, decide in self._policy.decoders(weights).items()}
