"""How a comparison of policies is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop._version import __version__
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.excel import Sheet, write_sheets
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
from twinhop.units import cost_number

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
    """Write comparison.json, .parquet, .csv, .xlsx (with the extra `excel`), .tex, .md and the figure comparison."""
    import polars as pl

    write_answer(folder / "comparison.json", comparison.to_json())
    (folder / "comparison.md").write_text(report(comparison), encoding="utf-8")
    without_infinities(pl.DataFrame(comparison.rows())).write_parquet(folder / "comparison.parquet")
    rows = with_failed(map(with_percent, comparison.rows()), (each.policy for each in comparison.failures))
    write_table(
        folder,
        "comparison",
        rows,
        columns(comparison.case.problem.money_unit) | ({"failed": "failed"} if comparison.failures else {}),
    )
    write_sheets(folder, "comparison", (Sheet.of_dicts("Policies", comparison.rows()),))
    save_figure(plot(comparison), folder, "comparison")


def columns(money_unit: str) -> dict[str, str]:
    """Columns of the table for papers: with rents in place of openings where the cost is in money."""
    if not money_unit:
        return COLUMNS
    in_money = {"cost": f"cost [{money_unit}]", "rent": f"rent [{money_unit}]"}
    return {("rent" if name == "opening_s" else name): text for name, text in COLUMNS.items()} | in_money


def cells(row: dict[str, Any], money_unit: str = "") -> tuple[str, ...]:
    """One row of the table, as words."""
    return (
        row["policy"],
        cost_number(row["cost"], money_unit),
        percent(row["gap"]),
        f"{row['latency_s']:.6g}",
        cost_number(row["rent"], money_unit) if money_unit else f"{row['opening_s']:.4g}",
        f"{row['opened']}",
        "yes" if row["feasible"] else f"no ({row['violation_count']} violations)",
        f"{row['seconds']:.3f}",
    )


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def report(comparison: Comparison) -> str:
    """The report of a comparison."""
    case = comparison.case
    unit = case.problem.money_unit
    rows = [(f"`{name}`", *rest) for name, *rest in (cells(row, unit) for row in comparison.rows())]
    cost, opening = (f"cost [{unit}]", f"rent [{unit}]") if unit else ("cost", "opening [s]")
    header = ("policy", cost, "above the bound", "mean latency [s]", opening, "opened", "feasible", "time [s]")
    lines = [
        f"# Policies on {case.name}",
        "",
        f"{case.problem.size_in_words}, "
        f"seed {case.seed}, twinhop {__version__}. "
        f"{_sentence(comparison.bound_in_words())}.",
        "",
        *table(header, [*rows, *failed_rows((f"`{each.policy}`" for each in comparison.failures), len(header))]),
        "",
        *failure_section(each.in_words() for each in comparison.failures),
        *source_lines(case.attribution),
    ]
    return to_text(lines)
