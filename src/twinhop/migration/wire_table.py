"""Wired latencies between hosts, for the size that each user sends: of updates, and of twins that move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinhop.errors import InputError
from twinhop.formulation import wires
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.scenario import World

#: A table of its own for every user may take this much memory [byte].
LARGEST_TABLE = 2 * 2**30


@dataclass(frozen=True, eq=False)
class WireTable:
    """The wired latency of N users' data between K hosts, ``scale[i] unit_s[group[i], from, to]``.

    By distance alone one table serves everybody, with the size as scale. Where a path or a delay depends on the size,
    every user has its own.

    Attributes:
        unit_s: (G, K, K) latencies, 0 on the diagonal [s, or s/bit].
        group: (N,) which table a user has.
        scale: (N,) factors [1, or bit].
    """

    unit_s: FloatArray
    group: IntArray
    scale: FloatArray

    @property
    def hosts(self) -> int:
        """K."""
        return self.unit_s.shape[1]

    def between(self, users: IntArray, origin: IntArray, target: IntArray) -> FloatArray:
        """The latency of each user's data from a host to another.

        Args:
            users: (n,) indices of users.
            origin: (n,) from where.
            target: (n,) to where.

        Returns:
            (n,) [s].
        """
        return self.scale[users] * self.unit_s[self.group[users], origin, target]

    def onward(self, users: IntArray, origin: IntArray) -> FloatArray:
        """The latencies (n, K) of each user's data from a host to every host [s]."""
        return self.scale[users, None] * self.unit_s[self.group[users], origin]


def wire_table(world: World, bits: FloatArray) -> WireTable:
    """The table of a world.

    Args:
        world: stations, links and cloud; the hosts are its stations and, last, a cloud that may host.
        bits: (N,) what each user sends [bit].

    Returns:
        The table; data of a cloud's twins leave it as they came.

    Raises:
        InputError: paths depend on the size, and the tables of all users would need too much memory.
    """
    hosts, users = len(world.host_ids), len(bits)
    stations = np.arange(len(world.station_ids))
    to_hosts = wires(world, stations)
    if world.graph is None and world.hosting_cloud is None:
        unit_s = to_hosts(np.ones(len(stations)))
        return WireTable(_symmetric(unit_s, hosts)[None], np.zeros(users, np.int64), np.array(bits))
    if users * hosts * hosts * 8 > LARGEST_TABLE:
        raise InputError(
            f"{world.name}: wires that depend on the size need a table for each of {users} users and {hosts} hosts; "
            f"at most {LARGEST_TABLE // (8 * hosts * hosts)} users are accepted with a backhaul graph or a cloud"
        )
    unit_s = np.stack([_symmetric(to_hosts(np.full(len(stations), size)), hosts) for size in bits])
    return WireTable(unit_s, np.arange(users), np.ones(users))


def _symmetric(to_hosts_s: FloatArray, hosts: int) -> FloatArray:
    """(K, K) from (M, K): from a cloud to a station as from the station to the cloud."""
    stations = len(to_hosts_s)
    table = np.zeros((hosts, hosts))
    table[:stations] = to_hosts_s
    table[stations:, :stations] = to_hosts_s[:, stations:].T
    np.fill_diagonal(table, 0.0)
    return table
