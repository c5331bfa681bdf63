"""Load a source, plan it, and hold the answer: what `twinhop.load` and `twinhop.plan` do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.errors import InputError
from twinhop.formulation import LiteralEvaluation, RadioState, evaluate_literally, formulate, radio_state
from twinhop.placement import Evaluation, Placement, PlacementProblem, Solution, read_problem, solve
from twinhop.plans.shadow_prices import StationWorth, shadow_prices
from twinhop.scenario import Scenario, World, build_world, load_scenario

if TYPE_CHECKING:
    from twinhop.plans.explanation import Explanation
    from twinhop.plans.failure import Failure
    from twinhop.plans.replanning import Moves
    from twinhop.plans.robustness import Robustness
    from twinhop.plans.saved_placement import SavedPlacement
    from twinhop.twin.service_placement import ServicePlacement

Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class Case:
    """A problem to solve, and the world it came from.

    Attributes:
        name: of the scenario or problem file.
        problem: the placement problem.
        world: the scenario's world, None for a problem file.
        radio: its radio state, None for a problem file.
        seed: root seed.
    """

    name: str
    problem: PlacementProblem
    world: World | None = None
    radio: RadioState | None = None
    seed: int = 0

    @property
    def attribution(self) -> tuple[str, ...]:
        """Sources and licences of the data, to be named wherever results are."""
        return () if self.world is None else self.world.attribution


@dataclass(frozen=True)
class Plan:
    """A placement of a scenario's twins, its certificate, and how it was found.

    Attributes:
        case: what was planned; without the hosts that are assumed to fail.
        solution: placement, evaluation and certificate; of the problem with the costs of moves, where they count. With
            services it is the users' part: evaluation with the CPU that services leave, certificate of users alone.
        failure: which hosts fail, and the plan without that; None where none does.
        moves: which twins leave their present hosts, and what that costs; None without a present placement.
        notes: what is worth knowing about how it came about.
        services: where the services run, and what they cost; None without services.
    """

    case: Case = field(repr=False)
    solution: Solution
    failure: "Failure | None" = field(default=None, repr=False)
    moves: "Moves | None" = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    services: "ServicePlacement | None" = None

    @property
    def cost(self) -> float:
        """The objective of P1, with what the moves cost where they count, and with the services."""
        return self.solution.cost if self.services is None else self.services.cost

    @property
    def own_cost(self) -> float:
        """The cost without what the moves cost: of users and, where there are any, services."""
        if self.services is None:
            return self.evaluation.cost
        return self.services.cost - self.solution.cost + self.evaluation.cost

    @property
    def evaluation(self) -> Evaluation:
        """Cost, terms and constraints of the users' part of the plan, without what its moves cost."""
        return self.solution.evaluation if self.moves is None else self.moves.own

    @property
    def lower_bound(self) -> float | None:
        """No feasible plan costs less; None where the policy gives no bound."""
        return self.solution.lower_bound if self.services is None else self.services.lower_bound

    @property
    def gap(self) -> float | None:
        """Cost / bound - 1, or None."""
        return self.solution.gap if self.services is None else self.services.gap

    @property
    def gap_net(self) -> float | None:
        """The gap net of the unavoidable cost, or None."""
        return self.solution.gap_net if self.services is None else self.services.gap_net

    @property
    def feasible(self) -> bool:
        """Whether every constraint holds."""
        return self.solution.evaluation.feasible

    @property
    def hosts(self) -> dict[str, str]:
        """The station that hosts each user's twin, by name."""
        problem = self.case.problem
        return {problem.user_name(i): problem.station_name(int(k)) for i, k in enumerate(self.solution.placement.host)}

    @property
    def literal_evaluation(self) -> LiteralEvaluation | None:
        """The cost by the literal readings that are evaluated, not optimised (rows 2, 6, 15), or None."""
        case, solution = self.case, self.solution
        if case.world is None or case.radio is None:
            return None
        return evaluate_literally(case.problem, solution.placement, self.evaluation, case.world, case.radio)

    @cached_property
    def shadow_prices(self) -> tuple[StationWorth, ...] | None:
        """What more of each opened station would be worth; None without a certificate by prices."""
        return shadow_prices(self.solution)

    def explain(self, user: str | int) -> "Explanation":
        """Why a user's twin is where it is, what every other host would cost, and what would change that.

        Args:
            user: its name, or its index from 0.

        Raises:
            InputError: there is no such user; the message suggests one.
        """
        from twinhop.plans.explanation import explain

        return explain(self, user)

    def robustness(self, load: float, samples: int = 200, seed: int | None = None) -> "Robustness":
        """How often the plan breaks when every user's load varies.

        Args:
            load: X in (0, 1]: each user's sizes are multiplied by a factor uniform in [1 - X, 1 + X].
            samples: how many times.
            seed: root seed of the factors; the plan's own if None.

        Raises:
            InputError: the plan is of a problem file, or an argument is out of range.
        """
        from twinhop.plans.robustness import sample_robustness

        return sample_robustness(self, load, samples, seed=seed)

    def to_json(self) -> dict[str, Any]:
        """The answer as plain values, as `twinhop plan --json` prints it."""
        from twinhop.output.plans.plan_json import answer

        return answer(self)

    def report(self) -> str:
        """The report in Markdown."""
        from twinhop.output.plans.report import plan_report

        return plan_report(self)

    def save(self, folder: str | Path) -> list[Path]:
        """Write placement.json, associations.parquet, report.md and, for scenarios, map.geojson and map.png.

        Args:
            folder: made if missing; files of these names in it are replaced.

        Returns:
            The files written.

        Raises:
            InputError: the folder cannot be written; nothing is left behind.
        """
        from twinhop.output.plans.plan_files import save_plan

        return save_plan(self, folder)


