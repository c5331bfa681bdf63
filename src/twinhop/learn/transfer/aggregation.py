"""Weights of several networks in one: their weighted sum along a trajectory (Eq. 32), the pull of a source (Eq. 34)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from twinhop.errors import InputError
from twinhop.scenario.schema.readings import Reading

SUM_TOLERANCE = 1e-6
"""Weights may add up to so much more or less than one."""


def weighted_sum(models: Sequence[Any], weights: Sequence[float], names: Sequence[str] | None = None) -> Any:
    """One model of several.

    Formula: ``theta = sum_j w_j theta_j`` with ``w_j >= 0`` and ``sum_j w_j = 1``.

    Args:
        models: (J,) trees of arrays of one architecture.
        weights: (J,) how much each counts, such as shares of dwell time [1].
        names: (J,) what messages call the models.

    Returns:
        The tree of the sums.

    Raises:
        InputError: there is no model, a weight is missing, negative or not finite, the weights do not add up to one,
            or two models are of different architecture.

    Source:
        Lu et al., Eq. 32.

    Example:
        >>> weighted_sum([{"w": jnp.array([1.0, 3.0])}, {"w": jnp.array([3.0, 5.0])}], [0.25, 0.75])["w"].tolist()
        [2.5, 4.5]
    """
    called = [f"model {at}" for at in range(len(models))] if names is None else list(names)
    _check_weights(models, weights)
    for model, name in zip(models[1:], called[1:], strict=True):
        check_alike(models[0], model, called[0], name)
    return jax.tree.map(lambda *each: sum(w * leaf for w, leaf in zip(weights, each, strict=True)), *models)


@dataclass(frozen=True)
class Approach:
    """How a model is pulled towards a source while it learns; rho and its decay are traced, not compiled in.

    Attributes:
        rho: pull of the first iteration, from 0 to 1 [1].
        decay: by which the pull is multiplied in each iteration, above 0 and up to 1 [1].
        reading: ``sound``: a convex combination; ``literal``: the source is added as printed, and the model grows.
    """

    rho: float = 0.5
    decay: float = 0.98
    reading: Reading = "sound"

    def __post_init__(self) -> None:
        if not isinstance(self.rho, (int, float)):
            return  # traced
        if not 0.0 <= self.rho <= 1.0:
            raise InputError(f"rho: got {self.rho:g}; expected a number from 0 to 1")
        if not 0.0 < self.decay <= 1.0:
            raise InputError(f"rho decay: got {self.decay:g}; expected a number above 0 and up to 1")
        if self.reading not in ("sound", "literal"):
            raise InputError(f"transfer reading: got {self.reading!r}; accepted: sound, literal")


jax.tree_util.register_dataclass(Approach, ["rho", "decay"], ["reading"])


def approached(model: Any, source: Any, approach: Approach, iteration: Array | int) -> Any:
    """A model, pulled towards a source.

    Formula: ``rho_t = rho decay^t``; *sound* ``(1 - rho_t) theta + rho_t theta_src``, which stays between the two;
    *literal* ``theta + rho_t theta_src``, whose norm grows by up to ``rho_t |theta_src|`` in every iteration.

    Args:
        model: theta, a tree of arrays.
        source: theta_src, a tree of the same architecture.
        approach: rho, its decay and the reading.
        iteration: t, from 0.

    Source:
        Lu et al., Eq. 34 (reading row 20); with ``decay = 1`` as printed.

    Example:
        >>> approached(jnp.array([1.0]), jnp.array([3.0]), Approach(0.5, 1.0), 0).tolist()
        [2.0]
        >>> approached(jnp.array([1.0]), jnp.array([3.0]), Approach(0.5, 1.0, "literal"), 0).tolist()
        [2.5]
    """
    pull = jnp.float32(1.0) * approach.rho * approach.decay ** jnp.asarray(iteration, jnp.float32)
    keep = 1.0 - pull if approach.reading == "sound" else jnp.float32(1.0)
    return jax.tree.map(lambda own, other: (keep * own + pull * other).astype(own.dtype), model, source)


def norm(model: Any) -> Array:
    """Euclidean norm of all weights of a model, ``sqrt(sum theta^2)``.

    >>> float(norm({"w": jnp.array([3.0]), "b": jnp.array([4.0])}))
    5.0
    """
    return jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(model)))


def check_alike(first: Any, second: Any, first_name: str, second_name: str) -> None:
    """Refuse two models that cannot be added.

    Args:
        first: a tree of arrays.
        second: another one.
        first_name: what messages call the first.
        second_name: what messages call the second.

    Raises:
        InputError: their trees, or the shapes of their arrays, differ; the first difference is named.
    """
    one, other = (jax.tree_util.tree_flatten_with_path(model)[0] for model in (first, second))
    paths, others = ([jax.tree_util.keystr(path) for path, _ in leaves] for leaves in (one, other))
    if paths != others:
        odd = sorted(set(paths) ^ set(others))
        raise InputError(
            f"{second_name}: other networks than {first_name} ({odd[0] if odd else 'in another order'}); "
            "expected models of one architecture"
        )
    for name, (_, left), (_, right) in zip(paths, one, other, strict=True):
        if left.shape != right.shape:
            raise InputError(
                f"{second_name}: {name} is {tuple(right.shape)} and that of {first_name} {tuple(left.shape)}; "
                "expected models of one architecture"
            )


def _check_weights(models: Sequence[Any], weights: Sequence[float]) -> None:
    if not models:
        raise InputError("weighted sum: no model given; expected at least one")
    if len(weights) != len(models):
        raise InputError(f"weights: got {len(weights)} for {len(models)} models; expected one for each")
    wrong = [weight for weight in weights if not math.isfinite(weight) or weight < 0]
    if wrong:
        raise InputError(f"weights: got {wrong[0]:g}; expected numbers >= 0 that add up to 1")
    if abs(sum(weights) - 1.0) > SUM_TOLERANCE:
        raise InputError(f"weights: {', '.join(f'{w:g}' for w in weights)} add up to {sum(weights):g}; expected 1")
