"""The two real cities of the benchmark set, made of files that are no part of this package."""

from __future__ import annotations

from pathlib import Path

from twinhop.scenario.files.load import load_scenario
from twinhop.scenario.importers import import_eua, save_sf_taxis
from twinhop.scenario.presets.benchmark_set.tasks import BenchmarkTask
from twinhop.scenario.schema.scenario import Scenario

FIRST_MINUTE, LAST_MINUTE = 660, 779
"""Minutes of San Francisco that taxis are followed in; those before are their past."""


def city_files(task: BenchmarkTask, data: Path | None) -> tuple[Path, ...] | None:
    """The files that a city needs; None where one is missing.

    Args:
        task: of a city.
        data: a folder that holds the files, or holds a folder of them named as the task's city says.
    """
    assert task.city is not None
    for folder in () if data is None else (data, data / task.city.folder):
        paths = tuple(folder / name for name in task.city.files)
        if all(path.is_file() for path in paths):
            return paths
    return None


def city_scenario(task: BenchmarkTask, paths: tuple[Path, ...], folder: Path) -> Scenario:
    """The scenario of a city.

    Melbourne is a minute of the constants of family(N, M); San Francisco moves by those of `sf-taxis-midday`.

    Args:
        task: of a city.
        paths: its files.
        folder: where scenario and trace of a city that moves are written; made if missing.

    Raises:
        InputError: a file is not what it should be, or the folder cannot be written.
    """
    first, second = paths
    if task.kind == "placement":
        return import_eua(first, second, name=task.name)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task.name}.yaml"
    save_sf_taxis(
        first,
        second,
        path,
        from_minute=FIRST_MINUTE,
        to_minute=LAST_MINUTE,
        past_from=0,
        throughout=True,
        preset="sf-taxis-midday",
        name=task.name,
        overwrite=True,
    )
    return load_scenario(path)
