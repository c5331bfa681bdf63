"""What the networks see: of a user, and of a move; pure functions without units, for any number of users and hosts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.inference.foresight.tracks import CONTEXT, EXPERTS, SPREAD_OF, Seen

Float = NDArray[np.float32]
#: Slots for which each forecaster's difference is taken to last; those left at most.
LASTS = np.array([5, 4, 15, 60, 240, 6, 20, 60, 4, 12, 240, 10], np.float32)
#: Differences of the mixed forecast count over the slots left, and at most over so many.
SOON = 15.0
#: Further features: computing twice, the mixture twice, spread, and what follows in `move_features`.
FEATURES = len(EXPERTS) + 5 + 4 + CONTEXT + 4 + 4
#: Which feature is the gain of a move by the values to go, which is computing over the slots to come, and which is 1.
GAIN_TO_GO, COMPUTING, CONSTANT = FEATURES - 4, len(EXPERTS), len(EXPERTS) + 5 + 4 + CONTEXT - 1
#: Of other features than these weights know nothing.
VERSION = 2
#: What the network sees lies within these bounds.
MOST = 20.0


class Tables(NamedTuple):
    """Latencies a bit, or whatever the scale multiplies, by access station.

    Attributes:
        unit: (M, K) to the hosts.
        chain: (4, M, K) mean over the slots of each chain.
        spread: (M, K) standard deviation under the chain that is looked at.
        everybody: (K,) mean over all users.
        to_go: (J, G, M, K) of `values_by_horizon`.
        computing: (K,) what a user adds to the computing of all, in the mean over users, that ``to_go`` counts.
    """

    unit: Float
    chain: Float
    spread: Float
    everybody: Float
    to_go: Float
    computing: Float

    def of(self, hosts: NDArray[np.int64]) -> Tables:
        """Those of some hosts."""
        return Tables(*(np.ascontiguousarray(each[..., hosts]) for each in self))


def tables(
    unit: NDArray[Any],
    chain: NDArray[Any],
    everybody: NDArray[Any],
    to_go: Float,
    computing: NDArray[Any],
) -> Tables:
    """Tables of latencies.

    Args:
        unit: (M, K) by access station and host.
        chain: (4, M, M) of `chain_shares`.
        everybody: (M,) shares.
        to_go: of `values_by_horizon`.
        computing: (K,) that these count.
    """
    mean = chain @ unit
    spread = np.sqrt(np.maximum(chain[SPREAD_OF] @ unit**2 - mean[SPREAD_OF] ** 2, 0.0))
    return Tables(*(np.asarray(each, np.float32) for each in (unit, mean, spread, everybody @ unit, to_go, computing)))


def forecasts(seen: Seen, table: Tables) -> Float:
    """(n, E, K) mean latency a unit that each forecaster expects of each host."""
    n, hosts = len(seen.at), table.unit.shape[1]
    result = np.empty((n, len(EXPERTS), hosts), np.float32)
    result[:, 0] = table.unit[seen.at]
    result[:, 1:5] = table.chain[:, seen.at].swapaxes(0, 1)
    result[:, 5:8] = (seen.own.reshape(n * 3, -1) @ table.unit).reshape(n, 3, hosts)
    result[:, 8] = table.unit[seen.ahead[:, 0]]
    result[:, 9] = table.unit[seen.ahead[:, 1]]
    result[:, 10] = table.everybody
    result[:, 11] = table.unit[seen.before]
    return result


def context(seen: Seen, left: NDArray[np.float32]) -> Float:
    """(n, 8) what is known of users, and how many slots (n,) are to come."""
    result = np.empty((len(seen.at), CONTEXT), np.float32)
    result[:, 0] = np.log1p(seen.dwell) - 1.0
    result[:, 1] = 4.0 * seen.rate[:, 0] - 0.5
    result[:, 2] = 4.0 * seen.rate[:, 1] - 0.5
    result[:, 3] = 0.5 * np.log1p(seen.times) - 2.0
    result[:, 4] = np.log1p(left) - 3.5
    result[:, 5] = np.tanh(2.0 * seen.speed)
    result[:, 6] = seen.own[np.arange(len(seen.at)), 1, seen.at]
    result[:, 7] = 1.0
    return result


def move_features(
    expected: Float,
    mixed: Float,
    spread: Float,
    own: NDArray[np.int64],
    scale: Float,
    computing: Float,
    move_s: Float,
    fixed_s: Float,
    left: Float,
    known: Float,
    to_go: Float,
) -> Float:
    """(n, K, F) of a move of each user from its own host to each other one, in units of what the move costs.

    Args:
        expected: (n, E, K) of `forecasts`.
        mixed: (n, 2, K) mixtures of them over the slots soon to come, and over all that are left.
        spread: (n, K) standard deviations.
        own: (n,) the hosts of now, columns.
        scale: (n,) by which latencies are multiplied.
        computing: (n, K) marginal computing beyond what ``to_go`` counts [s].
        move_s: (n, K) cost of a move, above 0 [s].
        fixed_s: (n,) the part that does not depend on the way [s].
        left: (n,) slots to come, the present one included.
        known: (n, 8) of `context`.
        to_go: (n, 3, K) of `expected_to_go`.
    """
    rows, (n, experts, hosts) = np.arange(len(own)), expected.shape
    result = np.empty((n, hosts, FEATURES), np.float32)
    weight = scale[:, None] / move_s
    gain = expected[rows, :, own][:, :, None] - expected
    gain *= np.minimum(LASTS, left[:, None])[:, :, None]
    result[..., :experts] = gain.swapaxes(1, 2) * weight[..., None]
    slower = computing[rows, own][:, None] - computing
    soon = np.minimum(SOON, left)[:, None]
    mixture = (mixed[rows, :, own][:, :, None] - mixed) * weight[:, None, :]
    at = experts
    result[..., at] = slower * (2 * soon) / move_s
    result[..., at + 1] = slower * left[:, None] / move_s
    result[..., at + 2] = mixture[:, 0] * soon
    result[..., at + 3] = mixture[:, 1] * left[:, None]
    result[..., at + 4] = (spread[rows, own][:, None] - spread) * weight * soon
    at += 5
    way = np.maximum(expected[:, 0], 0.0)
    result[..., at] = np.log1p((np.abs(way - way[rows, own][:, None]) * weight) * 20.0) - 1.0
    result[..., at + 1] = left[:, None] / 60.0 - 1.0
    result[..., at + 2] = fixed_s[:, None] / move_s
    result[..., at + 3] = np.log1p(spread * weight * 20.0) - 1.0
    at += 4
    result[..., at : at + known.shape[1]] = known[:, None]
    at += known.shape[1]
    for step, feature in enumerate((2, 3, experts + 2, experts + 3)):
        result[..., at + step] = np.tanh(result[..., feature] - 1.0)
    gain = (to_go[rows, :, own][:, :, None] - to_go) * weight[:, None, :]
    result[..., GAIN_TO_GO : GAIN_TO_GO + 3] = gain.swapaxes(1, 2)
    result[..., GAIN_TO_GO + 3] = np.tanh(gain[:, 0] - 1.0)
    kept = result[..., [GAIN_TO_GO, COMPUTING]]  # these two are what moves are worth before it is corrected
    np.clip(result, -MOST, MOST, out=result)
    result[..., [GAIN_TO_GO, COMPUTING]] = kept
    return result


def recast_computing(features: Float, slower: NDArray[Any], move_s: Float, left: Any) -> None:
    """Write anew what of the features (K, F) of one user's moves depends on loads.

    Args:
        features: changed in place.
        slower: (K,) marginal computing of its own host less that of each [s].
        move_s: (K,) [s].
        left: slots to come.
    """
    at = len(EXPERTS)
    features[:, at] = slower * (2 * min(SOON, left)) / move_s
    features[:, at + 1] = np.clip(slower * left / move_s, -MOST, MOST)
