"""What the map of a world shows: its corners, and where the cloud is drawn, which may have no position."""

import numpy as np

from twinhop.output.kit.corners import corners
from twinhop.scenario import World

#: Where a cloud without a position is drawn, as a share of the map's extent.
CORNER = (0.95, 0.95)
#: A cloud farther from the others than this many times their extent is drawn at the edge of the map.
FAR = 1.0


def extent(world: World) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the map, with a margin [m]."""
    points = np.vstack([world.station_xy_m, world.user_xy_m, _nodes_of_the_area(world)])
    if world.cloud is not None and world.cloud.xy_m is not None:
        low, high = points.min(axis=0), points.max(axis=0)
        reach = FAR * max(1.0, float((high - low).max()))
        if not ((world.cloud.xy_m < low - reach) | (world.cloud.xy_m > high + reach)).any():
            points = np.vstack([points, world.cloud.xy_m])
    return corners([points])


def _nodes_of_the_area(world: World) -> np.ndarray:
    """(L, 2) nodes of the backhaul graph that lie in the scenario's area [m]."""
    nodes = np.empty((0, 2)) if world.graph is None else world.graph.node_xy_m
    return nodes[((nodes >= 0) & (nodes <= (world.width_m, world.height_m))).all(axis=1)]


def sites_xy_m(world: World) -> np.ndarray:
    """(K, 2) where hosts and, last, a cloud that may host or run services are drawn [m]."""
    if world.hosting_cloud is None and not _cloud_runs_services(world):
        return world.station_xy_m
    return np.vstack([world.station_xy_m, cloud_xy_m(world)])


def cloud_xy_m(world: World) -> np.ndarray:
    """Where the cloud is drawn [m]: in the upper right corner without a position, at the edge if it is far away."""
    low, high = extent(world)
    rim = (np.array(CORNER) - 1) * (low - high)
    if world.cloud is None or world.cloud.xy_m is None:
        return high - rim
    outside = (world.cloud.xy_m < low) | (world.cloud.xy_m > high)
    return np.where(outside.any(), np.clip(world.cloud.xy_m, low + rim, high - rim), world.cloud.xy_m)


def cloud_is_drawn(world: World) -> bool:
    """Whether maps show a cloud: it has a position, or it may host twins or run services."""
    cloud = world.cloud
    return cloud is not None and (cloud.xy_m is not None or cloud.host or _cloud_runs_services(world))


def _cloud_runs_services(world: World) -> bool:
    return bool(world.services) and world.serving_cloud is not None


def cloud_label(world: World) -> str:
    """What the legend says of the cloud, and that it is not where it is drawn."""
    assert world.cloud is not None
    low, high = extent(world)
    name = world.cloud.name if world.cloud.name.lower() == "cloud" else f"cloud {world.cloud.name}"
    if world.cloud.xy_m is None:
        return f"{name} (no position)"
    outside = ((world.cloud.xy_m < low) | (world.cloud.xy_m > high)).any()
    return f"{name} (beyond the map)" if outside else name
