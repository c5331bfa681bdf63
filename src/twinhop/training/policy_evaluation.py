"""Agents, policies and the certified bound on the same episodes of an environment."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.failures import PolicyFailed, PolicyFailure, failed_by, refuse_if_all_failed
from twinhop.migration.policy import PolicyChoice, policy_choices
from twinhop.migration.policy import policy_names as migration_policy_names
from twinhop.own_code import policy_list
from twinhop.own_watch import call_policy, can_be_ended
from twinhop.placement import InfeasibleProblem
from twinhop.placement.policy import PlacementPolicy, placement_policies
from twinhop.placement.policy import policy_names as placement_policy_names
from twinhop.placement.solve import check_limits
from twinhop.result import Result
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED
from twinhop.stats import gap_to_bound, mean_interval, summarize
from twinhop.stats.gaps import finite, finite_ends
from twinhop.stats.intervals import mean
from twinhop.text import counted, in_a_line
from twinhop.training.policy_episodes import EPISODES, EpisodeScore, MigrationEpisode, PlacementEpisode
from twinhop.units import money_unit

if TYPE_CHECKING:
    from twinhop.env.core.types import Params
    from twinhop.env.episode_run import Episode, EpisodeWorlds

Task = Literal["placement", "migration"]
#: The ids of the environment and their tasks, as `twinhop.env.IDS`, which cannot be imported without its extra.
ENVIRONMENTS: dict[str, Task] = {"twinhop/Placement-v0": "placement", "twinhop/Migration-v0": "migration"}
EPISODE_COUNT, MOST_EPISODES = 20, 10_000
#: What agents are put beside where nothing else is asked for.
DEFAULT_POLICIES: dict[Task, tuple[str, ...]] = {
    "placement": ("nearest", "random", "greedy", "local_search", "lagrangian"),
    "migration": ("stay", "follow_nearest", "utility", "expected", "lookahead"),
}
#: What gives the bound.
BOUND_BY: dict[Task, str] = {
    "placement": "lagrangian, slot by slot",
    "migration": "all of the episode known in advance",
}
MS_PER_S = 1e3
#: A cost below the bound by more than rounding would be a fault of twinhop's.
ROUNDING = 1e-9
_NAMES: dict[Task, Callable[[], list[str]]] = {
    "placement": placement_policy_names,
    "migration": migration_policy_names,
}
Chosen = PlacementPolicy | PolicyChoice
Scored = EpisodeScore | PolicyFailure


@dataclass(frozen=True)
class PolicyScores:
    """A policy on all episodes.

    Attributes:
        policy: its name.
        is_agent: whether it decided in the environment, on observations.
        episodes: one a seed; None where it failed.
    """

    policy: str
    is_agent: bool
    episodes: tuple[EpisodeScore | None, ...]


@dataclass(frozen=True)
class PolicyEvaluation(Result):
    """Agents, policies and the bound on the same episodes.

    Attributes:
        source: name of the scenario.
        task: `placement` or `migration`.
        users: N.
        stations: M, a cloud that hosts included.
        slots: of an episode.
        seeds: of the episodes.
        bounds: of each episode: no policy's mean cost of a slot is lower, in the unit of the cost.
        policies: the scores, in the order in which policies were named.
        failures: of policies of the user's own, and why.
        currency: of costs in money a month; empty where they are seconds.
    """

    source: str
    task: Task
    users: int
    stations: int
    slots: int
    seeds: tuple[int, ...]
    bounds: tuple[float, ...]
    policies: tuple[PolicyScores, ...]
    failures: tuple[PolicyFailure, ...] = ()
    currency: str = ""

    def __repr__(self) -> str:
        sizes = (counted(self.users, "user"), counted(self.stations, "station"), counted(len(self.seeds), "episode"))
        return in_a_line(self, self.source, self.task, *sizes, f"{len(self.policies)} policies")

    @property
    def title(self) -> str:
        """What was evaluated, in a line."""
        sizes = f"{counted(self.users, 'user')}, {counted(self.stations, 'station')}"
        episodes = f"{counted(len(self.seeds), 'episode')} of {counted(self.slots, 'slot')}"
        return f"{self.source}, {self.task}: {sizes}, {episodes}"

    @property
    def cost_unit(self) -> str:
        """The unit of costs and bounds."""
        return money_unit(self.currency) or "s"

    @property
    def bound_by(self) -> str:
        """What gives the bound, in words."""
        return BOUND_BY[self.task]

    def gaps(self, policy: PolicyScores) -> list[float]:
        """The gap of each episode to its bound; infinite where the policy failed or the bound is 0."""
        return [
            math.inf if score is None else _or_inf(gap_to_bound(score.cost, bound))
            for score, bound in zip(policy.episodes, self.bounds, strict=True)
        ]

    def rows(self) -> list[dict[str, Any]]:
        """One row a policy, and last one of the bound.

        Costs are means over the episodes of the mean cost of a slot, of those that did not fail. Gaps are those of
        episodes; a failed one counts as infinite.
        """
        rows = [self._row(each) for each in self.policies]
        bound = {name: None for name in rows[0]} if rows else {}
        return [
            *rows,
            bound
            | {
                "policy": "certified bound",
                "episodes": len(self.bounds),
                "cost": mean(self.bounds),
                "cost_interval": mean_interval(self.bounds),
            },
        ]

    def _row(self, policy: PolicyScores) -> dict[str, Any]:
        scores = [each for each in policy.episodes if each is not None]
        costs, gap = [each.cost for each in scores], summarize(self.gaps(policy))
        return {
            "policy": policy.policy,
            "agent": policy.is_agent,
            "episodes": len(policy.episodes),
            "cost": finite(mean(costs)) if costs else None,
            "cost_interval": finite_ends(mean_interval(costs)),
            "gap_mean": finite(gap.mean),
            "gap_iqm": finite(gap.iqm),
            "gap_iqm_interval": finite_ends(gap.interval),
            "gap_worst": finite(gap.worst),
            "decision_ms": MS_PER_S * mean([each.decision_s for each in scores]) if scores else None,
            "late_share": mean([each.late for each in scores]) if scores else None,
            "moves": mean([each.moves for each in scores]) if scores else None,
            "repaired": sum(each.repaired for each in scores),
            "failed": gap.runs - len(scores),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values, as `twinhop evaluate --json` prints them."""
        return {
            "source": self.source,
            "task": self.task,
            "users": self.users,
            "stations": self.stations,
            "slots": self.slots,
            "root_seeds": list(self.seeds),
            **({"currency": self.currency, "cost_unit": self.cost_unit} if self.currency else {}),
            "bound_by": self.bound_by,
            "lower_bounds": list(self.bounds),
            "policies": self.rows(),
            "costs": {
                each.policy: [None if e is None else finite(e.cost) for e in each.episodes] for each in self.policies
            },
            "failures": [each.to_json() for each in self.failures],
        }


