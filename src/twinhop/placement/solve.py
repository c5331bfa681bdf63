"""Solve a placement problem by any policy: the one door through which every placement passes."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.errors import InputError
from twinhop.failures import failed_by
from twinhop.own_watch import can_be_ended
from twinhop.placement.budget import PATIENCE_S, WIDE, Budget, SubBudget
from twinhop.placement.certificate import Certificate, bound_below
from twinhop.placement.certificate_check import checked_certificate
from twinhop.placement.decision import Decision, Ending
from twinhop.placement.evaluation import Evaluation, evaluate
from twinhop.placement.infeasibility import InfeasibleProblem
from twinhop.placement.own_policy import OwnPolicy
from twinhop.placement.placement import Placement
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policy
from twinhop.placement.problem import PlacementProblem
from twinhop.placement.seating import require_seats
from twinhop.placement.watched_policy import watched_decision
from twinhop.result import Shown
from twinhop.text import figure, in_a_line, in_percent

#: A plan is proved, and a gap reached, within this share of its cost: the tolerances of the exact solver.
PROVED = 4e-6


@dataclass(frozen=True)
class Solution(Shown):
    """A policy's answer to a problem.

    Attributes:
        problem: what was solved.
        policy: the policy's name.
        placement: the decision.
        evaluation: its cost, terms, CPU shares and violations.
        certificate: the lower bound, or None where the policy gives none.
        seconds: time of the solve alone [s], without the loading or compiling of its loops.
        seed: of the policy's own random stream.
        interrupted: whether Ctrl-C ended the solve early.
        timed_out: whether the time limit did.
        ended: what ended it: ``proven`` (optimal), ``gap`` (the one asked for is reached, or where none was 1 %),
            ``seconds`` (those that `lagrangian` goes on for where its gap is wide are spent), ``nothing left to try``,
            ``time limit``, ``interrupted``, or ``done`` for policies that go through their steps and end.
        note: what the policy says of its answer, such as why it has no certificate; empty for nothing.
    """

    problem: PlacementProblem = field(repr=False)
    policy: str
    placement: Placement = field(repr=False)
    evaluation: Evaluation = field(repr=False)
    certificate: Certificate | None = field(repr=False)
    seconds: float
    seed: int
    interrupted: bool
    timed_out: bool
    ended: Ending = Ending.DONE
    note: str = ""

    def __repr__(self) -> str:
        parts = (figure("cost", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        return in_a_line(self, self.policy, *parts, None if self.evaluation.feasible else "infeasible")

    @property
    def cost(self) -> float:
        """The objective of P1."""
        return self.evaluation.cost

    @property
    def lower_bound(self) -> float | None:
        """No feasible plan costs less; None where the policy gives no bound.

        That of the certificate, but never above the cost of a feasible plan: see `bound_below`.
        """
        if self.certificate is None:
            return None
        bound = self.certificate.lower_bound
        return bound_below(self.cost, bound, self.certificate.method) if self.evaluation.feasible else bound

    @property
    def gap(self) -> float | None:
        """The share cost / bound - 1; None without a bound > 0 or without a feasible plan."""
        return self._gap_above(0.0)

    @property
    def gap_net(self) -> float | None:
        """The gap after subtracting the unavoidable cost from both sides; None where the net bound is not > 0."""
        return self._gap_above(self.problem.unavoidable_cost)

    def _gap_above(self, constant: float) -> float | None:
        bound = self.lower_bound
        if bound is None or not self.evaluation.feasible or bound - constant <= 0:
            return None
        return (self.cost - constant) / (bound - constant) - 1


def check_limits(time_limit_s: float, gap: float | None) -> None:
    """Raise InputError where a limit is out of range."""
    if not time_limit_s > 0:
        raise InputError(f"time_limit_s: got {time_limit_s:g}; expected more than 0 s")
    if gap is not None and not 0 <= gap < np.inf:
        raise InputError(f"gap: got {gap:g}; expected a number >= 0")


def check_seed(seed: int) -> None:
    """Raise InputError where the seed of a random stream is out of range."""
    if seed < 0:
        raise InputError(f"seed: got {seed}; expected a whole number >= 0")


def solve(
    problem: PlacementProblem,
    policy: PolicyLike = "lagrangian",
    *,
    seed: int = 0,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    patience_s: float = PATIENCE_S,
    on_progress: Callable[[float, float], None] | None = None,
) -> Solution:
    """Place the twins of a problem.

    Args:
        problem: what to solve.
        policy: name of a policy (`policy_names`), or one of your own: a function of the problem that returns N hosts,
            a `Placement` or a `Decision`; see `placement_policy`.
        seed: of the policy's own random stream; never changes the problem.
        time_limit_s: limit on `Solution.seconds`; the best plan so far is returned.
        gap: go on until cost / bound - 1 is at most this; 0 proves the optimum; None: until little more is gained, and
            for `lagrangian` at least to 1 % where `patience_s` is enough for that.
        patience_s: how long `lagrangian` goes on where no gap is asked for and its own is above 1 % [s].
        on_progress: called with the cost of the best plan and the best bound so far (nan where there is none).

    Returns:
        The solution. Ctrl-C returns the best so far, marked ``interrupted``.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        PolicyFailed: a policy of your own raises, returns no placement, or gives no answer in time; with a limit it
            runs in a process that is ended, where it can be sent to one.
        InputError: no such policy, or a limit out of range.
    """
    check_limits(time_limit_s, gap)
    check_seed(seed)
    selected = placement_policy(policy)
    selected.require(problem)
    decide = replace(selected.decide, seed=seed) if isinstance(selected.decide, OwnPolicy) else selected.decide
    rng = np.random.default_rng(np.random.SeedSequence([seed], spawn_key=(zlib.crc32(selected.name.encode()),)))
    budget = Budget(time_limit_s, gap, on_progress, patience_s=patience_s)
    with budget.catch_interrupt():
        require_seats(problem)
        if can_be_ended(selected.own, time_limit_s):
            decision, seconds = watched_decision(selected, seed, problem, rng, budget)
        else:
            decision = decide(problem, rng, budget)
            seconds = budget.elapsed_s()
        evaluation = evaluate(problem, decision.placement)
        if decision.certificate is not None and _misses_some(problem, decision.placement, evaluation):
            placement = _keeping_more(problem, decide, rng, budget, decision.placement)
            decision = replace(decision, placement=placement, ended=None)
            evaluation, seconds = evaluate(problem, placement), budget.elapsed_s()
    timed_out = not budget.interrupted and seconds >= time_limit_s
    certificate = decision.certificate
    if certificate is not None and not selected.is_built_in:
        certificate = _checked(selected, problem, certificate)
    return Solution(
        problem=problem,
        policy=selected.name,
        placement=decision.placement,
        evaluation=evaluation,
        certificate=certificate,
        seconds=seconds,
        seed=seed,
        interrupted=budget.interrupted,
        timed_out=timed_out,
        ended=_ending(_borne_out(decision, evaluation.cost, gap), budget.interrupted, timed_out),
        note=decision.note,
    )


def _misses_some(problem: PlacementProblem, placement: Placement, evaluation: Evaluation) -> bool:
    """Whether a deadline is missed that the user's host would keep, had it fewer users."""
    priced = problem.priced_deadlines
    if priced is None or evaluation.late is None:
        return False
    return bool((evaluation.late & ~priced.certain[np.arange(problem.users), placement.host]).any())


