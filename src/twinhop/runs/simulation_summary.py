"""What a policy made of a run, in figures: gathered slot by slot, kept as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from twinhop.migration.outcome import Outcome
from twinhop.migration.run import NOWHERE, MigrationRun
from twinhop.placement.problem import BoolArray, IntArray
from twinhop.runs.reach_meter import ReachMeter
from twinhop.stats.quantiles import quantiles

#: A move back to where the twin came from is a ping-pong if it comes at most so many slots later.
PING_PONG_SLOTS = 5
BITS_PER_BYTE = 8
S_PER_HOUR, MS_PER_S = 3600.0, 1e3
#: Above this, sums of squares may exceed what a number holds.
LARGE = 1e100
TERMS = ("communication", "computing", "moves", "opening", "energy")


@dataclass(frozen=True)
class RunSummary:
    """One policy under one seed, over all its slots; a *visit* is a user served in a slot.

    Attributes:
        policy: as it was asked for.
        seed: root seed of the world.
        slots: of the run.
        visits: how many.
        cost: objective of P2, the mean over slots [s].
        terms: it by communication, computing, moves, opening and energy, their sum [s].
        latency_mean_s: mean latency of an update over visits [s].
        latency_p50_s: its median [s].
        latency_p95_s: what 95 % of the visits do not exceed [s].
        latency_p99_s: the same of 99 % [s].
        violation_ratio: share of the visits whose update misses its deadline; None where deadlines are not enforced.
        broken_deadlines: visits that miss a deadline which some host alone could keep.
        age_mean_s: mean age of what a twin knows, over visits [s].
        age_peak_s: mean of the greatest ages, over visits [s].
        utilisation: mean share of its time that a twin spends on updates [1].
        utility_sum: sum over the users of a slot of Eq. 20, mean over slots; None where no number holds it [1].
        utility_jain: Jain's index of the users' mean utilities; None where all are 0, or where no number holds them.
        migrations: moves.
        migrations_per_user_hour: moves over the time in which users are served [1/h].
        ping_pong: share of the moves that undo the last within `PING_PONG_SLOTS` slots; None without moves.
        bytes_moved: of all moves [byte].
        pause_p50_s: median pause of a move; None without moves [s].
        pause_p99_s: what 99 % of the pauses do not exceed [s].
        energy_j: mean energy of a visit, its move included [J].
        opened: mean number of open hosts.
        fallbacks: users placed otherwise than the policy asked, because it could not be.
        out_of_reach: who decides the means because no station reaches them, in words; None where nobody is.
    """

    policy: str
    seed: int
    slots: int
    visits: int
    cost: float
    terms: dict[str, float]
    latency_mean_s: float
    latency_p50_s: float
    latency_p95_s: float
    latency_p99_s: float
    violation_ratio: float | None
    broken_deadlines: int
    age_mean_s: float
    age_peak_s: float
    utilisation: float
    utility_sum: float | None
    utility_jain: float | None
    migrations: int
    migrations_per_user_hour: float
    ping_pong: float | None
    bytes_moved: float
    pause_p50_s: float | None
    pause_p99_s: float | None
    energy_j: float
    opened: float
    fallbacks: int
    out_of_reach: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class DecisionTimes:
    """How long a policy took to decide a slot [ms].

    Attributes:
        decision_ms_p50: median over slots.
        decision_ms_p95: what 95 % of the slots do not exceed.
    """

    decision_ms_p50: float
    decision_ms_p95: float

    def to_json(self) -> dict[str, float]:
        """The fields by name."""
        return asdict(self)


class RunMeter:
    """Gathers the summary of a run; every outcome is added once, in order."""

    def __init__(self, run: MigrationRun, policy: str) -> None:
        """Begin before slot 0."""
        users = len(run.user_ids)
        self._run, self._policy = run, policy
        self._latency_s: list[np.ndarray] = []
        self._pause_s: list[np.ndarray] = []
        self._decision_s: list[float] = []
        self._terms = np.zeros(len(TERMS))
        self._sums = dict.fromkeys(("mean_age_s", "peak_age_s", "utilisation", "utility", "energy_j"), 0.0)
        self._user_utility, self._user_visits = np.zeros(users), np.zeros(users, np.int64)
        self._returns = _Returns(users)
        self._reach = ReachMeter(run.user_ids)
        self._bits = 0.0
        self._violations = self._broken = self._migrations = self._opened = self._fallbacks = 0

    def add(self, outcome: Outcome) -> None:
        """Count one slot."""
        users, violation = outcome.situation.users, outcome.violation
        self._latency_s.append(outcome.latency_s)
        self._pause_s.append(outcome.pause_s[outcome.moved])
        self._decision_s.append(outcome.decision_s)
        self._terms += [getattr(outcome.cost, term) for term in TERMS]
        for name in self._sums:
            self._sums[name] += float(getattr(outcome, name).sum())
        self._user_utility[users] += outcome.utility
        self._user_visits[users] += 1
        self._returns.add(outcome)
        self._reach.add(outcome.situation.slot)
        self._bits += float(outcome.moved_bits.sum())
        self._violations += int(violation.sum())
        self._broken += int((violation & ~unmeetable(outcome)).sum())
        self._migrations += int(outcome.moved.sum())
        self._opened += int((outcome.load > 0).sum())
        self._fallbacks += outcome.fallbacks

    def summary(self) -> RunSummary:
        """What came of all slots."""
        run, latency_s, pause_s = self._run, np.concatenate(self._latency_s), np.concatenate(self._pause_s)
        visits, slots = max(len(latency_s), 1), run.slots
        cuts = quantiles(latency_s, (0.5, 0.95, 0.99)) if latency_s.size else [0.0] * 3
        terms = self._terms / slots
        pauses = quantiles(pause_s, (0.5, 0.99)) if pause_s.size else (None, None)
        return RunSummary(
            policy=self._policy,
            seed=run.scenario.seed,
            slots=slots,
            visits=len(latency_s),
            cost=float(terms.sum()),
            terms=dict(zip(TERMS, terms.tolist(), strict=True)),
            latency_mean_s=float(latency_s.sum()) / visits,
            latency_p50_s=cuts[0],
            latency_p95_s=cuts[1],
            latency_p99_s=cuts[2],
            violation_ratio=self._violations / visits if run.users.has_deadlines else None,
            broken_deadlines=self._broken,
            age_mean_s=self._sums["mean_age_s"] / visits,
            age_peak_s=self._sums["peak_age_s"] / visits,
            utilisation=self._sums["utilisation"] / visits,
            utility_sum=self._sums["utility"] / slots if math.isfinite(self._sums["utility"]) else None,
            utility_jain=_jain(self._user_utility[self._user_visits > 0] / self._user_visits[self._user_visits > 0]),
            migrations=self._migrations,
            migrations_per_user_hour=self._migrations * S_PER_HOUR / (visits * run.slot_s),
            ping_pong=self._returns.count / self._migrations if self._migrations else None,
            bytes_moved=self._bits / BITS_PER_BYTE,
            pause_p50_s=pauses[0],
            pause_p99_s=pauses[1],
            energy_j=self._sums["energy_j"] / visits,
            opened=self._opened / slots,
            fallbacks=self._fallbacks,
            out_of_reach=self._reach.in_words(),
        )

    def times(self) -> DecisionTimes:
        """How long the policy took."""
        return DecisionTimes(*(MS_PER_S * cut for cut in quantiles(np.array(self._decision_s), (0.5, 0.95))))


class _Returns:
    """Counts the moves that bring a twin back to where it was a few slots ago."""

    def __init__(self, users: int) -> None:
        self.count = 0
        self._origin: IntArray = np.full(users, NOWHERE, np.int64)  # of each twin's last move
        self._since: IntArray = np.zeros(users, np.int64)  # its slot
        self._epoch = 0

    def add(self, outcome: Outcome) -> None:
        situation = outcome.situation
        if situation.slot.epoch != self._epoch:  # stations are redrawn: the hosts of before are gone
            self._epoch = situation.slot.epoch
            self._origin[:] = NOWHERE
        movers = np.flatnonzero(outcome.moved)
        users = situation.users[movers]
        soon = situation.index - self._since[users] <= PING_PONG_SLOTS
        self.count += int((soon & (outcome.host[movers] == self._origin[users])).sum())
        self._origin[users] = situation.before[movers]
        self._since[users] = situation.index


def unmeetable(outcome: Outcome) -> BoolArray:
    """(n,) bool, who is late because no host could keep the deadline, not even alone; nobody without deadlines."""
    late = outcome.violation
    if not late.any():
        return late
    situation = outcome.situation
    return late & (situation.floors(outcome.host, outcome.comm_s) == 0)


def _jain(values: np.ndarray) -> float | None:
    """Jain's index ``(sum U)^2 / (n sum U^2)``, 1 where all are alike; None where all are 0 or one is infinite."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0 or not math.isfinite(largest):
        return None
    values = values / largest if largest > LARGE else values  # their squares are numbers then
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / (len(values) * squares)
