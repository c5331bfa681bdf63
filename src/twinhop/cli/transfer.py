"""`twinhop transfer`: adapt what was learned elsewhere to a scenario."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from twinhop.cli.common import Json, Verbose, exit_interrupted, print_json
from twinhop.cli.train import show_run, training_progress
from twinhop.errors import InputError

EXAMPLE = "Example: twinhop transfer --sources out/morning,out/noon --target lu2021-n100-m10 --out out/evening"


class Reading(StrEnum):
    """How an equation is read."""

    sound = "sound"
    literal = "literal"


class Topologies(StrEnum):
    """What every episode begins with."""

    random = "random"
    fixed = "fixed"


def run(
    sources: Annotated[
        str, typer.Option(help="Checkpoints or runs of training, separated by commas, the latest last.")
    ],
    target: Annotated[str, typer.Option(help="Scenario file, or the name of a preset.")],
    weights: Annotated[
        str | None, typer.Option(help="Weights of Eq. 32, separated by commas.", show_default="all alike")
    ] = None,
    dwell: Annotated[
        str | None, typer.Option(help="In place of weights: seconds spent in each place, separated by commas.")
    ] = None,
    rho: Annotated[
        float, typer.Option(help="Pull of the source in the first iteration (Eq. 34).", min=0, max=1)
    ] = 0.05,
    decay: Annotated[float, typer.Option(help="Factor of the pull in each iteration.", min=0, max=1)] = 0.9,
    share: Annotated[
        float,
        typer.Option(help="Share of the replay memory that the sources' experience fills (Eq. 33).", min=0, max=1),
    ] = 0.5,
    recency: Annotated[
        float, typer.Option(help="Weight of a place's experience relative to the place after it.", min=0, max=1)
    ] = 0.5,
    networks: Annotated[
        bool, typer.Option("--networks/--no-networks", help="Take over the weights, or experience alone.")
    ] = True,
    sum_reading: Annotated[
        Reading, typer.Option("--sum", help="Eq. 32: sound needs sources of a common ancestor.")
    ] = Reading.sound,
    pull_reading: Annotated[
        Reading, typer.Option("--pull", help="Eq. 34: sound is a convex combination, literal the printed sum.")
    ] = Reading.sound,
    iterations: Annotated[
        int | None, typer.Option(help="Iterations of the adaptation.", min=1, show_default="500")
    ] = None,
    topologies: Annotated[
        Topologies, typer.Option(help="Draw stations and users anew in every episode, or keep the target's.")
    ] = Topologies.random,
    seed: Annotated[int, typer.Option(help="Root seed.", min=0)] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; a run that was stopped goes on.", show_default="out/transfer"),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Adapt learned policies to another network by Algorithm 2: weights, experience, and a pull that fades."""
    from twinhop.training.training import transfer

    takes_over: dict[str, Any] = {"rho": rho, "decay": decay, "share": share, "recency": recency, "networks": networks}
    takes_over |= {"sum_reading": sum_reading.value, "pull_reading": pull_reading.value}
    takes_over |= {"weights": _numbers(weights, "--weights"), "dwell_s": _numbers(dwell, "--dwell")}
    with training_progress(f"transfer to {target}") as report:
        training = transfer(
            [each.strip() for each in sources.split(",") if each.strip()],
            target,
            out=out,
            iterations=iterations,
            seed=seed,
            topologies=topologies.value,
            on_progress=report,
            **takes_over,
        )
    if as_json:
        print_json(training.to_json())
    else:
        show_run(training)
        for place in training.sources:
            cost = "an unknown time" if place["seconds"] is None else f"{place['seconds']:.0f} s"
            typer.echo(f"source {place['path']}: {place['iterations']} iterations on {place['scenario']}, {cost}")
        typer.echo(f"policy: maddpg:{training.folder}")
    if training.interrupted:
        exit_interrupted("the same command goes on with the run", [training.folder])


def _numbers(text: str | None, option: str) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise InputError(f"{option}: got {text!r}; expected numbers separated by commas") from None
