"""What is said of the failures of servers: title, rows, sentences."""

from __future__ import annotations

from collections.abc import Iterator

from twinhop.output.kit.tables import number, percent
from twinhop.plans.failed_hosts import COUNT, STAY, FailureCase
from twinhop.plans.failure_survey import FailureSurvey
from twinhop.text import counted

HEADER = ("fails", "cost change", "at least", "at most", "its twins", "twins that move", "late", "constraints")
WORDS = {"kept": "all kept", "late": "deadlines missed", "violated": "broken", "impossible": "no plan"}


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
    """A row a failure, the worst first."""
    rows = []
    for case in survey.ranked[:most]:
        low, high = survey.change_interval(case)
        change = survey.change(case)
        constraints = WORDS[case.status]
        if case.violations:
            constraints = f"{case.violations} broken"
        rows.append(
            (
                survey.names(case),
                "-" if change is None else f"{change:+.4g}",
                number(low),
                number(high),
                f"{len(case.displaced)}",
                "-" if case.cost is None else f"{len(case.moved)}",
                "-" if case.cost is None else f"{len(missed(case))}",
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
    late = {i for case in survey.cases for i in missed(case)}
    if late:
        yield f"{counted(len(late), 'user')} would be late after some failure."
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
    words = f"Worst is the failure of {name}: the cost changes by {change:+.4g}{share}"
    if low is not None and high is not None:
        words += f", between the best plans before and after it by {low:.4g} to {high:.4g}, as is certified"
    if worst.violations:
        words += f"; {counted(worst.violations, 'constraint')} broken"
    if missed(worst):
        words += f"; {counted(len(missed(worst)), 'deadline')} missed"
    return words + "."
