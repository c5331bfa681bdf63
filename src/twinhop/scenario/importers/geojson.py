"""Stations and users from GeoJSON (RFC 7946): FeatureCollections of Points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, describe_json
from twinhop.io.json_text import parse_json
from twinhop.io.text_file import read_text
from twinhop.scenario.files.csv_import import scenario_of_points
from twinhop.scenario.files.csv_rows import STATION_COLUMNS, USER_COLUMNS, CsvPoints
from twinhop.scenario.importers.points import points_on_earth
from twinhop.scenario.schema.scenario import Scenario

SOURCE_FIELDS = ("attribution", "source", "license", "licence")
"""Members of a collection that say where it comes from."""
KINDS = ("station", "user", "association")
"""What the property ``kind`` says in files that twinhop writes; a file may hold stations and users together."""
MOST_EXAMPLES = 3
"""Features that are no Points named one by one, at most."""

Feature = dict[str, Any]


def import_geojson(
    stations: str | Path,
    users: str | Path,
    *,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> Scenario:
    """Make a scenario of Points in GeoJSON.

    A feature's ``id``, or its property ``id``, names it; the properties of the names of CSV columns (stations ``host``,
    ``cpu_gcycles_per_s``, ``capacity_users``, ``opening_s``; users ``history_mbit``, ``update_mbit``, ``deadline_ms``,
    ``tx_power_w``) state its fields; others are ignored. Features whose property ``kind`` is of the other kind are
    skipped, so that a file with both may be given twice. The collections' ``attribution``, ``source`` and ``licence``
    are kept.

    Args:
        stations: FeatureCollection of the stations.
        users: FeatureCollection of the users.
        preset: constants that no property gives: ``family`` (scaled) or ``lu2021``.
        name: of the scenario; by default that of the stations' file.
        seed: root seed.
        attribution: further sources to name in reports.

    Returns:
        The scenario.

    Raises:
        InputError: a file is no such collection, or holds other geometries than Points.
    """
    station_file, user_file = _collection(Path(stations)), _collection(Path(users))
    sources = dict.fromkeys((*_sources(station_file), *_sources(user_file), *attribution))
    return scenario_of_points(
        _points(str(stations), station_file, "station", STATION_COLUMNS),
        _points(str(users), user_file, "user", USER_COLUMNS),
        name=name or Path(stations).stem,
        preset=preset,
        seed=seed,
        attribution=tuple(sources),
    )


def _collection(path: Path) -> dict[str, Any]:
    text = read_text(path)
    if not text.lstrip().startswith(("{", "[")):
        raise InputError(f"{path}: is not GeoJSON: found {describe_file(path)}")
    value = parse_json(text, str(path))
    if not isinstance(value, dict) or value.get("type") != "FeatureCollection":
        raise InputError(f"{path}: expected a FeatureCollection of Points, found {describe_json(value)}")
    features = value.get("features")
    if not isinstance(features, list):
        raise InputError(f"{path}: features: expected a list, found {describe_json(features)}")
    return value


def _sources(collection: dict[str, Any]) -> list[str]:
    metadata = collection.get("twinhop")
    attribution = metadata.get("attribution") if isinstance(metadata, dict) else None
    sources = [collection.get(field) for field in SOURCE_FIELDS]
    sources += attribution if isinstance(attribution, list) else []
    return [" ".join(text.split()) for text in sources if isinstance(text, str) and text.strip()]


def _points(name: str, collection: dict[str, Any], kind: str, columns: Sequence[str]) -> CsvPoints:
    features = [(at, feature) for at, feature in enumerate(collection["features"]) if _kind(feature) in (None, kind)]
    _check_geometries(name, features, kind)
    places = [f"{name}: features[{at}]" for at, _ in features]
    fields = [_fields(feature, f"{kind[0] if kind == 'user' else 'b'}{at}", columns) for at, feature in features]
    if _is_nowhere(collection):
        return CsvPoints(name, tuple(fields), _local(places, [feature for _, feature in features]), is_geographic=False)
    lat_lon = [
        (feature["geometry"]["coordinates"][1], feature["geometry"]["coordinates"][0]) for _, feature in features
    ]
    return points_on_earth(name, places, fields, lat_lon)


def _kind(feature: Any) -> str | None:
    kind = _properties(feature).get("kind")
    return kind if kind in KINDS else None


def _properties(feature: Any) -> dict[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return properties if isinstance(properties, dict) else {}


def _check_geometries(name: str, features: Sequence[tuple[int, Any]], kind: str) -> None:
    if not features:
        raise InputError(f"{name}: holds no {kind}; expected at least one Point")
    errors: list[str] = []
    kinds: Counter[str] = Counter()
    for at, feature in features:
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        shape = geometry.get("type") if isinstance(geometry, dict) else None
        kinds[shape if isinstance(shape, str) else "no geometry"] += 1
        place = f"{name}: features[{at}]"
        if not isinstance(geometry, dict) or shape != "Point":
            errors.append(f"{place}: geometry: expected a Point, found {shape or 'no geometry'}")
            continue
        coordinates = geometry.get("coordinates")
        if not isinstance(coordinates, list) or len(coordinates) < 2:
            errors.append(f"{place}: coordinates: expected [longitude, latitude], found {describe_json(coordinates)}")
    if errors:
        held = ", ".join(f"{count} {shape}" for shape, count in kinds.most_common())
        summary = f"{name}: each {kind} must be one Point; the file holds {held}; for example"
        raise InputError("\n".join([summary, *errors[:MOST_EXAMPLES]]))


def _fields(feature: Feature, default_id: str, columns: Sequence[str]) -> dict[str, Any]:
    properties = _properties(feature)
    stated = {column: properties[column] for column in columns if properties.get(column) is not None}
    name = feature.get("id", properties.get("id", default_id))
    return {"id": name if isinstance(name, str | int | float) else default_id, **stated}


def _is_nowhere(collection: dict[str, Any]) -> bool:
    metadata = collection.get("twinhop")
    return isinstance(metadata, dict) and metadata.get("georeferenced") is False


def _local(places: Sequence[str], features: Sequence[Feature]) -> np.ndarray:
    """Positions in metres that twinhop wrote for a scenario that is nowhere on Earth."""
    rows = []
    for place, feature in zip(places, features, strict=True):
        stated = [_properties(feature).get(axis) for axis in ("x_m", "y_m")]
        xy_m = [value for value in stated if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(xy_m) != len(stated):
            raise InputError(f"{place}: x_m and y_m: expected numbers, since the file says it is not georeferenced")
        try:
            rows.append([float(value) for value in xy_m])
        except OverflowError:
            raise InputError(f"{place}: x_m and y_m: expected numbers of metres, found hundreds of digits") from None
    return np.array(rows, dtype=np.float64)
