"""A description as a table, and as a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.io.json_text import json_text
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import share, single_row, spread_row
from twinhop.plans.description import Description

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPREADS = (
    ("distance to the access station (m)", "distance_to_access_m"),
    ("rate to the access station (Mbit/s)", "access_rate_mbps"),
    ("users attached to a station", "attached_users"),
    ("construction at the access host (s)", "construction_at_access_host_s"),
    ("one update at the access host (s)", "update_at_access_host_s"),
    ("latency the cost counts (s)", "latency_counted_s"),
)


def fact_rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """The facts of `Description.to_json` as rows of a label, mean, p5, p50, p95 and max."""
    spreads = [(label, facts[name]) for label, name in _SPREADS]
    single = [
        ("users", f"{facts['users']}"),
        ("stations, of them possible hosts", f"{facts['stations']}, {facts['possible_hosts']}"),
        ("seats", f"{facts['seats']}"),
        *((f"users of class {name}", f"{count}") for name, count in facts["classes"].items()),
        ("stations without users", f"{facts['stations_without_users']}"),
        ("radio, of the latency", share(facts["radio_share_of_latency"])),
        ("updates, of all CPU", share(facts["update_load_of_total_cpu"])),
        (f"updates, of the CPU of {facts['busiest_station']}", share(facts["update_load_of_busiest"])),
        ("updates slower than the period", share(facts["updates_slower_than_period"])),
    ]
    deadlines = facts["deadlines"]
    if deadlines is None:
        single.append(("deadlines", "off"))
    else:
        spreads.append(("deadline (ms)", deadlines["deadline_ms"]))
        single += [
            ("unmeetable deadlines", f"{deadlines['unmeetable_users']}"),
            ("late at the access host", f"{deadlines['late_at_access_host']}"),
            ("CPU that deadlines need at least (Gcycle/s)", f"{deadlines['least_cpu_gcycles_per_s']:.4g}"),
        ]
    return [*(spread_row(*each) for each in spreads), *(single_row(*each) for each in single)]


def plot(description: Description) -> Figure:
    """The map of access stations, with histograms."""
    from twinhop.output.plans.description_figure import draw_description

    return draw_description(description)


def write(description: Description, folder: Path) -> None:
    """Write describe.json and describe.png."""
    (folder / "describe.json").write_text(json_text(description.to_json()), encoding="utf-8")
    save_figure(plot(description), folder, "describe")
