"""Plans of a sparse problem: from prices, improved by sweeps of moves and by stations that open and shut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinhop.placement.budget import Budget
from twinhop.placement.problem import BoolArray, FloatArray
from twinhop.placement.sparse.evaluation import columns_of, cost_of
from twinhop.placement.sparse.layout import VAST, Layout
from twinhop.placement.sparse.problem import IntArray, RowArray
from twinhop.placement.sparse.seating import (
    NOWHERE,
    Seating,
    Stations,
    auction,
    augment,
    choose,
    make_seating,
    overfull,
    regrets,
    relieve,
    swap_sweep,
    sweep,
    tally,
    trial,
)

#: Sweeps of moves over a new plan, and over the best one; they end when one saves less than this share of the cost.
SWEEPS, LAST_SWEEPS, IDLE = 6, 30, 2e-6
#: Rounds in which users move off overfull stations.
RELIEFS = 8
#: Where stations are overfull, seats are auctioned of those this full; bids rise by this share of what computing and
#: opening cost a user; so many bids a user, and so many auctions, in which others may become full. All are auctioned
#: where there are at most so many seats a user.
NEARLY_FULL, BID, MOST_BIDS, AUCTIONS, SCARCE, BID_RISE = 0.9, 2e-4, 30, 6, 4, 4.0
#: Rounds of exchanges; they end when one saves less than this share of the cost.
SWAPS, SWAP_IDLE = 30, 3e-5
#: Users are seated along paths one by one where at most so many are left, or this share of all.
PATHS, PATHS_SHARE = 2000, 0.002
#: A station opens or shuts for a saving of this share of the cost.
LEAST_SAVING = 1e-8
#: Pairs of stations tried for each that is undecided, one opened for one shut.
PAIRS = 4
#: Stations that are toggled at most, those of the least reduced cost, and as many pairs.
TRIALS = 100


class Unseated(Exception):
    """Some users found no room on their candidates.

    Attributes:
        users: their places in the order of the rows.
        reached: (M,) stations that they and those who could make room for them reach, all full; None: not looked at.
    """

    def __init__(self, users: IntArray, reached: BoolArray | None = None):
        super().__init__(f"{users.size} users")
        self.users, self.reached = users, reached


class Plans:
    """The best plan of a problem so far, and how to find better ones.

    Attributes:
        column: (N,) columns of the hosts in the best plan, in the order of the rows; None: there is none yet.
        cost: its cost; inf where there is none.
    """

    def __init__(self, layout: Layout, unmeetable: IntArray, budget: Budget):
        problem = layout.problem
        self.layout, self.budget = layout, budget
        self._unmeetable = unmeetable
        self._usable = problem.capacity > 0
        self._stations = Stations(
            np.where(self._usable, problem.cpu, 1.0),
            np.minimum(problem.capacity, problem.users),
            np.array(problem.scaled_opening),
        )
        self.column: NDArray[np.int16] | None = None
        self.cost = np.inf
        self._scaled = np.inf
        self._near: tuple[IntArray, IntArray] | None = None
        self._trials = 0
        self._tried: set[bytes] = set()

    @property
    def _arrays(self):
        return self.layout.users, self.layout.table, self.layout.limits, self._stations

    def host(self) -> RowArray:
        """(N,) hosts of the best plan, in the order of the problem."""
        assert self.column is not None
        layout = self.layout
        host = layout.problem.station[layout.users.row, self.column]
        return layout.unordered(host)

    def used(self) -> BoolArray:
        """(M,) stations of the best plan."""
        used = np.zeros(self.layout.problem.stations, bool)
        if self.column is not None:
            used[np.unique(self.host())] = True
        return used

    def try_hosts(self, host: IntArray | RowArray, theta: FloatArray, seat_price: FloatArray) -> None:
        """Improve given hosts; users without a host, or with one that is no candidate, are seated by prices."""
        problem, layout = self.layout.problem, self.layout
        column = layout.ordered(columns_of(problem, host)).astype(np.int16)
        seated = column != NOWHERE
        used = np.zeros(problem.stations, bool)
        used[problem.station[layout.users.row[seated], column[seated]]] = True
        chosen = self._choose(used & self._usable, theta, seat_price)
        seating = self._empty()
        seating.column[:] = np.where(seated, column, chosen)
        self._finish(seating, used & self._usable)

    def try_prices(self, opened: FloatArray, theta: FloatArray, seat_price: FloatArray, reduced: FloatArray) -> None:
        """Seat users at the prices of stations on those that are at least half open, with seats for everybody."""
        problem = self.layout.problem
        usable = (opened >= 0.5) & self._usable
        order = np.argsort(np.where(self._usable, reduced, np.inf), kind="stable")
        for k in order:
            if self._stations.seats[usable].sum() >= problem.users and usable.any():
                break
            usable[k] |= self._usable[k]
        key = usable.tobytes()
        fresh = key not in self._tried or not np.isfinite(self.cost)
        self._tried.add(key)
        seating = self._empty()
        seating.column[:] = self._choose(usable, theta, seat_price)
        tally(*self._arrays, seating)
        if (seating.twins > self._stations.seats).any():
            self._bid(seating, usable, theta, seat_price)
        self._finish(seating, usable, SWEEPS if fresh else 2)

    def _bid(self, seating: Seating, usable: BoolArray, theta: FloatArray, seat_price: FloatArray) -> None:
        """Seat users by auction where some stations are overfull."""
        users, table, limits, stations = self._arrays
        scarce = usable & (stations.seats < seating.column.size)
        if stations.seats[scarce].sum() > SCARCE * seating.column.size:
            scarce[:] = False
        increment = BID * self._scaled_cost(theta)
        for _ in range(AUCTIONS):
            if not (seating.twins > stations.seats).any():
                return
            scarce |= seating.twins > NEARLY_FULL * stations.seats
            begins = np.append(0, np.cumsum(np.where(scarce, stations.seats, 0)))
            left = auction(
                users,
                table,
                limits,
                theta,
                seat_price,
                usable,
                stations.seats,
                begins,
                increment,
                MOST_BIDS * seating.column.size,
                seating.column,
            )
            if left:
                increment *= BID_RISE
            tally(*self._arrays, seating)

    def _scaled_cost(self, theta: FloatArray) -> float:
        """What computing at some prices costs a user, about, and no less than its part of opening [s]."""
        work = float(self.layout.users.root_work.mean())
        stations = self._stations
        return float(np.mean(theta)) * work + float(stations.opening.sum()) / self.layout.problem.users + 1e-300

    def _empty(self) -> Seating:
        problem = self.layout.problem
        return make_seating(problem.users, problem.stations, limited=problem.has_deadlines)

    def _choose(self, usable: BoolArray, theta: FloatArray, seat_price: FloatArray) -> NDArray[np.int16]:
        layout = self.layout
        column = np.full(layout.problem.users, NOWHERE, np.int16)

        def of_block(_number: int, begin: int, end: int) -> int:
            return choose(layout.users, layout.table, layout.limits, theta, seat_price, usable, begin, end, column)

        layout.each(of_block)
        return column

    def _finish(self, seating: Seating, usable: BoolArray, sweeps: int = SWEEPS) -> None:
        usable = usable.copy()
        tally(*self._arrays, seating)
        self._make_room(seating, usable)
        self._sweep(seating, usable, sweeps)
        self._keep(seating)

    def _keep(self, seating: Seating) -> bool:
        scaled = float(tally(*self._arrays, seating))
        if not scaled < self._scaled or overfull(self._stations, seating, self.layout.limits is not None).any():
            return False
        problem, layout = self.layout.problem, self.layout
        cost, feasible = cost_of(problem, layout.unordered(seating.column.astype(np.int64)), self._unmeetable)
        if not feasible or not cost < self.cost:
            return False
        self.column, self.cost, self._scaled = seating.column.copy(), cost, scaled
        return True

    def _make_room(self, seating: Seating, usable: BoolArray) -> None:
        """Move users until no station has more than it holds, opening others where those open are not enough.

        Raises:
            Unseated: the candidates of some users leave no room that was found.
        """
        users, table, limits, stations = self._arrays
        limited = limits is not None
        regret = np.empty(self.layout.problem.users)
        for attempt in range(RELIEFS):
            over = overfull(stations, seating, limited)
            if not over.any() and (seating.column != NOWHERE).all():
                return
            if attempt == RELIEFS // 2:
                usable |= self._usable
            regrets(users, table, limits, stations, seating, over, usable, regret)
            order = np.argsort(regret, kind="stable")
            order = order[: int(np.isfinite(regret).sum())]
            relieve(users, table, limits, stations, seating, over, usable, order)
        usable |= self._usable
        self._seat_along_paths(seating)

    def _seat_along_paths(self, seating: Seating) -> None:
        users, table, limits, stations = self._arrays
        over = overfull(stations, seating, limits is not None)
        if limits is None:
            surplus = np.maximum(seating.twins - stations.seats, 0)
            self._unseat(seating, surplus)
        missing = np.flatnonzero(seating.column == NOWHERE)
        if limits is not None and over.any():
            host = table.station[users.row, seating.column]
            raise Unseated(np.flatnonzero(over[host] | (seating.column == NOWHERE)))
        if missing.size > max(PATHS, PATHS_SHARE * self.layout.problem.users) * (8 if limits is None else 1):
            raise Unseated(missing)
        for i in missing:
            host = np.where(seating.column == NOWHERE, stations.cpu.size, table.station[users.row, seating.column])
            members = np.argsort(host, kind="stable")
            begins = np.searchsorted(host[members], np.arange(stations.cpu.size + 1))
            found, reached = augment(
                users,
                table,
                limits,
                stations.seats,
                self._usable,
                seating.column,
                seating.twins,
                i,
                members,
                begins,
            )
            if not found:
                host = np.where(seating.column == NOWHERE, -1, table.station[users.row, seating.column])
                claimants = np.flatnonzero((host >= 0) & reached[host])
                raise Unseated(np.sort(np.append(claimants, i)), reached)
        tally(*self._arrays, seating)
        if overfull(stations, seating, limits is not None).any():
            raise Unseated(missing)

    def _unseat(self, seating: Seating, surplus: IntArray) -> None:
        """Take the last users of stations with too many."""
        host = self.layout.table.station[self.layout.users.row, seating.column]
        for k in np.flatnonzero(surplus):
            there = np.flatnonzero((host == k) & (seating.column != NOWHERE))[-int(surplus[k]) :]
            seating.column[there] = NOWHERE
            seating.twins[k] -= there.size

    def _sweep(self, seating: Seating, usable: BoolArray, sweeps: int) -> None:
        cost = float(tally(*self._arrays, seating))
        for _ in range(sweeps):
            saved = 0.0
            for begin, end in self.layout.bounds:
                if np.isfinite(self.cost) and self.budget.exhausted():
                    return
                saved += sweep(*self._arrays, seating, usable, 1e-12 * cost / seating.column.size, begin, end)[1]
            if self.layout.limits is not None:
                tally(*self._arrays, seating)
            if not saved > IDLE * cost:
                return

    def _best(self) -> Seating:
        assert self.column is not None
        seating = self._empty()
        seating.column[:] = self.column
        tally(*self._arrays, seating)
        return seating

    def polish(self) -> None:
        """More sweeps over the best plan, over the stations that it uses."""
        seating, used = self._best(), self.used()
        self._sweep(seating, used, LAST_SWEEPS)
        self._swap(seating, used)
        self._keep(seating)

    def _swap(self, seating: Seating, usable: BoolArray) -> None:
        """Exchange users between stations where some are full, and moves alone are not free."""
        users, table, limits, _ = self._arrays
        full = seating.twins >= self._stations.seats
        if limits is not None:
            full |= seating.least >= NEARLY_FULL * self._stations.cpu
        if not full.any():
            return
        cost = float(tally(*self._arrays, seating))
        for _ in range(SWAPS):
            saved = 0.0
            host = table.station[users.row, seating.column]
            members = np.argsort(host, kind="stable")
            begins = np.searchsorted(host[members], np.arange(usable.size + 1))
            place = np.empty_like(members)
            place[members] = np.arange(members.size)
            least = 1e-12 * cost / host.size
            for begin, end in self.layout.bounds:
                if self.budget.exhausted():
                    return
                self._trials += 1
                saved += swap_sweep(
                    *self._arrays, seating, usable, least, self._trials, begin, end, members, place, begins
                )
            if limits is not None:
                tally(*self._arrays, seating)
            self._sweep(seating, usable, 1)
            if not saved > SWAP_IDLE * cost:
                return

    def open_and_shut(self, reduced: FloatArray, room: float) -> bool:
        """Toggle stations that a better plan may have in the other state, and exchange pairs; returns whether it saved.

        Args:
            reduced: (M,) reduced costs at the best prices, inf for those that may not host [s].
            room: what lies between the cost of the plan and the bound, scaled [s].
        """
        layout = self.layout
        undecided = np.flatnonzero(np.abs(np.where(self._usable, reduced, np.inf)) <= room)
        undecided = undecided[np.argsort(np.abs(reduced[undecided]), kind="stable")]
        if undecided.size == 0 or self.column is None:
            return False
        near, near_first = self._rows_near()
        seating, usable = self._best(), self.used()
        before, users = self.cost, layout.problem.users
        scratch = np.zeros(users, np.int64), np.empty(users, np.int64), np.empty(users, np.int16)
        least, gained = LEAST_SAVING * self._scaled, False

        def attempt(opened: int, shut: int) -> bool:
            self._trials += 1
            return (
                trial(
                    *self._arrays,
                    seating,
                    layout.first,
                    near,
                    near_first,
                    opened,
                    shut,
                    usable,
                    least,
                    self._trials,
                    *scratch,
                )
                > 0
            )

        for k in undecided[:TRIALS].tolist():
            if self.budget.exhausted():
                break
            gained |= attempt(-1, k) if usable[k] else attempt(k, -1)
        shut = [k for k in undecided[:TRIALS].tolist() if not usable[k]][: TRIALS // PAIRS]
        open_ = np.array([k for k in undecided.tolist() if usable[k]], np.int64)
        for k in shut:
            rows = near[near_first[k] : near_first[k + 1]]
            neighbours = open_[np.isin(open_, layout.table.station[rows])]
            for other in neighbours[:PAIRS].tolist():
                if self.budget.exhausted():
                    break
                if usable[other] and not usable[k]:
                    gained |= attempt(k, other)
        if gained:
            self._sweep(seating, usable, SWEEPS)
            self._keep(seating)
        return self.cost < before

    def _rows_near(self) -> tuple[IntArray, IntArray]:
        if self._near is None:
            table = self.layout.table
            rows, columns = np.nonzero(table.delay < VAST / 10)
            station = table.station[rows, columns]
            order = np.argsort(station, kind="stable")
            begins = np.searchsorted(station[order], np.arange(self._usable.size + 1))
            self._near = rows[order].astype(np.int64), begins.astype(np.int64)
        return self._near

    def copy_to(self, layout: Layout) -> Plans:
        """The same plan for a layout with other candidates, among which its hosts are."""
        there = Plans(layout, self._unmeetable, self.budget)
        if self.column is not None:
            there.column = layout.ordered(columns_of(layout.problem, self.host())).astype(np.int16)
            there.cost, there._scaled = self.cost, self._scaled
        return there
