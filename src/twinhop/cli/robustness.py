"""`twinhop robustness`: how often a plan breaks when the load varies."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    From,
    Gap,
    Json,
    Out,
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
    sampling_progress,
)
from twinhop.cli.exit_codes import INTERRUPTED

if TYPE_CHECKING:
    from twinhop.plans import Robustness

EXAMPLE = "Example: twinhop robustness city-small --load 20 --out out/city"


def run(
    source: Source,
    load: Annotated[str, typer.Option(help="Largest deviation of a user's load, in per cent: 20 is +-20 %.")],
    problem_format: ProblemFormat = None,
    samples: Annotated[int, typer.Option(help="How many loads are drawn.", min=1)] = 200,
    policy: Policy = "lagrangian",
    saved: From = None,
    seed: Seed = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Let every user's load vary, keep the placement, and count how often deadlines break."""
    from twinhop.cli.own_files import require_own
    from twinhop.plans.result import users_alone
    from twinhop.plans.robustness import check_sampling, parse_load, sample_robustness

    share = parse_load(load)
    case = users_alone(read_case(source, seed, problem_format), "robustness")
    check_sampling(case, share, samples)
    require_own(out, "robustness", force)
    plan = plan_or_saved(case, saved, policy, time_limit, gap, as_json)
    if plan.solution.interrupted:
        typer.echo("twinhop: interrupted before anything was sampled", err=True)
        raise typer.Exit(INTERRUPTED)
    with sampling_progress(f"sampling {case.name}", samples) as report:
        result = sample_robustness(plan, share, samples, on_progress=report)
    written = [] if out is None else result.save(out)
    print_result(result, as_json, _show, written)


def _show(result: "Robustness") -> None:
    from twinhop.output.plans.robustness import breaking_rows, spread_rows, verdict

    plan = result.plan
    title = f"{plan.case.name}: load of every user +-{100 * result.load:g} %, {result.samples} samples, "
    title += f"plan by {plan.solution.policy}"
    print_table(title, ("", "planned", "mean", "p5", "p50", "p95", "worst"), spread_rows(result))
    rows = breaking_rows(result)
    if rows:
        print_table("what breaks most", ("", "samples", "share"), rows)
    for note in plan.notes:
        typer.echo(f"note: {note}")
    if not plan.feasible:
        typer.echo(f"note: {len(plan.evaluation.violations)} constraints are broken as planned; they are not counted")
    typer.echo(verdict(result))
