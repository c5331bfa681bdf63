"""A table of stations or users: its cells, which column gives what, and in which coordinates its positions are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.file_kind import EMPTY, describe_file
from twinhop.io.table import Decimal, Table, is_unnamed, parse_number, plain_number, read_table
from twinhop.io.table_values import unguarded
from twinhop.scenario.column_names import ColumnChoice, Columns, match_columns, quantities_of, spelling
from twinhop.scenario.degrees import degrees_of
from twinhop.scenario.files.csv_computed import ComputedTable, with_computed
from twinhop.scenario.files.csv_labels import LabelColumns, label_columns
from twinhop.scenario.sanity import LARGEST_LAT_DEG, LARGEST_LON_DEG, coordinate_system
from twinhop.text import suggestion

LOCAL = ("x_m", "y_m")
GEOGRAPHIC = ("lat", "lon")
HEMISPHERES = {"lat": "NS", "lon": "EW"}
BARE = ("x", "y")
"""Names that say neither a unit nor a coordinate system."""
Kind = Literal["station", "user"]
SYSTEM_COLUMNS = ("crs", "epsg", "srid", "srs", "epsgcode")
"""Columns that name the coordinate system of x and y."""
WGS84 = ("OGC:CRS84", "EPSG:4326", "EPSG:4979", "EPSG:4258")
"""Systems whose coordinates are latitude and longitude; ETRS89 is within a metre."""
OPENCELLID = (
    *("radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples", "changeable", "created"),
    *("updated", "averageSignal"),
)
"""Columns of OpenCelliD's dumps, some of which have no header (https://wiki.opencellid.org, "Database format")."""
CORES = ("cores", "cpucores", "kerne", "cpukerne", "vcpu", "vcpus", "ncores", "numcores", "corecount", "anzahlkerne")
"""Columns that count cores, which give a CPU only with a clock."""
RADIOS = ("GSM", "UMTS", "LTE", "CDMA", "NR", "NBIOT")
CELL_PARTS = (("radio",), ("mcc",), ("net", "mnc"), ("area", "lac", "tac", "lac_tac"), ("cell", "cid", "cell_id"))
"""A cell has a number within an area of a network of a country: together they name it, as in 3GPP TS 23.003."""


@dataclass(frozen=True)
class TableOptions:
    """What a table itself does not say.

    Attributes:
        columns: the column of each quantity; names tell the others.
        separator: what stands between cells; None: told by the file.
        decimal: the mark of decimals; None: told by the file.
        system: coordinate system of x and y, such as `EPSG:25832`; None: local metres.
        skip_bad: whether rows that cannot be used are left out and counted, not refused.
        labels: columns that are kept as labels; None: all that give nothing else.
    """

    columns: ColumnChoice = field(default_factory=ColumnChoice)
    separator: str | None = None
    decimal: Decimal | None = None
    system: str | None = None
    skip_bad: bool = False
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PointTable:
    """A table of stations or users.

    Attributes:
        table: its cells.
        columns: which column gives what; of positions just the two that are used.
        position: the quantities of the two, eastings or latitudes first: `GEOGRAPHIC`, `LOCAL` or `BARE`.
        notes: what had to be assumed of names and cells.
        id_parts: columns that together name a row; none where one column does.
        system: coordinate system of x and y; None: local metres.
        labels: columns that are kept as labels.
        not_used: columns that give nothing at all.
        faults: what is wrong with each row for which something cannot be computed, by its number.
    """

    table: Table
    columns: Columns
    position: tuple[str, str]
    notes: tuple[str, ...]
    id_parts: tuple[int, ...] = ()
    system: str | None = None
    labels: LabelColumns = field(default_factory=LabelColumns)
    not_used: tuple[str, ...] = ()
    faults: Mapping[int, list[str]] = field(default_factory=dict)

    @property
    def is_geographic(self) -> bool:
        """Whether positions are latitude and longitude."""
        return self.position == GEOGRAPHIC

    def cell(self, row: int, quantity: str) -> str:
        """A cell as text."""
        if quantity == "id" and self.id_parts:
            return "-".join(self.table.rows[row][at] for at in self.id_parts)
        cell = self.table.rows[row][self.columns.index_of[quantity]]
        return unguarded(cell) if quantity in ("id", "class") else cell

    def number(self, row: int, quantity: str) -> int | float | str | None:
        """A cell as a number; its text where it is none, None where it is empty."""
        column = self.columns.index_of[quantity]
        cell = self.table.rows[row][column]
        number = parse_number(self.table.dialect.number_text(cell, column))
        if number is None and quantity in GEOGRAPHIC:  # no coordinate has thousands, so a comma marks decimals
            number = parse_number(plain_number(cell, ","))
        if quantity in GEOGRAPHIC:  # `010E0012` is an angle, not a number
            angle = degrees_of(cell, HEMISPHERES[quantity])
            number = number if angle is None else angle
        return (cell or None) if number is None else number

    def hint(self, row: int, quantity: str) -> str:
        """What would settle a cell that is no number, or nothing."""
        column = self.columns.index_of[quantity]
        return self.table.dialect.number_hint(self.table.rows[row][column], column)


