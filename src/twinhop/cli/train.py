"""`twinhop train`: learn a policy by a configuration."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import Json, Verbose, exit_interrupted, print_json
from twinhop.cli.minute_lines import MinuteLines

if TYPE_CHECKING:
    from rich.console import Console

    from twinhop.learn.trainer import Training

EXAMPLE = "Example: twinhop train maddpg --out out/maddpg"
#: Figures that progress shows.
SHOWN = ("cost", "gap_percent")


def run(
    config: Annotated[str, typer.Argument(help="Configuration (YAML), or the name of one of the package.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the run; one that was stopped, or had fewer iterations, goes on.", show_default="out/NAME"
        ),
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
        print_json({"runs": [each.to_json() for each in runs]})
    for each in runs:
        if not as_json:
            show_run(each)
        if each.interrupted:
            exit_interrupted("the same command goes on with the run", [each.folder])


def show_run(training: "Training") -> None:
    """Say in a line what came of a run."""
    figures = ", ".join(f"{name} {training.evaluation[name]:.5g}" for name in SHOWN if name in training.evaluation)
    done = f"{training.iteration} of {training.iterations} iterations"
    since = f", from {training.began_at} on" if 0 < training.began_at < training.iteration else ""
    rests = f"; within the warm-up of {training.actor_starts_at}: the actor is as it began" * training.in_warm_up
    typer.echo(f"{training.folder}: {done}{since}; best: {figures or 'none yet'}{rests}")


@contextmanager
def training_progress(title: str) -> Iterator[Callable[[int, int, dict[str, float]], None]]:
    """A bar with the remaining time on standard error, or a line a minute where that is no terminal.

    Yields:
        To be called with how far it is.
    """
    from rich.console import Console

    console = Console(stderr=True)
    known: dict[str, float] = {}

    def figures(done: int, total: int, values: dict[str, float]) -> str:
        known.update(values)
        words = [f"{name} {known[name]:.4g}" for name in SHOWN if name in known]
        rests = ["warm-up, the critic alone learns"] if values.get("actor_updates") == 0 else []
        return " ".join([f"{done}/{total}", *words, *rests])

    if console.is_terminal:
        with _bar(title, console) as update:
            yield lambda done, total, values: update(done, total, figures(done, total, values))
        return
    with MinuteLines(f"{title}: compiling") as lines:
        yield lambda done, total, values: lines.update(f"{title}: {figures(done, total, values)}")


@contextmanager
def _bar(title: str, console: "Console") -> Iterator[Callable[[int, int, str], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, figures="compiling")
        yield lambda done, total, words: bar.update(task, completed=done, total=total, figures=words)
