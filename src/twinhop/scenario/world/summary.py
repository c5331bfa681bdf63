"""What a scenario describes, in a few facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.world import World, build_world
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
        "source": world.name,
        "seed": world.seed,
        "width_m": world.width_m,
        "height_m": world.height_m,
        "stations": len(world.station_ids),
        "possible_hosts": int((world.host_capacity > 0).sum()),
        "users": len(world.user_ids),
        "seats": world.seats,
        "cpu_gcycles_per_s": _range(world.cpu_cycles_per_s[hosts] / CYCLES_PER_GCYCLE),
        "opening_s": _range(world.opening_s[hosts]),
        **_prices(world),
        "history_mbit": _range(world.history_bits / BITS_PER_MBIT),
        "update_mbit": _range(world.update_bits / BITS_PER_MBIT),
        "deadline_ms": None if world.deadline_s is None else _range(world.deadline_s / S_PER_MS),
        "bandwidth_mhz": world.radio.bandwidth_hz / HZ_PER_MHZ,
        "bandwidth_rule": world.radio.bandwidth_rule,
        "path_loss": world.radio.path_loss,
        "shadowing": scenario.radio.shadowing,
        "fading": world.radio.fading,
        "interference": world.radio.interference,
        "access_rule": world.radio.access,
        **_backhaul(world),
        "cpu_rule": world.cpu_rule,
        "origin": None if world.origin is None else {"lat_deg": world.origin[0], "lon_deg": world.origin[1]},
        "attribution": list(world.attribution),
    }


def _prices(world: World) -> dict[str, str]:
    """What stations cost a month, and what a second is worth; nothing without prices."""
    if world.money is None:
        return {}
    rents = world.rent_per_month
    if rents is None:  # worth what their seconds are worth
        rents = world.money.weight(world.people) * world.opening_s
    return {
        "cost_per_month": f"{_range(rents[world.host])} {world.money.currency}",
        "second_value": f"{world.money.second:g} {world.money.currency} per user and month",
    }


def _backhaul(world: World) -> dict[str, Any]:
    facts: dict[str, Any] = {"wired_latency_s_per_bit_m": world.latency_s_per_bit_m}
    if world.graph is not None:
        facts = {
            "backhaul_nodes": len(world.graph.node_ids),
            "backhaul_links": len(world.graph.link_nodes),
            "nodes_with_stations": len(world.graph.places),
            "link_rate_mbps": _range(world.graph.link_rate_bps / BITS_PER_MBIT),
            "link_delay_ms": _range(world.graph.link_delay_s / S_PER_MS),
        }
    if world.hosting_cloud is not None:
        facts |= {"cloud_id": world.hosting_cloud.name, "cloud": len(world.station_ids)}
    return facts


def _range(values: NDArray[np.float64]) -> dict[str, float] | None:
    """Least, largest and mean value; None of none."""
    if not values.size:
        return None
    return {"min": float(values.min()), "max": float(values.max()), "mean": float(values.mean())}


def summary_rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The facts of `summary` for reading: name and value.

    >>> summary_rows({"users": 3, "update_mbit": {"min": 0.5, "max": 0.5, "mean": 0.5}, "origin": None})
    [('users', '3'), ('update_mbit', '0.5'), ('origin', 'none')]
    """
    return [(name, _in_words(value)) for name, value in facts.items()]


def _in_words(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, Mapping) and "mean" in value:
        low, high = value["min"], value["max"]
        return f"{low:g}" if low == high else f"{low:.4g} to {high:.4g}, mean {value['mean']:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{each:.5f}" for each in value.values())
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
