"""The certified bound of a two-stage problem: recomputed from weights and prices alone, and rounded down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.certificate import (
    ROUNDING_MARGIN,
    Part,
    Prices,
    cheapest_stations,
    reduced_costs,
)
from twinhop.placement.problem import FloatArray
from twinhop.placement.two_stage.problem import TwoStageProblem
from twinhop.text import figure, in_a_line

#: Weights may miss their sum of 1 and pass their caps by so much: rounding, which `ROUNDING_MARGIN` covers.
WEIGHT_TOLERANCE = 1e-13


@dataclass(frozen=True, eq=False)
class WeighedPart:
    """A part of the choices of servers, the weights and prices that bound it, and the bound that follows from them.

    Attributes:
        part: the choices, by how many servers are open and which are open or shut for certain.
        weight: (S,) q_s, of the scenarios; within the caps of the risk measure, adding up to at most 1.
        prices: (S,) the prices of each scenario, of which those of weight 0 do not count.
        lower_bound: no feasible plan of the part has less risk; infinite where it holds none.
    """

    part: Part
    weight: FloatArray
    prices: tuple[Prices, ...]
    lower_bound: float


@dataclass(frozen=True, eq=False)
class TwoStageCertificate:
    """A lower bound on the risk of every choice of servers: the least of parts that together hold all choices.

    Attributes:
        parts: the parts; one that holds every choice, unless servers were branched on.
    """

    parts: tuple[WeighedPart, ...]

    @property
    def weakest(self) -> WeighedPart:
        """The part whose bound is least."""
        return min(self.parts, key=lambda each: each.lower_bound)

    @property
    def lower_bound(self) -> float:
        """No feasible plan has less risk."""
        return self.weakest.lower_bound

    @property
    def weight(self) -> FloatArray:
        """(S,) the weights of the weakest part."""
        return self.weakest.weight

    def __repr__(self) -> str:
        weighing = f"{int((self.weight > 0).sum())} of {self.weight.size} scenarios weigh"
        parts = None if len(self.parts) == 1 else f"{len(self.parts)} parts"
        return in_a_line(self, figure("lower bound", self.lower_bound), parts, weighing)


def certify_two_stage(
    problem: TwoStageProblem, weight: FloatArray, prices: Sequence[Prices], part: Part | None = None
) -> TwoStageCertificate:
    """Turn any weights that the risk measure allows, and any prices, into a valid lower bound.

    ``bound = sum_s q_s [alpha_s/N_s sum_i price_si + constant_s] + the least sum of reduced costs of servers``, with
    ``reduced_k = sum_s q_s [beta_s o_sk - alpha_s/N_s V_sk]`` and V_sk the bound on the worth of scenario s's users to
    station k, as in `reduced_costs`. For any servers y and any associations,
    ``risk(c(y)) >= sum_s q_s c_s(y) >= bound``: the first as the risk is the dearest weighting allowed and no cost is
    negative, the second as in `certify`, scenario by scenario: at least as many servers are open as the users of any
    one scenario need.

    Args:
        problem: the problem.
        weight: (S,) q_s, 0 to the cap of each scenario, adding up to 1 at most.
        prices: one a scenario, of its own users.
        part: the choices of servers to bound; None: all.

    Returns:
        The certificate, its bound rounded down by ``ROUNDING_MARGIN`` of all magnitudes.

    Raises:
        InputError: the weights are not allowed, or prices are not of the right shapes, finite or, but for users, >= 0.
    """
    weight = _checked_weights(problem, weight)
    if len(prices) != len(problem.scenarios):
        raise InputError(f"prices: {len(prices)} for {len(problem.scenarios)} scenarios; expected one each")
    reduced = weight @ problem.opening
    magnitude, total, size = reduced.copy(), 0.0, 0.0
    for at in np.flatnonzero(weight > 0).tolist():
        scenario = problem.associations[at]
        _check_prices(problem.names[at], prices[at], scenario.users, scenario.stations)
        worth, inside = reduced_costs(scenario, *prices[at])
        unit = float(weight[at] * problem.unit[at])
        reduced = reduced + unit * np.where(np.isfinite(worth), worth, 0.0)
        magnitude = magnitude + unit * inside
        constant = float(weight[at] * problem.constant[at])
        total += unit * float(prices[at].price.sum()) + constant
        size += unit * float(np.abs(prices[at].price).sum()) + abs(constant)
    reduced[~problem.may_host] = np.inf
    part = part or Part(problem.least_open, problem.stations, (), ())
    stations = cheapest_stations(reduced, part)
    if stations is None:
        bound = math.inf
    else:
        total += float(reduced[stations].sum())
        bound = total - ROUNDING_MARGIN * (size + float(magnitude[stations].sum()))
    return TwoStageCertificate((WeighedPart(part, weight, tuple(prices), bound),))


def _checked_weights(problem: TwoStageProblem, weight: FloatArray) -> FloatArray:
    given = np.array(weight, np.float64)
    if given.shape != problem.cap.shape:
        raise InputError(f"weight: shape {given.shape}; expected {problem.cap.shape}, one a scenario")
    for name, each, cap in zip(problem.names, given, problem.cap, strict=True):
        if not 0 <= each <= cap * (1 + WEIGHT_TOLERANCE):
            raise InputError(f"weight: {each:g} for {name}; expected from 0 to {cap:g}, which the risk measure allows")
    if not given.sum() <= 1 + WEIGHT_TOLERANCE:
        raise InputError(f"weight: they add up to {given.sum():.12g}; expected at most 1")
    return given


def _check_prices(name: str, prices: Prices, users: int, stations: int) -> None:
    shapes = ((users,), (stations,), (stations,), (stations,))
    for label, values, shape in zip(Prices._fields, prices, shapes, strict=True):
        if values is None and label == "demand_price":
            continue
        numbers = np.asarray(values, np.float64)
        if numbers.shape != shape or not np.isfinite(numbers).all():
            raise InputError(f"prices of {name}: {label}: expected finite numbers of shape {shape}")
        if label != "price" and (numbers < 0).any():
            raise InputError(f"prices of {name}: {label}: negative; expected prices >= 0")
