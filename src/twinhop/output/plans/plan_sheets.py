"""What a plan is in tables: its opened servers, its users and its moves, the same rows in CSV, Excel and terminal."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from twinhop._version import __version__
from twinhop.output.kit.excel import Sheet
from twinhop.output.plans.change_tables import change_table, move_table
from twinhop.output.plans.money_rows import money_values
from twinhop.plans.explanation import radio_parts_s
from twinhop.plans.opened_servers import OpenedServer, late_users, opened_servers
from twinhop.plans.result import Plan
from twinhop.plans.service_levels import service_levels
from twinhop.scenario import World, unproject
from twinhop.scenario.label_names import label_column
from twinhop.units import CYCLES_PER_GCYCLE

#: Opened servers that show in the terminal; `plan --out` writes all.
SHOWN_SERVERS = 12
#: Digits of degrees: a hundredth of a metre, where positions are known to a thousandth.
DEGREE_DIGITS = 7

Column = Sequence[Any] | np.ndarray


def plan_sheets(plan: Plan) -> tuple[Sheet, ...]:
    """The sheets of a plan's workbook."""
    moves = () if plan.move_order is None else (Sheet("Moves", *move_table(plan)),)
    changes = () if plan.moves is None else (Sheet("Changes", *change_table(plan)),)
    return (summary_sheet(plan), servers_sheet(plan), users_sheet(plan), *moves, *changes)


def summary_sheet(plan: Plan) -> Sheet:
    """What the plan costs, and how good that is: name, value, unit."""
    problem, evaluation = plan.case.problem, plan.evaluation
    unit, terms = problem.money_unit, money_values(plan)
    rows: list[tuple[Any, ...]] = [
        ("scenario", plan.case.name, ""),
        ("policy", plan.solution.policy, ""),
        ("seed", plan.case.seed, ""),
        ("twinhop", __version__, ""),
        ("users", problem.users if problem.weight is None else problem.people, ""),
        *([] if problem.weight is None else [("rows of users", problem.users, "")]),
        ("stations", problem.stations, ""),
        ("servers opened", int(plan.solution.placement.open.sum()), ""),
        ("cost", plan.cost, unit),
        *[(f"of it {name}", value, unit) for name, value in terms.items()],
        ("mean latency", evaluation.latency_s, "s"),
        ("opening", evaluation.opening_s, "s"),
        ("energy, weighted", evaluation.energy_j, ""),
        ("certified lower bound", plan.lower_bound, unit),
        ("gap", plan.gap, "share of the bound"),
        ("constraints violated", len(evaluation.violations), ""),
        ("unmeetable deadlines", problem.twins_in(problem.unmeetable), "users"),
    ]
    if plan.moves is not None:
        rows += [("moves", problem.twins_in(plan.moves.users), "twins"), ("cost of moves", plan.moves.cost, unit)]
    rows += [("note", note, "") for note in (*plan.notes, *plan.case.notes)]
    rows += [("warning", each.message, each.code) for each in plan.warnings]
    rows += [("source of data", source, "") for source in plan.case.attribution]
    return Sheet("Summary", ("what", "value", "unit"), rows)


def servers_sheet(plan: Plan) -> Sheet:
    """One row an opened server, those with most of the work first."""
    problem, servers = plan.case.problem, opened_servers(plan)
    at = [each.station for each in servers]
    demand = None
    if problem.demand is not None and problem.weight is None:
        demand = np.bincount(plan.solution.placement.host, problem.demand, minlength=problem.stations)[at]
    world = plan.case.world
    columns: dict[str, Column | None] = {
        "station_id": [problem.station_name(k) for k in at],
        "station": at,
        **_positions(world, None if world is None else world.host_xy_m[at]),
        "users": [each.users for each in servers],
        "seats": [each.seats for each in servers],
        "load": [each.load for each in servers],
        "update_load": [each.update_load for each in servers],
        "deadline_load": [each.deadline_load for each in servers] if problem.has_deadlines else None,
        "cpu_gcycles_per_s": problem.cpu[at] / CYCLES_PER_GCYCLE,
        "latency_s": [each.latency_s for each in servers],
        "late_users": [each.late for each in servers] if problem.has_deadlines else None,
        "demand": demand,
        "demand_capacity": None if demand is None or problem.demand_capacity is None else problem.demand_capacity[at],
        "opening_s": problem.opening_s[at],
        **_rent(plan, at),
    }
    labels = {} if world is None else world.station_labels
    return _sheet("Servers", columns | _label_columns(labels, at, columns))


