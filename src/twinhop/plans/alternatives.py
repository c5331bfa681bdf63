"""One twin moved alone: what that would cost the whole plan, what forbids it, and what would have to change."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinhop.kernels.edge import LEFT_OVER, cpu_room
from twinhop.network import computing_latency_s, water_fill_shares
from twinhop.network.compute import minimum_share_cycles_per_s
from twinhop.placement import Placement, PlacementProblem
from twinhop.placement.priced_deadlines import PricedDeadlines
from twinhop.placement.problem import DEMAND_TOLERANCE, FloatArray, IntArray
from twinhop.text import counted, counted_users
from twinhop.units import CYCLES_PER_GCYCLE, S_PER_MS

#: CPU beyond so many times a station's own is not looked for: then no CPU would do.
MOST_CPU = 1e6
#: Deadlines beyond so many times the present one are not looked for.
MOST_DEADLINE = 1e3
#: The share of a CPU that is left for twins without a minimum share, where those of the others would take all.
LEFT_FOR_OTHERS = 1e-6
#: Relative accuracy of what is found by bisection.
ACCURACY = 1e-9


@dataclass(frozen=True)
class Change:
    """What a move would change, in the unit of the plan's cost.

    Attributes:
        own: the twin's own latency.
        there: the latency of the twins on the new host.
        left: that of the twins on the host it leaves.
        opening: opening the new host, closing the old one where nobody stays.
    """

    own: float
    there: float
    left: float
    opening: float

    @property
    def total(self) -> float:
        """The change of the whole plan's cost."""
        return math.fsum((self.own, self.there, self.left, self.opening))


@dataclass(frozen=True)
class Remedy:
    """What would have to change at a station for it to win the twin, or to be possible at all.

    Attributes:
        what: ``communication_ms`` or ``opening_s`` (lower by), ``cpu_gcycles_per_s``, ``seats``, ``demand_capacity`` or
            ``deadline_ms`` (more by).
        by: how much.
        wins: whether the twin would then move for the better; else the host would merely be possible.
    """

    what: str
    by: float
    wins: bool


