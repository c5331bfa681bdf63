"""How one plan for many hours, forecasts or samples is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop._version import __version__
from twinhop.io.json_text import json_text
from twinhop.io.table_values import without_infinities
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import (
    cost_cell,
    note_lines,
    number,
    percent,
    source_lines,
    table,
    to_text,
    with_percent,
    write_table,
)
from twinhop.output.plans.plan import named_answer
from twinhop.plans.joint_plan import JointPlan
from twinhop.text import counted
from twinhop.units import cost_in_words, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Panels of the figure, the main one first, and columns of the table for papers.
PANELS = ("cost", "users")
COLUMNS = {
    "case": "",
    "users": "users",
    "cost": "cost [s]",
    "own_lower_bound": "own bound [s]",
    "above_own_percent": "above [%]",
    "latency_s": "latency [s]",
    "in_use": "in use",
}


def report(plan: JointPlan) -> str:
    """The report in Markdown."""
    problem = plan.cases[0].problem
    names = [problem.station_name(int(k)) for k in np.flatnonzero(plan.opened)]
    lines = [
        f"# One plan for {counted(len(plan.cases), plan.noun)} of {plan.name}",
        "",
        f"{problem.stations} stations, seed {plan.seed}, {plan.solution.seconds:.3f} s, twinhop {__version__}.",
        "",
        f"{verdict(plan)} {own_sentence(plan)}",
        "",
        f"Servers opened, {len(names)}: {', '.join(names)}.",
        "",
        *table(header(plan), case_rows(plan)),
        "",
        f"Each {plan.noun} pays for all servers opened, and its users are hosted on them within its own limits. Its "
        f"own bound is on plans for this {plan.noun} alone, with servers of its own; none costs less. The weight is "
        f"that of the {plan.noun} in the bound.",
        "",
        *violation_lines(plan),
        *note_lines(plan.notes),
        *source_lines(plan.cases[0].attribution),
    ]
    return to_text(lines)


def verdict(plan: JointPlan) -> str:
    """The cost, the bound and how far they are apart, in a sentence or two."""
    unit = plan.money_unit
    cost = cost_in_words(plan.cost, unit)
    what = {
        "mean": f"mean cost of the {plan.noun}s {cost}",
        "worst": f"cost of the worst {plan.noun} {cost}",
        "cvar": f"mean cost of the dearest {100 * plan.risk.level:g} % of the {plan.noun}s {cost}",
    }[plan.risk.kind]
    text = f"{counted(int(plan.opened.sum()), 'server')} for all: {what}"
    if not plan.feasible:
        return f"{text}, but constraints are broken; no plan is known that keeps them all."
    text += f"; no choice of servers has less than {cost_in_words(plan.lower_bound, unit)} (gap {percent(plan.gap)})."
    if not plan.is_wide:
        return text
    better = cost_in_words(plan.cost - plan.lower_bound, unit, 4)
    return (
        f"{text} The gap is wide: a plan up to {better} better may exist. A gap asked for "
        "(--gap 0.01) or a longer --time-limit may narrow it."
    )


def own_sentence(plan: JointPlan) -> str:
    """What would be gained at most if the servers could change between the cases."""
    if not plan.feasible:
        return ""
    above = percent(plan.cost / plan.own_mean - 1) if plan.own_mean > 0 else "-"
    return (
        f"With servers of its own in each {plan.noun} it would be {cost_in_words(plan.own_mean, plan.money_unit)} or "
        f"more: one plan for all is at most {above} above."
    )


def header(plan: JointPlan) -> tuple[str, ...]:
    """Columns of `case_rows`, with the unit of costs where that is money."""
    return ("", "users", with_unit("cost", plan.money_unit), "latency", "in use", "own bound", "above it", "weight")


def case_rows(plan: JointPlan) -> list[tuple[str, ...]]:
    """The cells of each case: users, cost, latency, servers in use, its own bound, the share above it, its weight."""
    return [
        (
            f"{row['case']}{' (dearest)' if row['dearest'] else ''}",
            f"{row['users']:g}",
            cost_cell(row["cost"], plan.money_unit, 5),
            number(row["latency_s"]),
            f"{row['in_use']}",
            cost_cell(row["own_lower_bound"], plan.money_unit, 5),
            percent(row["above_own"]),
            f"{row['weight_in_bound']:.3f}",
        )
        for row in plan.rows()
    ]


def violation_lines(plan: JointPlan) -> list[str]:
    """Which cases break constraints, a paragraph each."""
    broken = [row for row in plan.rows() if row["violations"]]
    return [line for row in broken for line in (f"{row['case']}: {row['violations']} constraints broken.", "")]


def plot(plan: JointPlan, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """Cost of each case beside its own bound; of the panels ``cost`` and ``users`` one in given axes."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.plans.joint_plan_figure import draw_cases, draw_costs, draw_users

    name = panel_of(panel, PANELS)
    if ax is None:
        return draw_cases(plan, verdict(plan))
    (draw_costs if name == "cost" else draw_users)(ax, plan)
    return ax


def write(plan: JointPlan, folder: Path) -> None:
    """Write together.json, .md, .csv, .tex and figure; hosts.parquet; placement.json and map of the dearest case."""
    import polars as pl

    (folder / "together.json").write_text(json_text(_named(plan)), encoding="utf-8")
    (folder / "together.md").write_text(report(plan), encoding="utf-8")
    unit = plan.cases[0].problem.cost_unit
    columns = COLUMNS | {"cost": f"cost [{unit}]", "own_lower_bound": f"own bound [{unit}]"}
    write_table(folder, "together", [with_percent(row, "above_own") for row in plan.rows()], columns)
    save_figure(plot(plan), folder, "together")
    without_infinities(pl.DataFrame(_host_columns(plan))).write_parquet(folder / "hosts.parquet")
    dearest = plan.plan_of(plan.dearest)
    answer = named_answer(dearest) | {"case": plan.labels[plan.dearest]}
    (folder / "placement.json").write_text(json_text(answer), encoding="utf-8")
    if dearest.case.world is not None:
        from twinhop.output.plans.plan import plot as plot_map

        save_figure(plot_map(dearest), folder, "map")


def _named(plan: JointPlan) -> dict[str, Any]:
    """The plain values with the names of stations and users."""
    problem = plan.cases[0].problem
    answer = plan.to_json()
    for row, case in zip(answer["cases"], plan.cases, strict=True):
        row["user_ids"] = [case.problem.user_name(i) for i in range(case.problem.users)]
    return {**answer, "station_ids": [problem.station_name(k) for k in range(problem.stations)]}


def _host_columns(plan: JointPlan) -> dict[str, list[Any]]:
    """One row a case and user: who is hosted where."""
    rows = [
        (label, case.problem.user_name(i), case.problem.station_name(int(k)), int(k))
        for label, case, placement in zip(plan.labels, plan.cases, plan.solution.placements, strict=True)
        for i, k in enumerate(placement.host)
    ]
    return dict(zip(("case", "user", "host", "host_index"), map(list, zip(*rows, strict=True)), strict=True))
