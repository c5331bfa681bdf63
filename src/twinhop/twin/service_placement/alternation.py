"""Users' twins and services placed in turn, until neither step makes the plan better."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.network import computing_latency_s
from twinhop.placement import Evaluation, InfeasibleProblem, Placement, Solution, evaluate, solve
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import WIDE, Budget
from twinhop.placement.certificate import bound_below
from twinhop.placement.decision import Ending
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.placement.search import Search
from twinhop.twin.service_placement.bound import services_bound
from twinhop.twin.service_placement.enumeration import best_servers
from twinhop.twin.service_placement.joint_problem import joint_problem, pinned_problem, relaxed_problem
from twinhop.twin.service_placement.joint_search import JointPlans, joint_plans
from twinhop.twin.service_placement.placed_service import PlacedService, placed_services
from twinhop.twin.service_placement.task import BoolArray, IntArray, ServiceTask

#: Policies that look at the cost, and so take the services into account when they place the users' twins again.
ALTERNATING = ("greedy", "local_search", "lagrangian", "exact")
#: Turns of users and services before the best so far is taken.
MOST_TURNS = 8
#: Users times attempts to bring the members of a service that is late within reach of a server.
MOST_REMEDIES = 2_000
#: A step must save more than this share of the cost: rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Step:
    """A plan on the way: what it breaks, which deadlines of services it misses, and what it costs.

    Attributes:
        violations: broken constraints of users' twins.
        late: services whose deadline is given up.
        cost: of users and services together.
    """

    violations: int
    late: int
    cost: float

    def beats(self, other: Step) -> bool:
        """Whether it breaks less; or as little, and is late with fewer services; or with as many, and costs less."""
        mine, others = (self.violations, self.late), (other.violations, other.late)
        return mine < others or (mine == others and self.cost < other.cost - ROUNDING * abs(other.cost))


@dataclass(frozen=True)
class ServicePlacement:
    """Users' twins and services where they run.

    Attributes:
        solution: the users' part: placement with all opened servers, evaluation with the CPU shares that the services
            leave, certificate of the users' problem alone.
        services: one a service, in the order of the scenario.
        cost: of users and services together.
        latency_s: the services' part of the mean latency: feeding and computing, weighted, over the N users [s].
        lower_bound: no plan of users and services that keeps the deadlines of users, and those of services that this
            plan does not give up, costs less; None where the policy gives no bound.
        steps: the plan first, after each step that made it better; each beats the one before.
        turns: how often users and services were placed again.
        proved: whether no other opened servers are better for the services, the users' twins being where they are.
        all_tried: whether every plan of users and services was tried: none keeps more deadlines, or as many at less
            cost.
    """

    solution: Solution = field(repr=False)
    services: tuple[PlacedService, ...]
    cost: float
    latency_s: float
    lower_bound: float | None
    steps: tuple[Step, ...]
    turns: int
    proved: bool
    all_tried: bool = False

    @property
    def gap(self) -> float | None:
        """Cost / bound - 1; None without a bound > 0 or without a feasible plan."""
        return self._gap_above(0.0)

    @property
    def gap_net(self) -> float | None:
        """The gap after subtracting the users' unavoidable cost from both sides; None where no bound > 0 is left."""
        return self._gap_above(self.solution.problem.unavoidable_cost)

    @property
    def late(self) -> tuple[PlacedService, ...]:
        """Services whose deadline is missed."""
        return tuple(each for each in self.services if each.kept is False)

    def _gap_above(self, constant: float) -> float | None:
        bound = self.lower_bound
        if bound is None or not self.solution.evaluation.feasible or bound - constant <= 0:
            return None
        return (self.cost - constant) / (bound - constant) - 1


@dataclass(frozen=True)
class _State:
    """Where everything is, and what it comes to."""

    placement: Placement
    server: IntArray
    excused: BoolArray
    proved: bool
    evaluation: Evaluation
    step: Step


