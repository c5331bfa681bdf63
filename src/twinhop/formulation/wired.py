"""The wired latency of a world: from every user's access station to every host, for the size sent."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.scenario import CloudSite, World

#: Gives for the bits (N,) that each user sends the latencies (N, K) to every host [s].
Wires = Callable[[FloatArray], FloatArray]


def wires(world: World, access: NDArray[np.integer]) -> Wires:
    """The wired latency of a world as a function of the sizes sent.

    To a station: by distance, or by the fastest path of the backhaul graph for that size. To a cloud that may host, the
    last host: its latency, or by distance or path in turn; and the size over the rate of its link.

    Args:
        world: stations, links and cloud.
        access: (N,) access station of each user.

    Returns:
        A function from bits (N,) to latencies (N, K) [s]; K counts the stations, and the cloud where it may host.
    """
    to_stations = _by_distance(world, access) if world.graph is None else _by_path(world, access)
    cloud = world.hosting_cloud
    if cloud is None:
        return to_stations
    to_cloud = _to_cloud(world, access, cloud)
    return lambda bits: np.column_stack([to_stations(bits), to_cloud(bits)])


def wires_between(world: World) -> Callable[[float], FloatArray]:
    """The wired latency between the places where services may run, as a function of the size sent.

    Args:
        world: stations, links and cloud.

    Returns:
        A function from bits to latencies (K, K) from each place to each [s], 0 to itself; the places are the stations
        and, last, a cloud with a CPU.
    """
    count, cloud = len(world.station_ids), world.serving_cloud
    stations = np.arange(count)
    to_stations = _by_distance(world, stations) if world.graph is None else _by_path(world, stations)
    to_cloud = None if cloud is None else _to_cloud(world, stations, cloud)

    def latency_s(bits: float) -> FloatArray:
        sizes = np.full(count, bits)
        among = to_stations(sizes)
        if to_cloud is None:
            return among
        hop = to_cloud(sizes)
        return np.block([[among, hop[:, None]], [hop, np.zeros(1)]])

    return latency_s


def wire_lines(world: World) -> tuple[FloatArray, FloatArray]:
    """The wired latency between hosts for every size at once.

    Formula: ``wired(x) = min over p of delay_p + x s_p``, from each of the stations as `wires` has it, and from a cloud
    as to it.

    Args:
        world: stations, links and cloud.

    Returns:
        Delays [s] and seconds per bit [s/bit], each (P, K, K), 0 from a host to itself; P is 1 without a graph.
    """
    count, cloud = len(world.station_ids), world.hosting_cloud
    if world.graph is None:
        hop_m = network.distance_m(world.station_xy_m, world.station_xy_m)
        delay_s, s_per_bit = np.zeros((1, count, count)), world.latency_s_per_bit_m * hop_m[None]
    else:
        delay_s, s_per_bit = (each[:, :count, :count] for each in world.graph.lines())
    if cloud is None:
        return delay_s, s_per_bit
    way_s, way_s_per_bit = _cloud_lines(world, cloud)
    return _with_cloud(delay_s, way_s), _with_cloud(s_per_bit, way_s_per_bit + cloud.s_per_bit)


#: Gives for some stations (B,) the delays [s] and the seconds per bit [s/bit] to every host, each (P, B, K).
WireRows = Callable[[IntArray], tuple[FloatArray, FloatArray]]


def wire_rows(world: World) -> WireRows:
    """The wired latency from some stations at a time to all hosts, for every size at once; see `wire_lines`.

    Args:
        world: stations, links and cloud.

    Returns:
        A function from stations (B,) to delays [s] and seconds per bit [s/bit], each (P, B, K); K counts the stations,
        and the cloud where it may host.
    """
    if world.graph is not None:
        delay_s, s_per_bit = wire_lines(world)
        return lambda at: (delay_s[:, at], s_per_bit[:, at])
    cloud, count = world.hosting_cloud, len(world.station_ids)
    way_s = way_s_per_bit = np.empty((1, 0))
    if cloud is not None:
        way_s, way_s_per_bit = _cloud_lines(world, cloud)
        way_s_per_bit = way_s_per_bit + cloud.s_per_bit

    def rows(at: IntArray) -> tuple[FloatArray, FloatArray]:
        hop_m = network.distance_m(world.station_xy_m[at], world.station_xy_m)
        s_per_bit = network.wired_latency_s(np.ones(len(at)), hop_m, world.latency_s_per_bit_m)
        delay_s = np.zeros((len(at), count))
        if cloud is not None:
            delay_s = np.column_stack([delay_s, way_s[0, at]])
            s_per_bit = np.column_stack([s_per_bit, way_s_per_bit[0, at]])
        return delay_s[None], s_per_bit[None]

    return rows


def _cloud_lines(world: World, cloud: CloudSite) -> tuple[FloatArray, FloatArray]:
    """(P or 1, M) the way from each station to the cloud, its link left out."""
    count = len(world.station_ids)
    if cloud.latency_s is not None:
        return np.full((1, count), cloud.latency_s), np.zeros((1, count))
    if world.graph is not None:
        delay_s, s_per_bit = world.graph.lines()
        return delay_s[:, :count, count], s_per_bit[:, :count, count]
    assert cloud.xy_m is not None  # the schema asks for a position or a latency
    hop_m = network.distance_m(world.station_xy_m, np.array([cloud.xy_m]))[:, 0]
    return np.zeros((1, count)), world.latency_s_per_bit_m * hop_m[None]


def _with_cloud(lines: FloatArray, way: FloatArray) -> FloatArray:
    """(P, M + 1, M + 1) with the cloud as last host."""
    table = np.pad(lines, ((0, 0), (0, 1), (0, 1)))
    table[:, :-1, -1] = table[:, -1, :-1] = way
    return table


def _by_distance(world: World, access: NDArray[np.integer]) -> Wires:
    hop = network.distance_m(world.station_xy_m, world.station_xy_m)[access]
    return lambda bits: network.wired_latency_s(bits, hop, world.latency_s_per_bit_m)


def _by_path(world: World, access: NDArray[np.integer]) -> Wires:
    graph, stations = world.graph, np.arange(len(world.station_ids))
    assert graph is not None
    return lambda bits: graph.latency_s(bits, access, stations)


def _to_cloud(world: World, access: NDArray[np.integer], cloud: CloudSite) -> Wires:
    """Latencies (N,) to the cloud."""
    if cloud.latency_s is not None:
        latency_s = cloud.latency_s
        return lambda bits: latency_s + cloud.s_per_bit * bits
    if world.graph is not None:
        graph, site = world.graph, np.array([len(world.station_ids)])
        return lambda bits: graph.latency_s(bits, access, site)[:, 0] + cloud.s_per_bit * bits
    assert cloud.xy_m is not None  # the schema asks for a position or a latency
    hop = network.distance_m(world.station_xy_m, np.array([cloud.xy_m]))[access, 0]
    return lambda bits: network.wired_latency_s(bits, hop, world.latency_s_per_bit_m) + cloud.s_per_bit * bits
