"""How good learned weights are: on worlds kept for evaluation, against bounds, beside policies and solvers."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.own_code import policy_list
from twinhop.placement import Placement, PlacementProblem, evaluate, solve
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policies
from twinhop.placement.problem import IntArray
from twinhop.plans.comparison import BOUNDING_POLICY
from twinhop.plans.planning import load, make_case
from twinhop.result import Result
from twinhop.scenario import Scenario, load_scenario
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED
from twinhop.stats.bootstrap import mean_interval
from twinhop.stats.gaps import finite, finite_ends, gap_to_bound, summarize
from twinhop.stats.intervals import mean
from twinhop.stats.paired import PAIR_FIELDS, paired
from twinhop.text import counted, in_a_line
from twinhop.units import money_unit

if TYPE_CHECKING:
    from twinhop.inference.checkpoint import Checkpoint

#: What learned weights are compared with where nothing else is asked for.
BASELINES = ("nearest", "random", "random_association", "least_loaded", "greedy", "local_search", "lagrangian")
LEARNED = "learned"
INSTANCES = 20
MOST_INSTANCES = 10_000
MS_PER_S = 1e3
#: From an instance to hosts.
Decide = Callable[[int], IntArray]
Source = Scenario | PlacementProblem
Policies = tuple[PlacementPolicy, ...]


@dataclass(frozen=True)
class Score:
    """What one policy makes of the instances of one source.

    Attributes:
        policy: its name; `LEARNED` for the weights.
        cost: (instances,) costs.
        gap: (instances,) cost / certified bound - 1, >= 0; infinite where the placement is infeasible.
        decision_s: (instances,) [s].
        infeasible: instances whose placement misses a deadline or another constraint.
    """

    policy: str
    cost: tuple[float, ...]
    gap: tuple[float, ...]
    decision_s: tuple[float, ...]
    infeasible: int

    @property
    def counted_cost(self) -> tuple[float, ...]:
        """The costs, infinite where the placement is infeasible."""
        return tuple(math.inf if gap == math.inf else cost for cost, gap in zip(self.cost, self.gap, strict=True))


@dataclass(frozen=True)
class SourceScores:
    """All policies on the instances of one source.

    Attributes:
        source: its name.
        users: N.
        stations: M.
        root_seeds: of the instances.
        scores: of every policy, the learned one first.
        currency: of costs in money a month; empty where they are seconds.
    """

    source: str
    users: int
    stations: int
    root_seeds: tuple[int, ...]
    scores: tuple[Score, ...]
    currency: str = ""

    @property
    def cost_unit(self) -> str:
        """The unit of costs."""
        return money_unit(self.currency) or "s"

    def rows(self) -> list[dict[str, Any]]:
        """One row a policy: costs, gaps, times, what the learned weights gain on it, and how it does against them.

        What is infinite is None: gaps of policies with infeasible placements.
        """
        return [self._row(score) for score in self.scores]

    def _row(self, score: Score) -> dict[str, Any]:
        learned, gap = self.scores[0], summarize(score.gap)
        is_learned = score is learned
        gain = None if is_learned else 1 - mean(learned.cost) / mean(score.cost)
        pairs = None if is_learned else paired(score.counted_cost, learned.counted_cost, relative=True)
        return {
            "source": self.source,
            "policy": score.policy,
            "seeds": len(score.cost),
            **({"cost_unit": self.cost_unit} if self.currency else {}),
            "cost": mean(score.cost),
            "cost_interval": mean_interval(score.cost),
            "gap_mean": finite(gap.mean),
            "gap_mean_interval": None if gap.failures else finite_ends(mean_interval(score.gap)),
            "gap_iqm": finite(gap.iqm),
            "gap_iqm_interval": finite_ends(gap.interval),
            "gap_worst": finite(gap.worst),
            "gain": gain,
            **(dict.fromkeys(PAIR_FIELDS) if pairs is None else pairs.to_json()),
            "decision_ms": MS_PER_S * statistics.median(score.decision_s),
            "infeasible": score.infeasible,
        }


@dataclass(frozen=True)
class LearnedEvaluation(Result):
    """Learned weights on several sources.

    Attributes:
        checkpoint: what was evaluated.
        decode: how scores became hosts.
        polish: local moves after that.
        sources: the scores on each source.
    """

    checkpoint: Checkpoint
    decode: str
    polish: int
    sources: tuple[SourceScores, ...]

    def __repr__(self) -> str:
        return in_a_line(self, str(self.checkpoint.folder), self.decode, counted(len(self.sources), "source"))

    def rows(self) -> list[dict[str, Any]]:
        """The rows of all sources."""
        return [row for each in self.sources for row in each.rows()]

    def to_json(self) -> dict[str, Any]:
        """Plain values, as `twinhop evaluate --json` prints them."""
        return {
            "checkpoint": str(self.checkpoint.folder),
            "digest": self.checkpoint.digest,
            "algorithm": self.checkpoint.algorithm,
            "iteration": self.checkpoint.iteration,
            "decode": self.decode,
            "polish": self.polish,
            "sources": [
                {
                    "source": each.source,
                    "users": each.users,
                    "stations": each.stations,
                    "seed": each.root_seeds[0],
                    "seeds": len(each.root_seeds),
                }
                for each in self.sources
            ],
            "policies": self.rows(),
        }


def evaluate_checkpoint(
    checkpoint: str | Path,
    sources: Sequence[str] = (),
    *,
    seeds: int = INSTANCES,
    seed: int = EVALUATION_SEED,
    decode: str = "calibrated",
    polish: int = 0,
    policies: str | Sequence[PolicyLike] = BASELINES,
    on_progress: Callable[[int, int], None] | None = None,
) -> LearnedEvaluation:
    """Judge learned weights.

    Args:
        checkpoint: a checkpoint, the folder of a run, or `maddpg`, the weights of this package.
        sources: scenarios or presets, each drawn anew for every seed; none: what the weights were trained on.
        seeds: how many worlds of each source, of seeds that follow one another.
        seed: of the first; 1000 and up is kept for evaluation.
        decode: `calibrated` or `argmax`.
        polish: best local moves after that.
        policies: beside the weights, as in `compare`; `lagrangian` gives the bound in any case.
        on_progress: is called with instances done and in all.

    Returns:
        The scores. Weights of the literal algorithm are judged on slots of the environment that they were trained in.

    Raises:
        InputError: there is no such checkpoint, or it fits no instance of a source.
    """
    require_extra("learn", "learned weights")
    from twinhop.inference.checkpoint import open_checkpoint
    from twinhop.inference.policy import accepted_decode

    if not 1 <= seeds <= MOST_INSTANCES:
        raise InputError(f"seeds: got {seeds}; expected a whole number from 1 to {MOST_INSTANCES}")
    if polish < 0:
        raise InputError(f"polish: got {polish}; expected a whole number >= 0")
    beside = _beside(policies)
    opened = open_checkpoint(checkpoint)
    if opened.algorithm == "primal_dual":
        raise InputError(
            f"{checkpoint}: its weights give prices, and its plans prove their own gaps: expected `twinhop compare "
            "SOURCE --policies primal_dual:PATH` in place of `twinhop evaluate`"
        )
    named = [(name, load(name)) for name in sources] or [(opened.configuration["scenario"], _trained_on(opened))]
    root_seeds = tuple(range(seed, seed + seeds))
    progress = _ProgressReporter(len(named) * seeds, on_progress)
    if opened.algorithm != "structured":
        scores = tuple(_literal_scores(opened, name, each, root_seeds, beside, progress) for name, each in named)
        return LearnedEvaluation(opened, "argmax", 0, scores)
    accepted_decode(decode)
    scores = tuple(
        _structured_scores(str(checkpoint), name, each, root_seeds, decode, polish, beside, progress)
        for name, each in named
    )
    return LearnedEvaluation(opened, decode, polish, scores)


def _beside(policies: str | Sequence[PolicyLike]) -> tuple[PlacementPolicy, ...]:
    """The policies beside the weights, none of them twice."""
    others = placement_policies(policy_list(policies))
    names = [LEARNED, *(policy.name for policy in others)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"policies: {', '.join(twice)} given more than once; {LEARNED} are the weights")
    return others


def _trained_on(checkpoint: Checkpoint) -> Scenario:
    """The scenario that a checkpoint keeps, wherever its file is by now; older ones name it alone."""
    from twinhop.inference.checkpoint import SCENARIO

    fields = checkpoint.record.get(SCENARIO)
    return load_scenario(checkpoint.configuration["scenario"]) if fields is None else Scenario.model_validate(fields)


class _ProgressReporter:
    def __init__(self, total: int, report: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._report = 0, total, report

    def advance(self) -> None:
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._total)


def _structured_scores(
    path: str,
    name: str,
    source: Source,
    seeds: Sequence[int],
    decode: str,
    polish: int,
    beside: Policies,
    progress: _ProgressReporter,
) -> SourceScores:
    from twinhop.inference.policy import accepted_decode, decider_of, learned_hosts

    problems = [make_case(source, seed).problem for seed in seeds]
    decider, how = decider_of(path), accepted_decode(decode)
    return _scores(
        name, seeds, problems, lambda at: learned_hosts(decider, problems[at], how, polish), beside, progress
    )


def _literal_scores(
    checkpoint: Checkpoint,
    name: str,
    source: Source,
    seeds: Sequence[int],
    beside: Policies,
    progress: _ProgressReporter,
) -> SourceScores:
    """On the first slots of episodes in the environment that the weights were trained in."""
    from twinhop.env.core import Observation
    from twinhop.env.problems import problem_of
    from twinhop.learn.checkpoint import load_weights
    from twinhop.learn.config import TrainingConfig
    from twinhop.learn.episodes import act, episodes_of, nearest_of_all
    from twinhop.learn.learners import ActingPolicy
    from twinhop.learn.trainer import learner_of

    if not isinstance(source, Scenario):
        raise InputError(f"{name}: is a problem file; weights of a flat state are judged on scenarios")
    params, learner = learner_of(TrainingConfig.model_validate(checkpoint.configuration), source)
    rules = params.rules
    assert isinstance(learner.policy, ActingPolicy)
    policy = learner.policy
    if (rules.users, rules.stations) != (checkpoint.users, checkpoint.stations):
        raise InputError(
            f"{checkpoint.folder}: was trained for {checkpoint.users} users and {checkpoint.stations} stations, which "
            f"a flat state (Eq. 22) cannot change; {name} has {rules.users} and {rules.stations}"
        )
    weights = load_weights(checkpoint, learner.weights_like())
    obs = [
        Observation(*(np.asarray(array)[0, 0] for array in episodes_of(nearest_of_all, None, params, seed, 1, 1).obs))
        for seed in seeds
    ]
    currency = "" if source.money is None else source.money.currency
    problems = [replace(problem_of(params, each), currency=currency) for each in obs]

    def decide(at: int) -> IntArray:
        return np.asarray(act(policy.act, weights, params, obs[at]), np.int64)

    return _scores(name, seeds, problems, decide, beside, progress)


def _scores(
    name: str,
    seeds: Sequence[int],
    problems: list[PlacementProblem],
    decide: Decide,
    beside: Policies,
    progress: _ProgressReporter,
) -> SourceScores:
    names = [policy.name for policy in beside]
    bounding = () if BOUNDING_POLICY in names else (BOUNDING_POLICY,)
    entries: dict[str, list[tuple[float, float, bool]]] = {name: [] for name in (LEARNED, *names)}
    bounds = []
    decide(0)  # compiles
    for at, problem in enumerate(problems):
        started = time.perf_counter()
        host = decide(at)
        seconds = time.perf_counter() - started
        priced = evaluate(problem, Placement.of_hosts(host, problem.stations))
        entries[LEARNED].append((priced.cost, seconds, priced.feasible))
        solved = {each.policy: each for each in (solve(problem, how, seed=seeds[at]) for how in (*beside, *bounding))}
        for policy in names:
            each = solved[policy]
            entries[policy].append((each.cost, each.seconds, each.evaluation.feasible))
        bounds.append(solved[BOUNDING_POLICY].lower_bound)
        progress.advance()
    scores = tuple(
        Score(
            policy=name,
            cost=tuple(cost for cost, _, _ in each),
            gap=tuple(_gap(cost, feasible, bound) for (cost, _, feasible), bound in zip(each, bounds, strict=True)),
            decision_s=tuple(seconds for _, seconds, _ in each),
            infeasible=sum(not feasible for _, _, feasible in each),
        )
        for name, each in entries.items()
    )
    first = problems[0]
    return SourceScores(name, first.users, first.stations, tuple(seeds), scores, first.currency)


def _gap(cost: float, feasible: bool, bound: float | None) -> float:
    gap = gap_to_bound(cost if feasible else math.inf, bound)
    return math.inf if gap is None else gap
