"""Fastest paths through a network of links, for every size of data at once.

Data of x bits takes ``delay + x / rate`` over a link, so which path is fastest depends on x. Over all sizes the fastest
latency between two nodes is the lower envelope of the lines ``delay_p + x s_p`` of its paths p, where delay_p and s_p
are the sums of the delays and of 1 / rate over the path's links. The envelope has few lines (one where all links are
alike), and with it the latency of any size is an evaluation, not a search.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Route:
    """A path that is the fastest for some size.

    Attributes:
        delay_s: the sum of its links' delays [s].
        s_per_bit: the sum of 1 / rate over its links [s/bit].
        links: its links in order, by index.
    """

    delay_s: float
    s_per_bit: float
    links: tuple[int, ...]


@dataclass(slots=True)
class _Label:
    """A path from the source to a node: its last link, and the label that it extends."""

    delay_s: float
    s_per_bit: float
    link: int
    before: "_Label | None"

    def links(self) -> tuple[int, ...]:
        links, label = [], self
        while label.before is not None:
            links.append(label.link)
            label = label.before
        return tuple(reversed(links))


def path_envelopes(
    link_nodes: NDArray[np.int64],
    link_delay_s: NDArray[np.float64],
    link_rate_bps: NDArray[np.float64],
    places: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lines of the lower envelopes between every two of the given nodes.

    Formula: ``min over paths of sum (delay + x / rate) = min over p of path_delay_s[p] + x path_s_per_bit[p]`` for all
    x >= 0, exactly.

    Args:
        link_nodes: (L, 2) the nodes that each link joins, both ways; from 0.
        link_delay_s: (L,) delays, >= 0 [s].
        link_rate_bps: (L,) rates, > 0 [bit/s].
        places: (A,) the nodes that matter.

    Returns:
        Delays [s] and seconds per bit [s/bit], each (P, A, A), by increasing delay; pairs with fewer than P lines
        repeat their last one, and pairs that no path joins have infinite delays.

    Source:
        Label setting in two criteria (Hansen, Bicriterion Path Problems, 1980; Martins, 1984), of which only the labels
        on the lower convex hull are kept: a part of a path that is fastest for x is fastest for x.

    Example:
        >>> link_nodes = np.array([[0, 1], [0, 2], [2, 1]])
        >>> delay_s, s_per_bit = path_envelopes(link_nodes, np.array([1e-3, 2e-3, 2e-3]), np.array([1e7, 1e9, 1e9]),
        ...                                     np.array([0, 1]))
        >>> delay_s[:, 0, 1].tolist(), s_per_bit[:, 0, 1].tolist()
        ([0.001, 0.004], [1e-07, 2e-09])
    """
    search = _Search(
        1 + max([*places.tolist(), int(link_nodes.max(initial=0))]), link_nodes, link_delay_s, link_rate_bps
    )
    hull_lines = []
    for source in places.tolist():
        hulls = search.hulls(source)
        hull_lines.append([[(label.delay_s, label.s_per_bit) for label in hulls[to]] for to in places.tolist()])
    most = max(1, max((len(lines) for row in hull_lines for lines in row), default=1))
    nowhere = [(np.inf, 0.0)]
    padded = [[lines + (lines or nowhere)[-1:] * (most - len(lines)) for lines in row] for row in hull_lines]
    delay_s, s_per_bit = np.array(padded).reshape(len(places), len(places), most, 2).transpose(3, 2, 0, 1)
    return np.ascontiguousarray(delay_s), np.ascontiguousarray(s_per_bit)


