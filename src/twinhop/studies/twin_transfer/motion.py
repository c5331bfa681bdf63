"""Twins that know how their user moves, and come to another region: how far off their forecasts are from then on.

The first half of the time teaches the regions: the twins that left a region, each weighted by the time it had been
there, make its model (Eq. 32). The moves of the second half are judged, each until the next move of the same user.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.replay.tracks import Track
from twinhop.studies.twin_transfer.scores import (
    BLENDED,
    COLD,
    DECAYING,
    LITERAL,
    OWN,
    REGION,
    Forecasts,
)
from twinhop.twin.behaviour import Fleet, RowModel, decayed, dwell_weights
from twinhop.twin.behaviour.model import FloatArray
from twinhop.twin.behaviour.row_blending import blended_rows, pooled_row

#: Weights and spans that are tried where constants are chosen [1], [s].
RHOS, DECAYS_S = (0.1, 0.25, 0.5, 0.75, 0.9), (15.0, 60.0, 240.0)


class Constants(NamedTuple):
    """Weights of the source in Eq. 34."""

    rho: float
    decaying_rho: float
    decay_s: float


class _Moves(NamedTuple):
    user: NDArray[np.int64]
    """(E,) whose."""
    region: NDArray[np.int64]
    """(E,) where to."""
    source: FloatArray
    """(E, K) states of the models before the first sample in the region, their times since the move [s]."""
    age_s: FloatArray
    """(W,) times since the move of the samples after it [s]."""
    measured_m: FloatArray
    """(E, W, 2) samples from the move on [m]."""
    target_m: FloatArray
    """(E, W, 2) what is to be forecast at each of them [m]."""
    judged: NDArray[np.bool_]
    """(E, W) whether the user is still in the region, and its path goes on to the forecast."""


class Learned(NamedTuple):
    """Moves to judge, and what regions learned before them."""

    model: RowModel
    moves: _Moves
    regions: dict[int, FloatArray]
    ahead_s: float


def learned_moves(
    tracks: Sequence[Track], regions: Sequence[NDArray[np.int64]], model: RowModel, ahead: int
) -> Learned:
    """What happens before the forecasts.

    Args:
        tracks: paths with evenly spaced samples.
        regions: (T,) of each path, the region at each sample.
        model: one that has seen nothing.
        ahead: samples that a forecast goes ahead.
    """
    states = [_states(track, model) for track in tracks]
    moves = _moves(tracks, regions, states, ahead)
    return Learned(model, moves, _regions(regions, states, model), ahead * _step_s(tracks))


def motion_forecasts(learned: Learned, constants: Constants) -> Forecasts:
    """Distances from forecasts to the truth after every move of the second half; none where no user moves.

    Args:
        learned: what happened before.
        constants: of Eq. 34.
    """
    return _judged(learned.moves, learned.regions, learned.model, learned.ahead_s, constants)


def best_constants(learned: Learned) -> Constants:
    """The constants with the least mean error on paths that are not judged.

    Args:
        learned: of those paths.
    """

    def error_m(arm: str, constants: Constants) -> float:
        return _mean_m(motion_forecasts(learned, constants), arm)

    fixed = min(RHOS, key=lambda rho: error_m(BLENDED, Constants(rho, rho, DECAYS_S[0])))
    pairs = [Constants(fixed, rho, decay_s) for rho in (*RHOS, 1.0) for decay_s in DECAYS_S]
    return min(pairs, key=lambda each: error_m(DECAYING, each))


def cold_error_m(learned: Learned) -> float:
    """Mean error of the cold start, by which the kind of model is chosen: on paths that are not judged [m].

    Args:
        learned: of those paths.
    """
    return _mean_m(motion_forecasts(learned, Constants(0.0, 0.0, DECAYS_S[0])), COLD)


def _mean_m(forecasts: Forecasts, arm: str) -> float:
    """Mean error of an arm, 0 without forecasts [m]."""
    return float(forecasts.values[arm].mean()) if forecasts.age_s.size else 0.0


def _step_s(tracks: Sequence[Track]) -> float:
    return float(np.median(np.concatenate([np.diff(track.time_s) for track in tracks])))


def _states(track: Track, model: RowModel) -> FloatArray:
    """(T, K) the model's state after each sample."""
    learner = type(model).from_arrays(model.arrays())
    rows = np.empty((len(track.time_s), model.state.size))
    for at, (time_s, measured_m) in enumerate(zip(track.time_s, track.measured_m, strict=True)):
        learner.update(float(time_s), measured_m)
        rows[at] = learner.state
    return rows


