"""The fields of a page about a world: where users go, and what stations do meanwhile, whatever is decided."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twinhop._version import __version__
from twinhop.output.page.column import reals, wholes
from twinhop.output.page.frames import (
    Frames,
    frame_fields,
    frame_notes,
    frame_slots,
    map_corners,
    mean_points,
    place_notes,
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
from twinhop.output.page.run_files import WorldFiles
from twinhop.output.runs.world_rows import fact_rows
from twinhop.placement.problem import IntArray
from twinhop.runs.film import Film
from twinhop.runs.world import WatchedWorld
from twinhop.scenario import World
from twinhop.text import counted

#: Numbers a user and frame: two coordinates.
LAYERS = 2


def world_data(watched: WatchedWorld, folder: Path | None) -> dict[str, Any]:
    """The data of the page of a watched world.

    Args:
        watched: the world.
        folder: where its `world.parquet` and `stations.parquet` are; None: the slots of its film are shown.

    Raises:
        InputError: a table is damaged.
    """
    run, statistics = watched.run, watched.statistics
    facts = watched.to_json()
    names = (run.user_ids, run.station_ids)
    attribution = list(run.world.attribution)
    if folder is None or not (folder / "world.parquet").is_file():
        shown, frames = watched.film.shown, _frames_of_film(watched.film, run.slot_s)
    else:
        files = WorldFiles(folder)
        shown = drawn_users(len(run.user_ids))
        frames = files.frames(frame_slots(run.slots, len(shown), LAYERS), shown)
    series = {
        "users present": mean_points(statistics.present.astype(float)),
        "hand-overs": sum_points(statistics.handovers),
        "stations up": mean_points(statistics.stations_up.astype(float)),
    }
    return _page(facts, frames, shown, names, attribution, series, run.world)


def world_data_of_files(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the page of a world from its files alone: without labels, backhaul and sources.

    Args:
        folder: that `twinhop world --out` has written.
        facts: of its `statistics.json`.

    Raises:
        InputError: a table is missing or damaged.
    """
    files = WorldFiles(folder)
    shown = drawn_users(len(files.user_ids))
    frames = files.frames(frame_slots(int(facts["slots"]), len(shown), LAYERS), shown)
    return _page(facts, frames, shown, (files.user_ids, files.station_ids), [], {}, None)


def _page(
    facts: Mapping[str, Any],
    frames: Frames,
    shown: IntArray,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    attribution: list[str],
    series: dict[str, Any],
    world: World | None,
) -> dict[str, Any]:
    users, stations = names
    slots = int(facts["slots"])
    rest = 0 if world is None else site_count(world) - len(stations)
    up = np.hstack([frames.up, np.ones((len(frames.up), rest), np.bool_)])
    people = named_users([users[at] for at in shown.tolist()], shown, len(users))
    people |= {} if world is None else twin_fields(world, shown)
    notes = [*facts["notes"], *_sample_notes(len(shown), len(users)), *frame_notes(frames.slot, slots)]
    return {
        "kind": "world",
        "title": f"World of {facts['source']}",
        "twinhop": __version__,
        "source": facts["source"],
        "seed": facts["seed"],
        "attribution": attribution,
        "sense": f"{counted(slots, 'slot')} of {facts['slot_s']:g} s, users moved by {facts['moved_by']}",
        "notes": [*notes, *place_notes(frames)],
        "map": {**map_of(world).get("map", {}), **map_corners(frames)},
        "stations": _stations(frames, stations, rest, world),
        "users": people,
        "time": time_fields(frames.slot, slots, facts["slot_s"]),
        "frames": frame_fields(Frames(frames.slot, frames.xy_m, frames.access, up, frames.station_xy_m)),
        "statistics": _statistics(facts),
        "series": [{"name": name, "by_slot": column} for name, column in series.items()],
        "table": [_station_table(facts, stations)],
    }


def _sample_notes(shown: int, users: int) -> list[str]:
    """What the page says where it does not draw all users."""
    if shown == users:
        return []
    if shown == len(drawn_users(users)):
        return sample_notes(users)
    return [f"Of {counted(users, 'user')} this page draws {shown}, evenly spread through the list."]


def _stations(frames: Frames, names: tuple[str, ...], rest: int, world: World | None) -> dict[str, Any]:
    ids, xy_m, nothing = list(names), frames.station_xy_m, np.zeros(rest)
    fields: dict[str, Any] = {}
    if world is not None:
        if rest and world.cloud is not None and world.cloud.xy_m is not None:
            ids.append(world.cloud.name)
            xy_m = np.vstack([xy_m, world.cloud.xy_m])
        fields = {
            "is_host": wholes(np.append(world.host, nothing)),
            "capacity": wholes(np.append(seats_shown(world.capacity), nothing)),
            "cpu_cycles_per_s": reals(np.append(world.cpu_cycles_per_s, nothing), "f64"),
            **label_fields(world.station_labels, range(len(ids))),
        }
    return {
        "count": len(ids),
        "id": ids,
        "x_m": reals(xy_m[:, 0]),
        "y_m": reals(xy_m[:, 1]),
        "is_cloud": wholes(np.arange(len(ids)) >= len(names)),
        **fields,
    }


def _statistics(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """The statistics a line each: mean, and the middle 90 % where there is a spread."""
    shown = []
    for label, mean, low, _, high, _ in fact_rows(dict(facts)):
        spread = f" (5 % to 95 %: {low} to {high})" if low or high else ""
        shown.append({"name": label, "value": f"{mean}{spread}"})
    return shown


def _station_table(facts: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    columns = ("attached_users_mean", "attached_users_max", "down_share")
    body = zip(names, *(facts[name] for name in columns), strict=True)
    return {
        "title": "Stations",
        "columns": ["station", "users, mean", "users, most", "time down [%]"],
        "rows": [[name, mean, most, 100 * down] for name, mean, most, down in body],
    }


def _frames_of_film(film: Film, slot_s: float) -> Frames:
    slot = np.array([round(each.time_s / slot_s) for each in film.frames])
    xy_m = np.array([each.xy_m for each in film.frames], np.float64)
    access = np.array([each.station for each in film.frames])
    return Frames(slot, xy_m, access, np.array([each.up for each in film.frames]), film.frames[0].station_xy_m)
