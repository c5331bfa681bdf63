"""How a comparison of policies is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop._version import __version__
from twinhop.io.json_text import json_text
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import (
    failed_rows,
    failure_section,
    percent,
    source_lines,
    table,
    to_text,
    with_failed,
    with_percent,
    write_table,
)
from twinhop.plans.comparison import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Columns of the table for papers.
COLUMNS = {
    "policy": "policy",
    "cost": "cost [s]",
    "gap_percent": "above bound [%]",
    "latency_s": "latency [s]",
    "opening_s": "opening [s]",
    "opened": "servers",
    "feasible": "feasible",
    "seconds": "time [s]",
}


def plot(comparison: Comparison, ax: Axes | None = None) -> Figure | Axes:
    """The policies against the bound, as bars."""
    from twinhop.output.plans.comparison_figure import draw_bars, draw_costs

    if ax is None:
        return draw_bars(comparison)
    draw_costs(ax, comparison)
    return ax


def write(comparison: Comparison, folder: Path) -> None:
    """Write comparison.json, .parquet, .csv, .tex and .md, and the figure comparison."""
    import polars as pl

    (folder / "comparison.json").write_text(json_text(comparison.to_json()), encoding="utf-8")
    (folder / "comparison.md").write_text(report(comparison), encoding="utf-8")
    without_infinities(pl.DataFrame(comparison.rows())).write_parquet(folder / "comparison.parquet")
    rows = with_failed(map(with_percent, comparison.rows()), (each.policy for each in comparison.failures))
    write_table(folder, "comparison", rows, COLUMNS | ({"failed": "failed"} if comparison.failures else {}))
    save_figure(plot(comparison), folder, "comparison")


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One row of the table, as words."""
    return (
        row["policy"],
        f"{row['cost']:.6g}",
        percent(row["gap"]),
        f"{row['latency_s']:.6g}",
        f"{row['opening_s']:.4g}",
        f"{row['opened']}",
        "yes" if row["feasible"] else f"no ({row['violations']} violations)",
        f"{row['seconds']:.3f}",
    )


def report(comparison: Comparison) -> str:
    """The report of a comparison."""
    case = comparison.case
    rows = [(f"`{name}`", *rest) for name, *rest in map(cells, comparison.rows())]
    header = ("policy", "cost", "above the bound", "mean latency [s]", "opening [s]", "opened", "feasible", "time [s]")
    lines = [
        f"# Policies on {case.name}",
        "",
        f"{case.problem.size_in_words}, "
        f"seed {case.seed}, twinhop {__version__}. "
        f"{comparison.bound_in_words().capitalize()}.",
        "",
        *table(header, [*rows, *failed_rows((f"`{each.policy}`" for each in comparison.failures), len(header))]),
        "",
        *failure_section(each.in_words() for each in comparison.failures),
        *source_lines(case.attribution),
    ]
    return to_text(lines)
