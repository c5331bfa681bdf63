"""Which tasks and policies of the benchmark are meant, and which policy fits which task."""

from __future__ import annotations

from collections.abc import Sequence

from twinhop.errors import InputError
from twinhop.migration.policy import POLICIES as MIGRATION_POLICIES
from twinhop.migration.policy import policy_choice
from twinhop.migration.policy import policy_names as migration_policy_names
from twinhop.placement.policy import find_policy
from twinhop.placement.policy import policy_names as placement_policy_names
from twinhop.plans.comparison import DEFAULT_POLICIES as PLACEMENT_POLICIES
from twinhop.scenario.presets.benchmark_set import BenchmarkTask, benchmark_tasks
from twinhop.scenario.presets.benchmark_set.tasks import TaskKind
from twinhop.scenario.validation_errors import suggestion

KINDS: tuple[TaskKind, ...] = ("placement", "migration")
POLICY_NAMES = (placement_policy_names, migration_policy_names)
POLICY_FINDERS = (find_policy, policy_choice)
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
    name, kinds, refused = text.partition(":")[0], [], None
    for kind, names, find in zip(KINDS, POLICY_NAMES, POLICY_FINDERS, strict=True):
        if name in names():
            try:
                find(text)
                kinds.append(kind)
            except InputError as error:
                refused = error
    if kinds:
        return tuple(kinds)
    if refused is not None:
        raise refused
    accepted = [*placement_policy_names(), *migration_policy_names()]
    raise InputError(
        f"--policies: no policy named {name[:60]!r}; {suggestion(name, accepted)}accepted: placement "
        f"{', '.join(placement_policy_names())}; migration {', '.join(migration_policy_names())}"
    )


def policies_by_kind(texts: Sequence[str] | None, tasks: Sequence[BenchmarkTask]) -> dict[TaskKind, tuple[str, ...]]:
    """The policies that run on the tasks of each kind.

    Args:
        texts: as they are asked for; None: those of `DEFAULT_POLICIES`.
        tasks: that are meant.

    Returns:
        The policies of each kind that there are tasks of.

    Raises:
        InputError: none or one twice is asked for, there is no such policy, or a policy fits none of the tasks.
    """
    present: list[TaskKind] = [kind for kind in KINDS if any(task.kind == kind for task in tasks)]
    if texts is None:
        return {kind: DEFAULT_POLICIES[kind] for kind in present}
    if not texts:
        accepted = (*placement_policy_names(), *migration_policy_names())
        raise InputError(f"--policies: none given; accepted: {', '.join(accepted)}")
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise InputError(f"--policies: {', '.join(twice)} given more than once")
    fitting: dict[TaskKind, tuple[str, ...]] = {}
    for text in texts:
        kinds = kinds_of_policy(text)
        if not set(kinds) & set(present):
            raise InputError(
                f"--policies: {text} fits tasks of {' and '.join(kinds)}; those chosen are of {' and '.join(present)}"
            )
        for kind in kinds:
            if kind in present:
                fitting[kind] = (*fitting.get(kind, ()), text)
    return fitting
