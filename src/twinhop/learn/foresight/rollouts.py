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
_TRIED_BEST = 0.5
_LOADS_CHANGE = 0.3


class Rollouts(NamedTuple):
    """What was learned of moves.

    Attributes:
        features: (n, F).
        worth: (n,) what it saved less its cost, in units of its cost.
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

    def stepped(self, weights: Weights, slot: int, rows: IntArray, host: IntArray) -> tuple[IntArray, Float]:
        """Hosts (n,) after the moves of a slot, and what each paid [s]."""
        n = len(rows)
        features, move_s = self.features(weights, slot, rows, host)
        value = worth(weights, features) * move_s
        value[np.arange(n), host] = 0.0
        away = self.tape.at[slot, self.users[rows]] < 0
        value[away] = 0.0
        to = np.where(away, host, value.argmax(axis=1))
        return to, np.where(to != host, move_s[np.arange(n), to], 0.0)

    def slot_cost(self, slot: int, rows: IntArray, host: IntArray) -> Float:
        """(n,) latency and computing of a slot; 0 for who is away [s]."""
        at = self.tape.at[slot, self.users[rows]]
        unit = self.unit
        return np.where(at >= 0, self.scale[rows] * unit[np.maximum(at, 0), host] + self.computing[rows, host], 0.0)


def rollouts(weights: Weights, scene: Scene) -> Rollouts:
    """Follow each event twice: moved and not moved, and by the weights from then on."""
    rng, events = scene.rng, np.arange(len(scene.users))
    seen, table = scene.tape.known(scene.first, scene.users), scene.tables(scene.first)
    mean = forecasts(seen, table)[:, int(rng.integers(2, 5))]
    host = (scene.scale[:, None] * mean + scene.computing).argmin(axis=1)
    for slot in range(scene.first, scene.begin):
        host = scene.stepped(weights, slot, events, host)[0]
    features, move_s = scene.features(weights, scene.begin, events, host)
    value = worth(weights, features) * move_s
    value[events, host] = -np.inf
    soon = (
        scene.scale[:, None]
        * forecasts(scene.tape.known(scene.begin, scene.users), scene.tables(scene.begin))[:, int(rng.integers(0, 4))]
    )
    soon = -soon / max(float(soon.std()), 1e-12) + rng.gumbel(size=value.shape)
    soon[events, host] = -np.inf
    target = np.where(rng.random(len(events)) < _TRIED_BEST, value.argmax(axis=1), soon.argmax(axis=1))
    tried, cost = features[events, target], move_s[events, target]
    saved = _difference(weights, scene, host, target) - cost
    relative = np.clip(saved / cost, -CLIP, CLIP).astype(np.float32)
    return Rollouts(tried, relative, (cost / cost.mean()).astype(np.float32))


def _difference(weights: Weights, scene: Scene, stay: IntArray, moved: IntArray) -> FloatArray:
    """(n,) what the branches that stayed cost more than those that moved, until they meet or the scene ends [s]."""
    stay, moved = stay.copy(), moved.copy()
    saved, live = np.zeros(len(stay)), np.flatnonzero(stay != moved)
    for slot in range(scene.begin, scene.end):
        if slot > scene.begin:
            both = np.concatenate([live, live])
            to, paid = scene.stepped(weights, slot, both, np.concatenate([stay[live], moved[live]]))
            stay[live], moved[live] = np.split(to, 2)
            first, second = np.split(paid, 2)
            saved[live] += first - second
        saved[live] += scene.slot_cost(slot, live, stay[live]) - scene.slot_cost(slot, live, moved[live])
        live = live[stay[live] != moved[live]]
        if not live.size:
            break
    return saved


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
