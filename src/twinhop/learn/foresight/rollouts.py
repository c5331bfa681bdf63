"""What moves turned out to be worth: the same user in the same future, moved and not moved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.inference.foresight.features import Float, Tables, context, forecasts, move_features
from twinhop.inference.foresight.network import Weights, worth
from twinhop.inference.foresight.policy import mixed_forecast
from twinhop.inference.foresight.to_go import expected_to_go, mean_computing, move_units, pays_after
from twinhop.learn.foresight.tape import EPOCH_SLOTS, Tape
from twinhop.learn.foresight.updates import CLIP
from twinhop.placement.problem import FloatArray, IntArray

#: Slots that a branch is followed for, at most.
LONGEST = 120
_NEAREST_SLOTS, _LATEST = 10, 5
_FEWEST_HOSTS, _MOST_HOSTS = 3, 10
#: Share of the moves that are looked at from where the policy comes to, and share of those to what it likes best.
_LIKELY = 0.75
_LOADS_CHANGE = 0.3


class Rollouts(NamedTuple):
    """What was learned of moves.

    Attributes:
        features: (n, F).
        worth: (n,) what each saved less its cost, in units of its cost.
        weight: (n,) cost of the move over the mean one.
    """

    features: Float
    worth: Float
    weight: Float


class Presences(NamedTuple):
    """What became of forecasts.

    Attributes:
        known: (n, C) context.
        expected: (n, E, K) mean latency a unit by each forecaster, less its mean over hosts.
        found: (n, K) what it was, likewise.
    """

    known: Float
    expected: Float
    found: Float


class Scene:
    """Some events of a tape: users from one slot on, with hosts to choose from and prices."""

    def __init__(self, tape: Tape, rng: np.random.Generator, events: int, move_spread: float) -> None:
        self.tape, self.rng = tape, rng
        usable = np.flatnonzero(tape.may_host)
        visits = tape.everybody.mean(axis=0)
        near = np.exp(-tape.unit[:, usable] / max(float(tape.unit.mean()), 1e-300) * 3.0)
        share = (visits @ near + 1e-9) ** rng.uniform(0.5, 3.0)
        most = min(_MOST_HOSTS, len(usable))
        count = int(rng.integers(min(_FEWEST_HOSTS, most), most + 1))
        self.hosts: IntArray = np.sort(rng.choice(usable, count, replace=False, p=share / share.sum()))
        self.begin = int(rng.integers(_LATEST, max(tape.slots - _NEAREST_SLOTS, _LATEST + 1)))
        left = tape.slots - self.begin
        self.end = self.begin + int(rng.integers(min(_NEAREST_SLOTS, left), min(LONGEST, left) + 1))
        self.first = max(1, self.begin - int(rng.integers(0, 40)))
        there = np.flatnonzero((tape.at[self.first] >= 0) & (tape.at[self.begin] >= 0))
        self.users: IntArray = rng.choice(there, events) if there.size else np.empty(0, np.int64)
        n = len(self.users)
        like, other = rng.integers(0, len(tape.scale), n), rng.integers(0, len(tape.scale), n)
        dear = np.exp(rng.uniform(-move_spread, move_spread))
        self.scale = tape.scale[like].astype(np.float32)
        self.move_scale = (dear * tape.move_scale[other]).astype(np.float32)
        self.fixed_s = np.full(n, dear * tape.move_s, np.float32)
        root_work = tape.root_work[like][:, None]
        load = rng.dirichlet(np.full(count, 10.0)) * tape.root_work.sum() * rng.uniform(0.5, 1.0)
        before = load * np.exp(rng.normal(0.0, _LOADS_CHANGE, count))  # values to go were worked out at other loads
        self.mean = mean_computing(before, tape.cpu[self.hosts], tape.root_work, tape.scale)
        self.computing = (root_work * (2 * load + root_work) / tape.cpu[self.hosts]).astype(np.float32)
        self.units = move_units(
            tape.unit,
            tape.moves,
            self.scale,
            self.move_scale,
            float(dear * tape.move_s),
        )
        self.pays = pays_after(self.units, self.scale, self.move_scale, self.fixed_s)
        self.unit = tape.unit[:, self.hosts].astype(np.float32)
        self._epochs: dict[int, Tables] = {}
        self.way = tape.moves[np.ix_(self.hosts, self.hosts)].astype(np.float32)

    def tables(self, slot: int) -> Tables:
        """Those of a slot."""
        epoch = slot // EPOCH_SLOTS
        if epoch not in self._epochs:
            self._epochs[epoch] = self.tape.table(epoch, self.hosts, self.mean, self.units)
        table = self._epochs[epoch]
        return table._replace(everybody=(self.tape.everybody[slot] @ table.unit).astype(np.float32))

    def move_s(self, rows: IntArray, host: IntArray) -> Float:
        """(n, K) cost of moves; that of staying is as if it were the fixed part."""
        return self.fixed_s[rows, None] + self.move_scale[rows, None] * self.way[host] + np.float32(1e-9)

    def features(self, weights: Weights, slot: int, rows: IntArray, host: IntArray) -> tuple[Float, Float]:
        """Features (n, K, F) of the moves of some events, and what they cost (n, K) [s]."""
        left = np.full(len(rows), self.end - slot, np.float32)
        seen, table = self.tape.known(slot, self.users[rows]), self.tables(slot)
        forecast = mixed_forecast(weights, seen, table, left)
        move_s = self.move_s(rows, host)
        features = move_features(
            forecast.expected,
            forecast.mixed,
            table.spread[seen.at],
            host,
            self.scale[rows],
            self.computing[rows] - self.scale[rows, None] * table.computing,
            move_s,
            self.fixed_s[rows],
            left,
            forecast.known,
            expected_to_go(table.to_go, seen, self.pays[rows], left),
        )
        return features, move_s

    def judged(self, weights: Weights, slot: int, rows: IntArray, host: IntArray) -> tuple[Float, Float, IntArray]:
        """Features (n, K, F) of moves, what each is worth (n, K) [s], and hosts (n,) after; who is away stays."""
        features, move_s = self.features(weights, slot, rows, host)
        value = worth(weights, features) * move_s
        value[np.arange(len(rows)), host] = 0.0
        away = self.tape.at[slot, self.users[rows]] < 0
        return features, value, np.where(away, host, value.argmax(axis=1))

    def first_hosts(self) -> IntArray:
        """(n,) the hosts by a forecast for the first slot."""
        seen, table = self.tape.known(self.first, self.users), self.tables(self.first)
        mean = forecasts(seen, table)[:, int(self.rng.integers(2, 5))]
        return (self.scale[:, None] * mean + self.computing).argmin(axis=1)

    def slot_cost(self, slot: int, rows: IntArray, host: IntArray) -> Float:
        """(n,) latency and computing of a slot; 0 for who is away [s]."""
        at = self.tape.at[slot, self.users[rows]]
        unit = self.unit
        return np.where(at >= 0, self.scale[rows] * unit[np.maximum(at, 0), host] + self.computing[rows, host], 0.0)


def rollouts(weights: Weights, scene: Scene, count: int) -> Rollouts:
    """What moves saved: every user of the scene, in every slot and on every host, moved and not moved.

    Where users go does not depend on where their twins are. So what a policy pays from a slot on in this one future,
    ``W_t(k) = m(k, q) + C_t(q)`` with ``C_t(q) = c_t(q) + W_t+1(q)`` and q the host that the weights move to from k,
    follows for all slots and hosts by one pass backwards, and a move from k to q saved ``C_t(k) - C_t(q) - m(k, q)``.

    Args:
        weights: by which the twins go on.
        scene: the users, and their future.
        count: of moves that are drawn.
    """
    rng, n, hosts = scene.rng, len(scene.users), len(scene.hosts)
    everyone, every_host = np.arange(n), np.arange(hosts)
    rows, own = np.repeat(everyone, hosts), np.tile(every_host, n)
    move_s = scene.move_s(rows, own).reshape(n, hosts, hosts)
    slots = scene.end - scene.first
    to = np.empty((slots, n, hosts), np.int64)
    place = scene.first_hosts()
    tried: list[Float] = []
    drawn: list[tuple[IntArray, ...]] = []
    for step in range(slots):
        features, value, to_now = scene.judged(weights, scene.first + step, rows, own)
        to[step] = to_now.reshape(n, hosts)
        here = np.flatnonzero(scene.tape.at[scene.first + step, scene.users] >= 0)
        user = rng.choice(here, -(-count // slots)) if here.size else here
        host = np.where(rng.random(user.size) < _LIKELY, place[user], rng.integers(0, hosts, user.size))
        row = user * hosts + host
        value[np.arange(len(rows)), own] = -np.inf
        other = (host + rng.integers(1, hosts, user.size)) % hosts
        target = np.where(rng.random(user.size) < _LIKELY, value[row].argmax(axis=1), other)
        tried.append(features[row, target])
        drawn.append((np.full(user.size, step), user, host, target))
        place = to[step, everyone, place]
    step, user, host, target = (np.concatenate(each) for each in zip(*drawn, strict=True))
    later_s = paid_later(scene, to, move_s)
    cost_s = move_s[user, host, target]
    saved_s = later_s[step, user, host] - later_s[step, user, target] - cost_s
    return Rollouts(
        np.concatenate(tried),
        np.clip(saved_s / cost_s, -CLIP, CLIP).astype(np.float32),
        (cost_s / cost_s.mean()).astype(np.float32),
    )


def paid_later(scene: Scene, to: IntArray, move_s: Float) -> FloatArray:
    """(T, n, K) what each user pays from a slot on, moves of that slot aside, by its host [s].

    Args:
        scene: T slots of n users, K hosts.
        to: (T, n, K) the hosts that the policy moves to, by the host before.
        move_s: (n, K, K) cost of moves [s].
    """
    slots, n, hosts = to.shape
    everyone, every_host = np.arange(n), np.arange(hosts)
    rows, own = np.repeat(everyone, hosts), np.tile(every_host, n)
    result, to_go_s = np.empty(to.shape), np.zeros((n, hosts))
    for step in reversed(range(slots)):
        result[step] = to_go_s + scene.slot_cost(scene.first + step, rows, own).reshape(n, hosts)
        after = to[step]
        moves_s = np.where(after == every_host, 0.0, move_s[everyone[:, None], every_host, after])
        to_go_s = result[step, everyone[:, None], after] + moves_s
    return result


def presences(scene: Scene, hosts: int) -> Presences:
    """What became of the forecasts of the scene, each over a number of slots of its own.

    Args:
        scene: the events.
        hosts: how many of its hosts are looked at, with repetition where it has fewer.
    """
    rng, n = scene.rng, len(scene.users)
    columns = np.resize(rng.permutation(len(scene.hosts)), hosts)
    table = scene.tables(scene.begin).of(columns)
    slots = rng.integers(1, scene.end - scene.begin + 1, n)
    total, count = np.zeros((n, hosts)), np.zeros(n)
    for ahead in range(scene.end - scene.begin):
        at = scene.tape.at[scene.begin + ahead, scene.users]
        counts = (at >= 0) & (ahead < slots)
        total[counts] += table.unit[at[counts]]
        count += counts
    seen = scene.tape.known(scene.begin, scene.users)
    expected, found = forecasts(seen, table), total / np.maximum(count, 1)[:, None]
    expected = expected - expected.mean(axis=2, keepdims=True)
    found = found - found.mean(axis=1, keepdims=True)
    size = max(float(np.sqrt((found**2).mean())), 1e-30)
    return Presences(
        context(seen, slots.astype(np.float32)), (expected / size).astype(np.float32), (found / size).astype(np.float32)
    )
