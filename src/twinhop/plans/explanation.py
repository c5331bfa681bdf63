"""Why a twin is where it is: what every other host would cost the whole plan, and what would change that."""

from dataclasses import dataclass, field

import numpy as np

from twinhop.errors import InputError
from twinhop.network import computing_latency_s
from twinhop.placement.problem import FloatArray
from twinhop.plans.alternatives import Alternative, Relocation, alternatives
from twinhop.plans.planner_warnings import radio_latency_s
from twinhop.plans.result import Case, Plan, plan_of_users_alone
from twinhop.result import Result
from twinhop.text import counted, in_a_line, suggestion


@dataclass(frozen=True)
class Explanation(Result):
    """Why one user's twin is hosted where it is.

    ``latency = radio + wired + computing``, or ``communication + computing`` where the problem comes from a file; the
    user's part of the cost is ``alpha/N latency + beta opening_share``. Where the row stands for w users, latencies and
    the opening share are those of one of them, and changes those of the whole row.

    Attributes:
        plan: the plan explained.
        user: index of the user.
        access: index of its access station, None for a problem file.
        radio_s: weighted radio latency [s], None for a problem file.
        wired_s: weighted wired latency to the host, with the cost of a move where it counts [s]; None likewise.
        communication_s: both together [s].
        computing_s: its work over its CPU share [s].
        missed_s: what its missed deadline counts as, where it has a price [s].
        opening_share_s: opening cost of the host over the number of twins on it [s].
        update_s: latency of one update [s], inf without any CPU share, None where updates are not described.
        deadline_s: on that latency [s], None for none.
        violations: kinds of constraints that the user or its host breaks.
        alternatives: every other station: those possible by what the move would cost, then the impossible ones.
    """

    plan: Plan = field(repr=False)
    user: int
    access: int | None
    radio_s: float | None
    wired_s: float | None
    communication_s: float
    computing_s: float
    missed_s: float
    opening_share_s: float
    update_s: float | None
    deadline_s: float | None
    violations: tuple[str, ...]
    alternatives: tuple[Alternative, ...]

    def __repr__(self) -> str:
        problem = self.plan.solution.problem
        host = problem.station_name(int(self.plan.solution.placement.host[self.user]))
        twin = f"{problem.user_name(self.user)} on {host}"
        return in_a_line(self, self.plan.case.name, twin, counted(len(self.alternatives), "other host"))

    @property
    def host(self) -> int:
        """Index of the present host."""
        return int(self.plan.solution.placement.host[self.user])

    @property
    def possible(self) -> tuple[Alternative, ...]:
        """The hosts that may take the twin, the cheapest first."""
        return tuple(each for each in self.alternatives if not each.obstacles)

    @property
    def next_best(self) -> Alternative | None:
        """The cheapest other host, or None where no other may take the twin."""
        return next(iter(self.possible), None)

    @property
    def cost_share(self) -> float:
        """One user's part of the plan's cost: ``alpha/N latency + beta opening_share``."""
        problem = self.plan.solution.problem
        latency = self.communication_s + self.computing_s + self.missed_s
        return problem.alpha / problem.people * latency + problem.beta * self.opening_share_s


def explain(plan: Plan, user: str | int) -> Explanation:
    """Explain one user's host.

    Args:
        plan: any plan whose cost is finite.
        user: its name, or its index from 0.

    Returns:
        The terms of its latency, and every other station with what a move there would cost or why it cannot be.

    Raises:
        InputError: there is no such user, or the plan's cost is infinite.
    """
    plan = plan_of_users_alone(plan, "an explanation")
    i = find_user(plan.case, user)
    problem, placement, evaluation = plan.solution.problem, plan.solution.placement, plan.solution.evaluation
    radio_s = radio_parts_s(plan)
    if not np.isfinite(evaluation.cost):
        raise InputError(f"{plan.case.name}: the cost of this plan is infinite: nothing can be compared with it")
    k = int(placement.host[i])
    of_one = float(problem.part_of_mean[i])
    communication, radio = float(problem.latency_comm_s[i, k]) / of_one, None if radio_s is None else float(radio_s[i])
    relocation = Relocation(problem, placement, i, (radio or 0.0) * of_one)
    priced = problem.priced_deadlines
    deadline_s = problem.deadline_s if priced is None else priced.deadline_s
    deadline = None if deadline_s is None else float(deadline_s[i])
    computing = float(computing_latency_s(problem.root_work[i : i + 1] ** 2, evaluation.share[i : i + 1])[0])
    missed = priced is not None and evaluation.late is not None and bool(evaluation.late[i])
    others = alternatives(relocation)
    return Explanation(
        plan=plan,
        user=i,
        access=None if plan.case.radio is None else int(plan.case.radio.access[i]),
        radio_s=radio,
        wired_s=None if radio is None else communication - radio,
        communication_s=communication,
        computing_s=relocation.computing_s / of_one if priced is None else computing,
        missed_s=priced.price_s if priced is not None and missed else 0.0,
        opening_share_s=float(problem.opening_s[k] / problem.twins_on(placement.host)[k]),
        update_s=None if evaluation.update_latency_s is None else float(evaluation.update_latency_s[i]),
        deadline_s=deadline if deadline is not None and np.isfinite(deadline) else None,
        violations=tuple(
            each.kind for each in evaluation.violations if each.user == i or (each.user is None and each.station == k)
        ),
        alternatives=others,
    )


def radio_parts_s(plan: Plan) -> FloatArray | None:
    """(N,) the radio part of what the cost counts, ``(D + (eta/dt) dD) / r`` [s]; None for a problem file."""
    world, radio = plan.case.world, plan.case.radio
    if world is None or radio is None:
        return None
    return radio_latency_s(world, radio)


def find_user(case: Case, user: str | int) -> int:
    """The index of a user given by name or index; where users have no names, also by the digits of the index.

    Raises:
        InputError: there is none; the message suggests one and says how many there are.
    """
    problem = case.problem
    if isinstance(user, int):
        if 0 <= user < problem.users:
            return user
        raise InputError(f"user: no index {user} in '{case.name}'; accepted: 0 to {problem.users - 1}")
    names = [problem.user_name(i) for i in range(problem.users)]
    wanted = user if problem.user_ids else f"#{user.removeprefix('#')}"
    if wanted in names:
        return names.index(wanted)
    hint = suggestion(wanted, names, 3)
    some = f"{names[0]}, ..., {names[-1]}" if len(names) > 2 else ", ".join(names)
    raise InputError(f"user: '{case.name}' has no user '{user}'; {hint}It has {problem.users} users: {some}")
