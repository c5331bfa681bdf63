"""Users whom no station reaches, and a mean that one user decides."""

from __future__ import annotations

from collections.abc import Iterator

from twinhop.formulation import AccessLinks, RadioState
from twinhop.placement.problem import FloatArray
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.scenario import World
from twinhop.scenario.world.reach import OutOfReach, in_outage, out_of_reach

OUT_OF_REACH, ONE_USER_DECIDES = REACH_CODES = ("out_of_reach", "one_user_decides")


def users_out_of_reach(world: World, radio: RadioState | AccessLinks) -> OutOfReach | None:
    """The users of a world who decide the mean latency because no station reaches them; None where nobody does.

    Args:
        world: and its users.
        radio: its radio state.
    """
    return out_of_reach(
        world.user_ids,
        lambda i: world.station_ids[int(radio.access[i])],
        in_outage(world, radio.access, radio.access_rate_bps),
        radio.access_rate_bps,
        radio.link_distance_m,
        radio_latency_s(world, radio),
        world.user_weight,
    )


def radio_latency_s(world: World, radio: RadioState | AccessLinks) -> FloatArray:
    """(N,) the radio part of what the cost counts, which no decision changes: ``(D + (eta/dt) dD) / r`` [s]."""
    return (world.history_bits + world.eta_s / world.sync_period_s * world.update_bits) / radio.access_rate_bps


def reach_warnings(world: World, radio: RadioState | AccessLinks) -> Iterator[PlannerWarning]:
    """Users out of every station's reach, or the one user who makes most of the mean latency."""
    who = users_out_of_reach(world, radio)
    if who is not None:
        yield PlannerWarning(OUT_OF_REACH if who.outage else ONE_USER_DECIDES, who.in_words())
