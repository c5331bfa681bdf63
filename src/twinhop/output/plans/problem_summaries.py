"""What is planned, and a solver's answer to a bare problem, in a few lines and tables; as notebooks show them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinhop.output.kit.html import Summary, Table
from twinhop.output.kit.tables import percent
from twinhop.output.plans.summaries import constraints_in_words
from twinhop.placement import PlacementProblem, Replan, Solution
from twinhop.scenario import Scenario, World
from twinhop.text import counted

CYCLES_PER_GCYCLE = 1e9
Rows = Sequence[tuple[str, ...]]


def solution_summary(solution: Solution) -> Summary:
    """Cost, bound, terms and hosts of a solver's answer."""
    evaluation, placement, problem = solution.evaluation, solution.placement, solution.problem
    rows = [
        ("cost", f"{solution.cost:.6g}"),
        ("mean latency [s]", f"{evaluation.latency_s:.6g}"),
        ("opening [s]", f"{evaluation.opening_s:.6g}"),
        ("energy, weighted", f"{evaluation.energy_j:.6g}"),
    ]
    if solution.lower_bound is None:
        said = f"`{solution.policy}` gives no lower bound; `lagrangian` and `exact` do."
    else:
        rows += [("certified lower bound", f"{solution.lower_bound:.6g}"), ("gap", percent(solution.gap))]
        said = f"No feasible plan costs less than {solution.lower_bound:.6g} (gap {percent(solution.gap)})."
    rows += [("opened servers", f"{int(placement.open.sum())}"), ("ended by", solution.ended.value)]
    sentences = [said, constraints_in_words(evaluation.violations)]
    line = f"{problem.size_in_words}, seed {solution.seed}"
    return Summary(f"Solution by {solution.policy}", line, sentences, [Table(("", "value"), rows)])


def replan_summary(plan: Replan) -> Summary:
    """Cost, bound and moves of a plan that a planner made from the one before."""
    rows = [
        ("cost", f"{plan.cost:.6g}"),
        ("certified lower bound", "-" if plan.lower_bound is None else f"{plan.lower_bound:.6g}"),
        ("gap", "-" if plan.gap is None else percent(plan.gap)),
        ("bound of", plan.bound_of),
        ("moves", f"{len(plan.moves)}"),
        ("users who came", f"{len(plan.came)}"),
        ("users who left", f"{plan.left}"),
        ("ended by", plan.ended.value),
        ("in force", "yes" if plan.is_in_force else "no"),
    ]
    size = f"{counted(plan.problem.users, 'user')}, {counted(plan.problem.stations, 'station')}"
    return Summary("Plan from the one before", size, [], [Table(("", "value"), rows)])


def problem_summary(problem: PlacementProblem) -> Summary:
    """Sizes, weights and ranges of a placement problem."""
    reachable = problem.comm_s[np.isfinite(problem.comm_s)]
    rows = [
        ("communication latency comm_s [s]", *_range(reachable)),
        ("work of a twin root_work [cycle^½]", *_range(problem.root_work)),
        ("CPU cpu [Gcycle/s]", *_range(problem.cpu / CYCLES_PER_GCYCLE)),
        ("seats capacity", *_range(problem.seats)),
        ("opening opening_s [s]", *_range(problem.opening_s)),
    ]
    if problem.deadline_s is not None:
        rows.append(("deadline deadline_s [s]", *_range(problem.deadline_s[np.isfinite(problem.deadline_s)])))
    line = f"{problem.size_in_words}, alpha {problem.alpha:g}, beta {problem.beta:g}, CPU rule {problem.cpu_rule}"
    limits = [name for name in ("deadlines", "demand") if getattr(problem, f"has_{name}")]
    said = [f"Constraints: one host a user, seats{''.join(f', {name}' for name in limits)}."]
    return Summary("Placement problem", line, said, [Table(("", "least", "mean", "most"), rows)])


def _range(values: np.ndarray) -> tuple[str, str, str]:
    """Least, mean and most, or dashes where there is none."""
    if not values.size:
        return ("-", "-", "-")
    return (f"{values.min():.4g}", f"{values.mean():.4g}", f"{values.max():.4g}")


def scenario_summary(scenario: Scenario) -> Summary:
    """What a scenario states, without building its world."""
    parts = [("stations", scenario.stations), ("users", scenario.users)]
    rows = [(name, "listed" if part.rows else "from a file" if part.csv else "generated") for name, part in parts]
    rows += [
        ("area [m]", f"{scenario.area.width_m:g} x {scenario.area.height_m:g}"),
        ("path loss", str(scenario.radio.path_loss)),
        ("deadlines", "on" if scenario.objective.deadlines else "off"),
        ("movement", "none" if scenario.movement is None else "yes"),
        ("cloud", "none" if scenario.cloud is None else scenario.cloud.name),
        ("services", f"{len(scenario.services)}"),
    ]
    notes = [*scenario.notes, *(f"Source: {each}" for each in scenario.attribution)]
    return Summary(f"Scenario {scenario.name}", f"seed {scenario.seed}", [], [Table(("", "value"), rows)], notes)


def city_summary(world: World) -> Summary:
    """Users and stations of a world, with the first rows of the stations."""
    rows = [
        (name, f"{x:.0f}", f"{y:.0f}", f"{cpu / CYCLES_PER_GCYCLE:.4g}", f"{seats}")
        for name, (x, y), cpu, seats in zip(
            world.station_ids, world.station_xy_m, world.cpu_cycles_per_s, world.capacity, strict=True
        )
    ]
    size = f"{counted(len(world.user_ids), 'user')}, {counted(len(world.station_ids), 'station')}, seed {world.seed}"
    table = Table(("station", "x m", "y m", "Gcycle/s", "seats"), rows)
    return Summary(f"World of {world.name}", size, [], [table], [f"Source: {each}" for each in world.attribution])
