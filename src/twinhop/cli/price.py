"""`twinhop price`: what a given plan costs at other hours, on another day or under another demand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Gap,
    Json,
    Out,
    ProblemFormat,
    Seed,
    Source,
    TimeLimit,
    Verbose,
    counting_progress,
    print_notes,
    print_result,
    print_table,
    save,
)

if TYPE_CHECKING:
    from twinhop.plans.pricing import Pricing

EXAMPLE = "Example: twinhop price out/city city.yaml --hours 7-9"


def run(
    placement: Annotated[
        Path, typer.Argument(help="A placement.json saved before, or the folder it is in: the plan to price.")
    ],
    source: Source,
    hours: Annotated[
        str | None,
        typer.Option(
            help="Hours of the day, such as 0-23 or 7,8,12-14; needs a scenario with a section load.",
            show_default="all 24 where there is a section load",
        ),
    ] = None,
    problem_format: ProblemFormat = None,
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
    """Say what a given plan costs at other hours or under another demand, and how far that is from the best."""
    from twinhop.cli.own_files import require_own
    from twinhop.plans.hours import parse_hours
    from twinhop.plans.pricing import price

    asked = None if hours is None else parse_hours(hours)
    require_own(out, "price", force)
    with counting_progress(f"pricing {source}", 24 if asked is None else len(asked), "hours") as report:
        result = price(
            placement,
            source,
            asked,
            seed=seed,
            gap=gap,
            time_limit_s=float("inf") if time_limit is None else time_limit,
            problem_format=problem_format,
            on_progress=report,
        )
    written, _ = save(out, result.save, "price")
    print_result(result, as_json, _show, written)


def _show(result: "Pricing") -> None:
    from twinhop.output.plans.pricing import broken_lines, header, rows, sentences

    print_table(f"{result.placement.name} on {result.name}", header(result), rows(result))
    for line in (*broken_lines(result), *sentences(result)):
        typer.echo(line)
    print_notes(result.notes)
