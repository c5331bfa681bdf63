"""A run drawn in a moment instead of simulated, in the place of its files: users who walk, twins that move."""

import numpy as np

from twinhop.output.page.frames import Frames
from twinhop.output.page.run_files import Batch, Decisions
from twinhop.runs.simulation import MEASURES
from twinhop.runs.simulation_summary import TERMS


class DrawnFiles:
    """What `RunFiles` gives, of users who walk with memory, latencies that scatter, and twins that move at random."""

    def __init__(self, users, slots, *, hosts=40, seed=0, speed_m=9.0, area_m=3000.0, moving=0.005):
        rng = np.random.default_rng(seed)
        self.count, self.user_ids = slots, tuple(f"u{at}" for at in range(users))
        self.host_ids = tuple(f"b{at}" for at in range(hosts))
        velocity = np.empty((slots, users, 2))
        velocity[0] = rng.normal(0.0, speed_m, (users, 2))
        for at in range(1, slots):
            velocity[at] = 0.85 * velocity[at - 1] + 0.53 * rng.normal(0.0, speed_m, (users, 2))
        self.xy_m = rng.uniform(0.0, area_m, (users, 2)) + velocity.cumsum(axis=0)
        self.moved = rng.random((slots, users)) < moving
        self.moved[0] = False
        start, step = rng.integers(0, hosts, users), rng.integers(1, hosts, (slots, users))
        self.host = (start + np.cumsum(np.where(self.moved, step, 0), axis=0)) % hosts
        self.latency_s = 0.01 + 2e-4 * self.host + rng.gamma(4.0, 0.002, (slots, users))
        self.constants = {"slots": slots, "slot_s": 1.0, "move_s": 0.05, "has_deadlines": True}
        grid = np.ones((slots, hosts))
        loads = np.stack([np.bincount(row, minlength=hosts) for row in self.host])
        places = rng.uniform(0.0, area_m, (hosts, 2))
        self.stations = {
            "x_m": grid * places[:, 0],
            "y_m": grid * places[:, 1],
            "up": grid.astype(int),
            "cpu_cycles_per_s": 1e10 * grid,
            "capacity": (users * grid).astype(int),
            "users": loads,
        }
        self.slots = {
            "users": np.full(slots, float(users)),
            "cost": 0.08 + 0.002 * rng.random(slots),
            "moves": 1e-4 * self.moved.sum(axis=1),
            "latency_mean_s": self.latency_s.mean(axis=1),
            "moves_made": self.moved.sum(axis=1).astype(float),
            "violations": self._late.sum(axis=1).astype(float),
            "opened": (loads > 0).sum(axis=1).astype(float),
        }

    @property
    def _late(self):
        return self.latency_s > 0.03

    def deadlines_s(self):
        return np.full(len(self.user_ids), 0.03)

    def frames(self, slot, drawn):
        place = np.column_stack([self.stations["x_m"][0], self.stations["y_m"][0]])
        access = np.minimum(self.host, len(self.host_ids) - 1)
        return Frames(slot, self.xy_m[slot][:, drawn], access[slot][:, drawn], self.stations["up"][slot] > 0, place)

    def decisions(self, slot, drawn):
        return Decisions(*(each[slot][:, drawn] for each in (self.host, self.latency_s, self._late)))

    def batches(self, names, world_names=()):
        slots, users = self.host.shape
        columns = {
            "user": np.tile(np.arange(users), slots),
            "access": self.host.ravel(),
            "host": self.host.ravel(),
            "violation": self._late.ravel().astype(int),
            "moved": self.moved.ravel().astype(int),
            "pause_s": np.where(self.moved, 0.05 + self.latency_s, 0.0).ravel(),
            "move_wire_s": np.where(self.moved, 0.01, 0.0).ravel(),
        }
        yield Batch(np.arange(slots + 1) * users, 0, {name: columns[name] for name in (*names, *world_names)})


def facts_of(policies, users, slots, seeds=1):
    """What `simulation.json` says of such runs, with figures that are drawn."""
    terms = dict.fromkeys(TERMS, 0.016)
    runs = [{"seed": seed, "terms": terms, **dict.fromkeys(MEASURES, 0.5)} for seed in range(seeds)]
    rows = [{"policy": name, "terms": terms, **runs[0], "breaks_deadlines": False, "runs": runs} for name in policies]
    sizes = {"source": "drawn", "seeds": seeds, "slots": slots, "slot_s": 1.0, "users": users, "stations": 40}
    return {**sizes, "policies": rows, "failures": [], "notes": [], "attribution": ["drawn by a test"]}
