"""Stations and users from GeoJSON (RFC 7946): FeatureCollections of Points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file, describe_json
from twinhop.io.json_text import parse_json
from twinhop.io.text_file import read_any_text
from twinhop.io.written_number import WrittenNumber
from twinhop.scenario.column_names import ColumnChoice, quantities_of, spelling
from twinhop.scenario.fields import LONGEST_TEXT, MOST_LABELS
from twinhop.scenario.files.csv_computed import NAMES_AND_TRUTHS, Statement, computed_value, missing_columns, statement
from twinhop.scenario.files.csv_import import ImportedCity, city_of_points, money_section
from twinhop.scenario.files.csv_labels import check_labels, label_text, parse_labels
from twinhop.scenario.files.csv_rows import (
    MOST_SKIPPED_SHOWN,
    STATION_COLUMNS,
    USER_COLUMNS,
    CsvPoints,
    field_errors,
    on_earth,
    stated_value,
)
from twinhop.scenario.files.csv_table import WGS84
from twinhop.scenario.importers.points import points_on_earth
from twinhop.scenario.label_names import label_of
from twinhop.scenario.place_sections import StationRow, UserRow
from twinhop.scenario.sanity import coordinate_system
from twinhop.scenario.schema.scenario import Scenario
from twinhop.text import counted

SOURCE_FIELDS = ("attribution", "source", "license", "licence")
"""Members of a collection that say where it comes from."""
KINDS = ("station", "user", "association")
"""What the property ``kind`` says in files that twinhop writes; a file may hold stations and users together."""
OWN_PROPERTIES = ("kind", "x_m", "y_m", "id")
"""Properties of files that twinhop writes, which need no word."""
PLAN_PROPERTIES = ("opened", "twins", "failed", "host", "user", "capacity")
"""Further ones of the maps of plans, which are no labels."""
LARGEST_COORDINATE = 1e9
LARGEST_BYTES = 64 * 1024 * 1024
MOST_EXAMPLES = 3
"""Features that are no Points named one by one, at most."""

Feature = dict[str, Any]


def import_geojson(stations: str | Path, users: str | Path, **options: Any) -> Scenario:
    """Make a scenario of Points in GeoJSON; `geojson_city` has the same arguments, and says more."""
    return geojson_city(stations, users, **options).scenario


def geojson_city(
    stations: str | Path,
    users: str | Path,
    *,
    columns: str | None = None,
    crs: str | None = None,
    skip_bad: bool = False,
    labels: str | None = None,
    currency: str | None = None,
    second_value: float | None = None,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """Make a scenario of Points in GeoJSON, and say what was understood.

    A feature's ``id``, or its property ``id``, names it; the properties of the names of CSV columns (stations ``host``,
    ``cpu_gcycles_per_s``, ``capacity_users``, ``opening_s`` or ``cost_per_month``; users ``history_mbit``,
    ``update_mbit``, ``deadline_ms``, ``tx_power_w``) state its fields, as they do in CSV; others that are texts or
    numbers are kept as labels. Features whose property ``kind`` is of the other kind are skipped, so that a file with
    both may be given twice. Positions are in the coordinate system that the member ``crs`` names, WGS84 without one.
    The collections' ``attribution``, ``source`` and ``licence`` are kept.

    Args:
        stations: FeatureCollection of the stations.
        users: FeatureCollection of the users.
        columns: properties of quantities, or what is computed of properties, such as ``id=site,cpu=cores*3``; None: by
            their names.
        crs: coordinate system of the positions, such as ``EPSG:25832``; None: the one that the files name.
        skip_bad: whether features that cannot be used are left out and counted.
        labels: further properties to keep as labels, such as ``rent,address``; ``none``; None: all.
        currency: of ``cost_per_month``, such as EUR; None: the cost is in seconds.
        second_value: what one second less of mean latency is worth per user and month, in that currency.
        preset: constants that no property gives: ``family`` (scaled) or ``lu2021``.
        name: of the scenario; by default that of the stations' file.
        seed: root seed.
        attribution: further sources to name in reports.

    Returns:
        The scenario, and what was understood.

    Raises:
        InputError: a file is no such collection, holds other geometries than Points, or names an unknown coordinate
            system.
    """
    notes: list[str] = []
    money = money_section(currency, second_value)
    files = station_file, user_file = _collection(Path(stations), notes), _collection(Path(users), notes)
    sources = dict.fromkeys((*_sources(station_file), *_sources(user_file), *attribution))
    options = _Options(ColumnChoice.parse(columns), crs, skip_bad, parse_labels(labels))
    keys = [list(dict.fromkeys(key for one in each["features"] for key in _properties(one))) for each in files]
    check_labels(options.labels, [*keys[0], *keys[1]], f"{stations} or {users}")
    _check_stated(options.columns, keys, f"{stations} or {users}")
    of_stations = _points(str(stations), station_file, "station", STATION_COLUMNS, options)
    return city_of_points(
        replace(of_stations, notes=(*notes, *of_stations.notes)),
        _points(str(users), user_file, "user", USER_COLUMNS, options),
        name=name or Path(stations).stem,
        preset=preset,
        seed=seed,
        sections=money,
        attribution=tuple(sources),
    )


@dataclass(frozen=True)
class _Options:
    columns: ColumnChoice
    crs: str | None
    skip_bad: bool
    labels: tuple[str, ...] | None


def _collection(path: Path, notes: list[str]) -> dict[str, Any]:
    text = read_any_text(path, "a GeoJSON file", LARGEST_BYTES, notes)
    if not text.lstrip().startswith(("{", "[")):
        raise InputError(f"{path}: is not GeoJSON: found {describe_file(path)}")
    value = parse_json(text, str(path), WrittenNumber)
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


def _points(name: str, collection: dict[str, Any], kind: str, columns: Sequence[str], options: _Options) -> CsvPoints:
    features = [(at, feature) for at, feature in enumerate(collection["features"]) if _kind(feature) in (None, kind)]
    features, left_out = _with_points(name, features, kind, options.skip_bad)
    places = [f"{name}: features[{at}]" for at, _ in features]
    of_file = dict.fromkeys(key for _, feature in features for key in _properties(feature))
    stated = {} if not options.columns.column_of else _stated(options.columns, columns, kind, list(of_file))
    features, faults = _with_computed(features, places, stated)
    choice = ColumnChoice({quantity: key for quantity, (key, _) in stated.items()})
    computed = {key: each for key, each in stated.values() if each.column is None}
    properties = [_properties(feature) for _, feature in features]
    names = _property_names(properties, columns, kind, choice, name)
    names, notes = _usable_names(name, properties, names)
    sources = {source for each in computed.values() for source in each.columns}
    every = [key for key in of_file if options.labels is not None or key not in sources]
    kept = _label_properties(every, properties, names, collection, options.labels)
    fields = [
        _fields(feature, f"{kind[0] if kind == 'user' else 'b'}{at}", names) | _labels(feature, kept)
        for at, feature in features
    ]
    used = ", ".join(["geometry", *(f"{field} from {key}" if field != key else key for field, key in names.items())])
    given = {*names.values(), *kept.values(), *OWN_PROPERTIES, *sources}
    unused = tuple(key for key in of_file if key not in given)
    about = {"layout": "GeoJSON", "used": used, "unused": unused, "labels": tuple(kept)}
    if _is_nowhere(collection):
        if faults:
            raise InputError("\n".join(line for lines in faults.values() for line in lines[:MOST_EXAMPLES]))
        xy_m = _local(places, [feature for _, feature in features])
        return CsvPoints(name, tuple(fields), xy_m, is_geographic=False, **about, notes=(*left_out, *notes))
    pairs = [feature["geometry"]["coordinates"][:2] for _, feature in features]
    system = _system(name, collection, options.crs)
    lat_lon = [(y, x) for x, y in pairs] if system is None else _degrees(name, places, pairs, system)
    model = StationRow if kind == "station" else UserRow
    each_faults = (field_errors(each, model, place) for each, place in zip(fields, places, strict=True))
    faults = {at: faults.get(at, errors) for at, errors in enumerate(each_faults) if errors or at in faults}
    points = points_on_earth(name, places, fields, lat_lon, skip_bad=options.skip_bad, faults=faults)
    return replace(points, **about, system=system or "", notes=(*left_out, *notes, *points.notes))


def _system(name: str, collection: dict[str, Any], stated: str | None) -> str | None:
    """The coordinate system of the positions; None for longitude and latitude on WGS84.

    Raises:
        InputError: the collection names one that is not known.
    """
    member = collection.get("crs")
    if stated is None and member is None:
        return None
    named = stated
    if named is None:
        properties = member.get("properties") if isinstance(member, dict) else None
        inner = properties if isinstance(properties, dict) else {}
        named = next((str(inner[key]) for key in ("name", "href", "code") if key in inner), str(member))
        if isinstance(member, dict) and member.get("type") == "EPSG":
            named = f"EPSG:{inner.get('code')}"
    system = coordinate_system(named) or (named if stated is not None else None)
    if system is None:
        raise InputError(
            f"{name}: crs: the coordinate system {named[:60]!r} is not known; expected a name such as EPSG:25832, or "
            f"state it by --crs"
        )
    return None if system in WGS84 else system


def _degrees(name: str, places: Sequence[str], pairs: Sequence[Sequence[Any]], system: str) -> list[tuple[Any, Any]]:
    """Latitudes and longitudes of positions in a coordinate system [degree]."""
    for place, pair in zip(places, pairs, strict=True):
        for axis, value in zip(("x", "y"), pair, strict=True):
            if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST_COORDINATE:
                raise InputError(f"{place}: coordinates: {axis} must be a number of {system} (got {repr(value)[:40]})")
    try:
        return [(lat, lon) for lat, lon in on_earth(np.array(pairs, dtype=np.float64), system).tolist()]
    except InputError as error:
        raise InputError(f"{name}: crs: {error}") from None


def _kind(feature: Any) -> str | None:
    kind = _properties(feature).get("kind")
    return kind if kind in KINDS else None


def _properties(feature: Any) -> dict[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return properties if isinstance(properties, dict) else {}


def _with_points(
    name: str, features: Sequence[tuple[int, Any]], kind: str, skip_bad: bool
) -> tuple[list[tuple[int, Any]], list[str]]:
    """The features that are Points, and what is said of those left out.

    Raises:
        InputError: there is none, or one is no Point and may not be left out.
    """
    if not features:
        raise InputError(f"{name}: holds no {kind}; expected at least one Point")
    errors: list[str] = []
    usable: list[tuple[int, Any]] = []
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
            continue
        usable.append((at, feature))
    if errors and (not skip_bad or not usable):
        held = ", ".join(f"{count} {shape}" for shape, count in kinds.most_common())
        summary = f"{name}: each {kind} must be one Point; the file holds {held}; for example"
        raise InputError("\n".join([summary, *errors[:MOST_EXAMPLES]]))
    notes = [f"{name}: {counted(len(errors), 'feature')} left out (--skip-bad)", *errors[:MOST_SKIPPED_SHOWN]]
    return usable, notes if errors else []


def _check_stated(choice: ColumnChoice, keys: Sequence[Sequence[str]], where: str) -> None:
    """Refuse what is stated of properties that neither file has.

    Raises:
        InputError: a property does not exist.
    """
    for quantity, text in choice.column_of.items():
        of_stations = quantity not in (*USER_COLUMNS, "user") and statement(quantity, text, keys[0]) is not None
        of_users = quantity not in (*STATION_COLUMNS, "station") and statement(quantity, text, keys[1]) is not None
        if not of_stations and not of_users:
            raise missing_columns(quantity, text, [*keys[0], *keys[1]], where)


def _stated(
    choice: ColumnChoice, columns: Sequence[str], kind: str, every: Sequence[str]
) -> dict[str, tuple[str, Statement]]:
    """What is stated for the quantities of a file: the property that gives each, one that is computed too.

    Raises:
        InputError: something is computed for what is no number.
    """
    stated = {}
    for quantity, text in choice.column_of.items():
        each = statement(quantity, text, every) if quantity in ("id", kind, *columns) else None
        if each is None:
            continue
        if each.expression is not None and quantity in NAMES_AND_TRUTHS:
            raise InputError(f"--columns: {quantity} takes a property as it is (got {text[:40]!r})")
        key = every[each.column] if each.column is not None else each.expression.text if each.expression else text
        stated[quantity] = (key, each)
    return stated


def _with_computed(
    features: Sequence[tuple[int, Any]], places: Sequence[str], stated: Mapping[str, tuple[str, Statement]]
) -> tuple[list[tuple[int, Any]], dict[int, list[str]]]:
    """The features with a property for each that is computed, and what is wrong with those that have none."""
    computed = {key: (quantity, each) for quantity, (key, each) in stated.items() if each.column is None}
    if not computed:
        return list(features), {}
    faults: dict[int, list[str]] = {}
    more = []
    for row, (at, feature) in enumerate(features):
        properties = dict(_properties(feature))
        for key, (quantity, each) in computed.items():
            numbers = {name: stated_value(quantity, properties.get(name)) for name in each.columns}
            bad = next((name for name, number in numbers.items() if not _is_size("", number)), None)
            value = None if bad or None in numbers.values() else _computed_property(row, each, numbers)
            if bad is not None:
                faults.setdefault(row, []).append(f"{places[row]}: {bad}: must be a number, for {quantity}={key[:60]}")
            elif isinstance(value, str) and each.expression is not None:
                faults.setdefault(row, []).append(f"{places[row]}: {quantity}={key[:60]}: {value}")
            else:
                properties[key] = value
        more.append((at, {**feature, "properties": properties}))
    return more, faults


def _computed_property(row: int, stated: Statement, numbers: Mapping[str, float]) -> float | str:
    """The number of a row from 1 where nothing is computed of properties; else the value, or what is wrong with it."""
    return str(row + 1) if stated.expression is None else computed_value(stated.expression, numbers)


def _property_names(
    properties: Sequence[dict[str, Any]], columns: Sequence[str], kind: str, choice: ColumnChoice, name: str
) -> dict[str, str]:
    """The property that gives each field: the one stated, the one of that name, or the one other that means it."""
    every = list(dict.fromkeys(key for each in properties for key in each))
    names: dict[str, str] = {}
    for column in ("id", *columns):
        stated = choice.column_of.get(column) or (choice.column_of.get(kind) if column == "id" else None)
        if stated is not None and stated in every:
            names[column] = stated
        elif column in every:
            names[column] = column
        else:
            meaning = (kind,) if column == "id" else (column,)
            alike = [key for key in every if set(meaning) & set(quantities_of(key))]
            if len(alike) > 1:
                raise InputError(
                    f"{name}: the properties {' and '.join(map(repr, alike[:3]))} both give {column}; say which by "
                    f"--columns {meaning[0]}={alike[0]}"
                )
            names.update({column: alike[0]} if alike else {})
    return names


def _usable_names(
    name: str, properties: Sequence[dict[str, Any]], names: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The properties without those of another name that hold something else, and what is said of these."""
    notes, kept = [], {}
    for field, key in names.items():
        exact = spelling(key) == spelling(field)
        values = [each[key] for each in properties if each.get(key) is not None]
        if (
            not exact
            and field not in ("id", "class", "host", "load_profile")
            and not all(_is_size(field, each) for each in values)
        ):
            notes.append(f"{name}: the property {key!r} is not used: not all of it are numbers of {field}")
        else:
            kept[field] = key
    return kept, notes


