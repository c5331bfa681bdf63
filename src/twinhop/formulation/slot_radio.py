"""The radio state of one slot of a world that changes, so that the slot can be planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhop import network
from twinhop.formulation.formulate import RadioState

if TYPE_CHECKING:  # plans of one moment need no dynamics
    from twinhop.scenario.dynamics import Slot


def slot_radio(slot: Slot) -> RadioState:
    """The radio links of the users of `slot.world()`: their access stations, with hysteresis, and rates as they are.

    Args:
        slot: of a run.

    Returns:
        What `formulate(slot.world(), slot_radio(slot))` makes a placement problem of.

    >>> from twinhop.placement import formulate
    >>> from twinhop.scenario import load_scenario
    >>> from twinhop.scenario.dynamics import WorldRun
    >>> *_, last = WorldRun(load_scenario("lu2021-n80-m5"), slots=2)
    >>> formulate(last.world(), slot_radio(last)).users
    80
    """
    users = slot.served
    distance_m = network.distance_m(slot.xy_m[users], slot.station_xy_m)
    return RadioState(distance_m, slot.access[users], slot.rate_bps[users])
