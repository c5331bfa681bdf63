"""Prices of a sparse plan carried over to a problem that has changed since, as those of whole matrices are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinhop.placement.carried_prices import KnownStations, carried_stations, margins_of
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.sparse.problem import PAD, SparseProblem
from twinhop.placement.sparse.solve import SparsePrices, SparseSolution


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownSparsePrices(KnownStations):
    """What is to be known of prices over candidates.

    Attributes:
        opened: (M,) how far each station is open, from 0 to 1.
    """

    opened: FloatArray


def known_sparse_prices(solution: SparseSolution) -> KnownSparsePrices:
    """The prices that a solve ended with."""
    problem, prices, used = solution.problem, solution.prices, solution.open
    reach = _reach(problem, prices.congestion, prices.seat_price, used)
    return KnownSparsePrices(
        margin=np.where(np.isfinite(reach), prices.price - reach, 0.0),
        root_work=problem.root_work,
        congestion=prices.congestion,
        seat_price=prices.seat_price,
        opened=prices.opened,
        used=used,
        usable=problem.capacity > 0,
        opening=problem.scaled_opening,
    )


def carried_sparse(
    known: KnownSparsePrices, problem: SparseProblem, origin: IntArray, stations: IntArray, host: IntArray
) -> SparsePrices:
    """Prices and hosts to go on from in a problem that has changed; NaN where no station in use is a candidate.

    Args:
        known: prices before.
        problem: as it is now.
        origin: (N,) who each user was before, `NEW` for who was not there.
        stations: (M,) likewise of stations.
        host: (N,) hosts to begin from, -1 for users without one.
    """
    at = carried_stations(known, stations, problem.capacity, problem.scaled_opening, problem.root_work)
    opened = np.where(at.there, known.opened[np.maximum(stations, 0)], 1.0) * (problem.capacity > 0)
    reach = _reach(problem, at.congestion, at.seat_price, at.within_reach)
    price = reach + at.growth * margins_of(known.margin, known.root_work, problem.root_work, origin)
    return SparsePrices(np.where(np.isfinite(price), price, np.nan), at.congestion, at.seat_price, opened, host)


def _reach(problem: SparseProblem, congestion: FloatArray, seat_price: FloatArray, among: BoolArray) -> FloatArray:
    """(N,) the least that a candidate among some asks of each user, minimum shares left out; inf where there is none.

    Minimum shares raise what is asked on both sides of a change alike: they belong to the margin here.
    """
    station = np.maximum(problem.station, 0)
    fixed = np.where((problem.station != PAD) & among[station], problem.delay_s + seat_price[station], np.inf)
    theta, row = congestion[station], problem.row
    least = np.full(problem.users, np.inf)
    for at in range(problem.candidates):
        asked = problem.slope[:, at][row] * problem.scale
        asked += theta[:, at][row] * problem.root_work
        asked += fixed[:, at][row]
        np.minimum(least, asked, out=least)
    return least + problem.up_s
