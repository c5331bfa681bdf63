"""`foresight`: learned forecasts of where users go, and moves for whom they are learned to pay."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.inference.checkpoint import CHECKPOINTS, open_checkpoint, read_arrays
from twinhop.inference.foresight.features import (
    SOON,
    VERSION,
    Float,
    Tables,
    context,
    forecasts,
    move_features,
    recast_computing,
    tables,
)
from twinhop.inference.foresight.network import BELIEVED, Weights, beliefs, weights_of_arrays, worth
from twinhop.inference.foresight.to_go import expected_to_go, mean_computing, move_units, pays_after, values_by_horizon
from twinhop.inference.foresight.tracks import Seen, Tracks, reference
from twinhop.migration.first_plan import hosts_of
from twinhop.migration.policy import PATH, PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Hosts, Situation
from twinhop.migration.slot_plan import plan_from
from twinhop.placement.policy import Setting
from twinhop.placement.problem import FloatArray, IntArray

SHIPPED = "foresight"
ALGORITHM = "foresight"
#: Slots after which the chain of all users is worked out anew.
REFRESH = 16


class MixedForecast(NamedTuple):
    """Forecasts of n users and K hosts.

    Attributes:
        expected: (n, E, K) mean latency a unit by each forecaster.
        mixed: (n, 2, K) their mixtures over the slots soon to come, and over all that are left.
        known: (n, C) context.
    """

    expected: Float
    mixed: Float
    known: Float


def mixed_forecast(weights: Weights, seen: Seen, table: Tables, left: Float) -> MixedForecast:
    """Mix forecasters as the weights believe in them.

    Args:
        weights: of the networks.
        seen: of n users.
        table: of K hosts.
        left: (n,) slots to come, the present one included.
    """
    expected, known = forecasts(seen, table), context(seen, left)
    soon = context(seen, np.minimum(left, np.float32(SOON)))
    belief = np.stack([beliefs(weights, soon), beliefs(weights, known)], axis=1)
    return MixedForecast(expected, belief @ expected, known)


class Foresight:
    """Follows what was learned of moves: one object serves one run.

    In the first slot, and whenever an open host fails, hosts are planned for the mean latency that the mixed forecast
    expects over the slots left. In every slot the network says of each user and open host what a move there would save
    in the slots to come, less its cost; users move in the order of what they gain, each by the loads that those
    before it leave, as long as there is room.
    """

    def __init__(
        self, run: MigrationRun, weights: Weights, *, margin: float, reach: float, replan: int, correction: float
    ) -> None:
        """For a run.

        Args:
            run: what holds throughout, and its past.
            weights: of the networks.
            margin: what a move must be worth beyond its cost, in units of it.
            reach: for how many times the slots after which a move pays hosts are planned.
            replan: slots after which openings are planned anew; 0: only where a host fails.
            correction: by how much what is learned of moves may correct the values to go, in units of their cost.
        """
        self._run, self._weights = run, weights
        self._margin, self._reach, self._replan, self._correction = margin, reach, replan, correction
        self._epoch = 0
        self._begin(run.hosts)
        for access in run.past_access():
            self._tracks.see(access)

    def _begin(self, hosts: Hosts) -> None:
        station_xy_m = hosts.xy_m[: hosts.stations]
        (self._unit, self._scale), (self._way, self._move_scale) = reference(hosts.updates), reference(hosts.moves)
        self._units = move_units(self._unit, self._way, self._scale, self._move_scale, hosts.move_s)
        self._pays = pays_after(self._units, self._scale, self._move_scale, np.full(len(self._scale), hosts.move_s))
        self._to_go, self._to_go_hosts = None, np.empty(0, np.int64)
        self._tracks = Tracks(len(self._run.user_ids), station_xy_m)
        self._chain: FloatArray | None = None
        self._chain_at = 0

    def decide(self, situation: Situation) -> IntArray:
        """The hosts of a slot.

        Raises:
            InputError: what the weights expect is no number.
        """
        hosts, index = situation.hosts, situation.index
        if situation.slot.epoch != self._epoch:
            self._epoch = situation.slot.epoch
            self._begin(hosts)
        self._tracks.see(situation.slot.access, situation.slot.xy_m)
        if self._chain is None or index - self._chain_at >= REFRESH:
            self._chain, self._chain_at, self._to_go = self._tracks.chain(), index, None
        before = situation.before
        housed = before >= 0
        open_hosts = np.unique(before[housed])
        if not housed.any() or not situation.up[open_hosts].all():
            return self._plan(situation)
        if self._replan and index and index % self._replan == 0:
            return self._plan(situation)
        return self._move(situation, open_hosts)

    def _chained(self) -> FloatArray:
        assert self._chain is not None, "it was worked out as the slot began"
        return self._chain

    def _left(self, situation: Situation) -> Float:
        """(n,) slots to come."""
        return np.full(len(situation.users), self._run.slots - situation.index, np.float32)

    def _tables(self, situation: Situation, hosts: IntArray, load: FloatArray) -> Tables:
        unit = self._unit[: self._tracks.stations, hosts]
        if self._to_go is None or not np.array_equal(hosts, self._to_go_hosts):
            way = self._way[np.ix_(hosts, hosts)]
            users = situation.users
            self._computing = mean_computing(load, situation.cpu[hosts], situation.root_work, self._scale[users])
            self._to_go = values_by_horizon(self._tracks.counts, unit, self._computing, way, self._units)
            self._to_go_hosts = hosts
        return tables(unit, self._chained(), self._tracks.everybody(situation.users), self._to_go, self._computing)

    def _plan_horizon(self, situation: Situation) -> Float:
        """(n,) slots for which a plan places each user: so many times those after which a move pays for its way."""
        return np.clip(self._reach * self._pays[situation.users], 1.0, self._left(situation)).astype(np.float32)

    def _plan(self, situation: Situation) -> IntArray:
        """Hosts for where users are to be expected, moves spread over the slots that they are for."""
        left = self._plan_horizon(situation)
        seen = self._tracks.seen(situation.users)
        everywhere = tables(
            self._unit[: self._tracks.stations],
            self._chained(),
            self._tracks.everybody(situation.users),
            np.empty((0, 0, 0, 0), np.float32),
            np.empty(0),
        )
        forecast = mixed_forecast(self._weights, seen, everywhere, left)
        scale = self._scale[situation.users]
        comm_s = situation.upload_s[:, None] + scale[:, None] * _finite(forecast.mixed[:, 1].astype(np.float64))
        problem = situation.problem_with(situation.move_cost_s / left[:, None], comm_s)
        if (situation.before < 0).all():
            return hosts_of(situation, problem, "lagrangian")
        return plan_from(problem, situation.before)

    def _move(self, situation: Situation, hosts: IntArray) -> IntArray:
        """Moves that pay, those that gain most first."""
        users, before, left = situation.users, situation.before, self._left(situation)
        rows = np.arange(len(users))
        place = np.searchsorted(hosts, np.maximum(before, 0))
        new = before < 0
        load = _Load(situation, hosts, place, ~new)
        table, seen = self._tables(situation, hosts, load.load), self._tracks.seen(users)
        forecast = mixed_forecast(self._weights, seen, table, left)
        scale = self._scale[users]
        computing = load.marginal(rows, place, ~new)
        for row in np.flatnonzero(new).tolist():
            cost_s = scale[row] * _finite(forecast.mixed[row, 1]) + load.marginal_of(row)
            place[row] = int(np.argmin(np.where(load.room(row), cost_s, np.inf)))
            load.add(row, place[row])
        cost_s = (situation.hosts.move_s + _moves_s(situation, hosts[place], hosts) + _energy_s(situation)).astype(
            np.float32
        )
        cost_s = np.maximum(cost_s, np.float32(1e-9))
        features = move_features(
            forecast.expected,
            forecast.mixed,
            table.spread[seen.at],
            place,
            scale.astype(np.float32),
            (computing - scale[:, None] * table.computing).astype(np.float32),
            cost_s,
            np.full(len(users), max(situation.hosts.move_s, 0.0), np.float32),
            left,
            forecast.known,
            expected_to_go(table.to_go, seen, self._pays[users], left),
        )
        with np.errstate(invalid="ignore", over="ignore"):
            value_s = worth(self._weights, features, self._correction)
        gain = _finite(value_s) - self._margin
        gain[rows, place] = 0.0
        gain[new] = 0.0
        gain *= cost_s
        moves = np.flatnonzero(gain.max(axis=1) > 0)
        changed = bool(new.any())
        for row in moves[np.argsort(-gain[moves].max(axis=1), kind="stable")].tolist():
            own = int(place[row])
            load.take(row, own)
            if changed:
                slower = load.marginal_of(row) - scale[row] * table.computing
                recast_computing(features[row], slower[own] - slower, cost_s[row], left[row])
                value = (worth(self._weights, features[row], self._correction) - self._margin) * cost_s[row]
                value[own] = 0.0
            else:
                value = gain[row]
            to = int(np.argmax(np.where(load.room(row) | (np.arange(len(hosts)) == own), value, -np.inf)))
            place[row] = to
            load.add(row, to)
            changed |= to != own
        result = hosts[place]
        return result


class _Load:
    """Who is on the open hosts."""

    def __init__(self, situation: Situation, hosts: IntArray, place: IntArray, placed: np.ndarray) -> None:
        self._root_work, self._cpu = situation.root_work, situation.cpu[hosts]
        self._capacity = situation.capacity[hosts]
        self.load = np.bincount(place[placed], self._root_work[placed], len(hosts)).astype(np.float64)
        self._count = np.bincount(place[placed], minlength=len(hosts))
        self._floor: FloatArray | None = None
        if situation.all_users.has_deadlines:
            problem = situation.problem
            floor = problem.floor
            assert floor is not None
            self._floor = np.where(problem.allowed, floor, np.inf)[:, hosts]
            self._room = problem.cpu_room[hosts]
            own = np.where(np.isfinite(self._floor), self._floor, 0.0)[np.arange(len(place)), place]
            self._floors = np.bincount(place[placed], own[placed], len(hosts))

    def marginal(self, rows: IntArray, place: IntArray, placed: np.ndarray) -> FloatArray:
        """(n, K) what each user adds to the computing of all on each host, its own without itself [s]."""
        others = np.tile(self.load, (len(rows), 1))
        at = rows[placed]
        others[at, place[at]] -= self._root_work[at]
        own = self._root_work[:, None]
        return own * (2 * others + own) / self._cpu

    def marginal_of(self, row: int) -> FloatArray:
        """(K,) the same of a user that is taken out."""
        own = self._root_work[row]
        return own * (2 * self.load + own) / self._cpu

    def room(self, row: int) -> np.ndarray:
        """(K,) bool, where there is room for a user that is taken out."""
        room = self._count < self._capacity
        if self._floor is not None:
            room &= self._floors + self._floor[row] <= self._room
        return room

    def take(self, row: int, host: int) -> None:
        """Take a user out."""
        self._change(row, host, -1)

    def add(self, row: int, host: int) -> None:
        """Put a user on a host."""
        self._change(row, host, 1)

    def _change(self, row: int, host: int, sign: int) -> None:
        self.load[host] += sign * self._root_work[row]
        self._count[host] += sign
        if self._floor is not None and np.isfinite(self._floor[row, host]):
            self._floors[host] += sign * self._floor[row, host]


def _moves_s(situation: Situation, before: IntArray, hosts: IntArray) -> FloatArray:
    """(n, K) wired latency of each twin from where it is to open hosts [s]."""
    return situation.hosts.moves.onward(situation.users, before)[:, hosts]


def _energy_s(situation: Situation) -> FloatArray:
    """(n, 1) energy of a move, in the unit of latencies [s]."""
    count = len(situation.users)
    energy = situation.hosts.move_energy_cost(situation.all_users.twin_bits[situation.users], np.full(count, count))
    return energy[:, None] / situation.weight if situation.weight > 0 else np.zeros((count, 1))


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise InputError(
            "foresight: what its weights expect is no number (nan or infinite); train them anew, or use `expected`"
        )
    return values


@cache
def _weights_at(path: str, digest: str) -> Weights:
    checkpoint = open_checkpoint(path)
    version = checkpoint.record.get("foresight_features")
    if version != VERSION:
        raise InputError(
            f"{path}: its weights see version {version!r} of the features of moves, this twinhop shows {VERSION}; "
            "train them anew"
        )
    return weights_of_arrays(read_arrays(checkpoint.policy_file), str(checkpoint.policy_file))


def shipped() -> Path:
    """The folder of the weights that come with the package."""
    return Path(str(files("twinhop.inference") / CHECKPOINTS / SHIPPED))


def weights_of(path: str) -> Weights:
    """The weights of a checkpoint or of a run; `foresight`: those of this package.

    Raises:
        InputError: there is none, or its weights are of another policy.
    """
    where = str(shipped() if path == SHIPPED else Path(path).resolve())
    checkpoint = open_checkpoint(where)
    if checkpoint.algorithm != ALGORITHM:
        raise InputError(
            f"{path}: was trained by the {checkpoint.algorithm} algorithm, which places; expected a run of "
            "`task: migration`"
        )
    return _weights_at(where, checkpoint.digest)


def foresight(
    run: MigrationRun, rng: np.random.Generator, path: str, margin: float, reach: float, replan: int, correction: float
) -> Foresight:
    """The policy for a run."""
    return Foresight(run, weights_of(path), margin=margin, reach=reach, replan=replan, correction=correction)


KIND = PolicyKind(
    foresight,
    "moves twins for whom it is learned to pay, by learned forecasts of where users go",
    {
        PATH: Setting(SHIPPED, "checkpoint or run; also given as foresight:PATH"),
        "margin": Setting(0.0, "what a move must be worth beyond its cost, in units of it"),
        "reach": Setting(10.0, "hosts are planned for so many times the slots after which a move pays for its way"),
        "correction": Setting(
            BELIEVED, "by how much what is learned of moves may correct their worth, in units of their cost"
        ),
        "replan": Setting(0, "slots after which openings are planned anew; 0: only where a host fails"),
    },
)
