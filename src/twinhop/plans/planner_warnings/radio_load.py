"""Stations whose users send more than the radio carries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinhop import network
from twinhop.formulation import AccessLinks, RadioState
from twinhop.placement.problem import FloatArray
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.scenario import World
from twinhop.text import counted, counted_users

RADIO_OVERLOAD = "radio_overload"


def radio_load(world: World, radio: RadioState | AccessLinks) -> FloatArray:
    """(M,) part of a station's bandwidth that the updates of its users take [1].

    ``sum_i w_i dD_i / (dt r_i) W_i / W`` over the rows attached, of w_i users each, with the bandwidth W_i that rate
    r_i is for: under ``equal_share`` ``W / n`` for n users; under ``full`` W, the users then take turns on what the
    model gives each of them alone.

    Args:
        world: and its users.
        radio: its radio state.
    """
    rules, stations = world.radio, len(world.station_ids)
    width_hz = network.user_bandwidth_hz(
        rules.bandwidth_hz, radio.access, stations, rules.bandwidth_rule, world.user_weight
    )
    sent = world.update_bits / (world.sync_period_s * radio.access_rate_bps) * width_hz / rules.bandwidth_hz
    people = 1.0 if world.user_weight is None else world.user_weight
    return np.bincount(radio.access, people * sent, minlength=stations).astype(np.float64)


def radio_load_warnings(world: World, radio: RadioState | AccessLinks) -> Iterator[PlannerWarning]:
    """A station whose users' updates need more than all of its bandwidth: the one that lacks most."""
    load = radio_load(world, radio)
    over = np.flatnonzero(load > 1)
    if not over.size:
        return
    worst = int(np.argmax(load))
    here = radio.access == worst
    attached = float(here.sum() if world.user_weight is None else world.user_weight[here].sum())
    more = f"; so it is at {counted(over.size - 1, 'more station')}" if over.size > 1 else ""
    yield PlannerWarning(
        RADIO_OVERLOAD,
        f"station {world.station_ids[worst]} carries more than its radio can: one update of each of its "
        f"{counted_users(attached)} takes {load[worst]:.3g} synchronisation periods of all its bandwidth{more}; "
        "raise radio.bandwidth_mhz or objective.sync_period_s, lower users.update_mbit, or add stations there",
    )
