"""Which tasks and policies of the benchmark are meant, and which policy fits which task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twinhop.errors import InputError
from twinhop.migration.policy import POLICIES as MIGRATION_POLICIES
from twinhop.migration.policy import PolicyChoice, PolicyKind, policy_choice
from twinhop.migration.policy import policy_names as migration_policy_names
from twinhop.own_code import (
    KIND_ARGUMENTS,
    OwnCode,
    as_own,
    first_argument,
    has_module,
    load_own,
    names_code,
    policy_list,
    unique,
    unknown,
)
from twinhop.placement.policy import PlacementPolicy, placement_policy
from twinhop.placement.policy import policy_names as placement_policy_names
from twinhop.plans.comparison import DEFAULT_POLICIES as PLACEMENT_POLICIES
from twinhop.scenario.presets.benchmark_set import BenchmarkTask, benchmark_tasks
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.text import suggestion

KINDS: tuple[TaskKind, ...] = ("placement", "migration")
POLICY_NAMES = (placement_policy_names, migration_policy_names)
POLICY_FINDERS = (placement_policy, policy_choice)
#: A policy that was chosen, of either kind.
Chosen = PlacementPolicy | PolicyChoice
PolicyLike = str | PolicyKind | Chosen | Callable[..., Any] | Any
ALL = "all"
QUICK_TASKS = (
    "bench-place-n20-m4",
    "bench-place-lu2021-n100-m10",
    "bench-place-n100-m10-tight",
    "bench-move-n20-m4-waypoint",
)
"""Tasks that are done in seconds."""
DEFAULT_POLICIES: dict[TaskKind, tuple[str, ...]] = {
    "placement": PLACEMENT_POLICIES,
    "migration": tuple(MIGRATION_POLICIES),
}
"""The built-in policies with their defaults; of placement all but `exact`, which needs hours on the larger tasks."""


def chosen_tasks(words: Sequence[str], *, quick: bool = False) -> tuple[tuple[BenchmarkTask, ...], frozenset[str]]:
    """The tasks that are meant.

    Args:
        words: kinds of tasks, `all`, or names.
        quick: only those of `QUICK_TASKS`.

    Returns:
        The tasks in the order of the set, and the names that were given as such.

    Raises:
        InputError: there is no such task, or none is left.
    """
    tasks = benchmark_tasks()
    names = tuple(task.name for task in tasks)
    accepted = (*KINDS, ALL, *names)
    for word in words:
        if word not in accepted:
            raise InputError(
                f"--tasks: no task named {word[:60]!r}; {suggestion(word, accepted)}accepted: {', '.join(accepted)}"
            )
    chosen = [task for task in tasks if ALL in words or task.kind in words or task.name in words]
    if quick:
        chosen = [task for task in chosen if task.name in QUICK_TASKS]
    if not chosen:
        left = f"; --quick runs {', '.join(QUICK_TASKS)}" if quick else f"; accepted: {', '.join(accepted)}"
        raise InputError(f"--tasks: none is left{left}")
    return tuple(chosen), frozenset(words) & frozenset(names)


def kinds_of_policy(text: str) -> tuple[TaskKind, ...]:
    """The kinds of tasks that a policy fits.

    Args:
        text: its name, with settings where it has some, as in ``name:setting=value``.

    Raises:
        InputError: there is no such policy or setting.

    >>> kinds_of_policy("greedy"), kinds_of_policy("utility:margin=0.2")
    (('placement',), ('migration',))
    """
    return tuple(_named(text))


def _named(text: str) -> dict[TaskKind, Chosen]:
    """The policies of a name, by the kinds of tasks that they fit."""
    name, refused = text.partition(":")[0], None
    chosen: dict[TaskKind, Chosen] = {}
    for kind, names, find in zip(KINDS, POLICY_NAMES, POLICY_FINDERS, strict=True):
        if name in names():
            try:
                chosen[kind] = find(text)
            except InputError as error:
                refused = error
    if chosen:
        return chosen
    if refused is not None:
        raise refused
    raise unknown(text, [*placement_policy_names(), *migration_policy_names()], "--policies")


def _of_code(own: OwnCode, present: Sequence[TaskKind]) -> dict[TaskKind, Chosen]:
    """The user's own code as a policy of the kind that its first argument, or else the tasks, say it is of.

    Agents are of both: they see the environment's observation of either.
    """
    given = own.value if own.text is None else own.text
    if sees_observations(own):
        return {kind: placement_policy(given) if kind == "placement" else policy_choice(given) for kind in KINDS}
    words = first_argument(own.value)
    kinds: list[TaskKind] = [kind for kind in KINDS if set(KIND_ARGUMENTS[kind]) & set(words)]
    if isinstance(own.value, PolicyKind):
        kinds = ["migration"]
    if not kinds and len(present) == 1:
        kinds = list(present)
    if len(kinds) != 1:
        raise InputError(
            f"--policies: {own.name}: nothing tells whether it places or migrates twins; expected a first argument "
            "named problem or situation, or --tasks of one kind"
        )
    return {kinds[0]: placement_policy(given) if kinds == ["placement"] else policy_choice(given)}


def sees_observations(own: OwnCode | None) -> bool:
    """Whether it is an agent, which can say whether it fits a world."""
    return own is not None and hasattr(own.value, "require_fit")


def _chosen(policy: PolicyLike, present: Sequence[TaskKind]) -> dict[TaskKind, Chosen]:
    """What a policy is on each kind of tasks that it fits."""
    if isinstance(policy, PlacementPolicy):
        return {"placement": policy}
    if isinstance(policy, PolicyChoice):
        return {"migration": policy}
    if not isinstance(policy, str):
        return _of_code(as_own(None, policy), present)
    known = {*placement_policy_names(), *migration_policy_names()}
    if policy.partition(":")[0] not in known and names_code(policy) and has_module(policy):
        return _of_code(load_own(policy), present)
    return _named(policy)


def policies_by_kind(
    policies: str | Sequence[PolicyLike] | None, tasks: Sequence[BenchmarkTask]
) -> dict[TaskKind, tuple[Chosen, ...]]:
    """The policies that run on the tasks of each kind.

    Args:
        policies: names, code of one's own, or texts that name such; None: those of `DEFAULT_POLICIES`.
        tasks: that are meant.

    Returns:
        The policies of each kind that there are tasks of.

    Raises:
        InputError: none or one twice is asked for, there is no such policy, or a policy fits none of the tasks.
    """
    present: list[TaskKind] = [kind for kind in KINDS if any(task.kind == kind for task in tasks)]
    if policies is None:
        return {kind: tuple(_named(name)[kind] for name in DEFAULT_POLICIES[kind]) for kind in present}
    policies = policy_list(policies)
    if not policies:
        accepted = (*placement_policy_names(), *migration_policy_names())
        raise InputError(f"--policies: none given; accepted: {', '.join(accepted)}")
    texts = [each for each in policies if isinstance(each, str)]
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise InputError(f"--policies: {', '.join(twice)} given more than once")
    fitting: dict[TaskKind, tuple[Chosen, ...]] = {}
    for policy in policies:
        chosen = _chosen(policy, present)
        if not set(chosen) & set(present):
            name = name_of(next(iter(chosen.values())))
            raise InputError(
                f"--policies: {name} fits tasks of {' and '.join(chosen)}; those chosen are of {' and '.join(present)}"
            )
        for kind, each in chosen.items():
            if kind in present:
                others = fitting.get(kind, ())
                fitting[kind] = (*others, _renamed(each, [name_of(other) for other in others]))
    return fitting


def name_of(policy: Chosen) -> str:
    """What tables and files call a policy."""
    return policy.name if isinstance(policy, PlacementPolicy) else policy.text


def _renamed(policy: Chosen, taken: Sequence[str]) -> Chosen:
    """The policy; code of one's own with a name that is not taken."""
    if policy.own is None:
        return policy
    if isinstance(policy, PlacementPolicy):
        return replace(policy, name=unique(policy.own.name, [*placement_policy_names(), *taken]))
    return replace(policy, text=unique(policy.own.name, [*migration_policy_names(), *taken]))
