"""How a trade-off curve is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop._version import __version__
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.excel import Sheet, write_sheets
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import percent, table, with_percent, write_table
from twinhop.placement.tradeoff_point import TradeoffPoint
from twinhop.plans.tradeoff import Tradeoff, servers_in_words, status
from twinhop.text import counted
from twinhop.units import cost_in_words, cost_number, with_unit

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

#: Servers of the cheapest plan that are named.
NAMED = 20


def _columns(tradeoff: Tradeoff) -> dict[str, str]:
    """The columns with the unit of the cost."""
    unit = tradeoff.case.problem.cost_unit
    return {name: text.replace("[s]", f"[{unit}]") for name, text in COLUMNS.items()}


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
    """Write tradeoff.json, .parquet, .csv, .xlsx (with the extra `excel`), .tex and .md, and the figure tradeoff."""
    import polars as pl

    write_answer(folder / "tradeoff.json", tradeoff.to_json())
    (folder / "tradeoff.md").write_text(report(tradeoff), encoding="utf-8")
    without_infinities(pl.DataFrame(tradeoff.rows(), infer_schema_length=None)).write_parquet(
        folder / "tradeoff.parquet"
    )
    write_table(folder, "tradeoff", [with_percent(row) for row in tradeoff.rows()], _columns(tradeoff))
    write_sheets(folder, "tradeoff", (Sheet.of_dicts("Servers", tradeoff.rows()),))
    save_figure(plot(tradeoff), folder, "tradeoff")


def report(tradeoff: Tradeoff) -> str:
    """The report in Markdown."""
    case, curve = tradeoff.case, tradeoff.curve
    terms = ["communication", "computing", "opening", "energy"]
    terms += ["missed"] if case.problem.priced_deadlines is not None else []
    header = ("servers", "cost", *terms, "lower bound", "gap", "above best")
    in_unit = f"in {case.problem.money_unit} " if case.problem.currency else ""
    lines = [
        f"# Cost of {case.name} by number of servers",
        "",
        f"{case.problem.users} users, {case.problem.stations} stations, seed {case.seed}, {curve.seconds:.3f} s, "
        f"twinhop {__version__}.",
        "",
        verdict(tradeoff),
        "",
        *([knee_in_words(tradeoff), ""] if tradeoff.knee else []),
        *table(header, [point_cells(tradeoff, point) for point in tradeoff.points]),
        "",
        f"Cost terms {in_unit}are weighted as in the cost. A server counts if it hosts a twin. No plan that opens so "
        "many servers costs less than the lower bound of its row.",
        "",
        *(f"- {each}" for each in [*servers_of_best(tradeoff), *remarks(tradeoff)]),
    ]
    return "\n".join(lines) + "\n"


def verdict(tradeoff: Tradeoff) -> str:
    """The best number of servers and the bound on all plans, in a sentence."""
    best = tradeoff.best
    if best is None:
        return "No plan was found for any number of servers."
    certain = len(tradeoff.may_be_best) == 1
    unit = tradeoff.case.problem.money_unit
    text = f"{'Best' if certain else 'Cheapest plan'}: {counted(best.servers, 'server')} at cost "
    text += cost_in_words(best.cost, unit)
    if tradeoff.gap is None:
        return text + "."
    text = f"{text}; no feasible plan costs less than {cost_in_words(tradeoff.lower_bound, unit)} "
    text += f"(gap {percent(tradeoff.gap)})."
    if certain:
        return text
    return f"{text} Best may be {tradeoff.may_be_best_in_words}: it is not proved which."


def knee_in_words(tradeoff: Tradeoff) -> str:
    """The knee, what a further server changes before and beyond it, and whether it is proved; empty without one."""
    knee, unit = tradeoff.knee, tradeoff.case.problem.money_unit
    if knee is None:
        return ""
    before, after = (cost_number(change, unit, 4, signed=True) for change in (knee.before, knee.after))
    text = (
        f"Knee: {knee.servers} servers. Up to it a further server changes the cost by {before} on average, beyond it "
        f"by {with_unit(after, unit)}."
    )
    if tradeoff.curve.missing:
        text += " Of the numbers that were reached."
    if len(knee.may_be) > 1:
        return f"{text} It may be {servers_in_words(knee.may_be)}: it is not proved which."
    return text if knee.proved else f"{text} It is not proved that there is one."


def servers_of_best(tradeoff: Tradeoff) -> list[str]:
    """The servers of the cheapest plan, by name; nothing where there is none."""
    if tradeoff.best is None or tradeoff.best.placement is None:
        return []
    opened = tradeoff.best.placement.open.nonzero()[0].tolist()
    named = ", ".join(tradeoff.case.problem.station_name(k) for k in opened[:NAMED])
    more = f" and {len(opened) - NAMED} more" if len(opened) > NAMED else ""
    cost = cost_in_words(tradeoff.best.cost, tradeoff.case.problem.money_unit)
    return [f"Servers at cost {cost}: {named}{more}."]


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
    if tradeoff.knee is not None and tradeoff.knee.servers == point.servers:
        name += " (knee)"
    unit = problem.money_unit
    bound = cost_number(point.lower_bound, unit) if math.isfinite(point.lower_bound) else "-"
    missed = []
    if problem.priced_deadlines is not None:
        missed = ["-" if evaluation is None else cost_number(problem.alpha * evaluation.missed_s, unit, 4)]
    if evaluation is None or best is None:
        return (name, status(point), "-", "-", "-", "-", *["-" for _ in missed], bound, "-", "-")
    return (
        name,
        cost_number(point.cost, unit),
        cost_number(problem.alpha * evaluation.communication_s, unit, 4),
        cost_number(problem.alpha * evaluation.computing_s, unit, 4),
        cost_number(problem.beta * evaluation.opening_s, unit, 4),
        cost_number(problem.beta * evaluation.energy_j, unit, 4),
        *missed,
        bound,
        percent(point.gap),
        percent(point.cost / best.cost - 1 if best.cost > 0 else None),
    )