def read_point_table(
    path: Path,
    kind: Kind,
    optional: Sequence[str],
    most_rows: int,
    options: TableOptions,
    fields: Mapping[str, str],
) -> PointTable:
    """Read a table of points: an id and `x_m,y_m`, `lat,lon` or, in a named system, `x,y`; columns in any order.

    Args:
        path: the file.
        kind: what its rows are.
        optional: quantities that it may give besides.
        most_rows: the most rows that are accepted.
        options: what the file does not say.
        fields: columns that a scenario file names for fields; others of the same name are an error.

    Returns:
        The cells; columns that give nothing are named in the notes.

    Raises:
        InputError: the file, its header or a line is broken; the message names the line.
    """
    expected = f"a table of {kind}s with the columns id,{','.join(LOCAL)}"
    table, header_notes = _table(path, expected, options, most_rows)
    where = f"{table.name}:{table.dialect.header_line}"
    wanted = ("id", *LOCAL, *GEOGRAPHIC, *BARE, *optional)
    names = table.dialect.columns
    known = {*wanted, kind}
    if not any(known & {*quantities_of(name)} for name in names) and not options.columns.column_of:
        raise _no_header(path, where)
    _require_columns(names, fields, where)
    computed = with_computed(table, options.columns, wanted, kind)
    table, choice = computed.table, ColumnChoice({**computed.choice.column_of, **fields})
    wanted_by_name = [each for each in wanted if each not in computed.index_of]
    by_name = match_columns(names, wanted_by_name, choice, where, kind, generic_first=True)
    columns = Columns(table.dialect.columns, {**by_name.index_of, **computed.index_of})
    _require_names(columns, where, kind)
    if not table.rows:
        why = f"; {table.bad[0]}" if table.bad else ""
        raise InputError(f"{table.name}: has no rows below the header; at least one is needed{why}")
    position = _position(columns, options, where)
    options, system_notes = _with_system(table, options) if position == BARE else (options, ())
    used = {each: at for each, at in columns.index_of.items() if each not in (*LOCAL, *GEOGRAPHIC, *BARE)}
    kept = Columns(columns.names, {**used, **{each: columns.index_of[each] for each in position}})
    parts = () if {"id", kind} & options.columns.column_of.keys() else _cell_parts(kept)
    labels = _labels(table, kept, computed, parts, position, options)
    given = {*kept.index_of.values(), *labels.index_of.values(), *computed.used, *parts}
    others = tuple(name for at, name in enumerate(names) if at not in given and not is_unnamed(name))
    points = PointTable(table, kept, position, (), parts, options.system, labels, others, computed.faults)
    of_names = [*_id_notes(points), *_misspelt_notes(points, optional), *_bare_notes(points, options, where)]
    if options.system is not None and points.is_geographic and coordinate_system(options.system) not in WGS84:
        of_names.append(f"{table.name}: --crs {options.system[:40]} is not used: positions are latitude and longitude")
    return replace(points, notes=(*table.notes, *header_notes, *system_notes, *of_names, *labels.notes))


def _labels(
    table: Table,
    columns: Columns,
    computed: ComputedTable,
    parts: tuple[int, ...],
    position: tuple[str, str],
    options: TableOptions,
) -> LabelColumns:
    """The columns that are kept as labels: those that give nothing else, or those that were stated."""
    system = range(0)
    if position == BARE:
        names = table.dialect.columns
        system = [at for at, name in enumerate(names) if spelling(name) in SYSTEM_COLUMNS]
    return label_columns(table, {*columns.index_of.values(), *computed.used, *parts, *system}, options.labels)


