"""What a given plan costs at other hours, on another day or under another demand: its hosts kept, beside the bound."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import Evaluation, InfeasibleProblem, Placement, PlacementProblem, evaluate, solve
from twinhop.placement.certificate import bound_below
from twinhop.placement.enumeration import is_tiny
from twinhop.placement.given_plan import NEAR, bound_near
from twinhop.placement.problem import IntArray
from twinhop.plans.hours import cases_of_hours
from twinhop.plans.planning import load, make_case
from twinhop.plans.result import NOBODY, Case, Plan, users_alone
from twinhop.plans.saved_placement import SavedPlacement, as_saved, present
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.scenario.schema.load_section import HOURS
from twinhop.text import counted, in_a_line, in_percent

#: Told how many hours are done.
Progress = Callable[[int], None]
#: What may be broken; see `Violation`.
KINDS = ("deadline", "capacity", "demand", "cpu", "forbidden", "unplaced")


@dataclass(frozen=True)
class PricedHour:
    """A given plan at one hour, or under one demand.

    Attributes:
        hour: of the day; None where the source was taken as it is.
        case: users and servers of the hour.
        host: (N,) host of each user, `NOBODY` for those whom no open server reaches.
        open: (M,) the servers of the plan, which stay open.
        evaluation: cost and violations; None where somebody is unplaced.
        seated: users whom the plan does not know, or whose server is gone, and who were seated on open servers.
        absent: how many users of the plan are not there.
        lower_bound: no plan of this hour's own that keeps the constraints costs less; None where proved that none does.
        best_cost: of the best plan of the hour's own that was found on the way to the bound, None for none.
    """

    hour: int | None
    case: Case = field(repr=False)
    host: IntArray = field(repr=False)
    open: np.ndarray = field(repr=False)
    evaluation: Evaluation | None
    seated: IntArray = field(repr=False)
    absent: int
    lower_bound: float | None
    best_cost: float | None

    @property
    def cost(self) -> float | None:
        """What the plan costs in this hour; None where it cannot serve everybody."""
        cost = math.inf if self.evaluation is None else self.evaluation.cost
        return cost if math.isfinite(cost) else None

    @property
    def distance(self) -> float | None:
        """Cost / bound - 1: by so much at most a plan made for this hour would be cheaper, as a share of its bound.

        None without a cost, or without a bound > 0.
        """
        if self.cost is None or self.lower_bound is None or self.lower_bound <= 0:
            return None
        return self.cost / self.lower_bound - 1

    @property
    def unplaced(self) -> IntArray:
        """Users whom no open server reaches."""
        return np.flatnonzero(self.host == NOBODY)

    @property
    def violations(self) -> dict[str, int]:
        """How many constraints are broken, by kind; users without a server as ``unplaced``."""
        kinds = [] if self.evaluation is None else [each.kind for each in self.evaluation.violations]
        count = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
        return count | ({"unplaced": self.unplaced.size} if self.unplaced.size else {})

    def row(self) -> dict[str, Any]:
        """The hour as one row of a table."""
        problem, evaluation = self.case.problem, self.evaluation
        known = evaluation if self.cost is not None else None
        broken = self.violations
        return {
            "hour": self.hour,
            "users": problem.users,
            **({} if problem.weight is None else {"people": problem.people}),
            "cost": self.cost,
            "lower_bound": self.lower_bound,
            "distance": self.distance,
            "best_cost": self.best_cost,
            "latency_s": None if known is None else known.latency_s,
            "opening_s": None if known is None else known.opening_s,
            "energy_j": None if known is None else known.energy_j,
            "violations": sum(broken.values()),
            **{kind: broken.get(kind, 0) for kind in KINDS},
            "seated": self.seated.size,
            "absent": self.absent,
        }


@dataclass(frozen=True)
class Pricing(Result):
    """What a given plan costs, hour by hour, beside what a plan made for each hour could cost at least.

    Attributes:
        name: of the scenario or problem.
        placement: the plan that was given.
        hours: one entry an hour, in the order asked for.
        gap: the hours' own bounds were looked for until the best plan known was within this of them.
        notes: what is worth knowing.
    """

    name: str
    placement: SavedPlacement = field(repr=False)
    hours: tuple[PricedHour, ...]
    gap: float
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        distance = in_percent("distance", self.distance)
        return in_a_line(self, self.name, counted(len(self.hours), "hour"), distance)

    @property
    def money_unit(self) -> str:
        """The unit of costs in money; empty where they are in seconds."""
        return self.hours[0].case.problem.money_unit

    @property
    def mean_cost(self) -> float | None:
        """The mean over the hours; None where the plan cannot serve everybody in one."""
        costs = [each.cost for each in self.hours if each.cost is not None]
        return math.fsum(costs) / len(costs) if len(costs) == len(self.hours) else None

    @property
    def mean_bound(self) -> float | None:
        """The mean of the hours' bounds: no plans, one for each hour, cost less; None where an hour has none."""
        bounds = [each.lower_bound for each in self.hours if each.lower_bound is not None]
        return math.fsum(bounds) / len(bounds) if len(bounds) == len(self.hours) else None

    @property
    def distance(self) -> float | None:
        """Mean cost / mean bound - 1: by so much at most plans made anew every hour would be cheaper; else None."""
        if self.mean_cost is None or self.mean_bound is None or self.mean_bound <= 0:
            return None
        return self.mean_cost / self.mean_bound - 1

    @property
    def worst(self) -> PricedHour:
        """The hour that costs most, one in which not everybody is served first of all."""
        return max(self.hours, key=lambda each: math.inf if each.cost is None else each.cost)

    @property
    def broken(self) -> tuple[PricedHour, ...]:
        """The hours in which constraints are broken."""
        return tuple(each for each in self.hours if each.violations)

    def to_json(self) -> dict[str, Any]:
        """The hours as plain values, as `twinhop price --json` prints them."""
        return {
            "source": self.name,
            **self.hours[0].case.problem.unit_to_json,
            "priced_plan": self.placement.name,
            "policy": self.placement.policy,
            "bound_gap": self.gap,
            "mean_cost": self.mean_cost,
            "mean_lower_bound": self.mean_bound,
            "distance": self.distance,
            **self.hours[0].case.problem.unit_to_json,
            "worst_hour": self.worst.hour,
            "worst_cost": self.worst.cost,
            "broken_hours": [each.hour for each in self.broken],
            "hours": [{**each.row(), "broken": _broken(each)} for each in self.hours],
            "notes": list(self.notes),
        }


