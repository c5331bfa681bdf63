"""The `csv` and `file` fields of a scenario file: files are read once and their rows take the place of the field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.io.workbook import split_sheet
from twinhop.scenario.distribution import Column
from twinhop.scenario.files.csv_rows import CsvPoints, local_positions, read_stations, read_users
from twinhop.scenario.files.graph_file import read_graph
from twinhop.scenario.files.user_columns import Users, is_read_by_columns, read_user_csv, read_user_table
from twinhop.scenario.schema.scenario import Scenario

_READERS: dict[str, Callable[..., CsvPoints]] = {"stations": read_stations, "users": read_users}


def read_csv_sections(
    scenario: Scenario, value: dict[str, Any], root: Path | None, place: Callable[[str], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The sections of a scenario file with their CSV files written out as lists.

    Args:
        scenario: the validated file.
        value: its plain value.
        root: the folder that the paths start from.
        place: gives for a section the place of its `csv` field, such as `city.yaml:12`.

    Returns:
        `stations`, `users` or both: what to put in place of these sections of the plain value; and what is to be said.

    Raises:
        InputError: if a path leaves the folder, or a file is not usable.
    """
    sections: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    for name, read in _READERS.items():
        csv = getattr(scenario, name).csv
        if csv is None:
            continue
        path = _path(csv, root, f"{place(name)}: {name}.csv")
        if name == "users" and is_read_by_columns(path):
            continue
        columns = {field: value.column for field, value in getattr(scenario, name) if isinstance(value, Column)}
        points = read(path, columns)
        try:
            xy_m = local_positions(points, scenario.area.origin)
        except InputError as error:
            raise InputError(f"{place(name)}: {name}.csv: {error}") from None
        fields = {key: field for key, field in value[name].items() if key != "csv" and key not in columns}
        sections[name] = {**fields, "list": points.listed(xy_m)}
        notes += points.notes
    return sections, notes


def read_user_columns(scenario: Scenario, root: Path | None, where: str) -> Scenario:
    """The scenario with the columns of its users' file, and what is to be said of them among its notes.

    Args:
        scenario: the validated file, whose users are in a Parquet file, or in a CSV file too large to be listed.
        root: the folder that the path starts from.
        where: the place of the field, such as `city.yaml:12`.

    Raises:
        InputError: if the path leaves the folder, or the file is not usable.
    """
    users = scenario.users
    read_with = Users(
        fields={field: value.column for field, value in users if isinstance(value, Column)},
        classes=tuple(each.name for each in users.classes),
        origin=scenario.area.origin,
    )
    if users.parquet is not None:
        table, notes = read_user_table(_path(users.parquet, root, f"{where}: users.parquet"), read_with)
    else:
        table, notes = read_user_csv(_path(users.csv or "", root, f"{where}: users.csv"), read_with)
    return scenario.model_copy(update={"users": users.with_table(table)}).with_notes((*scenario.notes, *notes))


def read_graph_section(
    scenario: Scenario, value: dict[str, Any], root: Path | None, where: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The sections of a scenario file with its backhaul graph's file written out as nodes and links.

    Args:
        scenario: the validated file, whose `backhaul.graph.file` is given.
        value: its plain value.
        root: the folder that the path starts from.
        where: the place of the field, such as `city.yaml:12`.

    Returns:
        `backhaul`, and `attribution` where the file asks for one: what to put in place of these sections; and
        what is to be said of the file.

    Raises:
        InputError: if the path leaves the folder, or the file is not usable.
    """
    graph = scenario.backhaul.graph
    assert graph is not None and graph.file is not None
    read = read_graph(_path(graph.file, root, f"{where}: backhaul.graph.file"))
    if read.nodes and graph.nodes:
        raise InputError(
            f"{where}: backhaul.graph.nodes: {graph.file} has nodes of its own; only CSV files need a list"
        )
    fields = {key: field for key, field in value["backhaul"]["graph"].items() if key != "file"}
    written_out = {**fields, **({"nodes": read.nodes} if read.nodes else {}), "links": read.links}
    sections: dict[str, Any] = {"backhaul": {**value["backhaul"], "graph": written_out}}
    if read.source and read.source not in scenario.attribution:
        sections["attribution"] = [*scenario.attribution, read.source]
    return sections, read.notes


def _path(csv: str, root: Path | None, where: str) -> Path:
    if root is None:
        raise InputError(f"{where}: a file can only be named in a scenario that is itself read from a file")
    path = root / csv
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{where}: must stay under the folder of the scenario file (got {csv!r})")
    if not split_sheet(path)[0].exists():
        raise InputError(f"{where}: {path}: file not found")
    return path
