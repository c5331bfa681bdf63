"""How policies on the worlds of several seeds are shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop._version import __version__
from twinhop.failures import failure_lines
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import (
    PAIRS_HEADER,
    failure_section,
    note_lines,
    pair_cells,
    percent,
    percent_interval,
    share,
    source_lines,
    table,
    to_text,
    with_percent,
    write_table,
)
from twinhop.plans.seed_comparison import SeedComparison
from twinhop.text import counted
from twinhop.units import cost_number, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Columns of `cells`; see `header`.
HEADER = ("policy", "cost", "gap, IQM", "95 % interval", "worst", "feasible", "ms")
#: Gaps of which the report has the share of worlds within.
WITHIN = (0.001, 0.01, 0.05, 0.1, 0.25)
#: Columns of the table for papers.
COLUMNS = {
    "policy": "policy",
    "cost": "cost [s]",
    "gap_iqm_percent": "gap, IQM [%]",
    "gap_iqm_percent_interval": "95 % interval [%]",
    "gap_worst_percent": "worst [%]",
    "feasible_share": "feasible",
    "wins": "wins",
    "ties": "ties",
    "losses": "losses",
    "decision_ms": "time [ms]",
}
PANELS = ("gaps", "profile")


def plot(comparison: SeedComparison, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """The gaps of every world, or the ``panel`` ``profile``: the share of worlds within every gap."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.plans import seed_comparison_figure as figures

    gaps = panel_of(panel, PANELS) == "gaps"
    if ax is None:
        return figures.draw_worlds(comparison) if gaps else figures.draw_profile(comparison)
    (figures.draw_gap_panel if gaps else figures.draw_profile_panel)(ax, comparison)
    return ax


def write(comparison: SeedComparison, folder: Path) -> None:
    """Write comparison.json, .parquet (a row a world), .csv, .tex, .md, and the figures comparison and profile."""
    import polars as pl

    write_answer(folder / "comparison.json", comparison.to_json())
    (folder / "comparison.md").write_text(report(comparison), encoding="utf-8")
    worlds = pl.DataFrame(comparison.world_rows(), infer_schema_length=None)
    without_infinities(worlds).write_parquet(folder / "comparison.parquet")
    write_table(folder, "comparison", [_in_percent(row) for row in comparison.rows()], columns(comparison))
    save_figure(plot(comparison), folder, "comparison")
    save_figure(plot(comparison, panel="profile"), folder, "profile")


def header(comparison: SeedComparison) -> tuple[str, ...]:
    """Columns of `cells`, with the unit of costs where that is money."""
    return tuple(with_unit(name, comparison.money_unit) if name == "cost" else name for name in HEADER)


def columns(comparison: SeedComparison) -> dict[str, str]:
    """Columns of the table for papers, with the unit of costs."""
    return COLUMNS | {"cost": f"cost [{comparison.money_unit or 's'}]"}


def _in_percent(row: Mapping[str, Any]) -> dict[str, Any]:
    ends = row["gap_iqm_interval"]
    scaled = None if ends is None else [None if end is None else 100 * end for end in ends]
    return with_percent(with_percent(row, "gap_iqm"), "gap_worst") | {"gap_iqm_percent_interval": scaled}


def report(comparison: SeedComparison) -> str:
    """The report: gaps, pairs with the reference, and the share of worlds within some gaps."""
    rows, first = comparison.rows(), comparison.worlds[0]
    lines = [
        f"# Policies on {comparison.name}",
        "",
        f"{counted(first.users, 'user')}, {counted(first.stations, 'station')}, {comparison.seeds_in_words()}, "
        f"twinhop {__version__}; {comparison.bound_in_words()}.",
        "",
        *table(
            (*header(comparison), "mean gap"),
            [(*cells(row, comparison.money_unit), percent(row["gap_mean"])) for row in rows],
        ),
        "",
        f"## Against {comparison.against}, world by world",
        "",
        *table(PAIRS_HEADER, [pair_cells(row) for row in rows if row["policy"] != comparison.against]),
        "",
        "## Share of worlds within a gap",
        "",
        *table(("policy", *(f"{100 * gap:g} %" for gap in WITHIN)), [_within(comparison, row) for row in rows]),
        "",
        *failure_section(failure_lines(comparison.failures)),
        *note_lines(notes(comparison)),
        *source_lines(comparison.attribution),
    ]
    return to_text(lines)


def notes(comparison: SeedComparison) -> list[str]:
    """What is worth saying below the tables."""
    seeds = ", ".join(map(str, comparison.infeasible_seeds))
    proved = [f"proved: no feasible plan under seed {seeds}; left out for all policies"] if seeds else []
    return [*proved, *comparison.notes]


def cells(row: Mapping[str, Any], money_unit: str = "") -> tuple[str, ...]:
    """The cells of one policy: cost, gaps, feasibility, time."""
    return (
        row["policy"],
        "-" if row["cost"] is None else cost_number(row["cost"], money_unit, 5),
        percent(row["gap_iqm"]),
        percent_interval(row["gap_iqm_interval"]),
        percent(row["gap_worst"]),
        share(row["feasible_share"]),
        "-" if row["decision_ms"] is None else f"{row['decision_ms']:.1f}",
    )


def _within(comparison: SeedComparison, row: Mapping[str, Any]) -> tuple[str, ...]:
    if not comparison.gaps(row["policy"]).size:
        return (row["policy"], *["-"] * len(WITHIN))
    return (row["policy"], *map(share, comparison.profile(row["policy"], WITHIN).share.tolist()))
