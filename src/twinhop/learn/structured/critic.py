"""The critic: one for the shared reward, the same whatever the order of users and stations.

``Q = mean_i sum_k P_ki f(x_ki) + mean_k g(M/N sum_i P_ki psi(x_ki), F_k, opening_k, y_k)``: what a user adds by itself,
and what a station makes of those it gets. It says what an instance costs above its base, in its units.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from twinhop.inference.actor_sizes import GLOBAL_FEATURES, STATION_FEATURES, UNITS, USER_FEATURES
from twinhop.learn.multilayer import Affine, Multilayer
from twinhop.learn.structured.features import Features

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
        """Make deviations of weights, by which `init_weights` draws them.

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

    def of_stations(self, obs: Features, pooled: Array, opened: Array) -> Array:
        """() mean of g over the stations present.

        Args:
            obs: the instance.
            pooled: (M, POOLED) what each station gets.
            opened: (M,) y, from 0 to 1.
        """
        return jnp.sum(jnp.where(obs.present, self.g(obs, pooled, opened), 0.0)) / obs.present.sum()

    def g(self, obs: Features, pooled: Array, opened: Array) -> Array:
        """(M,) g of each station."""
        columns = (obs.speed - 1, 1 / jnp.maximum(obs.speed, 0.1) - 1, opened, obs.price * opened / UNITS)
        even = jnp.broadcast_to(_even_share(obs), opened.shape)
        own = jnp.stack([*columns, even], axis=-1)
        whole = jnp.broadcast_to(obs.whole, (*opened.shape, GLOBAL_FEATURES))
        inputs = jnp.concatenate([pooled, own, whole], axis=-1)
        return self.station(jax.nn.silu(self.gate(inputs)) * self.gated(inputs))[..., 0]

    def of_future(self, obs: Features) -> Array:
        """() what is to come whatever is decided now; 0 where nothing is."""
        if self.future is None:
            return jnp.zeros(())
        return self.future(jnp.concatenate([*means(obs), obs.whole]))[0]


def _even_share(obs: Features) -> Array:
    """() G over the eight units: what computing costs where all stations share evenly."""
    return (0.5 - obs.whole[1]) * (obs.whole[0] + 0.5)


def means(obs: Features) -> tuple[Array, Array]:
    """Means of the features of the users and of the stations that are present."""
    users = jnp.sum(jnp.where(obs.active[:, None], obs.users, 0.0), axis=0) / jnp.maximum(obs.active.sum(), 1)
    stations = jnp.sum(jnp.where(obs.present[:, None], obs.stations, 0.0), axis=0) / obs.present.sum()
    return users, stations


def cost_of_hosts(critic: Critic, obs: Features, host: Array) -> Array:
    """() the predicted cost of a placement, by which the critic is fitted.

    Args:
        critic: the critic.
        obs: the instance.
        host: (N,) int32.
    """
    stations = obs.present.shape[0]
    member = ((jnp.arange(stations)[:, None] == host[None, :]) & obs.active).astype(jnp.float32)
    own_extra = jnp.sum(member * obs.extra, axis=0)
    z = critic.of_edges(own_extra, obs.work)
    users = jnp.maximum(obs.active.sum(), 1)
    pooled = obs.present.sum() / users * (member @ z[:, 1:])
    alone = jnp.sum(jnp.where(obs.active, z[:, 0], 0.0)) / users
    return alone + critic.of_stations(obs, pooled, member.max(axis=1)) + critic.of_future(obs)


def cost_of_shares(critic: Critic, obs: Features, edges: Array, shares: Array, opened: Array) -> Array:
    """() the predicted cost of a soft association, by which the actor is led.

    Args:
        critic: the critic.
        obs: the instance.
        edges: (M, N, 1 + POOLED) its `of_edges`, which depend on no decision.
        shares: (M, N) P, of every user's twin on every station.
        opened: (M,) y.
    """
    users = jnp.maximum(obs.active.sum(), 1)
    shares = jnp.where(obs.active, shares, 0.0)
    pooled = jnp.einsum("kn,knc->kc", shares, edges)
    alone = pooled[:, 0].sum() / users
    return alone + critic.of_stations(obs, obs.present.sum() / users * pooled[:, 1:], opened)
