"""`twinhop reproduce`: the figures of papers, remade."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    Out,
    Verbose,
    exit_if_failed,
    positive,
    print_table,
    share_progress,
)

if TYPE_CHECKING:
    from twinhop.studies.lu2021 import Reproduction

EXAMPLE = "Example: twinhop reproduce lu2021 --quick --out out/lu2021"

app = typer.Typer(help="Remake the figures of a paper, and put its claims to the test.", no_args_is_help=True)


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


@app.command("lu2021", epilog=EXAMPLE)
def lu2021(
    quick: Annotated[
        bool, typer.Option("--quick", help="Small settings, three seeds, few iterations: minutes instead of hours.")
    ] = False,
    settings: Annotated[
        str | None,
        typer.Option(help="Settings such as n80-m5, separated by commas.", show_default="the paper's four"),
    ] = None,
    algorithms: Annotated[
        str | None,
        typer.Option(help="literal, literal-penalty, flat, structured, separated by commas.", show_default="all four"),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds of every algorithm.", show_default="10", min=1)] = None,
    iterations: Annotated[
        int | None,
        typer.Option(help="Iterations of every run.", show_default="1500 literal, 300 flat, 1000 structured", min=1),
    ] = None,
    policies: Annotated[
        str | None,
        typer.Option(
            help="Further bars of Fig. 9: placement policies, also your own as mine.py:function, separated by commas.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(callback=positive, help="Wall-clock limit of a decision of those \\[s].")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes.", show_default="one a core", min=1)] = None,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    verbose: Verbose = False,
) -> None:
    """Fig. 7 to 10 of Lu, Maharjan and Zhang (2021), by Algorithm 1 as printed and by learners that are stable."""
    from twinhop.studies.lu2021 import reproduce_lu2021

    with share_progress("reproduce lu2021", "iterations") as report:
        result = reproduce_lu2021(
            quick=quick,
            settings=_words(settings),
            algorithms=_words(algorithms),
            seeds=seeds,
            iterations=iterations,
            out=out,
            jobs=jobs,
            policies=policies,
            time_limit_s=time_limit,
            on_forecast=_say_forecast,
            on_progress=report,
        )
    _show(result)
    exit_if_failed(result.failures)


@app.command("transfer", epilog="Example: twinhop reproduce transfer --quick --out out/transfer-study")
def transfer(
    quick: Annotated[
        bool, typer.Option("--quick", help="Three shifts, two seeds, 100 updates: minutes instead of an hour.")
    ] = False,
    shifts: Annotated[
        str | None, typer.Option(help="Shifts such as load, separated by commas.", show_default="all")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds of every arm.", show_default="10", min=1)] = None,
    iterations: Annotated[int | None, typer.Option(help="Updates in each target.", show_default="300", min=1)] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the real data (sf_cab_cells, ifogsim2_melb).", show_default=False)
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes.", show_default="one a core", min=1)] = None,
    seed: Annotated[int, typer.Option(help="First seed.", min=0)] = 0,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    verbose: Verbose = False,
) -> None:
    """The experiment that Lu, Maharjan and Zhang (2021) do not show: Algorithm 2, against what else one could do."""
    from twinhop.studies.policy_transfer.results import HEADER, row_in_words
    from twinhop.studies.policy_transfer.study import reproduce_transfer

    with share_progress("reproduce transfer", "runs") as report:
        result = reproduce_transfer(
            quick=quick,
            shifts=_words(shifts),
            seeds=seeds,
            iterations=iterations,
            data=data,
            jobs=jobs,
            seed=seed,
            out=out,
            on_progress=report,
        )
    print_table("Policies that go where their users go", HEADER, [row_in_words(row) for row in result.policies.rows()])
    for reason in result.policies.skipped:
        typer.echo(f"skipped: {reason}", err=True)
    for path in result.files:
        typer.echo(f"wrote {path}")


def _say_forecast(units: int, hours: float) -> None:
    from twinhop.text import counted, duration

    if units:
        typer.echo(f"{counted(units, 'unit')} left, about {duration(hours)}; finished ones are kept", err=True)


def _show(result: "Reproduction") -> None:
    from twinhop.studies.lu2021.claims import CLAIMS

    rows = [
        (f"{at + 1}. {claim.figure}: {claim.words}", *(each[at].verdict for each in result.findings.values()))
        for at, claim in enumerate(CLAIMS)
    ]
    print_table("The paper's claims, by sign tests", ("claim", *result.findings), rows)
    for path in result.files:
        typer.echo(f"wrote {path}")
