"""Path loss as a table over the distance: what a compiled loop looks up in place of the formulas of `network`."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.scenario.world.world import World

#: Entries an octave of the squared distance; between them the table is linear in it. The curvature of 40 dB a decade
#: then costs 2e-5 dB, a kink (the breakpoint of TR 38.901) at most 0.005 dB.
OCTAVE_BITS = 8
MANTISSA_BITS = 23
SHIFT = MANTISSA_BITS - OCTAVE_BITS
#: No two places of a scenario are farther apart, see `fields.LARGEST_COORDINATE_M`.
FARTHEST_M = 3e8
#: Beyond +-9 standard deviations a normal variable is never seen.
CERTAIN = 9.0
#: Columns: threshold on the LOS field, loss with line of sight, loss without; each as value and slope; two unused.
COLUMNS = 8


@dataclass(frozen=True, eq=False)
class DistanceTable:
    """What depends on the distance of a link alone, by squared distance.

    The row of a squared distance is given by the leading bits of its float32: exponent and `OCTAVE_BITS` of mantissa.

    Attributes:
        rows: (L, 8) float32; in each segment value and slope of the threshold z below which the LOS field means line
            of sight [1], of the loss with line of sight [dB] and of the loss without [dB].
        first: leading bits of the first row.
        least_m2: squared distances below it count as it [m^2].
    """

    rows: NDArray[np.float32]
    first: int
    least_m2: float


def distance_table(world: World) -> DistanceTable:
    """The table of a world's path loss.

    Formula: a link has line of sight where ``z < Phi^-1(P_LOS(d))``, the same as ``Phi(z) < P_LOS(d)``.

    Args:
        world: whose path loss model, parameters and least distance hold.

    Returns:
        The table, up to `FARTHEST_M`. Where the model knows one state, or the scenario fixes it, the threshold says
        always or never.
    """
    least = np.float32(max(world.radio.min_distance_m, 1e-3) ** 2)
    first = int(least.view(np.int32)) >> SHIFT
    last = int(np.float32(max(FARTHEST_M**2, 4.0 * float(least))).view(np.int32)) >> SHIFT
    knots = (np.arange(first, last + 2, dtype=np.int32) << SHIFT).view(np.float32).astype(np.float64)
    distance_m = np.sqrt(np.maximum(knots, float(least)))
    columns = (_threshold(world, distance_m), *_losses_db(world, distance_m))
    rows = np.zeros((last - first + 1, COLUMNS), np.float32)
    for at, values in enumerate(columns):
        rows[:, 2 * at], rows[:, 2 * at + 1] = values[:-1], np.diff(values)
    return DistanceTable(rows, first, float(least))


def _threshold(world: World, distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    probability = network.PATH_LOSS[world.radio.path_loss].los_probability
    if probability is None or world.los_weight_normal is None:
        sight = probability is None or world.radio.line_of_sight == "always"
        return np.full(distance_m.shape, CERTAIN if sight else -CERTAIN)
    normal, tail = NormalDist(), NormalDist().cdf(-CERTAIN)
    shares = np.clip(probability(distance_m), tail, 1.0 - 1e-16)
    return np.array([CERTAIN if share > 1.0 - 1e-15 else normal.inv_cdf(share) for share in shares.tolist()])


def _losses_db(world: World, distance_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    model, radio = network.PATH_LOSS[world.radio.path_loss], world.radio
    known = {"min_distance_m": radio.min_distance_m, **radio.path_loss_parameters}
    if model.states == 1:
        loss = model.loss_db(distance_m, **known)
        return loss, loss
    states = (np.full(distance_m.shape, sight) for sight in (True, False))
    with_sight, without = (model.loss_db(distance_m, line_of_sight=sight, **known) for sight in states)
    return with_sight, without
