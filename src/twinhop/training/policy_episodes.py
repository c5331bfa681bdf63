"""What one policy makes of one episode of the environment, priced as all others, and the bound of the episode."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.migration.offline.solve import offline_bound
from twinhop.migration.outcome import outcome_of
from twinhop.migration.policy import PolicyChoice
from twinhop.migration.run_problem import run_problem
from twinhop.migration.simulate import outcomes
from twinhop.placement import Placement, evaluate, solve
from twinhop.placement.policy import PlacementPolicy
from twinhop.placement.problem import IntArray
from twinhop.plans.comparison import BOUNDING_POLICY

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
        repaired: users who got another station than the policy asked for, in all slots.
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
        self._episode = episode
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
        return math.fsum(each.lower_bound or 0.0 for each in self._bounding()) / self._episode.slots

    def _bounding(self) -> list[Any]:
        if not self._solved:
            self._solved = [solve(problem, BOUNDING_POLICY, seed=self._episode.seed) for problem in self._free]
        return self._solved

    def policy(self, policy: PlacementPolicy) -> EpisodeScore:
        """A placement policy, on the problem of each slot."""
        if policy.name == BOUNDING_POLICY and self._problems is self._free:
            solved = self._bounding()
        else:
            solved = [solve(problem, policy, seed=self._episode.seed) for problem in self._problems]
        return self._score([each.placement for each in solved], [each.seconds for each in solved], 0)

    def agent(self, agent: AgentPolicy) -> EpisodeScore:
        """An agent, in the environment."""
        from twinhop.env.agent_run import run_agent

        run = run_agent(agent, self._episode.worlds.params, self._episode.seed)
        placed = [self._placed(slot, run.host[slot]) for slot in self._slots]
        return self._score(placed, run.decision_s.tolist(), run.repaired)

    def _placed(self, slot: int, host: IntArray) -> Placement:
        from twinhop.env.problems import served_users

        served = served_users(self._episode.obs(slot))
        return Placement.of_hosts(host[served], host_count(self._episode))

    def _score(self, placements: list[Placement], seconds: list[float], repaired: int) -> EpisodeScore:
        costs, late = [], []
        for problem, placement in zip(self._problems, placements, strict=True):
            used = Placement.of_hosts(placement.host, problem.stations)  # no policy pays for stations without twins
            priced = evaluate(problem, used)
            missed = sum(each.kind == "deadline" for each in priced.violations)
            costs.append(priced.cost)
            late.append(missed / problem.users)
        count = self._episode.slots
        return EpisodeScore(math.fsum(costs) / count, math.fsum(late) / count, 0.0, repaired, float(np.median(seconds)))


def host_count(episode: Episode) -> int:
    """M, the hosts of an episode."""
    return episode.worlds.params.rules.stations


class MigrationEpisode:
    """An episode in which twins stay or move."""

    def __init__(self, episode: Episode, with_deadlines: bool) -> None:
        """Take an episode that was lived through; its run knows of deadlines."""
        self._episode = episode
        self._run = episode.run()

    def bound(self) -> float:
        """The certified bound on every run with full knowledge of the future, late ones too [s]."""
        problem = run_problem(self._run)
        if problem.floor is not None:
            problem = replace(problem, floor=None)
        return offline_bound(problem)

    def policy(self, policy: PolicyChoice) -> EpisodeScore:
        """A migration policy."""
        results = list(outcomes(self._run, policy))
        return _migration_score(results, sum(each.fallbacks for each in results), [e.decision_s for e in results])

    def agent(self, agent: AgentPolicy) -> EpisodeScore:
        """An agent, in the environment."""
        from twinhop.env.agent_run import run_agent

        run = run_agent(agent, self._episode.worlds.params, self._episode.seed)
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
