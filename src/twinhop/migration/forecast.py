"""What a policy expects of a slot to come: where its users are attached, and what their updates take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twinhop.migration.situation import Situation
from twinhop.migration.wire_table import WireTable
from twinhop.placement.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Forecast:
    """One slot of a forecast, for the n users served as it is made, M stations and K hosts.

    Attributes:
        access: (n, M) probabilities of access stations; the rows of users who will not be served are of no meaning.
        upload_s: (n,) radio latency of an update [s].
        served: (n,) bool, who is expected to be served.
        cpu: (K,) CPU of the hosts [cycle/s].
        capacity: (K,) twins that fit; 0 where a host is expected to be down.
    """

    access: FloatArray
    upload_s: FloatArray
    served: BoolArray
    cpu: FloatArray
    capacity: IntArray

    def comm_s(self, situation: Situation) -> FloatArray:
        """(n, K) expected communication latency of an update by each host, Eq. 11 [s]."""
        return expected_comm_s(situation, self.access, self.upload_s)


def expected_comm_s(situation: Situation, access: FloatArray, upload_s: FloatArray) -> FloatArray:
    """The mean communication latency of updates where access stations are uncertain.

    Formula: ``upload_i + sum_m access_im wired(m, k, update_i)``.

    Args:
        situation: the slot in which it is asked, for its users and wires.
        access: (n, M) probabilities.
        upload_s: (n,) [s].

    Returns:
        (n, K) [s].
    """
    return upload_s[:, None] + expected_onward_s(situation.hosts.updates, situation.users, access)


def expected_onward_s(wires: WireTable, users: IntArray, origin: FloatArray) -> FloatArray:
    """(n, K) mean latencies of the users' data to every host from origins of probabilities (n, M) [s]."""
    stations = origin.shape[1]
    if len(wires.unit_s) == 1:
        return wires.scale[users, None] * (origin @ wires.unit_s[0, :stations])
    unit_s = wires.unit_s[wires.group[users], :stations]
    return wires.scale[users, None] * np.einsum("nm,nmk->nk", origin, unit_s)


def attached_to(access: IntArray, stations: int) -> FloatArray:
    """(n, M) probabilities of users known to be attached to stations (n,); no probability where there is none, -1.

    >>> attached_to(np.array([1, -1]), 2).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    certain = np.zeros((len(access), stations))
    known = np.flatnonzero(access >= 0)
    certain[known, access[known]] = 1.0
    return certain


def present(situation: Situation) -> Forecast:
    """What is known of the slot itself."""
    return Forecast(
        access=attached_to(situation.access, situation.hosts.stations),
        upload_s=situation.upload_s,
        served=np.ones(len(situation.users), bool),
        cpu=situation.cpu,
        capacity=situation.capacity,
    )


@dataclass(frozen=True, eq=False)
class MeanForecast:
    """The mean of some slots.

    Attributes:
        comm_s: (n, K) mean over the slots in which a user is served of its communication latency [s].
        slots: (n,) in how many it is.
    """

    comm_s: FloatArray
    slots: IntArray


def mean_forecast(situation: Situation, forecasts: Iterable[Forecast]) -> MeanForecast:
    """The mean of forecasts, the first of which is the slot itself.

    Args:
        situation: the slot in which they were made.
        forecasts: slot by slot.

    Returns:
        Their mean.
    """
    users = len(situation.users)
    access, upload_s = np.zeros((users, situation.hosts.stations)), np.zeros(users)
    slots = np.zeros(users, np.int64)
    for forecast in forecasts:
        served = forecast.served
        access += np.where(served[:, None], forecast.access, 0.0)
        upload_s += np.where(served, forecast.upload_s, 0.0)
        slots += served
    return MeanForecast(expected_comm_s(situation, access / slots[:, None], upload_s / slots), slots)
