"""A simulation in words and tables, the same on every machine: times of decisions are not part of it."""

from __future__ import annotations

from typing import Any

from twinhop._version import __version__
from twinhop.network.utility import LARGEST_EXPONENT
from twinhop.output.kit.tables import (
    PAIRS_HEADER,
    failed_rows,
    failure_section,
    note_lines,
    number,
    pair_cells,
    percent,
    source_lines,
    table,
    to_text,
)
from twinhop.output.runs.cost_unit import cost_cell, cost_factor, cost_unit
from twinhop.runs.simulation import MEASURES, Simulation
from twinhop.runs.simulation_summary import PING_PONG_SLOTS, TERMS
from twinhop.stats.bootstrap import FEWEST_WORLDS
from twinhop.text import counted

#: Columns of the tables: heading, field, factor; shares have no factor.
Columns = tuple[tuple[str, str, float | None], ...]
COSTS: Columns = (
    ("cost ms", "cost", 1e3),
    ("regret", "regret", None),
    ("above bound", "above_bound", None),
)
SERVICE: Columns = (
    ("latency ms", "latency_mean_s", 1e3),
    ("p50", "latency_p50_s", 1e3),
    ("p95", "latency_p95_s", 1e3),
    ("p99", "latency_p99_s", 1e3),
    ("late", "violation_ratio", None),
    ("age ms", "age_mean_s", 1e3),
    ("peak age ms", "age_peak_s", 1e3),
    ("utilisation", "utilisation", None),
    ("utility", "utility_sum", 1.0),
    ("below its bound", "below_utility_bound", None),
    ("Jain", "utility_jain", 1.0),
    ("energy mJ", "energy_j", 1e3),
)
MOVES: Columns = (
    ("moves", "migrations", 1.0),
    ("a user-hour", "migrations_per_user_hour", 1.0),
    ("ping-pong", "ping_pong", None),
    ("MB moved", "bytes_moved", 1e-6),
    ("pause p50 ms", "pause_p50_s", 1e3),
    ("p99", "pause_p99_s", 1e3),
    ("open hosts", "opened", 1.0),
    ("fallbacks", "fallbacks", 1.0),
)
#: Those of the table on the terminal.
SHORT: Columns = (
    ("cost ms", "cost", 1e3),
    ("regret", "regret", None),
    ("over bound", "above_bound", None),
    ("p95 ms", "latency_p95_s", 1e3),
    ("late", "violation_ratio", None),
    ("moves/h", "migrations_per_user_hour", 1.0),
    ("decides ms", "decision_ms_p50", 1.0),
)
#: Columns in which people read them: of `MEASURES`, with another name and factor.
_READ = {
    "cost": ("cost_ms", 1e3),
    "regret": ("regret_percent", 1e2),
    "above_bound": ("above_bound_percent", 1e2),
    "latency_mean_s": ("latency_mean_ms", 1e3),
    "latency_p50_s": ("latency_p50_ms", 1e3),
    "latency_p95_s": ("latency_p95_ms", 1e3),
    "latency_p99_s": ("latency_p99_ms", 1e3),
    "violation_ratio": ("late_percent", 1e2),
}


def table_columns(simulation: Simulation) -> dict[str, str]:
    """Columns of the table in LaTeX; intervals are those of `costs.png`: beside a bound of what is above it."""
    cost, unit = _cost_name(simulation)
    interval = {True: "above_bound_percent_interval", False: f"{cost}_interval"}
    has_bound = bool(simulation.offline)
    columns = {
        "policy": "policy",
        cost: f"cost [{unit}]",
        **({} if has_bound else {interval[False]: "95 % interval"}),
        **({"above_bound_percent": "above bound [%]", interval[True]: "95 % interval"} if has_bound else {}),
        **({"regret_percent": "regret [%]"} if has_bound else {}),
        "latency_p95_ms": "latency p95 [ms]",
        "migrations": "moves",
        **({"failed": "failed"} if simulation.failures else {}),
    }
    few = len(simulation.root_seeds) < FEWEST_WORLDS
    return {name: text for name, text in columns.items() if not (few and name in interval.values())}


def _cost_name(simulation: Simulation) -> tuple[str, str]:
    """The column of costs in tables, and its unit."""
    facts = simulation.to_json(times=False)
    return ("cost" if "cost_unit" in facts else "cost_ms"), cost_unit(facts)


def table_rows(simulation: Simulation) -> list[dict[str, Any]]:
    """One row a policy as numbers: means over seeds, intervals, and the terms of the cost."""
    rows = []
    facts = simulation.to_json(times=False)
    in_ms = "cost_unit" not in facts
    for row in simulation.rows(times=False):
        values: dict[str, Any] = {"policy": row["policy"], "seeds": len(simulation.root_seeds)}
        for measure in MEASURES:
            name, factor = _READ.get(measure, (measure, 1.0))
            if measure == "cost" and not in_ms:
                name, factor = measure, 1.0
            interval = row["intervals"][measure]
            values[name] = None if row[measure] is None else factor * row[measure]
            values[f"{name}_interval"] = None if interval is None else [factor * end for end in interval]
        factor, ending = cost_factor(facts), "_ms" if in_ms else ""
        rows.append(values | {f"{term}{ending}": factor * row["terms"][term] for term in TERMS})
    return rows