def _id_notes(points: PointTable) -> list[str]:
    """What is said of ids that several columns give."""
    names = "-".join(points.columns.names[at] for at in points.id_parts)
    return [f"{points.table.name}: ids are {names}, which names a cell"] if names else []


def _table(path: Path, expected: str, options: TableOptions, most_rows: int) -> tuple[Table, tuple[str, ...]]:
    """The table, and what is said of its header; a dump of OpenCelliD without one gets its own."""
    if path.is_file() and describe_file(path) == EMPTY:
        raise InputError(f"{path}: is empty; its first line must name the columns, such as id,{','.join(LOCAL)}")
    given = {
        "separator": options.separator,
        "decimal": options.decimal,
        "most_rows": most_rows,
        "skip_bad": options.skip_bad,
    }
    table = read_table(path, expected, **given)
    names = table.dialect.columns
    if len(names) != len(OPENCELLID) or names[0].upper() not in RADIOS:
        return table, ()
    note = f"{path}: has no header and was read as OpenCelliD"
    return read_table(path, expected, **given, columns=OPENCELLID), (note,)


def _with_system(table: Table, options: TableOptions) -> tuple[TableOptions, tuple[str, ...]]:
    """The options with the coordinate system that a column names, and what is said of it.

    Raises:
        InputError: rows name several systems, or one that is not known.
    """
    at = next((at for at, name in enumerate(table.dialect.columns) if spelling(name) in SYSTEM_COLUMNS), None)
    named = sorted({row[at] for row in table.rows} - {""}) if at is not None and options.system is None else []
    if at is None or not named:
        return options, ()
    column = table.dialect.columns[at]
    systems = {coordinate_system(f"EPSG:{each}" if each.isdigit() else each) for each in named}
    if len(systems) > 1 or None in systems:
        raise InputError(
            f"{table.name}: {column}: must name one coordinate system that is known, such as EPSG:25832 (got "
            f"{_listed(named, 3)}); --crs states it"
        )
    system = systems.pop()
    return replace(options, system=system), (f"{table.name}: x and y are positions in {system}, as {column} says",)


def _cell_parts(columns: Columns) -> tuple[int, ...]:
    """The columns that together name a cell of a mobile network, where the ids are its numbers within an area."""
    of_spelling = {spelling(name): at for at, name in enumerate(columns.names)}
    matches = ([of_spelling.get(spelling(name)) for name in names] for names in CELL_PARTS)
    parts = [next((at for at in each if at is not None), None) for each in matches]
    usable = tuple(at for at in parts if at is not None)
    return usable if len(usable) == len(CELL_PARTS) and columns.index_of["id"] == usable[-1] else ()


def _require_columns(names: Sequence[str], fields: Mapping[str, str], where: str) -> None:
    """Refuse fields whose column the file lacks."""
    for quantity, column in fields.items():
        if spelling(column) not in {spelling(name) for name in names}:
            hint = suggestion(column, names)
            raise InputError(f"{where}: no column {column[:40]!r} for {quantity}; {hint}the file has {_listed(names)}")


def _no_header(path: Path, where: str) -> InputError:
    return InputError(
        f"{where}: no header; the first line must name the columns, such as id,{','.join(LOCAL)}; "
        f"found {describe_file(path)}; --columns id=NAME,lat=NAME,lon=NAME states others"
    )


def _require_names(columns: Columns, where: str, kind: Kind) -> None:
    """Refuse a table without the names that are needed: no id, no positions."""
    accepted = ("id", *LOCAL, *GEOGRAPHIC)
    if "id" not in columns.index_of:
        hint = suggestion("id", [name.lower() for name in columns.not_used])
        raise InputError(
            f"{where}: the column 'id' is missing; {hint}--columns {kind}=NAME states which names the {kind}s "
            f"(the file has {_listed(columns.names)})"
        )
    complete = [pair for pair in (LOCAL, GEOGRAPHIC, BARE) if set(pair) <= columns.index_of.keys()]
    if not complete:
        hints = (suggestion(name.lower(), accepted[1:]) for name in columns.not_used)
        hint = next((each for each in hints if each), "")
        named = [each for each in (*LOCAL, *GEOGRAPHIC, *BARE) if each in columns.index_of]
        raise InputError(
            f"{where}: positions need either the columns x_m,y_m or the columns lat,lon "
            f"(got {', '.join(named) or 'none of them'}); {hint}--columns lat=NAME,lon=NAME states others "
            f"(the file has {_listed(columns.names)})"
        )


