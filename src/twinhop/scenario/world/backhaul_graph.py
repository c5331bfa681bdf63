"""The backhaul graph of a world: where its nodes lie, what its links do, and which node each station is attached to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.errors import InputError
from twinhop.scenario import geo
from twinhop.scenario.place_sections import Area
from twinhop.scenario.sanity import LARGEST_EXTENT_M
from twinhop.scenario.schema.graph_sections import Graph, NodeRow
from twinhop.units import BITS_PER_MBIT, S_PER_MS

FIBRE_SPEED_M_PER_S = 2e8
"""Speed of light in fibre: the speed in vacuum over a refractive index of 1.5."""
FARTHEST_NODE_M = LARGEST_EXTENT_M
"""A median station farther than this from its node means that the graph lies elsewhere [m]."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Site:
    """What is attached to the backhaul: a station, or the cloud where it may host."""

    name: str
    xy_m: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class BackhaulGraph:
    """V nodes, L links, and the S sites attached to A of the nodes: the stations, then the cloud where it is routed.

    Attributes:
        node_ids: V names.
        node_xy_m: (V, 2) positions, NaN where a node has none [m].
        link_nodes: (L, 2) the nodes that each link joins, int.
        link_rate_bps: (L,) [bit/s].
        link_delay_s: (L,) [s].
        places: (A,) nodes that sites are attached to, int.
        site_place: (S,) index into `places` of each site's node, int.
        site_delay_s: (S,) delay between each site and its node [s].
        site_s_per_bit: 1 / rate between a site and its node, 0 where that is unlimited [s/bit].
        path_delay_s: (P, A, A) delays of the fastest paths between places, see `network.path_envelopes` [s].
        path_s_per_bit: (P, A, A) what one more bit adds to them [s/bit].
    """

    node_ids: tuple[str, ...]
    node_xy_m: FloatArray
    link_nodes: IntArray
    link_rate_bps: FloatArray
    link_delay_s: FloatArray
    places: IntArray
    site_place: IntArray
    site_delay_s: FloatArray
    site_s_per_bit: float
    path_delay_s: FloatArray
    path_s_per_bit: FloatArray

    def latency_s(self, bits: FloatArray, source: NDArray[np.integer], target: IntArray) -> FloatArray:
        """Return the time that data takes from site to site: to the node, along the fastest path, from the node.

        Args:
            bits: (N,) sizes [bit].
            source: (N,) sites where the data starts, int.
            target: (K,) sites where it goes, int.

        Returns:
            (N, K) latencies, 0 from a site to itself [s].
        """
        place = self.site_place  # as `lines`, without arrays of all sites by all
        routed = network.routed_latency_s(bits, place[source], place[target], self.path_delay_s, self.path_s_per_bit)
        routed += self.site_delay_s[source][:, None] + self.site_delay_s[target]
        routed += 2 * self.site_s_per_bit * bits[:, None]
        return np.where(source[:, None] == target, 0.0, routed)

    def lines(self) -> tuple[FloatArray, FloatArray]:
        """Delays [s] and seconds per bit [s/bit], each (P, S, S), whose least ``delay + bits s`` is `latency_s`."""
        place = self.site_place
        delay_s = self.path_delay_s[:, place][:, :, place] + self.site_delay_s[:, None] + self.site_delay_s
        s_per_bit = self.path_s_per_bit[:, place][:, :, place] + 2 * self.site_s_per_bit
        itself = np.eye(len(place), dtype=bool)
        return np.where(itself, 0.0, delay_s), np.where(itself, 0.0, s_per_bit)