def users_sheet(plan: Plan) -> Sheet:
    """One row a user: where it is, its host, the terms of its latency, and whether its deadline is kept."""
    problem, placement, world, radio = plan.case.problem, plan.solution.placement, plan.case.world, plan.case.radio
    users, levels = np.arange(problem.users), service_levels(plan)
    communication_s = problem.latency_comm_s[users, placement.host] / problem.part_of_mean
    radio_s = radio_parts_s(plan)
    update_s = plan.solution.evaluation.update_latency_s if levels.update_s is None else levels.update_s
    unmeetable, late = np.isin(users, problem.unmeetable), np.isin(users, late_users(plan))
    columns: dict[str, Column | None] = {
        "user_id": [problem.user_name(i) for i in range(problem.users)],
        "user": users,
        "weight": problem.weight,
        **_positions(world, None if world is None else world.user_xy_m),
        "class": None if world is None or not world.class_names else [world.class_names[c] for c in world.user_class],
        "access_id": None if radio is None else [problem.station_name(int(k)) for k in radio.access],
        "host_id": [problem.station_name(int(k)) for k in placement.host],
        "host": placement.host,
        "latency_s": levels.placement_latency_s,
        "radio_s": radio_s,
        "wired_s": None if radio_s is None else np.maximum(communication_s - radio_s, 0.0),
        "communication_s": communication_s if radio_s is None else None,
        "computing_s": levels.placement_latency_s - communication_s,
        "construction_s": levels.construction_s,
        "update_s": update_s,
        "deadline_s": problem.deadline_s,
        "deadline_kept": ~(unmeetable | late) if problem.has_deadlines else None,
        "demand": problem.demand if problem.weight is None else None,
    }
    labels = {} if world is None else world.user_labels
    return _sheet("Users", columns | _label_columns(labels, range(problem.users), columns))


def _rent(plan: Plan, at: Sequence[int]) -> dict[str, Column]:
    """What each of these servers costs a month, as it was stated where it was, where the cost is in money."""
    problem, world = plan.case.problem, plan.case.world
    if not problem.currency:
        return {}
    if world is None or world.rent_per_month is None:
        return {"cost_per_month": problem.beta * problem.opening_s[at]}
    return {"cost_per_month": np.append(world.rent_per_month, 0.0)[at]}  # a cloud that hosts is the last, and has none


def server_header(plan: Plan) -> tuple[str, ...]:
    """Columns of `server_rows`."""
    updates = () if plan.case.world is None else ("updates",)
    deadlines = ("deadlines",) if plan.case.problem.has_deadlines else ()
    return ("server", *_shown_labels(plan), "users", "seats", "load", *updates, *deadlines, "latency [s]")


def server_rows(plan: Plan, servers: Sequence[OpenedServer]) -> list[tuple[str, ...]]:
    """Rows of opened servers for reading: users, seats, part of all work, CPU that updates and deadlines need."""
    rows = []
    for each in servers:
        loads = [_load(value) for value in (each.load, each.update_load, each.deadline_load) if value is not None]
        latency = "-" if each.latency_s is None else f"{each.latency_s:.4g}"
        name = plan.case.problem.station_name(each.station)
        label = [_labels(texts, [each.station])[0] or "" for texts in _shown_labels(plan).values()]
        rows.append((name, *label, f"{each.users:.10g}", f"{each.seats:.10g}", *loads, latency))
    return rows


def _shown_labels(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The first label of the stations, which the terminal shows; none where there are no labels."""
    labels = {} if plan.case.world is None else plan.case.world.station_labels
    return dict(list(labels.items())[:1])


def server_title(plan: Plan) -> str:
    """What is above `server_rows`, and what its shares are."""
    taken = [*([] if plan.case.world is None else ["updates"]), *(["deadlines"] * plan.case.problem.has_deadlines)]
    words = f"; {' and '.join(taken)}: what they take of its CPU" if taken else ""
    return f"opened servers (load: part of all work{words})"


def _load(value: float) -> str:
    return f"{100 * value:.1f} %"


def _sheet(name: str, columns: Mapping[str, Column | None]) -> Sheet:
    """The columns that are there as rows."""
    given = {key: values for key, values in columns.items() if values is not None}
    return Sheet(name, tuple(given), list(zip(*map(_values, given.values()), strict=True)))


def _values(column: Column) -> list[Any]:
    """The values of a column as Python's own, infinite ones and NaN as None."""
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


def _positions(world: World | None, xy_m: np.ndarray | None) -> dict[str, Column]:
    """Metres, and degrees where the scenario is on Earth; what has no position has none of them."""
    if world is None or xy_m is None:
        return {}
    x_m, y_m = xy_m.T
    columns: dict[str, Column] = {"x_m": x_m, "y_m": y_m}
    if world.origin is not None:
        lat_deg, lon_deg = unproject(x_m, y_m, world.origin)
        columns |= {"lat_deg": np.round(lat_deg, DEGREE_DIGITS), "lon_deg": np.round(lon_deg, DEGREE_DIGITS)}
    return columns


def _label_columns(
    labels: Mapping[str, tuple[str, ...]], at: Iterable[int], own_names: Collection[str]
) -> dict[str, Column | None]:
    """The labels of these, a column each; the cloud, which stands after the stations, has none."""
    return {label_column(name, own_names): _labels(texts, at) for name, texts in labels.items()}


def _labels(texts: Sequence[str], at: Iterable[int]) -> list[str | None]:
    return [(texts[k] or None) if k < len(texts) else None for k in at]