#: Suffixes of problem files that need no format stated.
PROBLEM_SUFFIXES = {".npz": "npz", ".json": "json"}


def load(source: str | Path, seed: int | None = None, *, file_format: str | None = None) -> Scenario | PlacementProblem:
    """Read a scenario file, a preset or a problem file.

    Args:
        source: path of a YAML scenario, name of a preset, or path of an ``.npz`` or ``.json`` problem file.
        seed: replaces the scenario's root seed.
        file_format: of a problem file, ``npz``, ``json`` or ``sscflp``; None goes by the file's name.

    Returns:
        The scenario, or the placement problem of a problem file.

    Raises:
        InputError: it cannot be read; the message says what is wrong, where, and what is accepted.
    """
    file_format = file_format or PROBLEM_SUFFIXES.get(Path(source).suffix.lower())
    return load_scenario(source, seed) if file_format is None else read_problem(source, file_format)


def make_case(
    source: Scenario | PlacementProblem | str | Path,
    seed: int | None = None,
    name: str = "",
    *,
    file_format: str | None = None,
) -> Case:
    """Everything a policy and a report need of a source."""
    if isinstance(source, str | Path):
        name = name or Path(source).stem
        source = load(source, seed, file_format=file_format)
    if isinstance(source, PlacementProblem):
        return Case(name or "problem", source, seed=seed or 0)
    if not isinstance(source, Scenario):
        raise InputError(
            f"expected a Scenario, a PlacementProblem, a path or a preset name, got {type(source).__name__}"
        )
    scenario = source if seed is None else source.with_seed(seed)
    world = build_world(scenario)
    radio = radio_state(world)
    return Case(world.name, formulate(world, radio), world, radio, world.seed)


def plan(
    source: Scenario | PlacementProblem | str | Path,
    policy: str = "lagrangian",
    *,
    seed: int | None = None,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    file_format: str | None = None,
    without: Sequence[str] = (),
    present: "str | Path | SavedPlacement | Plan | None" = None,
    move_cost_s: float = 0.0,
) -> Plan:
    """Place the twins of a scenario or problem.

    Args:
        source: a scenario, a problem, a path or the name of a preset.
        policy: how to decide; ``lagrangian`` and ``exact`` give a certified lower bound.
        seed: replaces the root seed of a scenario; seeds the policy's own draws for a problem.
        time_limit_s: wall-clock limit of the solve [s].
        gap: go on until cost / bound - 1 is at most this; 0 proves the optimum; None: until little more is gained.
        on_progress: told the best cost and bound so far while solving.
        file_format: of a problem file, ``npz``, ``json`` or ``sscflp``; None goes by the file's name.
        without: names of stations that are assumed to fail as hosts; their radios still work. The plan is compared with
            the one without failure.
        present: where the twins are now: a saved placement.json, or a plan.
        move_cost_s: what each twin that leaves its present host costs, beside its latency [s].

    Returns:
        The plan. Ctrl-C ends the solve with the best so far, ``plan.solution.interrupted``.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints; its ``proof`` says which users and stations.
        InputError: the source or an argument is wrong.
    """
    case = make_case(source, seed, file_format=file_format)
    if present is None and not without and move_cost_s == 0:
        return plan_case(case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    from twinhop.plans.request import operate, set_task

    task = set_task(case, without, present, move_cost_s)
    return operate(task, policy, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)


def plan_case(
    case: Case,
    policy: str,
    *,
    time_limit_s: float = float("inf"),
    gap: float | None = None,
    on_progress: Progress | None = None,
    starts: Sequence[Placement] = (),
) -> Plan:
    """Place the twins of a case already made, and its services; see `place_services` for the starts."""
    solution = solve(case.problem, policy, seed=case.seed, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)
    return plan_services(case, solution, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress, starts=starts)


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
        return Plan(case, solution)
    from twinhop.twin.service_placement import place_services, service_task

    task = service_task(solution.problem, case.world)
    placed = place_services(task, solution, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress, starts=starts)
    return Plan(case, placed.solution, services=placed)
