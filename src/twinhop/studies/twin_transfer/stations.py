"""Twins of San Francisco taxis that come to another serving cell: which cell they guess to be next.

A cell's model is the weighted mean of the Markov chains of the taxis that were there (Eq. 32, by minutes there), and
stands for as many of them. Eq. 34 is applied to the probabilities that both chains predict. Guesses are made every
minute from the move until the taxi moves on; right is the cell that it then moves to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.importers.sf_cells import PRESENCE_SHARE, busiest_cells, nearest_cell, read_record
from twinhop.studies.twin_transfer.motion import RHOS, Constants
from twinhop.studies.twin_transfer.scores import BLENDED, COLD, DECAYING, LITERAL, OWN, REGION, Forecasts
from twinhop.twin.behaviour import MarkovChain, blended_probabilities, decayed, dwell_weights, of_twins, pooled
from twinhop.twin.behaviour.model import FloatArray

#: Minutes from which constants are chosen, from which is judged, and until which.
FIRST_VALIDATION, FIRST_TEST, LAST_TEST = 540, 660, 780
STEP_S, DECAYS_S = 60.0, (120.0, 600.0, 3600.0)

Visits = list[tuple[int, int]]


class Guesses(NamedTuple):
    """Probabilities of the next cell, guess by guess."""

    user: NDArray[np.int64]
    age_s: FloatArray
    now: NDArray[np.int64]
    """(F,) the cell that the taxi is in."""
    target: NDArray[np.int64]
    """(F,) the cell that it moves to."""
    region: FloatArray
    """(F, K) probabilities by the cell's model."""
    own: FloatArray
    """(F, K) by the taxi's."""


def serving_cells(folder: Path) -> tuple[NDArray[np.int64], int]:
    """The record as kept cells.

    Args:
        folder: with ``sf_cells.csv`` and ``sf_serving_1min.npz``.

    Returns:
        (minutes, taxis) cells from 0, -1 where absent, and how many there are: the busiest before the judged minutes.

    Raises:
        InputError: a file is missing or not of this layout.
    """
    record = read_record(folder / "sf_cells.csv", folder / "sf_serving_1min.npz")
    busiest = busiest_cells(record.present[:FIRST_TEST], len(record.sites.positions), PRESENCE_SHARE)
    nearest = np.searchsorted(busiest, nearest_cell(record.sites.positions, busiest))
    return np.where(record.present > 0, nearest[np.maximum(record.present, 1) - 1], -1), len(busiest)


def cell_guesses(cells: NDArray[np.int64], categories: int, window: tuple[int, int], every: int = 1) -> Guesses:
    """What both models say after the moves of a window.

    Args:
        cells: (minutes, taxis) from 0, -1 where absent.
        categories: K, how many cells there are.
        window: first minute, before which the cells' models are learned, and the last; the taxis go on learning.
        every: of the taxis, every so many are judged.
    """
    visits = [_visits(taxi[: window[1] + 1]) for taxi in cells.T]
    chains = [_chain([each for each in path if each[0] < window[0]], categories) for path in visits]
    rows = _cell_rows(cells[: window[0]], chains, categories)
    guesses: list[tuple[Any, ...]] = []
    for taxi in range(0, len(visits), every):
        guesses += _taxi_guesses(taxi, visits[taxi], cells[:, taxi], categories, window[0], rows)
    users, ages_s, now, target, region, own = zip(*guesses, strict=True)
    whole = [np.array(each, dtype=np.int64) for each in (users, now, target)]
    return Guesses(whole[0], np.array(ages_s), whole[1], whole[2], np.array(region), np.array(own))


def hits(guesses: Guesses, constants: Constants, places: int) -> Forecasts:
    """Whether the next cell was among the first guesses, by arm; ties share it.

    Args:
        guesses: of both models.
        constants: of Eq. 34.
        places: how many guesses count.
    """
    fading = decayed(constants.decaying_rho, guesses.age_s, constants.decay_s)[:, None]
    region, own = guesses.region, guesses.own
    probabilities = {
        COLD: np.full_like(region, 1.0 / region.shape[1]),
        REGION: region,
        OWN: own,
        BLENDED: blended_probabilities(region, own, constants.rho),
        DECAYING: (1.0 - fading) * region + fading * own,
        LITERAL: blended_probabilities(region, own, constants.rho, "literal"),
    }
    values = {arm: _among_first(each, guesses.now, guesses.target, places) for arm, each in probabilities.items()}
    return Forecasts(guesses.user, guesses.age_s, values)


def best_constants(guesses: Guesses) -> Constants:
    """The constants with the best top-1 accuracy on guesses that are not judged.

    Args:
        guesses: those.
    """

    def right(arm: str, constants: Constants) -> float:
        return float(hits(guesses, constants, 1).values[arm].mean())

    fixed = max(RHOS, key=lambda rho: right(BLENDED, Constants(rho, rho, DECAYS_S[0])))
    pairs = [Constants(fixed, rho, decay_s) for rho in RHOS for decay_s in DECAYS_S]
    return max(pairs, key=lambda each: right(DECAYING, each))


def _among_first(
    probabilities: FloatArray, now: NDArray[np.int64], target: NDArray[np.int64], places: int
) -> FloatArray:
    rows = np.arange(len(now))
    others = probabilities.copy()
    others[rows, now] = -1.0
    reached = others[rows, target][:, None]
    above, equal = (others > reached).sum(axis=1), (others == reached).sum(axis=1)
    return np.clip((places - above) / equal, 0.0, 1.0)


def _visits(taxi: NDArray[np.int64]) -> Visits:
    """(minute, cell) of every move to another cell."""
    path = [(minute, int(cell)) for minute, cell in enumerate(taxi) if cell >= 0]
    return [visit for at, visit in enumerate(path) if at == 0 or path[at - 1][1] != visit[1]]


def _chain(path: Visits, categories: int) -> MarkovChain:
    chain = MarkovChain(categories=categories, step_s=STEP_S)
    for minute, cell in path:
        chain.update(STEP_S * minute, np.array([float(cell)]))
    return chain


def _cell_rows(cells: NDArray[np.int64], chains: list[MarkovChain], categories: int) -> FloatArray:
    """(K, K) probabilities of the cell after each, by the model of that cell."""
    rows = np.empty((categories, categories))
    for cell in range(categories):
        minutes = (cells == cell).sum(axis=0)
        there = np.flatnonzero(minutes)
        if there.size == 0:
            rows[cell] = 1.0 / categories
            continue
        weights = dwell_weights(STEP_S * minutes[there])
        region = pooled([chains[taxi] for taxi in there], weights)
        assert isinstance(region, MarkovChain)
        rows[cell] = of_twins(region, 1.0 / float((weights**2).sum())).transitions()[cell]
    return rows


def _taxi_guesses(
    taxi: int, path: Visits, cells: NDArray[np.int64], categories: int, first: int, rows: FloatArray
) -> list[tuple[Any, ...]]:
    chain = _chain([visit for visit in path if visit[0] < first], categories)
    guesses = []
    for (minute, cell), (following, target) in zip(path, path[1:], strict=False):
        if minute < first:
            continue
        chain.update(STEP_S * minute, np.array([float(cell)]))
        own = chain.predict(STEP_S * (minute + 1)).mean
        guesses += [
            (taxi, STEP_S * (at - minute), cell, target, rows[cell], own)
            for at in range(minute, following)
            if cells[at] == cell
        ]
    return guesses
