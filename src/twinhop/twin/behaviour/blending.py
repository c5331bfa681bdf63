"""What a twin's model and the model of the region it comes to say together: Eq. 32 and Eq. 34 of the reference paper.

Counts of categories are averaged as they are, their last category is the twin's own; for numbers see `row_blending`.
`next_station` keeps visits, of which there is no mean: blend what two of them predict, with `blended_probabilities`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from twinhop.errors import InputError
from twinhop.twin.behaviour.markov_chain import MarkovChain
from twinhop.twin.behaviour.model import BehaviourModel, FloatArray
from twinhop.twin.behaviour.row_blending import Reading, blended_rows, learned_columns, pooled_row
from twinhop.twin.behaviour.row_model import PARAMETERS, STATE, RowModel

#: By how much the sum of weights may miss 1.
SUM_TOLERANCE = 1e-9
#: Arrays of a chain that are averaged.
COUNTS = ("counts", "seen")


def dwell_weights(dwell_s: ArrayLike) -> FloatArray:
    """Weights of Eq. 32 by the time that each twin, or each place, held the user.

    Formula: ``w_p = T_p / sum T``.

    Args:
        dwell_s: (N,) at least 0, not all 0 [s].

    Raises:
        InputError: there is none, one is negative or not finite, or all are 0.

    Example:
        >>> dwell_weights([30.0, 10.0]).tolist()
        [0.75, 0.25]
    """
    spans = np.asarray(dwell_s, dtype=np.float64)
    if spans.ndim != 1 or not (np.isfinite(spans).all() and (spans >= 0).all() and spans.sum() > 0):
        raise InputError(f"blending: dwell_s: must be times of at least 0 s, one of them greater (got {spans})")
    return spans / spans.sum()


def pooled(models: Sequence[BehaviourModel], weights: ArrayLike) -> BehaviourModel:
    """The model of a region: the weighted sum of the models of twins in it.

    Formula: ``theta = sum_p w_p theta_p``, ``sum_p w_p = 1``; of motion the moments of the mixture.

    Args:
        models: of one kind and of the same parameters, each with something learned.
        weights: (N,) at least 0, of sum 1, as `dwell_weights` gives them [1].

    Returns:
        A model whose present state is that of the heaviest; `blended` looks only at what it learned.

    Raises:
        InputError: there is no model, they differ in kind or parameters, one has learned nothing, or the weights are
            negative, not one a model, or of another sum.

    Source: reference paper, Eq. 32, readings row 19.

    Example:
        >>> fast, slow = (MarkovChain(categories=2) for _ in range(2))
        >>> for second, (one, other) in enumerate([(0, 0), (1, 0), (0, 1)]):
        ...     fast.update(float(second), np.array([float(one)]))
        ...     slow.update(float(second), np.array([float(other)]))
        >>> pooled([fast, slow], [0.5, 0.5]).arrays()["counts"].tolist()
        [[0.5, 1.0], [0.5, 0.0]]
    """
    shares = np.asarray(weights, dtype=np.float64)
    if not models or shares.shape != (len(models),):
        raise InputError(f"blending: weights: must be one a model (got {shares.size} for {len(models)} models)")
    if not (shares >= 0).all() or not abs(shares.sum() - 1.0) <= SUM_TOLERANCE:
        raise InputError(f"blending: weights: must be at least 0 and of sum 1 (got {shares}, sum {shares.sum():.12g})")
    for model in models:
        _require_alike(models[0], model)
    arrays = [model.arrays() for model in models]
    first, heaviest = models[0], arrays[int(np.argmax(shares))]
    if isinstance(first, RowModel):
        states = np.array([each[STATE] for each in arrays])
        row = pooled_row(type(first), first.width, states, shares)
        return type(first).from_arrays({**heaviest, STATE: row})
    means = {name: np.tensordot(shares, np.array([each[name] for each in arrays]), axes=1) for name in COUNTS}
    return type(first).from_arrays({**heaviest, **means})


def of_twins(chain: MarkovChain, twins: float) -> MarkovChain:
    """A chain whose counts, a mean over twins, stand for so many of them: the less it backs off where it saw little.

    Formula: ``c_ij <- n c_ij``. With n = ``1 / sum w^2`` (Kish's effective number) and equal weights, the mean becomes
    the sum that counting all of them in one chain gives.

    Args:
        chain: as `pooled` makes it.
        twins: n, greater than 0 [1].

    Raises:
        InputError: n is out of range.

    Source: Kish, Survey sampling (1965), for the effective number.
    """
    if not 0 < twins < math.inf:
        raise InputError(f"blending: twins: must be greater than 0 (got {twins:g})")
    arrays = chain.arrays()
    return MarkovChain.from_arrays({**arrays, **{name: twins * arrays[name] for name in COUNTS}})


def blended(region: BehaviourModel, source: BehaviourModel, rho: float, reading: Reading = "sound") -> BehaviourModel:
    """The model of a twin that comes to a region: what the region knows, and what the twin brings.

    Formula: ``sound``: ``(1 - rho) theta + rho theta_src``; ``literal``: ``theta + rho theta_src``, which grows with
    every move.

    Args:
        region: theta, as `pooled` makes it.
        source: theta_src, the model that moved; where the twin is now is taken from it.
        rho: weight of the source, in [0, 1] [1].
        reading: of Eq. 34.

    Raises:
        InputError: the models differ in kind or parameters, one has learned nothing, or rho is out of range.

    Source: reference paper, Eq. 34, readings row 20.

    Example:
        >>> region, source = (MarkovChain(categories=2) for _ in range(2))
        >>> for second in range(3):
        ...     region.update(float(second), np.array([0.0]))
        ...     source.update(float(second), np.array([float(second % 2)]))
        >>> [round(knowledge_norm(blended(region, source, 1.0, reading)), 2) for reading in ("sound", "literal")]
        [2.65, 5.66]
    """
    _require_rho(rho)
    _require_alike(region, source)
    theirs, mine = region.arrays(), source.arrays()
    if isinstance(source, RowModel):
        row = blended_rows(type(source), source.width, theirs[STATE], mine[STATE], rho, reading)
        return type(source).from_arrays({**mine, STATE: row})
    region_weight = 1.0 if reading == "literal" else 1.0 - rho
    return type(source).from_arrays(
        {**mine, **{name: region_weight * theirs[name] + rho * mine[name] for name in COUNTS}}
    )


def blended_probabilities(region: FloatArray, source: FloatArray, rho: float, reading: Reading = "sound") -> FloatArray:
    """Eq. 34 on probabilities that two models of categories predict.

    Formula: ``sound``: ``(1 - rho) p + rho p_src``; ``literal``: ``(p + rho p_src) / (1 + rho)``: the sum as printed is
    no probability until it is divided, and is then the ``sound`` one with ``rho / (1 + rho)``.

    Args:
        region: (K,) of sum 1.
        source: (K,) of sum 1.
        rho: weight of the source, in [0, 1] [1].
        reading: of Eq. 34.

    Raises:
        InputError: rho is out of range, or the numbers of categories differ.

    Example:
        >>> blended_probabilities(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.25).tolist()
        [0.75, 0.25]
    """
    _require_rho(rho)
    if region.shape != source.shape:
        raise InputError(f"blending: categories: must be as many (got {region.size} and {source.size})")
    share = rho / (1.0 + rho) if reading == "literal" else rho
    return (1.0 - share) * region + share * source


def decayed(rho: float, age_s: ArrayLike, decay_s: float) -> FloatArray:
    """The weight of a source that has not learned for a time.

    Formula: ``rho exp(-t / T)``.

    Args:
        rho: weight at the move, in [0, 1] [1].
        age_s: t, any shape, at least 0 [s].
        decay_s: T, greater than 0 [s].

    Raises:
        InputError: a number is out of range.

    Example:
        >>> decayed(0.8, [0.0, 60.0], 60.0).round(3).tolist()
        [0.8, 0.294]
    """
    _require_rho(rho)
    ages = np.asarray(age_s, dtype=np.float64)
    if not (decay_s > 0 and (ages >= 0).all()):
        raise InputError(f"blending: decay: needs ages of at least 0 and a span greater than 0 s (got {decay_s:g} s)")
    return rho * np.exp(-ages / decay_s)


def knowledge_norm(model: BehaviourModel) -> float:
    """Euclidean length of what a model learned, theta: without covariance, time and position.

    Args:
        model: any that `blended` takes.

    Raises:
        InputError: of another kind.
    """
    _require_alike(model, model)
    arrays = model.arrays()
    if isinstance(model, RowModel):
        state = arrays[STATE]
        return float(np.linalg.norm(state[learned_columns(type(model), model.width, state.size)]))
    return math.sqrt(sum(float((arrays[name] ** 2).sum()) for name in COUNTS))


def _require_rho(rho: float) -> None:
    if not 0 <= rho <= 1:
        raise InputError(f"blending: rho: must be in [0, 1] (got {rho:g})")


def _require_alike(first: BehaviourModel, second: BehaviourModel) -> None:
    """Refuse two models that have no sum.

    Raises:
        InputError: they differ in kind, dimension or parameters, keep no numbers to average, or one learned nothing.
    """
    if first.kind != second.kind:
        raise InputError(f"blending: models must be of one kind (got {first.kind} and {second.kind})")
    if not isinstance(first, (RowModel, MarkovChain)):
        accepted = "models of numbers, or a markov_chain; of others blend the probabilities that they predict"
        raise InputError(f"blending: {first.kind}: keeps no numbers that may be averaged; accepted: {accepted}")
    if first.entries != second.entries:
        raise InputError(f"blending: {first.kind}: must be of one dimension (got {first.entries} and {second.entries})")
    ours, theirs = first.arrays(), second.arrays()
    if not np.array_equal(ours[PARAMETERS], theirs[PARAMETERS]):
        text = f"got {ours[PARAMETERS].tolist()} and {theirs[PARAMETERS].tolist()}"
        raise InputError(f"blending: {first.kind}: must have the same parameters ({text})")
    for arrays in (ours, theirs):
        begun = np.isfinite(arrays[STATE]).all() if STATE in arrays else arrays["seen"].any()
        if not begun:
            raise InputError(f"blending: {first.kind}: a model that has learned nothing cannot be averaged")
