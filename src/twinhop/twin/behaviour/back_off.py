"""Probabilities of categories from counts, backing off where little was counted."""

from __future__ import annotations

import numpy as np

from twinhop.jit import jit
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS, FloatArray, Prediction


@jit()
def backed_off(counts: FloatArray, lower: FloatArray) -> float:
    """Blend counts into the probabilities of a coarser model, in place: Witten-Bell smoothing.

    Formula: ``p_j = (c_j + t l_j) / (n + t)``, n the sum of the counts and t how many of them are not 0; without any
    count l stays as it is.

    Args:
        counts: (K,) how often each category followed.
        lower: (K,) probabilities of the coarser model; overwritten by p.

    Returns:
        n.

    Source: Witten and Bell, The zero-frequency problem, IEEE Trans. Information Theory 37 (1991), method C.

    Example:
        >>> lower = np.array([0.5, 0.5])
        >>> backed_off(np.array([3.0, 0.0]), lower), lower.tolist()
        (3.0, [0.875, 0.125])
    """
    total, kinds = 0.0, 0.0
    for category in range(counts.size):
        total += counts[category]
        kinds += 1.0 if counts[category] > 0.0 else 0.0
    if kinds > 0.0:
        for category in range(counts.size):
            lower[category] = (counts[category] + kinds * lower[category]) / (total + kinds)
    return total


def with_interval(probabilities: FloatArray, trials: float) -> Prediction:
    """Probabilities with the 90 % interval of each: that of Wilson for n trials; [0, 1] without any.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).

    Example:
        >>> with_interval(np.array([0.5]), 0.0).high.tolist()
        [1.0]
    """
    squared = INTERVAL_SIGMAS * INTERVAL_SIGMAS
    centre = (trials * probabilities + 0.5 * squared) / (trials + squared)
    spread = np.sqrt(trials * probabilities * (1.0 - probabilities) + 0.25 * squared)
    half = INTERVAL_SIGMAS * spread / (trials + squared)
    return Prediction(probabilities, np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0))


def likely_categories(probabilities: FloatArray, share: float) -> list[int]:
    """The fewest categories that together have this probability, most likely first.

    Args:
        probabilities: (K,).
        share: in (0, 1].

    Example:
        >>> likely_categories(np.array([0.05, 0.7, 0.25]), 0.9)
        [1, 2]
    """
    order = np.argsort(-probabilities, kind="stable")
    reached = np.cumsum(probabilities[order])
    return order[: int(np.searchsorted(reached, share - 1e-12)) + 1].tolist()
