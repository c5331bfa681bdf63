"""The ascent on the prices of a whole run: shortest paths of the users against proximal steps of the hosts."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np

from twinhop.jit import jit
from twinhop.migration.offline.paths import shortest_path
from twinhop.migration.offline.prices import RunPrices, cheapest_hosts, first_prices, node_costs, step_slot
from twinhop.migration.offline.run_arrays import NOWHERE, RunArrays, slot_scale
from twinhop.placement.problem import IntArray
from twinhop.scenario.dynamics.mean_channel import in_parts

#: The first step, as a share of what a visit would pay if all visits of a slot paid one host of mean opening.
FIRST_STEP = 12.4
#: The last step, as a share of the first.
LAST_STEP = 0.015
#: Pace of the square-root prices, times a host's opening.
PACE = 1.2
#: Weight of the present prices in their running mean.
AVERAGING = 0.1
#: The running mean is evaluated every so many iterations.
EVALUATE_EVERY = 10
#: Nodes (visits x hosts) below which a second thread costs more than it brings.
NODES_PER_THREAD = 50_000


@jit()
def _paths_of(run, prices, users, host, value):
    """Shortest paths of users[0] to users[1] - 1 at the prices: fills host (P,) and value (N,)."""
    longest = 0
    for i in range(users[0], users[1]):
        longest = max(longest, run.first[i + 1] - run.first[i])
    hosts = run.comm.shape[1]
    cost, arrived = np.empty((longest, hosts)), np.empty((longest, hosts))
    for i in range(users[0], users[1]):
        begin, end = run.first[i], run.first[i + 1]
        node_costs(run, prices, i, cost[: end - begin])
        start = run.start[i]
        value[i] = shortest_path(run, begin, start, NOWHERE, cost[: end - begin], arrived, host[begin:end])


@jit()
def _step_slots(run, prices, mean, mean_total, host, step, pace, averaging, slots):
    largest = 0
    for t in range(slots[0], slots[1]):
        largest = max(largest, run.slot_first[t + 1] - run.slot_first[t])
    work = np.empty((largest + 4, run.comm.shape[1]))
    for t in range(slots[0], slots[1]):
        step_slot(run, prices, mean, mean_total, host, step[t], pace[t], averaging, t, work)


class RunPriceAscent:
    """Prices that rise towards the best bound; the same steps whatever the number of threads.

    Attributes:
        best: prices of the best bound so far.
        value: the best bound so far, before rounding [s, sum over slots].
        host: (P,) the users' shortest paths at the running mean of the prices, when it was last looked at.
    """

    def __init__(self, run: RunArrays, threads: Executor) -> None:
        self._run, self._threads = run, threads
        self._prices, self._mean, self.best = (first_prices(run) for _ in range(3))
        self.value = -np.inf
        self._path: IntArray = np.zeros(len(run.slot), np.int64)
        self.host = self._path.copy()
        self._path_value = np.zeros(len(run.first) - 1)
        self._mean_total = np.zeros(run.cpu.shape)
        scale = slot_scale(run)
        self._first_step = FIRST_STEP * scale / np.maximum(np.diff(run.slot_first), 1)
        self._pace = PACE / scale
        self._parts = run.comm.size // NODES_PER_THREAD
        self._done = 0
        self._look()

    def step(self, progress: float) -> None:
        """One iteration; ``progress`` from 0 to 1 sets the length of the step."""
        self._find_paths(self._prices, self._path)
        length = self._first_step * LAST_STEP**progress

        def part(slots: slice) -> None:
            ends, mean = (slots.start, slots.stop), (self._mean, self._mean_total)
            _step_slots(self._run, self._prices, *mean, self._path, length, self._pace, AVERAGING, ends)

        in_parts(len(self._run.cpu), self._parts, self._threads, part)
        self._done += 1
        if self._done % EVALUATE_EVERY == 0:
            self._look()

    def _look(self) -> None:
        """The bound at the running mean, kept if it is the best."""
        self._find_paths(self._mean, self.host)
        mean, run = self._mean, self._run
        reduced = run.opening - mean.root**2 - self._mean_total - run.seats * mean.seat
        value = float(self._path_value.sum() + cheapest_hosts(run, reduced).sum())
        if value > self.value:
            self.value = value
            for target, source in zip(self.best, mean, strict=True):
                target[:] = source

    def _find_paths(self, prices: RunPrices, host: IntArray) -> None:
        def part(users: slice) -> None:
            _paths_of(self._run, prices, (users.start, users.stop), host, self._path_value)

        in_parts(len(self._path_value), self._parts, self._threads, part)
