"""Sparse worlds, and sums over blocks of their users as another process makes them."""

import numpy as np

from twinhop.placement.sparse import SparseProblem
from twinhop.placement.sparse.certificate import RUN, sum_gains
from twinhop.placement.sparse.layout import Layout

USERS, STATIONS = 4000, 20


def prices():
    rng = np.random.default_rng(5)
    worth = rng.uniform(0.0, 0.3, USERS)
    return worth, rng.uniform(1e-7, 2e-6, STATIONS), rng.uniform(0.0, 0.02, STATIONS)


def summed(problem, numbers):
    """The gains of some blocks, a row each, and the sums of their prices."""
    layout, (worth, theta, seat_price) = Layout(problem), prices()
    gain, size = np.zeros((2, len(numbers), STATIONS))
    totals = []
    for at, number in enumerate(numbers):
        begin, end = layout.bounds[number]
        rest = (theta, seat_price, begin, end, RUN, gain[at], size[at])
        totals.append(sum_gains(layout.users, layout.table, None, worth, layout.ordered(problem.up_s), *rest)[0])
    return gain, totals


def world(users, stations, candidates, seed=0, *, seats=None, deadlines=False):
    """Users at access stations on a square, stations wired in the air line: rows are access stations."""
    rng = np.random.default_rng(seed)
    at = rng.random((stations, 2))
    access = rng.integers(0, stations, users)
    away = np.linalg.norm(at[:, None] - at[None], axis=2)
    order = np.argsort(away, axis=1, kind="stable")
    station = order[:, :candidates]
    omitted = away.copy()
    np.put_along_axis(omitted, station, np.inf, axis=1)
    bits = rng.uniform(1.0, 5.0, users)
    limits = {}
    if deadlines:
        limits = {
            "update_up_s": np.full(users, 0.01),
            "update_scale": 0.01 * bits,
            "update_work": rng.uniform(1e6, 2e7, users),
            "deadline_s": np.where(rng.random(users) < 0.3, rng.uniform(0.05, 0.5, users), np.inf),
        }
    return SparseProblem(
        access.astype(np.int32),
        rng.uniform(0.01, 0.1, users),
        bits,
        station.astype(np.int32),
        np.zeros(station.shape),
        0.05 * np.take_along_axis(away, station, axis=1),
        np.where(np.isfinite(omitted), 0.0, np.inf),
        np.where(np.isfinite(omitted), 0.05 * omitted, 0.0),
        np.sqrt(bits * 1e8),
        rng.uniform(8e9, 24e9, stations) * users / stations / 10,
        np.full(stations, users if seats is None else seats),
        np.full(stations, 0.5 / stations),
        1.0,
        1.0,
        group=np.arange(stations, dtype=np.int32),
        wider=lambda more: world(users, stations, more, seed, seats=seats, deadlines=deadlines),
        **limits,
    )