def evaluate_policies(
    source: Any = None,
    policies: Any = None,
    *,
    episodes: int = EPISODE_COUNT,
    seed: int = EVALUATION_SEED,
    task: Task | None = None,
    time_limit_s: float = math.inf,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> PolicyEvaluation:
    """Put agents, policies and the certified bound on the same episodes of an environment.

    An episode of seed s is that of ``env.reset(seed=s)``. Its world is lived through once; no decision changes it.
    Agents decide in the environment on what it shows them; placement policies on each slot's problem, see
    `twinhop.env.problem_of`; migration policies on the slots of the episode, as in `simulate`. All are priced in 64
    bits by the cost that the environment reports: communication, computing, moves, opening and energy; lateness, which
    the reward prices besides, is a column. In placement an episode's bound is the mean over slots of the bounds of
    `lagrangian`, in migration one on all plans of the whole episode with full knowledge of it. Both hold for late plans
    too.

    Args:
        source: ``twinhop/Placement-v0`` or ``twinhop/Migration-v0``, of which `scenario` is an option; an environment
            of Gymnasium made by one of these ids; or a scenario, its file, what the file would say, or the name of a
            preset.
        policies: a name, a text of names parted by commas, or a list: built-in policies of the task, `maddpg` among
            them; policies of your own; and agents: `as_policy(model)`, a model with ``predict``, a function of `obs`,
            ``file.py:agent``, ``module:agent``, ``SB3:PATH``. None: five that come with twinhop.
        episodes: how many.
        seed: of the first; further ones follow. 1000 and up is kept for evaluation.
        task: `placement` or `migration`; None: that of the id, else placement.
        time_limit_s: wall-clock limit of each solve of a placement policy, and of each decision of code of your own
            [s]: agents and policies of your own then run in a process that is ended where they go on, if they can be
            sent to one. The bound has none.
        on_progress: is called with what is done and what there is to do.
        **options: of the environment: `users`, `stations`, `horizon`, `redraws`, `fading`, `start`.

    Returns:
        The scores. A policy of your own that fails in an episode is among `failures`; the others' results are kept.

    Raises:
        InputError: the environment cannot be made, a policy is unknown or of the other task, or an agent is of other
            sizes: before anything runs.
        PolicyFailed: no policy gave an answer.
    """
    require_extra("env", "evaluate_policies")
    if isinstance(episodes, bool) or not isinstance(episodes, int) or not 1 <= episodes <= MOST_EPISODES:
        raise InputError(f"episodes: got {episodes!r}; expected a whole number from 1 to {MOST_EPISODES}")
    worlds, task = _worlds_of(source, task, options)
    check_limits(time_limit_s, None)
    name = worlds.scenario.name
    chosen = _chosen(DEFAULT_POLICIES[task] if policies is None else policies, task, name)
    _require_sizes(chosen, worlds.params, name)
    seeds = tuple(range(seed, seed + episodes))
    report = _Reporter(len(seeds) * (len(chosen) + 1), on_progress)
    scores: dict[str, list[EpisodeScore | None]] = {_name_of(policy): [] for policy in chosen}
    bounds, failures = [], []
    for each in seeds:
        try:
            judge = EPISODES[task](worlds.episode(each), worlds.params.rules.cost.has_deadlines)
            bound = judge.bound()
            report.advance()
            for policy in chosen:
                score = _score(judge, policy, time_limit_s, name)
                if isinstance(score, PolicyFailure):
                    failures.append(score)
                scores[_name_of(policy)].append(None if isinstance(score, PolicyFailure) else score)
                report.advance()
        except InfeasibleProblem as error:
            raise InputError(
                f"{name} (seed {each}): {error.proof.message}; there is no bound of such an episode: add seats, or "
                "shorten the outages"
            ) from error
        bounds.append(_below(bound, [own[-1] for own in scores.values()]))
    refuse_if_all_failed(failures, sum(score is not None for own in scores.values() for score in own))
    rules = worlds.params.rules
    return PolicyEvaluation(
        source=name,
        task=task,
        users=rules.users,
        stations=rules.stations,
        slots=int(worlds.params.horizon),
        seeds=seeds,
        bounds=tuple(bounds),
        policies=tuple(
            PolicyScores(_name_of(policy), _agent_of(policy) is not None, tuple(scores[_name_of(policy)]))
            for policy in chosen
        ),
        failures=tuple(failures),
        currency="" if worlds.scenario.money is None else worlds.scenario.money.currency,
    )


def _worlds_of(source: Any, task: Task | None, options: Mapping[str, Any]) -> tuple[EpisodeWorlds, Task]:
    """The episodes that are meant, and their task."""
    from twinhop.env.episode_run import EpisodeWorlds
    from twinhop.env.options import DEFAULT_SCENARIO, check_options, city_of
    from twinhop.scenario.schema.movement_section import EPISODE_SLOTS

    given, named = dict(options), source if isinstance(source, str) else None
    own: Task | None = None
    if named in ENVIRONMENTS:
        own, source = ENVIRONMENTS[named], given.pop("scenario", DEFAULT_SCENARIO)
    elif (env := getattr(source, "unwrapped", None)) is not None:
        own, source, made_by = env.made_of
        given = {**made_by, **given}
    elif "scenario" in given:
        raise InputError(f"scenario: is an option of an id of the environment, {', '.join(ENVIRONMENTS)}; leave it out")
    elif source is None:
        source = DEFAULT_SCENARIO
    if task is not None and task not in EPISODES:
        raise InputError(f"task: got {task!r}; accepted: {', '.join(EPISODES)}")
    if own is not None and task not in (None, own):
        raise InputError(f"task: got {task!r}, and the environment is one of {own}; leave task out")
    decided: Task = own or task or "placement"
    check_options(given)
    city = {name: given.pop(name) for name in ("users", "stations", "fading") if name in given}
    scenario = city_of(source, **city)
    return EpisodeWorlds.of(scenario, decided, given.pop("horizon", EPISODE_SLOTS), **given), decided


def _chosen(policies: Any, task: Task, where: str) -> tuple[Chosen, ...]:
    """The policies that are meant, all of the task."""
    listed = policy_list(policies)
    if not listed:
        raise InputError(f"policies: none given; accepted: {', '.join(_NAMES[task]())}")
    other: Task = "migration" if task == "placement" else "placement"
    for each in listed:
        base = each.partition(":")[0] if isinstance(each, str) else None
        if base in _NAMES[other]() and base not in _NAMES[task]():
            raise InputError(
                f"policies: {base} is a policy of {other}, and {where} is evaluated in {task}; accepted: "
                f"{', '.join(_NAMES[task]())}, file.py:function, module:function, SB3:PATH"
            )
    find = placement_policies if task == "placement" else policy_choices
    chosen: tuple[Chosen, ...] = tuple(find(listed))
    names = [_name_of(policy) for policy in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"policies: {', '.join(twice)} given more than once")
    return chosen


def _name_of(policy: Chosen) -> str:
    return policy.name if isinstance(policy, PlacementPolicy) else policy.text


def _agent_of(policy: Chosen) -> Any:
    """The agent that a policy is; None where it is none."""
    from twinhop.env.agents import AgentPolicy

    value = None if policy.own is None else policy.own.value
    return value if isinstance(value, AgentPolicy) else None


def _require_sizes(policies: Sequence[Chosen], params: Params, where: str) -> None:
    for policy in policies:
        agent = _agent_of(policy)
        if agent is not None:
            agent.require_sizes(params, where)


def _score(judge: PlacementEpisode | MigrationEpisode, policy: Chosen, limit_s: float, source: str) -> Scored:
    """What comes of a policy in an episode; policies of one's own may fail."""
    try:
        if can_be_ended(policy.own, limit_s) and (_agent_of(policy) is not None or isinstance(policy, PolicyChoice)):
            worlds, seed = judge.episode.worlds, judge.episode.seed
            return call_policy(_name_of(policy), _judged_elsewhere, worlds, seed, policy, limit_s, limit_s=limit_s)
        return _judged(judge, policy, limit_s)
    except InputError as error:
        if policy.own is None and not isinstance(error, PolicyFailed):
            raise
        failure = failed_by(_name_of(policy) if policy.own is None else policy.own.name, error)
        return failure.with_world(source, judge.episode.seed, _name_of(policy)).failure


def _judged(judge: Any, policy: Chosen, limit_s: float) -> EpisodeScore:
    agent = _agent_of(policy)
    return judge.policy(policy, limit_s) if agent is None else judge.agent(agent)


def _judged_elsewhere(worlds: EpisodeWorlds, seed: int, policy: Chosen, limit_s: float) -> EpisodeScore:
    """In a worker: live through the episode, and judge a policy in it."""
    if not _last or _last[0].worlds is not worlds or _last[0].seed != seed:
        _last[:] = [worlds.episode(seed)]
    task = worlds.task
    return _judged(EPISODES[task](_last[0], worlds.params.rules.cost.has_deadlines), policy, limit_s)


#: The episode that this process judged last.
_last: list[Episode] = []


def _below(bound: float, scores: Sequence[EpisodeScore | None]) -> float:
    """The bound, not above a cost by rounding.

    Raises:
        AssertionError: it is above a cost by more: it would be no bound.
    """
    least = min((score.cost for score in scores if score is not None), default=math.inf)
    if bound > least * (1 + ROUNDING):
        raise AssertionError(f"a bound of {bound!r} above a cost of {least!r}")
    return min(bound, least)


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value


class _Reporter:
    def __init__(self, total: int, report: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._report = 0, total, report

    def advance(self) -> None:
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._total)