def _stays(region: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First sample of each stay, and the first after it."""
    edges = np.flatnonzero(np.diff(region)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(region)], strict=True))


def _regions(
    regions: Sequence[NDArray[np.int64]], states: Sequence[FloatArray], model: RowModel
) -> dict[int, FloatArray]:
    """Each region's model by the twins that left it in the first half; under -1 that of all regions together."""
    left: dict[int, list[tuple[FloatArray, int]]] = {-1: []}
    for region, rows in zip(regions, states, strict=True):
        for begin, end in _stays(region):
            if end <= len(region) // 2:
                for place in (int(region[begin]), -1):
                    left.setdefault(place, []).append((rows[end - 1], end - begin))
    if not left[-1]:
        return {}
    return {
        place: pooled_row(
            type(model),
            model.width,
            np.array([row for row, _ in twins]),
            dwell_weights([float(samples) for _, samples in twins]),
        )
        for place, twins in left.items()
    }


def _moves(
    tracks: Sequence[Track], regions: Sequence[NDArray[np.int64]], states: Sequence[FloatArray], ahead: int
) -> _Moves:
    stays = [
        (user, begin, end)
        for user, region in enumerate(regions)
        for begin, end in _stays(region)
        if begin > len(region) // 2
    ]
    longest = max((end - begin for _, begin, end in stays), default=0)
    after, shape = np.arange(longest), (len(stays), longest, 2)
    measured_m, target_m = np.empty(shape), np.empty(shape)
    judged = np.zeros(shape[:2], dtype=np.bool_)
    source = np.empty((len(stays), states[0].shape[1]))
    for row, (user, begin, end) in enumerate(stays):
        track, last = tracks[user], len(tracks[user].time_s) - 1
        measured_m[row] = track.measured_m[np.minimum(begin + after, last)]
        target_m[row] = track.truth_m[np.minimum(begin + after + ahead, last)]
        judged[row] = (begin + after < end) & (begin + after + ahead <= last)
        source[row] = states[user][begin - 1]
        source[row, 0] -= track.time_s[begin]
    users = np.array([user for user, _, _ in stays], dtype=np.int64)
    where = np.array([regions[user][begin] for user, begin, _ in stays], dtype=np.int64)
    return _Moves(users, where, source, _step_s(tracks) * after.astype(np.float64), measured_m, target_m, judged)


def _judged(
    moves: _Moves, known: dict[int, FloatArray], model: RowModel, ahead_s: float, constants: Constants
) -> Forecasts:
    arms = (COLD, REGION, OWN, BLENDED, DECAYING, LITERAL)
    if not known or not moves.judged.any():
        return Forecasts(np.empty(0, np.int64), np.empty(0), {arm: np.empty(0) for arm in arms})
    kind, width, twins = type(model), model.width, len(moves.user)
    theirs = np.array([known.get(int(region), known[-1]) for region in moves.region])
    fleets = {arm: Fleet(model, twins) for arm in arms}
    fleets[OWN].states[:] = moves.source
    error_m = {arm: np.empty(moves.judged.shape) for arm in arms}
    for at, age_s in enumerate(moves.age_s):
        for arm in arms:
            if arm in (COLD, OWN) or (at > 0 and arm != DECAYING):
                fleets[arm].update(np.full(twins, age_s), moves.measured_m[:, at])
        cold, own = fleets[COLD].states, fleets[OWN].states
        if at == 0:
            fleets[REGION].states[:] = blended_rows(kind, width, theirs, cold, 0.0, "sound")
            fleets[BLENDED].states[:] = blended_rows(kind, width, theirs, own, constants.rho, "sound")
            fleets[LITERAL].states[:] = blended_rows(kind, width, theirs, own, constants.rho, "literal")
        rho = decayed(constants.decaying_rho, age_s, constants.decay_s)
        fleets[DECAYING].states[:] = blended_rows(kind, width, fleets[REGION].states, own, rho, "sound")
        for arm in arms:
            error_m[arm][:, at] = np.hypot(*(fleets[arm].predict(age_s + ahead_s).mean - moves.target_m[:, at]).T)
    rows, columns = np.nonzero(moves.judged)
    return Forecasts(moves.user[rows], moves.age_s[columns], {arm: error_m[arm][rows, columns] for arm in arms})