def routes_from(
    source: int,
    link_nodes: NDArray[np.int64],
    link_delay_s: NDArray[np.float64],
    link_rate_bps: NDArray[np.float64],
    places: Sequence[int] | NDArray[np.int64],
) -> list[tuple[Route, ...]]:
    """Return the paths from one node to each given node that are the fastest for some size, by increasing delay.

    They are the lines of `path_envelopes`, in the same order, with their links.

    Args:
        source: the node where the paths begin.
        link_nodes: (L, 2) the nodes that each link joins, both ways; from 0.
        link_delay_s: (L,) delays, >= 0 [s].
        link_rate_bps: (L,) rates, > 0 [bit/s].
        places: the nodes where the paths end.

    Returns:
        For each place its paths; none where no path leads there.

    Source:
        See `path_envelopes`.

    Example:
        >>> link_nodes = np.array([[0, 1], [0, 2], [2, 1]])
        >>> routes = routes_from(0, link_nodes, np.array([1e-3, 2e-3, 2e-3]), np.array([1e7, 1e9, 1e9]), [1])[0]
        >>> [route.links for route in routes]
        [(0,), (1, 2)]
    """
    nodes = 1 + max(source, *map(int, places), int(link_nodes.max(initial=0)))
    hulls = _Search(nodes, link_nodes, link_delay_s, link_rate_bps).hulls(source)
    return [tuple(Route(each.delay_s, each.s_per_bit, each.links()) for each in hulls[int(to)]) for to in places]


class _Search:
    """A network of links made ready for searches from any of its nodes."""

    def __init__(
        self,
        nodes: int,
        link_nodes: NDArray[np.int64],
        link_delay_s: NDArray[np.float64],
        link_rate_bps: NDArray[np.float64],
    ) -> None:
        delay_s, s_per_bit = link_delay_s.tolist(), (1.0 / link_rate_bps).tolist()
        self._steps: list[list[tuple[int, int, float, float]]] = [[] for _ in range(nodes)]
        for link, (a, b) in enumerate(link_nodes.tolist()):
            for here, there in ((a, b), (b, a)):
                self._steps[here].append((there, link, delay_s[link], s_per_bit[link]))

    def _widest(self, source: int) -> list[tuple[float, float]]:
        """Dijkstra for endless data: for each node the least seconds per bit, and the least delay at that."""
        best = [(np.inf, np.inf)] * len(self._steps)
        best[source] = (0.0, 0.0)
        queue = [(0.0, 0.0, source)]
        while queue:
            s, d, node = heapq.heappop(queue)
            if (s, d) > best[node]:
                continue
            for other, _, link_delay_s, link_s_per_bit in self._steps[node]:
                reached = (s + link_s_per_bit, d + link_delay_s)
                if reached < best[other]:
                    best[other] = reached
                    heapq.heappush(queue, (*reached, other))
        return best

    def hulls(self, source: int) -> list[list[_Label]]:
        """For each node the labels on the lower convex hull of (delay, seconds per bit), by increasing delay.

        Labels come by increasing delay, so a label is of use only if it has fewer seconds per bit than the last one
        kept, and lies below the chord from that one to the widest path's, which is known beforehand.
        """
        widest = self._widest(source)
        hulls: list[list[_Label]] = [[] for _ in self._steps]
        count = 0  # breaks ties by age: labels themselves have no order
        queue: list[tuple[float, float, int, int, int, _Label | None]] = [(0.0, 0.0, count, source, -1, None)]
        while queue:
            d, s, _, node, link, before = heapq.heappop(queue)
            if not _keep(hulls[node], d, s, widest[node]):
                continue
            label = _Label(d, s, link, before)
            hulls[node].append(label)
            for other, onward, link_delay_s, link_s_per_bit in self._steps[node]:
                reached_s = s + link_s_per_bit
                if not hulls[other] or reached_s < hulls[other][-1].s_per_bit:
                    count += 1
                    heapq.heappush(queue, (d + link_delay_s, reached_s, count, other, onward, label))
        return hulls


def _keep(hull: list[_Label], d: float, s: float, widest: tuple[float, float]) -> bool:
    """Whether a label belongs on the hull so far; those that it uncovers as needless are taken off."""
    least_s, its_d = widest
    if hull and (s >= hull[-1].s_per_bit or s > least_s and _on_or_above(hull[-1], (d, s), (its_d, least_s))):
        return False
    while len(hull) > 1 and _on_or_above(hull[-2], (hull[-1].delay_s, hull[-1].s_per_bit), (d, s)):
        hull.pop()
    return True


def _on_or_above(left: _Label, point: tuple[float, float], right: tuple[float, float]) -> bool:
    """Whether a point (delay, seconds per bit) lies on or above the chord from a label to a point to its right."""
    (d, s), (right_d, right_s) = point, right
    return (s - left.s_per_bit) * (right_d - left.delay_s) >= (right_s - left.s_per_bit) * (d - left.delay_s)
