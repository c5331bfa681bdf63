"""The actor: one agent a station, all with the same weights, over the bipartite graph of users and stations."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from twinhop.inference.actor_sizes import (
    EDGE_FEATURES,
    FIRST_NEARNESS,
    FIRST_OPENING,
    FORBIDDEN,
    GLOBAL_FEATURES,
    HEADS,
    NEARNESS,
    OUTPUT_GAIN,
    STATION_FEATURES,
    USER_FEATURES,
)
from twinhop.learn.multilayer import Affine, Multilayer
from twinhop.learn.structured.features import Features


class Decision(NamedTuple):
    """What all agents ask for."""

    opening: Array
    """(M,) logits: a station opens where it is greater than 0"""
    score: Array
    """(M, N) logits of the association"""


class EdgeLayer(eqx.Module):
    """``relu(A u_i + B v_k + C e_ki)`` of every edge: no product of width by width on edges."""

    of_user: Affine
    of_station: Affine
    of_edge: Affine

    def __init__(self, node: int, width: int):
        """Make deviations of weights, for nodes of one width and edges of another."""
        self.of_user = Affine(node, width)
        self.of_station = Affine(node, width)
        self.of_edge = Affine(EDGE_FEATURES, width, gain=2.0)

    def __call__(self, users: Array, stations: Array, edges: Array) -> Array:
        """(N, D), (M, D) and (M, N, E) to (M, N, width)."""
        return jax.nn.relu(self.of_user(users)[None] + self.of_station(stations)[:, None] + self.of_edge(edges))


class Round(eqx.Module):
    """One exchange: users associate softly in some ways, stations see what comes of it, users look back."""

    edge: EdgeLayer
    association: Affine
    nearness: Array
    """(4,) what each head learns to add to `NEARNESS`"""
    station: Multilayer
    user: Multilayer

    def __init__(self, node: int, width: int):
        """Make deviations of weights."""
        self.edge = EdgeLayer(node, width)
        self.association = Affine(width, HEADS, gain=0.5)
        self.nearness = jnp.zeros(HEADS)
        self.station = Multilayer((2 * node + HEADS + HEADS * width, node, node), activation="silu")
        self.user = Multilayer((node + HEADS * node, node, node), activation="silu")

    def __call__(self, obs: Features, users: Array, stations: Array) -> tuple[Array, Array]:
        """New states of the users (N, D) and the stations (M, D)."""
        count, share = obs.present.sum(), _stations_a_user(obs)
        h = self.edge(users, stations, obs.edges)
        logit = self.association(h) - obs.extra[..., None] * (jnp.array(NEARNESS) + self.nearness)
        soft = jax.nn.softmax(jnp.where(obs.allowed[..., None], logit, FORBIDDEN), axis=0)
        flow = jnp.where(obs.active[None, :, None], soft, 0.0) * share
        load = jnp.einsum("knh,n->kh", flow, obs.work)
        pooled = jnp.einsum("knh,knd->khd", flow, h).reshape(len(stations), -1)
        mean = jnp.sum(jnp.where(obs.present[:, None], stations, 0.0), axis=0) / count
        inputs = jnp.concatenate([stations, load, pooled, jnp.broadcast_to(mean, stations.shape)], axis=-1)
        stations = stations + self.station(inputs)
        looked = jnp.einsum("knh,kd->nhd", soft, stations).reshape(len(users), -1)
        return users + self.user(jnp.concatenate([users, looked], axis=-1)), stations


def _stations_a_user(obs: Features) -> Array:
    """() M / N of those present: what makes sums over users comparable."""
    return obs.present.sum() / jnp.maximum(obs.active.sum(), 1)


class Actor(eqx.Module):
    """Opening logits and scores of an instance of any size."""

    user: Multilayer
    station: Multilayer
    rounds: tuple[Round, ...]
    edge: EdgeLayer
    score: Affine
    opening: Multilayer

    def __init__(self, *, node: int, width: int, rounds: int):
        """Make deviations of weights, by which `init_weights` draws them.

        Args:
            node: width of the states of users and stations.
            width: of edges.
            rounds: exchanges between users and stations.
        """
        self.user = Multilayer((USER_FEATURES + GLOBAL_FEATURES, node, node), activation="silu")
        self.station = Multilayer((STATION_FEATURES + GLOBAL_FEATURES, node, node), activation="silu")
        self.rounds = tuple(Round(node, width) for _ in range(rounds))
        self.edge = EdgeLayer(node, width)
        self.score = Affine(width, 1, gain=0.1)
        self.opening = Multilayer((node, node, 1), activation="silu", last_gain=0.1)

    def __call__(self, obs: Features) -> Decision:
        """What the agents of one instance ask for."""
        users = self.user(_with_whole(obs.users, obs.whole))
        stations = self.station(_with_whole(obs.stations, obs.whole))
        for exchange in self.rounds:
            users, stations = exchange(obs, users, stations)
        learned = self.score(self.edge(users, stations, obs.edges))[..., 0]
        score = OUTPUT_GAIN * learned - FIRST_NEARNESS * obs.extra
        opening = OUTPUT_GAIN * self.opening(stations)[:, 0] + FIRST_OPENING
        return Decision(jnp.where(obs.present, opening, FORBIDDEN), jnp.where(obs.allowed, score, FORBIDDEN))


def _with_whole(rows: Array, whole: Array) -> Array:
    return jnp.concatenate([rows, jnp.broadcast_to(whole, (len(rows), len(whole)))], axis=-1)
