"""What one policy makes of one episode of the environment, priced as all others, and the bound of the episode."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.failures import PolicyFailed
from twinhop.migration.offline.solve import offline_bound
from twinhop.migration.outcome import outcome_of
from twinhop.migration.policy import PolicyChoice
from twinhop.migration.run_problem import run_problem
from twinhop.migration.simulate import outcomes
from twinhop.placement import Evaluation, Placement, PlacementProblem, Solution, evaluate, solve
from twinhop.placement.evaluation import DEADLINE_TOLERANCE
from twinhop.placement.policy import PlacementPolicy
from twinhop.placement.problem import IntArray
from twinhop.plans.comparison import BOUNDING_POLICY
from twinhop.text import counted

if TYPE_CHECKING:
    from twinhop.env.agents import AgentPolicy
    from twinhop.env.episode_run import Episode


@dataclass(frozen=True)
class EpisodeScore:
    """A policy in one episode.

    Attributes:
        cost: mean over its slots, of all terms of the reward but lateness [s].
        late: share of the users whose update is late, mean over slots; 0 where deadlines are not enforced [1].
        moves: twins that moved, in a slot on average.
        repaired: users who got another station than the policy asked for, in all slots; of agents, because it was
            full: one that may host nothing is none of those among which the environment chooses.
        decision_s: median of a decision [s].
    """

    cost: float
    late: float
    moves: float
    repaired: int
    decision_s: float


class PlacementEpisode:
    """An episode in which twins are placed anew in every slot: each slot is a problem of its own."""

    def __init__(self, episode: Episode, with_deadlines: bool) -> None:
        """Make the problems of an episode that was lived through; those with deadlines where they are enforced."""
        self.episode = episode
        #: Slots in which somebody is served; the others cost nothing.
        self._slots = [slot for slot in range(episode.slots) if episode.life.served[slot].any()]
        #: What the bound holds for: late plans too.
        self._free = [episode.problem(slot) for slot in self._slots]
        self._problems = self._free
        if with_deadlines:
            self._problems = [episode.problem(slot, deadlines=True) for slot in self._slots]
        self._solved: list[Any] = []

    def bound(self) -> float:
        """The mean over slots of the certified bounds of `lagrangian` [s]."""
        return math.fsum(each.lower_bound or 0.0 for each in self._bounding()) / self.episode.slots

    def _bounding(self) -> list[Any]:
        if not self._solved:
            self._solved = [self._solution(problem, BOUNDING_POLICY, math.inf) for problem in self._free]
        return self._solved

    def policy(self, policy: PlacementPolicy, limit_s: float) -> EpisodeScore:
        """A placement policy, on the problem of each slot.

        Raises:
            PolicyFailed: it gives no placement, or puts more twins on a station than fit, which no bound holds for.
        """
        if policy.name == BOUNDING_POLICY and self._problems is self._free and math.isinf(limit_s):
            solved = self._bounding()
        else:
            solved = [self._decided(policy, limit_s, *each) for each in zip(self._slots, self._problems, strict=True)]
        for slot, each in zip(self._slots, solved, strict=True):
            _refuse_too_many(each, slot)
        return self._score([each.placement for each in solved], [each.seconds for each in solved], 0)

    def _decided(self, policy: PlacementPolicy, limit_s: float, slot: int, problem: PlacementProblem) -> Solution:
        try:
            return self._solution(problem, policy, limit_s)
        except PolicyFailed as error:
            raise PolicyFailed(policy.name, error.failure.message, slot=slot) from error.__cause__

    def _solution(self, problem: PlacementProblem, policy: str | PlacementPolicy, limit_s: float) -> Solution:
        solution = solve(problem, policy, seed=self.episode.seed, time_limit_s=limit_s)
        if solution.interrupted:
            raise KeyboardInterrupt
        return solution

    def agent(self, agent: AgentPolicy) -> EpisodeScore:
        """An agent, in the environment."""
        from twinhop.env.agent_run import run_agent

        run = run_agent(agent, self.episode.worlds.params, self.episode.seed)
        placed = [self._placed(slot, run.host[slot]) for slot in self._slots]
        return self._score(placed, run.decision_s.tolist(), run.repaired)

    def _placed(self, slot: int, host: IntArray) -> Placement:
        from twinhop.env.problems import served_users

        served = served_users(self.episode.obs(slot))
        return Placement.of_hosts(host[served], host_count(self.episode))

    def _score(self, placements: list[Placement], seconds: list[float], repaired: int) -> EpisodeScore:
        costs, late = [], []
        for problem, placement in zip(self._problems, placements, strict=True):
            used = Placement.of_hosts(placement.host, problem.stations)  # no policy pays for stations without twins
            priced = evaluate(problem, used)
            costs.append(priced.cost)
            late.append(_late_share(problem, priced))
        count = self.episode.slots
        return EpisodeScore(math.fsum(costs) / count, math.fsum(late) / count, 0.0, repaired, float(np.median(seconds)))


def _refuse_too_many(solution: Solution, slot: int) -> None:
    for each in solution.evaluation.violations:
        if each.kind == "capacity" and each.station is not None:
            problem, k = solution.problem, each.station
            twins, seats = int(solution.placement.loads()[k]), int(problem.capacity[k])
            raise PolicyFailed(
                solution.policy,
                f"puts {counted(twins, 'twin')} on {problem.station_name(k)}; expected at most {seats}, its seats",
                slot=slot,
            )


def _late_share(problem: PlacementProblem, priced: Evaluation) -> float:
    """The share of users whose update is late, of those too whom no station serves in time."""
    if problem.deadline_s is None or priced.update_latency_s is None:
        return 0.0
    return float(np.mean(priced.update_latency_s > problem.deadline_s * (1 + DEADLINE_TOLERANCE)))


def host_count(episode: Episode) -> int:
    """M, the hosts of an episode."""
    return episode.worlds.params.rules.stations


class MigrationEpisode:
    """An episode in which twins stay or move."""

    def __init__(self, episode: Episode, with_deadlines: bool) -> None:
        """Take an episode that was lived through; its run knows of deadlines."""
        self.episode = episode
        self._run = episode.run()

    def bound(self) -> float:
        """The certified bound on every run with full knowledge of the future, late ones too [s]."""
        problem = run_problem(self._run)
        if problem.floor is not None:
            problem = replace(problem, floor=None)
        return offline_bound(problem)

    def policy(self, policy: PolicyChoice, limit_s: float) -> EpisodeScore:
        """A migration policy; one of the user's own is told the limit."""
        results = list(outcomes(self._run, policy.limited(limit_s)))
        return _migration_score(results, sum(each.fallbacks for each in results), [e.decision_s for e in results])

    def agent(self, agent: AgentPolicy) -> EpisodeScore:
        """An agent, in the environment."""
        from twinhop.env.agent_run import run_agent

        run = run_agent(agent, self.episode.worlds.params, self.episode.seed)
        before = np.full(run.host.shape[1], -1, np.int64)
        results = []
        for situation, host in zip(self._run, run.host, strict=True):
            situation.with_hosts(before)
            results.append(outcome_of(situation, host[situation.users]))
            before[situation.users] = host[situation.users]
        return _migration_score(results, run.repaired, run.decision_s.tolist())


def _migration_score(results: list[Any], repaired: int, seconds: list[float]) -> EpisodeScore:
    count = len(results)
    return EpisodeScore(
        cost=math.fsum(each.cost.total for each in results) / count,
        late=math.fsum(float(each.violation.mean()) if each.violation.size else 0.0 for each in results) / count,
        moves=sum(int(each.moved.sum()) for each in results) / count,
        repaired=repaired,
        decision_s=float(np.median(seconds)),
    )


#: How an episode of each task is judged.
EPISODES = {"placement": PlacementEpisode, "migration": MigrationEpisode}
