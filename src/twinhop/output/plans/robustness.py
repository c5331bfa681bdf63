"""How a robustness run is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import number, share, table, write_table
from twinhop.plans.robustness import NAMED, Robustness
from twinhop.units import cost_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def report(result: Robustness) -> str:
    """The report in Markdown."""
    problem = result.plan.case.problem
    lines = [
        f"# {result.plan.case.name} at +-{100 * result.load:g} % load",
        "",
        f"{problem.users} users, {problem.stations} stations, {result.samples} samples, seed {result.seed}.",
        "",
        verdict(result),
        "",
        *table(("", "planned", "mean", "p5", "p50", "p95", "worst"), spread_rows(result)),
    ]
    breaking = breaking_rows(result)
    if breaking:
        lines += ["", *table(("breaks", "samples", "share"), breaking)]
    return "\n".join(lines) + "\n"


#: Panels of the figure, the main one first, and columns of the table for papers.
PANELS = ("cost", "broken")
COLUMNS = {
    "what": "",
    "planned": "planned",
    "mean": "mean",
    "p5": "5 %",
    "p50": "median",
    "p95": "95 %",
    "worst": "worst",
}


def plot(result: Robustness, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """Costs and missed deadlines over the samples; of the panels ``cost`` and ``broken`` one in given axes."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.plans.robustness_figure import draw_costs, draw_robustness, draw_shares

    name = panel_of(panel, PANELS)
    if ax is None:
        return draw_robustness(result, verdict(result))
    (draw_costs if name == "cost" else draw_shares)(ax, result)
    return ax


def write(result: Robustness, folder: Path) -> None:
    """Write robustness.json, .parquet (one row a sample), .csv and .tex (the spreads), and the figure robustness."""
    import polars as pl

    write_answer(folder / "robustness.json", result.to_json())
    columns = {"sample": np.arange(result.samples), "cost": result.cost, "latency_s": result.latency_s}
    if result.missed is not None:
        columns["missed"] = result.missed
    without_infinities(pl.DataFrame(columns)).write_parquet(folder / "robustness.parquet")
    write_table(folder, "robustness", _spreads(result), COLUMNS)
    save_figure(plot(result), folder, "robustness")


def _spreads(result: Robustness) -> list[dict[str, Any]]:
    """Cost, latency and missed deadlines as values: as planned, and over the samples."""
    facts = result.to_json()
    rows = [
        {"what": f"cost [{result.plan.case.problem.cost_unit}]", "planned": facts["planned_cost"], **facts["cost"]},
        {"what": "mean latency [s]", "planned": facts["planned_latency_s"], **facts["latency_s"]},
    ]
    if facts["missed"] is not None:
        rows.append({"what": "deadlines newly missed", "planned": 0, **facts["missed"]})
    return rows


def spread_rows(result: Robustness) -> list[tuple[str, ...]]:
    """Cost, latency and missed deadlines: as planned, mean, p5, p50, p95 and worst."""
    facts, unit = result.to_json(), result.plan.case.problem.money_unit
    rows = [
        (
            f"cost ({unit})" if unit else "cost",
            cost_number(facts["planned_cost"], unit),
            *("-" if value is None else cost_number(value, unit) for value in facts["cost"].values()),
        ),
        (
            "mean latency (s)",
            f"{facts['planned_latency_s']:.6g}",
            *(number(value, 6) for value in facts["latency_s"].values()),
        ),
    ]
    if facts["missed"] is not None:
        rows.append(("deadlines newly missed", "0", *(number(value, 6) for value in facts["missed"].values())))
    return rows


def verdict(result: Robustness) -> str:
    """How often the plan breaks, in words."""
    if result.broken is None or result.interval is None or result.broken_share is None:
        return "The scenario has no deadlines: nothing can break, only costs vary."
    low, high = result.interval
    return (
        f"Broken in {result.broken} of {result.samples} samples: {share(result.broken_share)}, 95 % confidence "
        f"interval {100 * low:.3g} to {100 * high:.3g} %."
    )


def breaking_rows(result: Robustness) -> list[tuple[str, ...]]:
    """The stations and users that break in most samples."""
    facts = result.to_json()
    rows = []
    for noun in ("station", "user"):
        for entry in facts[f"breaking_{noun}s"][:NAMED]:
            rows.append(
                (f"{noun} {entry[f'{noun}_id']}", f"{entry['broken']}", share(entry["broken"] / result.samples))
            )
    return rows
