"""Random instances to learn from: drawn free of scales, so that they cover worlds that nobody has named."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.learn.primal_dual.instance import PricedInstance
from twinhop.learn.primal_dual.response import ranks

#: Communication: the least of a user as a share of computing, and a link as a share of a user's unit (log-uniform).
NEAR, FAR = (0.02, 0.8), (0.01, 1.0)
#: Stations worth opening, as a share of all (log-uniform); above 1 all are.
OPENED = (0.15, 2.0)
#: Spread of root work, of CPUs and of opening costs, as deviations of their logarithms.
WORK, CPUS, OPENINGS = (0.05, 0.6), (0.0, 0.5), 0.4
#: Seats of all stations together, in numbers of users (log-uniform), and the spread of single ones.
SEATS, SEAT_SPREAD = (1.03, 3.5), 0.5
#: Minimum shares: the least ones of all users, as a share of all CPU, the spread of single ones, and how far stations
#: may be, in mean distances.
FLOORS, FLOOR_SPREAD, REACH = (0.02, 0.45), 0.6, (0.7, 3.0)
#: Numbers of a whole instance.
UNIFORM = 64


def draw_instance(
    key: Array, stations: int, users: int, seats: bool, deadlines: bool, mixed: bool = True
) -> PricedInstance:
    """A world: users in a plane, some of them in crowds, each at its nearest station, wired to the others.

    Args:
        key: of all that is random.
        stations: M.
        users: N.
        seats: whether seats may bind.
        deadlines: whether there are minimum shares.
        mixed: whether an instance may have neither, where either is asked for.
    """
    draws = _Draws(key, stations, users)
    uniform, normal, spread = draws.uniform, draws.normal, draws.spread

    work = jnp.exp(uniform(*WORK) * normal((users,)))
    work = work / work.mean()
    cpu = jnp.exp(uniform(*CPUS) * normal((stations,)))
    cpu = cpu * users / cpu.sum()
    distance, _ = _distances(draws, stations, users)
    opened = spread(*OPENED) * stations
    opening = stations / jnp.maximum(opened, 1.0) ** 2
    is_varied = uniform(0.0, 1.0) < 0.4
    factor = jnp.where(is_varied, jnp.exp(OPENINGS * normal((stations,))), 1.0)
    openings = opening * factor
    bits = jnp.where(uniform(0.0, 1.0) < 0.5, work**2, jnp.exp(0.3 * normal((users,))))
    unit = 2.0 * stations / jnp.clip(opened, 1.0, stations) + opening
    noise = jnp.exp(jnp.where(uniform(0.0, 1.0) < 0.3, 0.5, 0.0) * normal((stations, users)))
    comm = spread(*FAR) * unit * bits * distance * noise
    far = comm - comm.min(axis=0)
    allowed = jnp.ones((stations, users), bool)
    floor = jnp.zeros((stations, users))
    if deadlines:
        has_floors = jnp.logical_not(mixed) | (uniform(0.0, 1.0) < 0.55)
        reach = uniform(*REACH) * jnp.exp(0.3 * normal((users,)))
        left = 1.0 - distance / reach
        floor = jnp.exp(FLOOR_SPREAD * normal((users,))) / jnp.maximum(left, 0.02)
        allowed = left > 0.02
        excused = ~allowed.any(axis=0)
        least = jnp.where(allowed, floor, jnp.inf).min(axis=0)
        floor = floor * spread(*FLOORS) * users / jnp.where(excused, 0.0, least).sum()
        allowed = allowed & (floor < 0.7 * cpu[:, None])
        excused = ~allowed.any(axis=0)
        floor = jnp.where(allowed & ~excused, floor, 0.0)
        allowed = allowed | excused | ~has_floors
        floor = jnp.where(has_floors, floor, 0.0)
        far = jnp.where(allowed, comm, jnp.inf)
        far = jnp.where(allowed, comm - far.min(axis=0), 0.0)
    capacity = jnp.full((stations,), float(users))
    if seats:
        each = spread(*SEATS) * users / stations
        varied = jnp.where(uniform(0.0, 1.0) < 0.5, uniform(0.1, SEAT_SPREAD), 0.0)
        each = jnp.where(jnp.logical_not(mixed) | (uniform(0.0, 1.0) < 0.75), each, float(users))
        drawn = each * jnp.exp(varied * normal((stations,)))
        lacking = jnp.maximum(1.02 * users / drawn.sum(), 1.0)
        capacity = jnp.minimum(jnp.ceil(drawn * lacking), float(users))
    rank = ranks(-capacity)
    held = jnp.where(rank[:, None] <= rank, capacity[:, None], 0.0).sum(axis=0)
    least_open = 1.0 + (held < users).sum()
    near = spread(*NEAR) * stations / jnp.clip(opened, 1.0, stations)
    return PricedInstance(far, work, cpu, openings, capacity, floor, allowed, least_open, near)


class _Draws:
    """Random numbers of one instance, all in one draw: each draw of its own takes long to compile."""

    def __init__(self, key: Array, stations: int, users: int) -> None:
        keys = jax.random.split(key)
        self._uniform = jax.random.uniform(keys[0], (UNIFORM + 8 * users + 2 * stations,))
        self._normal = jax.random.normal(keys[1], (6 * users + 4 * stations + stations * users,))
        self._at = {"uniform": 0, "normal": 0}

    def _next(self, name: str, numbers: Array, shape: tuple[int, ...]) -> Array:
        at = self._at[name]
        self._at[name] = at + math.prod(shape)
        assert self._at[name] <= numbers.size, "there are enough numbers"
        return numbers[at : self._at[name]].reshape(shape)

    def uniform(self, least: float, most: float, shape: tuple[int, ...] = ()) -> Array:
        """Between two numbers."""
        return least + (most - least) * self._next("uniform", self._uniform, shape)

    def spread(self, least: float, most: float) -> Array:
        """() log-uniform between two numbers."""
        return jnp.exp(self.uniform(math.log(least), math.log(most)))

    def normal(self, shape: tuple[int, ...]) -> Array:
        """Normal, without tails."""
        return jnp.clip(self._next("normal", self._normal, shape), -2.5, 2.5)


def _distances(draws: _Draws, stations: int, users: int) -> tuple[Array, Array]:
    """(M, N) wired distances from each user's nearest station, of mean 1, and (N,) that station."""
    uniform, normal = draws.uniform, draws.normal
    sites = uniform(0.0, 1.0, (stations, 2))
    centres = uniform(0.0, 1.0, (4, 2))
    in_crowd = uniform(0.0, 1.0, (users,)) < uniform(-0.5, 0.9)
    which = jnp.floor(uniform(0.0, 4.0, (users,))).astype(jnp.int32)
    crowd = centres[jnp.minimum(which, 3)] + uniform(0.02, 0.2) * normal((users, 2))
    place = jnp.where(in_crowd[:, None], crowd, uniform(0.0, 1.0, (users, 2)))
    reach = ((place[None] - sites[:, None]) ** 2).sum(axis=-1)
    nearest = reach.argmin(axis=0)
    wired = jnp.sqrt(((sites[:, None] - sites[None]) ** 2).sum(axis=-1))
    own = jnp.where(uniform(0.0, 1.0) < 0.3, 1.0, 0.0)  # some worlds have no wires: users reach stations by radio
    distance = (1.0 - own) * wired[:, nearest] + own * jnp.sqrt(reach)
    return distance / jnp.maximum(distance.mean(), 1e-6), nearest
