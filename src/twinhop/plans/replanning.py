"""Planning close to the present: every twin that leaves its host costs something."""

from dataclasses import replace

import numpy as np

from twinhop.placement import Evaluation, Placement, PlacementProblem, Solution, evaluate
from twinhop.placement.budget import Budget
from twinhop.placement.search import Search
from twinhop.plans.result import NOBODY, Moves, Present


def moves_of(problem: PlacementProblem, solution: Solution, present: Present, move_cost_s: float) -> Moves:
    """What a plan moves.

    Args:
        problem: what is planned, without the costs of moves.
        solution: of the problem with them.
        present: where the twins are.
        move_cost_s: S [s].
    """
    host = solution.placement.host
    users = np.flatnonzero((present.host != NOBODY) & (host != present.host))
    gone = ~present.may_stay(problem.allowed)[users]
    twins = users.size if problem.weight is None else float(problem.weight[users].sum())
    cost = problem.alpha / problem.people * move_cost_s * twins
    opened = solution.placement.open
    return Moves(
        present,
        move_cost_s,
        users,
        gone,
        _own(problem, solution),
        cost,
        opened=np.flatnonzero(opened & ~present.open),
        shut=np.flatnonzero(present.open & ~opened),
    )


def _own(problem: PlacementProblem, solution: Solution) -> Evaluation:
    """The evaluation without the costs of moves: those count as communication, and change nothing else."""
    charged, placement = solution.evaluation, solution.placement
    communication_s = float(np.mean(problem.latency_comm_s[np.arange(problem.users), placement.host]))
    latency_s = communication_s + charged.computing_s
    cost = problem.alpha * (latency_s + charged.missed_s) + problem.beta * (charged.opening_s + charged.energy_j)
    return replace(charged, cost=cost, latency_s=latency_s, communication_s=communication_s)


def repaired(solution: Solution, present: Present, time_limit_s: float) -> Solution:
    """The better of a plan and the present one, mended where it must be.

    The present placement is kept where it is feasible; new users and users whose host is gone take the cheapest hosts,
    and moves that save are made. Policies without a certificate are left as they are: what they do is their own rule.

    Args:
        solution: of the problem with move costs.
        present: where the twins are.
        time_limit_s: for solving and mending together [s].

    Returns:
        The solution, with the mended placement where that costs less; the certificate is that of the problem.
    """
    if solution.certificate is None or solution.interrupted:
        return solution
    problem = solution.problem
    begin = np.where(present.may_stay(problem.allowed), present.host, NOBODY)
    budget = Budget(max(0.0, time_limit_s - solution.seconds))
    search = Search(problem, budget)
    with budget.catch_interrupt():
        if (begin != NOBODY).all():
            search.offer(begin)
        search.try_set(problem.capacity > 0, begin)
        search.improve(np.flatnonzero(problem.capacity > 0))
    seconds = solution.seconds + budget.elapsed_s()
    solution = replace(solution, seconds=seconds, interrupted=budget.interrupted)
    return better(solution, search.placement()) if search.feasible else solution


def better(solution: Solution, placement: Placement) -> Solution:
    """The solution with another placement where that is feasible and costs less."""
    evaluation = evaluate(solution.problem, placement)
    worse = solution.evaluation.feasible and evaluation.cost >= solution.cost
    if not evaluation.feasible or worse:
        return solution
    return replace(solution, placement=placement, evaluation=evaluation)
