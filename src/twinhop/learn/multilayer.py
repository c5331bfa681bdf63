"""Multilayer perceptrons whose only leaves are arrays, so that a whole network can be averaged, stacked and saved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

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

    def __init__(self, inputs: int, outputs: int, *, key: Array | None = None, gain: float = 1.0):
        """Draw normal weights of variance ``gain^2 / inputs``; biases are nought.

        Without a key, weights hold the standard deviation instead: what `init_weights` draws by.
        """
        shape, deviation = (inputs, outputs), gain / math.sqrt(inputs)
        self.weight = deviation * (jnp.ones(shape) if key is None else jax.random.normal(key, shape, jnp.float32))
        self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x: Array) -> Array:
        """(..., inputs) to (..., outputs)."""
        return x @ self.weight + self.bias


class Multilayer(eqx.Module):
    """Affine layers with an activation between them, of any leading axes."""

    layers: tuple[Affine, ...]
    activation: Activation = eqx.field(static=True)

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        key: Array | None = None,
        activation: Activation = "relu",
        last_gain: float = 1.0,
    ):
        """Draw the weights.

        Args:
            sizes: of the input, the hidden layers and the output.
            key: of the draw; None: weights hold deviations, see `init_weights`.
            activation: between layers; none follows the last one.
            last_gain: of the last layer; a small one makes outputs start near nought.
        """
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        gains = [GAINS[activation]] * (len(pairs) - 1) + [last_gain]
        keys = [None] * len(pairs) if key is None else jax.random.split(key, len(pairs))
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


def init_weights(deviations: Any, key: Array) -> Any:
    """A network with normal weights, all in one draw: it compiles in a tenth of the time of a draw a layer.

    Args:
        deviations: the network with standard deviations for weights, as it is made without a key.
        key: of the draw.
    """
    leaves, tree = jax.tree.flatten(deviations)
    ends = [0]
    for leaf in leaves:
        ends.append(ends[-1] + leaf.size)
    normal = jax.random.normal(key, (ends[-1],), jnp.float32)
    weights = [
        leaf * normal[start:end].reshape(leaf.shape)
        for leaf, start, end in zip(leaves, ends[:-1], ends[1:], strict=True)
    ]
    return jax.tree.unflatten(tree, weights)
