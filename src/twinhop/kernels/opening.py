"""Which stations a relaxation opens at their reduced costs, and what it costs to have one in the other state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.jit import jit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@jit()
def choose_open(reduced, forced, fewest, most, chosen):
    """The stations the relaxation opens: those forced open, and the cheapest others, as many as the range asks for.

    Of the others those of negative reduced cost, but at least as many as `fewest` asks for, at most as many as `most`
    allows. Compiled.

    Args:
        reduced: (M,) reduced costs [s].
        forced: (M,) 1 for stations that are open, -1 for those that are shut, 0 for the others.
        fewest: fewest stations open.
        most: most stations open.
        chosen: (M,) receives the stations opened.

    Returns:
        The sum of their reduced costs; inf where the range cannot be kept.
    """
    value, count = 0.0, 0
    for k in range(reduced.size):
        chosen[k] = forced[k] == 1
        if chosen[k]:
            value += reduced[k]
            count += 1
    for k in np.argsort(reduced):
        if forced[k] == 0 and count < most and (count < fewest or reduced[k] < 0.0):
            chosen[k] = True
            value += reduced[k]
            count += 1
    return value if fewest <= count <= most else np.inf


def opened_stations(reduced: FloatArray, forced: IntArray, fewest: int, most: int) -> BoolArray:
    """(M,) the stations that `choose_open` opens."""
    opened = np.zeros(reduced.shape, np.bool_)
    choose_open(reduced, forced, fewest, most, opened)
    return opened


def switching_penalties(reduced: FloatArray, forced: IntArray, opened: BoolArray, fewest: int, most: int) -> FloatArray:
    """How much the least sum of reduced costs rises, at least, if each station is in the other state.

    Formula: for a station that is shut, ``r_k`` less the largest r among those opened that are not forced, if no more
    may be open, or if no fewer may be and that r is positive; for one that is open, ``-r_k`` plus the smallest r among
    those shut that are not forced, if no fewer may be open, or if that r is negative.

    Args:
        reduced: (M,) reduced costs r, inf where a station cannot host [s].
        forced: (M,) 1 for stations that are open, -1 for those that are shut, 0 for the others.
        opened: (M,) the stations opened, see `opened_stations`.
        fewest: fewest stations open.
        most: most stations open.

    Returns:
        (M,) at least 0 [s]; inf for forced stations and those that cannot host.
    """
    free, count = forced == 0, int(opened.sum())
    dearest = reduced[free & opened].max(initial=-np.inf)
    cheapest = reduced[free & ~opened].min(initial=np.inf)
    if count != most:
        dearest = max(dearest, 0.0) if count == fewest else 0.0
    if count != fewest:
        cheapest = min(cheapest, 0.0)
    penalty = np.full(reduced.shape, np.inf)
    shut, open_ = free & ~opened & np.isfinite(reduced), free & opened & np.isfinite(reduced)
    penalty[shut] = np.maximum(reduced[shut] - dearest, 0.0)
    penalty[open_] = np.maximum(cheapest - reduced[open_], 0.0)
    return penalty


def least_openings(reduced: FloatArray, fewest: IntArray) -> FloatArray:
    """The reduced costs of the stations that `choose_open` opens in many slots at once, where any number may be open.

    Args:
        reduced: (T, K) reduced costs, inf where a station cannot host [s].
        fewest: (T,) fewest stations open.

    Returns:
        (T, K) reduced costs in rising order, 0 for stations that are not opened [s].
    """
    ordered = np.sort(reduced, axis=1)
    is_asked = np.arange(reduced.shape[1]) < fewest[:, None]
    return np.where(is_asked, ordered, np.minimum(ordered, 0.0))
