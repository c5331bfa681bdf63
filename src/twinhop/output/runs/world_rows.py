"""The statistics of a watched world as rows of tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from twinhop.output.kit.tables import number, share, single_row, spread_row

#: Stations that the table names.
NAMED_STATIONS = 8
_SPREADS = (
    ("speed (m/s)", "speed_mps"),
    ("stay at a station (s)", "stay_s"),
    ("distance to the access station (m)", "distance_to_access_m"),
    ("rate to the access station (Mbit/s)", "access_rate_mbps"),
    ("CPU of a station (Gcycle/s)", "cpu_gcycles_per_s"),
)


def fact_rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """The facts of `WorldStatistics.to_json` as rows of a label, mean, p5, p50, p95 and max."""
    present = facts["present_users"]
    single = [
        ("users present: mean, least, most", f"{present['mean']:.4g}, {present['min']}, {present['max']}"),
        ("arrivals, departures", f"{facts['arrivals']}, {facts['departures']}"),
        ("hand-overs", f"{facts['handovers']}"),
        ("hand-overs a user and minute", number(facts["handovers_per_user_minute"])),
        (f"users handed over within {facts['user_minute_s']:g} s", share(facts["handover_probability"])),
        ("failures of stations", f"{facts['station_failures']}"),
        ("users dropped by them", f"{facts['users_dropped']}"),
        ("without a station, of all present", share(facts["unserved_share"])),
    ]
    return [*(spread_row(label, facts[name]) for label, name in _SPREADS), *(single_row(*each) for each in single)]


def statistics_rows(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of `WorldStatistics.to_json` as numbers, for CSV and LaTeX: spreads, then single ``value``."""
    spreads = [{"what": label, **facts[name]} for label, name in _SPREADS]
    present = facts["present_users"]
    users = {"what": "users present", "mean": present["mean"], "max": present["max"], "min": present["min"]}
    single = {
        "arrivals": facts["arrivals"],
        "departures": facts["departures"],
        "hand-overs": facts["handovers"],
        "hand-overs a user and minute": facts["handovers_per_user_minute"],
        f"users handed over within {facts['user_minute_s']:g} s (%)": _percent(facts["handover_probability"]),
        "failures of stations": facts["station_failures"],
        "users dropped by them": facts["users_dropped"],
        "without a station, of all present (%)": _percent(facts["unserved_share"]),
    }
    return [*spreads, users, *({"what": label, "value": value} for label, value in single.items())]


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def attached_rows(facts: dict[str, Any], station_ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row a station in their order, for CSV: users attached on average and at most, and the share of time down."""
    columns = zip(facts["attached_users_mean"], facts["attached_users_max"], facts["down_share"], strict=True)
    return [
        {"station": str(station), "users_mean": mean, "users_most": most, "down_share": down}
        for station, (mean, most, down) in zip(station_ids, columns, strict=True)
    ]


def station_rows(facts: dict[str, Any], station_ids: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The stations with most users: name, users attached on average and at most, and the share of time down."""
    mean, most, down = (facts[name] for name in ("attached_users_mean", "attached_users_max", "down_share"))
    order = np.argsort(-np.array(mean), kind="stable")[:NAMED_STATIONS]
    return [(str(station_ids[at]), f"{mean[at]:.4g}", f"{most[at]}", share(down[at])) for at in order.tolist()]
