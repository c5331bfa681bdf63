"""A plan as data: what was planned, what was decided, which hosts fail, and which twins move from where they are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from twinhop.errors import ServicesLeftOutWarning
from twinhop.formulation import LiteralEvaluation, RadioState, evaluate_literally
from twinhop.placement import Evaluation, PlacementProblem, Solution, evaluate
from twinhop.placement.no_host import CLOSED as CLOSED
from twinhop.placement.no_host import NOBODY as NOBODY
from twinhop.placement.problem import BoolArray, IntArray
from twinhop.plans.changes import Change
from twinhop.plans.failed_hosts import FailureCase, FailureRules
from twinhop.plans.order import MoveOrder, order_of_moves
from twinhop.plans.planner_warnings import PlannerWarning, binding_warnings, world_warnings
from twinhop.plans.shadow_prices import StationWorth, shadow_prices
from twinhop.result import Result
from twinhop.scenario import World
from twinhop.text import figure, in_a_line, in_percent
from twinhop.twin.service_placement import ServicePlacement


@dataclass(frozen=True)
class Case:
    """A problem to solve, and the world it came from.

    Attributes:
        name: of the scenario or problem file.
        problem: the placement problem.
        world: the scenario's world, None for a problem file.
        radio: its radio state, None for a problem file.
        seed: root seed.
        notes: what was understood of the file, where that is worth saying.
    """

    name: str
    problem: PlacementProblem
    world: World | None = None
    radio: RadioState | None = None
    seed: int = 0
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return in_a_line(self, self.name, self.problem.size_in_words, f"seed {self.seed}")

    @cached_property
    def warnings(self) -> tuple[PlannerWarning, ...]:
        """What is odd about its world, in the words of `describe`; nothing of a problem file."""
        if self.world is None or self.radio is None:
            return ()
        return world_warnings(self.world, self.radio)

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The notes, and what there is to warn of."""
        return (*self.notes, *(each.message for each in self.warnings))

    @property
    def attribution(self) -> tuple[str, ...]:
        """Sources and licences of the data, to be named wherever results are."""
        return () if self.world is None else self.world.attribution


@dataclass(frozen=True)
class Present:
    """A saved placement in the order of a problem.

    Attributes:
        name: of the file.
        host: (N,) present hosts; NOBODY for users who are not in the file, CLOSED for those whose station is no more.
        open: (M,) stations that the file has open.
        notes: what is worth saying about how the two fit.
        left_users: names of users of the file who are no more.
        closed_stations: names of stations of the file that are no more.
        closed_host: by user, the name of the station that was its host and is no more.
        closed_servers: names of those of the closed stations that had a server open.
        changes: what else is not as it was when the file was written.
    """

    name: str
    host: IntArray
    open: BoolArray
    notes: tuple[str, ...] = ()
    left_users: tuple[str, ...] = ()
    closed_stations: tuple[str, ...] = ()
    closed_host: Mapping[int, str] = field(default_factory=dict, repr=False)
    closed_servers: tuple[str, ...] = ()
    changes: tuple[Change, ...] = field(default=(), repr=False)

    @property
    def new_users(self) -> IntArray:
        """Users who are not in the file."""
        return np.flatnonzero(self.host == NOBODY)

    def may_stay(self, allowed: BoolArray) -> BoolArray:
        """(N,) whether the present host of each user is there and, by (N, M) links, may still host it."""
        return (self.host >= 0) & allowed[np.arange(len(self.host)), np.maximum(self.host, 0)]


@dataclass(frozen=True)
class Moves:
    """The twins that a plan moves from where they are, and what that costs.

    Attributes:
        present: where the twins are.
        move_cost_s: S, what each move counts as, beside the latency [s].
        users: users whose twin leaves its present host.
        host_gone: (of the same length) whether the present host cannot host it any more.
        own: the plan's own evaluation, without the moves.
        cost: of all moves, in the unit of the plan's cost: ``alpha/N S`` each.
        most: how many twins may move at most, or None; the plan's bound is then one on such plans.
        opened: indices of stations that the plan opens and that are not open at present.
        shut: indices of stations that are open at present and not in the plan.
        most_servers: how many servers may change at most, or None; likewise.
    """

    present: Present = field(repr=False)
    move_cost_s: float
    users: IntArray
    host_gone: np.ndarray
    own: Evaluation = field(repr=False)
    cost: float
    most: int | None = None
    opened: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    shut: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    most_servers: int | None = None

    @property
    def server_changes(self) -> int:
        """How many servers are opened or shut, those on stations that are no more included."""
        return self.opened.size + self.shut.size + len(self.present.closed_servers)

    def to_json(self, host: IntArray) -> list[dict[str, Any]]:
        """Every move as plain values; stations and users by index, a station that is no more by None and its name."""
        before, closed = self.present.host, self.present.closed_host
        return [
            {
                "user": int(i),
                "from": None if before[i] == CLOSED else int(before[i]),
                **({"closed_station": closed[int(i)]} if before[i] == CLOSED else {}),
                "to": int(host[i]),
                "host_gone": bool(gone),
            }
            for i, gone in zip(self.users, self.host_gone, strict=True)
        ]


@dataclass(frozen=True)
class ServiceMove:
    """A service that runs elsewhere where hosts fail.

    Attributes:
        service: its name.
        from_server: name of the server that it runs on without failure.
        to_server: name of the server that it runs on with it.
    """

    service: str
    from_server: str
    to_server: str


