"""The cheapest tiny plan that survives every failure, by brute force; shares no code with src."""

import itertools

import numpy as np


def random_problem(seed):
    """Arrays of a random problem of at most 6 users and 4 stations, where all limits may bind."""
    rng = np.random.default_rng([seed, 22])
    m = int(rng.integers(2, 5))
    n = int(rng.integers(2, {2: 8, 3: 7, 4: 6}[m]))
    comm = rng.uniform(0.01, 1.0, (n, m))
    if rng.random() < 0.4:
        comm = np.where(rng.random((n, m)) < 0.15, np.inf, comm)
    work = rng.uniform(1e8, 2e9, n)
    arrays = {
        "comm_s": comm,
        "root_work": np.sqrt(work),
        "cpu": rng.uniform(4e9, 24e9, m),
        "capacity": np.full(m, n) if rng.random() < 0.4 else rng.integers(1, n + 1, m),
        "opening_s": rng.uniform(0, 0.3, m),
        "alpha": float(rng.choice([1.0, 0.3, n])),
        "beta": float(rng.choice([1.0, 0.5])),
    }
    if rng.random() < 0.6:
        arrays["update_comm_s"] = np.where(np.isfinite(comm), comm * rng.uniform(0.02, 0.2), np.inf)
        arrays["update_work"] = rng.uniform(1e7, 3e8, n)
        arrays["deadline_s"] = rng.uniform(0.05, 0.25, n) * rng.choice([1.0, 2.0, 4.0])
    if rng.random() < 0.3:
        arrays["demand"] = rng.integers(1, 10, n).astype(float)
        arrays["demand_capacity"] = np.round(arrays["demand"].sum() * rng.uniform(0.4, 1.2, m))
    return arrays


class SpareOracle:
    """All plans of one tiny problem, as bits of users a station."""

    def __init__(self, arrays):
        self.a = arrays
        self.n, self.m = arrays["comm_s"].shape
        self.bits = (np.arange(2**self.n)[:, None] >> np.arange(self.n) & 1).astype(float)
        self.floor = self._floor([]) if "deadline_s" in arrays else np.zeros((self.n, self.m))
        self.cost = np.stack([self._station_cost(k) for k in range(self.m)])

    def _hostable(self, failed):
        seats = self.a["capacity"] * np.where(np.isin(np.arange(self.m), failed), 0, 1)
        hostable = np.isfinite(self.a["comm_s"]) & (seats > 0)
        if "demand" in self.a:
            hostable &= self.a["demand"][:, None] <= self.a["demand_capacity"]
        return hostable

    def _floor(self, failed):
        """Minimum shares once some have failed; users whom none of the others could serve in time have none."""
        left = self.a["deadline_s"][:, None] - self.a["update_comm_s"]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(left > 0, self.a["update_work"][:, None] / left, np.inf)
        hostable = self._hostable(failed)
        share = np.where(hostable & (share <= self.a["cpu"]), share, np.inf)
        hopeless = ~np.isfinite(share).any(axis=1) & hostable.any(axis=1)
        share[hopeless] = np.where(hostable[hopeless], 0.0, np.inf)
        return share

    def fits(self, failed, deadlines):
        """(M, 2^N) which sets of users fit on each station once some have failed."""
        hostable = self._hostable(failed)
        floor = self._floor(failed) if deadlines and "deadline_s" in self.a else np.where(hostable, 0.0, np.inf)
        table = np.zeros((self.m, 2**self.n), bool)
        for k in range(self.m):
            barred = self.bits @ (~np.isfinite(floor[:, k])).astype(float) > 0
            used = self.bits @ np.where(np.isfinite(floor[:, k]), floor[:, k], 0.0)
            table[k] = ~barred & (self.bits.sum(axis=1) <= self.a["capacity"][k])
            table[k] &= used <= self.a["cpu"][k] * (1 + 1e-12)
            if "demand" in self.a:
                table[k] &= self.bits @ self.a["demand"] <= self.a["demand_capacity"][k]
        return table

    def _station_cost(self, k):
        """(2^N,) alpha/N (comm + H_k) of every set on station k, inf where it does not fit; opening aside."""
        s, cpu = self.a["root_work"], self.a["cpu"][k]
        floor = np.where(np.isfinite(self.floor[:, k]), self.floor[:, k], 0.0)
        low, high = np.zeros(len(self.bits)), np.full(len(self.bits), cpu / s.min())
        for _ in range(80):
            middle = (low + high) / 2
            over = (self.bits * np.maximum(floor, middle[:, None] * s)).sum(axis=1) > cpu
            low, high = np.where(over, low, middle), np.where(over, middle, high)
        share = np.maximum(floor, low[:, None] * s)
        with np.errstate(divide="ignore", invalid="ignore"):
            computing = np.where(self.bits > 0, s * s / share, 0.0).sum(axis=1)
        comm = np.where(self.bits > 0, self.a["comm_s"][:, k], 0.0).sum(axis=1)
        fits = self.fits([], True)[k]
        return np.where(fits, self.a["alpha"] / self.n * (comm + computing), np.inf)

    def _can_host(self, users, taken, table, stations):
        """Whether these users (bits) can be shared out beside those whom stations have (bits each)."""
        if not stations:
            return users == 0
        k, rest = stations[0], stations[1:]
        part = users
        while True:
            if table[k][taken[k] | part] and self._can_host(users & ~part, taken, table, rest):
                return True
            if part == 0:
                return False
            part = (part - 1) & users

    def optimum(self, moves, deadlines):
        """The least cost of a plan that survives every failure of a server it opens; inf where there is none."""
        hosts = [k for k in range(self.m) if self.a["capacity"][k] > 0]
        tables = {k: self.fits([k], deadlines == "keep") for k in hosts}
        everyone, best = 2**self.n - 1, np.inf
        for count in range(2, len(hosts) + 1):
            for opened in itertools.combinations(hosts, count):
                opening = self.a["beta"] * sum(self.a["opening_s"][k] for k in opened)
                if moves == "free" and not all(
                    self._can_host(everyone, [0] * self.m, tables[k], [j for j in opened if j != k]) for k in opened
                ):
                    continue
                best = min(best, self._cheapest(opened, opening, best, tables if moves == "stay" else None))
        return best

    def _cheapest(self, opened, opening, best, tables):
        plans = []
        for choice in itertools.product(opened, repeat=self.n):
            taken = [0] * self.m
            for i, k in enumerate(choice):
                taken[k] |= 1 << i
            cost = opening + sum(self.cost[k][taken[k]] for k in opened)
            if cost < best:
                plans.append((cost, taken))
        for cost, taken in sorted(plans):
            if tables is None or self._stays(opened, taken, tables):
                return cost
        return best

    def _stays(self, opened, taken, tables):
        for k in opened:
            others = [j for j in opened if j != k]
            if not self._can_host(taken[k], taken, tables[k], others):
                return False
        return True
