"""An explanation in words, rows and plain values: why this host, the next best, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import write_table
from twinhop.placement import PlacementProblem
from twinhop.plans.alternatives import Alternative, Remedy
from twinhop.plans.explanation import Explanation
from twinhop.plans.ids import with_ids
from twinhop.units import cost_in_words, cost_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Stations in words that would win the twin if they were possible.
NAMED = 3

_REMEDIES = {
    "communication_ms": "its communication latency were {by:.4g} ms lower",
    "cpu_gcycles_per_s": "it had {by:.4g} Gcycle/s more CPU",
    "opening_s": "opening it cost {by:.4g} s less",
    "seats": "it had {by:.0f} more seat{plural}",
    "demand_capacity": "its demand capacity were {by:.4g} larger",
    "deadline_ms": "the deadline were {by:.4g} ms longer",
}


def to_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain values, as `twinhop explain --json` prints it."""
    problem = explanation.plan.solution.problem
    best = explanation.next_best
    answer = {
        "source": explanation.plan.case.name,
        "policy": explanation.plan.solution.policy,
        **problem.unit_to_json,
        "cost": explanation.plan.cost,
        "user": explanation.user,
        "access": explanation.access,
        "host": explanation.host,
        "latency_s": explanation.communication_s + explanation.computing_s,
        "radio_s": explanation.radio_s,
        "wired_s": explanation.wired_s,
        "communication_s": explanation.communication_s,
        "computing_s": explanation.computing_s,
        **({"missed_s": explanation.missed_s} if problem.priced_deadlines is not None else {}),
        "opening_share_s": explanation.opening_share_s,
        "cost_share": explanation.cost_share,
        "update_s": explanation.update_s
        if explanation.update_s is None or math.isfinite(explanation.update_s)
        else None,
        "deadline_s": explanation.deadline_s,
        "violated_kinds": list(explanation.violations),
        "next_best": None if best is None else best.station,
        "alternatives": [each.to_json() for each in explanation.alternatives],
        "why": sentences(explanation),
        "notes": list(explanation.plan.notes),
    }
    return with_ids(answer, problem)


def report(explanation: Explanation) -> str:
    """The answer in words, in Markdown."""
    problem = explanation.plan.solution.problem
    title = f"# Why {problem.user_name(explanation.user)} is on {problem.station_name(explanation.host)}"
    return "\n".join([title, "", *(f"- {sentence}" for sentence in sentences(explanation))]) + "\n"


#: Columns of the table for papers.
COLUMNS = {
    "station": "host",
    "change": "change [s]",
    "own": "own latency [s]",
    "there": "of twins there [s]",
    "left": "of twins left [s]",
    "opening": "opening [s]",
    "obstacles": "impossible since",
}


def _columns(explanation: Explanation) -> dict[str, str]:
    """The columns with the unit of the cost, in which all changes are."""
    unit = explanation.plan.solution.problem.cost_unit
    return {name: text.replace("[s]", f"[{unit}]") for name, text in COLUMNS.items()}


def plot(explanation: Explanation, ax: Axes | None = None) -> Figure | Axes:
    """What the plan would cost more or less with the twin on each other host."""
    from twinhop.output.plans.explanation_figure import draw_changes, draw_explanation

    if ax is None:
        return draw_explanation(explanation)
    draw_changes(ax, explanation)
    return ax


def write(explanation: Explanation, folder: Path) -> None:
    """Write explanation.json, .csv, .tex and .md, and the figure explanation."""
    write_table(folder, "explanation", _alternative_values(explanation), _columns(explanation))
    save_figure(plot(explanation), folder, "explanation")
    write_answer(folder / "explanation.json", to_json(explanation))
    (folder / "explanation.md").write_text(report(explanation), encoding="utf-8")


def sentences(explanation: Explanation) -> list[str]:
    """Why here, the next best, and what would change it."""
    problem = explanation.plan.solution.problem
    user, host = problem.user_name(explanation.user), problem.station_name(explanation.host)
    lines, unit = [], problem.money_unit
    if explanation.violations:
        lines.append(f"{user} on {host} breaks constraints: {', '.join(explanation.violations)}.")
    best = explanation.next_best
    if best is None or best.change is None:
        return [*lines, f"No other host may take the twin of {user} as the plan is.", *_blocked(explanation)]
    name = problem.station_name(best.station)
    share = _share(best.change.total, explanation.plan.cost)
    if best.change.total < 0:
        lines.append(
            f"The twin of {user} would be cheaper on {name}: moved there alone, the plan would cost "
            f"{cost_in_words(-best.change.total, unit, 4)} less{share}. {_cause(explanation)}"
        )
    else:
        lines.append(
            f"{host} is the cheapest host that can take the twin of {user} as the others are placed. Next best is "
            f"{name}: moved there alone, the plan would cost "
            f"{cost_in_words(best.change.total, unit, 4)} more{share}."
        )
        lines.append(_to_win(explanation, best, name))
    return [*lines, *_blocked(explanation)]