def _position(columns: Columns, options: TableOptions, where: str) -> tuple[str, str]:
    """The two quantities that give positions."""
    complete = [pair for pair in (LOCAL, GEOGRAPHIC, BARE) if set(pair) <= columns.index_of.keys()]
    stated = [pair for pair in complete if set(pair) <= options.columns.column_of.keys()]
    if len(stated) == 1:
        return stated[0]
    if options.system is not None and GEOGRAPHIC in complete and len(complete) > 1:
        complete.remove(GEOGRAPHIC)
    if LOCAL in complete and GEOGRAPHIC in complete:
        raise InputError(
            f"{where}: positions need either the columns x_m,y_m or the columns lat,lon (got both); say which by "
            f"--columns lat={columns.name_of('lat')},lon={columns.name_of('lon')}"
        )
    return complete[0]


def _misspelt_notes(points: PointTable, optional: Sequence[str]) -> list[str]:
    """What is said of columns that give nothing and may be meant for a quantity that is missing."""
    missing = [quantity for quantity in optional if quantity not in points.columns.index_of]
    labels = {points.columns.names[at] for at in points.labels.index_of.values()}
    notes = []
    for name in (each for each in points.columns.names if each in labels or each in points.not_used):
        hint = "" if any(each in missing for each in quantities_of(name)) else _meant(name, missing)
        if hint:
            notes.append(
                f"{points.table.name}: the column {name!r} is {'a label' if name in labels else 'not used'}; {hint}"
            )
    return notes


def _meant(name: str, missing: Sequence[str]) -> str:
    """How a column can give a quantity that is missing: it counts cores, or is almost called so; or nothing."""
    if spelling(name) in CORES and "cpu_gcycles_per_s" in missing:
        written = name if name.isidentifier() else f'"{name}"'
        return f"--columns cpu={written}*3 would take 3 Gcycle/s a core"
    return _misspelt(name, missing)


def _misspelt(name: str, missing: Sequence[str]) -> str:
    """A did-you-mean for a column that is almost one of those that are missing, or nothing."""
    near = {spelling(part): each for each in missing for part in (each, each.rpartition("_")[0], each.split("_")[0])}
    hint = suggestion(spelling(name), [each for each in near if each])
    meant = hint.partition("'")[2].partition("'")[0]
    return f"did you mean {near[meant]!r}? --columns {near[meant]}={name} says so" if meant else ""


def _bare_notes(points: PointTable, options: TableOptions, where: str) -> list[str]:
    """What is said of columns called x and y; refused where they may be degrees as well as metres."""
    if points.position != BARE or options.system is not None:
        return []
    x, y = (points.columns.name_of(each) for each in BARE)
    if set(BARE) <= options.columns.column_of.keys():
        return []
    xy = _numbers(points)
    if (np.abs(xy[:, 0]) <= LARGEST_LON_DEG).all() and (np.abs(xy[:, 1]) <= LARGEST_LAT_DEG).all():
        raise InputError(
            f"{where}: the columns {x!r} and {y!r} may be metres or degrees; say which by --columns x_m={x},y_m={y} or "
            f"--columns lon={x},lat={y}"
        )
    return [
        f"{where}: {x} and {y} are taken to be metres of a flat grid; --crs states a coordinate system, such as "
        f"EPSG:25832"
    ]


def _numbers(points: PointTable) -> NDArray[np.float64]:
    """(rows, 2) the bare positions, those that are no numbers left out."""
    pairs = [[points.number(row, each) for each in points.position] for row in range(len(points.table.rows))]
    usable = [pair for pair in pairs if all(isinstance(each, int | float) for each in pair)]
    return np.array(usable, dtype=np.float64).reshape(-1, 2)


def _listed(names: Sequence[str], most: int = 40) -> str:
    shown = ", ".join(name[:40] for name in names[:most])
    return f"{shown}, and {len(names) - most} more" if len(names) > most else shown
