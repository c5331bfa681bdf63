"""The Melbourne files of iFogSim2: edge resources, and recorded user locations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.scenario.files.csv_import import ImportedCity, city_of_points
from twinhop.scenario.files.csv_table import TableOptions
from twinhop.scenario.importers.points import ForeignTable, read_foreign_table, read_user_table, table_points
from twinhop.scenario.schema.scenario import Scenario

ATTRIBUTION = (
    "Sites and user locations: iFogSim2, https://github.com/Cloudslab/iFogSim, MIT licence, (c) 2025 CLOUDS Laboratory",
)
GATEWAY_LEVEL = "2"
"""Level of the gateways that users attach to; 1 are the proxies of blocks, 0 is the data centre."""


def import_ifogsim(stations: str | Path, users: Sequence[str | Path], **options: Any) -> Scenario:
    """Make a scenario of iFogSim2's files; `ifogsim_city` has the same arguments, and says more."""
    return ifogsim_city(stations, users, **options).scenario


def ifogsim_city(
    stations: str | Path,
    users: Sequence[str | Path],
    *,
    skip_bad: bool = False,
    step: int | None = None,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """Make a scenario of iFogSim2's edge resources and user locations.

    The gateways (level 2) become stations. The data centre (level 0) and the proxies (level 1), which have no radio,
    are left out. A file of user locations is the path of one user: every recorded location becomes a user, or, with
    ``step``, every file becomes one user at that row.

    Args:
        stations: CSV with ``ID,Latitude,Longitude,Level`` and any further columns.
        users: CSV files with ``Latitude,Longitude``.
        skip_bad: whether rows that cannot be used are left out and counted.
        step: row of each path to take, from 0; None for every row.
        preset: constants the data do not give: ``family`` (scaled) or ``lu2021``.
        name: of the scenario; by default that of the resources' file.
        seed: root seed.
        attribution: further sources to name in reports.

    Returns:
        The scenario, and what was understood.

    Raises:
        InputError: a file is not of this layout, holds no gateway, or a path is shorter than ``step``.

    Source: Mahmud et al., iFogSim2 (2022), LocationHandler.
    """
    options = TableOptions(skip_bad=skip_bad)
    resources = read_foreign_table(
        Path(stations), ("ID", "Latitude", "Longitude", "Level"), "a file of iFogSim2 edge resources", options
    )
    gateways = _rows(resources, [at for at, row in enumerate(resources.rows) if row["level"] == GATEWAY_LEVEL])
    if not gateways.rows:
        levels = ", ".join(sorted({row["level"] for row in resources.rows})[:5])
        raise InputError(f"{stations}: has no gateway (level {GATEWAY_LEVEL}); found the levels {levels}")
    if not users:
        raise InputError("users: no file of user locations is given; expected at least one")
    people = _together([_path(Path(path), step, options) for path in users])
    ids = [f"u{at}" for at in range(len(people.rows))]
    return city_of_points(
        table_points(gateways, [row["id"] for row in gateways.rows], skip_bad=skip_bad),
        table_points(people, ids, skip_bad=skip_bad),
        name=name or Path(stations).stem,
        preset=preset,
        seed=seed,
        attribution=(*ATTRIBUTION, *attribution),
    )


def _path(path: Path, step: int | None, options: TableOptions) -> ForeignTable:
    table = read_user_table(path, "a file of iFogSim2 user locations", options)
    if step is None:
        return table
    if not 0 <= step < len(table.rows):
        raise InputError(f"{path}: has the steps 0 to {len(table.rows) - 1} (got {step})")
    return _rows(table, [step])


def _rows(table: ForeignTable, indices: Sequence[int]) -> ForeignTable:
    rows, places = (tuple(column[at] for at in indices) for column in (table.rows, table.places))
    return replace(table, rows=rows, places=places)


def _together(tables: Sequence[ForeignTable]) -> ForeignTable:
    rows: list[dict[str, Any]] = [row for table in tables for row in table.rows]
    return replace(
        tables[0],
        name=", ".join(table.name for table in tables),
        rows=tuple(rows),
        places=tuple(place for table in tables for place in table.places),
        notes=tuple(note for table in tables for note in table.notes),
        bad=tuple(each for table in tables for each in table.bad),
    )
