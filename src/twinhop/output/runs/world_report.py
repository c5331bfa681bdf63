"""The statistics of a run as rows of tables."""

from typing import Any

import numpy as np

#: Stations that the table names.
NAMED_STATIONS = 8
COLUMNS = ("mean", "p5", "p50", "p95", "max")
_SPREADS = (
    ("speed (m/s)", "speed_mps"),
    ("stay at a station (s)", "stay_s"),
    ("distance to the access station (m)", "distance_to_access_m"),
    ("rate to the access station (Mbit/s)", "access_rate_mbps"),
    ("CPU of a station (Gcycle/s)", "cpu_gcycles_per_s"),
)


def fact_rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """The facts of `WorldStatistics.to_json` as rows of a label, mean, p5, p50, p95 and max."""
    spreads = [(label, *(_figure(facts[name][column]) for column in COLUMNS)) for label, name in _SPREADS]
    present = facts["present_users"]
    single = [
        ("users present: mean, least, most", f"{present['mean']:.4g}, {present['least']}, {present['most']}"),
        ("arrivals, departures", f"{facts['arrivals']}, {facts['departures']}"),
        ("hand-overs", f"{facts['handovers']}"),
        ("hand-overs a user and minute", _figure(facts["handovers_per_user_minute"])),
        (f"users handed over within {facts['user_minute_s']:g} s", _percent(facts["handover_probability"])),
        ("failures of stations", f"{facts['failures']}"),
        ("users dropped by them", f"{facts['users_dropped']}"),
        ("without a station, of all present", _percent(facts["unserved_share"])),
    ]
    return spreads + [(label, value, "", "", "", "") for label, value in single]


def station_rows(facts: dict[str, Any], station_ids: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The stations with most users: name, users attached on average and at most, and the share of time down."""
    mean, most, down = (facts[name] for name in ("attached_users", "attached_users_most", "down_share"))
    order = np.argsort(-np.array(mean), kind="stable")[:NAMED_STATIONS]
    return [(str(station_ids[at]), f"{mean[at]:.4g}", f"{most[at]}", _percent(down[at])) for at in order.tolist()]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.3g} %"