@dataclass(frozen=True)
class Failure:
    """Hosts that fail, and the plan in which they do not.

    Attributes:
        stations: indices of the stations that fail as hosts.
        reference: the plan without failure, by the same policy.
    """

    stations: IntArray
    reference: Plan = field(repr=False)

    def moved(self, host: IntArray) -> IntArray:
        """Users who are hosted elsewhere than without failure."""
        return np.flatnonzero(host != self.reference.solution.placement.host)

    def displaced(self, users: IntArray) -> np.ndarray:
        """Whether each of these users is hosted, without failure, on a station that fails."""
        return np.isin(self.reference.solution.placement.host[users], self.stations)

    def newly_unmeetable(self, problem: PlacementProblem) -> IntArray:
        """Users whose deadline no station can keep any more, not even alone; they are planned without it."""
        return np.setdiff1d(problem.unmeetable, self.reference.case.problem.unmeetable)

    def services_moved(self, plan: Plan) -> list[ServiceMove]:
        """Services that run elsewhere than without failure."""
        if plan.services is None or self.reference.services is None:
            return []
        pairs = zip(self.reference.services.services, plan.services.services, strict=True)
        return [
            ServiceMove(after.name, before.server_name, after.server_name)
            for before, after in pairs
            if before.server != after.server
        ]

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """The comparison as plain values; stations and users by index."""
        host, before = plan.solution.placement.host, self.reference.solution.placement.host
        users = self.moved(host)
        services = self.services_moved(plan)
        return {
            "without": self.stations.tolist(),
            "cost_without_failure": self.reference.cost,
            "lower_bound_without_failure": self.reference.lower_bound,
            "gap_without_failure": self.reference.gap,
            **({} if plan.moves is None else {"own_cost_without_failure": self.reference.own_cost}),
            "moved": [
                {"user": int(i), "from": int(before[i]), "to": int(host[i]), "host_gone": bool(gone)}
                for i, gone in zip(users, self.displaced(users), strict=True)
            ],
            "newly_unmeetable": self.newly_unmeetable(plan.case.problem).tolist(),
            **(
                {}
                if plan.services is None
                else {
                    "services_moved": [
                        {"service": each.service, "from_id": each.from_server, "to_id": each.to_server}
                        for each in services
                    ]
                }
            ),
        }


@dataclass(frozen=True)
class Spare:
    """What becomes of a plan that goes on when any one of its servers fails.

    Attributes:
        rules: who may move after a failure, and whether deadlines hold then.
        reference: the plan without the demand to survive.
        cases: a plan after the failure of each opened server.
        least_open: no plan that survives opens fewer servers.
    """

    rules: FailureRules
    reference: Plan = field(repr=False)
    cases: tuple[FailureCase, ...] = field(repr=False)
    least_open: int

    @property
    def late(self) -> IntArray:
        """Users who are late after some failure."""
        return np.unique([i for case in self.cases for i in (*case.late, *case.newly_unmeetable)]).astype(np.int64)


@dataclass(frozen=True)
class Plan(Result):
    """A placement of a scenario's twins, its certificate, and how it was found.

    Attributes:
        case: what was planned; without the hosts that are assumed to fail.
        solution: placement, evaluation and certificate; of the problem with the costs of moves, where they count. With
            services it is the users' part: evaluation with the CPU that services leave, certificate of users alone.
        failure: which hosts fail, and the plan without that; None where none does.
        moves: which twins leave their present hosts, and what that costs; None without a present placement.
        notes: what is worth knowing about how it came about.
        services: where the services run, and what they cost; None without services.
        spare: what becomes of it after each failure, where it is to survive any; the bound is one on such plans.
    """

    case: Case = field(repr=False)
    solution: Solution
    failure: Failure | None = field(default=None, repr=False)
    moves: Moves | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    services: ServicePlacement | None = None
    spare: Spare | None = None

    def __repr__(self) -> str:
        parts = (figure("cost", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        broken = None if self.feasible else "infeasible"
        return in_a_line(self, self.case.name, self.solution.policy, *parts, broken)

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
    def with_all_hosts(self) -> Plan:
        """The plan in which no host fails; this one where none does."""
        return self if self.failure is None else self.failure.reference

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
    def move_order(self) -> MoveOrder | None:
        """The steps from the present placement, or else from the plan without failure; None without both."""
        if self.moves is not None:
            before = self.moves.present.host
        elif self.failure is not None:
            before = self.failure.reference.solution.placement.host
        else:
            return None
        return order_of_moves(self.solution.problem, before, self.solution.placement.host)

    @cached_property
    def shadow_prices(self) -> tuple[StationWorth, ...] | None:
        """What more of each opened station would be worth; None without a certificate by prices, or with spare."""
        return None if self.spare is not None else shadow_prices(self.solution)

    @property
    def warnings(self) -> tuple[PlannerWarning, ...]:
        """What is odd about its world, and the capacities that bind, with what relaxing them is worth."""
        binding = binding_warnings(self.solution.problem, self.solution.cost, self.shadow_prices or ())
        return (*self.case.warnings, *binding)


def users_alone(case: Case, what: str) -> Case:
    """The case without its services.

    Args:
        case: of a scenario or problem.
        what: what looks at the users' twins alone, for the warning that services are left out.
    """
    if case.world is None or not case.world.services:
        return case
    warnings.warn(
        f"{case.name}: {what} looks at the twins of users alone; the services are left out",
        ServicesLeftOutWarning,
        stacklevel=3,
    )
    return replace(case, world=replace(case.world, services=()))


def plan_of_users_alone(plan: Plan, what: str) -> Plan:
    """The plan without its services, each twin where it is; see `users_alone`."""
    if plan.services is None:
        return plan
    evaluation = evaluate(plan.solution.problem, plan.solution.placement)
    solution = replace(plan.solution, evaluation=evaluation)
    return replace(plan, case=users_alone(plan.case, what), solution=solution, services=None)
