"""What a re-plan says of itself: what has changed since, which servers change, and the order of the moves."""

from collections.abc import Iterable, Sequence

from twinhop.output.kit.tables import table
from twinhop.output.plans.change_tables import HOST_GONE, MAKES_ROOM, changes_of, move_table
from twinhop.plans.changes import Change
from twinhop.plans.result import Plan
from twinhop.text import counted, plural

CYCLES_PER_GCYCLE = 1e9
#: Names in one cell; the rest are counted.
NAMED = 5
#: Steps in a report; moves.csv has them all.
STEPS = 20
CHANGE_SUMMARY = ("", "number", "which")
#: How kinds of changes are called in a table.
CALLED = {
    "user left": "users who left",
    "new user": "new users",
    "site closed": "sites that closed",
    "new site": "new sites",
    "capacity": "sites with another capacity",
    "CPU": "sites with another CPU",
    "opening": "sites with another opening cost",
    "rent": "sites with another rent",
    "demand capacity": "sites with another demand capacity",
}


def change_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """One row a kind of change: how many there are, and the first few."""
    rows = []
    for what, called in CALLED.items():
        found = [each for each in changes_of(plan) if each.what == what]
        if found:
            rows.append((called, f"{len(found)}", _few(map(_in_words, found))))
    return rows


def _in_words(change: Change) -> str:
    if change.what == "site closed" and isinstance(change.before, int | float):
        return f"{change.name} ({change.before:.10g} {plural(1 if change.before == 1 else 2, 'twin')})"
    if isinstance(change.before, int | float) and change.after is not None:
        scale, unit = {"CPU": (CYCLES_PER_GCYCLE, " Gcycle/s"), "opening": (1.0, " s")}.get(change.what, (1.0, ""))
        return f"{change.name} ({change.before / scale:.6g} to {change.after / scale:.6g}{unit})"
    return change.name


def _few(names: Iterable[str]) -> str:
    names = list(names)
    more = f", {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def change_lines(plan: Plan) -> list[str]:
    """The section about what has changed since the present placement was saved."""
    if plan.moves is None:
        return []
    name, rows = plan.moves.present.name, change_rows(plan)
    if not rows:
        return ["## What has changed", "", f"Nothing of users and sites since {name}.", ""]
    return ["## What has changed", "", f"Since {name}:", "", *table(CHANGE_SUMMARY, rows), ""]


def servers_in_words(plan: Plan) -> str:
    """Which servers are opened and shut."""
    moves = plan.moves
    assert moves is not None
    problem, gone = plan.case.problem, moves.present.closed_servers
    if not moves.server_changes:
        return "No server changes."
    parts = []
    for verb, names in (
        ("open", [problem.station_name(int(k)) for k in moves.opened]),
        ("shut", [problem.station_name(int(k)) for k in moves.shut]),
        ("gone with its site" if len(gone) == 1 else "gone with their sites", list(gone)),
    ):
        if names:
            parts.append(f"{len(names)} {verb} ({_few(names)})")
    changes = "changes" if moves.server_changes == 1 else "change"
    return f"{counted(moves.server_changes, 'server')} {changes}: {', '.join(parts)}."


def order_in_words(plan: Plan) -> str:
    """How the moves are ordered and what holds on the way; empty where nobody moves."""
    order, problem = plan.move_order, plan.case.problem
    if order is None or not (order.steps or order.blocked):
        return ""
    kept = ["seats"] + (["demand"] if problem.has_demand else [])
    if problem.has_deadlines and order.keeps_deadlines:
        kept.append("the CPU that deadlines need")
    listed = kept[0] if len(kept) == 1 else f"{', '.join(kept[:-1])} and {kept[-1]}"
    sentences = [f"In the order of the steps no host that a twin goes to is ever short of {listed}."]
    if not order.steps:
        sentences = []
    if problem.has_deadlines and not order.keeps_deadlines:
        sentences.append("No order was found that keeps the deadlines on the way as well.")
    if order.detours:
        why = "no order goes without" if order.detours_needed else "no order without was found"
        steps = counted(order.detours, "step")
        sentences.append(f"In {steps} a twin goes to a third host for a while, as full hosts exchange twins; {why}.")
    if order.blocked:
        names = _few(problem.user_name(i) for i in order.blocked)
        moves = f"{counted(len(order.blocked), 'move')} ({names})"
        if order.proved:
            sentences.append(
                f"{moves} cannot be made one by one: no host has a seat free, and so no third host either."
            )
        else:
            sentences.append(f"For {moves} no order was found; that there is none is not proved.")
    return " ".join(sentences)


def step_rows(plan: Plan, most: int) -> list[tuple[str, str, str, str, str]]:
    """The first steps: number, twin, from, to, reason."""
    _, rows = move_table(plan)
    return [
        ("-" if step is None else f"{step}", user, origin or "-", to, reason)
        for step, user, origin, to, _, reason in rows[:most]
    ]


def order_lines(plan: Plan) -> list[str]:
    """The section with the steps."""
    rows = step_rows(plan, STEPS)
    if not rows:
        return []
    more = len(move_table(plan)[1]) - len(rows)
    return [
        "## Order of the moves",
        "",
        order_in_words(plan),
        "",
        *table(("step", "twin of", "from", "to", "because"), rows),
        "",
        *([f"... and {more} more (all are in moves.csv).", ""] if more else []),
    ]


def step_sentences(plan: Plan, most: int) -> Sequence[str]:
    """The first steps, a line each, and how many more there are."""
    lines = []
    for step, user, origin, to, reason in step_rows(plan, most):
        said = {HOST_GONE: " (its host is gone)", MAKES_ROOM: " (makes room, and goes on)"}.get(reason, "")
        begin = "blocked" if step == "-" else f"step {step}"
        lines.append(
            f"{begin}: {user} to {to} (new)" if origin == "-" else f"{begin}: {user} from {origin} to {to}{said}"
        )
    more = len(move_table(plan)[1]) - len(lines)
    if more > 0:
        lines.append(f"{plural(more, 'step')}: {more} more; --out writes them all")
    return lines
