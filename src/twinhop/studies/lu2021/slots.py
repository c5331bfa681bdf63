"""The slots on which everybody is judged, as placement problems, and what placements cost on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from twinhop.placement import Placement, PlacementProblem, evaluate
from twinhop.placement.problem import IntArray
from twinhop.studies.lu2021.terms import SLOTS, Terms

#: By episode and slot.
Slots = list[list[Terms]]


def problems_of(params: Any, seen: Any) -> list[list[PlacementProblem]]:
    """The slots of evaluation, by episode.

    Args:
        params: of the environment.
        seen: observations with leading axes (episodes, slots).
    """
    from twinhop.learn.problem import problem_of

    episodes = np.asarray(seen.active).shape[0]
    return [[problem_of(params, slot_of(seen, episode, slot)) for slot in range(SLOTS)] for episode in range(episodes)]


def slot_of(seen: Any, episode: int, slot: int) -> Any:
    """What is seen in one slot."""
    return type(seen)(*(np.asarray(array)[episode, slot] for array in seen))


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


def _short(values: Any) -> Any:
    rounded = np.vectorize(lambda value: float(f"{value:.6g}"), otypes=[float])(np.asarray(values, float))
    return rounded.tolist()


def from_plain(value: dict[str, Any]) -> Terms:
    """The opposite of `plain`."""
    return Terms(*(np.asarray(value[name], float) for name in Terms._fields))
