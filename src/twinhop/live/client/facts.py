"""What a client has done so far."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from twinhop.live.client.courier import Courier
from twinhop.live.client.round_trips import RoundTrips


@dataclass(frozen=True)
class ClientFacts:
    """Counts of a client.

    Attributes:
        offered: samples that the device showed it.
        not_sent: of those, samples that the policy did not send.
        sent: updates that were sent, each once.
        acknowledged: updates that the server has on disk.
        resent: sendings of an update that was sent before.
        refused: updates that the server will not take.
        dropped: updates given up because too many waited.
        waiting: updates that are kept until they are acknowledged.
        reconnects: connections or requests that were lost, or could not be made.
        round_trip_p50_s: median time from the last sending of an update to its acknowledgement; NaN: none yet [s].
        round_trip_p99_s: the time that 99 % do not exceed [s].
        last_refusal: the newest problem, in words; empty: there was none.
    """

    offered: int = 0
    not_sent: int = 0
    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    refused: int = 0
    dropped: int = 0
    waiting: int = 0
    reconnects: int = 0
    round_trip_p50_s: float = math.nan
    round_trip_p99_s: float = math.nan
    last_refusal: str = ""


def facts_of(offered: int, not_sent: int, couriers: Sequence[Courier]) -> ClientFacts:
    """The counts of couriers together."""
    counts, trips = Counter[str](), RoundTrips()
    for each in couriers:
        counts.update(each.counts)
        trips.merge(each.trips)
    refusals = [each.why_stopped or each.last_refusal for each in couriers]
    return ClientFacts(
        offered,
        not_sent,
        counts["sent"] - counts["resent"],
        counts["acknowledged"],
        counts["resent"],
        counts["refused"],
        counts["dropped"],
        sum(len(each.outbox) for each in couriers),
        counts["reconnects"],
        trips.quantile_s(0.5),
        trips.quantile_s(0.99),
        next((each for each in refusals if each), ""),
    )