def build_graph(graph: Graph, area: Area, sites: Sequence[Site], where: str) -> BackhaulGraph:
    """The backhaul graph of a scenario.

    Args:
        graph: its section, with the file read.
        area: the map, which the graph is stretched onto where it is to fit.
        sites: what is to be attached, the stations first.
        where: what to call the scenario in errors.

    Returns:
        The graph, with the fastest paths of every size between the sites.

    Raises:
        InputError: a position, rate or delay cannot be told, or no path joins two sites.
    """
    where = f"{where}: backhaul.graph"
    if graph.file is not None:
        raise InputError(f"{where}.file: has not been read; use load_scenario or parse_scenario with its folder")
    rows = graph.node_rows()
    index = {row.id: at for at, row in enumerate(rows)}
    xy_m = _positions(rows, graph.fit, area, where)
    for site in sites:
        at = index.get(site.name)
        if at is not None and np.isnan(xy_m[at, 0]) and site.xy_m is not None:
            xy_m[at] = site.xy_m
    ends = np.array([(index[link.a], index[link.b]) for link in graph.links], np.int64).reshape(-1, 2)
    rates_bps = np.array([_rate_mbps(graph, at, where) for at in range(len(ends))], np.float64) * BITS_PER_MBIT
    delays_s = _delays_s(graph, rows, ends, xy_m, where)
    nodes, attach_s = _attachments(sites, index, xy_m, where)
    _require_paths(len(rows), ends, sites, nodes, rows, where)
    places, site_place = np.unique(nodes, return_inverse=True)
    path_delay_s, path_s_per_bit = network.path_envelopes(ends, delays_s, rates_bps, places)
    return BackhaulGraph(
        node_ids=tuple(row.id for row in rows),
        node_xy_m=xy_m,
        link_nodes=ends,
        link_rate_bps=rates_bps,
        link_delay_s=delays_s,
        places=places,
        site_place=site_place.astype(np.int64),
        site_delay_s=attach_s,
        site_s_per_bit=1 / (graph.attach_rate_mbps * BITS_PER_MBIT) if graph.attach_rate_mbps else 0.0,
        path_delay_s=path_delay_s,
        path_s_per_bit=path_s_per_bit,
    )


def _positions(rows: Sequence[NodeRow], fit: bool, area: Area, where: str) -> FloatArray:
    """(V, 2) local positions [m], NaN where a node states none."""
    local = np.array([(_or_nan(row.x_m), _or_nan(row.y_m)) for row in rows], np.float64).reshape(-1, 2)
    on_earth = np.array([(_or_nan(row.lat_deg), _or_nan(row.lon_deg)) for row in rows], np.float64).reshape(-1, 2)
    stated = np.isfinite(on_earth[:, 0])
    if fit and stated.any() and np.isfinite(local).any():
        raise InputError(f"{where}.fit: all positions must be x_m, y_m, or all lat_deg, lon_deg; not a mixture")
    if stated.any():
        if area.origin is None and not fit:
            raise InputError(
                f"{where}: its nodes lie on Earth and the area nowhere; state area.origin: {{lat_deg, lon_deg}}, "
                f"or fit: true to stretch the graph onto the area"
            )
        origin = _centre(on_earth[stated]) if fit or area.origin is None else _origin(area)
        local[stated] = np.column_stack(geo.project(on_earth[stated, 0], on_earth[stated, 1], origin))
    return _fitted(local, area, where) if fit else local


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _origin(area: Area) -> tuple[float, float]:
    assert area.origin is not None
    return area.origin.lat_deg, area.origin.lon_deg


def _centre(lat_lon_deg: FloatArray) -> tuple[float, float]:
    """The middle of points on Earth; longitudes are averaged on the circle, since they may straddle 180 degrees."""
    lon = np.deg2rad(lat_lon_deg[:, 1])
    lon_deg = np.rad2deg(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))
    return float(lat_lon_deg[:, 0].mean()), float(lon_deg)


def _fitted(xy_m: FloatArray, area: Area, where: str) -> FloatArray:
    """Each axis stretched so that the outermost nodes lie on the area's border; an axis without extent is centred."""
    known = np.isfinite(xy_m[:, 0])
    if not known.any():
        raise InputError(f"{where}.fit: no node states a position; there is nothing to stretch onto the area")
    low, high = xy_m[known].min(axis=0), xy_m[known].max(axis=0)
    size = np.array([area.width_m, area.height_m])
    extent = np.where(high > low, high - low, 1.0)
    return np.where(high > low, (xy_m - low) / extent * size, np.where(np.isfinite(xy_m), size / 2, np.nan))


def _rate_mbps(graph: Graph, at: int, where: str) -> float:
    link = graph.links[at]
    rate_mbps = graph.default_rate_mbps if link.rate_mbps is None else link.rate_mbps
    if rate_mbps is None:
        raise InputError(f"{where}: the link {link.a} - {link.b} states no rate; give it one, or default_rate_mbps")
    return rate_mbps


