"""What is said of the failures of servers: title, rows, sentences."""

from __future__ import annotations

from collections.abc import Iterator

from twinhop.output.kit.tables import cost_cell, percent
from twinhop.plans.failed_hosts import COUNT, STAY, FailureCase
from twinhop.plans.failure_survey import FailureSurvey
from twinhop.text import counted, counted_users, plural
from twinhop.units import cost_in_words, cost_number, with_unit

WORDS = {"kept": "all kept", "late": "deadlines missed", "violated": "broken", "impossible": "no plan"}


def header(survey: FailureSurvey) -> tuple[str, ...]:
    """Columns of `failure_rows`, with the unit of costs where that is money."""
    change = with_unit("cost change", survey.plan.case.problem.money_unit)
    return ("fails", change, "at least", "at most", "its twins", "twins that move", "late", "constraints")


def title(survey: FailureSurvey) -> str:
    """Which servers fail, and who may move."""
    opened = int(survey.plan.solution.placement.open.sum())
    which = f"each of {opened} opened servers fails"
    if survey.together > 1:
        which = f"any {survey.together} of {opened} opened servers fail"
    who = "only its own users move" if survey.rules.moves == STAY else "all users may move"
    if survey.together > 1:
        who = who.replace("its own users", "their users")
    deadlines = ", deadlines counted" if survey.rules.deadlines == COUNT else ""
    return f"{survey.plan.case.name}: {which}, {who}{deadlines}"


def failure_rows(survey: FailureSurvey, most: int | None = None) -> list[tuple[str, ...]]:
    """A row a failure, the worst first; of rows that stand for many users these are counted."""
    rows, problem = [], survey.plan.case.problem
    unit = problem.money_unit
    for case in survey.ranked[:most]:
        low, high = survey.change_interval(case)
        change = survey.change(case)
        constraints = WORDS[case.status]
        if case.violations:
            constraints = f"{case.violations} broken"
        rows.append(
            (
                survey.names(case),
                cost_cell(change, unit, signed=True),
                cost_cell(low, unit),
                cost_cell(high, unit),
                f"{problem.twins_in(case.displaced):.10g}",
                "-" if case.cost is None else f"{problem.twins_in(case.moved):.10g}",
                "-" if case.cost is None else f"{problem.twins_in(missed(case)):.10g}",
                constraints,
            )
        )
    return rows


def sentences(survey: FailureSurvey) -> Iterator[str]:
    """What the survey says."""
    worst, plan = survey.worst, survey.plan
    if not plan.feasible:
        broken = counted(len(plan.solution.evaluation.violations), "constraint")
        yield f"Without any failure the plan breaks {broken} already."
    if survey.interrupted:
        yield f"{len(survey.cases)} of {counted(survey.planned, 'failure')} were looked at."
    if worst is not None:
        yield _worst_in_words(survey, worst)
    lost = sum(case.status == "impossible" for case in survey.cases)
    if lost:
        yield f"After {lost} of {counted(len(survey.cases), 'failure')} no plan keeps the constraints."
    late = sorted({i for case in survey.cases for i in missed(case)})
    if late:
        yield f"{counted_users(plan.case.problem.twins_in(late))} would be late after some failure."
    closed = int(((plan.case.problem.capacity > 0) & ~plan.solution.placement.open).sum())
    if closed:
        subject = "1 server is" if closed == 1 else f"{closed} servers are"
        yield f"{subject} closed: the failure of {'it' if closed == 1 else 'one'} changes nothing."


def missed(case: FailureCase) -> list[int]:
    """Users who are late after a failure, by index."""
    return sorted({*case.late, *case.newly_unmeetable})


def _worst_in_words(survey: FailureSurvey, worst: FailureCase) -> str:
    name, change = survey.names(worst), survey.change(worst)
    if worst.proof is not None or change is None:
        return f"Worst is the failure of {name}: {'' if worst.proof is None else worst.proof.message}."
    low, high = survey.change_interval(worst)
    share = f" ({percent(change / survey.plan.cost, signed=True)})" if survey.plan.cost > 0 else ""
    unit = survey.plan.case.problem.money_unit
    words = f"Worst is the failure of {name}: the cost changes by {cost_in_words(change, unit, 4, signed=True)}{share}"
    if low is not None and high is not None:
        ends = f"{cost_number(low, unit, 4)} to {cost_in_words(high, unit, 4)}"
        words += f", between the best plans before and after it by {ends}, as is certified"
    if worst.violations:
        words += f"; {counted(worst.violations, 'constraint')} broken"
    if missed(worst):
        late = survey.plan.case.problem.twins_in(missed(worst))
        words += f"; {late:.10g} {plural(1 if late == 1 else 2, 'deadline')} missed"
    return words + "."
