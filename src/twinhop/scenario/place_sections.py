"""Scenario sections that say where things are: area, cloud, stations, users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from twinhop.scenario.distribution import (
    Column,
    NonNegativeDistribution,
    NonNegativeDraw,
    PositiveDistribution,
    PositiveDraw,
    Uniform,
    Values,
)
from twinhop.scenario.fields import (
    Coordinate,
    Extent,
    Labels,
    Latitude,
    Longitude,
    Name,
    NonNegative,
    Positive,
    Section,
    Share,
    Text,
    problem,
)
from twinhop.scenario.user_table import UserTable
from twinhop.text import suggestion

MOST_STATIONS = 20_000
MOST_USERS = 20_000_000
"""Users that are held as columns: generated, or in a Parquet file."""
MOST_LISTED_USERS = 2_000_000
"""Users that are held one by one: listed, or the rows of a CSV file."""
FRACTION_TOLERANCE = 1e-9
"""Shares that should add up to one may exceed it by this much through rounding."""
DEFAULT_CLASS = "default"
"""The class of the users that belong to none that is listed."""


class Origin(Section):
    """Where the local point (0, 0) lies on Earth."""

    lat_deg: Latitude = Field(description="latitude, WGS84 [degree]")
    lon_deg: Longitude = Field(description="longitude, WGS84 [degree]")


class Area(Section):
    """The rectangle in which stations and users are generated and drawn."""

    width_m: Extent = Field(default=1500.0, description="extent eastwards [m]")
    height_m: Extent = Field(default=1500.0, description="extent northwards [m]")
    origin: Origin | None = Field(
        default=None, description="where (0, 0) lies on Earth (local azimuthal equidistant projection); null: nowhere"
    )


def _check_capacity(value: Any) -> Any:
    if value is None or value == "all" or (type(value) is int and 0 <= value <= MOST_USERS):
        return value
    raise problem(f'must be a whole number from 0 to {MOST_USERS}, "all" or null (got {value!r})')


Capacity = Annotated[
    int | Literal["all"] | None,
    BeforeValidator(_check_capacity),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MOST_USERS}, {"const": "all"}, {"type": "null"}]}
    ),
]


class Cloud(Section):
    """The cloud site (MBS): drawn on maps, and with `host: true` one more host, open at no cost, the last station."""

    name: Name = Field(default="cloud", description="name on the map and in answers")
    x_m: Coordinate | None = Field(default=None, description="position eastwards of the origin [m]")
    y_m: Coordinate | None = Field(default=None, description="position northwards of the origin [m]")
    latency_ms: NonNegative | None = Field(
        default=None, description="latency from every station [ms]; null: by distance, or by the backhaul graph"
    )
    link_rate_mbps: Positive | None = Field(default=None, description="rate of its link [Mbit/s]; null: unlimited")
    host: Annotated[bool, Field(strict=True)] = Field(default=False, description="true: it may host twins")
    cpu_gcycles_per_s: Positive | None = Field(
        default=None, description="CPU capacity F [Gcycle/s]; needed where it may host; with it, services may run there"
    )
    capacity_users: Capacity = Field(default=None, description="twins that fit [users]; null: all users")

    @model_validator(mode="after")
    def _usable(self) -> Cloud:
        for stated, missing in (("x_m", "y_m"), ("y_m", "x_m")):
            if getattr(self, stated) is not None and getattr(self, missing) is None:
                raise problem("is required", missing)
        if self.host and self.cpu_gcycles_per_s is None:
            raise problem("is required where the cloud may host", "cpu_gcycles_per_s")
        return self


class StationRow(Section):
    """One station."""

    id: Name = Field(description="unique name")
    x_m: Coordinate = Field(description="position eastwards of the origin [m]")
    y_m: Coordinate = Field(description="position northwards of the origin [m]")
    host: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="true: may be opened as a twin server; false: radio only"
    )
    cpu_gcycles_per_s: Positive | None = Field(default=None, description="CPU capacity F [Gcycle/s]; null: stations'")
    capacity_users: Capacity = Field(default=None, description="twins that fit [users]; null: stations'")
    opening_s: NonNegative | None = Field(default=None, description="opening cost [s]; null: stations'")
    labels: Labels = Field(
        default={}, description="further texts by name, such as an address, shown in tables and maps; of no effect"
    )
    cost_per_month: NonNegative | None = Field(
        default=None,
        description="what it costs a month while open, in place of opening_s [money.currency]; null: stations'",
    )


class GeneratedStations(Section):
    """Stations laid out by rule."""

    count: Annotated[int, Field(strict=True, ge=1, le=MOST_STATIONS)] = Field(default=10, description="stations M")
    layout: Literal["uniform", "hexagonal"] = Field(default="uniform", description="how they are laid out in the area")
    host_share: Share = Field(
        default=1.0, description="share of the stations that may host twins [1]; at least one does"
    )


class Stations(Section):
    """The stations: generated, listed or in a CSV file, and what holds for those that state nothing else."""

    generate: GeneratedStations | None = Field(default=None, description="generate the stations")
    rows: tuple[StationRow, ...] | None = Field(default=None, alias="list", description="list the stations")
    csv: Text | None = Field(default=None, description="CSV file of stations, relative to the scenario file")
    cpu_gcycles_per_s: PositiveDistribution = Field(
        default=Uniform(uniform=(8, 24)), description="CPU capacity F of stations that state none [Gcycle/s]"
    )
    capacity_users: Capacity = Field(
        default=None, description='twins that fit on a station that states none [users]; null: ceil(3 N / M); "all": N'
    )
    opening_s: NonNegativeDistribution = Field(
        default=0.2, description="opening cost phi_s of stations that state none [s]"
    )
    cost_per_month: NonNegativeDistribution | None = Field(
        default=None,
        description="what stations that state none cost a month while open, in place of opening_s [money.currency]",
    )

    @model_validator(mode="after")
    def _usable(self) -> Stations:
        _check_one_source(generate=self.generate, list=self.rows, csv=self.csv)
        _check_distributions(self, _STATION_SIZES, "station")
        if self.rows is not None:
            _check_ids([row.id for row in self.rows], "station", MOST_STATIONS)
        return self


class HotSpot(Section):
    """A disc where users gather, densest at its centre."""

    x_m: Coordinate = Field(description="centre, eastwards of the origin [m]")
    y_m: Coordinate = Field(description="centre, northwards of the origin [m]")
    radius_m: Positive = Field(description="radius that holds 86 % of the hot spot's users (two sigma) [m]")
    share: Share = Field(description="share of all users that gather here [1]")


class UserRow(Section):
    """One user."""

    id: Name = Field(description="unique name")
    x_m: Coordinate = Field(description="position eastwards of the origin [m]")
    y_m: Coordinate = Field(description="position northwards of the origin [m]")
    history_mbit: NonNegative | None = Field(default=None, description="history size D [Mbit]; null: users'")
    update_mbit: NonNegative | None = Field(default=None, description="update size dD [Mbit]; null: users'")
    deadline_ms: Positive | None = Field(default=None, description="update deadline tau [ms]; null: users'")
    tx_power_w: Positive | None = Field(default=None, description="transmit power p [W]; null: users'")
    user_class: Name | None = Field(
        default=None,
        alias="class",
        description='class of the user; "default": none of them; null: drawn by the shares of the classes',
    )
    labels: Labels = Field(
        default={}, description="further texts by name, such as an address, shown in tables and maps; of no effect"
    )
    weight: Positive | None = Field(
        default=None, description="users that the row stands for, all alike and hosted together [users]; null: 1"
    )
    load_profile: Name | None = Field(
        default=None, description="profile of load.profiles that its demand follows; null: its class's, or load.profile"
    )


class GeneratedUsers(Section):
    """Users spread by rule."""

    count: Annotated[int, Field(strict=True, ge=1, le=MOST_USERS)] = Field(default=100, description="users N")
    layout: Literal["uniform", "hot_spots"] = Field(default="uniform", description="how they are spread over the area")
    hot_spots: tuple[HotSpot, ...] = Field(default=(), description="where users gather; the rest are spread uniformly")

    @model_validator(mode="after")
    def _consistent(self) -> GeneratedUsers:
        if (self.layout == "hot_spots") != bool(self.hot_spots):
            raise problem("layout: hot_spots and a list of hot_spots go together", "hot_spots")
        total = sum(spot.share for spot in self.hot_spots)
        if total > 1 + FRACTION_TOLERANCE:
            raise problem(f"the shares add up to {total:g}; at most 1 is possible", "hot_spots")
        return self


class UserClass(Section):
    """A kind of users; what it does not state holds as for all users."""

    name: Name = Field(description="unique name, in the users' rows and in reports")
    share: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)] = Field(
        description="share of the users whose row names no class that are drawn into this one [1]; the rest, if the "
        "shares add up to less than 1, belong to none"
    )
    history_mbit: NonNegativeDraw | None = Field(default=None, description="history size D [Mbit]; null: users'")
    update_mbit: NonNegativeDraw | None = Field(default=None, description="update size dD [Mbit]; null: users'")
    deadline_ms: PositiveDraw | None = Field(default=None, description="update deadline tau [ms]; null: users'")
    tx_power_w: PositiveDraw | None = Field(default=None, description="transmit power p [W]; null: users'")
    load_profile: Name | None = Field(
        default=None, description="profile of load.profiles that their demand follows; null: load.profile"
    )


class Users(Section):
    """The users: generated, listed or in a CSV file, and what holds for those that state nothing else."""

    generate: GeneratedUsers | None = Field(default=None, description="generate the users")
    rows: tuple[UserRow, ...] | None = Field(default=None, alias="list", description="list the users")
    csv: Text | None = Field(default=None, description="CSV file of users, relative to the scenario file")
    parquet: Text | None = Field(
        default=None,
        description="Parquet file of users, relative to the scenario file; read by columns, for millions of users",
    )
    history_mbit: NonNegativeDistribution = Field(
        default=Uniform(uniform=(5, 20)), description="history size D of users that state none [Mbit]"
    )
    update_mbit: NonNegativeDistribution = Field(
        default=Uniform(uniform=(0.1, 1)), description="update size dD of users that state none [Mbit]"
    )
    deadline_ms: PositiveDistribution = Field(
        default=Uniform(uniform=(50, 200)), description="update deadline tau of users that state none [ms]"
    )
    tx_power_w: PositiveDistribution = Field(default=0.2, description="transmit power p of users that state none [W]")
    classes: tuple[UserClass, ...] = Field(default=(), description="kinds of users, each with its share and sizes")
    split: Annotated[int, Field(strict=True, ge=1, le=MOST_USERS)] | None = Field(
        default=None,
        description="rows that stand for more users than this are hosted in parts of at most so many, each in one "
        "place [users]; null: whole",
    )

    _table: UserTable | None = PrivateAttr(default=None)

    @property
    def table(self) -> UserTable | None:
        """The columns of the users' Parquet file, once it has been read."""
        return self._table

    def with_table(self, table: UserTable) -> Users:
        """The same users with the columns of their file."""
        copy = self.model_copy()
        copy._table = table
        return copy

    @model_validator(mode="after")
    def _usable(self) -> Users:
        _check_one_source(generate=self.generate, list=self.rows, csv=self.csv, parquet=self.parquet)
        _check_distributions(self, USER_SIZES, "user")
        _check_classes(self.classes, self.rows or ())
        if self.rows is not None:
            _check_ids([row.id for row in self.rows], "user", MOST_LISTED_USERS)
        return self


