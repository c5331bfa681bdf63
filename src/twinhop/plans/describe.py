"""Work out what a world looks like before anything is decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.errors import InputError
from twinhop.formulation import access_links, placement_work, radio_state, sparse_view_lacks
from twinhop.plans.description import Description, possible_hosts
from twinhop.plans.description_warnings import warnings_of
from twinhop.plans.planner_warnings import radio_latency_s
from twinhop.plans.sparse.case import takes_sparse_view
from twinhop.plans.wired_needs import LINKS_AT_ONCE, people_of, wired_needs, wired_needs_by_station
from twinhop.scenario import Scenario, World, build_world
from twinhop.scenario.schema.readings import ROW_INTERACTION

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def describe(scenario: Scenario) -> Description:
    """Work out what a scenario looks like before solving it.

    Args:
        scenario: any scenario.

    Returns:
        The description.

    Raises:
        InputError: a file of the scenario has not been read, or it has something that needs every link, such as fading,
            and more links than are looked at one by one.

    >>> from twinhop.scenario import preset
    >>> describe(preset("lu2021-n80-m5")).warnings
    ()
    """
    world = build_world(scenario)
    sparse = takes_sparse_view(scenario, world)
    lacks = sparse_view_lacks(world) if sparse else None
    if lacks is not None:
        raise InputError(f"{scenario.where}: {lacks}, where there are more links than are looked at one by one")
    radio = access_links(world) if sparse else radio_state(world)
    stations = len(world.station_ids)
    access_host = _access_host(world)[radio.access]
    wired = wired_needs_by_station(world, radio, access_host) if sparse else wired_needs(world, radio, access_host)
    share = _shares(world, access_host)
    construction, update = (
        bits / radio.access_rate_bps + wired_s + network.computing_latency_s(cycles * bits, share)
        for bits, wired_s, cycles in (
            (world.history_bits, wired.history_s, world.construction_cycles_per_bit),
            (world.update_bits, wired.update_s, world.update_cycles_per_bit),
        )
    )
    weight = world.eta_s / world.sync_period_s
    work_rate = world.update_cycles_per_bit * world.update_bits / world.sync_period_s
    interaction = construction if world.readings.is_literal(ROW_INTERACTION) else update
    deadlines = world.deadline_s is not None
    offered = np.append(world.host, (access_host == stations).any())[: len(world.host_capacity)]
    description = Description(
        world=world,
        radio=radio,
        distance_m=radio.link_distance_m,
        access_host=access_host,
        attached=np.bincount(radio.access, world.user_weight, minlength=stations),
        wired_to_one_s=wired.to_one_s,
        radio_s=radio_latency_s(world, radio),
        placement_latency_s=construction + weight * update,
        construction_s=construction,
        update_s=update,
        update_load=np.where(
            offered,
            np.bincount(access_host, work_rate * people_of(world), minlength=len(offered))
            / world.host_cpu_cycles_per_s,
            np.nan,
        ),
        deadline_slack_s=world.deadline_s - interaction if world.deadline_s is not None else None,
        unmeetable=wired.unmeetable if deadlines else None,
        least_cpu_cycles_per_s=wired.least_cpu_cycles_per_s if deadlines else None,
        deadline_cpu_cycles_per_s=float(world.host_cpu_cycles_per_s[wired.useful].sum()) if deadlines else None,
    )
    return replace(description, warnings=warnings_of(description))


def _access_host(world: World) -> IntArray:
    """(M,) the host that users of each station are described on; a cloud has the index M."""
    stations = len(world.station_ids)
    hosting = world.capacity > 0 if possible_hosts(world).size else world.host
    if not hosting.any():
        return np.full(stations, stations)
    host, others, xy_m = np.arange(stations), np.flatnonzero(~hosting), world.station_xy_m
    step = max(1, LINKS_AT_ONCE // stations)
    for some in np.split(others, range(step, len(others), step)):
        host[some] = np.where(hosting, network.distance_m(xy_m[some], xy_m), np.inf).argmin(1)
    return host


def _shares(world: World, host: IntArray) -> FloatArray:
    """(N,) CPU shares of one user each under the scenario's rule, deadlines aside [cycle/s]."""
    weight = network.share_weights(placement_work(world), world.cpu_rule)
    total = np.bincount(host, weight * people_of(world))[host]
    return world.host_cpu_cycles_per_s[host] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
