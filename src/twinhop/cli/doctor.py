"""`twinhop doctor`: whether this installation can work, and what to do where not."""

from typing import TYPE_CHECKING

import typer

from twinhop.cli.common import Json, print_json, print_list, progress
from twinhop.cli.exit_codes import REFUSED

if TYPE_CHECKING:
    from twinhop.diagnosis import Check

EXAMPLE = "Example: twinhop doctor"
_MARKS = {"ok": "", "note": "note: ", "problem": "PROBLEM: "}


def run(as_json: Json = False) -> None:
    """Check versions, extras, cache, cores, memory, variables and terminal; exit code 2 where something hinders."""
    from twinhop.diagnosis import diagnose
    from twinhop.text import counted

    with progress("looking at this installation"):
        checks = diagnose()
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


def _texts(check: "Check") -> list[str]:
    return [_MARKS[check.level] + check.value, check.advice]
