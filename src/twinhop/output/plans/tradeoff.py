"""How a trade-off curve is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop._version import __version__
from twinhop.io.json_text import json_text
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import percent, table, with_percent, write_table
from twinhop.placement.tradeoff_point import TradeoffPoint
from twinhop.plans.tradeoff import Tradeoff, status

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Panels of the figure, the main one first, and columns of the table for papers.
PANELS = ("cost", "gap")
COLUMNS = {
    "servers": "servers",
    "cost": "cost [s]",
    "communication": "communication [s]",
    "computing": "computing [s]",
    "opening": "opening [s]",
    "energy": "energy [s]",
    "lower_bound": "lower bound [s]",
    "gap_percent": "gap [%]",
}


def plot(tradeoff: Tradeoff, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """Cost terms by number of servers, with bounds; of the panels ``cost`` and ``gap`` one in given axes."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.plans.tradeoff_figure import draw_costs, draw_gaps, draw_tradeoff

    name = panel_of(panel, PANELS)
    if ax is None:
        return draw_tradeoff(tradeoff, remarks(tradeoff))
    (draw_costs if name == "cost" else draw_gaps)(ax, tradeoff)
    return ax


def write(tradeoff: Tradeoff, folder: Path) -> None:
    """Write tradeoff.json, .parquet, .csv, .tex and .md, and the figure tradeoff."""
    import polars as pl

    (folder / "tradeoff.json").write_text(json_text(tradeoff.to_json()), encoding="utf-8")
    (folder / "tradeoff.md").write_text(report(tradeoff), encoding="utf-8")
    without_infinities(pl.DataFrame(tradeoff.rows(), infer_schema_length=None)).write_parquet(
        folder / "tradeoff.parquet"
    )
    write_table(folder, "tradeoff", [with_percent(row) for row in tradeoff.rows()], COLUMNS)
    save_figure(plot(tradeoff), folder, "tradeoff")


def report(tradeoff: Tradeoff) -> str:
    """The report in Markdown."""
    case, curve = tradeoff.case, tradeoff.curve
    header = ("servers", "cost", "communication", "computing", "opening", "energy", "lower bound", "gap", "above best")
    lines = [
        f"# Cost of {case.name} by number of servers",
        "",
        f"{case.problem.users} users, {case.problem.stations} stations, seed {case.seed}, {curve.seconds:.3f} s, "
        f"twinhop {__version__}.",
        "",
        verdict(tradeoff),
        "",
        *table(header, [point_cells(tradeoff, point) for point in tradeoff.points]),
        "",
        "Cost terms are weighted as in the cost. A server counts if it hosts a twin. No plan that opens so many "
        "servers costs less than the lower bound of its row.",
        "",
        *(f"- {each}" for each in remarks(tradeoff)),
    ]
    return "\n".join(lines) + "\n"


def verdict(tradeoff: Tradeoff) -> str:
    """The best number of servers and the bound on all plans, in a sentence."""
    best = tradeoff.best
    if best is None:
        return "No plan was found for any number of servers."
    certain = len(tradeoff.may_be_best) == 1
    text = f"{'Best' if certain else 'Cheapest plan'}: {best.servers} servers at cost {best.cost:.6g}"
    if tradeoff.gap is None:
        return text + "."
    text = f"{text}; no feasible plan costs less than {tradeoff.lower_bound:.6g} (gap {percent(tradeoff.gap)})."
    if certain:
        return text
    return f"{text} Best may be {tradeoff.may_be_best_in_words}: it is not proved which."


def remarks(tradeoff: Tradeoff) -> list[str]:
    """What is missing from the curve, and why."""
    curve = tradeoff.curve
    lines = []
    for reason in dict.fromkeys(point.impossible for point in curve.points if point.impossible):
        proved = [point.servers for point in curve.points if point.impossible == reason]
        lines.append(f"{in_ranges(proved)} servers: impossible, {reason}.")
    unknown = [point.servers for point in curve.points if status(point) == "not found"]
    if unknown:
        lines.append(f"{in_ranges(unknown)} servers: no plan was found, nor proved impossible.")
    if curve.missing:
        why = "Ctrl-C" if curve.interrupted else "the time limit"
        lines.append(f"{in_ranges(curve.missing)} servers: not reached before {why}.")
    elif curve.interrupted or curve.timed_out:
        lines.append(f"Ended early by {'Ctrl-C' if curve.interrupted else 'the time limit'}; the bounds hold.")
    return lines


def in_ranges(numbers: Sequence[int]) -> str:
    """Whole numbers in rising order as ranges: ``3-5, 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def point_cells(tradeoff: Tradeoff, point: TradeoffPoint) -> tuple[str, ...]:
    """The cells of one number of servers, the best in bold: cost, its terms, bound, gap and share above the best."""
    best, evaluation, problem = tradeoff.best, point.evaluation, tradeoff.case.problem
    name = f"**{point.servers}**" if point is best else f"{point.servers}"
    bound = f"{point.lower_bound:.6g}" if math.isfinite(point.lower_bound) else "-"
    if evaluation is None or best is None:
        return (name, status(point), "-", "-", "-", "-", bound, "-", "-")
    return (
        name,
        f"{point.cost:.6g}",
        f"{problem.alpha * evaluation.communication_s:.4g}",
        f"{problem.alpha * evaluation.computing_s:.4g}",
        f"{problem.beta * evaluation.opening_s:.4g}",
        f"{problem.beta * evaluation.energy_j:.4g}",
        bound,
        percent(point.gap),
        percent(point.cost / best.cost - 1 if best.cost > 0 else None),
    )
