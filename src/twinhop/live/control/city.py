"""The city as it is now: a table of the users that were there lately, and the situation of each slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twinhop.live.control.standing import like_of, standing
from twinhop.migration.run import NOWHERE, MigrationRun
from twinhop.migration.situation import Situation
from twinhop.migration.wire_table import WireTable
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.scenario import Scenario
from twinhop.scenario.place_sections import UserRow
from twinhop.scenario.schema.movement_section import MOST_SLOTS

#: Rows of the table for users that the scenario does not list, at least; otherwise half as many as it has users.
LEAST_FREE = 32


@dataclass(frozen=True, eq=False)
class Present:
    """The users that are there as a slot begins.

    Attributes:
        ids: n names.
        xy_m: (n, 2) where they are, or are expected to be [m].
        load: (n,) by what the work of their updates is multiplied.
        host: n names of the hosts of their twins; empty: none yet.
        down: names of the stations that do not work.
    """

    ids: Sequence[str]
    xy_m: FloatArray
    load: FloatArray
    host: Sequence[str]
    down: frozenset[str] = frozenset()


class _Feed:
    """Positions, loads and stations of the slot to come, as a run asks for them."""

    def __init__(self, user_ids: tuple[str, ...], slot_s: float, stations: int) -> None:
        self.user_ids, self.slot_s = user_ids, slot_s
        self.slots: int | None = None
        self.xy_m = np.full((len(user_ids), 2), np.nan)
        self.load = np.ones(len(user_ids))
        self.up = np.ones(stations, bool)

    def __iter__(self) -> Iterator[FloatArray]:
        while True:
            yield self.xy_m.copy()

    def loads(self) -> Iterator[FloatArray]:
        while True:
            yield self.load.copy()

    def stations_up(self, time_s: float) -> BoolArray:
        return self.up.copy()


class LiveCity:
    """A city whose users come and go, seen slot by slot as `twinhop simulate` sees it.

    The users of the scenario have a row each; those that it does not list take free rows, with the sizes of one of the
    scenario's users, which one by their name alone, so that they are the same after a start. Where no row is free, a
    new table is made of those who are there, and policies begin anew.

    Args:
        scenario: the city.
        slot_s: length of a slot [s].

    Raises:
        InputError: see `standing`, `MigrationRun`.
    """

    def __init__(self, scenario: Scenario, slot_s: float) -> None:
        self.scenario = standing(scenario, slot_s)
        self._listed = self.scenario.users.rows or ()
        self._slot_s = slot_s
        self.tables = 0
        """How many tables were made; a policy knows the users of one."""
        self._make_table(())

    @property
    def host_ids(self) -> tuple[str, ...]:
        """K names: the stations, and last a cloud that may host."""
        return self.run.host_ids

    @property
    def station_ids(self) -> tuple[str, ...]:
        """M names."""
        return self.run.world_run.station_ids

    def like(self, user: str) -> UserRow:
        """The row of the scenario with the sizes of a user."""
        return self._listed[self._like(user)]

    def advance(self, present: Present) -> Situation:
        """The next slot, with the twins where they are.

        Args:
            present: who is there; positions beyond the area count at its border.
        """
        self._admit(present.ids)
        feed, rows = self._feed, self._rows_of(present.ids)
        area = self.scenario.area
        feed.xy_m[:], feed.load[:] = np.nan, 1.0
        feed.xy_m[rows] = np.clip(present.xy_m, 0.0, (area.width_m, area.height_m))
        feed.load[rows] = present.load
        feed.up[:] = [name not in present.down for name in self.station_ids]
        return next(self._slots).with_hosts(self.hosts_of(present.ids, present.host))

    def again(self, situation: Situation, present: Present) -> Situation:
        """A slot once more, with the twins and stations as they are now; who is there stays as it was."""
        up = np.array([name not in present.down for name in self.station_ids])
        slot = replace(situation.slot, up=up)
        same = Situation(slot, situation.all_users, situation.hosts, situation.slot_s)
        return same.with_hosts(self.hosts_of(present.ids, present.host))

    def hosts_of(self, ids: Sequence[str], host: Sequence[str]) -> IntArray:
        """(R,) hosts of all rows, -1: none, of the names of some users' hosts."""
        index = {name: at for at, name in enumerate(self.host_ids)}
        hosts = np.full(len(self.run.user_ids), NOWHERE, np.int64)
        for user, name in zip(ids, host, strict=True):
            row = self._row.get(user)
            if row is not None:
                hosts[row] = index.get(name, NOWHERE)
        return hosts

    def names_of(self, situation: Situation) -> list[str]:
        """The n served users of a slot."""
        ids = situation.all_users.ids
        return [ids[user] for user in situation.users.tolist()]

    def _rows_of(self, ids: Sequence[str]) -> IntArray:
        return np.array([self._row[user] for user in ids], np.int64)

    def _like(self, user: str) -> int:
        return like_of(user, self._listed_rows)

    def _admit(self, ids: Sequence[str]) -> None:
        """A row for everybody."""
        newcomers = [user for user in ids if user not in self._row]
        if not newcomers:
            return
        if len(newcomers) > len(self._free):
            self._make_table([user for user in ids if user not in self._listed_rows])
            return
        names = list(self.run.user_ids)
        for user in newcomers:
            row = self._free.pop()
            self._row[user], names[row] = row, user
            _copy_row(self.run, row, self._like(user))
        self._name(names)

    def _make_table(self, others: Sequence[str]) -> None:
        """Rows for the scenario's users, for others, and free ones; whoever is not among them has none."""
        self._listed_rows = {row.id: at for at, row in enumerate(self._listed)}
        free = max(LEAST_FREE, (len(self._listed) + len(others)) // 2)
        names = [row.id for row in self._listed] + list(others)
        names += [f"(free row {at})" for at in range(free)]
        rows = [self._listed[self._like(name)].model_copy(update={"id": name}) for name in names]
        users = self.scenario.users.model_copy(update={"rows": tuple(rows)})
        self._feed = _Feed(tuple(names), self._slot_s, len(self.scenario.stations.rows or ()))
        scenario = self.scenario.model_copy(update={"users": users})
        self.run = MigrationRun(scenario, MOST_SLOTS, self._feed, self._feed.stations_up)
        self._row = {name: at for at, name in enumerate(names[: len(names) - free])}
        self._free = list(range(len(names) - 1, len(names) - free - 1, -1))
        self._slots = iter(self.run)
        self.tables += 1

    def _name(self, names: list[str]) -> None:
        self.run.user_ids = tuple(names)
        self.run.users = replace(self.run.users, ids=self.run.user_ids)


def _copy_row(run: MigrationRun, row: int, like: int) -> None:
    """Give a row of a run the sizes of another, wherever there is a number a user."""
    users, hosts, world = run.users, run.hosts, run.world_run.world
    of_users = (
        users.update_bits,
        users.update_work,
        users.root_work,
        users.share_weight,
        users.twin_bits,
        users.tau_s,
        users.tx_power_w,
    )
    of_world = (world.history_bits, world.update_bits, world.tx_power_w, world.user_class)
    wires = [each for each in (hosts.updates, hosts.moves, hosts.last_updates) if isinstance(each, WireTable)]
    deadlines = [] if world.deadline_s is None else [world.deadline_s]
    for column in (*of_users, *of_world, *deadlines, *(part for each in wires for part in (each.group, each.scale))):
        column[row] = column[like]
