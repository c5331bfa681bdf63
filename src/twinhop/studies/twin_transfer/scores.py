"""Forecasts made after twins moved, by time since the move, with intervals over users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.stats.bootstrap import percentile_ends, ratio_interval
from twinhop.twin.behaviour.model import FloatArray

#: What a twin may know when it begins in another region; `cold` is what the others are compared with.
COLD, REGION, OWN, BLENDED, DECAYING, LITERAL = ("cold", "region", "own", "blended", "decaying", "literal")
ARMS = (COLD, REGION, OWN, BLENDED, DECAYING, LITERAL)
#: Times since the move [s]; the last sums up what the first three divide.
SECONDS, MINUTES = ((0.0, 5.0), (5.0, 15.0), (15.0, 60.0), (0.0, 60.0)), ((0.0, 60.0), (60.0, 180.0), (180.0, 600.0))
_STREAM = "twin transfer bootstrap"


class Forecasts(NamedTuple):
    """Forecasts after moves, and how each arm did."""

    user: NDArray[np.int64]
    """(F,) whose twin it was."""
    age_s: FloatArray
    """(F,) time since the move [s]."""
    values: dict[str, FloatArray]
    """By arm, (F,) the error [m], or whether the guess was right [1]."""


class Score(NamedTuple):
    """One arm within one span of time since the move."""

    world: str
    measure: str
    arm: str
    from_s: float
    to_s: float
    mean: float
    low: float
    """Lower end of the 95 % interval of the mean."""
    high: float
    below_cold: float
    """By which share of the cold start's mean the mean is lower [1]; negative where it is higher."""
    below_cold_low: float
    below_cold_high: float
    forecasts: int
    users: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return self._asdict()


def scores(
    world: str, measure: str, forecasts: Forecasts, spans: Sequence[tuple[float, float]], seed: int
) -> list[Score]:
    """Means by arm and span, with percentile bootstrap intervals over users, the same resamples for all arms.

    Args:
        world: name of what moved.
        measure: of what is averaged.
        forecasts: after moves.
        spans: times since the move, the end excluded [s].
        seed: root seed.

    Returns:
        A row for each arm and each span with a forecast in it; see `ratio_interval`.
    """
    rows = []
    for from_s, to_s in spans:
        within = (forecasts.age_s >= from_s) & (forecasts.age_s < to_s)
        if within.any():
            rows += _span_scores(world, measure, forecasts, (from_s, to_s), within, seed)
    return rows


def _span_scores(
    world: str,
    measure: str,
    forecasts: Forecasts,
    span: tuple[float, float],
    within: NDArray[np.bool_],
    seed: int,
) -> list[Score]:
    users, place = np.unique(forecasts.user[within], return_inverse=True)
    arms = list(forecasts.values)
    sums = np.array([np.bincount(place, weights=values[within]) for values in forecasts.values.values()], float)
    means = ratio_interval(sums, np.bincount(place).astype(np.float64), seed, _STREAM)
    cold = arms.index(COLD)
    below_low, below_high = percentile_ends(1.0 - means.samples / means.samples[cold])
    rows = []
    for at, arm in enumerate(arms):
        mean, low, high = float(means.middle[at]), float(means.low[at]), float(means.high[at])
        ends = (low, high, 1.0 - mean / float(means.middle[cold]), float(below_low[at]), float(below_high[at]))
        rows.append(Score(world, measure, arm, *span, mean, *ends, int(within.sum()), len(users)))
    return rows


def joined(parts: Sequence[Forecasts]) -> Forecasts:
    """The forecasts of several runs, whose users are others in each."""
    first = 0
    users = []
    for part in parts:
        users.append(part.user + first)
        first += int(part.user.max(initial=-1)) + 1
    values = {arm: np.concatenate([part.values[arm] for part in parts]) for arm in parts[0].values}
    return Forecasts(np.concatenate(users), np.concatenate([part.age_s for part in parts]), values)
