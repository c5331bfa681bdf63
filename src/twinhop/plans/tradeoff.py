"""The trade-off curve of a scenario: what each number of servers costs, and what no plan with so many can beat."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from twinhop.placement import Evaluation, PlacementProblem
from twinhop.placement.tradeoff import TradeoffCurve, trade_off
from twinhop.placement.tradeoff_point import TradeoffPoint
from twinhop.plans.ids import with_ids
from twinhop.plans.knee import Knee, knee
from twinhop.plans.planning import Progress, make_case
from twinhop.plans.result import Case, users_alone
from twinhop.result import Result
from twinhop.scenario import Scenario
from twinhop.text import counted, figure, in_a_line, in_percent

#: A bound this close below a cost, relatively, proves it: rounding.
PROVED = 1e-9


@dataclass(frozen=True)
class Tradeoff(Result):
    """The best plan found and a certified bound for every number of servers in use.

    Attributes:
        case: what was planned.
        curve: the points and the bound on all plans.
    """

    case: Case = field(repr=False)
    curve: TradeoffCurve

    def __repr__(self) -> str:
        best = None if self.best is None else f"best {counted(self.best.servers, 'server')}"
        parts = (figure("bound", self.lower_bound), in_percent("gap", self.gap))
        return in_a_line(self, self.case.name, counted(len(self.points), "point"), best, *parts)

    @property
    def points(self) -> tuple[TradeoffPoint, ...]:
        """One for each number of servers reached, in order."""
        return self.curve.points

    @property
    def best(self) -> TradeoffPoint | None:
        """The point of least cost; None where no plan was found."""
        return self.curve.best

    @property
    def lower_bound(self) -> float:
        """No feasible plan costs less, whatever its number of servers."""
        return self.curve.lower_bound

    @property
    def gap(self) -> float | None:
        """Cost / bound - 1 of the best plan, or None."""
        return self.curve.gap

    @property
    def may_be_best(self) -> tuple[int, ...]:
        """The numbers of servers that may be the best: no bound is at the cost of the cheapest plan or above.

        A number of servers that was not reached may be so too, and so may one without a bound.
        """
        if self.best is None:
            return ()
        cost = self.best.cost * (1 - PROVED)
        open_ = {point.servers for point in self.points if not point.impossible and point.lower_bound < cost}
        return tuple(sorted(open_ | {self.best.servers} | set(self.curve.missing)))

    @property
    def may_be_best_in_words(self) -> str:
        """These numbers: ``6 servers``, ``6 or 7 servers``, ``5, 6 or 9 servers``."""
        return servers_in_words(self.may_be_best)

    @cached_property
    def knee(self) -> Knee | None:
        """The number of servers after which a further one brings much less than before; see `Knee`.

        Of the numbers that were reached. None where the curve has none.
        """
        return knee(self.points)

    def rows(self) -> list[dict[str, Any]]:
        """One row a number of servers: cost, its weighted terms, bound, gap; None where there is no plan."""
        return [self._row(point) for point in self.points]

    def _row(self, point: TradeoffPoint) -> dict[str, Any]:
        problem, evaluation = self.case.problem, point.evaluation
        return {
            "servers": point.servers,
            "status": status(point),
            "best": point is self.best,
            "may_be_best": point.servers in self.may_be_best,
            "knee": self.knee is not None and point.servers == self.knee.servers,
            "cost": None if evaluation is None else evaluation.cost,
            "communication": None if evaluation is None else problem.alpha * evaluation.communication_s,
            "computing": None if evaluation is None else problem.alpha * evaluation.computing_s,
            "opening": None if evaluation is None else problem.beta * evaluation.opening_s,
            "energy": None if evaluation is None else problem.beta * evaluation.energy_j,
            **self._missed(evaluation),
            "latency_s": None if evaluation is None else evaluation.latency_s,
            "lower_bound": point.lower_bound if math.isfinite(point.lower_bound) else None,
            "gap": point.gap,
            "feasible": None if evaluation is None else evaluation.feasible,
            "impossible": point.impossible or None,
        }

    def _missed(self, evaluation: Evaluation | None) -> dict[str, float | None]:
        """What missed deadlines cost; nothing where they have no price."""
        if self.case.problem.priced_deadlines is None:
            return {}
        return {"missed": None if evaluation is None else self.case.problem.alpha * evaluation.missed_s}

    def to_json(self) -> dict[str, Any]:
        """The curve as plain values, as `twinhop tradeoff --json` prints it; servers of a plan by their index."""
        curve, problem = self.curve, self.case.problem
        opened = [None if p.placement is None else p.placement.open.nonzero()[0].tolist() for p in self.points]
        return {
            "source": self.case.name,
            "users": problem.users,
            "stations": problem.stations,
            "seed": self.case.seed,
            **problem.unit_to_json,
            "fewest": curve.fewest,
            "most": curve.most,
            "best": None if self.best is None else self.best.servers,
            "may_be_best": list(self.may_be_best),
            "knee": None if self.knee is None else self.knee.to_json(),
            "cost": None if self.best is None else self.best.cost,
            "lower_bound": self.lower_bound if math.isfinite(self.lower_bound) else None,
            "gap": self.gap,
            "seconds": curve.seconds,
            "interrupted": curve.interrupted,
            "timed_out": curve.timed_out,
            "missing": list(curve.missing),
            "points": [row | with_ids({"open": each}, problem) for row, each in zip(self.rows(), opened, strict=True)],
            **({"notes": list(self.case.all_notes)} if self.case.all_notes else {}),
        }


def servers_in_words(numbers: Sequence[int]) -> str:
    """Numbers of servers, one of which is meant.

    >>> servers_in_words([6]), servers_in_words([5, 6, 9])
    ('6 servers', '5, 6 or 9 servers')
    """
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last} servers" if others else f"{last} servers"


def status(point: TradeoffPoint) -> str:
    """``found``, ``impossible`` (proved: no plan uses so many servers) or ``not found`` (nor proved)."""
    return "found" if point.evaluation is not None else "impossible" if point.impossible else "not found"


def tradeoff(
    source: Scenario | PlacementProblem | str | Path,
    *,
    most: int | None = None,
    seed: int | None = None,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Progress | None = None,
    problem_format: str | None = None,
) -> Tradeoff:
    """The best plan and a certified bound for every number of servers in use.

    Args:
        source: a scenario, a problem, a path or the name of a preset.
        most: the most servers looked at; None: every station that may host.
        seed: replaces the root seed of a scenario; seeds the solver's own draws for a problem.
        time_limit_s: wall-clock limit of the whole curve [s].
        gap: go on at each number until cost / bound - 1 is at most this; 0 proves; None: until little more is gained.
        on_progress: told the best cost and the bound on all plans so far.
        problem_format: of a problem file, ``npz``, ``json``, ``sscflp`` or ``sscflp:LAYOUT``; None: by the file's name.

    Returns:
        The curve. Ctrl-C and the time limit leave points out, ``curve.missing``; those there are valid.

    Raises:
        InfeasibleProblem: proved: no plan keeps the constraints.
        InputError: the source or an argument is wrong.
    """
    case = make_case(source, seed, problem_format=problem_format)
    return tradeoff_case(case, most=most, time_limit_s=time_limit_s, gap=gap, on_progress=on_progress)


def tradeoff_case(
    case: Case,
    *,
    most: int | None = None,
    time_limit_s: float = math.inf,
    gap: float | None = None,
    on_progress: Progress | None = None,
) -> Tradeoff:
    """The curve of a case already made."""
    case = users_alone(case, "the trade-off")
    limits: dict[str, Any] = {"time_limit_s": time_limit_s, "gap": gap, "on_progress": on_progress}
    return Tradeoff(case, trade_off(case.problem, most=most, seed=case.seed, **limits))
