"""The scenario file as a validated, immutable object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, TypeAdapter, ValidationError, model_validator

from twinhop.errors import InputError
from twinhop.result import Shown
from twinhop.scenario.fields import LARGEST_SEED, Name, Section, Seed, Text, problem
from twinhop.scenario.place_sections import DEFAULT_CLASS, Area, Cloud, Stations, Users
from twinhop.scenario.schema.graph_sections import Graph
from twinhop.scenario.schema.load_section import Load
from twinhop.scenario.schema.money_section import Money, check_money
from twinhop.scenario.schema.movement_checks import check_movement
from twinhop.scenario.schema.movement_section import Movement
from twinhop.scenario.schema.physics_sections import Backhaul, Compute, Migration, Objective
from twinhop.scenario.schema.profile_checks import check_profiles
from twinhop.scenario.schema.radio_section import Radio
from twinhop.scenario.schema.readings import Readings
from twinhop.scenario.schema.service_sections import Services, check_service_classes
from twinhop.text import in_a_line

SCHEMA_VERSION = 1


def _check_cloud(cloud: Cloud | None, graph: Graph | None) -> None:
    """Refuse a cloud that nothing places; one that may host is placed by the graph, once its file is read."""
    if cloud is None or cloud.x_m is not None or cloud.latency_ms is not None:
        return
    if graph is None:
        raise problem("needs x_m and y_m, or latency_ms", "cloud")
    if graph.file is None and not cloud.host and cloud.name not in {row.id for row in graph.node_rows()}:
        raise problem(f"needs x_m and y_m, or latency_ms; the graph has no node {cloud.name!r} either", "cloud")


class Scenario(Section, Shown):
    """A city, its users, the physics and the objective, in the units of the scenario file."""

    schema_version: Literal[1] = Field(description="version of this schema; 1")
    name: Name = Field(description="name of the scenario")
    seed: Seed = Field(default=0, description="root seed of everything drawn at random")
    area: Area = Field(default=Area(), description="the rectangle of the map")
    radio: Radio = Field(default=Radio(), description="the radio link")
    backhaul: Backhaul = Field(default=Backhaul(), description="the wired network")
    stations: Stations = Field(description="the stations")
    cloud: Cloud | None = Field(default=None, description="the cloud site")
    users: Users = Field(description="the users")
    load: Load | None = Field(default=None, description="the time of day; null: every user, at its full size")
    compute: Compute = Field(default=Compute(), description="the work of twins and the sharing of CPUs")
    objective: Objective = Field(default=Objective(), description="weights of the cost")
    money: Money | None = Field(default=None, description="prices; null: the cost is in seconds")
    readings: Readings = Field(default=Readings(), description="readings of the paper")
    movement: Movement | None = Field(default=None, description="what changes as time goes; null: nothing")
    migration: Migration = Field(default=Migration(), description="what moves of twins cost as time goes")
    services: Services = Field(default=(), description="service twins, made from the users' twins")
    attribution: tuple[Text, ...] = Field(default=(), description="data sources and licences, carried into reports")

    _file: str | None = PrivateAttr(default=None)
    _notes: tuple[str, ...] = PrivateAttr(default=())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        places = [
            f"{name} {'listed' if part.rows else 'generated' if part.generate else 'from a file'}"
            for name, part in (("stations", self.stations), ("users", self.users))
        ]
        return in_a_line(self, self.name, f"seed {self.seed}", *places)

    @property
    def where(self) -> str:
        """What to name in errors: the file that it was read from, else its name."""
        return self._file or self.name

    @property
    def is_summed(self) -> bool:
        """Whether the cost sums over users: by its aggregation, or as each user's second has its price."""
        return self.money is not None or self.objective.aggregation == "sum"

    @property
    def folder(self) -> Path | None:
        """The folder that the paths of the scenario start from; None where it was not read from a file."""
        return None if self._file is None else Path(self._file).parent

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out of the files that it names, or had to be assumed of them."""
        return self._notes

    def with_notes(self, notes: Sequence[str]) -> Scenario:
        """The same scenario, equal to this one, with what is to be said of its files."""
        copy = self.model_copy()
        copy._notes = tuple(notes)
        return copy

    def read_from(self, file: str) -> Scenario:
        """The same scenario, equal to this one, with its file named in errors."""
        copy = self.model_copy()
        copy._file = file
        return copy

    @model_validator(mode="after")
    def _inside(self) -> Scenario:
        _check_cloud(self.cloud, self.backhaul.graph)
        listed = tuple(each.name for each in self.users.classes)
        check_service_classes(self.services, (*listed, DEFAULT_CLASS) if listed else ())
        check_profiles(self.load, self.users)
        cloud = self.cloud
        rows = self.stations.rows
        if rows is not None and not any(row.host for row in rows) and not (cloud is not None and cloud.host):
            text = "no station may host twins; set host: true for at least one, or let the cloud host"
            raise problem(text, "stations", "list")
        spots = self.users.generate.hot_spots if self.users.generate else ()
        for index, spot in enumerate(spots):
            if not (0 <= spot.x_m <= self.area.width_m and 0 <= spot.y_m <= self.area.height_m):
                extent = f"{self.area.width_m:g} m x {self.area.height_m:g} m"
                raise problem(
                    f"the centre ({spot.x_m:g}, {spot.y_m:g}) lies outside the area of {extent}",
                    *("users", "generate", "hot_spots", index),
                )
        check_money(self.money, self.stations, self.objective, self.migration, self.readings)
        check_movement(self.movement, self.readings, self.radio, self.stations, self.area)
        return self

    def with_seed(self, seed: int) -> Scenario:
        """The same scenario under another root seed.

        Raises:
            InputError: if the seed is not a whole number from 0 to 2^63 - 1.
        """
        try:
            TypeAdapter(Seed).validate_python(seed)
        except ValidationError:
            raise InputError(f"seed: must be a whole number from 0 to {LARGEST_SEED} (got {seed!r})") from None
        return self.model_copy(update={"seed": seed})


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of scenario files, with the unit of every field in its description.

    >>> sorted(json_schema()["required"])
    ['name', 'schema_version', 'stations', 'users']
    """
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def scenario_file(scenario: Scenario, name: str, field: str) -> Path:
    """The path of a file that a scenario names.

    Args:
        scenario: read from a file, as only then names have a place to start from.
        name: as the field gives it.
        field: the field, for messages.

    Raises:
        InputError: if the scenario was not read from a file, the path leaves its folder, or there is no such file.
    """
    root = scenario.folder
    if root is None:
        raise InputError(
            f"{scenario.where}: {field}: a file can only be named in a scenario that is itself read from a file"
        )
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{scenario.where}: {field}: must stay under the folder of the scenario file (got {name!r})")
    if not path.exists():
        raise InputError(f"{scenario.where}: {field}: {path}: file not found")
    return path
