"""A description as a table, and as a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import SPREAD, share, single_row, spread_row, write_table
from twinhop.plans.description import Description
from twinhop.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SPREADS = (
    ("distance to the access station (m)", "distance_to_access_m"),
    ("rate to the access station (Mbit/s)", "access_rate_mbps"),
    ("users attached to a station", "attached_users"),
    ("construction at the access host (s)", "construction_at_access_host_s"),
    ("one update at the access host (s)", "update_at_access_host_s"),
    ("latency the cost counts (s)", "latency_counted_s"),
)
#: Columns of the table for papers.
COLUMNS = {"what": "", "mean": "mean", "p5": "5 %", "p50": "median", "p95": "95 %", "max": "max"}


def _spread_values(description: Description) -> list[dict[str, Any]]:
    """What differs from user to user or from station to station, as values."""
    facts = description.to_json()
    rows = [(label, facts[name]) for label, name in _SPREADS]
    if facts["deadlines"] is not None:
        rows.append(("deadline (ms)", facts["deadlines"]["deadline_ms"]))
    return [{"what": label, **{column: spread[column] for column in SPREAD}} for label, spread in rows]


def _users(facts: dict[str, Any]) -> str:
    people = facts.get("people")
    return f"{facts['users']}" if people is None else f"{people:.10g} in {counted(facts['users'], 'row')}"


def fact_rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """The facts of `Description.to_json` as rows of a label, mean, p5, p50, p95 and max."""
    spreads = [(label, facts[name]) for label, name in _SPREADS]
    single = [
        ("users", _users(facts)),
        ("stations, of them possible hosts", f"{facts['stations']}, {facts['possible_hosts']}"),
        ("seats", f"{facts['seats']}"),
        *((f"users of class {name}", f"{count}") for name, count in facts["classes"].items()),
        ("stations without users", f"{facts['stations_without_users']}"),
        ("radio, of the latency", share(facts["radio_share_of_latency"])),
        ("updates, of all CPU", share(facts["update_load_of_total_cpu"])),
        (f"updates, of the CPU of {facts['busiest_station_id']}", share(facts["update_load_of_busiest"])),
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


def plot(description: Description, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """The map of access stations, with histograms; in given axes one panel of them, the map if none is named."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.plans.description_figure import PANELS, draw_description

    name = panel_of(panel, list(PANELS))
    if ax is None:
        return draw_description(description)
    PANELS[name](ax, description)
    return ax


def write(description: Description, folder: Path) -> None:
    """Write describe.json, .csv and .tex (the spreads), and the figure describe."""
    write_answer(folder / "describe.json", description.to_json())
    write_table(folder, "describe", _spread_values(description), COLUMNS)
    save_figure(plot(description), folder, "describe")
