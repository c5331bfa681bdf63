"""A world in which users move, as arrays: where everybody was in each slot, and what was known then."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.inference.foresight.features import Tables, tables
from twinhop.inference.foresight.to_go import MoveUnits, values_by_horizon
from twinhop.inference.foresight.tracks import Seen, Tracks, chain_shares, reference
from twinhop.migration.run import MigrationRun
from twinhop.placement.problem import FloatArray, IntArray

#: Slots after which the chain of all users is worked out anew.
EPOCH_SLOTS = 16
#: A tape may take this much memory [byte].
LARGEST_TAPE = 2**30


@dataclass(frozen=True, eq=False)
class Tape:
    """A run on tape, for T slots, N users, M access stations and K hosts.

    Attributes:
        at: (T, N) access stations, -1 where a user is away.
        seen: what was known of all users in each slot, arrays (T, N, ...).
        counts: (E, M, M) steps from station to station before each epoch.
        everybody: (T, M) shares of users at each station.
        unit: (M, K) wired latency a unit of an update from station to host.
        moves: (K, K) of a twin from host to host.
        scale: (N,) of updates.
        move_scale: (N,) of twins.
        root_work: (N,) square root of the work of an update.
        cpu: (K,) of the hosts that may host, infinite for none.
        may_host: (K,) bool.
        opening_s: (K,) cost of an open host in a slot, in units of one user's latency [s].
        move_s: fixed cost of a move [s].
    """

    at: IntArray
    seen: Seen = field(repr=False)
    counts: FloatArray = field(repr=False)
    everybody: FloatArray = field(repr=False)
    unit: FloatArray = field(repr=False)
    moves: FloatArray = field(repr=False)
    scale: FloatArray = field(repr=False)
    move_scale: FloatArray = field(repr=False)
    root_work: FloatArray = field(repr=False)
    cpu: FloatArray = field(repr=False)
    may_host: NDArray[np.bool_] = field(repr=False)
    opening_s: FloatArray = field(repr=False)
    move_s: float

    @property
    def slots(self) -> int:
        """T."""
        return len(self.at)

    def known(self, slot: int, users: IntArray) -> Seen:
        """What was known of users (n,) in a slot; of who is away, where they were last."""
        own = self.seen.own[slot, users].astype(np.float32)
        seen = Seen(*(each[slot, users] for each in self.seen))
        return seen._replace(
            own=own,
            at=np.maximum(seen.at, 0),
            before=np.maximum(seen.before, 0),
            ahead=np.maximum(seen.ahead, 0),
        )

    def table(self, epoch: int, hosts: IntArray, computing: FloatArray, units: MoveUnits) -> Tables:
        """The tables of some hosts in an epoch, everybody's share aside."""
        unit, counts = self.unit[:, hosts], self.counts[epoch]
        to_go = values_by_horizon(counts, unit, computing, self.moves[np.ix_(hosts, hosts)], units)
        return tables(unit, chain_shares(counts), np.zeros(len(unit)), to_go, computing)


def tape_of(run: MigrationRun) -> Tape:
    """Put a run on tape.

    Args:
        run: any whose stations stay; what its trace tells of the time before comes first.

    Raises:
        InputError: stations are redrawn, or the tape would take too much memory.
    """
    if run.is_redrawn:
        raise InputError(
            f"{run.scenario.where}: readings: row 25 literal redraws the stations; a tape needs one network"
        )
    hosts, users = run.hosts, len(run.user_ids)
    past = run.past_access()
    slots, stations = len(past) + run.slots, hosts.stations
    size = slots * users * (3 * stations * 2 + 64)
    if size > LARGEST_TAPE:
        raise InputError(
            f"{run.scenario.where}: {slots} slots of {users} users at {stations} stations take {size / 2**30:.1f} GiB "
            f"on tape; at most {LARGEST_TAPE / 2**30:g} GiB are accepted: train on fewer slots"
        )
    tracks = Tracks(users, hosts.xy_m[:stations])
    frames: list[Seen] = []
    at, counts, everybody = [], [], []
    everyone = np.arange(users)

    def record(access: IntArray, xy_m: FloatArray | None) -> None:
        if len(at) % EPOCH_SLOTS == 0:
            counts.append(tracks.counts.copy())
        tracks.see(access, xy_m)
        seen = tracks.seen(everyone)
        frames.append(seen._replace(own=seen.own.astype(np.float16)))
        at.append(access.copy())
        everybody.append(np.bincount(access[access >= 0], minlength=stations) / max(int((access >= 0).sum()), 1))

    for access in past:
        record(access, None)
    for situation in run:
        record(situation.slot.access, situation.slot.xy_m)
    seen = Seen(*(np.stack([getattr(frame, name) for frame in frames]) for name in Seen._fields))
    (unit, scale), (moves, move_scale) = reference(hosts.updates), reference(hosts.moves)
    return Tape(
        at=np.stack(at),
        seen=seen,
        counts=np.stack(counts),
        everybody=np.stack(everybody),
        unit=unit[:stations],
        moves=moves,
        scale=scale,
        move_scale=move_scale,
        root_work=run.users.root_work,
        cpu=hosts.cpu,
        may_host=hosts.may_host,
        opening_s=hosts.beta * hosts.opening_s * users / max(hosts.alpha, 1e-12),
        move_s=hosts.move_s,
    )
