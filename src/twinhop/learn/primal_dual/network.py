"""The primal-dual network: an unrolled ascent on users' prices whose steps are learned."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from twinhop.inference.price_sizes import (
    EDGE,
    LARGEST_LOG,
    LARGEST_MARGIN,
    LARGEST_RATIO,
    LEAST_UNIT,
    NEAR,
    NEARER,
    STATION,
    STEEP,
    STEP,
    USER,
)
from twinhop.learn.multilayer import Affine
from twinhop.learn.primal_dual.instance import PricedInstance
from twinhop.learn.primal_dual.response import Response, opened_now, respond


class Block(eqx.Module):
    """One step: messages over links between users and stations, then a change of every user's log price."""

    edge: Affine
    of_user: Affine
    of_station: Affine
    user: Affine
    station: Affine
    change: Affine

    def __init__(self, width: int):
        """Make deviations of weights, see `init_weights`."""
        self.edge = Affine(EDGE, width)
        self.of_user = Affine(width + USER, width)
        self.of_station = Affine(width + STATION, width)
        self.user = Affine(3 * width + USER, width)
        self.station = Affine(3 * width + STATION, width)
        self.change = Affine(width + USER, 1, gain=0.1)


class Static(NamedTuple):
    """What does not change from block to block."""

    unit: Array
    """(N,) a user's own unit of price"""
    mean_unit: Array
    opened: Array
    """() stations that are opened, about"""
    users: Array
    """(N, ...) features"""
    stations: Array
    """(M, ...) features"""
    whole: Array
    ratio: Array
    """(M, N) how far, in the user's unit"""
    links: tuple[Array, Array, Array]
    """(M, N) features of links: how far by two measures, and minimum shares"""
    by_user: Array
    """(M, N) weights of stations that add up to 1 for a user"""
    by_station: Array
    """(M, N) weights of users that add up to 1 for a station"""
    scale: Array
    """() what plans cost, about [unit]"""


class Priced(NamedTuple):
    """Prices, and what they were on the way.

    Attributes:
        price: (N,) above the least communication latency [unit].
        log_price: (N,) the logarithms of prices in users' own units.
        values: (blocks,) relaxed values before each block.
        scale: () what plans cost, about [unit].
    """

    price: Array
    log_price: Array
    values: Array
    scale: Array


class PrimalDualNetwork(eqx.Module):
    """``price_i = unit_i exp(z_i)``: every block sees the exact response to its prices and changes z.

    The numbers of users and stations are no part of it.
    """

    blocks: Block
    """all of them, stacked on a leading axis, so that one of them is compiled"""

    def __init__(self, blocks: int, width: int):
        """Make deviations of weights, see `init_weights`."""
        self.blocks = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (blocks, *leaf.shape)), Block(width))

    def __call__(self, instance: PricedInstance, start: Array, seats: bool = True, deadlines: bool = True) -> Priced:
        """Prices of an instance.

        Args:
            instance: the problem.
            start: (N,) log prices to begin with; 0: each user's own unit.
            seats: whether seats may bind.
            deadlines: whether there are minimum shares.
        """
        static = prepared(instance)
        width = self.blocks.edge.bias.shape[1]
        stations, users = instance.far.shape

        def step(state: tuple[Array, Array, Array], block: Block) -> tuple[tuple[Array, Array, Array], Array]:
            response = respond(instance, static.unit * jnp.exp(state[0]), seats, deadlines)
            return _step(block, instance, static, response, *state), response.value

        first = (start, jnp.zeros((users, width)), jnp.zeros((stations, width)))
        (z, _, _), values = jax.lax.scan(step, first, self.blocks)
        return Priced(static.unit * jnp.exp(z), z, values, static.scale)


def soft(x: Array) -> Array:
    """``x / (1 + |x|)``."""
    return x / (1.0 + jnp.abs(x))