def _keeping_more(
    problem: PlacementProblem,
    decide: Callable[[PlacementProblem, np.random.Generator, Budget], Decision],
    rng: np.random.Generator,
    budget: Budget,
    found: Placement,
) -> Placement:
    """The cheaper of a placement and of one that keeps every deadline which its user's host could keep alone.

    A policy sees no price of the misses that a shared CPU brings; the second placement is that of the problem in which
    there may be none.
    """
    assert problem.priced_deadlines is not None
    kept = replace(problem, priced_deadlines=None, **problem.priced_deadlines.where_meetable())
    try:
        other = decide(
            kept, rng, SubBudget(budget.remaining_s(), budget.gap, patience_s=budget.patience_s, whole=budget)
        ).placement
    except InfeasibleProblem:
        return found
    return min(found, other, key=lambda each: evaluate(problem, each).cost)


def _checked(policy: PlacementPolicy, problem: PlacementProblem, certificate: Certificate) -> Certificate | None:
    try:
        return checked_certificate(policy.name, problem, certificate)
    except InputError as error:
        raise failed_by(policy.name, error) from error


def _borne_out(decision: Decision, cost: float, gap: float | None) -> Decision:
    """The decision, without what it says ended it where the cost that counts does not bear that out.

    A policy prices its plan with CPU shared in the optimal way and deadlines at no price; another rule for CPU, or
    deadlines that are missed or kept at a price, may make it dearer than what was proved.
    """
    if decision.certificate is None or decision.ended not in (Ending.PROVEN, Ending.GAP):
        return decision
    bound = decision.certificate.lower_bound
    wanted = 0.0 if decision.ended is Ending.PROVEN else WIDE if gap is None else gap
    return decision if cost - bound <= wanted * bound + PROVED * abs(cost) else replace(decision, ended=None)


def _ending(decision: Decision, interrupted: bool, timed_out: bool) -> Ending:
    if decision.ended in (Ending.PROVEN, Ending.GAP):
        return decision.ended
    if interrupted:
        return Ending.INTERRUPTED
    return Ending.TIME_LIMIT if timed_out else decision.ended or Ending.DONE
