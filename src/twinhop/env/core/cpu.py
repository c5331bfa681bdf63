"""The CPU capacity of stations from slot to slot."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from twinhop.scenario.schema.movement_section import CpuDynamics
from twinhop.units import CYCLES_PER_GCYCLE


def next_cpu(cpu: Array, own: Array, normal: Array, section: CpuDynamics, slot_s: float) -> Array:
    """The capacities one slot later.

    Formula: ``F <- B(F_k + a (F - F_k) + sigma sqrt(1 - a^2) n)`` with ``a = exp(-slot / correlation_s)``; B mirrors
    at the bounds, or holds there. Constant CPUs stay as they are.

    Args:
        cpu: (M,) capacities F [cycle/s].
        own: (M,) about which they wander, F_k [cycle/s].
        normal: (M,) standard normal draws.
        section: kind constant or ar1, and its parameters.
        slot_s: length of a slot [s].

    Returns:
        (M,) capacities [cycle/s].

    Source:
        The process of `scenario.dynamics.cpu.Ar1Cpu`.
    """
    if section.kind == "constant":
        return cpu
    memory = math.exp(-slot_s / section.correlation_s)
    noise = section.sigma_gcycles_per_s * CYCLES_PER_GCYCLE * math.sqrt(1.0 - memory * memory)
    low = section.min_gcycles_per_s * CYCLES_PER_GCYCLE
    span = section.max_gcycles_per_s * CYCLES_PER_GCYCLE - low
    wandered = own + memory * (cpu - own) + noise * normal
    if section.bounds == "reflect":
        wandered = low + span - jnp.abs(span - jnp.mod(wandered - low, 2.0 * span))
    return jnp.clip(wandered, low, low + span)
