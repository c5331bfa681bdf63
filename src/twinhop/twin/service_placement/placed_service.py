"""One service where it runs: what feeding it, computing and its deadline come to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhop.network import computing_latency_s
from twinhop.placement import Placement
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.twin.service_placement.task import FloatArray, IntArray, ServiceTask
from twinhop.units import BITS_PER_MBIT, S_PER_MS


@dataclass(frozen=True)
class PlacedService:
    """One service on its server.

    Attributes:
        name: of the service.
        members: number of users whose twins feed it.
        server: index of its server; a cloud comes after the stations.
        server_name: its name.
        summed_feed_s: latency of all extracts, summed; what the cost counts [s].
        slowest_feed_s: latency of the last extract [s].
        computing_s: of its work with its share of the server's CPU [s].
        share_cycles_per_s: that share [cycle/s].
        period_s: between results [s].
        deadline_s: on slowest_feed_s + computing_s [s]; inf for none.
        best_server_name: the opened server where it would have the lowest latency for the present hosts, given all the
            CPU that the deadlines of users leave.
        best_latency_s: that latency [s].
        fed_bps: rate of all extracts [bit/s].
        least_server_name: the server where it could have the lowest latency, wherever its members' twins are.
        least_latency_s: what it takes there at least: the shortest way of an extract, and all the CPU [s].
    """

    name: str
    members: int
    server: int
    server_name: str
    summed_feed_s: float
    slowest_feed_s: float
    computing_s: float
    share_cycles_per_s: float
    period_s: float
    deadline_s: float
    best_server_name: str
    best_latency_s: float
    fed_bps: float
    least_server_name: str
    least_latency_s: float

    @property
    def latency_s(self) -> float:
        """From the members' twins to the result: the last extract's way and the work [s]."""
        return self.slowest_feed_s + self.computing_s

    @property
    def utilisation(self) -> float:
        """Latency over period; above 1 the service cannot keep up with its members."""
        return self.latency_s / self.period_s

    @property
    def kept(self) -> bool | None:
        """Whether the deadline is kept; None without one."""
        if math.isinf(self.deadline_s):
            return None
        return self.latency_s <= self.deadline_s * (1 + DEADLINE_TOLERANCE)

    def in_words(self, all_tried: bool = False) -> str | None:
        """What is to be said of a deadline that is missed.

        Args:
            all_tried: whether every plan of users and services was tried.
        """
        if self.kept is not False:
            return None
        deadline_ms, best_ms = self.deadline_s / S_PER_MS, self.best_latency_s / S_PER_MS
        least_ms = self.least_latency_s / S_PER_MS
        else_kept = "no plan of users and services keeps more deadlines" if all_tried else "other hosts may keep it"
        if self.least_latency_s > self.deadline_s * (1 + DEADLINE_TOLERANCE):
            remedy = f"no server meets it; the best is {self.least_server_name} with {least_ms:.4g} ms"
        elif self.best_latency_s > self.deadline_s:
            remedy = (
                "no opened server meets it for the hosts that its members' twins have; the best is "
                f"{self.best_server_name} with {best_ms:.4g} ms; {else_kept}"
            )
        else:
            remedy = (
                f"{self.best_server_name} alone could, in {best_ms:.4g} ms, but not beside the other services for the "
                f"hosts that its members' twins have; {else_kept}"
            )
        late = f"takes {self.latency_s / S_PER_MS:.4g} ms on {self.server_name}"
        return f"service {self.name}: its deadline of {deadline_ms:.4g} ms is missed ({late}): {remedy}"

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "members": self.members,
            "server": self.server,
            "server_id": self.server_name,
            "summed_feed_s": self.summed_feed_s,
            "slowest_feed_s": self.slowest_feed_s,
            "computing_s": self.computing_s,
            "latency_s": self.latency_s,
            "period_s": self.period_s,
            "utilisation": self.utilisation,
            "cpu_share_cycles_per_s": self.share_cycles_per_s,
            "fed_mbit_per_s": self.fed_bps / BITS_PER_MBIT,
            "deadline_s": None if math.isinf(self.deadline_s) else self.deadline_s,
            "kept": self.kept,
            "best_server_id": self.best_server_name,
            "best_latency_s": self.best_latency_s,
        }


def placed_services(
    task: ServiceTask, placement: Placement, server: IntArray, share_cycles_per_s: FloatArray
) -> tuple[PlacedService, ...]:
    """The services where they run.

    Args:
        task: users and services.
        placement: of the users' twins.
        server: (Z,) servers.
        share_cycles_per_s: (Z,) their CPU shares [cycle/s].
    """
    feed_s, slowest_s = task.feed_s(placement.host), task.slowest_s(placement.host)
    computing_s = computing_latency_s(task.work_cycles, share_cycles_per_s)
    candidates = np.flatnonzero(task.candidates(placement))
    left = np.maximum(task.cpu - _users_floors(task, placement), 0.0)[candidates]
    anywhere = np.flatnonzero(task.may_serve)
    least_s = (task.nearest_s() + task.work_cycles[:, None] / task.cpu)[:, anywhere]
    placed = []
    for z, service in enumerate(task.services):
        alone_s = slowest_s[z, candidates] + computing_latency_s(service.work_cycles, left)
        best, at = int(np.argmin(alone_s)), int(server[z])
        placed.append(
            PlacedService(
                name=service.name,
                members=service.members.size,
                server=at,
                server_name=task.server_ids[at],
                summed_feed_s=float(feed_s[z, at]),
                slowest_feed_s=float(slowest_s[z, at]),
                computing_s=float(computing_s[z]),
                share_cycles_per_s=float(share_cycles_per_s[z]),
                period_s=service.period_s,
                deadline_s=service.deadline_s,
                best_server_name=task.server_ids[candidates[best]],
                best_latency_s=float(alone_s[best]),
                fed_bps=service.members.size * service.extracted_bits / service.period_s,
                least_server_name=task.server_ids[anywhere[int(np.argmin(least_s[z]))]],
                least_latency_s=float(least_s[z].min()),
            )
        )
    return tuple(placed)


def _users_floors(task: ServiceTask, placement: Placement) -> FloatArray:
    """(K,) CPU that the deadlines of users' twins take of each server [cycle/s]."""
    problem, host = task.problem, placement.host
    if problem.floor is None:
        return np.zeros(len(task.server_ids))
    floor = problem.floor[np.arange(problem.users), host]
    floors = np.zeros(len(task.server_ids))
    np.add.at(floors, host, np.where(np.isfinite(floor), floor, 0.0))
    return floors