def place_services(
    task: ServiceTask,
    solution: Solution,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Callable[[float, float], None] | None = None,
    starts: Sequence[Placement] = (),
) -> ServicePlacement:
    """Place the services of a world, and its users' twins again, until neither step makes the plan better.

    First the policy solves users and services together as if extracts came from the cheapest hosts
    (`relaxed_problem`): that gives a bound, and hosts to start from besides those of users alone. Then, in turn, the
    service step takes the best servers for the present hosts (`best_servers`), and the user step searches for better
    hosts from the present ones, what their extracts take included, with the services where they are
    (`pinned_problem`). Where a deadline is missed, the members are then brought within reach of each server that could
    keep it. A step that does not make the plan better is not taken. Small problems are tried plan by plan
    (`joint_plans`). Policies that do not look at the cost place users once.

    Args:
        task: users and services.
        solution: of the users' problem alone.
        time_limit_s: for everything, the time of the solution included [s].
        gap: passed on to the policy.
        on_progress: told the best cost and bound so far.
        starts: further hosts of the users to start from, with the servers opened for them and for services; the plan is
            never worse than the best servers for these. Policies that do not look at the cost take no notice of them.

    Returns:
        The plan of users and services.
    """
    alternate = solution.policy in ALTERNATING
    state = _with_best_servers(task, solution.placement, opening_given=not alternate)
    if alternate:
        state = _best_of(state, *(_with_best_servers(task, start, opening_given=False) for start in starts))
    run = _Run(task, solution, time_limit_s, gap, on_progress, solution.seconds, solution.interrupted)
    steps, turns, bound, all_tried = [state.step], 0, -math.inf, False
    if alternate:
        best, bound, all_tried = run.best_of_all(state)
        state = _noted(steps, state, best)
    if alternate and not all_tried:
        excused = state.excused
        relaxed = run.relaxed(excused)
        if relaxed is not None:
            at_best = _with_best_servers(task, _hosts(task, relaxed.placement), opening_given=False)
            state = _noted(steps, state, _best_of(state, at_best, _users_moved(task, state, relaxed.placement)))
        while turns < MOST_TURNS and run.goes_on:
            turns += 1
            best = _noted(steps, state, run.turn(state))
            if best is state:
                best = _noted(steps, state, run.with_deadlines_kept(state))
            if best is state:
                break
            state = best
        state = _with_servers_checked(task, steps, state)
        if relaxed is not None and relaxed.certificate is not None and (state.excused & ~excused).any():
            relaxed = run.relaxed(state.excused)
        if relaxed is not None and relaxed.certificate is not None:
            bound = max(bound, relaxed.certificate.lower_bound)
    placed = _finished(task, run.ended(), state, tuple(steps), turns, bound)
    placed = replace(placed, solution=replace(placed.solution, ended=_ending(placed, gap)))
    return replace(placed, all_tried=True, proved=True) if all_tried else placed


