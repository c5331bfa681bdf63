"""From a scenario file, its text or the name of a preset to a validated scenario."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from twinhop.errors import InputError
from twinhop.io import yaml_io
from twinhop.io.text_file import read_text
from twinhop.scenario.files.csv_rows import check_nearness
from twinhop.scenario.files.csv_sections import read_csv_sections, read_graph_section, read_user_columns
from twinhop.scenario.place_sections import StationRow, UserRow
from twinhop.scenario.presets import presets
from twinhop.scenario.presets.benchmark_set.tasks import benchmark_names
from twinhop.scenario.presets.family import FAMILY_FORM
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion

NAME_FIELDS = (
    "a",
    "attribution",
    "b",
    "class",
    "classes",
    "column",
    "csv",
    "currency",
    "file",
    "id",
    "ids",
    "labels",
    "load_profile",
    "name",
    "parquet",
    "station",
)
"""Fields of scenario files that hold names, or lists or mappings of them: these stay as they are written."""
OWN_KEYS = (("load", "profiles"),)
"""Mappings of scenario files whose keys are names, which may be those of fields."""
HINT_CHARACTERS = 1000
"""So much of a text is looked at to tell what it may be instead of a scenario."""
Locate = Callable[[Collection[yaml_io.Path]], dict[yaml_io.Path, str]]


def load_scenario(source: str | Path, seed: int | None = None) -> Scenario:
    """Read a scenario file, or make a preset by its name.

    Args:
        source: path of a scenario file, or a preset's name such as `lu2021-n100-m10` or `family(100, 10)`.
        seed: root seed to take in place of the scenario's.

    Returns:
        The validated scenario; CSV files it names have been read into it.

    Raises:
        InputError: if there is no such file or preset, or the file is not a valid scenario; the message says what,
            where and what would be accepted.

    >>> load_scenario("lu2021-n80-m5", seed=3).seed
    3
    """
    scenario = _preset_or_none(source) or _from_file(Path(source))
    return scenario if seed is None else scenario.with_seed(seed)


def parse_scenario(text: str, source_name: str = "scenario", root: Path | None = None) -> Scenario:
    """Validate the text of a scenario file.

    Args:
        text: YAML.
        source_name: what to call the text in errors.
        root: folder that relative paths start from; without one, files that it names are refused.

    Returns:
        The validated scenario; CSV files it names have been read into it.

    Raises:
        InputError: if the text is not a valid scenario.
    """
    value = yaml_io.read_yaml(text, source_name, NAME_FIELDS, OWN_KEYS)
    if value is None:
        raise InputError(f"{source_name}: is empty; a scenario needs schema_version, name, stations and users")
    if not isinstance(value, dict):
        raise InputError(
            f"{source_name}:1: must be a mapping of fields such as `name: my-city` (got {_kind(value)}){_hint(value)}"
        )
    locate = locator(text, source_name)
    scenario = _validated(value, locate)
    graph = scenario.backhaul.graph
    if graph is not None and graph.file is not None:
        path = ("backhaul", "graph", "file")
        sections, notes = read_graph_section(scenario, value, root, locate([path])[path])
        value = {**value, **sections}
        scenario = _validated(value, locate).with_notes(notes)

    def place(section: str, field: str = "csv") -> str:
        path = (section, field)
        return locate([path])[path]

    if (scenario.stations.csv, scenario.users.csv, scenario.users.parquet) == (None, None, None):
        return scenario
    sections, more = read_csv_sections(scenario, value, root, place)
    scenario = _validated({**value, **sections}, locate).with_notes((*scenario.notes, *more))
    if scenario.users.parquet is not None or scenario.users.csv is not None:
        field = "csv" if scenario.users.parquet is None else "parquet"
        scenario = read_user_columns(scenario, root, place("users", field))
    users = scenario.users
    if scenario.stations.rows and (users.rows or users.table is not None):
        user_xy_m = _positions(users.rows or ()) if users.table is None else users.table.xy_m
        check_nearness(_positions(scenario.stations.rows), user_xy_m, source_name)
    return scenario


def _positions(rows: tuple[StationRow, ...] | tuple[UserRow, ...]) -> NDArray[np.float64]:
    return np.array([(row.x_m, row.y_m) for row in rows], dtype=np.float64)


def _validated(value: dict[str, Any], locate: Locate) -> Scenario:
    try:
        return Scenario.model_validate(value)
    except ValidationError as error:
        raise input_error(error, Scenario, locate) from None


def locator(text: str, source_name: str) -> Locate:
    """Finds the line of fields of a document when it is needed, by reading the text once more.

    Args:
        text: YAML.
        source_name: what to call it.
    """

    def locate(paths: Collection[yaml_io.Path]) -> dict[yaml_io.Path, str]:
        prefixes = {path[:length] for path in paths for length in range(1, len(path) + 1)}
        lines = yaml_io.lines_of(text, prefixes)
        return {path: _place(path, lines, source_name) for path in paths}

    return locate


def _place(path: yaml_io.Path, lines: dict[yaml_io.Path, int], source_name: str) -> str:
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return f"{source_name}:{lines[path[:length]]}"
    return f"{source_name}:1"


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"the single value {str(value)[:40]!r}"


def _hint(value: Any) -> str:
    """That a facility location file, which is numbers and blanks, needs its format stated."""
    words = value[:HINT_CHARACTERS].split()[:-1] if isinstance(value, str) else []
    numbers = len(words) > 1 and all(type(yaml_io.resolve_plain(word)) in (int, float) for word in words)
    return "; `plan` and `compare` take a facility location file with --problem-format sscflp" if numbers else ""


def _preset_or_none(source: str | Path) -> Scenario | None:
    text = str(source).strip()
    if presets.is_preset(text):
        return presets.preset(text)
    return None


def _from_file(path: Path) -> Scenario:
    if path.suffix.lower() == ".npz":
        raise InputError(f"{path}: is named as a problem file, which `twinhop plan` and `compare` take; not a scenario")
    if not os.path.exists(path):  # unlike Path.exists, false for names that no file system accepts
        names = presets.preset_names()
        known = (*names, *benchmark_names())
        raise InputError(
            f"{path}: file not found, and no preset has this name; {suggestion(str(path), known)}"
            f"presets: {', '.join(names)}, {FAMILY_FORM}"
        )
    return parse_scenario(read_text(path), str(path), path.parent).read_from(str(path))
