"""What a scenario describes, in a few facts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.world import World, build_world
from twinhop.text import counted
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE, HZ_PER_MHZ, S_PER_MS


def summary(scenario: Scenario) -> dict[str, Any]:
    """Counts, ranges and rules of a scenario, units in the names.

    >>> from twinhop.scenario.presets.presets import preset
    >>> summary(preset("lu2021-n80-m5"))["stations"]
    5
    """
    world = build_world(scenario)
    hosts = world.host
    return {
        "name": world.name,
        "seed": world.seed,
        "area_m": f"{world.width_m:g} x {world.height_m:g}",
        "stations": len(world.station_ids),
        "possible_hosts": int((world.host_capacity > 0).sum()),
        "users": len(world.user_ids),
        "seats": world.seats,
        "cpu_gcycles_per_s": _range(world.cpu_cycles_per_s[hosts] / CYCLES_PER_GCYCLE),
        "opening_s": _range(world.opening_s[hosts]),
        "history_mbit": _range(world.history_bits / BITS_PER_MBIT),
        "update_mbit": _range(world.update_bits / BITS_PER_MBIT),
        "deadline_ms": "off" if world.deadline_s is None else _range(world.deadline_s / S_PER_MS),
        "bandwidth_mhz": f"{world.radio.bandwidth_hz / HZ_PER_MHZ:g}, {world.radio.bandwidth_rule}",
        "path_loss": world.radio.path_loss,
        "shadowing": scenario.radio.shadowing,
        "fading": world.radio.fading,
        "interference": world.radio.interference,
        "access": world.radio.access,
        **_backhaul(world),
        "cpu_rule": world.cpu_rule,
        "on_earth": "no" if world.origin is None else f"{world.origin[0]:.5f}, {world.origin[1]:.5f}",
        "attribution": list(world.attribution) or "none",
    }


def _backhaul(world: World) -> dict[str, Any]:
    facts: dict[str, Any] = {"wired_latency_s_per_bit_m": world.latency_s_per_bit_m}
    if world.graph is not None:
        nodes, links = len(world.graph.node_ids), len(world.graph.link_nodes)
        facts = {
            "backhaul": f"{counted(nodes, 'node')}, {counted(links, 'link')}, "
            f"stations at {len(world.graph.places)} of the nodes",
            "link_rate_mbps": _range(world.graph.link_rate_bps / BITS_PER_MBIT) if links else "no links",
            "link_delay_ms": _range(world.graph.link_delay_s / S_PER_MS) if links else "no links",
        }
    if world.hosting_cloud is not None:
        facts["cloud"] = f"{world.hosting_cloud.name}: host {len(world.station_ids)}, after the stations"
    return facts


def _range(values: NDArray[np.float64]) -> str:
    if not values.size:
        return "none"
    low, high = values.min(), values.max()
    return f"{low:g}" if low == high else f"{low:.4g} to {high:.4g}, mean {values.mean():.4g}"
