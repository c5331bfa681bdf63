"""Cities and countries of any size: places where users gather, roads between them, and stations where users are.

Not a model of any city: a density with the traits that make placement hard, of which N users and M stations are drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.errors import InputError
from twinhop.io.folders import staging
from twinhop.scenario.fields import LARGEST_SEED
from twinhop.scenario.files.dump import save_scenario
from twinhop.scenario.place_sections import MOST_STATIONS, MOST_USERS
from twinhop.scenario.presets.family import REFERENCE_SIDE_M, REFERENCE_STATIONS, family_constants
from twinhop.scenario.schema.scenario import SCHEMA_VERSION, Scenario
from twinhop.scenario.world import layouts

Region = Literal["city", "country"]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SCENARIO_FILE, STATIONS_FILE, USERS_FILE = "scenario.yaml", "stations.csv", "users.parquet"


@dataclass(frozen=True)
class Traits:
    """What kind of region is drawn.

    Attributes:
        stretch: its side over that of `family` with as many stations.
        in_places: share of the users who gather in places [1].
        on_roads: share of the users along roads [1]; the rest is spread evenly.
        radius: of a place that holds the mean number of users, over the side [1].
        slope: places hold users in proportion to rank ** -slope (Zipf).
        road_width_m: standard deviation of the distance to the middle of a road [m].
    """

    stretch: float
    in_places: float
    on_roads: float
    radius: float
    slope: float
    road_width_m: float


REGIONS: dict[Region, Traits] = {
    "city": Traits(stretch=1.0, in_places=0.45, on_roads=0.2, radius=0.04, slope=0.6, road_width_m=20.0),
    "country": Traits(stretch=2.0, in_places=0.75, on_roads=0.1, radius=0.02, slope=1.0, road_width_m=30.0),
}
#: Share of the stations on an even grid, for coverage; the others stand where users are [1].
EVEN_STATIONS = 0.5
#: A place for so many stations to the power of a half, but at least the fewest.
FEWEST_PLACES = 3
#: Positions are rounded to so many decimals of a metre, sizes of a Mbit.
DECIMALS = 2


@dataclass(frozen=True, eq=False)
class Landscape:
    """A density of users.

    Attributes:
        side_m: of the square [m].
        place_xy_m: (P, 2) centres of places [m].
        radius_m: (P,) standard deviation of the distance to them along each axis [m].
        weight: (P,) share of the users in places [1].
        roads: (P - 1, 2) places that a road joins, each with the nearest of the larger ones.
        traits: of the region.
    """

    side_m: float
    place_xy_m: FloatArray
    radius_m: FloatArray
    weight: FloatArray
    roads: IntArray
    traits: Traits

    def draw(self, count: int, generator: np.random.Generator) -> FloatArray:
        """(count, 2) positions of that density [m]."""
        in_places, on_roads = (int(count * share) for share in (self.traits.in_places, self.traits.on_roads))
        place = generator.choice(len(self.weight), in_places, p=self.weight)
        spread = generator.standard_normal((in_places, 2), dtype=np.float32) * self.radius_m[place, None]
        ends = self.place_xy_m[self.roads]
        length_m = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
        road = generator.choice(len(self.roads), on_roads, p=length_m / length_m.sum())
        along = generator.random(on_roads)[:, None]
        aside = generator.standard_normal((on_roads, 2)) * self.traits.road_width_m
        points = np.concatenate(
            [
                self.place_xy_m[place] + spread,
                ends[road, 0] + along * (ends[road, 1] - ends[road, 0]) + aside,
                generator.random((count - in_places - on_roads, 2)) * self.side_m,
            ]
        )
        for axis in (0, 1):
            points[:, axis] = layouts.mirrored(points[:, axis], self.side_m)
        return np.round(points, DECIMALS)


def landscape(stations: int, region: Region, seed: int) -> Landscape:
    """The density of users of a region with so many stations.

    Args:
        stations: M.
        region: ``city`` or ``country``.
        seed: root seed.
    """
    traits, generator = REGIONS[region], streams.stream(seed, streams.LANDSCAPE)
    side_m = traits.stretch * REFERENCE_SIDE_M * math.sqrt(stations / REFERENCE_STATIONS)
    count = max(FEWEST_PLACES, round(math.sqrt(stations)))
    xy_m = generator.random((count, 2)) * side_m
    weight = np.arange(1, count + 1) ** -traits.slope
    weight /= weight.sum()
    radius_m = traits.radius * side_m * np.sqrt(weight * count)
    nearest = [int(np.argmin(np.hypot(*(xy_m[:at] - xy_m[at]).T))) for at in range(1, count)]
    return Landscape(side_m, xy_m, radius_m, weight, np.column_stack([np.arange(1, count), nearest]), traits)


def generate_region(
    folder: str | Path,
    users: int,
    stations: int,
    *,
    region: Region = "city",
    seed: int = 0,
    overwrite: bool = False,
) -> list[Path]:
    """Write a city or a country: scenario.yaml, stations.csv and users.parquet, with the constants of `family`.

    Args:
        folder: made if missing.
        users: N.
        stations: M.
        region: ``city`` or ``country``.
        seed: root seed of the region and of the scenario.
        overwrite: whether files of these names may be replaced.

    Returns:
        The files written.

    Raises:
        InputError: a number is out of range, or the folder cannot be written.
    """
    for name, value, low, high in (
        ("users", users, 1, MOST_USERS),
        ("stations", stations, 1, MOST_STATIONS),
        ("seed", seed, 0, LARGEST_SEED),
    ):
        if not low <= value <= high:
            raise InputError(f"{name}: got {value}; expected a whole number from {low} to {high}")
    if region not in REGIONS:
        raise InputError(f"region: got {region!r}; expected {' or '.join(REGIONS)}")
    paths = [Path(folder) / name for name in (SCENARIO_FILE, STATIONS_FILE, USERS_FILE)]
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise InputError(f"{there[0]}: exists already; choose another folder, or replace it with --force")
    density = landscape(stations, region, seed)
    with staging(folder) as aside:
        _write_stations(aside / STATIONS_FILE, density, stations, seed)
        _write_users(aside / USERS_FILE, density, users, seed)
        save_scenario(_scenario(density, users, stations, region, seed), aside / SCENARIO_FILE)
    return paths


def _write_stations(path: Path, density: Landscape, stations: int, seed: int) -> None:
    import polars as pl

    even = math.ceil(EVEN_STATIONS * stations)
    grid = layouts.hexagonal(even, density.side_m, density.side_m)
    others = density.draw(stations - even, streams.stream(seed, streams.STATION_POSITIONS))
    xy_m = np.round(np.concatenate([grid, others]), DECIMALS)
    ids = [f"b{at}" for at in range(stations)]
    pl.DataFrame({"id": ids, "x_m": xy_m[:, 0], "y_m": xy_m[:, 1]}).write_csv(path)


def _write_users(path: Path, density: Landscape, users: int, seed: int) -> None:
    import polars as pl

    xy_m = density.draw(users, streams.stream(seed, streams.USER_POSITIONS))
    columns: dict[str, NDArray[np.generic]] = {"id": np.arange(1, users + 1), "x_m": xy_m[:, 0], "y_m": xy_m[:, 1]}
    for name, (low, high) in {"history_mbit": (5.0, 20.0), "update_mbit": (0.1, 1.0)}.items():
        drawn = streams.stream(seed, streams.SIZES + name).uniform(low, high, users)
        columns[name] = np.round(drawn, DECIMALS).astype(np.float32)
    pl.DataFrame(columns).write_parquet(path)


def _scenario(density: Landscape, users: int, stations: int, region: Region, seed: int) -> Scenario:
    constants = family_constants(users, stations)
    constants["stations"]["csv"] = STATIONS_FILE
    side_m = round(density.side_m, DECIMALS)
    return Scenario.model_validate(
        {
            "schema_version": SCHEMA_VERSION,
            "name": f"{region}-n{users}-m{stations}",
            "seed": seed,
            "area": {"width_m": side_m, "height_m": side_m},
            "users": {"parquet": USERS_FILE},
            **constants,
        }
    )
