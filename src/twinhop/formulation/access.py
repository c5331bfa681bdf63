"""Access stations of millions of users through a spatial index: no array of all users by all stations."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.errors import ExtrapolationWarning
from twinhop.extras import require_extra
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.scenario import World
from twinhop.scenario.schema.readings import ROW_LOGARITHM
from twinhop.scenario.world.channel import mean_loss_db

if TYPE_CHECKING:
    from scipy.spatial import KDTree

#: Users whose nearest stations are looked up together.
BLOCK_USERS = 1 << 17
#: Stations that are compared at first; more where the last of them is as good as the best.
NEAREST = 3


@dataclass(frozen=True)
class AccessLinks:
    """The link of each user to its access station; the same as `RadioState` has, without those to all others.

    Attributes:
        access: (N,) index of each user's access station b(i).
        link_distance_m: (N,) to it [m].
        access_rate_bps: (N,) uplink rate to it, Eq. 3 [bit/s].
    """

    access: NDArray[np.integer]
    link_distance_m: FloatArray
    access_rate_bps: FloatArray


def access_links(world: World) -> AccessLinks:
    """Access stations and uplink rates (Eq. 3) of a world, each user compared with the stations nearest to it.

    Exact where the mean gain never rises with distance: then no station beyond the nearest ones looked at is stronger,
    and they are widened until the last of them is weaker than the best, so that ties go to the lowest index as in
    `network.access_by_signal`. That holds without shadowing and without lines of sight drawn for each link, which
    `sparse_view_lacks` refuses.

    Args:
        world: without fading, shadowing, lines of sight drawn for each link, and interference.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    require_extra("scale", "the spatial index of stations")
    from scipy.spatial import KDTree

    tree = KDTree(world.station_xy_m)
    users, stations = len(world.user_xy_m), len(world.station_ids)
    access, distance = np.empty(users, np.int32), np.empty(users)
    gain = np.empty(users)
    for start in range(0, users, BLOCK_USERS):
        block = np.arange(start, min(users, start + BLOCK_USERS))
        count = min(NEAREST, stations)
        while block.size:
            best, distance_m, best_gain, tied = _best_of(world, tree, block, count)
            access[block], distance[block], gain[block] = best, distance_m, best_gain
            block = block[tied] if count < stations else block[:0]
            count = min(8 * count, stations)
    _warn_of_far_links(world, distance)
    radio, weight = world.radio, world.user_weight
    bandwidth = network.user_bandwidth_hz(radio.bandwidth_hz, access, stations, radio.bandwidth_rule, weight)
    logarithm = "ln" if world.readings.is_literal(ROW_LOGARITHM) else "log2"
    rate = network.rate_bps(bandwidth, world.tx_power_w, gain, radio.noise_w_per_hz, logarithm)
    return AccessLinks(access, distance, rate)


def _best_of(
    world: World, tree: KDTree, users: IntArray, count: int
) -> tuple[IntArray, FloatArray, FloatArray, BoolArray]:
    """Of some users: the best of so many nearest stations, distance and gain of it, and whether one beyond may tie."""
    xy_m = world.user_xy_m[users]
    near = np.sort(tree.query(xy_m, k=count, workers=-1)[1].reshape(len(xy_m), count), axis=1)
    distance_m = network.distance_m(xy_m, world.station_xy_m[near])
    gain = network.channel_gain(mean_loss_db(world, xy_m, distance_m))
    if world.radio.access == "nearest":
        at = network.access_by_distance(distance_m)
        tied = distance_m.max(axis=1) <= distance_m.min(axis=1)
    else:
        at = network.access_by_signal(gain)
        tied = gain.min(axis=1) >= gain.max(axis=1)
    rows = np.arange(len(users))
    return near[rows, at], distance_m[rows, at], gain[rows, at], tied


def _warn_of_far_links(world: World, distance_m: FloatArray) -> None:
    """As `channel.warn_of_far_links`."""
    ranges = network.PATH_LOSS[world.radio.path_loss].ranges
    if "distance_m" not in ranges:
        return
    farthest = ranges["distance_m"][1]
    beyond = int((distance_m > farthest).sum())
    if beyond:
        warnings.warn(
            f"{world.name}: {beyond} of {distance_m.size} users are more than {farthest:g} m from their access "
            f"station, beyond the range of {world.radio.path_loss}; its loss is extrapolated",
            ExtrapolationWarning,
            stacklevel=3,
        )
