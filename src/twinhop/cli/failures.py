"""Options of `twinhop plan` about servers that fail, and what it prints of every failure in turn."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    exit_interrupted,
    infeasible_exits,
    print_notes,
    print_result,
    print_table,
    progress,
    save,
    share_progress,
)

if TYPE_CHECKING:
    from twinhop.placement.policy import PlacementPolicy
    from twinhop.plans import FailureSurvey, Plan
    from twinhop.plans.failed_hosts import FailureRules
    from twinhop.plans.result import Case

#: Failures printed one by one.
SHOWN = 20

Without = Annotated[
    list[str] | None,
    typer.Option(
        help="Stations that fail as hosts, separated by commas; or each: every opened server in turn.",
        show_default=False,
    ),
]
WithoutAny = Annotated[
    int | None,
    typer.Option(help="How many servers fail at once: of every such set of opened ones.", show_default=False),
]
Spare = Annotated[
    int | None,
    typer.Option(
        help="1: a plan that still works when any one of its servers fails, and what that costs.", show_default=False
    ),
]
FailureMoves = Annotated[
    str | None,
    typer.Option(
        help="After a failure stay: only users of servers that fail move; or free: all may.", show_default="free"
    ),
]
FailureDeadlines = Annotated[
    str | None,
    typer.Option(
        help="After a failure keep deadlines; or count who is late where they cannot be kept.", show_default="keep"
    ),
]


def run_survey(
    case: "Case",
    together: int,
    rules: "FailureRules",
    policy: "PlacementPolicy",
    saved: Path | None,
    time_limit_s: float,
    gap: float | None,
    as_json: bool,
    out: Path | None,
    *,
    html: bool,
) -> None:
    """Plan, let servers fail, print what that costs, and write it where asked for."""
    from twinhop.output.plans.plan import infeasible_answer
    from twinhop.plans.failure_survey import survey
    from twinhop.plans.planning import plan_case
    from twinhop.plans.result import users_alone
    from twinhop.plans.saved_placement import plan_of_saved

    case = users_alone(case, "a survey of failures")
    if saved is not None:
        plan = plan_of_saved(case, saved)
    else:
        with (
            infeasible_exits(case.name, lambda proof: infeasible_answer(case, policy.name, proof), as_json, case.notes),
            progress(f"{policy.name} on {case.name}") as report,
        ):
            plan = plan_case(case, policy, time_limit_s=time_limit_s, gap=gap, on_progress=report)
    with share_progress(f"failures of {case.name}", "failures") as done:
        result = survey(plan, together, rules, policy, time_limit_s=time_limit_s, gap=gap, on_done=done)
    written, gave_up = save(out, partial(result.save, html=html), "failures")
    print_result(result, as_json, _show, written)
    if result.interrupted or gave_up:
        exit_interrupted(f"{len(result.cases)} of {result.planned} failures were looked at", written)


def _show(result: "FailureSurvey") -> None:
    from twinhop.output.kit.tables import cost_cell, percent
    from twinhop.output.plans.failure_words import failure_rows, header, sentences, title
    from twinhop.units import cost_in_words

    plan = result.plan
    unit = plan.case.problem.money_unit
    bound = cost_cell(plan.lower_bound, unit, 6)
    typer.echo(
        f"before any failure: cost {cost_in_words(plan.cost, unit)}, certified lower bound {bound}, "
        f"gap {percent(plan.gap)}"
    )
    print_table(title(result), header(result), failure_rows(result, SHOWN))
    if len(result.cases) > SHOWN:
        typer.echo(f"... and {len(result.cases) - SHOWN} more; --out writes them all")
    print_notes(plan.notes)
    for sentence in sentences(result):
        typer.echo(sentence)


def show_spare(plan: "Plan") -> None:
    """What becomes of a plan that survives every failure of one server."""
    from twinhop.output.plans.spare_report import spare_header, spare_in_words, spare_rows

    rows = spare_rows(plan)
    print_table("after the failure of one server", spare_header(plan), rows[:SHOWN])
    if len(rows) > SHOWN:
        typer.echo(f"... and {len(rows) - SHOWN} more; --out writes them all")
    typer.echo(spare_in_words(plan))
