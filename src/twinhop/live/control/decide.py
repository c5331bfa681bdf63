"""One decision: a situation and a policy in, a placement with certificate and moves out; no clock, no thread."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from twinhop.errors import InputError
from twinhop.live.control.asking import Asked, Consult, at_once
from twinhop.live.control.certificate import SlotPlanner
from twinhop.live.control.moves import Worths, sequenced, worths_of
from twinhop.live.control.records import MoveRecord, Worth
from twinhop.migration.outcome import outcome_of
from twinhop.migration.seating import seat
from twinhop.migration.situation import Situation
from twinhop.placement.certificate import bound_below
from twinhop.placement.problem import BoolArray, IntArray
from twinhop.text import counted

#: Shares of a decision's time after which the certificate is taken as it is, policies that can stop do so, and others
#: are no longer waited for; the rest is left to price and to order.
PROOF_SHARE = 0.5
POLICY_SHARE, WAIT_SHARE = 0.6, 0.7
Wait = Callable[[float], IntArray | None]
#: Of what somebody else's code says, so much is repeated.
LONGEST_MESSAGE = 300
MS = 1e3


@dataclass(frozen=True)
class Rules:
    """How much a decision may change, and how long it may take.

    Attributes:
        most: moves that may be made; None: any number.
        time_limit_s: of the whole decision [s].
    """

    most: int | None = None
    time_limit_s: float = math.inf


@dataclass(frozen=True)
class PlannedMove:
    """A change of host, before it has a number."""

    twin: str
    source: str
    target: str
    reason: str
    worth: Worth

    def record(self, plan: str, number: int) -> MoveRecord:
        """As the move of a plan."""
        return MoveRecord(f"{plan}-{number}", plan, self.twin, self.source, self.target, self.reason, worth=self.worth)


@dataclass(frozen=True, eq=False)
class Decision:
    """What is to be done in a slot.

    Attributes:
        situation: the slot; None where there is none, as nobody is there.
        users: n names of those served.
        host: (n,) where their twins are after the moves, -1: nowhere.
        moves: in the order in which they find room.
        cost_s: of the slot then, moves included; None where some twin has no host [s].
        bound_s: certified, see `PlanRecord` [s].
        gap: likewise.
        note: what else is to be known.
    """

    situation: Situation | None = field(repr=False)
    users: list[str] = field(repr=False)
    host: IntArray = field(repr=False)
    moves: tuple[PlannedMove, ...]
    cost_s: float | None
    bound_s: float | None
    gap: float | None
    note: str


def nothing(note: str) -> Decision:
    """A decision of a slot in which nothing can be decided."""
    return Decision(None, [], np.empty(0, np.int64), (), None, None, None, note)


def decide(
    situation: Situation,
    users: list[str],
    policy: Asked,
    planner: SlotPlanner,
    resting: BoolArray,
    rules: Rules,
    consult: Consult = at_once,
) -> Decision:
    """Decide a slot.

    Args:
        situation: the slot, with the hosts before.
        users: n names of those served.
        policy: what is asked; where it fails, twins stay, and where it gives no answer in time, the plan that came with
            the certificate stands in: the note says so.
        planner: with its plan and prices of the slot before; they go on to the next.
        resting: (n,) bool, whose last move is too short a while ago.
        rules: how much may change.
        consult: how the policy is asked.
    """
    if not len(users):
        return nothing("nobody is there")
    notes: list[str] = []
    limit_s = rules.time_limit_s
    waited = None
    if not policy.is_certified:
        waited = _begun(policy, situation, limit_s, consult, notes)
    proof = planner.prove(situation, limit_s * PROOF_SHARE)
    requested = proof.host if policy.is_certified else None
    if waited is not None:
        requested = _waited(policy, situation, waited, limit_s, notes)
        if requested is None and proof.host is not None:
            requested = proof.host
            notes.append(f"{policy.text} gave no answer in time; the plan that came with the certificate stands in")
    if requested is None:
        requested = situation.before
    try:
        target = seat(situation, requested).host
    except InputError as error:
        return Decision(situation, users, situation.before, (), None, None, None, "; ".join([*notes, str(error)]))
    worths = worths_of(situation, target)
    order = sequenced(situation.before, target, situation.capacity, worths.saved_s - worths.move_s, resting, rules.most)
    host = situation.before.copy()
    host[order.order] = target[order.order]
    notes += [
        f"{why}: {counted(count, 'move')}"
        for count, why in (
            (order.over_budget, f"waiting, as no more than {rules.most} may be made in a slot"),
            (order.resting, "waiting, as the twins moved a while ago"),
            (order.blocked, "without room, whatever the order"),
        )
        if count
    ]
    names = situation.hosts.ids
    moves = tuple(
        PlannedMove(
            users[i],
            "" if situation.before[i] < 0 else names[situation.before[i]],
            names[host[i]],
            _reason(situation, worths, i),
            worths.of(i),
        )
        for i in order.order.tolist()
    )
    return _priced(situation, users, host, moves, proof.bound_s, notes)


def _begun(policy: Asked, situation: Situation, limit_s: float, consult: Consult, notes: list[str]) -> Wait | None:
    """How to wait for the policy's answer; None where it failed."""
    try:
        if policy.renewed(limit_s * POLICY_SHARE):
            notes.append(f"{policy.text} begins anew, as the table of users is new")
        return consult(lambda: policy.hosts(situation, limit_s * POLICY_SHARE))
    except Exception as error:
        notes.append(_failure(policy, error))
        return None


