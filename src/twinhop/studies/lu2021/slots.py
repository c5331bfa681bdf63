"""The slots on which everybody is judged, as placement problems, and what placements cost on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.problem import IntArray
from twinhop.studies.lu2021.terms import SLOTS, Terms
from twinhop.units import S_PER_MS

#: By episode and slot.
Slots = list[list[Terms]]


def problems_of(params: Any, obs: Any) -> list[list[PlacementProblem]]:
    """The slots of evaluation, by episode.

    Args:
        params: of the environment.
        obs: observations with leading axes (episodes, slots).
    """
    from twinhop.env.problems import problem_of

    episodes = np.asarray(obs.active).shape[0]
    return [[problem_of(params, slot_of(obs, episode, slot)) for slot in range(SLOTS)] for episode in range(episodes)]


def slot_of(obs: Any, episode: int, slot: int) -> Any:
    """What is seen in one slot."""
    return type(obs)(*(np.asarray(array)[episode, slot] for array in obs))


def placed_terms(problem: PlacementProblem, host: IntArray) -> Terms:
    """What hosts cost; stations without twins stay closed."""
    return terms_of(problem, Placement.of_hosts(host, problem.stations))


def terms_of(problem: PlacementProblem, placement: Placement) -> Terms:
    """What a placement costs, by terms."""
    priced = evaluate(problem, placement)
    values = (
        problem.alpha * priced.communication_s,
        problem.alpha * priced.computing_s,
        problem.beta * priced.opening_s,
        problem.beta * priced.energy_j,
    )
    return Terms(*map(np.asarray, values))


def by_slot(terms: Slots) -> Terms:
    """Means over episodes, (slots,), of terms by episode and slot."""
    return Terms(*(np.mean([[slot[at] for slot in episode] for episode in terms], axis=0) for at in range(4)))


def plain(terms: Terms) -> dict[str, Any]:
    """Terms as plain values of six digits, for files."""
    return {name: _short(values) for name, values in terms._asdict().items()}


def timed_terms(terms: Slots, seconds: list[float]) -> dict[str, Any]:
    """Terms by slot, means over episodes, and the median time of a decision, as a file keeps them."""
    return {"slots": plain(by_slot(terms)), "decision_ms": round(float(np.median(seconds)) / S_PER_MS, 4)}


def _short(values: Any) -> Any:
    rounded = np.vectorize(lambda value: float(f"{value:.6g}"), otypes=[float])(np.asarray(values, float))
    return rounded.tolist()


def from_plain(value: dict[str, Any]) -> Terms:
    """The opposite of `plain`."""
    return Terms(*(np.asarray(value[name], float) for name in Terms._fields))