def simulation_report(simulation: Simulation) -> str:
    """The report in Markdown."""
    facts = simulation.to_json(times=False)
    lines = [
        f"# Simulation of {facts['source']}",
        "",
        f"{title(facts)}, users moved by `{facts['moved_by']}`, root seed {facts['seed']}, twinhop {__version__}.",
        "",
        *note_lines(facts["notes"]),
        *_cost_lines(facts),
        *failure_section(each.in_words() for each in simulation.failures),
        *_offline_lines(facts),
        "## What users see",
        "",
        *table(header(SERVICE), rows(facts, SERVICE)),
        "",
        "## Moves and hosts",
        "",
        *table(header(MOVES), rows(facts, MOVES)),
        "",
        *note_lines(_vast_utilities(facts)),
        f"A ping-pong is a move back to where the twin came from, at most {PING_PONG_SLOTS} slots after it left. "
        "Fallbacks are users placed otherwise than the policy asked, because it could not be.",
        "",
        *source_lines(facts["attribution"]),
    ]
    return to_text(lines)


def _vast_utilities(facts: dict[str, Any]) -> list[str]:
    """Why the sum of utilities is left out."""
    if all(row["utility_sum"] is not None for row in facts["policies"]):
        return []
    return [
        f"utilities are left out where exp((tau - T) / tau_0) of Eq. 20 is more than e^{LARGEST_EXPONENT:g} for a "
        "user, which no sum of numbers holds. It is made for deadlines tau not far above tau_0, "
        "`migration.utility_scale_ms`; nothing else that is reported depends on it"
    ]


def title(facts: dict[str, Any]) -> str:
    """What was run, in a line."""
    size = f"{counted(facts['users'], 'user')}, {counted(facts['stations'], 'station')}"
    return f"{size}, {counted(facts['slots'], 'slot')} of {facts['slot_s']:g} s, {counted(facts['seeds'], 'seed')}"


def header(columns: Columns, facts: dict[str, Any] | None = None) -> tuple[str, ...]:
    """The headings of a table; with facts those of costs have the unit that costs are in."""
    unit = cost_unit(facts or {})
    return ("policy", *(f"cost {unit}" if field == "cost" else name for name, field, _ in columns))


def rows(facts: dict[str, Any], columns: Columns) -> list[tuple[str, ...]]:
    """A row a policy: means over seeds."""
    return [
        (
            row["policy"],
            *(
                cost_cell(facts, row[field]) if field == "cost" else _cell(row[field], factor)
                for _, field, factor in columns
            ),
        )
        for row in facts["policies"]
    ]


def _cell(value: float | None, factor: float | None) -> str:
    if value is None or factor is None:
        return percent(value)
    return number(factor * value)


def late_lines(facts: dict[str, Any]) -> list[str]:
    """A line for each policy that misses deadlines which some host could keep, and so may cost less than the bound."""
    return [
        f"`{row['policy']}` misses deadlines that some host could keep (visits a run: {row['broken_deadlines']:g})"
        + ("; the bound holds for runs that keep them" if row["above_bound"] is not None else "")
        for row in facts["policies"]
        if row["breaks_deadlines"]
    ]


def _cost_lines(facts: dict[str, Any]) -> list[str]:
    terms = [
        (row["policy"], _with_interval(facts, row), *(_cell(row[field], factor) for _, field, factor in COSTS[1:]))
        + tuple(cost_cell(facts, row["terms"][term]) for term in TERMS)
        for row in facts["policies"]
    ]
    words = f"Costs are means over slots, in {facts.get('cost_unit', 'milliseconds')}"
    if facts["seeds"] > 1:
        words += f", and over {facts['seeds']} seeds"
        has_intervals = any(row["intervals"]["cost"] is not None for row in facts["policies"])
        words += ", with 95 % intervals by a bootstrap" if has_intervals else "; fewer than five give no intervals"
    words += "."
    columns = (*header(COSTS, facts), *TERMS)
    terms += failed_rows((each["policy"] for each in facts["failures"]), len(columns))
    lines = ["## Cost", "", *table(columns, terms), "", words, ""]
    pairs = pair_rows(facts)
    if pairs:
        lines += [f"Against `{facts['against']}`, seed by seed (IQM of cost / cost - 1):", ""]
        lines += [*table(PAIRS_HEADER, pairs), ""]
    return [*lines, *note_lines(late_lines(facts))]


def pair_rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """The cells of every policy but the first against it, of several seeds."""
    return [pair_cells(row) for row in facts["policies"] if row["wins"] is not None]


def _with_interval(facts: dict[str, Any], row: dict[str, Any]) -> str:
    interval = row["intervals"]["cost"]
    ends = () if interval is None else (cost_cell(facts, end, 5) for end in interval)
    spread = "" if interval is None else f" ({' to '.join(ends)})"
    return f"{cost_cell(facts, row['cost'], 5)}{spread}"


def _offline_lines(facts: dict[str, Any]) -> list[str]:
    if not facts["offline"]:
        return []
    unit = cost_unit(facts)
    plans = [
        (
            str(each["seed"]),
            cost_cell(facts, each["plan"]),
            cost_cell(facts, each["bound"]),
            percent(each["gap"]),
            str(each["migrations"]),
            _cell(each["utility_bound"], 1.0),
        )
        for each in facts["offline"]
    ]
    return [
        "## With full knowledge of the future",
        "",
        *table(
            (
                "seed",
                f"best plan {unit}",
                f"certified bound {unit}",
                "gap",
                "moves of the plan",
                "certified utility bound",
            ),
            plans,
        ),
        "",
        "No run that keeps capacities and deadlines costs less than the bound, whatever it knows. `regret` is "
        "cost / plan - 1, `above bound` cost / bound - 1. No run at all has a sum of utilities above its bound, "
        "a mean over slots; `below its bound` is 1 - utility / bound.",
        "",
    ]
