"""Prices of a plan carried over to a problem that has changed since: any are valid, near ones prove more at once.

At the prices of a plan user i pays a margin above the least that a station in use asks of it,

``reach_i = min_k comm_ik + charge_ik(theta_k) + nu_k + mu_k d_i``, ``price_i = reach_i + margin_i``,

with which it contributes to opening the station. Where users move, the reach changes and is computed anew; the margin,
which goes with the user's work, hardly does. Margins and congestion prices grow by ``sqrt(o)`` where the scaled opening
costs, which are a multiple of the number of users, grow by o: then that many more users share an open station.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twinhop.placement.certificate import Prices, charges
from twinhop.placement.matching import NEW
from twinhop.placement.placement import Placement
from twinhop.placement.problem import BoolArray, FloatArray, IntArray, PlacementProblem


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownStations:
    """What is to be known of the prices of any plan once users and stations change.

    Attributes:
        margin: (N,) price of each user above its reach [s].
        root_work: (N,) [sqrt(cycle)].
        congestion: (M,) theta_k [s/sqrt(cycle)].
        seat_price: (M,) nu_k [s].
        used: (M,) stations that host somebody.
        usable: (M,) stations that may.
        opening: (M,) scaled opening costs [s].
    """

    margin: FloatArray
    root_work: FloatArray
    congestion: FloatArray
    seat_price: FloatArray
    used: BoolArray
    usable: BoolArray
    opening: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownPrices(KnownStations):
    """What is to be known of prices over all arcs.

    Attributes:
        demand_price: (M,) mu_k [s/unit of demand], or None.
    """

    demand_price: FloatArray | None


def known_prices(problem: PlacementProblem, placement: Placement, prices: Prices) -> KnownPrices | None:
    """What is to be known of the prices of a plan; None where they are not finite."""
    if not (np.isfinite(prices.price).all() and np.isfinite(prices.congestion).all()):
        return None
    used = placement.loads() > 0
    reach = _reach(problem, prices.congestion, prices.seat_price, prices.demand_price, used)
    return KnownPrices(
        margin=np.where(np.isfinite(reach), prices.price - reach, 0.0),
        root_work=problem.root_work,
        congestion=prices.congestion,
        seat_price=prices.seat_price,
        demand_price=prices.demand_price,
        used=used,
        usable=problem.capacity > 0,
        opening=problem.scaled_opening,
    )


def carried(known: KnownPrices, problem: PlacementProblem, origin: IntArray, stations: IntArray) -> Prices:
    """The prices for a problem that has changed.

    Users who were not there pay a median margin for their work; stations that were not, or could not host, ask for a
    congestion price that is the median of those in use, and are among those that a user may reach.

    Args:
        known: prices before.
        problem: what is to be bounded.
        origin: (N,) who each user was before, `NEW` for who was not there.
        stations: (M,) likewise of stations.
    """
    at = carried_stations(known, stations, problem.capacity, problem.scaled_opening, problem.root_work)
    usable, was = problem.capacity > 0, np.maximum(stations, 0)
    demand_price = None
    if problem.demand is not None:
        before = np.zeros(len(known.used)) if known.demand_price is None else known.demand_price
        demand_price = np.where(at.there, before[was], 0.0)
    reach = _reach(problem, at.congestion, at.seat_price, demand_price, at.within_reach)
    beyond = ~np.isfinite(reach)
    if beyond.any():
        reach[beyond] = _reach(problem, at.congestion, at.seat_price, demand_price, usable)[beyond]
    reach = np.where(np.isfinite(reach), reach, 0.0)  # nobody can host who has no arc
    return Prices(
        reach + at.growth * margins_of(known.margin, known.root_work, problem.root_work, origin),
        at.congestion,
        at.seat_price,
        demand_price,
    )


class CarriedStations(NamedTuple):
    """Prices of stations for a problem that has changed.

    Attributes:
        there: (M,) those that may host, as they might before.
        within_reach: (M,) those that users are told of: that hosted somebody, or might not host before.
        growth: factor on margins and congestion prices.
        congestion: (M,) theta_k [s/sqrt(cycle)], 0 where nobody may be hosted.
        seat_price: (M,) nu_k [s].
    """

    there: BoolArray
    within_reach: BoolArray
    growth: float
    congestion: FloatArray
    seat_price: FloatArray


def carried_stations(
    known: KnownStations, stations: IntArray, capacity: IntArray, opening: FloatArray, root_work: FloatArray
) -> CarriedStations:
    """Prices of stations; those that were not there, or could not host, ask for the median of those in use.

    Args:
        known: prices before.
        stations: (M,) which each station was before, `NEW` for one that was not there.
        capacity: (M,) of the stations now.
        opening: (M,) scaled opening costs now [s].
        root_work: of the users now [sqrt(cycle)].
    """
    was, usable = np.maximum(stations, 0), capacity > 0
    returned = usable & ((stations == NEW) | ~known.usable[was])
    there = usable & ~returned
    growth = grown_by(known.opening[was[there]], opening[there], float(known.root_work.sum()), float(root_work.sum()))
    fair = float(np.median(known.congestion[known.used]))
    return CarriedStations(
        there,
        usable & (returned | known.used[was]),
        growth,
        np.where(there, known.congestion[was], fair) * growth * usable,
        np.where(there, known.seat_price[was], 0.0),
    )


def grown_by(before: FloatArray, now: FloatArray, work_before: float, work: float) -> float:
    """By how much margins and congestion prices are to grow; with the work where opening costs nothing.

    Args:
        before: scaled opening costs of the stations that were and are there [s].
        now: theirs now.
        work_before: sum of the root work of all users before [sqrt(cycle)].
        work: that now.
    """
    if before.sum() > 0 and now.sum() > 0:
        return float(np.sqrt(now.sum() / before.sum()))
    return work / work_before if work_before > 0 else 1.0


def margins_of(margin: FloatArray, had_work: FloatArray, root_work: FloatArray, origin: IntArray) -> FloatArray:
    """Margins in proportion to work: each user's own, and of those who were not there the median.

    Args:
        margin: (N',) of the users before [s].
        had_work: (N',) their root work.
        root_work: (N,) that of the users now.
        origin: (N,) who each was before, `NEW` for who was not there.
    """
    had = had_work > 0
    rate = np.divide(margin, had_work, out=np.zeros_like(margin), where=had)
    usual = float(np.median(rate[had])) if had.any() else 0.0
    without = float(np.median(margin[~had])) if not had.all() else 0.0
    was = np.maximum(origin, 0)
    own = (origin != NEW) & had[was]
    with_work = np.where(own, rate[was], usual) * root_work
    stayed_idle = (origin != NEW) & ~had[was]
    return np.where(root_work > 0, with_work, np.where(stayed_idle, margin[was], without))


def _reach(
    problem: PlacementProblem,
    congestion: FloatArray,
    seat_price: FloatArray,
    demand_price: FloatArray | None,
    among: BoolArray,
) -> FloatArray:
    """(N,) the least that a station among some asks of each user; infinite where none may host it [s]."""
    k = np.flatnonzero(among)
    if not k.size:
        return np.full(problem.users, np.inf)
    asked = problem.comm_s[:, k] + charges(problem, k, congestion[k]) + seat_price[k]
    if problem.demand is not None and demand_price is not None:
        asked = asked + demand_price[k] * problem.demand[:, None]
    return np.where(problem.allowed[:, k], asked, np.inf).min(axis=1)
