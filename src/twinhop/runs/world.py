"""A world watched as time goes: statistics, tables, pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from twinhop.errors import InputError
from twinhop.io.folders import staging
from twinhop.result import Result, write_result
from twinhop.runs.animation import Animation, require_writer
from twinhop.runs.film import Film
from twinhop.runs.world_statistics import WorldStatistics
from twinhop.runs.world_tables import WorldTables
from twinhop.scenario import Scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.mobility import MOBILITY_MODELS
from twinhop.scenario.schema.movement_checks import check_movement
from twinhop.scenario.schema.movement_section import Movement
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion

#: Told how many slots are done.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class WatchedWorld(Result):
    """A run, and what happened in it.

    Attributes:
        run: the run.
        statistics: of all its slots.
        film: the slots that pictures show.
    """

    run: WorldRun
    statistics: WorldStatistics
    film: Film

    def to_json(self) -> dict[str, Any]:
        """The statistics as plain values, as `twinhop world --json` prints them."""
        return self.statistics.to_json()


def moving(
    scenario: Scenario, slots: int | None = None, slot_s: float | None = None, model: str | None = None
) -> Scenario:
    """The scenario with movement, and with what is asked for in place of what it says.

    Args:
        scenario: without a movement section its users move by Gauss-Markov with the defaults.
        slots: of a run.
        slot_s: length of a slot [s].
        model: kind of mobility model, with its defaults.

    Raises:
        InputError: a value is out of range, or does not go with the rest of the scenario.
    """
    overrides: dict[str, Any] = {}
    if slots is not None:
        overrides |= {"slots": slots, "horizon_s": None}
    if slot_s is not None:
        overrides["slot_s"] = slot_s
    if model is not None:
        if model not in MOBILITY_MODELS:
            accepted = ", ".join(MOBILITY_MODELS)
            raise InputError(
                f"--mobility: unknown model {model!r}; {suggestion(model, MOBILITY_MODELS)}accepted: {accepted}"
            )
        overrides["model"] = {"kind": model}
    stated = {} if scenario.movement is None else scenario.movement.model_dump(exclude_unset=True)
    try:
        movement = Movement.model_validate({**stated, **overrides})
        check_movement(movement, scenario.readings, scenario.radio, scenario.stations, scenario.area)
    except ValidationError as error:
        place = f"{scenario.where}: movement"
        raise input_error(error, Movement, lambda paths: dict.fromkeys(paths, place)) from None
    except PydanticCustomError as error:
        context = error.context or {}
        raise InputError(f"{scenario.where}: {'.'.join(map(str, context['path']))}: {context['message']}") from None
    return scenario.model_copy(update={"movement": movement})


def watch(
    scenario: Scenario,
    folder: str | Path | None = None,
    animation: Animation = "gif",
    on_progress: Progress | None = None,
    *,
    html: bool = True,
) -> tuple[WatchedWorld, list[Path]]:
    """Run a world, and write what happens in it.

    Args:
        scenario: with or without movement, see `moving`.
        folder: where the files go; None: none is written.
        animation: how the film is written.
        on_progress: told of every slot done.
        html: whether the page `report.html` is among the files, besides its data.

    Returns:
        What happened, and the files written: `world.parquet`, `stations.parquet`, `statistics.json`,
        `.csv`, `.tex` and `.png`, `attached.csv`, `map.png`, `world.gif` or `world.mp4`, `report-data.bin.gz` and
        `report.html`.

    Raises:
        InputError: the scenario cannot be run, or the folder cannot be written; nothing is left behind.
    """
    run = WorldRun(scenario)
    if folder is None:
        return _watch(run, None, on_progress), []
    require_writer(animation)
    with staging(folder) as aside:
        tables = WorldTables(run, aside)
        watched = _watch(run, tables, on_progress)
        tables.close()
        write_result(watched, aside, animation=animation, html=html)
        names = sorted(path.name for path in aside.iterdir())
    return watched, [Path(folder) / name for name in names]


def _watch(run: WorldRun, tables: WorldTables | None, on_progress: Progress | None) -> WatchedWorld:
    statistics, film = WorldStatistics(run), Film(run)
    for slot in run:
        statistics.add(slot)
        film.add(slot)
        if tables is not None:
            tables.add(slot)
        if on_progress is not None:
            on_progress(slot.index + 1)
    return WatchedWorld(run, statistics, film)
