"""One minute of San Francisco: taxis at the cells that serve them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.archive import read_arrays
from twinhop.io.file_kind import describe_file
from twinhop.io.table import parse_number, whole
from twinhop.scenario import geo
from twinhop.scenario.files.csv_import import ImportedCity, city_of_points
from twinhop.scenario.files.csv_rows import CsvPoints
from twinhop.scenario.importers.points import points_on_earth, read_foreign_table, table_points
from twinhop.scenario.schema.scenario import Scenario

ATTRIBUTION = (
    "Cells: https://github.com/shiqiangw/service-migration-mdp, MIT licence, (c) 2020 shiqiangw; "
    "sites from antennasearch.com",
    "Taxi traces: CRAWDAD epfl/mobility (2009-02-24), CC BY 4.0",
)
LONGEST_GAP_MIN = 15
"""Minutes for which a taxi not heard of is taken to be where it was."""
PRESENCE_SHARE = 0.99
"""The busiest cells that together carry this share of the presence become stations."""

IntArray = NDArray[np.int64]


def import_sf_cells(cells: str | Path, serving: str | Path, **options: Any) -> Scenario:
    """Make a scenario of one minute of serving cells; `sf_city` has the same arguments, and says more."""
    return sf_city(cells, serving, **options).scenario


def sf_city(
    cells: str | Path,
    serving: str | Path,
    *,
    minute: int = 720,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """Make a scenario of one minute of serving cells, and say what was understood.

    Stations are the busiest cells that carry 99 % of the presence over the whole record; users are the taxis present
    at the minute, at the site of their serving cell, or, where that is not kept, of the kept cell nearest to it. A
    station fits ``ceil(3 N / M)`` twins.

    Args:
        cells: CSV with ``cell,lat,lon``; cells count from 1.
        serving: ``.npz`` with ``serving`` (minutes, users): the serving cell, 0 where absent.
        minute: row of ``serving``.
        preset: constants the data do not give: ``family`` (scaled) or ``lu2021``.
        name: of the scenario.
        seed: root seed.
        attribution: further sources to name in reports.

    Returns:
        The scenario.

    Raises:
        InputError: a file is not of this layout, a cell or the minute is out of range, or nobody is present.
    """
    record = read_record(Path(cells), Path(serving))
    present = record.present
    if not 0 <= minute < len(present):
        raise InputError(f"{serving}: has the minutes 0 to {len(present) - 1} (got {minute})")
    stations = busiest_cells(present, len(record.sites.fields), PRESENCE_SHARE)
    users = np.flatnonzero(present[minute] > 0)
    if users.size == 0:
        raise InputError(f"{serving}: nobody is present at minute {minute}")
    return scenario_of_cells(
        record,
        stations,
        users,
        present[minute][users],
        name=name or f"san-francisco-{minute}",
        preset=preset,
        seed=seed,
        attribution=attribution,
    )


@dataclass(frozen=True)
class CellRecord:
    """Serving cells, minute by minute.

    Attributes:
        sites: the cells.
        places: where each is stated.
        serving: name of the file of serving cells.
        present: (minutes, users) cells from 1, gaps filled forward, 0 where absent.
    """

    sites: CsvPoints
    places: tuple[str, ...]
    serving: str
    present: IntArray


def read_record(cells: Path, serving: Path) -> CellRecord:
    """Read the cells, and who was served by which of them.

    Raises:
        InputError: a file is not of this layout, or names a cell that does not exist.
    """
    table = read_foreign_table(cells, ("cell", "lat", "lon"), "a file of San Francisco cells")
    rows = [row | {"latitude": row["lat"], "longitude": row["lon"]} for row in table.rows]
    sites = table_points(type(table)(table.name, tuple(rows), table.places), [row["cell"] for row in rows])
    recorded = read_serving(serving, _cell_numbers(table.name, [row["cell"] for row in rows]))
    return CellRecord(sites, table.places, str(serving), filled_forward(recorded, LONGEST_GAP_MIN))


def scenario_of_cells(
    record: CellRecord,
    station_cells: IntArray,
    users: IntArray,
    served: IntArray,
    *,
    name: str,
    preset: str,
    seed: int,
    sections: dict[str, Any] | None = None,
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """A scenario whose stations are some of the cells, and whose users stand at the nearest of them.

    Args:
        record: the cells.
        station_cells: indices of the cells that become stations.
        users: (N,) numbers of the users.
        served: (N,) their cells, from 1.
        name: of the scenario.
        preset: constants the data do not give.
        seed: root seed.
        sections: fields of further sections.
        attribution: further sources to name in reports.
    """
    sites = record.sites
    host = nearest_cell(sites.positions, station_cells)[served - 1]
    stations = points_on_earth(
        sites.name,
        [record.places[k] for k in station_cells],
        [{"id": f"cell{k + 1}"} for k in station_cells],
        [(float(lat), float(lon)) for lat, lon in sites.positions[station_cells]],
    )
    people = points_on_earth(
        record.serving,
        [record.serving] * users.size,
        [{"id": f"taxi{each}"} for each in users],
        [(float(lat), float(lon)) for lat, lon in sites.positions[host]],
    )
    return city_of_points(
        replace(stations, layout="cells, and the cell that serves each user in each minute"),
        people,
        name=name,
        preset=preset,
        seed=seed,
        sections={"stations": {"capacity_users": None}, **(sections or {})},
        attribution=(*ATTRIBUTION, *attribution),
    )


def read_serving(path: Path, cells: int) -> IntArray:
    """The serving cell of each user in each minute.

    Args:
        path: ``.npz`` archive with ``serving``.
        cells: number of cells there are.

    Returns:
        (minutes, users) cells from 1, 0 where absent.

    Raises:
        InputError: the archive holds something else, or a cell that does not exist.
    """
    if path.is_file() and not describe_file(path).startswith(("an .npz", "a damaged ZIP")):
        raise InputError(f"{path}: is not an .npz archive of serving cells: found {describe_file(path)}")

    def check(counts: dict[str, int]) -> None:
        if "serving" not in counts:
            raise InputError(f"{path}: has no array serving (minutes, users); found {', '.join(counts) or 'nothing'}")

    what, hint = "an .npz archive with serving (minutes, users)", "expected one with serving"
    serving = read_arrays(path, what, hint, check)["serving"]
    if serving.ndim != 2 or serving.dtype.kind not in "iu" or serving.size == 0:
        raise InputError(
            f"{path}: serving: expected whole numbers of shape (minutes, users), found {serving.dtype} "
            f"of shape {serving.shape}"
        )
    wrong = (serving < 0) | (serving > cells)
    if wrong.any():
        minute, user = (int(at) for at in np.argwhere(wrong)[0])
        raise InputError(
            f"{path}: serving: cell {serving[minute, user]} at minute {minute} of user {user} is out of range; "
            f"the cells are 1 to {cells}, 0 is absent"
        )
    return serving.astype(np.int64)


def _cell_numbers(name: str, cells: Sequence[str]) -> int:
    """The number of cells, which must count from 1."""
    for at, cell in enumerate(cells):
        if whole(parse_number(cell)) != at + 1:
            raise InputError(f"{name}: cell {cell!r} in row {at + 1}; cells must count 1, 2, 3, ...")
    return len(cells)


def filled_forward(serving: IntArray, longest_gap_min: int) -> IntArray:
    """Serving cells with absences filled by the last cell, for a limited number of minutes.

    Args:
        serving: (minutes, users) cells, 0 where absent.
        longest_gap_min: minutes after which a user counts as absent.

    >>> filled_forward(np.array([[3], [0], [0], [5]]), 1).ravel().tolist()
    [3, 3, 0, 5]
    """
    filled = np.zeros_like(serving)
    last = np.zeros(serving.shape[1], serving.dtype)
    silent = np.zeros(serving.shape[1], np.int64)
    for minute, cells in enumerate(serving):
        heard = cells > 0
        last = np.where(heard, cells, last)
        silent = np.where(heard, 0, silent + 1)
        filled[minute] = np.where(silent <= longest_gap_min, last, 0)
    return filled


def busiest_cells(serving: IntArray, cells: int, share: float) -> IntArray:
    """Indices from 0, ascending, of the fewest cells that carry this share of all presence.

    >>> busiest_cells(np.array([[1, 2, 2, 2], [2, 2, 2, 3]]), 3, 0.75).tolist()
    [1]
    """
    presence = np.bincount(serving[serving > 0], minlength=cells + 1)[1:]
    order = np.argsort(-presence, kind="stable")
    count = int(np.searchsorted(np.cumsum(presence[order]), share * presence.sum())) + 1
    return np.sort(order[:count])


def nearest_cell(lat_lon_deg: NDArray[np.float64], stations: IntArray) -> IntArray:
    """(cells,) the station nearest to each cell, itself where it is one.

    Args:
        lat_lon_deg: (cells, 2) sites [degree].
        stations: indices of the cells that become stations.
    """
    centre = lat_lon_deg[stations].mean(axis=0)
    xy_m = np.column_stack(geo.project(lat_lon_deg[:, 0], lat_lon_deg[:, 1], (float(centre[0]), float(centre[1]))))
    return stations[[int(np.argmin(np.hypot(*(xy_m[stations] - point).T))) for point in xy_m]]
