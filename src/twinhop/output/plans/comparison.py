"""How a comparison of policies is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhop._version import __version__
from twinhop.io.json_text import json_text
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.tables import percent, source_lines, table, to_text
from twinhop.plans.comparison import Comparison
from twinhop.text import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(comparison: Comparison) -> Figure:
    """The policies against the bound, as bars."""
    from twinhop.output.plans.comparison_figure import draw_bars

    return draw_bars(comparison)


def write(comparison: Comparison, folder: Path) -> None:
    """Write comparison.json, comparison.parquet, comparison.md and comparison.png."""
    import polars as pl

    (folder / "comparison.json").write_text(json_text(comparison.to_json()), encoding="utf-8")
    (folder / "comparison.md").write_text(report(comparison), encoding="utf-8")
    without_infinities(pl.DataFrame(comparison.rows())).write_parquet(folder / "comparison.parquet")
    plot(comparison).savefig(folder / "comparison.png")


def report(comparison: Comparison) -> str:
    """The report of a comparison."""
    case = comparison.case
    rows = [
        (
            f"`{row['policy']}`",
            f"{row['cost']:.6g}",
            percent(row["gap"]),
            f"{row['latency_s']:.6g}",
            f"{row['opening_s']:.4g}",
            f"{row['opened']}",
            "yes" if row["feasible"] else f"no ({row['violations']} violations)",
            f"{row['seconds']:.3f}",
        )
        for row in comparison.rows()
    ]
    header = ("policy", "cost", "above the bound", "mean latency [s]", "opening [s]", "opened", "feasible", "time [s]")
    lines = [
        f"# Policies on {case.name}",
        "",
        f"{counted(case.problem.users, 'user')}, {counted(case.problem.stations, 'station')}, "
        f"seed {case.seed}, twinhop {__version__}. "
        f"{comparison.bound_in_words().capitalize()}.",
        "",
        *table(header, rows),
        "",
        *source_lines(case.attribution),
    ]
    return to_text(lines)
