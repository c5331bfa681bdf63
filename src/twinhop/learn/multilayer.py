"""Multilayer perceptrons whose only leaves are arrays, so that a whole network can be averaged, stacked and saved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

Activation = Literal["relu", "silu"]
GAINS: dict[Activation, float] = {"relu": math.sqrt(2.0), "silu": 1.4}
"""What a layer before an activation multiplies its weights by, so that signals keep their size."""


class Affine(eqx.Module):
    """``y = x W + b``, of any leading axes."""

    weight: Array
    bias: Array

    def __init__(self, inputs: int, outputs: int, *, key: Array, gain: float = 1.0):
        """Draw normal weights of variance ``gain^2 / inputs``; biases are nought."""
        self.weight = gain / math.sqrt(inputs) * jax.random.normal(key, (inputs, outputs), jnp.float32)
        self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x: Array) -> Array:
        """(..., inputs) to (..., outputs)."""
        return x @ self.weight + self.bias


class Multilayer(eqx.Module):
    """Affine layers with an activation between them, of any leading axes."""

    layers: tuple[Affine, ...]
    activation: Activation = eqx.field(static=True)

    def __init__(self, sizes: Sequence[int], *, key: Array, activation: Activation = "relu", last_gain: float = 1.0):
        """Draw the weights.

        Args:
            sizes: of the input, the hidden layers and the output.
            key: of the draw.
            activation: between layers; none follows the last one.
            last_gain: of the last layer; a small one makes outputs start near nought.
        """
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        gains = [GAINS[activation]] * (len(pairs) - 1) + [last_gain]
        keys = jax.random.split(key, len(pairs))
        self.layers = tuple(
            Affine(inputs, outputs, key=each, gain=gain)
            for (inputs, outputs), each, gain in zip(pairs, keys, gains, strict=True)
        )
        self.activation = activation

    def __call__(self, x: Array) -> Array:
        """(..., sizes[0]) to (..., sizes[-1])."""
        activate = jax.nn.relu if self.activation == "relu" else jax.nn.silu
        for layer in self.layers[:-1]:
            x = activate(layer(x))
        return self.layers[-1](x)
