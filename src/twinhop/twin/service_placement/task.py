"""The services of a world as arrays: what feeding them costs, and what they add to a server's load."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.formulation import wires_between
from twinhop.placement import Placement, PlacementProblem
from twinhop.scenario import ServiceDemand, World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ServiceTask:
    """Z services to be placed on K servers: the problem's hosts and, where it hosts no users' twins, the cloud.

    One period of service z on server q takes ``max over members i of wired(k(i), q, x_z) + C_z / f_z``; the cost counts
    ``weight_z (sum over members of wired(k(i), q, x_z) + C_z / f_z)`` over the N users, as Eq. 13 counts updates.

    Attributes:
        problem: the placement problem of the users' twins.
        services: the Z services.
        server_ids: (K,) names of the servers.
        cpu: (K,) their CPU [cycle/s].
        may_serve: (K,) whether services may run there at all: stations that may host, and the cloud.
        always_open: (M,) hosts of users' twins that cost nothing to open and are open at all times: a cloud that hosts.
        wired_s: for each service (K, K) latency of one extract from server to server [s].
        weight: (Z,) eta / period of each service: the weight of one period's latency [1].
    """

    problem: PlacementProblem
    services: tuple[ServiceDemand, ...]
    server_ids: tuple[str, ...]
    cpu: FloatArray
    may_serve: BoolArray
    always_open: BoolArray
    wired_s: tuple[FloatArray, ...]
    weight: FloatArray

    @property
    def extra(self) -> int:
        """Servers that host no users' twins: 1 for a cloud that only runs services, else 0."""
        return len(self.server_ids) - self.problem.stations

    @cached_property
    def work_cycles(self) -> FloatArray:
        """(Z,) work a period [cycle]."""
        return np.array([each.work_cycles for each in self.services], dtype=np.float64)

    @cached_property
    def deadline_s(self) -> FloatArray:
        """(Z,) deadlines [s], inf for none."""
        return np.array([each.deadline_s for each in self.services], dtype=np.float64)

    @cached_property
    def root_work(self) -> FloatArray:
        """(Z,) square root of the weighted work, what a service adds to its server's load [sqrt(cycle)]."""
        return np.sqrt(self.weight * self.work_cycles)

    @cached_property
    def entry_s(self) -> FloatArray:
        """(K,) what opening a server costs in the unit of the summed latency [s]; nothing for the cloud."""
        return np.append(self.problem.scaled_opening, np.zeros(self.extra))

    def candidates(self, placement: Placement) -> BoolArray:
        """(K,) where services may run for a placement of the users' twins: its opened servers, and the cloud."""
        opened = np.append(placement.open | self.always_open, np.ones(self.extra, np.bool_))
        return opened & self.may_serve

    def feed_s(self, host: IntArray) -> FloatArray:
        """(Z, K) summed latency of all extracts to each server, for the users' hosts given [s]."""
        return np.array([counts @ wired for counts, wired in self._sources(host)])

    def slowest_s(self, host: IntArray) -> FloatArray:
        """(Z, K) latency of the last extract to each server, for the users' hosts given [s]."""
        return np.array([wired[counts > 0].max(axis=0) for counts, wired in self._sources(host)])

    def nearest_s(self) -> FloatArray:
        """(Z, K) latency of an extract to each server from the cheapest conceivable host [s]."""
        hosts = np.flatnonzero(self.problem.capacity > 0)
        return np.array([wired[hosts].min(axis=0) for wired in self.wired_s])

    def _sources(self, host: IntArray) -> list[tuple[IntArray, FloatArray]]:
        """Of each service: how many members' twins each server hosts, and the latencies between servers."""
        count = len(self.server_ids)
        return [
            (np.bincount(host[each.members], minlength=count), wired)
            for each, wired in zip(self.services, self.wired_s, strict=True)
        ]


def service_task(problem: PlacementProblem, world: World) -> ServiceTask:
    """The services of a world, to be placed.

    Args:
        problem: its placement problem.
        world: with one service at least.

    Returns:
        What the placement of its services needs.

    Raises:
        InputError: the latency of a period would not count, so that nothing would tell one server from another.
    """
    if world.eta_s == 0:
        raise InputError(
            f"{world.name}: services need objective.eta_s above 0 and reading 4 sound: the latency of a service's "
            "period counts eta / period in the cost, which would be 0"
        )
    latency_s = wires_between(world)
    by_size = {bits: latency_s(bits) for bits in {each.extracted_bits for each in world.services}}
    cloud = world.serving_cloud
    only_services = cloud is not None and not cloud.host
    return ServiceTask(
        problem=problem,
        services=world.services,
        server_ids=world.host_ids + ((cloud.name,) if cloud is not None and only_services else ()),
        cpu=np.append(problem.cpu, [cloud.cpu_cycles_per_s] if cloud is not None and only_services else []),
        may_serve=np.append(problem.capacity > 0, np.ones(int(only_services), np.bool_)),
        always_open=np.arange(problem.stations) >= len(world.station_ids),
        wired_s=tuple(by_size[each.extracted_bits] for each in world.services),
        weight=np.array([world.eta_s / each.period_s for each in world.services], dtype=np.float64),
    )
