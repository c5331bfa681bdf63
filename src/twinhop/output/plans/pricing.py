"""How the price of a given plan is shown: hour by hour, beside each hour's own bound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.io.json_text import json_text
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import cost_cell, percent, source_lines, table, to_text, write_table
from twinhop.plans.pricing import PricedHour, Pricing
from twinhop.text import counted
from twinhop.units import with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Columns of the table for papers.
COLUMNS = {
    "hour": "hour",
    "users": "users",
    "cost": "cost [s]",
    "lower_bound": "own bound [s]",
    "distance_percent": "distance [%]",
    "violations": "broken",
}
#: Violations named one by one.
NAMED = 5


def report(result: Pricing) -> str:
    """The report in Markdown."""
    lines = [
        f"# {result.placement.name} on {result.name}",
        "",
        *[f"{sentence}\n" for sentence in sentences(result)],
        *table(header(result), rows(result)),
        "",
        *[f"- {line}" for line in broken_lines(result)],
        "",
        *(f"Note: {note}.\n" for note in result.notes),
        *source_lines(result.hours[0].case.attribution),
    ]
    return to_text(lines)


def plot(result: Pricing, ax: Axes | None = None) -> Figure | Axes:
    """Cost of the plan and bound of each hour."""
    from twinhop.output.plans.pricing_figure import draw_hours, draw_pricing

    if ax is None:
        return draw_pricing(result, sentences(result)[0])
    draw_hours(ax, result)
    return ax


def write(result: Pricing, folder: Path) -> None:
    """Write pricing.json and .md, hours.csv and .tex (one row an hour), and the figure hours."""
    (folder / "pricing.json").write_text(json_text(result.to_json()), encoding="utf-8")
    (folder / "pricing.md").write_text(report(result), encoding="utf-8")
    hours = [each.row() for each in result.hours]
    unit = result.hours[0].case.problem.cost_unit
    write_table(
        folder,
        "hours",
        [{**row, "distance_percent": None if row["distance"] is None else 100 * row["distance"]} for row in hours],
        COLUMNS | {"cost": f"cost [{unit}]", "lower_bound": f"own bound [{unit}]"},
    )
    save_figure(plot(result), folder, "hours")


def header(result: Pricing) -> tuple[str, ...]:
    """Columns of `rows`, with the unit of costs where that is money."""
    return ("hour", "users", with_unit("cost", result.money_unit), "own bound", "distance", "broken", "seated")


def rows(result: Pricing) -> list[tuple[str, ...]]:
    """One row an hour, and the mean of several."""
    cells, unit = [_cells(each) for each in result.hours], result.money_unit
    if len(cells) > 1:
        cost, bound = cost_cell(result.mean_cost, unit, 6), cost_cell(result.mean_bound, unit, 6)
        cells.append(("mean", "", cost, bound, percent(result.distance), "", ""))
    return cells


def _cells(each: PricedHour) -> tuple[str, ...]:
    unit = each.case.problem.money_unit
    return (
        "as it is" if each.hour is None else f"{each.hour}",
        f"{each.case.problem.people:.10g}",
        cost_cell(each.cost, unit, 6),
        cost_cell(each.lower_bound, unit, 6),
        percent(each.distance),
        f"{sum(each.violations.values())}",
        f"{each.seated.size}",
    )


def sentences(result: Pricing) -> list[str]:
    """How far the plan is from plans made for each hour, the worst hour, and what is broken."""
    several = len(result.hours) > 1
    said = []

    def words(cost: float | None) -> str:
        return with_unit(cost_cell(cost, result.money_unit, 6), result.money_unit)

    if result.distance is None:
        said.append("The plan cannot be compared with a bound" + (" in every hour." if several else "."))
    elif several:
        said.append(
            f"Over {counted(len(result.hours), 'hour')} the plan costs {words(result.mean_cost)} on average; plans "
            f"made anew every hour cost at least {words(result.mean_bound)}: it is {percent(result.distance)} above "
            "that."
        )
    else:
        said.append(
            f"The plan costs {words(result.mean_cost)}; a plan made for this demand costs at least "
            f"{words(result.mean_bound)}: it is {percent(result.distance)} above that."
        )
    worst = result.worst
    if several:
        cost = "cannot serve everybody" if worst.cost is None else f"costs {words(worst.cost)}"
        said.append(f"The worst hour is {worst.hour}: it {cost}.")
    if not result.broken:
        said.append("No constraint is broken" + (" in any hour." if several else "."))
    elif several:
        said.append(
            f"Constraints are broken in {counted(len(result.broken), 'hour')}: "
            f"{', '.join(str(each.hour) for each in result.broken)}."
        )
    return said


def broken_lines(result: Pricing) -> list[str]:
    """What is broken in each hour, by kind."""
    lines = []
    for each in result.broken:
        when = "" if each.hour is None else f"hour {each.hour}: "
        kinds = ", ".join(f"{count} {kind}" for kind, count in each.violations.items())
        lines.append(f"{when}broken: {kinds}{_first(each)}")
    return lines


def _first(each: PricedHour) -> str:
    """The first violations by name."""
    problem = each.case.problem
    broken: Sequence = () if each.evaluation is None else each.evaluation.violations
    names = [
        problem.station_name(one.station) if one.user is None else problem.user_name(one.user) for one in broken
    ] + [problem.user_name(i) for i in each.unplaced.tolist()]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" ({', '.join(names[:NAMED])}{more})"
