"""`twinhop policies`: all policies, a line each."""

from typing import TYPE_CHECKING

import typer

from twinhop.cli.common import Json, print_json, print_list

if TYPE_CHECKING:
    from twinhop.runs.policy_lines import PolicyLine

EXAMPLE = "Example: twinhop policies"
TITLES = {
    "placement": "placement: plan, compare, tradeoff, robustness, explain, evaluate, benchmark, reproduce",
    "migration": "migration: simulate, evaluate, benchmark",
}


def run(as_json: Json = False) -> None:
    """List the policies: what each does, its settings and their defaults, and whether it certifies its plans."""
    from twinhop.runs.policy_lines import policy_lines

    lists = {kind: policy_lines(kind) for kind in ("placement", "migration")}
    if as_json:
        print_json({kind: [each.to_json() for each in lines] for kind, lines in lists.items()})
        return
    for kind, lines in lists.items():
        print_list(TITLES[kind], [(each.name, _texts(each)) for each in lines])
        typer.echo()
    typer.echo("your own: mine.py:function or module:function, wherever a policy is named; agents besides: SB3:PATH")


def _texts(policy: "PolicyLine") -> list[str]:
    """What it does, and how its settings are written."""
    notes = ["certified"] if policy.certifies else []
    notes += [] if policy.package == "twinhop" else [f"of {policy.package or 'another package'}"]
    line = policy.line or policy.problem
    settings = "".join(f":{name}={_written(each.default)}" for name, each in policy.settings.items())
    return [f"{line} ({', '.join(notes)})" if notes else line, policy.name + settings if settings else ""]


def _written(default: object) -> str:
    return "PATH" if default == "" else f"{default:g}" if isinstance(default, float) else str(default)
