"""Prices of all scenarios together, and weights of the scenarios, raised step by step."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from twinhop.kernels.opening import choose_open, opened_stations, switching_penalties
from twinhop.placement.certificate import Part, Prices
from twinhop.placement.prices import STEP_RULE, ByStation, PriceState, by_station, make_price_state, respond
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.placement.station_load import Instance
from twinhop.placement.two_stage.certificate import TwoStageCertificate, certify_two_stage
from twinhop.placement.two_stage.problem import TwoStageProblem
from twinhop.placement.two_stage.risk import onto_weights

#: What `map` does, perhaps by threads.
Map = Callable[[Callable[[int], Any], Iterable[int]], Iterable[Any]]
#: A scenario that weighs nothing is looked at every so many steps only.
IDLE_LOOK = 5
#: Passes over the scenarios that may not weigh less, or more, when a direction of weights is cut to those that may.
PASSES = 50
#: Weight of the present servers in the running mean of those that prices open.
OPEN_AVERAGING = 0.1


class Node(NamedTuple):
    """A part of the choices of servers, ordered by its bound.

    Attributes:
        bound: not yet certified.
        forced: (M,) 1 for servers that are open, -1 for those that are shut, 0 for the others.
        weight: (S,) of the scenarios.
        prices: of each.
    """

    bound: float
    forced: IntArray
    weight: FloatArray
    prices: tuple[Prices, ...]

    def child(self, station: int, forced: int) -> "Node":
        """The part with one more server decided, at the same prices."""
        decided = self.forced.copy()
        decided[station] = forced
        return self._replace(forced=decided)

    def certificate(self, problem: TwoStageProblem) -> TwoStageCertificate:
        """The bound, recomputed with rounding under control."""
        opened, shut = (tuple(np.flatnonzero(self.forced == each).tolist()) for each in (1, -1))
        part = Part(problem.least_open, problem.stations, opened, shut)
        return certify_two_stage(problem, self.weight, self.prices, part)


class JointAscent:
    """Deflected subgradient steps of Polyak's length on ``L(q, lambda)``, in the unit of the cost.

    ``L = sum_s q_s [u_s sum_i lambda_si + constant_s] + min_y sum_k y_k sum_s q_s [beta_s o_sk - u_s V_sk(lambda_s)]``
    with ``u_s = alpha_s / N_s`` and V_sk the worth of scenario s's users to station k. It is jointly concave in q and
    ``q lambda``. A step goes along ``1 - sum_k y_k x_sik`` in each scenario's prices, at one length for all, and, where
    the risk leaves weights free, along the scenarios' values at y in q.

    Args:
        problem: the problem.
        instances: the associations of the scenarios, compiled, opening at no cost.
        prices: user and congestion prices of each scenario to start from.
        weight: (S,) weights to start from.
        mapped: `map`, or that of threads which share the scenarios.
    """

    def __init__(
        self,
        problem: TwoStageProblem,
        instances: Sequence[Instance],
        prices: Sequence[tuple[FloatArray, FloatArray]],
        weight: FloatArray,
        mapped: Map,
    ):
        self._problem, self._instances, self._map = problem, instances, mapped
        self._arcs: list[ByStation] = [by_station(each) for each in instances]
        self._states: list[PriceState] = [make_price_state(*each) for each in prices]
        self._forced = np.zeros(problem.stations, np.int64)
        self._shut = np.where(problem.may_host, 0, -1)
        self._weight, self._is_fixed = weight.copy(), problem.risk.kind == "mean" or len(instances) == 1
        self._worth = np.zeros((len(instances), problem.stations))
        self._trend = np.zeros(len(instances))
        self._length, self._idle, self._steps = STEP_RULE.length, 0.0, 0
        self._chosen = np.zeros(problem.stations, bool)
        self._often = np.zeros(problem.stations)
        self.bound = -np.inf
        self._best_weight, self._best_worth, self._best_sums = weight.copy(), self._worth.copy(), self._sums()

    @property
    def weight(self) -> FloatArray:
        """(S,) the weights of the best value."""
        return self._best_weight

    @property
    def chosen(self) -> BoolArray:
        """(M,) the stations that the present prices open."""
        return self._chosen.copy()

    @property
    def reduced(self) -> FloatArray:
        """(M,) the reduced costs at the best prices, inf where a station may not host."""
        return self._reduced(self._best_weight, self._best_worth)

    def opened(self) -> BoolArray:
        """(M,) the stations that the best prices open."""
        return opened_stations(self.reduced, self._forced, self._problem.least_open, self._problem.stations)

    def penalties(self) -> FloatArray:
        """(M,) how much the bound rises, at least, if each station is in the other state."""
        fewest, most = self._problem.least_open, self._problem.stations
        return switching_penalties(self.reduced, self._forced, self.opened(), fewest, most)

    def bounds_with(self, opened: BoolArray) -> FloatArray:
        """(S,) what each scenario costs at least where exactly these servers are open."""
        problem = self._problem
        worth = self._best_worth[:, opened].sum(axis=1)
        return problem.opening[:, opened].sum(axis=1) + problem.unit * (self._best_sums - worth) + problem.constant

    def rise(self, target: float, steps: int) -> None:
        """Make steps towards the cost of the best plan known."""
        for _ in range(steps):
            self._respond()
            reduced = self._reduced(self._weight, self._worth)
            fewest, most = self._problem.least_open, self._problem.stations
            value = choose_open(reduced, self._forced, fewest, most, self._chosen)
            value += float(self._weight @ (self._problem.unit * self._sums() + self._problem.constant))
            self._keep_best(value)
            if value == np.inf:  # too few servers are left
                return
            self._often += OPEN_AVERAGING * (self._chosen - self._often)
            if self._idle >= STEP_RULE.patience:
                self._go_back()
            elif not self._step(target - value):
                return

    def node(self) -> "Node":
        """The best prices and weights, the bound that they prove and the servers that are decided."""
        return Node(self.bound, self._forced.copy(), self._best_weight.copy(), tuple(self._prices()))

    def take_up(self, node: "Node") -> None:
        """Go on from a node: from its prices, with the servers that are decided there."""
        self._forced, self._weight, self._best_weight = node.forced.copy(), node.weight.copy(), node.weight.copy()
        for state, prices in zip(self._states, node.prices, strict=True):
            state.best_price[:], state.best_theta[:] = prices.price, prices.congestion
        self.bound = -np.inf
        self.restart()

    def undecided(self) -> int | None:
        """The station that the prices open most nearly half of the time; None where all are decided."""
        open_ = np.flatnonzero((self._forced == 0) & self._problem.may_host)
        if not open_.size:
            return None
        doubt = np.minimum(self._often[open_], 1 - self._often[open_])
        return int(open_[np.lexsort((np.abs(self.reduced[open_]), -doubt.round(3)))[0]])

    def restart(self) -> None:
        """Take up the best prices again with long steps, which leave a corner that short ones are caught in."""
        self._go_back()
        self._length = STEP_RULE.length

    def certificate(self) -> TwoStageCertificate:
        """The bound at the best prices, recomputed with rounding under control."""
        return self.node().certificate(self._problem)

    def _prices(self) -> Iterator[Prices]:
        for state, scenario in zip(self._states, self._problem.scenarios, strict=True):
            mu = state.best_mu.copy() if scenario.has_demand else None
            yield Prices(state.best_price.copy(), state.best_theta.copy(), state.best_nu.copy(), mu)

    def _respond(self) -> None:
        looked = self._weight > 0
        if self._steps % IDLE_LOOK == 0:
            looked[:] = True
        self._steps += 1
        for _ in self._map(self._respond_in, np.flatnonzero(looked).tolist()):
            pass

    def _respond_in(self, at: int) -> None:
        instance, state = self._instances[at], self._states[at]
        users = state.price.size
        respond(
            instance, self._arcs[at], state, self._shut, np.empty(users), np.empty(users), np.empty(users, np.int64)
        )
        self._worth[at] = np.where(np.isfinite(state.reduced), -state.reduced, 0.0)

    def _sums(self) -> FloatArray:
        return np.array([float(state.price.sum()) for state in self._states])

    def _reduced(self, weight: FloatArray, worth: FloatArray) -> FloatArray:
        reduced = weight @ self._problem.opening - (weight * self._problem.unit) @ worth
        return np.where(self._problem.may_host, reduced, np.inf)

    def _keep_best(self, value: float) -> None:
        self._idle = 0.0 if value > self.bound + 1e-7 * abs(self.bound) or self.bound == -np.inf else self._idle + 1.0
        if not value > self.bound:
            return
        self.bound = value
        self._best_weight, self._best_worth, self._best_sums = self._weight.copy(), self._worth.copy(), self._sums()
        for state in self._states:
            state.best_price[:], state.best_theta[:] = state.price, state.theta
            state.best_nu[:], state.best_mu[:] = state.nu, state.mu

    def _go_back(self) -> None:
        """Take up the best prices again, with shorter steps."""
        self._length *= STEP_RULE.cut
        self._idle = 0.0
        self._weight, self._trend = self._best_weight.copy(), np.zeros(self._trend.size)
        for state in self._states:
            state.price[:], state.theta[:] = state.best_price, state.best_theta
            state.direction[:] = 0.0

    def _step(self, room: float) -> bool:
        """Step along the deflected directions; whether there was anywhere to go."""
        norms = np.array(list(self._map(self._turn, range(len(self._states)))))
        norm = float(self._weight * self._problem.unit @ norms)
        way = None if self._is_fixed else self._weight_direction()
        along = 0.0 if way is None else float(way @ way)
        if norm < 1e-18 and along < 1e-18 * self.bound * self.bound:
            return False
        length = self._length * room / (1 if along == 0.0 or norm < 1e-18 else 2)
        if norm >= 1e-18:
            for state in self._states:
                state.price[:] += length / norm * state.direction
        if way is not None and along > 0.0:
            self._weight = onto_weights(self._weight + length / along * way, self._problem.cap)
        return True

    def _turn(self, at: int) -> float:
        state = self._states[at]
        state.direction[:] = 1.0 + STEP_RULE.deflection * state.direction - state.shares[self._chosen].sum(axis=0)
        return float(state.direction @ state.direction)

    def _weight_direction(self) -> FloatArray:
        """(S,) where weights go: by the deflected values of the scenarios, cut to what their caps leave free."""
        problem = self._problem
        value = problem.opening[:, self._chosen].sum(axis=1) + problem.constant
        value += problem.unit * (self._sums() - self._worth[:, self._chosen].sum(axis=1))
        self._trend = value - value.mean() + STEP_RULE.deflection * self._trend
        free = np.ones(value.size, bool)
        for _ in range(PASSES):
            centred = self._trend - self._trend[free].mean()
            kept = free & ~((self._weight <= 0) & (centred < 0)) & ~((self._weight >= problem.cap) & (centred > 0))
            if kept.all() or (kept == free).all() or not kept.any():
                break
            free = kept
        return np.where(free, self._trend - self._trend[free].mean(), 0.0)