@dataclass(frozen=True)
class Alternative:
    """Another station for the twin.

    Attributes:
        station: its index.
        obstacles: why it cannot take the twin, in words; empty where it can.
        change: what the move would change; None where that cannot be said. For a station without a free seat, or
            without demand capacity, it is what the move would change if there were.
        communication_s: the communication latency there, of one user of the row [s], None where there is no link.
        remedies: what would have to change.
    """

    station: int
    obstacles: tuple[str, ...]
    change: Change | None
    communication_s: float | None
    remedies: tuple[Remedy, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values; the station by index."""
        change = self.change
        return {
            "station": self.station,
            "possible": not self.obstacles,
            "obstacles": list(self.obstacles),
            "cost_change": None if change is None else change.total,
            "own_change": None if change is None else change.own,
            "there_change": None if change is None else change.there,
            "left_change": None if change is None else change.left,
            "opening_change": None if change is None else change.opening,
            "communication_s": self.communication_s,
            "remedies": [vars(remedy) for remedy in self.remedies],
        }


class Relocation:
    """One user of a placement, and what its move to another station would change.

    Args:
        problem: the problem.
        placement: the decision.
        user: index of the user.
        radio_s: the part of its communication latency that no host changes, 0 where it is not known [s].
    """

    def __init__(self, problem: PlacementProblem, placement: Placement, user: int, radio_s: float = 0.0):
        self.problem = problem
        self.radio_s = radio_s
        self.placement = placement
        self.user = user
        self.host = int(placement.host[user])
        self._members = {k: np.flatnonzero(placement.host == k) for k in range(problem.stations)}
        here = self._members[self.host]
        self._others = here[here != user]
        self._others_alone_s = self._computing_s(self._others, self.host)
        self.computing_s = float(self._stay(None)[-1])

    def _stay(self, deadline_s: float | None) -> FloatArray:
        """Computing latency of the others on the present host, and last of the user, as it is now [s]."""
        together = np.append(self._others, self.user)
        if deadline_s is None:
            return self._computing_s(together, self.host)
        floor = self.own_floor(self.host, deadline_s)
        hopeless = floor > cpu_room(self.problem.cpu[self.host])  # then `evaluate` asks for nothing
        return self._computing_s(together, self.host, None, 0.0 if hopeless else floor)

    def members(self, k: int) -> IntArray:
        """Users hosted on station k."""
        return self._members[k]

    def own_floor(self, k: int, deadline_s: float | None = None, cpu: float | None = None) -> float:
        """The user's minimum CPU share on station k [cycle/s]: inf where the communication alone is too slow."""
        problem, i = self.problem, self.user
        if problem.deadline_s is None or problem.update_comm_s is None or problem.update_work is None:
            return 0.0
        if deadline_s is None and i in problem.unmeetable:
            return self._meetable_floors(np.array([i]), k, cpu)[0]
        tau = float(problem.deadline_s[i]) if deadline_s is None else deadline_s
        arrays = (np.array([each]) for each in (problem.update_work[i], tau, problem.update_comm_s[i, k]))
        return float(minimum_share_cycles_per_s(*arrays)[0])

    def floors(self, k: int, cpu: float | None = None) -> FloatArray:
        """Minimum CPU shares of the users hosted on station k [cycle/s], with more CPU there if so said."""
        return self._floors(self._members[k], k, cpu)

    def strands(self, k: int, cpu: float | None = None) -> bool:
        """Whether with more CPU station k could keep a deadline that none can now, of a user who is elsewhere.

        Such a user is planned without its deadline as long as that is so, and would miss it then.
        """
        if cpu is None or not self.problem.unmeetable.size:
            return False
        elsewhere = self.problem.unmeetable[self.placement.host[self.problem.unmeetable] != k]
        elsewhere = elsewhere[elsewhere != self.user]
        return bool((self._meetable_floors(elsewhere, k, cpu) > 0).any())

    def _meetable_floors(self, users: IntArray, k: int, cpu: float | None) -> FloatArray:
        """Minimum shares on station k of users whose deadline no station keeps now: 0 unless this CPU would do."""
        problem = self.problem
        if cpu is None or not users.size or cpu <= problem.cpu[k]:
            return np.zeros(users.size)
        assert problem.deadline_s is not None and problem.update_comm_s is not None and problem.update_work is not None
        floor = minimum_share_cycles_per_s(
            problem.update_work[users], problem.deadline_s[users], problem.update_comm_s[users, k]
        )
        fits = (floor <= cpu_room(cpu)) & problem.reachable[users, k]
        if problem.demand is not None:
            fits &= problem.demand[users] <= problem.demand_room[k]
        return np.where(fits, floor, 0.0)

    def change(self, k: int, *, cpu: float | None = None, deadline_s: float | None = None) -> Change | None:
        """What moving to station k would change, seats and demands aside.

        Args:
            k: index of the station.
            cpu: its CPU, if not the present one, before and after the move [cycle/s].
            deadline_s: the user's deadline, if not the present one, before and after the move [s].

        Returns:
            The change, or None where minimum shares do not fit, someone would be left without CPU, or a user elsewhere
            would miss a deadline that could be kept here then.
        """
        problem, i = self.problem, self.user
        if problem.priced_deadlines is not None:
            return self._priced_change(k, problem.priced_deadlines, cpu)
        cpu = float(problem.cpu[k]) if cpu is None else cpu
        stay, floor = self._members[k], self.own_floor(k, deadline_s, cpu)
        if not math.isfinite(problem.comm_s[i, k]) or self.floors(k, cpu).sum() + floor > cpu_room(cpu):
            return None
        if self.strands(k, cpu):
            return None
        before = self._computing_s(stay, k, cpu)
        after = self._computing_s(np.append(stay, i), k, cpu, floor)
        now = self._stay(deadline_s)
        scale = problem.alpha / problem.users
        own = float(problem.comm_s[i, k]) - float(problem.comm_s[i, self.host]) + float(after[-1]) - float(now[-1])
        left = math.fsum([*self._others_alone_s, *(-now[:-1])])
        there = math.fsum([*after[:-1], *(-before)])
        opening = 0.0 if self.placement.open[k] else float(problem.opening_s[k])
        closing = float(problem.opening_s[self.host]) if not self._others.size else 0.0
        result = Change(scale * own, scale * there, scale * left, problem.beta * (opening - closing))
        return result if math.isfinite(result.total) else None

    def _priced_change(self, k: int, deadlines: PricedDeadlines, cpu: float | None) -> Change | None:
        """The same where deadlines may be missed at a price, which is part of what users have."""
        problem, i = self.problem, self.user
        if not math.isfinite(problem.comm_s[i, k]):
            return None
        if cpu is not None:
            capacities = problem.cpu.copy()
            capacities[k] = cpu
            deadlines = replace(deadlines, cpu=capacities)
        host = self.placement.host.copy()
        before_s = self._priced_s(deadlines, host)
        host[i] = k
        change_s = self._priced_s(deadlines, host) - before_s
        scale = problem.alpha / problem.users
        there, left = (math.fsum(change_s[each]) for each in (self._members[k], self._others))
        opening = 0.0 if self.placement.open[k] else float(problem.opening_s[k])
        closing = float(problem.opening_s[self.host]) if not self._others.size else 0.0
        own = float(change_s[i])
        result = Change(scale * own, scale * there, scale * left, problem.beta * (opening - closing))
        return result if math.isfinite(result.total) else None

    def _priced_s(self, deadlines: PricedDeadlines, host: IntArray) -> FloatArray:
        """(N,) latency of each user with what a missed deadline counts as [s]."""
        problem, users = self.problem, np.arange(self.problem.users)
        work = problem.root_work**2
        share = deadlines.shares(host, problem.share_weight, work)
        missed_s = deadlines.price_s * deadlines.late(host, share)
        return problem.latency_comm_s[users, host] + computing_latency_s(work, share) + missed_s

    def _floors(self, members: IntArray, k: int, cpu: float | None = None) -> FloatArray:
        if self.problem.floor is None:
            return np.zeros(members.size)
        floor = self.problem.floor[members, k]
        floor = np.where(np.isfinite(floor), floor, 0.0)
        if cpu is not None and self.problem.unmeetable.size:
            late = np.isin(members, self.problem.unmeetable)
            floor[late] = self._meetable_floors(members[late], k, cpu)
        return floor

    def _computing_s(
        self, members: IntArray, k: int, cpu: float | None = None, last_floor: float | None = None
    ) -> FloatArray:
        """Computing latency of each of these users together on station k [s], as `evaluate` has it."""
        problem = self.problem
        cpu = float(problem.cpu[k]) if cpu is None else cpu
        work = problem.root_work[members] ** 2
        floor = self._floors(members, k, cpu)
        if last_floor is not None:
            floor[-1] = last_floor
        share = water_fill_shares(problem.share_weight[members], floor, cpu)
        return np.asarray(computing_latency_s(work, share))


def alternatives(relocation: Relocation) -> tuple[Alternative, ...]:
    """Every other station: those that may take the twin by what that would cost, then the others likewise."""
    stations = [k for k in range(relocation.problem.stations) if k != relocation.host]
    result = [_alternative(relocation, k) for k in stations]

    def order(each: Alternative) -> tuple[bool, float]:
        return bool(each.obstacles), math.inf if each.change is None else each.change.total

    return tuple(sorted(result, key=order))


def _alternative(relocation: Relocation, k: int) -> Alternative:
    problem, i = relocation.problem, relocation.user
    linked = math.isfinite(problem.comm_s[i, k])
    communication = float(problem.comm_s[i, k] / problem.part_of_mean[i]) if linked else None
    if problem.capacity[k] == 0:
        return Alternative(k, ("not a host",), None, communication, ())
    if not linked:
        return Alternative(k, ("no link: the arc is forbidden",), None, None, ())
    blocks = [block for check in (_seat, _demand, _deadline) if (block := check(relocation, k)) is not None]
    change = relocation.change(k)
    if change is None and _deadline(relocation, k) is None:
        blocks.append(("no CPU would be left for twins there", ()))
    if not blocks:
        return Alternative(k, (), change, communication, _to_win(relocation, k, change))
    remedies = blocks[0][1] if len(blocks) == 1 else ()
    return Alternative(k, tuple(text for text, _ in blocks), change, communication, remedies)


Block = tuple[str, tuple[Remedy, ...]]


def _seat(relocation: Relocation, k: int) -> Block | None:
    twins, seats = relocation.members(k).size, int(relocation.problem.capacity[k])
    if twins < seats or (relocation.problem.weight is not None and relocation.problem.has_demand):
        return None  # rows of many users are seated by their demands
    change = relocation.change(k)
    wins = change is not None and change.total < 0
    return f"no seat: {counted(twins, 'twin')} on {counted(seats, 'seat')}", (
        Remedy("seats", float(twins + 1 - seats), wins),
    )


def _demand(relocation: Relocation, k: int) -> Block | None:
    problem = relocation.problem
    if problem.demand is None or problem.demand_capacity is None:
        return None
    used, room = float(problem.demand[relocation.members(k)].sum()), float(problem.demand_capacity[k])
    own = float(problem.demand[relocation.user])
    if used + own <= room * (1 + DEMAND_TOLERANCE):
        return None
    change = relocation.change(k)
    wins = change is not None and change.total < 0
    if problem.weight is not None:
        text = f"no seats for {counted_users(own)}: {used:g} of {room:g} are taken"
        return text, (Remedy("seats", used + own - room, wins),)
    text = f"demand {own:g} does not fit: {used:g} of {room:g} are taken"
    return text, (Remedy("demand_capacity", used + own - room, wins),)


def _deadline(relocation: Relocation, k: int) -> Block | None:
    """Minimum shares that do not fit; with more CPU, or a longer deadline, they would."""
    problem, i = relocation.problem, relocation.user
    if problem.deadline_s is None or problem.update_comm_s is None or problem.update_work is None:
        return None
    floor, used, cpu = relocation.own_floor(k), float(relocation.floors(k).sum()), float(problem.cpu[k])
    if used + floor <= cpu_room(cpu):
        return None
    tau, sending = float(problem.deadline_s[i]), float(problem.update_comm_s[i, k])
    remedies = []
    if math.isfinite(floor):
        needed = _enough_cpu(relocation, k)
        change = relocation.change(k, cpu=needed)
        if change is not None:
            remedies.append(Remedy("cpu_gcycles_per_s", (needed - cpu) / CYCLES_PER_GCYCLE, change.total < 0))
    if used < cpu and math.isfinite(sending):
        for left_over in (LEFT_OVER, LEFT_FOR_OTHERS):
            longer = sending + float(problem.update_work[i]) / (cpu - used) * (1 + left_over)
            change = relocation.change(k, deadline_s=longer)
            if change is not None:
                remedies.append(Remedy("deadline_ms", (longer - tau) / S_PER_MS, change.total < 0))
                break
    return _deadline_words(relocation, k, floor, used), tuple(remedies)


def _enough_cpu(relocation: Relocation, k: int) -> float:
    """The CPU with which all minimum shares fit on station k, those of deadlines that only it makes meetable too."""
    now = needed = float(relocation.problem.cpu[k])
    for _ in range(relocation.members(k).size + 2):
        wanted = float(relocation.floors(k, needed).sum()) + relocation.own_floor(k, cpu=needed)
        if wanted <= needed and needed > now:
            break
        needed = max(wanted, needed) * (1 + LEFT_OVER)
    return needed if relocation.change(k, cpu=needed) is not None else needed * (1 + LEFT_FOR_OTHERS)


def _deadline_words(relocation: Relocation, k: int, floor: float, used: float) -> str:
    problem, i = relocation.problem, relocation.user
    assert problem.deadline_s is not None and problem.update_comm_s is not None
    tau, sending = float(problem.deadline_s[i]), float(problem.update_comm_s[i, k])
    if not math.isfinite(floor):
        return (
            f"deadline {tau / S_PER_MS:.4g} ms: sending one update there takes {sending / S_PER_MS:.4g} ms "
            "before any computing"
        )
    need, cpu = floor / CYCLES_PER_GCYCLE, float(problem.cpu[k]) / CYCLES_PER_GCYCLE
    if used == 0.0:
        return f"deadline {tau / S_PER_MS:.4g} ms: needs {need:.4g} Gcycle/s of its {cpu:.4g}"
    return (
        f"deadline {tau / S_PER_MS:.4g} ms: needs {need:.4g} Gcycle/s, the minimum shares of the twins there take "
        f"{used / CYCLES_PER_GCYCLE:.4g} of its {cpu:.4g}"
    )


def _to_win(relocation: Relocation, k: int, change: Change | None) -> tuple[Remedy, ...]:
    """What would make a possible host cheaper than the present one."""
    if change is None or change.total <= 0:
        return ()
    problem = relocation.problem
    remedies = []
    lower = change.total * problem.users / problem.alpha
    if lower <= problem.comm_s[relocation.user, k] - relocation.radio_s:
        of_one = float(problem.part_of_mean[relocation.user])
        remedies.append(Remedy("communication_ms", lower / of_one / S_PER_MS, True))
    now = float(problem.cpu[k])
    cpu = _least(lambda cpu: relocation.change(k, cpu=cpu), now, MOST_CPU)
    if cpu is not None:
        remedies.append(Remedy("cpu_gcycles_per_s", (cpu - now) / CYCLES_PER_GCYCLE, True))
    if not relocation.placement.open[k] and 0 < change.total <= problem.beta * float(problem.opening_s[k]):
        remedies.append(Remedy("opening_s", change.total / problem.beta, True))
    if relocation.own_floor(k) > 0 and problem.deadline_s is not None:
        tau = float(problem.deadline_s[relocation.user])
        longer = _least(lambda deadline_s: relocation.change(k, deadline_s=deadline_s), tau, MOST_DEADLINE)
        if longer is not None:
            remedies.append(Remedy("deadline_ms", (longer - tau) / S_PER_MS, True))
    return tuple(remedies)


def _least(change: Callable[[float], Change | None], now: float, most: float) -> float | None:
    """A value above the present one from which on the move pays, by bisection; None where none does.

    Args:
        change: what the move changes at a value.
        now: the present value, at which it does not pay.
        most: how many times the present value is looked at.
    """

    def pays(value: float) -> bool:
        result = change(value)
        return result is not None and result.total <= 0

    low, high = now, 2 * now
    while not pays(high):
        low, high = high, 2 * high
        if high > most * now:
            return None
    while high - low > ACCURACY * high:
        middle = (low + high) / 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return high
