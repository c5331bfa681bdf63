"""The program `twinhop` and its commands."""

import shutil
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from twinhop._version import __version__
from twinhop.cli import (
    backup,
    benchmark,
    compare,
    device,
    doctor,
    evaluate,
    explain,
    import_files,
    import_sumo,
    import_trace,
    plan,
    policies,
    price,
    report,
    reproduce,
    robustness,
    scenario,
    serve,
    simulate,
    tradeoff,
    train,
    transfer,
    twin,
    world,
)
from twinhop.cli.common import Verbose
from twinhop.cli.completion import complete_values
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
#: Panels of `twinhop --help`, in their order.
PANELS = ("Plan", "Users who move", "Twins that live", "Learn and judge", "Scenarios and files", "This installation")
PLAN, RUN, LIVE, LEARN, INPUT, ABOUT = PANELS
app.command("plan", epilog=plan.EXAMPLE, rich_help_panel=PLAN)(plan.run)
app.command("explain", epilog=explain.EXAMPLE, rich_help_panel=PLAN)(explain.run)
app.command("robustness", epilog=robustness.EXAMPLE, rich_help_panel=PLAN)(robustness.run)
app.command("price", epilog=price.EXAMPLE, rich_help_panel=PLAN)(price.run)
app.command("compare", epilog=compare.EXAMPLE, rich_help_panel=PLAN)(compare.run)
app.command("tradeoff", epilog=tradeoff.EXAMPLE, rich_help_panel=PLAN)(tradeoff.run)
app.command("report", epilog=report.EXAMPLE, rich_help_panel=PLAN)(report.run)
app.command("simulate", epilog=simulate.EXAMPLE, rich_help_panel=RUN)(simulate.run)
app.command("world", epilog=world.EXAMPLE, rich_help_panel=RUN)(world.run)
app.add_typer(twin.app, name="twin", rich_help_panel=RUN)
app.command("serve", epilog=serve.EXAMPLE, rich_help_panel=LIVE)(serve.run)
app.command("device", epilog=device.EXAMPLE, rich_help_panel=LIVE)(device.run)
app.command("backup", epilog=backup.BACKUP_EXAMPLE, rich_help_panel=LIVE)(backup.run_backup)
app.command("restore", epilog=backup.RESTORE_EXAMPLE, rich_help_panel=LIVE)(backup.run_restore)
app.command("evaluate", epilog=evaluate.EXAMPLE, rich_help_panel=LEARN)(evaluate.run)
app.command("benchmark", epilog=benchmark.EXAMPLE, rich_help_panel=LEARN)(benchmark.run)
app.command("train", epilog=train.EXAMPLE, rich_help_panel=LEARN)(train.run)
app.command("transfer", epilog=transfer.EXAMPLE, rich_help_panel=LEARN)(transfer.run)
app.add_typer(reproduce.app, name="reproduce", rich_help_panel=LEARN)
app.add_typer(scenario.app, name="scenario", rich_help_panel=INPUT)
import_files.add_commands(importers)
importers.command("trace", epilog=import_trace.EXAMPLE)(import_trace.run)
importers.command("sumo", epilog=import_sumo.EXAMPLE)(import_sumo.run)
app.add_typer(importers, name="import", rich_help_panel=INPUT)
app.command("doctor", epilog=doctor.EXAMPLE, rich_help_panel=ABOUT)(doctor.run)
app.command("policies", epilog=policies.EXAMPLE, rich_help_panel=ABOUT)(policies.run)


#: In a narrower terminal rich cuts the names of options.
RICH_HELP_COLUMNS = 80


def program() -> Any:
    """The program, to be called: its help is plain in a narrow terminal, values complete, no path may be empty."""
    root: Any = typer.main.get_command(app)
    root.commands = dict(sorted(root.commands.items(), key=lambda each: PANELS.index(each[1].rich_help_panel)))
    plain = shutil.get_terminal_size().columns < RICH_HELP_COLUMNS
    for command in _commands(root):
        for parameter in command.params:
            refuse_empty(parameter)
            complete_values(command.name, parameter)
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
