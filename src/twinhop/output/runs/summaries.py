"""Simulations and watched worlds in a few lines and tables, as notebooks show them."""

from __future__ import annotations

from typing import Any

from twinhop.failures import failure_lines
from twinhop.output.kit.html import Summary, Table
from twinhop.output.kit.tables import percent
from twinhop.output.runs.cost_unit import cost_in_unit
from twinhop.output.runs.simulation_report import SHORT, header, late_lines, rows, title
from twinhop.output.runs.world_rows import fact_rows, station_rows
from twinhop.runs.simulation import Simulation
from twinhop.runs.world import WatchedWorld
from twinhop.text import counted


def simulation_summary(simulation: Simulation) -> Summary:
    """What each policy costs, against the offline bound where there is one."""
    facts = simulation.to_json()
    table = Table(header(SHORT, facts), rows(facts, SHORT))
    notes = [
        *failure_lines(simulation.failures),
        *late_lines(facts),
        *facts["notes"],
        *(f"Source: {each}" for each in facts["attribution"]),
    ]
    return Summary(f"Simulation of {facts['source']}", title(facts), _bound_in_words(facts), [table], notes)


def _bound_in_words(facts: dict[str, Any]) -> list[str]:
    bound, plan = facts["offline_bound"], facts["offline_plan"]
    if bound is None:
        return []
    a_slot = "" if "cost_unit" in facts else " a slot"
    words = f"No run that keeps capacities and deadlines costs less than {cost_in_unit(facts, bound, 6)}{a_slot}"
    if plan is None:
        return [f"{words}."]
    return [f"{words}; the best plan with full knowledge costs {cost_in_unit(facts, plan, 6)} ({_gap(facts)})."]


def _gap(facts: dict[str, Any]) -> str:
    return f"gap {percent(facts['offline_gap'])}"


def world_summary(watched: WatchedWorld) -> Summary:
    """The statistics of a run, and its busiest stations."""
    facts, run = watched.to_json(), watched.run
    tables = [
        Table(("", "mean", "p5", "p50", "p95", "max"), fact_rows(facts)),
        Table(("station", "users, mean", "most", "down"), station_rows(facts, run.station_ids)),
    ]
    line = f"{counted(run.slots, 'slot')} of {run.slot_s:g} s, users moved by {run.moved_by}, seed {run.world.seed}"
    notes = [*run.notes, *(f"Source: {each}" for each in run.world.attribution)]
    return Summary(f"World of {run.world.name}", line, [], tables, notes)
