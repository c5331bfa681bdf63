"""The fields of a page about a run: one world in which users move, and what several policies made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinhop._version import __version__
from twinhop.failures import PolicyFailure
from twinhop.migration.run import MigrationRun
from twinhop.output.page.column import reals, wholes
from twinhop.output.page.frames import (
    Frames,
    end_points,
    frame_fields,
    frame_notes,
    frame_slots,
    latency_column,
    map_corners,
    mean_points,
    place_notes,
    smaller,
    sum_points,
    time_fields,
)
from twinhop.output.page.map_data import (
    drawn_users,
    label_fields,
    map_of,
    named_users,
    sample_notes,
    seats_shown,
    site_count,
    twin_fields,
)
from twinhop.output.page.run_files import RunFiles
from twinhop.output.page.run_moves import move_fields
from twinhop.output.runs.cost_unit import cost_factor, cost_unit
from twinhop.output.runs.simulation_report import late_lines
from twinhop.placement.problem import IntArray
from twinhop.runs.simulation import MEASURES, Simulation
from twinhop.runs.simulation_offline import OfflineResult
from twinhop.scenario import World
from twinhop.text import counted

#: Numbers a user and frame besides the latencies of policies: two coordinates.
COORDINATES = 2
#: Tables of figures: headings, fields of `twinhop.runs.simulation.MEASURES`, factors.
FIGURES = {
    "What users see": (
        ("latency, mean [ms]", "latency_mean_s", 1e3),
        ("p50 [ms]", "latency_p50_s", 1e3),
        ("p95 [ms]", "latency_p95_s", 1e3),
        ("p99 [ms]", "latency_p99_s", 1e3),
        ("late [%]", "violation_ratio", 1e2),
        ("age, mean [ms]", "age_mean_s", 1e3),
        ("age, peak [ms]", "age_peak_s", 1e3),
        ("utilisation [%]", "utilisation", 1e2),
        ("utility", "utility_sum", 1.0),
        ("utility below its bound [%]", "below_utility_bound", 1e2),
        ("Jain", "utility_jain", 1.0),
        ("energy [mJ]", "energy_j", 1e3),
    ),
    "Moves and hosts": (
        ("moves", "migrations", 1.0),
        ("moves a user-hour", "migrations_per_user_hour", 1.0),
        ("ping-pong [%]", "ping_pong", 1e2),
        ("moved [MB]", "bytes_moved", 1e-6),
        ("pause, p50 [ms]", "pause_p50_s", 1e3),
        ("pause, p99 [ms]", "pause_p99_s", 1e3),
        ("open hosts", "opened", 1.0),
        ("fallbacks", "fallbacks", 1.0),
    ),
}
BEST_PLAN = "best offline plan"
BOUND_TEXT = (
    "No run that keeps capacities and deadlines costs less than the certified bound, whatever it knows. "
    "The line of what is certified so far is as strong: no such run has cost less up to that slot, "
    "and none costs less in a slot than what is certified of that slot alone."
)
EXACT_TEXT = (
    "The plan is the best of all runs that keep capacities and deadlines: all were looked at. "
    "Of single slots nothing is certified."
)
OLD_TEXT = "No run that keeps capacities and deadlines costs less than the certified bound, whatever it knows."


@dataclass(frozen=True)
class ShownRun:
    """What a page of a run is made of.

    Attributes:
        facts: of `Simulation.to_json`, as `simulation.json` has them.
        at: index of the seed that is shown.
        folders: of the runs of this seed, one a policy in the order of the facts; None where none was written.
        offline: what was possible under this seed.
        run: the world of this seed; None where only the files are there.
    """

    facts: Mapping[str, Any]
    at: int
    folders: Sequence[Path | None]
    offline: OfflineResult | None
    run: MigrationRun | None

    @property
    def world(self) -> World | None:
        """Stations and users as they were described."""
        return None if self.run is None else self.run.world_run.world

    @property
    def figures(self) -> list[dict[str, Any]]:
        """One a policy: its figures under this seed."""
        return [row["runs"][self.at] for row in self.facts["policies"]]


def simulation_data(simulation: Simulation) -> dict[str, Any]:
    """The data of the page of a simulation: its first seed, and all its policies.

    Raises:
        InputError: a file of a run is damaged.
    """
    folders = [runs[0].folder for runs in simulation.runs]
    offline = simulation.offline[0] if simulation.offline else None
    return run_data(ShownRun(simulation.to_json(times=False), 0, folders, offline, simulation.run))


def run_data(shown: ShownRun) -> dict[str, Any]:
    """The data of the page of a run.

    Raises:
        InputError: a file of a run is missing or damaged.
    """
    facts = shown.facts
    page = {
        "kind": "run",
        "title": f"Simulation of {facts['source']}",
        "twinhop": __version__,
        "source": facts["source"],
        "seed": shown.figures[0]["seed"],
        "attribution": list(facts["attribution"]),
        "cost_unit": {"name": cost_unit(facts), "factor": cost_factor(facts)},
        "sense": "a month, mean over slots" if "cost_unit" in facts else "mean over slots",
        "table": _tables(facts),
    }
    notes = _notes(shown)
    if any(folder is None for folder in shown.folders):
        page |= {"policies": [_figures(row, each) for row, each in zip(facts["policies"], shown.figures, strict=True)]}
        notes.append("Made without files of its slots: there is no map and no series. `--out` writes them.")
        return {**page, "notes": notes, **_bound(shown, in_slots=False)}
    files = [RunFiles(folder) for folder in shown.folders if folder is not None]
    slots, users = files[0].count, len(files[0].user_ids)
    drawn = drawn_users(users)
    slot = frame_slots(slots, len(drawn), COORDINATES + len(files))
    frames = files[0].frames(slot, drawn)
    policies, said = _policies(shown, files, frames, drawn)
    notes += [*sample_notes(users), *frame_notes(slot, slots), *place_notes(frames), *said]
    return {
        **page,
        "notes": notes,
        "map": {**map_of(shown.world).get("map", {}), **map_corners(frames)},
        "stations": _stations(files[0], shown.run),
        "users": _users(files[0], shown.world, drawn),
        "time": {**time_fields(slot, slots, facts["slot_s"]), "users_by_slot": mean_points(files[0].slots["users"])},
        "frames": frame_fields(_padded(frames, shown.world)),
        "policies": policies,
        **_bound(shown, in_slots=True),
    }


def _notes(shown: ShownRun) -> list[str]:
    facts, seeds = shown.facts, shown.facts["seeds"]
    notes = [*facts["notes"], *(line.replace("`", "") for line in late_lines(dict(facts)))]
    notes += [f"Failed: {PolicyFailure(**each).in_words()}." for each in facts["failures"]]
    if seeds > 1:
        own = shown.figures[0]["seed"]
        others = [str(run["seed"]) for run in facts["policies"][0]["runs"] if run["seed"] != own]
        named = ", ".join(others[:8]) + (" and more" if len(others) > 8 else "")
        notes.append(
            f"The page shows the world of seed {own}; {counted(len(others), 'other world')}: {named}. "
            "Tables are means over all."
        )
    return notes


def _tables(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tables of the report, and what each seed costs where there are several."""
    tables = [_figure_table(title, columns, facts) for title, columns in FIGURES.items()]
    if facts["seeds"] == 1:
        return tables
    factor, policies = cost_factor(facts), facts["policies"]
    by_seed = [
        [str(run["seed"]), *(factor * row["runs"][at]["cost"] for row in policies)]
        for at, run in enumerate(policies[0]["runs"])
    ]
    names = ["seed", *(row["policy"] for row in policies)]
    return [*tables, {"title": f"Cost of each world [{cost_unit(facts)}]", "columns": names, "rows": by_seed}]