def _waited(policy: Asked, situation: Situation, wait: Wait, limit_s: float, notes: list[str]) -> IntArray | None:
    try:
        answer = wait(limit_s * WAIT_SHARE)
    except Exception as error:
        notes.append(_failure(policy, error))
        return situation.before
    if answer is not None and policy.note:
        notes.append(f"{policy.text}: {policy.note}")
    return answer


def _failure(policy: Asked, error: Exception) -> str:
    message = " ".join(str(error).split())[:LONGEST_MESSAGE] or type(error).__name__
    return f"{policy.text} failed, and twins stay: {message}"


def _reason(situation: Situation, worths: Worths, i: int) -> str:
    """Why a twin moves, in words."""
    before = situation.before[i]
    if before < 0:
        return "was never placed"
    name = situation.hosts.ids[before]
    if not situation.up[before]:
        return f"{name} is down"
    if (situation.before == before).sum() > situation.capacity[before]:
        return f"{name} holds more twins than fit"
    worth = worths.of(i)
    parts = [f"latency {MS * worth.latency_s:.4g} ms"]
    if worth.opening_s:
        parts.append(f"opening {MS * worth.opening_s:.4g} ms")
    saved = f"saves {MS * worth.saved_s:.4g} ms of a slot's cost ({', '.join(parts)})"
    pays = "" if worth.pays_back_slots is None else f", paid back in {worth.pays_back_slots:.3g} slots"
    return f"{saved}; the move costs {MS * worth.move_s:.4g} ms once{pays}"


def _priced(
    situation: Situation,
    users: list[str],
    host: IntArray,
    moves: tuple[PlannedMove, ...],
    bound_s: float | None,
    notes: list[str],
) -> Decision:
    """The decision with its cost, where every twin has a host that works."""
    usable = host >= 0
    usable[usable] = situation.up[host[usable]]
    if not usable.all():
        notes.append(f"no host that works yet for {counted(int((~usable).sum()), 'twin')}")
        return Decision(situation, users, host, moves, None, bound_s, None, "; ".join(notes))
    outcome = outcome_of(situation, host)
    cost, late = outcome.cost.total, int(outcome.violation.sum())
    crowded = int((outcome.load > situation.capacity).sum())
    if late:
        notes.append(f"deadlines are missed by {counted(late, 'update')}")
    if crowded:
        notes.append(f"more twins than fit are on {counted(crowded, 'host')}")
    keeps = not late and not crowded
    if keeps and bound_s is not None:
        bound_s = bound_below(cost, bound_s, "prices")
    gap = cost / bound_s - 1 if keeps and bound_s is not None and bound_s > 0 else None
    return Decision(situation, users, host, moves, cost, bound_s, gap, "; ".join(notes))
