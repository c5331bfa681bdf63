"""The exact response of every station to the users' prices: whom it would host, by bisection of its own prices."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.inference.price_sizes import CONGESTION_STEPS, SEAT_STEPS
from twinhop.learn.primal_dual.instance import PricedInstance

NEVER = -1e9
"""Worth of a user where it may not be."""
NOT_USABLE = 1e6
"""Reduced cost of a station that may not host."""


class Response(NamedTuple):
    """What the stations answer to prices.

    Attributes:
        value: () the relaxed value, per user [unit]: no plan costs less, up to rounding.
        reduced: (M,) reduced cost of opening each station, per user [unit].
        theta: (M,) congestion prices [unit].
        nu: (M,) seat prices [unit].
        share: (M, N) fractional association, 0 to 1.
        margin: (M, N) what a user is worth to a station after all that it is charged [unit].
    """

    value: Array
    reduced: Array
    theta: Array
    nu: Array
    share: Array
    margin: Array


def respond(instance: PricedInstance, price: Array, seats: bool, deadlines: bool) -> Response:
    """Solve every station's subproblem.

    ``V_k = min over theta, nu >= 0 of theta^2 F / 4 + N_k nu + sum_i (price_i - far_ki - charge_ki(theta) - nu)_+``,
    whose gradient by the prices is the association.

    Args:
        instance: the problem.
        price: (N,) what hosting a user is worth, above the least communication latency [unit].
        seats: whether seats may bind.
        deadlines: whether there are minimum shares.
    """
    fixed = jax.lax.stop_gradient
    worth = jnp.where(instance.allowed, price - instance.far, NEVER)
    worth_now, work = fixed(worth), instance.work
    low = jnp.zeros_like(instance.cpu)
    high = jnp.maximum((worth_now / jnp.maximum(work, 1e-6)).max(axis=1), 0.0) + 1e-6

    def margins(theta: Array) -> Array:
        return worth_now - _charge(instance, theta[:, None], deadlines)

    def seat_price(margin: Array) -> Array:
        if not seats:
            return jnp.zeros_like(low)

        def halved(bracket: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            least, most = bracket
            middle = 0.5 * (least + most)
            too_many = (margin > middle[:, None]).sum(axis=1) > instance.seats
            return (jnp.where(too_many, middle, least), jnp.where(too_many, most, middle)), None

        first = (jnp.zeros_like(low), jnp.maximum(margin.max(axis=1), 0.0))
        (_, most), _ = jax.lax.scan(halved, first, None, length=SEAT_STEPS)
        all_fit = (margin > 0.0).sum(axis=1) <= instance.seats
        return jnp.where(all_fit, 0.0, most)

    def takers(theta: Array) -> tuple[Array, Array, Array]:
        margin = margins(theta)
        nu = seat_price(margin)
        return margin, nu, margin > nu[:, None]

    def used(theta: Array, inside: Array) -> Array:
        load = jnp.maximum(work, 0.5 * theta[:, None] * instance.floor) if deadlines else work[None]
        return jnp.where(inside, load, 0.0).sum(axis=1)

    def narrowed(bracket: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        low, high = bracket
        theta = 0.5 * (low + high)
        is_more = used(theta, takers(theta)[2]) > 0.5 * theta * instance.cpu
        return (jnp.where(is_more, theta, low), jnp.where(is_more, high, theta)), None

    (low, high), _ = jax.lax.scan(narrowed, (low, high), None, length=CONGESTION_STEPS)
    _, _, outside = takers(low)
    margin, nu, inside = takers(high)
    used_low, used_high = used(low, outside), used(high, inside)
    room = 0.5 * high * instance.cpu - used_high
    blend = jnp.clip(room / jnp.maximum(used_low - used_high, 1e-9), 0.0, 1.0)[:, None]
    share = fixed(inside + blend * (1.0 * outside - inside))
    best = 0.25 * high**2 * instance.cpu + nu * jnp.where(nu > 0, instance.seats, 0.0)
    best = best + jnp.maximum(margin - nu[:, None], 0.0).sum(axis=1)
    best = fixed(best) + (share * jnp.where(instance.allowed, worth - worth_now, 0.0)).sum(axis=1)
    reduced = instance.opening - best / work.size
    opens = opened_now(instance, fixed(reduced))
    value = price.mean() + jnp.where(opens, reduced, 0.0).sum()
    margin = jnp.where(instance.allowed, price - instance.far, NEVER) - _charge(instance, high[:, None], deadlines)
    return Response(value, reduced, high, nu, share, margin - nu[:, None])


def ranks(values: Array) -> Array:
    """(M,) how many are smaller, those before among equals; a sort takes long to compile."""
    at = jnp.arange(values.size)
    is_before = (values[:, None] < values) | ((values[:, None] == values) & (at[:, None] < at))
    return is_before.sum(axis=0)


def opened_now(instance: PricedInstance, reduced: Array) -> Array:
    """(M,) bool, stations that the relaxation opens: those that pay, and at least as many as hold everybody."""
    usable = instance.seats > 0
    rank = ranks(jnp.where(usable, reduced, NOT_USABLE))
    return usable & ((reduced < 0) | (rank < instance.least_open))


def _charge(instance: PricedInstance, theta: Array, deadlines: bool) -> Array:
    """What users pay for computing: ``theta s``, or what their minimum share costs where that binds."""
    plain = theta * instance.work
    if not deadlines:
        return plain
    safe = jnp.maximum(instance.floor, 1e-9)
    bound = instance.work**2 / safe + 0.25 * theta**2 * instance.floor
    return jnp.where(theta * instance.floor > 2.0 * instance.work, bound, plain)