def _figure_table(title: str, columns: Sequence[tuple[str, str, float]], facts: Mapping[str, Any]) -> dict[str, Any]:
    """A table of figures, means over seeds: numbers in the unit of the heading, None where there is none."""
    body = [
        [row["policy"], *(None if row[field] is None else factor * row[field] for _, field, factor in columns)]
        for row in facts["policies"]
    ]
    return {"title": title, "columns": ["policy", *(heading for heading, _, _ in columns)], "rows": body}


def _figures(row: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """A policy as single numbers, under the seed that is shown."""
    figures = {name: run[name] for name in MEASURES if run.get(name) is not None}
    return {
        **figures,
        "name": row["policy"],
        "gap": run["above_bound"],
        "late_share": run["violation_ratio"],
        "moves_per_user_hour": run["migrations_per_user_hour"],
        "terms": [{"name": name, "cost": cost} for name, cost in run["terms"].items()],
    }


def _policies(
    shown: ShownRun, files: Sequence[RunFiles], frames: Frames, drawn: IntArray
) -> tuple[list[dict[str, Any]], list[str]]:
    policies, notes = [], []
    for row, run, own in zip(shown.facts["policies"], shown.figures, files, strict=True):
        decisions = own.decisions(frames.slot, drawn)
        moves, said = move_fields(own, drawn)
        notes += [f"{row['policy']}: {note}" for note in said]
        policies.append(
            {
                **_figures(row, run),
                "host": smaller(decisions.host),
                "latency_s": latency_column(decisions.latency_s, frames.present),
                "late": wholes(decisions.late),
                "cost_by_slot": mean_points(own.slots["cost"]),
                "latency_by_slot": mean_points(own.slots["latency_mean_s"]),
                "late_by_slot": sum_points(own.slots["violations"].astype(np.int64)),
                "moves_by_slot": sum_points(own.slots["moves_made"].astype(np.int64)),
                "open_by_slot": mean_points(own.slots["opened"]),
                **moves,
                **_regret(shown, files, own),
            }
        )
    return policies, notes


def _regret(shown: ShownRun, files: Sequence[RunFiles], own: RunFiles) -> dict[str, Any]:
    """Cost so far over that of the reference so far, less 1: of the offline plan, or of the first policy."""
    if shown.offline is not None and shown.offline.plan is not None:
        against, reference = BEST_PLAN, np.array(shown.offline.slot_cost_s)
    elif own is not files[0]:
        against, reference = shown.facts["policies"][0]["policy"], files[0].slots["cost"]
    else:
        return {}
    total = reference.cumsum()
    cost = own.slots["cost"].cumsum()
    regret = np.divide(cost, total, out=np.full(len(total), np.nan), where=total > 0) - 1.0
    return {"regret_by_slot": end_points(regret), "against": against}


def _bound(shown: ShownRun, *, in_slots: bool) -> dict[str, Any]:
    """The field ``bound``: only what is certified, and the plan that was found."""
    offline = shown.offline
    if offline is None:
        return {}
    text = BOUND_TEXT if offline.bound_so_far_s else EXACT_TEXT if offline.exact else OLD_TEXT
    bound: dict[str, Any] = {
        "total": offline.bound,
        "plan": offline.plan,
        "gap": offline.gap,
        "exact": offline.exact,
        "text": text,
    }
    if in_slots and offline.plan is not None:
        bound["plan_by_slot"] = mean_points(offline.slot_cost_s)
    if in_slots and offline.bound_so_far_s:
        bound |= {"so_far": end_points(offline.bound_so_far_s), "by_slot": mean_points(offline.slot_bound_s)}
    return {"bound": bound}


def _sites(hosts: int, world: World | None) -> int:
    """Stations of the page: all that may host, and a cloud that is drawn and hosts nothing."""
    return hosts if world is None else max(hosts, site_count(world))


def _padded(frames: Frames, world: World | None) -> Frames:
    """The frames with a column for a cloud that hosts nothing, and radio-only stations as working."""
    count = _sites(frames.up.shape[1], world)
    up = np.ones((len(frames.up), count), np.bool_)
    hosts = _hosts_of(frames.up, world)
    up[:, : frames.up.shape[1]] = frames.up | ~hosts
    return Frames(frames.slot, frames.xy_m, frames.access, up, frames.station_xy_m)


def _hosts_of(up: Any, world: World | None) -> Any:
    """(K,) which may host: as described, or, where only files are known, which do in some slot."""
    return np.asarray(up).any(axis=0) if world is None else world.host_capacity > 0


def _stations(files: RunFiles, run: MigrationRun | None) -> dict[str, Any]:
    known, world = files.stations, None if run is None else run.world_run.world
    hosts = len(files.host_ids)
    rest = _sites(hosts, world) - hosts
    seats = known["capacity"].max(axis=0) if world is None else np.asarray(world.host_capacity)
    names, x_m, y_m = list(files.host_ids), known["x_m"][0], known["y_m"][0]
    is_cloud = np.zeros(hosts + rest, np.bool_)
    fields: dict[str, Any] = {}
    if world is not None:
        is_cloud[len(world.station_ids) :] = True
        fields |= label_fields(world.station_labels, range(hosts + rest))
    if run is not None:
        fields["opening_s"] = reals(np.append(run.hosts.beta * run.hosts.opening_s, np.zeros(rest)), "f64")
    if rest and world is not None and world.cloud is not None and world.cloud.xy_m is not None:
        names.append(world.cloud.name)
        x_m, y_m = np.append(x_m, world.cloud.xy_m[0]), np.append(y_m, world.cloud.xy_m[1])
    nothing = np.zeros(rest)
    return {
        "count": hosts + rest,
        "id": names,
        "x_m": reals(x_m),
        "y_m": reals(y_m),
        "is_host": wholes(np.append(_hosts_of(known["up"], world), nothing)),
        "is_cloud": wholes(is_cloud),
        "capacity": wholes(np.append(seats_shown(seats), nothing)),
        "cpu_cycles_per_s": reals(np.append(known["cpu_cycles_per_s"][0], nothing), "f64"),
        **fields,
    }


def _users(files: RunFiles, world: World | None, drawn: IntArray) -> dict[str, Any]:
    fields = named_users([files.user_ids[at] for at in drawn.tolist()], drawn, len(files.user_ids))
    deadline_s = files.deadlines_s()
    if deadline_s is not None:
        fields["deadline_s"] = reals(deadline_s[drawn])
    return fields if world is None else {**fields, **twin_fields(world, drawn)}
