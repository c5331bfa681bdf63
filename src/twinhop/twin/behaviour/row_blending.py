"""Rows of state of many twins, averaged: what was learned is, where the twin is now is not.

The rows of a motion model are Gaussian beliefs. Averaged are the velocity, what comes after it (acceleration or mean
velocity), and their covariance, as the moments of a mixture: a mean of beliefs that disagree is less sure than each.
Position and time are the twin's own. Of `level` the level, of `trend` the trend, of `seasonal` the season are averaged,
and of all three the variance of the errors and the count that it is known from; the last two keep the twin's level.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from twinhop.errors import InputError
from twinhop.twin.behaviour.constant_acceleration import ConstantAcceleration
from twinhop.twin.behaviour.constant_velocity import ConstantVelocity
from twinhop.twin.behaviour.level import Level
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.behaviour.reverting_velocity import RevertingVelocity
from twinhop.twin.behaviour.row_model import RowModel
from twinhop.twin.behaviour.seasonal import Seasonal
from twinhop.twin.behaviour.smoothing import COUNT, FIRST
from twinhop.twin.behaviour.trend import Trend

#: Readings of Eq. 34: `sound` is a mean of both models, `literal` their sum as printed.
Reading = Literal["sound", "literal"]
#: Numbers a column of each motion model, the position first.
_ORDERS: dict[type[RowModel], int] = {ConstantVelocity: 2, ConstantAcceleration: 3, RevertingVelocity: 3}


def blended_rows(
    kind: type[RowModel], width: int, region: FloatArray, source: FloatArray, rho: ArrayLike, reading: Reading
) -> FloatArray:
    """Eq. 34 on rows of state.

    Formula: ``sound``: ``(1 - rho) theta + rho theta_src``, with motion models the moments of that mixture:
    ``P = (1 - rho) P_region + rho P_src + rho (1 - rho) d d'``, d the difference of the means, averaged over columns.
    ``literal``: ``theta + rho theta_src``, of means and covariances.

    Args:
        kind: of the models.
        width: columns of the dimension.
        region: (..., K) states whose learned part is theta; the rest of them is not looked at.
        source: (..., K) states of the twins that moved; the result has their time and position.
        rho: weight of the source, broadcast against the leading axes, each in [0, 1] [1].
        reading: of Eq. 34.

    Returns:
        (..., K) states.

    Raises:
        InputError: the kind has no rows that may be averaged.

    Source: reference paper, Eq. 34, readings row 20; the moments are those of any mixture of two distributions.
    """
    weight = np.asarray(rho, dtype=np.float64)[..., None]
    region_weight = 1.0 if reading == "literal" else 1.0 - weight
    if kind not in _ORDERS:
        columns = learned_columns(kind, width, source.shape[-1])
        result = np.array(np.broadcast_to(source, np.broadcast_shapes(region.shape, source.shape)))
        result[..., columns] = region_weight * region[..., columns] + weight * source[..., columns]
        return result
    order = _ORDERS[kind]
    theirs, mine = _means(region, width, order), _means(source, width, order)
    spread_region, spread_source = _covariance(region, order), _covariance(source, order)
    spread_region[..., 0, 1:] = spread_region[..., 1:, 0] = 0.0
    spread_region[..., 0, 0] = spread_source[..., 0, 0]
    share = weight[..., None]
    region_share = np.asarray(region_weight)[..., None] if np.ndim(region_weight) else region_weight
    covariance = region_share * spread_region + share * spread_source
    mean = region_share * theirs + share * mine
    if reading == "sound":
        apart = mine - theirs
        apart[..., 0] = 0.0
        covariance = covariance + share * (1.0 - share) * np.einsum("...ci,...cj->...ij", apart, apart) / width
    covariance[..., 0, 0] = spread_source[..., 0, 0]
    mean[..., 0] = mine[..., 0]
    return _rows(source[..., :1], covariance, mean)


def pooled_row(kind: type[RowModel], width: int, states: FloatArray, weights: FloatArray) -> FloatArray:
    """Eq. 32 on rows of state: ``theta = sum_p w_p theta_p``, with motion models the moments of the mixture.

    Args:
        kind: of the models.
        width: columns of the dimension.
        states: (N, K).
        weights: (N,) of sum 1.

    Returns:
        (K,) a state whose time and position are those of the heaviest twin.
    """
    heaviest = states[int(np.argmax(weights))]
    if kind not in _ORDERS:
        result, columns = heaviest.copy(), learned_columns(kind, width, len(heaviest))
        result[columns] = weights @ states[:, columns]
        return result
    order = _ORDERS[kind]
    means = _means(states, width, order)
    mean = np.einsum("n,nci->ci", weights, means)
    apart = means - mean
    covariance = np.einsum("n,nij->ij", weights, _covariance(states, order))
    covariance += np.einsum("n,nci,ncj->ij", weights, apart, apart) / width
    covariance[0, 1:] = covariance[1:, 0] = 0.0
    covariance[0, 0] = heaviest[1]
    mean[:, 0] = _means(heaviest, width, order)[:, 0]
    return _rows(heaviest[:1], covariance, mean)


def learned_columns(kind: type[RowModel], width: int, length: int) -> list[int]:
    """The places of a row of state that hold what was learned, and not where the twin is now.

    Args:
        kind: of the model.
        width: columns of the dimension.
        length: of the row.

    Raises:
        InputError: the kind has no rows that may be averaged.

    Example:
        >>> learned_columns(Trend, 1, 5)
        [1, 3, 4]
    """
    if kind in _ORDERS:
        order = _ORDERS[kind]
        begin = length - order * width
        return [begin + order * column + entry for column in range(width) for entry in range(1, order)]
    if kind is Level:
        return list(range(COUNT, length))
    if kind is Trend:
        return [COUNT, *(at for at in range(FIRST, length) if (at - FIRST) % 3)]
    if kind is Seasonal:
        return [COUNT, *range(FIRST + width, length)]
    accepted = ", ".join(each.kind for each in (*_ORDERS, Level, Trend, Seasonal))
    raise InputError(f"blending: {kind.kind}: has no numbers that may be averaged; accepted: {accepted}")


def _means(states: FloatArray, width: int, order: int) -> FloatArray:
    """(..., width, order) positions, velocities and third numbers."""
    return states[..., states.shape[-1] - width * order :].reshape(*states.shape[:-1], width, order).copy()


def _covariance(states: FloatArray, order: int) -> FloatArray:
    """(..., order, order) from its upper triangle."""
    above = np.triu_indices(order)
    matrix = np.empty((*states.shape[:-1], order, order))
    triangle = states[..., 1 : 1 + len(above[0])]
    matrix[..., above[0], above[1]] = triangle
    matrix[..., above[1], above[0]] = triangle
    return matrix


def _rows(time_s: FloatArray, covariance: FloatArray, mean: FloatArray) -> FloatArray:
    above = np.triu_indices(covariance.shape[-1])
    triangle, flat = covariance[..., above[0], above[1]], mean.reshape(*mean.shape[:-2], -1)
    times_s = np.broadcast_to(time_s, (*flat.shape[:-1], 1))
    return np.concatenate([times_s, triangle, flat], axis=-1)
