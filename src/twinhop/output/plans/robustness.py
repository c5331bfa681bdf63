"""How a robustness run is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinhop.io.json_text import json_text
from twinhop.output.markdown import table
from twinhop.output.plans.robustness_report import breaking_rows, spread_rows, verdict
from twinhop.plans.robustness import Robustness

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

    return draw_robustness(result)


def write(result: Robustness, folder: Path) -> None:
    """Write robustness.json, robustness.parquet (one row a sample) and robustness.png."""
    import polars as pl

    (folder / "robustness.json").write_text(json_text(result.to_json()), encoding="utf-8")
    columns = {"sample": np.arange(result.samples), "cost": result.cost, "latency_s": result.latency_s}
    if result.missed is not None:
        columns["missed"] = result.missed
    pl.DataFrame(columns).write_parquet(folder / "robustness.parquet")
    plot(result).savefig(folder / "robustness.png")
