"""An independent oracle for small problems: plain loops from the paper's equations, sharing no code with src."""

import itertools
import math

import numpy as np


def minimum_share(work, deadline, comm):
    if math.isinf(deadline):
        return 0.0
    if comm >= deadline:
        return math.inf
    return work / (deadline - comm)


class Oracle:
    """Costs and optimum of one small problem, given as the arrays of a problem file."""

    def __init__(self, arrays):
        self.a = arrays
        self.n, self.m = np.shape(arrays["comm_s"])
        self.deadlines = "deadline_s" in arrays
        self.floor = [[0.0] * self.m for _ in range(self.n)]
        self.unmeetable = []
        if self.deadlines:
            self._floors()

    def _reachable(self, i, k):
        if "demand" in self.a and self.a["demand"][i] > self.a["demand_capacity"][k]:
            return False
        return math.isfinite(self.a["comm_s"][i][k]) and self.a["capacity"][k] > 0

    def _floors(self):
        a = self.a
        for i in range(self.n):
            alone = []
            for k in range(self.m):
                share = minimum_share(a["update_work"][i], a["deadline_s"][i], a["update_comm_s"][i][k])
                self.floor[i][k] = share if share <= a["cpu"][k] else math.inf
                alone.append(self._reachable(i, k) and math.isfinite(self.floor[i][k]))
            if not any(alone) and any(self._reachable(i, k) for k in range(self.m)):
                self.unmeetable.append(i)
                self.floor[i] = [0.0] * self.m

    def computing(self, members, k):
        """Least sum w/f over f >= floor, sum f <= F: f = max(floor, theta s), by Newton's method on the level theta."""
        if not members:
            return 0.0
        s = [float(self.a["root_work"][i]) for i in members]
        floor = [self.floor[i][k] for i in members]
        cpu = float(self.a["cpu"][k])
        if sum(floor) > cpu * (1 + 1e-12):
            return math.inf
        level, lower = math.inf, cpu / min([x for x in s if x > 0], default=1.0)
        while lower < level:  # their sum is convex in theta: each step falls to where more floors hold, or is the last
            level = lower
            free = sum(x for f, x in zip(floor, s, strict=True) if level * x > f)
            fixed = sum(f for f, x in zip(floor, s, strict=True) if level * x <= f)
            lower = max(0.0, (cpu - fixed) / free) if free > 0 else level
        total = 0.0
        for f, x in zip(floor, s, strict=True):
            share = max(f, level * x)
            if x > 0:
                if share == 0:
                    return math.inf
                total += x * x / share
        return total

    def station_cost(self, members, k):
        """alpha/N (comm + H_k) + beta opening for these members, inf if they do not fit."""
        a = self.a
        if not members:
            return 0.0
        if len(members) > a["capacity"][k]:
            return math.inf
        if "demand" in a and math.fsum(a["demand"][i] for i in members) > a["demand_capacity"][k]:
            return math.inf
        comm = sum(a["comm_s"][i][k] for i in members)
        if any(not self._reachable(i, k) or math.isinf(self.floor[i][k]) for i in members):
            return math.inf
        return a["alpha"] / self.n * (comm + self.computing(members, k)) + a["beta"] * a["opening_s"][k]

    def energy_cost(self):
        energy = self.a.get("energy_j")
        return 0.0 if energy is None else self.a["beta"] * sum(energy) / self.n

    def cost(self, host, opened=None):
        """The cost of given hosts; ``opened`` may hold more stations than are in use."""
        used = set(host)
        extra = [] if opened is None else [k for k in range(self.m) if opened[k] and k not in used]
        total = self.energy_cost() + sum(self.a["beta"] * self.a["opening_s"][k] for k in extra)
        return total + sum(self.station_cost([i for i in range(self.n) if host[i] == k], k) for k in range(self.m))

    def optimum(self):
        """The least cost over every association (partitions of the users by dynamic programming); inf if infeasible."""
        everyone = (1 << self.n) - 1
        best = [0.0] + [math.inf] * everyone
        for k in range(self.m):
            price = [
                self.station_cost([i for i in range(self.n) if subset >> i & 1], k) for subset in range(everyone + 1)
            ]
            following = list(best)
            for whole in range(everyone + 1):
                part = whole
                while part:
                    value = best[whole ^ part] + price[part]
                    if value < following[whole]:
                        following[whole] = value
                    part = (part - 1) & whole
            best = following
        return best[everyone] + self.energy_cost()

    def optimum_by_set(self):
        """The least cost with exactly the given stations in use, by frozenset; sets without a plan are left out."""
        everyone = (1 << self.n) - 1
        price = [
            [self.station_cost([i for i in range(self.n) if subset >> i & 1], k) for subset in range(everyone + 1)]
            for k in range(self.m)
        ]
        tables = {frozenset(): [0.0] + [math.inf] * everyone}
        for k in range(self.m):
            for before, best in list(tables.items()):
                following = [math.inf] * (everyone + 1)
                for whole in range(1, everyone + 1):
                    part = whole
                    while part:
                        following[whole] = min(following[whole], best[whole ^ part] + price[k][part])
                        part = (part - 1) & whole
                tables[before | {k}] = following
        costs = {used: table[everyone] + self.energy_cost() for used, table in tables.items()}
        return {used: cost for used, cost in costs.items() if math.isfinite(cost)}


def all_hosts(n, m):
    return itertools.product(range(m), repeat=n)


def random_tiny(seed):
    """A random problem of at most 7 users and 4 stations where everything may bind; a dict of problem-file arrays."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 8)), int(rng.integers(1, 5))
    comm = rng.uniform(0.01, 1.0, (n, m))
    if rng.random() < 0.4:
        comm = np.where(rng.random((n, m)) < 0.2, np.inf, comm)
    cpu = rng.uniform(2e9, 24e9, m)
    work = rng.uniform(1e8, 2e9, n)
    arrays = {
        "comm_s": comm,
        "root_work": np.sqrt(work) if rng.random() < 0.9 else np.zeros(n),
        "cpu": cpu,
        "capacity": np.full(m, n) if rng.random() < 0.4 else rng.integers(0, n + 1, m),
        "opening_s": rng.uniform(0, 0.3, m) if rng.random() < 0.8 else np.zeros(m),
        "alpha": float(rng.choice([1.0, 0.3, n])),
        "beta": float(rng.choice([1.0, 0.5, 0.0])),
    }
    if rng.random() < 0.5:
        arrays["energy_j"] = rng.uniform(0, 0.1, n)
    if rng.random() < 0.5:
        arrays["update_comm_s"] = np.where(np.isfinite(comm), comm * rng.uniform(0.02, 0.2), np.inf)
        arrays["update_work"] = rng.uniform(1e7, 3e8, n)
        tightness = rng.choice([0.5, 1.0, 3.0])
        arrays["deadline_s"] = rng.uniform(0.03, 0.25, n) * tightness
        if rng.random() < 0.3:
            arrays["deadline_s"][rng.integers(n)] = np.inf
    return arrays
