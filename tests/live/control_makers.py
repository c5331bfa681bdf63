"""A tiny city whose devices play a scenario, a host that only remembers who is where, and a clock that is set."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from twinhop.errors import InputError
from twinhop.live.control import Controller, ControllerConfig
from twinhop.scenario import city

SLOT_S = 10.0


def tiny_city(users=12, stations=4, *, capacity=None, seed=3, **sections):
    """Users who move by a model over an area of 1.2 km, named so that their order is that of their names."""
    rng = np.random.default_rng(seed)
    return city(
        rng.uniform(0.0, 1200.0, (stations, 2)).round(1),
        rng.uniform(0.0, 1200.0, (users, 2)).round(1),
        seed=seed,
        width_m=1200.0,
        height_m=1200.0,
        capacity_users=users if capacity is None else capacity,
        station_ids=[f"b{at}" for at in range(stations)],
        user_ids=[f"u{at:02}" for at in range(users)],
        **{"movement": {"slot_s": SLOT_S, "slots": 6}, "migration": {"move_s": 0.02}} | sections,
    )


@dataclass
class Rows:
    ids: tuple
    xy_m: np.ndarray
    load: np.ndarray
    observed_s: np.ndarray
    received_s: np.ndarray


@dataclass
class Desk:
    """Host, roster and clock in one: what a controller sees."""

    now: float = 1_000_000.0
    owner: dict = field(default_factory=dict)
    at: dict = field(default_factory=dict)
    moved: list = field(default_factory=list)
    failing: set = field(default_factory=set)
    forecasts: dict = field(default_factory=dict)

    def now_s(self):
        return self.now

    def place(self, ids, xy_m, load=None):
        """Devices report where they are, now."""
        for at, (user, spot) in enumerate(zip(ids, xy_m, strict=True)):
            self.owner.setdefault(user, "")
            self.at[user] = (*spot, 1.0 if load is None else load[at], self.now)

    def knows(self, twin):
        return twin in self.owner

    def owners(self):
        return dict(self.owner)

    def ask_active(self, question):
        return done(dict(self.forecasts))

    def move(self, twin, to):
        if twin in self.failing:
            raise InputError(f"{twin}: will not move")
        source, self.owner[twin] = self.owner[twin], to
        self.moved.append((twin, source, to))
        return done(SimpleNamespace(twin=twin, source=source, target=to, epoch=len(self.moved), pause_s=0.01))

    def rows(self):
        ids = tuple(self.at)
        values = np.array([self.at[user] for user in ids], float).reshape(-1, 4)
        return Rows(ids, values[:, :2], values[:, 2], values[:, 3], values[:, 3])


def done(result):
    future = Future()
    future.set_result(result)
    return future


def controller(scenario, desk, folder, **settings):
    """A controller whose slots are made by `step`."""
    plain = {"slot_s": SLOT_S, "horizon_s": 0.0, "max_moves": None, "rest_s": 0.0, "time_limit_s": 60.0}
    return Controller(scenario, desk, desk, ControllerConfig(**(plain | settings)), folder)
