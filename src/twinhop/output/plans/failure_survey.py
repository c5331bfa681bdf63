"""How the failures of servers are shown: plain values, report, table, map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.errors import InputError
from twinhop.io.json_text import json_text
from twinhop.io.table_values import finite
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import note_lines, source_lines, table, write_table
from twinhop.output.plans import plan as plan_output
from twinhop.output.plans.failure_words import failure_rows, header, missed, sentences, title
from twinhop.plans.failed_hosts import FailureCase
from twinhop.plans.failure_survey import FailureSurvey
from twinhop.plans.ids import with_ids

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = {
    "stations": "fails",
    "cost_change": "cost change [s]",
    "change_interval": "certified",
    "displaced": "its twins",
    "moved": "twins that move",
    "late": "late",
    "status": "constraints",
}


def case_values(survey: FailureSurvey, case: FailureCase) -> dict[str, Any]:
    """One failure as plain values; stations and users by index."""
    problem, proof = survey.plan.case.problem, case.proof
    return {
        "stations": list(case.stations),
        "station_ids": [problem.station_name(k) for k in case.stations],
        "status": case.status,
        "cost": finite(case.cost),
        "lower_bound": finite(case.lower_bound),
        "gap": finite(case.gap),
        "cost_change": finite(survey.change(case)),
        "change_interval": [finite(end) for end in survey.change_interval(case)],
        "displaced": problem.twins_in(case.displaced),
        "moved_users": problem.twins_in(case.moved),
        "late": list(case.late),
        "newly_unmeetable": list(case.newly_unmeetable),
        "late_ids": [problem.user_name(i) for i in case.late],
        "newly_unmeetable_ids": [problem.user_name(i) for i in case.newly_unmeetable],
        "violations": case.violations,
        "seconds": case.seconds,
        "proof": None if proof is None else with_ids(plan_output.proof_values(proof), problem),
    }


def to_json(survey: FailureSurvey) -> dict[str, Any]:
    """The plan before, and every failure, the worst first."""
    plan, cases = survey.plan, [case_values(survey, case) for case in survey.ranked]
    opened = [k for k, is_open in enumerate(plan.solution.placement.open.tolist()) if is_open]
    return {
        "source": plan.case.name,
        **plan.case.problem.unit_to_json,
        "policy": plan.solution.policy,
        "failure_moves": survey.rules.moves,
        "failure_deadlines": survey.rules.deadlines,
        "together": survey.together,
        "cost": finite(plan.cost),
        "lower_bound": finite(plan.lower_bound),
        "gap": plan.gap,
        "open": opened,
        "open_ids": [plan.case.problem.station_name(k) for k in opened],
        "planned": survey.planned,
        "looked_at": len(cases),
        "interrupted": survey.interrupted,
        "worst_failure": cases[0] if cases else None,
        "failures": cases,
        "notes": list(plan.notes),
    }


def report(survey: FailureSurvey) -> str:
    """The report in Markdown."""
    plan = survey.plan
    lines = [
        f"# What if servers of {plan.case.name} fail",
        "",
        f"{title(survey)}.",
        "",
        *note_lines(plan.notes),
        " ".join(sentences(survey)),
        "",
        *table(header(survey), failure_rows(survey)),
        "",
        "Cost change: of the plan after the failure against the plan before. At least, at most: certified limits of "
        "what the failure costs between the best plans before and after it.",
        "",
    ]
    proofs = [f"- {survey.names(case)}: {case.proof.message}" for case in survey.ranked if case.proof is not None]
    if proofs:
        lines += ["## No plan", "", *proofs, ""]
    return "\n".join([*lines, *source_lines(plan.case.attribution)]).rstrip("\n") + "\n"


def plot(survey: FailureSurvey, ax: Axes | None = None) -> Figure | Axes:
    """The map: every opened server in the colour of what its failure costs.

    Raises:
        InputError: the plan is of a problem file, which has no map.
    """
    from twinhop.output.plans.failure_map import draw_failures, draw_failures_on

    if survey.plan.case.world is None:
        raise InputError(f"{survey.plan.case.name}: is a problem file, which has no positions and so no map")
    if ax is None:
        return draw_failures(survey)
    draw_failures_on(ax, survey)
    return ax


def write(survey: FailureSurvey, folder: Path) -> None:
    """Write failures.json, .md, .csv and .tex, for scenarios the map failures, and the files of the plan before."""
    plan_output.write(survey.plan, folder)
    (folder / "failures.json").write_text(json_text(to_json(survey)), encoding="utf-8")
    (folder / "failures.md").write_text(report(survey), encoding="utf-8")
    change = {"cost_change": f"cost change [{survey.plan.case.problem.cost_unit}]"}
    write_table(folder, "failures", table_rows(survey), COLUMNS | change)
    if survey.plan.case.world is not None:
        save_figure(plot(survey), folder, "failures")


def table_rows(survey: FailureSurvey) -> list[dict[str, Any]]:
    """A row a failure for CSV and LaTeX."""
    rows = []
    for case in survey.ranked:
        values = case_values(survey, case)
        rows.append(
            {
                "stations": ",".join(values["station_ids"]),
                **{name: values[name] for name in ("status", "cost", "lower_bound", "gap", "cost_change")},
                "change_interval": values["change_interval"],
                "displaced": values["displaced"],
                "moved": None if case.cost is None else values["moved_users"],
                "late": None if case.cost is None else survey.plan.case.problem.twins_in(missed(case)),
                "violations": None if case.cost is None else case.violations,
                "proof": None if case.proof is None else case.proof.message,
            }
        )
    return rows
