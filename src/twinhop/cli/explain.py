"""`twinhop explain`: why one user's twin is where it is."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    From,
    Gap,
    Json,
    Policy,
    ProblemFormat,
    Seed,
    Source,
    TimeLimit,
    Verbose,
    plan_or_saved,
    print_result,
    print_table,
    read_case,
)
from twinhop.cli.exit_codes import INTERRUPTED

if TYPE_CHECKING:
    from twinhop.plans.explanation import Explanation

EXAMPLE = "Example: twinhop explain city-small u12"


def run(
    source: Source,
    user: Annotated[str, typer.Argument(help="The user's id; in a problem file its index from 0.")],
    problem_format: ProblemFormat = None,
    policy: Policy = "lagrangian",
    saved: From = None,
    seed: Seed = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say why a twin is where it is: what every other host would cost, why some are impossible, what would help."""
    from twinhop.plans.explanation import explain, find_user
    from twinhop.plans.result import users_alone

    case = users_alone(read_case(source, seed, problem_format), "an explanation")
    find_user(case, user)
    plan = plan_or_saved(case, saved, policy, time_limit, gap, as_json)
    explanation = explain(plan, user)
    print_result(explanation, as_json, _show)
    if plan.solution.interrupted:
        typer.echo("twinhop: interrupted; this explains the best plan found", err=True)
        raise typer.Exit(INTERRUPTED)


def _show(explanation: "Explanation") -> None:
    from twinhop.output.plans.explanation import alternative_rows, obstacle_rows, sentences, term_rows
    from twinhop.units import cost_in_words

    problem = explanation.plan.solution.problem
    unit = problem.money_unit
    title = f"{explanation.plan.case.name}: twin of {problem.user_name(explanation.user)}"
    title += f", plan by {explanation.plan.solution.policy}, cost {cost_in_words(explanation.plan.cost, unit)}"
    print_table(title, ("", "value", "unit"), term_rows(explanation))
    possible = alternative_rows(explanation)
    if possible:
        header = ("other host", "cost change", "own latency", "users there", "users left", "opening")
        in_money = f", in {unit}" if unit else ""
        print_table(f"hosts that may take it, and how the plan's cost would change{in_money}", header, possible)
    impossible = obstacle_rows(explanation)
    if impossible:
        print_table("hosts that cannot", ("station", "why not", "possible if"), impossible)
    for note in explanation.plan.notes:
        typer.echo(f"note: {note}")
    for sentence in sentences(explanation):
        typer.echo(sentence)
