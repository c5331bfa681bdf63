"""Prices of a sparse problem, raised by accelerated steps on a smoothed relaxation that becomes sharper by stages."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.placement.sparse.certificate import ceilings
from twinhop.placement.sparse.layout import Layout
from twinhop.placement.sparse.passes import (
    COUNT,
    COUNT_BEND,
    CROSS_BEND,
    GAIN,
    LOAD,
    LOAD_BEND,
    SMOOTH,
    SUMS,
    price_users,
    respond,
    turn,
)

#: Half the width over which a user's choice is smoothed, as a share of what it has at stake: in the first stage, and in
#: the last one that is worth it; each stage has this share of the one before.
FIRST_WIDTH, LAST_WIDTH, NARROWER = 0.04, 1e-4, 0.5
#: A stage ends when the slopes are this small (root of their mean square), or after so many steps.
FLAT, STAGE_STEPS = 0.02, 60
#: Steps of a user's price, as a share of its smoothing width.
STEP = 0.35
#: Congestion prices change by this share at most, a step, or so many smoothing widths where that is less; those of
#: seats by so many widths and a share of themselves.
STATION_STEP, STATION_WIDTHS, SEAT_SHARE = 0.4, 8.0, 0.3
#: Steps between two looks at what omitted stations cost.
CEILING_STEPS = 20
#: Prices are held where they are this share of their ceiling.
HELD = 1 - 1e-9
#: The least that a user has at stake, as a share of the mean.
LEAST_STAKE = 0.2


class StationPrices(NamedTuple):
    """What an ascent goes on from, station by station.

    Attributes:
        theta: (M,) congestion prices [s/sqrt(cycle)].
        seat_price: (M,) [s].
        opened: (M,) how far each station is open, from 0 to 1.
    """

    theta: FloatArray
    seat_price: FloatArray
    opened: FloatArray


class Ascent:
    """Prices of one problem.

    Args:
        layout: the problem.
        start: prices of stations to go on from, or None.
        worth: (N,) prices of users above what all their arcs cost, NaN where unknown, in the order of the rows.
        width: of the first stage.
    """

    def __init__(
        self,
        layout: Layout,
        start: StationPrices | None = None,
        worth: FloatArray | None = None,
        width: float = FIRST_WIDTH,
    ):
        problem = layout.problem
        self.layout = layout
        self.delta = width
        self._usable = problem.capacity > 0
        self._opening = problem.scaled_opening
        self._cpu = np.where(self._usable, problem.cpu_room, 1.0)
        self._seats = np.minimum(problem.capacity, problem.users).astype(np.float64)
        work = layout.users.root_work
        total_work = float(work.sum())
        # with the root work of all spread over the CPUs, and no less than where opening a station pays
        spread = 2 * total_work / self._cpu[self._usable].sum()
        paying = 2 * np.sqrt(self._opening / self._cpu)
        self.theta: FloatArray = np.where(self._usable, np.maximum(spread, paying), 0.0)
        self.seat_price: FloatArray = np.zeros(problem.stations)
        self.opened: FloatArray = self._usable.astype(np.float64)
        level = float(np.median(self.theta[self._usable]))
        stake = level * total_work / problem.users + self._opening[self._usable].sum() / problem.users
        self.width = np.maximum(level * work, LEAST_STAKE * stake) if stake > 0 else np.full(problem.users, 1.0)
        if not stake > 0:
            typical = float(np.abs(layout.table.delay[layout.table.delay < 1e29]).mean()) if problem.arcs else 1.0
            self.width[:] = max(typical, 1e-9)
        self._scale = float(self.width.mean())
        self._largest_theta = 3 * total_work / self._cpu
        if start is not None:
            self.theta, self.seat_price, self.opened = (np.array(each) for each in start)
        self.at = np.full(problem.users, np.nan) if worth is None else np.array(worth)
        self._price_the_unpriced()
        self._last = self.at.copy()
        self.best_worth = self.at.copy()
        self.best_theta, self.best_seat = self.theta.copy(), self.seat_price.copy()
        self.best_reduced = np.full(problem.stations, np.inf)
        self.best = -math.inf
        self.reduced = self.best_reduced
        self.value, self.slope = -math.inf, math.inf
        self._momentum = 1.0
        self._ceiling: FloatArray | None = None
        self._up_total = float(problem.up_s.sum())
        self.steps = self.in_stage = 0

    def _price_the_unpriced(self) -> None:
        unpriced = np.isnan(self.at)
        if not unpriced.any():
            return
        layout = self.layout

        def of_block(_number: int, begin: int, end: int) -> None:
            price_users(
                layout.users,
                layout.table,
                layout.limits,
                self.width,
                self.delta,
                self.theta,
                self.seat_price,
                self.opened,
                unpriced,
                begin,
                end,
                self.at,
            )

        layout.each(of_block)

    def station_prices(self) -> StationPrices:
        """The present prices of the stations."""
        return StationPrices(self.theta.copy(), self.seat_price.copy(), self.opened.copy())

    @property
    def is_flat(self) -> bool:
        """Whether the stage has brought what it can."""
        return self.slope <= FLAT or self.in_stage >= STAGE_STEPS

    @property
    def is_last(self) -> bool:
        """Whether no sharper stage is worth it."""
        return self.delta <= LAST_WIDTH

    @property
    def held(self) -> float:
        """The share of users whose prices would rise, but for what stations outside their candidates might take."""
        return 0.0 if self._ceiling is None else float((self._last >= HELD * self._ceiling).mean())

    def sharpen(self) -> None:
        """Begin the next stage, at the best prices so far."""
        self.delta *= NARROWER
        self.in_stage, self.slope = 0, math.inf
        self._restart()

    def _restart(self) -> None:
        self._momentum = 1.0
        self.at[:] = self._last

    def step(self) -> None:
        """One step of all prices; the best ones are kept."""
        layout, problem = self.layout, self.layout.problem
        if not problem.is_complete and self.steps % CEILING_STEPS == 0 and self.steps > 0:
            self._ceiling = ceilings(layout, np.maximum(self.theta, self.best_theta), self.seat_price)
        sums = np.zeros((len(layout.bounds), SUMS, problem.stations))

        def of_block(number: int, begin: int, end: int) -> float:
            return respond(
                layout.users,
                layout.table,
                layout.limits,
                self.at,
                self.width,
                self.delta,
                self.theta,
                self.seat_price,
                begin,
                end,
                sums[number],
            )

        total = math.fsum(layout.each(of_block)) + self._up_total
        self._weigh(total, sums.sum(axis=0))
        grown = (1 + math.sqrt(1 + 4 * self._momentum**2)) / 2
        momentum, self._momentum = (self._momentum - 1) / grown, grown

        def turn_block(_number: int, begin: int, end: int) -> tuple[float, float]:
            return turn(
                layout.users,
                layout.table,
                layout.limits,
                self.at,
                self._last,
                self.width,
                self.delta,
                self.theta,
                self.seat_price,
                self.opened,
                STEP,
                momentum,
                self._ceiling,
                begin,
                end,
            )

        turned = layout.each(turn_block)
        self.slope = math.sqrt(math.fsum(each[0] for each in turned) / problem.users)
        if math.fsum(each[1] for each in turned) < 0:
            self._restart()
        self.steps += 1
        self.in_stage += 1

    def _weigh(self, total: float, sums: FloatArray) -> None:
        """Value the present prices, keep them where they are the best, and step with those of the stations."""
        fixed = self._opening - self.theta**2 * self._cpu / 4 - self._seats * self.seat_price
        self.reduced = np.where(self._usable, fixed - sums[GAIN], np.inf)
        smooth = np.where(self._usable, fixed - sums[SMOOTH], np.inf)
        fewest = self.layout.problem.least_open
        self.value = total + self._cheapest(self.reduced, fewest)
        if self.value > self.best:
            self.best = self.value
            self.best_worth[:] = self.at
            self.best_theta, self.best_seat = self.theta.copy(), self.seat_price.copy()
            self.best_reduced = self.reduced
        soft = self.delta * (self._opening + self.theta**2 * self._cpu / 4 + 1e-9 * self._scale)
        self.opened = self._opened(smooth, soft, fewest)
        self._step_stations(sums)

    def _cheapest(self, reduced: FloatArray, fewest: int) -> float:
        ordered = np.sort(reduced)
        count = max(fewest, int((ordered < 0).sum()))
        return float(ordered[:count].sum())

    def _opened(self, reduced: FloatArray, soft: FloatArray, fewest: int) -> FloatArray:
        """How far stations open: from 0 to 1 where the reduced cost falls through 0, together at least the fewest."""

        def at(price: float) -> FloatArray:
            return np.where(
                self._usable, np.clip(0.5 - (np.where(self._usable, reduced, 0.0) - price) / (2 * soft), 0.0, 1.0), 0.0
            )

        opened = at(0.0)
        fewest = min(fewest, int(self._usable.sum()))
        if opened.sum() >= fewest:
            return opened
        low, high = 0.0, float((reduced + soft)[self._usable].max()) + 1e-300
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if at(middle).sum() >= fewest else (middle, high)
        return at(high)

    def _step_stations(self, sums: FloatArray) -> None:
        """Newton's step of congestion and seat prices to where every station makes the most of the users' prices."""
        rise, fill = sums[LOAD] - self.theta * self._cpu / 2, sums[COUNT] - self._seats
        bend, cross, seat_bend = self._cpu / 2 + sums[LOAD_BEND], sums[CROSS_BEND], sums[COUNT_BEND]
        seat_bend = seat_bend + 1e-3 * np.maximum(sums[COUNT], 1.0) / (self.delta * self._scale)
        by_theta = rise / bend
        priced = (self.seat_price > 0) | (fill > 0)
        determinant = np.where(priced, bend * seat_bend - cross * cross, 1.0)
        determinant = np.maximum(determinant, 1e-6 * bend * seat_bend)
        theta_step = np.where(priced, (seat_bend * rise - cross * fill) / determinant, by_theta)
        seat_step = np.where(priced, (bend * fill - cross * rise) / determinant, 0.0)
        freed = priced & (self.seat_price + seat_step <= 0)
        theta_step = np.where(freed, by_theta, theta_step)
        most = SEAT_SHARE * self.seat_price + STATION_WIDTHS * self.delta * self._scale
        self.seat_price = np.maximum(self.seat_price + np.clip(seat_step, -most, most), 0.0)
        most = min(STATION_STEP, STATION_WIDTHS * self.delta)
        lowest, highest = self.theta * (1 - most), self.theta * (1 + most) + 0.01 * most * self._largest_theta
        self.theta = np.clip(
            self.theta + theta_step, lowest, np.minimum(highest, np.maximum(self._largest_theta, lowest))
        )
        self.theta[~self._usable] = self.seat_price[~self._usable] = 0.0