def _broken(hour: PricedHour) -> list[dict[str, Any]]:
    problem = hour.case.problem
    violations = () if hour.evaluation is None else hour.evaluation.violations
    return [
        *(
            {
                "kind": each.kind,
                "user_id": None if each.user is None else problem.user_name(each.user),
                "station_id": problem.station_name(each.station),
                "by": each.by if math.isfinite(each.by) else None,
            }
            for each in violations
        ),
        *(
            {"kind": "unplaced", "user_id": problem.user_name(i), "station_id": None, "by": None}
            for i in hour.unplaced.tolist()
        ),
    ]


def price(
    placement: str | Path | SavedPlacement | Plan,
    source: Scenario | PlacementProblem | str | Path,
    hours: Sequence[int] | None = None,
    *,
    seed: int | None = None,
    gap: float | None = None,
    time_limit_s: float = math.inf,
    problem_format: str | None = None,
    on_progress: Progress | None = None,
) -> Pricing:
    """What a given plan costs at other hours, on another day, or under another demand.

    Every twin stays where the plan has it, and every server of the plan stays open; CPU is shared anew. Users whom the
    plan does not know, and those whose server there is no more, are seated one after the other, in the order of the
    scenario, on the open server that adds least to the sum of latencies, where there is room within seats, CPU and
    deadlines; where no open server has room, on the cheapest that they reach, which then shows as a violation; where
    they reach none they are unplaced, and the hour has no cost. Services are left out.

    Args:
        placement: a placement.json, the folder that `twinhop plan --out` wrote it into, or a plan.
        source: a scenario, a preset, a problem or its path: the demand to price the plan under.
        hours: of the day; None: all 24 where the scenario has a section ``load``, else the source as it is.
        seed: replaces the scenario's root seed.
        gap: an hour's own bound is looked for until the best plan known is within this of it, by the policy
            ``lagrangian``; None: by its prices alone, until within 2 % or little more is gained.
        time_limit_s: for each hour's bound [s].
        problem_format: of a problem file; None: by its name.
        on_progress: told how many hours are done.

    Returns:
        Cost, violations, bound and distance from it of every hour.

    Raises:
        InputError: the placement cannot be read, is of other stations, or an argument is wrong.
    """
    if gap is not None and not 0 <= gap < math.inf:
        raise InputError(f"gap: got {gap:g}; expected a share >= 0, such as 0.01 for 1 %")
    if not time_limit_s > 0:
        raise InputError(f"time limit: got {time_limit_s:g}; expected more than 0 s")
    saved = as_saved(placement)
    named, cases = _cases(source, hours, seed, problem_format)
    priced: list[PricedHour] = []
    for hour, case in zip(named, cases, strict=True):
        alike = next((each for each in priced if _same_problem(each.case.problem, case.problem)), None)
        bounds = None if alike is None else (alike.lower_bound, alike.best_cost)
        priced.append(_priced(hour, users_alone(case, "price"), saved, bounds, gap, time_limit_s))
        if on_progress is not None:
            on_progress(len(priced))
    wanted = NEAR if gap is None else gap
    return Pricing(cases[0].name, saved, tuple(priced), wanted, tuple(dict.fromkeys(_notes(saved, priced))))


