"""What each link of a backhaul graph carries under a plan: paths traced from access stations to hosts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.plans.result import Plan
from twinhop.scenario import BackhaulGraph, World
from twinhop.units import BITS_PER_MBIT, S_PER_MS

#: Links that reports name.
NAMED_LINKS = 3

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LinkLoads:
    """What the L links carry.

    Attributes:
        graph: the backhaul graph.
        bits_per_user: (L,) history and one update of every user whose path takes the link, over all N users [bit].
        utilisation: (L,) rate of the updates, one a synchronisation period, over the link's rate [1].
    """

    graph: BackhaulGraph
    bits_per_user: FloatArray
    utilisation: FloatArray

    def most_loaded(self) -> list[int]:
        """The three links that carry most, the first of equals first; those that carry nothing are left out."""
        order = np.argsort(-self.bits_per_user, kind="stable")[:NAMED_LINKS]
        return [int(link) for link in order if self.bits_per_user[link] > 0]

    def describe(self, link: int) -> dict[str, Any]:
        """A link and its load as plain values."""
        a, b = (self.graph.node_ids[node] for node in self.graph.link_nodes[link])
        return {
            "a": a,
            "b": b,
            "rate_mbps": float(self.graph.link_rate_bps[link] / BITS_PER_MBIT),
            "delay_ms": float(self.graph.link_delay_s[link] / S_PER_MS),
            "bits_per_user": float(self.bits_per_user[link]),
            "update_utilisation": float(self.utilisation[link]),
        }


def link_loads(plan: Plan) -> LinkLoads | None:
    """What each link carries, or None without a backhaul graph.

    History and update of a user each take the fastest path for their size from its access station to the host of its
    twin; among equally fast paths the one of least delay. A cloud with a latency of its own is not reached by links.
    """
    world, radio = plan.case.world, plan.case.radio
    if world is None or radio is None or world.graph is None:
        return None
    host = plan.solution.placement.host
    sent = (host != radio.access) & (host < len(world.graph.site_place))
    source, target = world.graph.site_place[radio.access[sent]], world.graph.site_place[host[sent]]
    people = np.ones(host.size) if world.user_weight is None else world.user_weight
    history = _carried(world.graph, world.history_bits[sent], source, target, people[sent])
    update = _carried(world.graph, world.update_bits[sent], source, target, people[sent])
    bits_per_user = (history + update) / world.people
    return LinkLoads(world.graph, bits_per_user, update / world.sync_period_s / world.graph.link_rate_bps)


def _carried(
    graph: BackhaulGraph, bits: FloatArray, source: IntArray, target: IntArray, people: FloatArray
) -> FloatArray:
    """(L,) bits over each link, of all users that each row stands for."""
    path = network.fastest_path(bits, source, target, graph.path_delay_s, graph.path_s_per_bit)
    carried = np.zeros(len(graph.link_nodes))
    for start in np.unique(source).tolist():
        routes = network.routes_from(
            int(graph.places[start]), graph.link_nodes, graph.link_delay_s, graph.link_rate_bps, graph.places
        )
        here = source == start
        flows = np.zeros((len(graph.places), len(graph.path_delay_s)))
        np.add.at(flows, (target[here], path[here]), bits[here] * people[here])
        for to, p in np.argwhere(flows > 0).tolist():
            carried[list(routes[to][p].links)] += flows[to, p]
    return carried


def drawn_links(world: World) -> IntArray:
    """The links of a world whose ends both have positions; none without a graph."""
    if world.graph is None:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.isfinite(world.graph.node_xy_m[world.graph.link_nodes]).all(axis=(1, 2)))