def _is_size(field: str, value: Any) -> bool:
    stated = stated_value(field, value)
    whole_number = isinstance(stated, int) and stated >= 0
    number = isinstance(stated, int | float) and not isinstance(stated, bool)
    return stated is None or (whole_number if field == "capacity_users" else number)


def _fields(feature: Feature, default_id: str, names: dict[str, str]) -> dict[str, Any]:
    properties = _properties(feature)
    stated = {
        column: stated_value(column, properties[key])
        for column, key in names.items()
        if column != "id" and properties.get(key) is not None
    }
    stated = {column: value for column, value in stated.items() if value is not None}
    name = feature.get("id", properties.get(names.get("id", "id"), default_id))
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        name = default_id
    return {"id": name if isinstance(name, str) else str(getattr(name, "text", name)), **stated}


def _label_properties(
    every: Iterable[str],
    properties: Sequence[dict[str, Any]],
    names: Mapping[str, str],
    collection: dict[str, Any],
    stated: tuple[str, ...] | None,
) -> dict[str, str]:
    """The properties that are kept by the names of their labels: texts and numbers that give nothing else."""
    own = (*OWN_PROPERTIES, *(PLAN_PROPERTIES if isinstance(collection.get("twinhop"), dict) else ()))
    free = [key for key in every if key not in names.values() and key not in own]
    keys = free if stated is None else [key for each in stated for key in every if key == each]
    kept: dict[str, str] = {}
    for key in keys:
        name = label_text(label_of(key))[:LONGEST_TEXT].strip()
        if name and len(kept) < MOST_LABELS and any(_label(each.get(key)) for each in properties):
            kept.setdefault(name, key)
    return kept


def _labels(feature: Feature, kept: Mapping[str, str]) -> dict[str, dict[str, str]]:
    texts = {name: _label(_properties(feature).get(key)) for name, key in kept.items()}
    labels = {name: text for name, text in texts.items() if text}
    return {"labels": labels} if labels else {}


def _label(value: Any) -> str:
    """A text, number or truth as the text of a label; empty for what is none of these."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(getattr(value, "text", value))
    return label_text(value) if isinstance(value, str) else ""


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