def _cases(
    source: Scenario | PlacementProblem | str | Path, hours: Sequence[int] | None, seed: int | None, form: str | None
) -> tuple[tuple[int | None, ...], tuple[Case, ...]]:
    loaded = load(source, seed, problem_format=form) if isinstance(source, str | Path) else source
    if hours is None and isinstance(loaded, Scenario) and loaded.load is not None:
        hours = range(HOURS)
    if hours is None:
        return (None,), (make_case(source, seed, problem_format=form),)
    if not len(hours):
        raise InputError("hours: got none; expected at least one")
    return tuple(hours), cases_of_hours(loaded, hours, seed)


def _same_problem(one: PlacementProblem, other: PlacementProblem) -> bool:
    """Whether two hours ask for the same, so that a bound on one is one on the other."""
    return (
        one.user_ids == other.user_ids
        and np.array_equal(one.comm_s, other.comm_s)
        and np.array_equal(one.root_work, other.root_work)
        and (one.weight is None or (other.weight is not None and np.array_equal(one.weight, other.weight)))
    )


def _priced(
    hour: int | None,
    case: Case,
    saved: SavedPlacement,
    bounds: tuple[float | None, float | None] | None,
    gap: float | None,
    time_limit_s: float,
) -> PricedHour:
    problem, here = case.problem, present(saved, case, other_users=True)
    opened = here.open.copy()
    host = here.host.copy()
    to_seat = np.flatnonzero(host < 0)
    if not opened.any():
        raise InputError(f"{saved.name}: none of its open servers is in '{case.name}'; expected a plan of its servers")
    seat_on_open(problem, host, opened)
    evaluation = None
    if (host != NOBODY).all():
        evaluation = evaluate(problem, Placement(host, opened))
    lower_bound, best_cost = bounds or _bounds(problem, host, case.seed, gap, time_limit_s)
    if lower_bound is not None and evaluation is not None and evaluation.feasible:
        lower_bound = bound_below(evaluation.cost, lower_bound, "price")
        best_cost = min(evaluation.cost, math.inf if best_cost is None else best_cost)
    seated = to_seat[host[to_seat] != NOBODY]
    return PricedHour(hour, case, host, opened, evaluation, seated, len(here.left_users), lower_bound, best_cost)