def prepared(instance: PricedInstance) -> Static:
    """What of an instance does not change with prices."""
    stations, users = instance.far.shape
    may = instance.allowed.astype(jnp.float32)
    usable = (instance.seats > 0).astype(jnp.float32)
    count = jnp.maximum(usable.sum(), 1.0)
    opening = (instance.opening * usable).sum() / count
    floors = jnp.where(instance.allowed, instance.floor, jnp.inf).min(axis=0)
    floored = jnp.where(jnp.isfinite(floors), floors, 0.0).sum() / ((instance.cpu * usable).sum() / count + 1e-9)
    mean_square = instance.work.mean() ** 2 * users / jnp.maximum((instance.cpu * usable).sum(), 1e-9)
    least = jnp.maximum(jnp.maximum(instance.least_open, floored), 1.0)
    opened = jnp.clip(jnp.sqrt(mean_square * count / jnp.maximum(opening, 1e-6)), jnp.minimum(least, count), count)
    computing = mean_square * count / opened
    unit = 2.0 * instance.work * computing + opening
    unit = unit + LEAST_UNIT * unit.mean() + 1e-9
    mean_unit = unit.mean()
    ratio = instance.far / unit
    far = (instance.far * may).sum() / jnp.maximum(may.sum(), 1.0)
    nearness = may * jnp.exp(-jnp.minimum(NEAR * ratio + NEARER * instance.far / (far + 1e-9), 60.0))
    by_user = nearness / (nearness.sum(axis=0) + 1e-12)
    attracted = by_user.sum(axis=1)
    by_station = by_user / (attracted[:, None] + 1e-6)
    share = opened / users
    room = jnp.minimum(instance.seats, users)
    whole = jnp.stack(
        [
            opened / stations,
            jnp.log1p(opening * count / mean_unit),
            jnp.sqrt(share),
            jnp.minimum(users / jnp.maximum(room.sum(), 1.0), 1.0),
        ]
    )
    of_users = jnp.stack(
        [
            instance.work,
            unit / mean_unit,
            soft((by_user * ratio).sum(axis=0)),
            (may * soft(ratio)).sum(axis=0) / stations,
            may.mean(axis=0),
        ],
        axis=1,
    )
    of_stations = jnp.stack(
        [
            jnp.minimum(instance.cpu * stations / users, LARGEST_RATIO),
            jnp.log1p(attracted * stations / users),
            jnp.log1p((by_user * instance.work).sum(axis=1) * stations / users),
            jnp.log1p(room * share),
            jnp.minimum(instance.opening / (opening + 1e-9), LARGEST_RATIO),
        ],
        axis=1,
    )
    fair = instance.floor / (jnp.maximum(instance.cpu, 1e-9) * share)[:, None]
    return Static(
        unit,
        mean_unit,
        opened,
        of_users,
        of_stations,
        whole,
        ratio,
        (soft(ratio), instance.far / (instance.far + far + 1e-9), soft(fair)),
        by_user,
        by_station,
        instance.near + computing + opening * opened + (by_user * instance.far).sum() / users,
    )


def _step(
    block: Block, instance: PricedInstance, static: Static, response: Response, z: Array, u: Array, v: Array
) -> tuple[Array, Array, Array]:
    users = z.size
    may = instance.allowed.astype(jnp.float32)
    reduced = response.reduced * static.opened / static.mean_unit
    usable = instance.seats > 0
    open_now = opened_now(instance, response.reduced).astype(jnp.float32)
    likely = jnp.where(usable, jax.nn.sigmoid(jnp.clip(-8.0 * reduced, -30.0, 30.0)), 0.0)
    covered = (response.share * likely[:, None]).sum(axis=0)
    covered_now = (response.share * open_now[:, None]).sum(axis=0)
    margin = jnp.clip(response.margin / static.unit, -LARGEST_MARGIN, LARGEST_MARGIN)
    hosted = response.share.sum(axis=1)
    floors = (response.share * instance.floor).sum(axis=1) / jnp.maximum(instance.cpu, 1e-9)
    whole = static.whole
    of_users = jnp.concatenate(
        [
            static.users,
            jnp.stack([z, soft(2.0 * (covered - 1.0)), soft(2.0 * (covered_now - 1.0))], axis=1),
            jnp.broadcast_to(whole, (users, 4)),
        ],
        axis=1,
    )
    of_stations = jnp.concatenate(
        [
            static.stations,
            jnp.stack(
                [
                    soft(3.0 * reduced),
                    jnp.minimum(response.theta / static.mean_unit, LARGEST_RATIO),
                    jnp.log1p(hosted * static.opened / users),
                    soft(3.0 * response.nu / static.mean_unit),
                    hosted / jnp.maximum(instance.seats, 1.0),
                    jnp.minimum(floors, LARGEST_RATIO),
                    open_now,
                ],
                axis=1,
            ),
            jnp.broadcast_to(whole, (reduced.size, 4)),
        ],
        axis=1,
    )
    near, nearer, fair = static.links
    links = jnp.stack([near, nearer, margin, soft(STEEP * margin), response.share, fair], axis=-1)
    seen = jnp.concatenate([u, of_users], axis=1)
    there = jnp.concatenate([v, of_stations], axis=1)
    message = jax.nn.relu(block.edge(links) + block.of_user(seen)[None] + block.of_station(there)[:, None])
    message = message * may[..., None]
    to_users = jnp.concatenate(
        [u, (message * static.by_user[..., None]).sum(axis=0), message.max(axis=0), of_users], axis=1
    )
    taken = (message * response.share[..., None]).sum(axis=1) / (hosted[:, None] + 1e-6)
    to_stations = jnp.concatenate([v, (message * static.by_station[..., None]).sum(axis=1), taken, of_stations], axis=1)
    u = u + jax.nn.relu(block.user(to_users))
    v = v + jax.nn.relu(block.station(to_stations))
    change = block.change(jnp.concatenate([u, of_users], axis=1))[:, 0]
    return jnp.clip(z + STEP * change, -LARGEST_LOG, LARGEST_LOG), u, v
