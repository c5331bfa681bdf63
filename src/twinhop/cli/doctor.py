"""`twinhop doctor`: whether this installation, or a folder of `twinhop serve`, can work, and what to do where not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import Json, print_json, print_list, progress
from twinhop.cli.exit_codes import REFUSED

if TYPE_CHECKING:
    from twinhop.diagnosis import Check

EXAMPLE = "Example: twinhop doctor"
Folder = Annotated[
    Path | None,
    typer.Argument(help="A folder of twinhop serve to look at instead; it stays as it is.", show_default=False),
]
_MARKS = {"ok": "", "note": "note: ", "problem": "PROBLEM: "}


def run(data_dir: Folder = None, as_json: Json = False) -> None:
    """Check versions, extras, cache, cores, memory, variables and terminal; exit code 2 where something hinders.

    With DATA_DIR: who serves that folder, versions, checksums of all that it holds, room, permissions.
    """
    from twinhop.text import counted

    checks = _checks(data_dir)
    problems = [each for each in checks if each.level == "problem"]
    if as_json:
        print_json({"ok": not problems, "problems": len(problems), "checks": [each.to_json() for each in checks]})
    else:
        for topic in dict.fromkeys(each.topic for each in checks):
            print_list(topic, [(each.name, _texts(each)) for each in checks if each.topic == topic])
            typer.echo()
        typer.echo(f"{counted(len(problems), 'problem')}" if problems else "nothing hinders")
    if problems:
        raise typer.Exit(REFUSED)


def _checks(data_dir: Path | None) -> "list[Check]":
    if data_dir is None:
        from twinhop.diagnosis import diagnose

        with progress("looking at this installation"):
            return diagnose()
    from twinhop.live.operate.check import folder_checks

    with progress(f"looking at {data_dir}"):
        return folder_checks(data_dir)


def _texts(check: "Check") -> list[str]:
    return [_MARKS[check.level] + check.value, check.advice]
