"""The program `twinhop` and its commands."""

import shutil
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from twinhop._version import __version__
from twinhop.cli import (
    benchmark,
    compare,
    evaluate,
    explain,
    import_files,
    import_sumo,
    import_trace,
    plan,
    reproduce,
    robustness,
    scenario,
    simulate,
    tradeoff,
    train,
    transfer,
    twin,
    world,
)
from twinhop.cli.common import Verbose
from twinhop.cli.parameters import refuse_empty

app = typer.Typer(
    name="twinhop",
    help="Place the digital twins of mobile users on edge servers, with a proof of how good the placement is.",
    epilog="Example: twinhop plan city-small --out out/city",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
importers = typer.Typer(
    cls=import_files.ImporterGroup,
    help="Make a scenario, a trace or a problem file from other files.",
    no_args_is_help=True,
)
app.command("plan", epilog=plan.EXAMPLE)(plan.run)
app.command("explain", epilog=explain.EXAMPLE)(explain.run)
app.command("robustness", epilog=robustness.EXAMPLE)(robustness.run)
app.command("compare", epilog=compare.EXAMPLE)(compare.run)
app.command("tradeoff", epilog=tradeoff.EXAMPLE)(tradeoff.run)
app.command("simulate", epilog=simulate.EXAMPLE)(simulate.run)
app.command("benchmark", epilog=benchmark.EXAMPLE)(benchmark.run)
app.command("train", epilog=train.EXAMPLE)(train.run)
app.command("transfer", epilog=transfer.EXAMPLE)(transfer.run)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.run)
app.command("world", epilog=world.EXAMPLE)(world.run)
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(scenario.app, name="scenario")
app.add_typer(twin.app, name="twin")
import_files.add_commands(importers)
importers.command("trace", epilog=import_trace.EXAMPLE)(import_trace.run)
importers.command("sumo", epilog=import_sumo.EXAMPLE)(import_sumo.run)
app.add_typer(importers, name="import")


#: In a narrower terminal rich cuts the names of options.
RICH_HELP_COLUMNS = 80


def program() -> Any:
    """The program, to be called: its help is plain in a narrow terminal, and no path may be empty."""
    root = typer.main.get_command(app)
    plain = shutil.get_terminal_size().columns < RICH_HELP_COLUMNS
    for command in _commands(root):
        for parameter in command.params:
            refuse_empty(parameter)
        if plain:
            _make_plain(command)
    return root


def _commands(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _commands(each)


def _make_plain(command: Any) -> None:
    """Help without boxes; rich's escape of a bracket is not needed there."""
    command.rich_markup_mode = None
    command.short_help = (command.help or "").partition("\n\n")[0]  # whole: made of the help, it would be cut
    for each in (command, *command.params):
        each.help = getattr(each, "help", None) and each.help.replace("\\[", "[")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"twinhop {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    pass
