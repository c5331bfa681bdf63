"""Load a source, make a case of it, and plan the case: what `twinhop.load` and every plan go through."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from twinhop.errors import InputError, OutOfReachWarning, PlanningWarning
from twinhop.failures import PolicyFailed
from twinhop.formulation import formulate, radio_state
from twinhop.placement import Placement, PlacementProblem, Solution, read_problem_file, solve
from twinhop.placement.budget import PATIENCE_S
from twinhop.placement.formats import ProblemFile
from twinhop.placement.policy import PolicyLike
from twinhop.plans.planner_warnings import FAULTS, REACH_CODES
from twinhop.plans.result import Case, Plan
from twinhop.scenario import Scenario, build_world, load_scenario
from twinhop.scenario.world.link_count import refuse_every_link
from twinhop.twin.service_placement import place_services, service_task

Progress = Callable[[float, float], None]

#: Suffixes of problem files that need no format stated.
PROBLEM_SUFFIXES = {".npz": "npz", ".json": "json"}


def load(
    source: str | Path, seed: int | None = None, *, problem_format: str | None = None
) -> Scenario | PlacementProblem:
    """Read a scenario file, a preset or a problem file.

    Args:
        source: path of a YAML scenario, name of a preset, or path of an ``.npz`` or ``.json`` problem file.
        seed: replaces the scenario's root seed.
        problem_format: of a problem file, ``npz``, ``json``, ``sscflp`` or ``sscflp:LAYOUT``; None goes by the file's
            name.

    Returns:
        The scenario, or the placement problem of a problem file.

    Raises:
        InputError: it cannot be read; the message says what is wrong, where, and what is accepted.
    """
    loaded = load_source(source, seed, problem_format)
    return loaded.problem if isinstance(loaded, ProblemFile) else loaded


def load_source(
    source: str | Path, seed: int | None = None, problem_format: str | None = None
) -> Scenario | ProblemFile:
    """As `load`, with what is to be said of a problem file."""
    problem_format = problem_format or PROBLEM_SUFFIXES.get(Path(source).suffix.lower())
    return load_scenario(source, seed) if problem_format is None else read_problem_file(source, problem_format)


def make_case(
    source: Scenario | PlacementProblem | ProblemFile | str | Path,
    seed: int | None = None,
    name: str = "",
    *,
    problem_format: str | None = None,
) -> Case:
    """Everything a policy and a report need of a source.

    Raises:
        InputError: it cannot be read, or has more links of users and stations than are looked at one by one.
    """
    if isinstance(source, str | Path):
        name = name or Path(source).stem
        source = load_source(source, seed, problem_format)
    if isinstance(source, ProblemFile):
        return Case(name, source.problem, seed=seed or 0, notes=source.notes)
    if isinstance(source, PlacementProblem):
        return Case(name or "problem", source, seed=seed or 0)
    if not isinstance(source, Scenario):
        raise InputError(
            f"expected a Scenario, a PlacementProblem, a path or a preset name, got {type(source).__name__}"
        )
    scenario = source if seed is None else source.with_seed(seed)
    refuse_every_link(scenario)
    world = build_world(scenario)
    radio = radio_state(world)
    case = Case(world.name, formulate(world, radio), world, radio, world.seed, scenario.notes)
    for each in case.warnings:
        if each.code in FAULTS:
            kind = OutOfReachWarning if each.code in REACH_CODES else PlanningWarning
            warnings.warn(f"{case.name}: {each.message}", kind, stacklevel=2)
    return case


def plan_case(
    case: Case,
    policy: PolicyLike,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    starts: Sequence[Placement] = (),
) -> Plan:
    """Place the twins of a case already made, and its services; see `place_services` for the starts."""
    solution = solve_case(case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    return plan_services(case, solution, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress, starts=starts)


def solve_case(
    case: Case,
    policy: PolicyLike,
    *,
    problem: PlacementProblem | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    patience_s: float = PATIENCE_S,
    on_progress: Progress | None = None,
) -> Solution:
    """Place the twins of a case, or those of another problem of the same world, such as one that charges moves.

    Raises:
        PolicyFailed: a policy of one's own gave no answer; it is told with the world.
    """
    problem = case.problem if problem is None else problem
    try:
        return solve(
            problem,
            policy,
            seed=case.seed,
            time_limit_s=time_limit_s,
            gap=gap,
            patience_s=patience_s,
            on_progress=on_progress,
        )
    except PolicyFailed as error:
        raise error.with_world(case.name, case.seed) from error.__cause__


def plan_services(
    case: Case,
    solution: Solution,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    starts: Sequence[Placement] = (),
) -> Plan:
    """The plan of a solution, and of the case's services where it has any.

    Args:
        case: what is planned.
        solution: of its users' twins, perhaps with the costs of moves.
        time_limit_s: for everything, the time of the solution included [s].
        gap: passed on to the policy.
        on_progress: told the best cost and bound so far.
        starts: see `place_services`.
    """
    if case.world is None or not case.world.services:
        return Plan(case, solution, notes=case.notes)
    task = service_task(solution.problem, case.world)
    placed = place_services(task, solution, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress, starts=starts)
    return Plan(case, placed.solution, notes=case.notes, services=placed)
