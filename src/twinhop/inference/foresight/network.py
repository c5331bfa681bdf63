"""The two small networks, in NumPy: which forecaster to believe, and what a move is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.foresight.features import FEATURES, MOST, Float
from twinhop.inference.foresight.tracks import CONTEXT, EXPERTS
from twinhop.inference.weight_arrays import check_arrays, check_names

#: By how much what is learned may correct what moves are worth, in units of their cost: while it is learned, and in
#: decisions. Weights that are believed whole move too often where nothing like it was learned from.
CORRECTION, BELIEVED = 1.0, 0.5


class Weights(NamedTuple):
    """Of both networks; arrays of NumPy or JAX.

    Attributes:
        believe_in: (C, H) from what is known of a user.
        believe_out: (H, E) to the logits of forecasters.
        believe_skip: (C, E) linear part.
        worth_in: (F, H) from the features of a move.
        worth_bias: (H,).
        worth_mid: (H, H).
        worth_mid_bias: (H,).
        worth_out: (H,) to the correction of its worth.
        worth_skip: (F,) linear part, which is not learned: the values to go, computing and cost.
    """

    believe_in: Float
    believe_out: Float
    believe_skip: Float
    worth_in: Float
    worth_bias: Float
    worth_mid: Float
    worth_mid_bias: Float
    worth_out: Float
    worth_skip: Float


def shapes(width: int) -> tuple[tuple[int, ...], ...]:
    """The shapes of weights of a width H."""
    return (
        (CONTEXT, width),
        (width, len(EXPERTS)),
        (CONTEXT, len(EXPERTS)),
        (FEATURES, width),
        (width,),
        (width, width),
        (width,),
        (width,),
        (FEATURES,),
    )


def weights_of_arrays(arrays: Mapping[str, NDArray], source: str) -> Weights:
    """Weights out of a file.

    Args:
        arrays: by name.
        source: names the file in messages.

    Raises:
        InputError: arrays are missing, of other sizes, or not finite.
    """
    names = [f".{name}" for name in Weights._fields]
    check_names(arrays, names, source)
    check_arrays(arrays, dict(zip(names, shapes(arrays[".worth_bias"].size), strict=True)), source)
    return Weights(*(arrays[path] for path in names))


def beliefs(weights: Weights, known: Float) -> Float:
    """(n, E) how far each forecaster is believed, of sum 1.

    Args:
        weights: of the networks.
        known: (n, C) of `context`.
    """
    logits = known @ weights.believe_skip + np.tanh(known @ weights.believe_in) @ weights.believe_out
    logits -= logits.max(axis=1, keepdims=True)
    result = np.exp(logits)
    return result / result.sum(axis=1, keepdims=True)


def worth(weights: Weights, features: Float, correction: float = BELIEVED) -> Float:
    """(...,) what moves are worth, less their cost, in units of it; features (..., F).

    ``f . skip + correction tanh(out . h)``: what is learned corrects the values to go within bounds, so that loads
    that were never seen in training count as they must.
    """
    flat = features.reshape(-1, features.shape[-1])
    if not correction:
        return (flat @ weights.worth_skip).reshape(features.shape[:-1])
    hidden = np.tanh(np.clip(flat, -MOST, MOST) @ weights.worth_in + weights.worth_bias)
    hidden = np.tanh(hidden @ weights.worth_mid + weights.worth_mid_bias)
    corrected = flat @ weights.worth_skip + np.float32(correction) * np.tanh(hidden @ weights.worth_out)
    return corrected.reshape(features.shape[:-1])
