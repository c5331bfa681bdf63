"""The mean loss of every radio link of a world: path loss by line of sight, and shadowing."""

import warnings

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.errors import ExtrapolationWarning
from twinhop.scenario.world.world import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def mean_loss_db(world: World, xy_m: FloatArray, distance: FloatArray) -> FloatArray:
    """Path loss and shadowing of links, without fading.

    Args:
        world: stations in SI units, and the draws.
        xy_m: (N, 2) users, those of the world or elsewhere [m].
        distance: (N, M) user to station [m].

    Returns:
        (N, M) losses [dB].
    """
    radio = world.radio
    sight = line_of_sight(world, xy_m, distance)
    state = {} if sight is None else {"line_of_sight": sight}
    loss = network.PATH_LOSS[radio.path_loss].loss_db(
        distance, min_distance_m=radio.min_distance_m, **state, **radio.path_loss_parameters
    )
    if not radio.shadowing:
        return loss
    shadow = [_shadow_db(world, xy_m, state) for state in range(len(radio.shadowing))]
    return loss + (shadow[0] if sight is None else np.where(sight, *shadow))


def line_of_sight(world: World, xy_m: FloatArray, distance: FloatArray) -> NDArray[np.bool_] | None:
    """Which links have line of sight; None where the path loss model knows one state only.

    Args:
        world: stations in SI units, and the draws.
        xy_m: (N, 2) users, those of the world or elsewhere [m].
        distance: (N, M) user to station [m].

    Returns:
        (N, M) bool, or None.
    """
    probability = network.PATH_LOSS[world.radio.path_loss].los_probability
    if probability is None:
        return None
    if world.los_wave_uniform is None or world.los_weight_normal is None:
        return np.full(distance.shape, world.radio.line_of_sight == "always")
    draws = world.los_wave_uniform, world.los_weight_normal
    return network.line_of_sight(
        probability(distance), network.spatial_field(xy_m, *draws, network.LOS_DECORRELATION_M)
    )


def warn_of_far_links(world: World, distance: FloatArray, access: IntArray) -> None:
    """Warn if users are farther from their access station than the path loss model reaches."""
    ranges = network.PATH_LOSS[world.radio.path_loss].ranges
    if "distance_m" not in ranges:
        return
    farthest = ranges["distance_m"][1]
    beyond = int((distance[np.arange(len(access)), access] > farthest).sum())
    if beyond:
        warnings.warn(
            f"{world.name}: {beyond} of {len(access)} users are more than {farthest:g} m from their access station, "
            f"beyond the range of {world.radio.path_loss}; its loss is extrapolated",
            ExtrapolationWarning,
            stacklevel=3,
        )


def _shadow_db(world: World, xy_m: FloatArray, state: int) -> FloatArray:
    assert world.shadowing_wave_uniform is not None and world.shadowing_weight_normal is not None
    shadowing = world.radio.shadowing[state]
    draws = world.shadowing_wave_uniform[state], world.shadowing_weight_normal[state]
    return shadowing.sigma_db * network.spatial_field(xy_m, *draws, shadowing.decorrelation_m)
