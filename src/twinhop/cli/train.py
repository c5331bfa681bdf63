"""`twinhop train`: learn a policy by a configuration."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import Json, Verbose, exit_interrupted, print_json

if TYPE_CHECKING:
    from twinhop.learn.trainer import Training

EXAMPLE = "Example: twinhop train maddpg --out out/maddpg"
#: Figures that progress shows.
SHOWN = ("cost", "gap_percent")


def run(
    config: Annotated[str, typer.Argument(help="Configuration (YAML), or the name of one of the package.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; a run that was stopped goes on.", show_default="out/NAME")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Root seed; replaces the configuration's.", min=0)] = None,
    seeds: Annotated[int, typer.Option(help="Runs, of seeds that follow each other.", min=1)] = 1,
    iterations: Annotated[
        int | None, typer.Option(help="Replaces the configuration's.", min=1, show_default=False)
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a policy; write checkpoints, a log and events for TensorBoard. Ctrl-C keeps what was learned."""
    from twinhop.training.training import train

    with training_progress(f"train {config}") as report:
        runs = train(config, out=out, seed=seed, seeds=seeds, iterations=iterations, on_progress=report)
    if as_json:
        print_json([each.to_json() for each in runs])
    for each in runs:
        if not as_json:
            show_run(each)
        if each.interrupted:
            exit_interrupted("the same command goes on with the run", [each.folder])


def show_run(training: "Training") -> None:
    """Say in a line what came of a run."""
    figures = ", ".join(f"{name} {training.evaluation[name]:.5g}" for name in SHOWN if name in training.evaluation)
    done = f"{training.iteration} of {training.iterations} iterations"
    typer.echo(f"{training.folder}: {done}; best: {figures or 'none yet'}")


@contextmanager
def training_progress(title: str) -> Iterator[Callable[[int, int, dict[str, float]], None]]:
    """A bar with the remaining time on standard error; yields what to call with how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    known: dict[str, float] = {}
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, figures="compiling")

        def report(done: int, total: int, values: dict[str, float]) -> None:
            known.update(values)
            shown = " ".join(f"{name} {known[name]:.4g}" for name in SHOWN if name in known)
            bar.update(task, completed=done, total=total, figures=f"{done}/{total} {shown}")

        yield report
