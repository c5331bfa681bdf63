"""The two-stage placement problem: servers are opened once for many scenarios, twins are associated in each anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.infeasibility import InfeasibilityProof, InfeasibleProblem
from twinhop.placement.problem import BoolArray, FloatArray, PlacementProblem
from twinhop.placement.two_stage.risk import RiskMeasure
from twinhop.result import Shown
from twinhop.text import counted, in_a_line


class InfeasibleScenario(InfeasibleProblem):
    """Raised where a scenario is proved to have no feasible plan, whichever servers are opened.

    Attributes:
        scenario: its index.
        name: its name.
        proof: its users and stations that make it so.
    """

    def __init__(self, scenario: int, name: str, proof: InfeasibilityProof):
        super().__init__(replace(proof, message=f"{name}: {proof.message}"))
        self.scenario, self.name = scenario, name


@dataclass(frozen=True)
class TwoStageProblem(Shown):
    """S placement problems on the same M stations that open the same servers.

    ``min over y of risk(c_1(y), ..., c_S(y))``, where ``c_s(y)`` is the cost of scenario s (`PlacementProblem`) with
    exactly the servers y opened and paid, its users associated in the best way within its own limits. With the mean,
    ``c = beta o . y + sum_s p_s C_s(y)``: opening counts once, as the probabilities add up to 1.

    Attributes:
        scenarios: the problems, one a scenario; users, capacities and costs of opening may differ.
        weights: (S,) of the scenarios, above 0; p_s is each divided by their sum. None: all alike.
        risk: what the costs count as together.
        names: (S,) of the scenarios, for messages.

    Raises:
        InputError: no scenario, other stations in one than in the first, or weights that are none.
    """

    scenarios: tuple[PlacementProblem, ...]
    weights: Sequence[float] | FloatArray | None = None
    risk: RiskMeasure = RiskMeasure()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "scenarios", tuple(self.scenarios))
        if not self.scenarios:
            raise InputError("scenarios: there are none; expected at least one")
        names = self.names or tuple(f"scenario {at}" for at in range(len(self.scenarios)))
        if len(names) != len(self.scenarios):
            raise InputError(f"names: {len(names)} for {counted(len(self.scenarios), 'scenario')}; expected one each")
        put(self, "names", tuple(names))
        for name, scenario in zip(self.names[1:], self.scenarios[1:], strict=True):
            _require_same_stations(self.names[0], self.scenarios[0], name, scenario)
        probabilities(self.weights, self.names)
        put(self, "weights", None if self.weights is None else tuple(self.weights))

    def __repr__(self) -> str:
        size = f"{counted(self.users, 'user')} in all"
        return in_a_line(self, counted(len(self.scenarios), "scenario"), size, self.risk.in_words)

    @property
    def stations(self) -> int:
        """M, the number of stations."""
        return self.scenarios[0].stations

    @property
    def users(self) -> int:
        """The number of users, added up over the scenarios."""
        return sum(each.users for each in self.scenarios)

    @cached_property
    def probability(self) -> FloatArray:
        """(S,) p_s, the weights divided by their sum."""
        return probabilities(self.weights, self.names)

    @cached_property
    def cap(self) -> FloatArray:
        """(S,) the most that each scenario may weigh in the risk."""
        return self.risk.cap(self.probability)

    @cached_property
    def opening(self) -> FloatArray:
        """(S, M) the cost of opening each station, in the unit of the cost."""
        return np.array([each.beta * each.opening_s for each in self.scenarios])

    @cached_property
    def unit(self) -> FloatArray:
        """(S,) what one second of summed latency costs, alpha / N."""
        return np.array([each.alpha / each.users for each in self.scenarios])

    @cached_property
    def constant(self) -> FloatArray:
        """(S,) the part of each cost that no decision changes."""
        return np.array([each.constant_cost for each in self.scenarios])

    @cached_property
    def may_host(self) -> BoolArray:
        """(M,) stations that may host in some scenario."""
        return np.any([each.capacity > 0 for each in self.scenarios], axis=0)

    @cached_property
    def least_open(self) -> int:
        """The fewest servers that hold the users of each scenario."""
        return max(each.least_open for each in self.scenarios)

    @cached_property
    def associations(self) -> tuple[PlacementProblem, ...]:
        """The scenarios with opening at no cost: what is left once the servers are open."""
        return tuple(replace(each, opening_s=np.zeros(each.stations), origin=None) for each in self.scenarios)

    def risk_of(self, costs: FloatArray) -> float:
        """The risk of (S,) costs."""
        return self.risk.of(costs, self.probability)

    def weights_of(self, costs: FloatArray) -> FloatArray:
        """(S,) the weights at which the risk of (S,) costs is their weighted sum."""
        return self.risk.weights(costs, self.probability)


def probabilities(weights: Sequence[float] | FloatArray | None, names: Sequence[str]) -> FloatArray:
    """Weights divided by their sum; equal ones where none are given.

    Raises:
        InputError: their number does not fit, or one is not finite and above 0.
    """
    if weights is None:
        return np.full(len(names), 1.0 / len(names))
    try:
        given = np.array(weights, np.float64)
    except (TypeError, ValueError):
        raise InputError("weights: expected numbers above 0, one a scenario") from None
    if given.shape != (len(names),):
        raise InputError(f"weights: {given.size} for {len(names)} scenarios; expected one each")
    for name, weight in zip(names, given, strict=True):
        if not (np.isfinite(weight) and weight > 0):
            raise InputError(f"weights: {weight:g} for {name}; expected a finite number above 0 (leave it out instead)")
    return given / given.sum()


def _require_same_stations(first: str, reference: PlacementProblem, name: str, problem: PlacementProblem) -> None:
    if problem.stations != reference.stations:
        raise InputError(
            f"{name}: has {counted(problem.stations, 'station')}, {first} has {reference.stations}; expected the same "
            "stations in the same order"
        )
    for k in range(reference.stations):
        if problem.station_name(k) != reference.station_name(k):
            raise InputError(
                f"{name}: station {k} is {problem.station_name(k)}, in {first} it is {reference.station_name(k)}; "
                "expected the same stations in the same order"
            )
