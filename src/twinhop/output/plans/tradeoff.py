"""How a trade-off curve is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.io.json_text import json_text
from twinhop.output.plans.tradeoff_report import tradeoff_report
from twinhop.plans.tradeoff import Tradeoff

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report(tradeoff: Tradeoff) -> str:
    """The report in Markdown."""
    return tradeoff_report(tradeoff)


def plot(tradeoff: Tradeoff) -> Figure:
    """Cost terms by number of servers, with bounds."""
    from twinhop.output.plans.tradeoff_figure import draw_tradeoff

    return draw_tradeoff(tradeoff)


def write(tradeoff: Tradeoff, folder: Path) -> None:
    """Write tradeoff.json, tradeoff.parquet, tradeoff.md and tradeoff.png."""
    import polars as pl

    (folder / "tradeoff.json").write_text(json_text(tradeoff.to_json()), encoding="utf-8")
    (folder / "tradeoff.md").write_text(tradeoff_report(tradeoff), encoding="utf-8")
    pl.DataFrame(tradeoff.rows(), infer_schema_length=None).write_parquet(folder / "tradeoff.parquet")
    plot(tradeoff).savefig(folder / "tradeoff.png")
