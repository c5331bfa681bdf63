"""Planning close to the present: every twin that leaves its host costs something."""

import math
from dataclasses import replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import Evaluation, Placement, PlacementProblem, Solution, evaluate
from twinhop.placement.budget import Budget
from twinhop.placement.problem import IntArray
from twinhop.placement.search import Search
from twinhop.plans.result import NOBODY, Moves, Present


def check_move_cost(move_cost_s: float) -> None:
    """Raise InputError where the cost of a move is no number >= 0."""
    if not (math.isfinite(move_cost_s) and move_cost_s >= 0):
        raise InputError(f"move cost: got {move_cost_s:g}; expected a finite number of seconds >= 0")


def with_move_costs(problem: PlacementProblem, host: IntArray, move_cost_s: float) -> PlacementProblem:
    """The problem in which leaving the present host costs something.

    ``comm_s[i, k] + S`` for every k other than the present host of user i; a user without one pays nothing.

    Args:
        problem: what is planned.
        host: (N,) present hosts, as in `Present`: new users pay nothing, those whose station is no more S everywhere.
        move_cost_s: S >= 0 [s].

    Returns:
        The same problem for S = 0; else one whose cost is the plan's own plus ``alpha/N S`` a move, so that its
        certified bound is one on the sum; a row that stands for w users moves w twins.
    """
    if move_cost_s == 0:
        return problem
    staying = np.flatnonzero(host >= 0)
    extra = np.zeros(problem.comm_s.shape)
    moving = host != NOBODY
    extra[moving] = move_cost_s * problem.part_of_mean[moving, None]
    extra[staying, host[staying]] = 0.0
    return replace(problem, comm_s=problem.comm_s + extra)


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
