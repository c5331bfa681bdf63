"""Users whom no station reaches, or who alone make most of a mean: said by name and distance, never in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.scenario.world.world import World
from twinhop.text import counted
from twinhop.units import BITS_PER_MBIT

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
#: A link that carries less is no link: the signal is 32 dB below the noise, where no radio works [bit/s/Hz].
OUTAGE_BPS_PER_HZ = 1e-3
#: One user makes most of the mean where its latency is more than this share of the sum, and so many medians.
MOST_OF_MEAN, MANY_MEDIANS = 0.5, 20.0
#: Of fewer users one always makes most of it.
FEWEST = 3
#: Users named in a message.
NAMED = 3
M_PER_KM = 1e3


@dataclass(frozen=True)
class OutOfReach:
    """Users who decide the mean latency because hardly a signal of theirs arrives.

    Attributes:
        users: how many.
        names: of the first few.
        slowest: the name of the one that waits longest.
        station: the name of its access station.
        distance_m: from there [m].
        rate_bps: of its link [bit/s].
        share: of the sum of all users' latencies, that of these users together [1].
        outage: whether no station reaches them; else one user makes most of the mean over a link that exists.
    """

    users: int
    names: tuple[str, ...]
    slowest: str
    station: str
    distance_m: float
    rate_bps: float
    share: float
    outage: bool

    def in_words(self) -> str:
        """Who it is, how far away, and what it does to the mean."""
        named = ", ".join(self.names) + (", ..." if self.users > len(self.names) else "")
        link = (
            f"{_distance(self.distance_m)} from {'its' if self.users == 1 else 'the'} access station {self.station}, "
            f"at {_rate(self.rate_bps)}"
        )
        part = f"{100 * self.share:.3g} % of the mean latency"
        advice = "check positions and radio, or leave out who is not of the city"
        if not self.outage:
            return f"user {named} alone makes {part}: it is {link}; {advice}"
        if self.users == 1:
            return f"user {named} is out of reach of every station: {link}; it makes {part}; {advice}"
        return (
            f"{counted(self.users, 'user')} ({named}) are out of reach of every station: {self.slowest} is {link}; "
            f"they make {part}; {advice}"
        )


def in_outage(world: World, access: NDArray[np.integer], rate_bps: FloatArray) -> BoolArray:
    """Whether each of some users is out of reach: its rate is below ``OUTAGE_BPS_PER_HZ`` times its bandwidth.

    Args:
        world: of the stations.
        access: (n,) access stations.
        rate_bps: (n,) rates to them [bit/s].
    """
    radio, weight = world.radio, world.user_weight
    stations = len(world.station_ids)
    bandwidth = network.user_bandwidth_hz(radio.bandwidth_hz, access, stations, radio.bandwidth_rule, weight)
    return rate_bps < OUTAGE_BPS_PER_HZ * bandwidth


def out_of_reach(
    user_ids: Sequence[str],
    station_of: Callable[[int], str],
    outage: BoolArray,
    rate_bps: FloatArray,
    distance_m: FloatArray,
    latency_s: FloatArray,
    weight: FloatArray | None = None,
) -> OutOfReach | None:
    """The users who decide the mean because they are out of every station's reach, or the one who does alone.

    Where nobody is out of reach, one is named whose latency is more than half of the sum over at least three users, and
    more than twenty times the median.

    Args:
        user_ids: (n,) names.
        station_of: gives the name of the access station of each of them.
        outage: (n,) who is out of reach.
        rate_bps: (n,) rates [bit/s].
        distance_m: (n,) distances to the access stations [m].
        latency_s: (n,) the least latency of each user, whatever is decided [s].
        weight: (n,) users that each of them stands for; None: one each.

    Returns:
        Who they are; None where nobody is.
    """
    summed_s = latency_s if weight is None else weight * latency_s
    users, total = np.flatnonzero(outage), float(summed_s.sum())
    if not users.size:
        users = _most_of_mean(latency_s, summed_s, total)
    if not users.size:
        return None
    worst = int(users[np.argmax(latency_s[users])])
    return OutOfReach(
        users=len(users),
        names=tuple(user_ids[int(i)] for i in users[:NAMED]),
        slowest=user_ids[worst],
        station=station_of(worst),
        distance_m=float(distance_m[worst]),
        rate_bps=float(rate_bps[worst]),
        share=float(summed_s[users].sum()) / total if total > 0 else 0.0,
        outage=bool(outage.any()),
    )


def _most_of_mean(latency_s: FloatArray, summed_s: FloatArray, total: float) -> IntArray:
    """The one user, if any, who makes most of the mean."""
    if len(latency_s) < FEWEST:
        return np.empty(0, np.int64)
    worst = int(np.argmax(latency_s))
    alone = summed_s[worst] > MOST_OF_MEAN * total and latency_s[worst] > MANY_MEDIANS * float(np.median(latency_s))
    return np.array([worst] if alone else [], np.int64)


def _distance(distance_m: float) -> str:
    return f"{distance_m:.4g} m" if distance_m < M_PER_KM else f"{distance_m / M_PER_KM:.4g} km"


def _rate(rate_bps: float) -> str:
    return f"{rate_bps:.3g} bit/s" if rate_bps < BITS_PER_MBIT else f"{rate_bps / BITS_PER_MBIT:.3g} Mbit/s"
