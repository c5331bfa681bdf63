"""The critic: one for the shared reward, the same whatever the order of users and stations.

``Q = mean_i sum_k P_ki f(x_ki) + mean_k g(M/N sum_i P_ki psi(x_ki), F_k, opening_k, y_k)``: what a user adds by itself,
and what a station makes of those it gets. It says what an instance costs above its base, in its units.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from twinhop.learn.multilayer import Affine, Multilayer
from twinhop.learn.structured.features import (
    GLOBAL_FEATURES,
    STATION_FEATURES,
    UNITS,
    USER_FEATURES,
    Features,
)

POOLED = 8
EDGE_INPUTS, STATION_INPUTS = 3, POOLED + 5 + GLOBAL_FEATURES


class Critic(eqx.Module):
    """Predicts the cost of openings and an association, soft or hard."""

    edge: Multilayer
    edge_skip: Affine
    gate: Affine
    gated: Affine
    station: Multilayer
    future: Multilayer | None

    def __init__(self, *, edge_width: int, station_width: int, sees_future: bool):
        """Make deviations of weights, by which `drawn` draws them.

        Args:
            edge_width: hidden width of f and psi.
            station_width: hidden width of g.
            sees_future: whether costs to come depend on the state beside what is decided now.
        """
        self.edge = Multilayer((EDGE_INPUTS, edge_width, POOLED + 1))
        self.edge_skip = Affine(EDGE_INPUTS, POOLED + 1)
        self.gate = Affine(STATION_INPUTS, station_width)
        self.gated = Affine(STATION_INPUTS, station_width)
        self.station = Multilayer((station_width, station_width, 1), activation="silu")
        inputs = USER_FEATURES + STATION_FEATURES + GLOBAL_FEATURES
        self.future = Multilayer((inputs, 32, 1), activation="silu", last_gain=0.1) if sees_future else None

    def of_edges(self, extra: Array, work: Array) -> Array:
        """F and psi of edges: (..., 1 + POOLED)."""
        x = jnp.stack([extra / 2, work - 1, extra * work / 2], axis=-1)
        return self.edge(x) + self.edge_skip(x)

    def of_stations(self, seen: Features, pooled: Array, opened: Array) -> Array:
        """() mean of g over the stations present.

        Args:
            seen: the instance.
            pooled: (M, POOLED) what each station gets.
            opened: (M,) y, from 0 to 1.
        """
        return jnp.sum(jnp.where(seen.present, self.g(seen, pooled, opened), 0.0)) / seen.present.sum()

    def g(self, seen: Features, pooled: Array, opened: Array) -> Array:
        """(M,) g of each station."""
        columns = (seen.speed - 1, 1 / jnp.maximum(seen.speed, 0.1) - 1, opened, seen.price * opened / UNITS)
        even = jnp.broadcast_to(_even_share(seen), opened.shape)
        own = jnp.stack([*columns, even], axis=-1)
        whole = jnp.broadcast_to(seen.whole, (*opened.shape, GLOBAL_FEATURES))
        inputs = jnp.concatenate([pooled, own, whole], axis=-1)
        return self.station(jax.nn.silu(self.gate(inputs)) * self.gated(inputs))[..., 0]

    def of_future(self, seen: Features) -> Array:
        """() what is to come whatever is decided now; 0 where nothing is."""
        if self.future is None:
            return jnp.zeros(())
        return self.future(jnp.concatenate([*means(seen), seen.whole]))[0]


def _even_share(seen: Features) -> Array:
    """() G over the eight units: what computing costs where all stations share evenly."""
    return (0.5 - seen.whole[1]) * (seen.whole[0] + 0.5)


def means(seen: Features) -> tuple[Array, Array]:
    """Means of the features of the users and of the stations that are present."""
    users = jnp.sum(jnp.where(seen.active[:, None], seen.users, 0.0), axis=0) / jnp.maximum(seen.active.sum(), 1)
    stations = jnp.sum(jnp.where(seen.present[:, None], seen.stations, 0.0), axis=0) / seen.present.sum()
    return users, stations


def cost_of_hosts(critic: Critic, seen: Features, host: Array) -> Array:
    """() the predicted cost of a placement, by which the critic is fitted.

    Args:
        critic: the critic.
        seen: the instance.
        host: (N,) int32.
    """
    stations = seen.present.shape[0]
    member = ((jnp.arange(stations)[:, None] == host[None, :]) & seen.active).astype(jnp.float32)
    own_extra = jnp.sum(member * seen.extra, axis=0)
    z = critic.of_edges(own_extra, seen.work)
    users = jnp.maximum(seen.active.sum(), 1)
    pooled = seen.present.sum() / users * (member @ z[:, 1:])
    alone = jnp.sum(jnp.where(seen.active, z[:, 0], 0.0)) / users
    return alone + critic.of_stations(seen, pooled, member.max(axis=1)) + critic.of_future(seen)


def cost_of_shares(critic: Critic, seen: Features, edges: Array, shares: Array, opened: Array) -> Array:
    """() the predicted cost of a soft association, by which the actor is led.

    Args:
        critic: the critic.
        seen: the instance.
        edges: (M, N, 1 + POOLED) its `of_edges`, which depend on no decision.
        shares: (M, N) P, of every user's twin on every station.
        opened: (M,) y.
    """
    users = jnp.maximum(seen.active.sum(), 1)
    shares = jnp.where(seen.active, shares, 0.0)
    pooled = jnp.einsum("kn,knc->kc", shares, edges)
    alone = pooled[:, 0].sum() / users
    return alone + critic.of_stations(seen, seen.present.sum() / users * pooled[:, 1:], opened)