def _share(change: float, cost: float) -> str:
    return f" ({abs(100 * change / cost):.2g} %)" if cost > 0 else ""


def _cause(explanation: Explanation) -> str:
    solution = explanation.plan.solution
    if explanation.violations:
        return ""
    if solution.certificate is None:
        return f"The policy {solution.policy} does not look for the cheapest host."
    return "The plan stops short of the best one, within its gap."


def _to_win(explanation: Explanation, best: Alternative, name: str) -> str:
    if not best.remedies:
        return f"{name} would not win with any CPU, nor if it were reached without any wired latency."
    return f"{name} would win if {in_words(best.remedies, explanation)}."


def in_words(remedies: Sequence[Remedy], explanation: Explanation) -> str:
    """Remedies as alternatives: `it had 1 more seat, or ...`."""
    return ", or if ".join(_remedy(each, explanation.plan.solution.problem) for each in remedies)


def _remedy(remedy: Remedy, problem: PlacementProblem) -> str:
    if remedy.what == "opening_s" and problem.currency:
        return f"opening it cost {cost_in_words(problem.beta * remedy.by, problem.money_unit)} less"
    return _REMEDIES[remedy.what].format(by=remedy.by, plural="" if remedy.by == 1 else "s")


def _blocked(explanation: Explanation) -> list[str]:
    """Stations that are impossible, but would win if one thing changed."""
    problem = explanation.plan.solution.problem
    lines = []
    for each in explanation.alternatives:
        winning = [remedy for remedy in each.remedies if remedy.wins]
        if each.obstacles and winning and len(lines) < NAMED:
            name = problem.station_name(each.station)
            lines.append(
                f"{name} cannot take it ({each.obstacles[0]}), but would win if {in_words(winning, explanation)}."
            )
    return lines


def term_rows(explanation: Explanation) -> list[tuple[str, str, str]]:
    """The user, its host and the terms of its latency: label, value, unit."""
    problem = explanation.plan.solution.problem
    rows, unit = [], problem.money_unit
    if explanation.access is not None:
        rows.append(("access station", problem.station_name(explanation.access), ""))
    rows.append(("host", problem.station_name(explanation.host), ""))
    if explanation.radio_s is not None and explanation.wired_s is not None:
        rows += [("radio", f"{explanation.radio_s:.6g}", "s"), ("wired", f"{explanation.wired_s:.6g}", "s")]
    else:
        rows.append(("communication", f"{explanation.communication_s:.6g}", "s"))
    rows += [
        ("computing", f"{explanation.computing_s:.6g}", "s"),
        *([("its missed deadline, counted as", f"{explanation.missed_s:.6g}", "s")] if explanation.missed_s else []),
        ("share of its host's opening", f"{explanation.opening_share_s:.6g}", "s"),
        ("its part of the plan's cost", cost_number(explanation.cost_share, unit), unit),
    ]
    if explanation.update_s is not None:
        rows.append(("one update", f"{1e3 * explanation.update_s:.4g}", "ms"))
    if explanation.deadline_s is not None:
        rows.append(("its deadline", f"{1e3 * explanation.deadline_s:.4g}", "ms"))
    return rows


def _alternative_values(explanation: Explanation) -> list[dict[str, Any]]:
    """One row another host, possible or not: what the move would change, by term."""
    problem = explanation.plan.solution.problem
    rows = []
    for each in explanation.alternatives:
        terms = None if each.change is None else each.change
        rows.append(
            {
                "station": problem.station_name(each.station),
                "change": None if terms is None else terms.total,
                **{name: getattr(terms, name, None) for name in ("own", "there", "left", "opening")},
                "obstacles": "; ".join(each.obstacles),
            }
        )
    return rows


def alternative_rows(explanation: Explanation) -> list[tuple[str, ...]]:
    """One row a possible host: what the move would change, by term."""
    problem = explanation.plan.solution.problem
    rows = []
    for each in explanation.possible:
        change = each.change
        assert change is not None and each.communication_s is not None
        values = (change.total, change.own, change.there, change.left, change.opening)
        rows.append((problem.station_name(each.station), *(_change(value, problem) for value in values)))
    return rows


def _change(value: float, problem: PlacementProblem) -> str:
    return cost_number(value, problem.money_unit, 4, signed=True) if value else "0"


def obstacle_rows(explanation: Explanation) -> list[tuple[str, str, str]]:
    """One row an impossible host: why, and what would make it possible."""
    problem = explanation.plan.solution.problem
    return [
        (problem.station_name(each.station), "; ".join(each.obstacles), in_words(each.remedies, explanation) or "-")
        for each in explanation.alternatives
        if each.obstacles
    ]