def seat_on_open(problem: PlacementProblem, host: IntArray, opened: np.ndarray) -> None:
    """Write a host for everybody who has none, one after the other; see `price`.

    Args:
        problem: the problem.
        host: (N,) hosts, below 0 for nobody; receives those found, and `NOBODY` where no open server is in reach.
        opened: (M,) open servers.
    """
    stations = problem.stations
    there = host >= 0
    users, on = np.flatnonzero(there), host[there]
    load = np.bincount(on, problem.root_work[users], minlength=stations)
    rows = np.bincount(on, minlength=stations)
    demand = np.zeros(problem.users) if problem.demand is None else problem.demand
    taken = np.bincount(on, demand[users], minlength=stations)
    room = np.full(stations, np.inf) if problem.demand is None else problem.demand_room
    floor = np.zeros((problem.users, stations)) if problem.floor is None else problem.floor
    pinned = floor[users, on]
    least = np.bincount(on, np.where(np.isfinite(pinned), pinned, 0.0), minlength=stations)
    for i in np.flatnonzero(~there).tolist():
        s = problem.root_work[i]
        added = problem.comm_s[i] + s * (2 * load + s) / problem.cpu
        reach = opened & problem.reachable[i]
        fits = reach & problem.allowed[i] & (rows < problem.capacity) & (taken + demand[i] <= room)
        fits &= least + floor[i] <= problem.cpu_room
        usable = fits if fits.any() else reach
        if not usable.any():
            host[i] = NOBODY
            continue
        k = int(np.argmin(np.where(usable, added, np.inf)))
        host[i] = k
        load[k] += s
        rows[k] += 1
        taken[k] += demand[i]
        least[k] += floor[i, k] if np.isfinite(floor[i, k]) else 0.0


def _bounds(
    problem: PlacementProblem, host: IntArray, seed: int, gap: float | None, time_limit_s: float
) -> tuple[float | None, float | None]:
    """A certified bound on the plans of an hour, and the cost of the best one found; None where there is none."""
    try:
        if gap is None and not is_tiny(problem):
            return bound_near(problem, host, time_limit_s=time_limit_s)
        solution = solve(problem, "lagrangian", seed=seed, gap=gap, time_limit_s=time_limit_s)
    except InfeasibleProblem:
        return None, None
    return solution.lower_bound, solution.cost if solution.evaluation.feasible else None


def _notes(saved: SavedPlacement, hours: Sequence[PricedHour]) -> list[str]:
    notes = [note for each in hours for note in each.case.notes]
    seated = max(hours, key=lambda each: each.seated.size)
    if seated.seated.size:
        when = "" if seated.hour is None else f" in hour {seated.hour}"
        problem = seated.case.problem
        notes.append(
            f"{problem.user_names(seated.seated.tolist())} of '{seated.case.name}'{when} without a server in "
            f"{saved.name}: seated on the open server that adds least, in the order of the scenario"
        )
    unplaced = [each for each in hours if each.unplaced.size]
    if unplaced:
        first = unplaced[0]
        who = first.case.problem.user_names(first.unplaced.tolist())
        notes.append(f"{who} can reach none of the open servers: unplaced, so that the plan has no cost there")
    none = [each.hour for each in hours if each.lower_bound is None]
    if none:
        text = "there is" if none == [None] else f"in {counted(len(none), 'hour')} ({_few(none)}) there is"
        notes.append(f"{text} proved to be no plan at all that keeps the constraints: no bound")
    return notes


def _few(hours: Sequence[int | None]) -> str:
    return ", ".join(map(str, hours))