USER_SIZES = ("history_mbit", "update_mbit", "deadline_ms", "tx_power_w")
"""Fields that users, their classes and their rows may state."""
_STATION_SIZES = ("cpu_gcycles_per_s", "opening_s", "cost_per_month")


def _check_distributions(section: Stations | Users, fields: Iterable[str], kind: str) -> None:
    """Lists must fit the number of stations or users, where it is known already, and columns need a file."""
    count = len(section.rows) if section.rows is not None else section.generate.count if section.generate else None
    in_file = section.csv is not None or (isinstance(section, Users) and section.parquet is not None)
    for field in fields:
        value = getattr(section, field)
        if isinstance(value, Column) and not in_file:
            raise problem(f"a column needs a file: give the {kind}s by csv, or state a number", field, "column")
        if isinstance(value, Values) and count is not None and len(value.values) != count:
            raise problem(f"holds {len(value.values)} values for {count} {kind}s; exactly one each is needed", field)


def _check_classes(classes: tuple[UserClass, ...], rows: tuple[UserRow, ...]) -> None:
    names = [each.name for each in classes]
    for index, name in enumerate(names):
        if name == DEFAULT_CLASS:
            raise problem(f"{name!r} names the users of no class; choose another name", "classes", index, "name")
        if name in names[:index]:
            first = names.index(name)
            raise problem(f"duplicate name {name!r}; classes.{first} has it already", "classes", index, "name")
    total = sum(each.share for each in classes)
    if total > 1 + FRACTION_TOLERANCE:
        raise problem(f"the shares add up to {total:g}; at most 1 is possible", "classes")
    accepted = (*names, DEFAULT_CLASS)
    for index, row in enumerate(rows):
        if row.user_class is not None and row.user_class not in accepted:
            text = f"unknown class {row.user_class!r} of user {row.id!r}; {suggestion(row.user_class, accepted)}"
            raise problem(f"{text}accepted: {', '.join(accepted)}", "list", index, "class")


def _check_one_source(**sources: object) -> None:
    stated = sum(source is not None for source in sources.values())
    if stated != 1:
        raise problem(f"exactly one of {', '.join(sources)} must be given (got {stated})")


def _check_ids(ids: Iterable[str], kind: str, most: int) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(ids):
        if first.setdefault(name, index) != index:
            raise problem(f"duplicate id {name!r}; list.{first[name]} has it already", "list", index, "id")
    if not first:
        raise problem(f"holds no {kind}; at least one is needed", "list")
    if len(first) > most:
        raise problem(f"holds {len(first)} {kind}s; at most {most} are accepted", "list")
