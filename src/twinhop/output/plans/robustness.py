"""How a robustness run is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinhop.io.json_text import json_text
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.tables import number, share, table
from twinhop.plans.robustness import NAMED, Robustness

if TYPE_CHECKING:
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


def plot(result: Robustness) -> Figure:
    """Costs and missed deadlines over the samples."""
    from twinhop.output.plans.robustness_figure import draw_robustness

    return draw_robustness(result, verdict(result))


def write(result: Robustness, folder: Path) -> None:
    """Write robustness.json, robustness.parquet (one row a sample) and robustness.png."""
    import polars as pl

    (folder / "robustness.json").write_text(json_text(result.to_json()), encoding="utf-8")
    columns = {"sample": np.arange(result.samples), "cost": result.cost, "latency_s": result.latency_s}
    if result.missed is not None:
        columns["missed"] = result.missed
    without_infinities(pl.DataFrame(columns)).write_parquet(folder / "robustness.parquet")
    plot(result).savefig(folder / "robustness.png")


def spread_rows(result: Robustness) -> list[tuple[str, ...]]:
    """Cost, latency and missed deadlines: as planned, mean, p5, p50, p95 and worst."""
    facts = result.to_json()
    rows = [
        ("cost", f"{facts['planned_cost']:.6g}", *(number(value, 6) for value in facts["cost"].values())),
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
            rows.append((f"{noun} {entry[noun]}", f"{entry['samples']}", share(entry["samples"] / result.samples)))
    return rows