def _delays_s(graph: Graph, rows: Sequence[NodeRow], ends: IntArray, xy_m: FloatArray, where: str) -> FloatArray:
    """(L,) delays: as stated, else by distance, else the default [s]."""
    stated_s = np.array([_or_nan(link.delay_ms) for link in graph.links], np.float64) * S_PER_MS
    delays_s = np.where(np.isnan(stated_s), _lengths_m(rows, ends, xy_m, graph.fit) / FIBRE_SPEED_M_PER_S, stated_s)
    unknown = np.isnan(delays_s)
    if unknown.any() and graph.default_delay_ms is None:
        link = graph.links[int(np.flatnonzero(unknown)[0])]
        raise InputError(
            f"{where}: the link {link.a} - {link.b} states no delay, and its ends have no positions to tell it by; "
            f"give it one, or default_delay_ms ({int(unknown.sum())} such links)"
        )
    return np.where(unknown, _or_nan(graph.default_delay_ms) * S_PER_MS, delays_s)


def _lengths_m(rows: Sequence[NodeRow], ends: IntArray, xy_m: FloatArray, fit: bool) -> FloatArray:
    """(L,) distances along the links, on the ellipsoid where both ends lie on Earth; NaN where an end lies nowhere."""
    length_m = np.hypot(*(xy_m[ends[:, 0]] - xy_m[ends[:, 1]]).T)
    if fit:
        return length_m
    lat_lon = np.array([(_or_nan(row.lat_deg), _or_nan(row.lon_deg)) for row in rows], np.float64).reshape(-1, 2)
    both = np.isfinite(lat_lon[ends]).all(axis=(1, 2))
    if both.any():
        length_m[both] = geo.geodesic_m(lat_lon[ends[both, 0]], lat_lon[ends[both, 1]])
    return length_m


def _attachments(
    sites: Sequence[Site], index: dict[str, int], xy_m: FloatArray, where: str
) -> tuple[IntArray, FloatArray]:
    """(S,) the node of each site, and the delay to it [s]: the node of its name at no distance, else the nearest."""
    known = np.flatnonzero(np.isfinite(xy_m[:, 0]))
    nodes, distance_m = np.empty(len(sites), np.int64), np.zeros(len(sites))
    for at, site in enumerate(sites):
        if site.name in index:
            nodes[at] = index[site.name]
        elif site.xy_m is None or not known.size:
            lacks = "the cloud has no position" if site.xy_m is None else "no node has a position"
            raise InputError(f"{where}: no node is named {site.name!r}, and {lacks} to find the nearest by")
        else:
            reach_m = np.hypot(*(xy_m[known] - site.xy_m).T)
            nearest = int(np.argmin(reach_m))
            nodes[at], distance_m[at] = known[nearest], reach_m[nearest]
    median_m = float(np.median(distance_m))
    if not median_m <= FARTHEST_NODE_M:
        raise InputError(
            f"{where}: half of the stations are {median_m / 1e3:.0f} km or more from the nearest node (at most "
            f"{FARTHEST_NODE_M / 1e3:.0f} km is plausible); fit: true stretches the graph onto the area"
        )
    return nodes, distance_m / FIBRE_SPEED_M_PER_S


def _require_paths(
    count: int, ends: IntArray, sites: Sequence[Site], nodes: IntArray, rows: Sequence[NodeRow], where: str
) -> None:
    piece = _pieces(count, ends)
    apart = np.flatnonzero(piece[nodes] != piece[nodes[0]])
    if apart.size:
        first, other = 0, int(apart[0])
        raise InputError(
            f"{where}: no path joins {sites[first].name!r} (at node {rows[nodes[first]].id!r}) and "
            f"{sites[other].name!r} (at node {rows[nodes[other]].id!r}); add links between them"
        )


def _pieces(count: int, ends: IntArray) -> IntArray:
    """(V,) the least node that each node is joined to, itself included."""
    least = np.arange(count)
    while True:
        lower = np.minimum(least[ends[:, 0]], least[ends[:, 1]])
        step = least.copy()
        np.minimum.at(step, ends[:, 0], lower)
        np.minimum.at(step, ends[:, 1], lower)
        step = step[step]
        if (step == least).all():
            return step
        least = step
