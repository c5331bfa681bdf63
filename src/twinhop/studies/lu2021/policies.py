"""Further policies as bars of Fig. 9: any of placement, and code of the user's own, on the slots of evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from twinhop.errors import InputError
from twinhop.failures import PolicyFailed, PolicyFailure, attempt, failed_by
from twinhop.own_code import policy_list, unique
from twinhop.own_watch import call_policy, can_be_ended
from twinhop.placement import Placement, PlacementProblem, policy_names, solve
from twinhop.placement.policy import PlacementPolicy, PolicyLike, placement_policies
from twinhop.processes import Progress, deciding, in_processes
from twinhop.studies.lu2021.setting import Setting, scenario_of
from twinhop.studies.lu2021.slots import problems_of, slot_of, terms_of, timed_terms
from twinhop.studies.lu2021.solving import BASELINES, SOLVER, TIME_SOLVER
from twinhop.studies.lu2021.terms import SLOTS
from twinhop.studies.lu2021.unit import ALGORITHMS, POLICIES, SOLVERS, Unit, cached, keep

#: Bars that are there without being asked for.
BARS = (*BASELINES, SOLVER, TIME_SOLVER, *ALGORITHMS)


@dataclass(frozen=True)
class Bar:
    """A policy on the slots of a setting under a seed.

    Attributes:
        policy: which.
        unit: where it is kept.
        time_limit_s: of each decision [s].
    """

    policy: PlacementPolicy
    unit: Unit
    time_limit_s: float


def chosen_bars(policies: str | Sequence[PolicyLike] | None) -> tuple[PlacementPolicy, ...]:
    """The policies that are asked for.

    Raises:
        InputError: there is none of a name, one is a bar already, or one is given twice.
    """
    if policies is None:
        return ()
    chosen: list[PlacementPolicy] = []
    for each in placement_policies(policy_list(policies)):
        taken = [*BARS, *(other.name for other in chosen)]
        if each.own is not None:
            chosen.append(replace(each, name=unique(each.name, [*taken, *policy_names()])))
        elif each.name in taken:
            why = "a bar already" if each.name in BARS else "given more than once"
            raise InputError(f"--policies: {each.name} is {why}")
        else:
            chosen.append(each)
    return tuple(chosen)


def bars_of(policies: Sequence[PlacementPolicy], units: Sequence[Unit], time_limit_s: float | None) -> list[Bar]:
    """All policies in all worlds in which solvers are judged."""
    limit_s = math.inf if time_limit_s is None else time_limit_s
    return [
        Bar(policy, replace(unit, kind=f"{POLICIES}/{quote(policy.name, safe='=._-')}"), limit_s)
        for unit in units
        if unit.kind == SOLVERS
        for policy in policies
    ]


def do_bars(bars: Sequence[Bar], root: Path, processes: int, on_progress: Progress | None) -> tuple[PolicyFailure, ...]:
    """Judge policies, and keep what came of them; code of the user's own is run anew, whatever is kept.

    Args:
        bars: what to judge.
        root: the folder.
        processes: how many at a time.
        on_progress: told how many slots are done.

    Returns:
        Where policies of the user's own failed; nothing is kept of those.
    """
    sizes = [bar.unit.episodes * SLOTS for bar in bars]
    jobs = [(root, bar) for bar in bars]
    if processes > 1 and len(bars) > 1:
        results = in_processes(_do_bar, jobs, sizes, processes, on_progress)
    else:
        results = []
        for at, job in enumerate(jobs):
            results.append(_do_bar(job))
            if on_progress is not None:
                on_progress(sum(sizes[: at + 1]), sum(sizes))
    return tuple(result for result in results if result is not None)


def _do_bar(job: tuple[Path, Bar]) -> PolicyFailure | None:
    """Judge one policy in one world."""
    from twinhop.studies.lu2021.runner import prepare_jax

    root, bar = job
    prepare_jax(root)
    unit, policy = bar.unit, bar.policy
    if policy.own is None and cached(unit, root) is not None:
        return None
    unit.path(root).unlink(missing_ok=True)
    judged = attempt(lambda: _judged(bar), world_of(unit.setting), unit.world_seed, policy.name)
    if isinstance(judged, PolicyFailure):
        return judged
    keep(unit, root, {"policies": {policy.name: judged}})
    return None


def world_of(setting: Setting) -> str:
    """What the world of a setting is called in messages."""
    return f"lu2021-{setting.name}"


def require_fitting(bars: Sequence[Bar]) -> None:
    """Refuse agents that were trained for other sizes, before anything runs.

    Raises:
        InputError: one was; the message names the sizes.
    """
    for setting in dict.fromkeys(bar.unit.setting for bar in bars):
        units = [bar for bar in bars if bar.unit.setting == setting]
        agents = {bar.policy.name: bar for bar in units if agent_of(bar.policy) is not None}
        for bar in agents.values():
            agent_of(bar.policy).require_sizes(_slots(bar.unit).params, world_of(setting))


def agent_of(policy: PlacementPolicy) -> Any:
    """The agent that a policy is, which sees observations instead of problems; None of others."""
    value = None if policy.own is None else policy.own.value
    return value if hasattr(value, "act") and hasattr(value, "require_sizes") else None


class _Slots(NamedTuple):
    """The slots of evaluation of a world: the environment, what is seen of it, and the problems."""

    params: Any
    obs: Any
    problems: list[list[PlacementProblem]]


#: The slots that this process looked at last.
_last: list[tuple[tuple[Setting, int, int], _Slots]] = []


def _slots(unit: Unit) -> _Slots:
    from twinhop.env.core import params_of
    from twinhop.learn.episodes import episodes_of, nearest_of_all

    key = (unit.setting, unit.world_seed, unit.episodes)
    if not _last or _last[0][0] != key:
        params = params_of(scenario_of(unit.setting, unit.world_seed))
        obs = episodes_of(nearest_of_all, None, params, unit.world_seed, unit.episodes, SLOTS).obs
        _last[:] = [(key, _Slots(params, obs, problems_of(params, obs)))]
    return _last[0][1]


def _judged(bar: Bar) -> dict[str, Any]:
    """The terms of a policy by slot, and how long it decides."""
    policy = bar.policy
    if agent_of(policy) is None:
        return _judged_on(bar, lambda problem, episode, slot: _solved(bar, problem, SLOTS * episode + slot))
    if can_be_ended(policy.own, bar.time_limit_s):
        return call_policy(policy.name, _judged_agent, bar, limit_s=bar.time_limit_s)
    return _judged_agent(bar)


def _judged_on(bar: Bar, decide: Callable[[PlacementProblem, int, int], tuple[Placement, float]]) -> dict[str, Any]:
    """What decisions cost, by problem, episode and slot; each is told with how long it took [s]."""
    decided = [
        [(problem, *decide(problem, episode, slot)) for slot, problem in enumerate(problems)]
        for episode, problems in enumerate(_slots(bar.unit).problems)
    ]
    terms = [[terms_of(problem, placement) for problem, placement, _ in slots] for slots in decided]
    return timed_terms(terms, [seconds for slots in decided for _, _, seconds in slots])


def _judged_agent(bar: Bar) -> dict[str, Any]:
    """An agent, which sees the slots as the environment shows them; it begins anew with each episode."""
    from twinhop.env.agent_view import SlotView, hosts_by

    agent, slots, users = agent_of(bar.policy), _slots(bar.unit), np.arange(bar.unit.setting.users)

    def decide(problem: PlacementProblem, episode: int, slot: int) -> tuple[Placement, float]:
        if slot == 0:
            agent.begin()
        view = SlotView(
            where=world_of(bar.unit.setting), params=slots.params, obs=slot_of(slots.obs, episode, slot), served=users
        )
        shown, started = view.shown(agent.view), time.perf_counter()
        try:
            with deciding(SLOTS * episode + slot):
                action, kind = agent.act(shown, problem.capacity > 0, len(users))
        except InputError as error:
            failure = failed_by(agent.name, error).failure
            raise PolicyFailed(agent.name, failure.message, slot=SLOTS * episode + slot) from error
        seconds = time.perf_counter() - started
        return Placement.of_hosts(hosts_by(view, action, kind), problem.stations), seconds

    return _judged_on(bar, decide)


def _solved(bar: Bar, problem: PlacementProblem, slot: int) -> tuple[Placement, float]:
    try:
        solution = solve(problem, bar.policy, seed=bar.unit.world_seed + slot, time_limit_s=bar.time_limit_s)
    except PolicyFailed as error:
        failure = error.failure
        raise PolicyFailed(failure.policy, failure.message, slot=slot) from error.__cause__
    return solution.placement, solution.seconds