@dataclass
class _Run:
    """What is left of time, and the steps that take some."""

    task: ServiceTask
    solution: Solution
    time_limit_s: float
    gap: float | None
    on_progress: Callable[[float, float], None] | None
    seconds: float
    interrupted: bool

    @property
    def goes_on(self) -> bool:
        """Whether there is time for another step."""
        return not self.interrupted and self.seconds < self.time_limit_s

    def relaxed(self, excused: BoolArray) -> Solution | None:
        """The policy's solution of the relaxed problem; None without time for it, or where it has none."""
        if not self.goes_on:
            return None
        try:
            solution = solve(
                relaxed_problem(self.task, excused),
                self.solution.policy,
                seed=self.solution.seed,
                time_limit_s=self.time_limit_s - self.seconds,
                gap=self.gap,
                on_progress=self.on_progress,
            )
        except InfeasibleProblem:  # the users' deadlines cannot be kept either
            return None
        self.seconds, self.interrupted = self.seconds + solution.seconds, solution.interrupted
        return solution

    def best_of_all(self, state: _State) -> tuple[_State, float, bool]:
        """The best of all plans of a small problem, no worse than a state; a bound on all, and whether all were tried.

        The bound is on plans that keep the deadlines of users, and those of services that the best one does not excuse:
        none is known where it excuses more than the plans listed do, because time ran out before they were priced.
        """
        if not self.goes_on:
            return state, -math.inf, False
        budget = Budget(self.time_limit_s - self.seconds)
        with budget.catch_interrupt():
            plans = joint_plans(self.task, budget.exhausted)
            best, bound_s, all_tried = state, math.inf, False
            if plans is not None:
                best, bound_s, all_tried = self._cheapest(state, plans, budget)
        self.seconds, self.interrupted = self.seconds + budget.elapsed_s(), budget.interrupted
        if plans is None or math.isinf(bound_s) or best.step.late > plans.excused[0].sum():
            return best, -math.inf, False
        problem = self.task.problem
        bound = problem.alpha / problem.users * bound_s + problem.constant_cost
        return best, bound - ROUNDING * abs(bound), all_tried

    def _cheapest(self, state: _State, plans: JointPlans, budget: Budget) -> tuple[_State, float, bool]:
        """The best plan, what all cost at least [s], and whether no other can be better.

        A plan that turns out to break more than it was listed with says nothing of what the others cost: what it was
        listed to cost at least bounds them.
        """
        best, problem = state, self.task.problem
        best_s, rest_s = math.inf, plans.rest_s
        for at, least_s in enumerate(plans.least_s):
            if least_s >= best_s:
                break
            if budget.exhausted():
                return best, min(best_s, float(least_s), rest_s), False
            used = Placement.of_hosts(plans.host[at], problem.stations).open
            priced = _state(self.task, plans.host[at], used, plans.server[at], plans.excused[at], True)
            if priced.step.violations == 0 and priced.step.late <= plans.excused[at].sum():
                best_s = min(best_s, (priced.step.cost - problem.constant_cost) * problem.users / problem.alpha)
            else:
                rest_s = min(rest_s, float(least_s))
            best = _best_of(best, priced)
        return best, min(best_s, rest_s), best_s <= rest_s

    def with_deadlines_kept(self, state: _State) -> _State:
        """The best of plans made to keep one more deadline: its members within reach of a server that could keep it."""
        attempts = itertools.islice(_remedies(self.task, state), max(1, MOST_REMEDIES // len(self.task.problem.comm_s)))
        best = state
        for z, q, within_s in attempts:
            if not self.goes_on or best.step.late < state.step.late:
                break
            server, excused = state.server.copy(), state.excused.copy()
            server[z], excused[z] = q, False
            problem = pinned_problem(self.task, state.placement.host, server, excused, {z: within_s})
            try:
                solution = solve(
                    problem,
                    "lagrangian",
                    seed=self.solution.seed,
                    time_limit_s=self.time_limit_s - self.seconds,
                    patience_s=0,  # one of many attempts: a wide gap is not worth seconds
                )
            except InfeasibleProblem:
                continue
            self.seconds, self.interrupted = self.seconds + solution.seconds, solution.interrupted
            if solution.evaluation.feasible:
                hosts = _hosts(self.task, solution.placement)
                moved = _state(self.task, hosts.host, hosts.open, server, excused, False)
                best = _best_of(best, moved, _with_best_servers(self.task, hosts, opening_given=False))
        return best

    def turn(self, state: _State) -> _State:
        """A user step and a service step; the best of what they give and what there was."""
        problem = pinned_problem(self.task, state.placement.host, state.server, state.excused)
        budget = Budget(self.time_limit_s - self.seconds)
        with budget.catch_interrupt():
            search = Search(problem, budget)
            search.offer(np.append(state.placement.host, state.server))
            if search.feasible:
                search.improve(np.flatnonzero(problem.capacity > 0))
        self.seconds, self.interrupted = self.seconds + budget.elapsed_s(), budget.interrupted
        if not search.feasible:  # the users' deadlines are not kept, and moving them about is not the services' task
            return state
        moved = _hosts(self.task, search.placement())
        at_best = _with_best_servers(self.task, moved, opening_given=False)
        return _best_of(state, at_best, _users_moved(self.task, state, search.placement()))

    def ended(self) -> Solution:
        """The users' solution with the time of all steps."""
        late = not self.interrupted and (self.solution.timed_out or self.seconds >= self.time_limit_s)
        return replace(self.solution, seconds=self.seconds, interrupted=self.interrupted, timed_out=late)


def _remedies(task: ServiceTask, state: _State) -> Iterator[tuple[int, int, float]]:
    """Missed services, the servers that could keep each, and how long an extract may take there; the fastest first."""
    hosts = np.flatnonzero(task.problem.capacity > 0)
    for z in np.flatnonzero(state.excused):
        ways = []
        for q in np.flatnonzero(task.may_serve):
            for within_s in np.unique(task.wired_s[z][hosts, q]):
                latency_s = float(within_s + task.work_cycles[z] / task.cpu[q])
                if latency_s <= task.deadline_s[z]:
                    ways.append((latency_s, int(q), float(within_s)))
        yield from ((int(z), q, within_s) for _, q, within_s in sorted(ways))


def _with_servers_checked(task: ServiceTask, steps: list[Step], state: _State) -> _State:
    """The state, with the best servers for its hosts where those that joint steps chose are not known to be so."""
    if state.proved:
        return state
    best = _with_best_servers(task, state.placement, opening_given=False)
    after = _noted(steps, state, _best_of(state, best))
    return replace(after, proved=best.proved)


def _noted(steps: list[Step], before: _State, after: _State) -> _State:
    """The better state, noted among the steps if it is a new one."""
    if after is not before:
        steps.append(after.step)
    return after


def _hosts(task: ServiceTask, joint: Placement) -> Placement:
    """The users' part of a placement of users and services."""
    return Placement.of_hosts(joint.host[: task.problem.users], task.problem.stations)


def _best_of(first: _State, *others: _State) -> _State:
    """The best of some states, the first of equals."""
    best = first
    for other in others:
        if other.step.beats(best.step):
            best = other
    return best


def _with_best_servers(task: ServiceTask, placement: Placement, *, opening_given: bool) -> _State:
    """The present hosts with the best servers for them; servers without anything on them are closed."""
    choice = best_servers(task, placement, opening_given=opening_given)
    used = placement.open if opening_given else Placement.of_hosts(placement.host, task.problem.stations).open
    return _state(task, placement.host, used, choice.server, choice.excused, choice.proved)


def _users_moved(task: ServiceTask, before: _State, joint: Placement) -> _State:
    """The hosts and servers of a placement of users and services."""
    users = _hosts(task, joint)
    return _state(task, users.host, users.open, joint.host[task.problem.users :], before.excused, False)


def _state(
    task: ServiceTask, host: IntArray, used: BoolArray, server: IntArray, excused: BoolArray, proved: bool
) -> _State:
    """Price users and services together."""
    stations = task.problem.stations
    opened = np.append(used, np.zeros(task.extra, np.bool_))
    opened[server] = True
    both = Placement(np.append(host, server), opened)
    evaluation = evaluate(joint_problem(task, host, server, excused), both)
    excused = excused | _missed(task, host, server, evaluation)
    broken = [each for each in evaluation.violations if each.user is None or each.user < task.problem.users]
    step = Step(len(broken), int(excused.sum()), evaluation.cost)
    return _State(Placement(host, opened[:stations]), server, excused, proved, evaluation, step)


def _missed(task: ServiceTask, host: IntArray, server: IntArray, evaluation: Evaluation) -> BoolArray:
    """(Z,) services whose deadline is missed, also where no server could keep it for these hosts."""
    share = evaluation.share[task.problem.users :]
    last_s = task.slowest_s(host)[np.arange(len(server)), server]
    latency_s = last_s + computing_latency_s(task.work_cycles, share)
    return latency_s > task.deadline_s * (1 + DEADLINE_TOLERANCE)


def _finished(
    task: ServiceTask, solution: Solution, state: _State, steps: tuple[Step, ...], turns: int, relaxed_bound: float
) -> ServicePlacement:
    problem, evaluation = task.problem, _users_part(task, state)
    users = problem.users
    bound = None
    if solution.certificate is not None:
        bound = max(relaxed_bound, services_bound(task, solution.certificate))
        bound = bound_below(state.evaluation.cost, bound, "services") if evaluation.feasible else bound
    return ServicePlacement(
        solution=replace(solution, placement=state.placement, evaluation=evaluation),
        services=placed_services(task, state.placement, state.server, state.evaluation.share[users:]),
        cost=state.evaluation.cost,
        latency_s=(state.evaluation.cost - evaluation.cost) / problem.alpha,
        lower_bound=bound,
        steps=steps,
        turns=turns,
        proved=state.proved,
    )


def _ending(placed: ServicePlacement, wanted: float | None) -> Ending:
    """What ended the placement of users and services; that of the users alone ended otherwise."""
    solution, gap = placed.solution, placed.gap
    if placed.lower_bound is None:
        return solution.ended
    if gap is not None and gap <= CLOSED:
        return Ending.PROVEN
    if gap is not None and gap <= (WIDE if wanted is None else wanted):
        return Ending.GAP
    if solution.interrupted:
        return Ending.INTERRUPTED
    return Ending.TIME_LIMIT if solution.timed_out else Ending.EXHAUSTED


def _users_part(task: ServiceTask, state: _State) -> Evaluation:
    """The evaluation of the users alone, with the CPU shares that the services leave them."""
    problem, joint, host = task.problem, state.evaluation, state.placement.host
    users = problem.users
    share = joint.share[:users]
    communication_s = float(np.mean(problem.comm_s[np.arange(users), host]))
    computing_s = float(np.mean(computing_latency_s(problem.root_work**2, share)))
    energy_j = 0.0 if problem.energy_j is None else float(problem.energy_j.mean())
    latency_s = communication_s + computing_s
    return replace(
        joint,
        cost=problem.alpha * latency_s + problem.beta * (joint.opening_s + energy_j),
        latency_s=latency_s,
        communication_s=communication_s,
        computing_s=computing_s,
        energy_j=energy_j,
        share=share,
        update_latency_s=None
        if joint.update_latency_s is None or not problem.has_deadlines
        else joint.update_latency_s[:users],
        violations=tuple(each for each in joint.violations if each.user is None or each.user < users),
    )
