"""Users of a Parquet file, or of a large CSV file, read and checked by columns, straight into arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.byte_blocks import EndsEarly, is_compressed
from twinhop.io.parquet import parquet_columns, parquet_rows, parquet_slices
from twinhop.io.table import LARGEST_TABLE_BYTES, sniff
from twinhop.io.workbook import is_workbook, split_sheet
from twinhop.scenario import geo
from twinhop.scenario.column_names import ColumnChoice, Columns, match_columns
from twinhop.scenario.fields import LARGEST_COORDINATE_M, LARGEST_VALUE
from twinhop.scenario.place_sections import DEFAULT_CLASS, MOST_USERS, USER_SIZES, Origin
from twinhop.scenario.sanity import LARGEST_LAT_DEG, LARGEST_LON_DEG
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.tables import Rows, table_rows
from twinhop.scenario.user_table import UserTable
from twinhop.text import counted, suggestion

if TYPE_CHECKING:
    import polars as pl

SLICE_ROWS = 1_000_000
"""Rows that are read and checked at a time."""
GZIP_FACTOR = 4
"""A table is taken to be so many times as large as compressed."""
ROW_BY_ROW = ("weight", "load_profile")
"""What tables of users may give that is not held in columns."""
LOCAL, GEOGRAPHIC = ("x_m", "y_m"), ("lat", "lon")
METRE_DECIMALS = 3
"""Projected positions are kept to the millimetre, as those of CSV files."""
ACCEPTED = (
    f"id (text or whole numbers; without it u0, u1, ...), x_m and y_m [m] or lat and lon [degree], and, if you like, "
    f"{', '.join(USER_SIZES)} and class"
)


@dataclass(frozen=True)
class Limits:
    """What the numbers of a column may be.

    Attributes:
        least: the smallest.
        most: the largest.
        positive: whether the smallest is not accepted itself.
    """

    least: float
    most: float
    positive: bool = False

    def broken(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which values are out of range; NaN is."""
        inside = (values > self.least if self.positive else values >= self.least) & (values <= self.most)
        return ~inside

    @property
    def in_words(self) -> str:
        """What is accepted."""
        low = f"more than {self.least:g}" if self.positive else f"from {self.least:g}"
        return f"{low}{' and at most' if self.positive else ' to'} {self.most:g}"


LIMITS = {
    "x_m": Limits(-LARGEST_COORDINATE_M, LARGEST_COORDINATE_M),
    "y_m": Limits(-LARGEST_COORDINATE_M, LARGEST_COORDINATE_M),
    "lat": Limits(-LARGEST_LAT_DEG, LARGEST_LAT_DEG),
    "lon": Limits(-LARGEST_LON_DEG, LARGEST_LON_DEG),
    "history_mbit": Limits(0.0, LARGEST_VALUE),
    "update_mbit": Limits(0.0, LARGEST_VALUE),
    "deadline_ms": Limits(0.0, LARGEST_VALUE, positive=True),
    "tx_power_w": Limits(0.0, LARGEST_VALUE, positive=True),
}


@dataclass(frozen=True)
class Users:
    """What a file of users is read with.

    Attributes:
        fields: for fields that a column of another name gives, that name.
        classes: names of the scenario's classes of users.
        origin: where (0, 0) lies on Earth; needed for latitude and longitude.
    """

    fields: Mapping[str, str]
    classes: Sequence[str]
    origin: Origin | None


def read_user_table(path: Path, users: Users) -> tuple[UserTable, tuple[str, ...]]:
    """Read the users of a Parquet file by columns; at no time is there an object a user.

    Args:
        path: the file.
        users: what it is read with.

    Returns:
        The users, and what is to be said of columns that were not used.

    Raises:
        InputError: a column is missing or of another type, a cell is empty, NaN or out of range, or an id comes twice;
            the message names the column and the first row, from 1.
    """
    types = parquet_columns(path)
    columns = _columns(path, tuple(types), users)
    _check_types(path, columns, types)
    rows = parquet_rows(path)
    if not 1 <= rows <= MOST_USERS:
        raise InputError(f"{path}: has {counted(rows, 'row')}; expected from 1 to {MOST_USERS} users")
    pieces = (
        _Piece(
            path,
            columns,
            piece,
            lambda name, at, first=at * SLICE_ROWS: f"{path}: column {name!r}, row {first + at + 1} of {rows}",
        )
        for at, piece in enumerate(parquet_slices(path, tuple(map(columns.name_of, columns.index_of)), SLICE_ROWS))
    )
    return _table(columns, pieces, users), _notes(path, columns)


def is_read_by_columns(path: Path) -> bool:
    """Whether a CSV file of users is larger than is read row by row."""
    if split_sheet(path)[1] is not None or not path.is_file() or is_workbook(path):
        return False
    return path.stat().st_size > LARGEST_TABLE_BYTES // (GZIP_FACTOR if is_compressed(path) else 1)


def read_user_csv(path: Path, users: Users) -> tuple[UserTable, tuple[str, ...]]:
    """Read the users of a CSV file by columns; see `read_user_table`.

    Raises:
        InputError: as there; the message names the line.
    """
    dialect, notes = sniff(path, "a table of users"), []
    columns = _columns(path, dialect.columns, users)
    keys = {columns.name_of(quantity): at for quantity, at in columns.index_of.items()}
    try:
        pieces = (
            _Piece(
                path, columns, _csv_frame(columns, rows), lambda name, at, rows=rows: f"{path}:{rows.lines[at]}: {name}"
            )
            for rows in table_rows(dialect, keys, _Refused(), notes)
        )
        table = _table(columns, pieces, users)
    except EndsEarly as error:
        raise InputError(f"{path}: {error}; expected a table of users") from None
    return table, (*notes, *dialect.notes, *_notes(path, columns))


class _Refused(BadRecords):
    """Rows that cannot be used refuse the file."""

    def add(self, what: str, hint: str = "", records: int = 1) -> None:
        raise InputError(f"{what}{hint}")


def _csv_frame(columns: Columns, rows: Rows) -> pl.DataFrame:
    """Some rows of a CSV file, numbers as numbers."""
    import polars as pl

    texts = {columns.name_of(each) for each in ("id", "class") if each in columns.index_of}
    names = [columns.name_of(each) for each in columns.index_of]
    return pl.DataFrame({name: rows.cells[name] if name in texts else rows.numbers(name) for name in names})


def _columns(path: Path, names: tuple[str, ...], users: Users) -> Columns:
    """Which column gives what."""
    wanted = ("id", *LOCAL, *GEOGRAPHIC, *USER_SIZES, *(("class",) if users.classes else ()), *ROW_BY_ROW)
    columns = match_columns(names, wanted, ColumnChoice(users.fields), str(path), "user", generic_first=True)
    listed = next((each for each in ROW_BY_ROW if each in columns.index_of), None)
    if listed is not None:
        raise InputError(
            f"{path}: column {columns.name_of(listed)!r}: {listed} is read row by row only, of a CSV file of at most "
            f"{LARGEST_TABLE_BYTES // 1024**2} MiB (users.csv); rename or leave out the column"
        )
    pairs = [pair for pair in (LOCAL, GEOGRAPHIC) if set(pair) <= columns.index_of.keys()]
    if len(pairs) == 1:
        other = set(GEOGRAPHIC if pairs[0] == LOCAL else LOCAL)
        return Columns(columns.names, {name: at for name, at in columns.index_of.items() if name not in other})
    if pairs:
        raise InputError(f"{path}: has both x_m, y_m and lat, lon; leave one pair out")
    lacking = [each for pair in (LOCAL, GEOGRAPHIC) for each in pair if each in columns.index_of] or ["none of them"]
    hints = (suggestion(name, (*LOCAL, *GEOGRAPHIC)) for name in columns.not_used)
    raise InputError(
        f"{path}: the columns x_m and y_m, or lat and lon, are missing (got {', '.join(lacking)}; the file has "
        f"{', '.join(names)[:200] or 'no columns'}); {next((each for each in hints if each), '')}accepted: {ACCEPTED}"
    )


def _check_types(path: Path, columns: Columns, types: Mapping[str, pl.DataType]) -> None:
    for quantity in columns.index_of:
        name = columns.name_of(quantity)
        kind = types[name]
        is_text = str(kind) in ("String", "Categorical") or str(kind).startswith("Enum")
        is_number = kind.is_numeric() and not str(kind).startswith("Decimal")
        if quantity == "id" and not (is_text or kind.is_integer()):
            raise InputError(f"{path}: column {name!r}: holds {kind}; ids are text or whole numbers")
        if quantity == "class" and not is_text:
            raise InputError(f"{path}: column {name!r}: holds {kind}; classes are text")
        if quantity not in ("id", "class") and not is_number:
            raise InputError(f"{path}: column {name!r}: holds {kind}; expected numbers")


def _table(columns: Columns, pieces: Iterator[_Piece], users: Users) -> UserTable:
    """The arrays of a file, checked piece by piece."""
    east, north = LOCAL if "x_m" in columns.index_of else GEOGRAPHIC
    parts: dict[str, list[Any]] = {}
    piece = None
    for piece in pieces:
        if east == "lat" and users.origin is None:
            raise InputError(
                f"{piece.path} gives lat, lon; state where (0, 0) lies by area.origin: {{lat_deg, lon_deg}}"
            )
        read: dict[str, NDArray[Any]] = {name: piece.numbers(name) for name in USER_SIZES if name in columns.index_of}
        read["xy_m"] = _local(piece.numbers(east), piece.numbers(north), users.origin if east == "lat" else None)
        if "class" in columns.index_of:
            read["class"] = piece.classes(users.classes)
        for name, values in read.items():
            parts.setdefault(name, []).append(values)
        if "id" in columns.index_of:
            parts.setdefault("id", []).append(piece.ids())
    if piece is None:
        raise InputError("users: the file has no rows below its header; at least one user is needed")
    ids = _joined(parts.pop("id")) if "id" in parts else None
    if ids is not None:
        _check_unique(piece, columns.name_of("id"), ids)
    whole = {name: np.concatenate(parts.pop(name)) for name in list(parts)}
    if len(whole["xy_m"]) > MOST_USERS:
        raise InputError(f"{piece.path}: has {len(whole['xy_m'])} rows; expected at most {MOST_USERS} users")
    xy_m, of_class = whole.pop("xy_m"), whole.pop("class", None)
    return UserTable(ids, xy_m, whole, of_class)


def _joined(ids: Sequence[pl.Series]) -> pl.Series:
    import polars as pl

    return pl.concat(ids).alias("id")


def _local(east: NDArray[np.float64], north: NDArray[np.float64], origin: Origin | None) -> NDArray[np.float64]:
    """(n, 2) local metres; of latitudes and longitudes where there is an origin."""
    if origin is None:
        return np.column_stack([east, north])
    return np.round(np.column_stack(geo.project(east, north, (origin.lat_deg, origin.lon_deg))), METRE_DECIMALS)


@dataclass(frozen=True)
class _Piece:
    """Some rows of a file, with what their columns must be.

    Attributes:
        path: the file.
        columns: which column gives what.
        frame: the rows.
        place: names the cell of a column in a row.
    """

    path: Path
    columns: Columns
    frame: pl.DataFrame
    place: Callable[[str, int], str]

    def _column(self, quantity: str) -> pl.Series:
        """A column without empty cells."""
        name = self.columns.name_of(quantity)
        column = self.frame[name]
        if column.null_count():
            where = self.place(name, column.is_null().arg_max() or 0)
            raise InputError(f"{where}: is empty (null); every user needs a value, or leave the column out")
        return column

    def numbers(self, quantity: str) -> NDArray[np.float64]:
        """The numbers of a quantity, in range."""
        import polars as pl

        values = self._column(quantity).cast(pl.Float64).to_numpy()
        broken = LIMITS[quantity].broken(values)
        if broken.any():
            at = int(np.argmax(broken))
            name = self.columns.name_of(quantity)
            others = int(broken.sum()) - 1
            more = f" ({others} more among the {len(values)} rows read with it)" if others else ""
            raise InputError(
                f"{self.place(name, at)}: {quantity} must be {LIMITS[quantity].in_words} (got {values[at]:g}){more}"
            )
        return values

    def ids(self) -> pl.Series:
        """The names."""
        column = self._column("id")
        return column if column.dtype.is_integer() else self._text(column)

    def _text(self, column: pl.Series) -> pl.Series:
        import polars as pl

        text = column.cast(pl.String)
        blank = text.str.strip_chars().str.len_bytes() == 0
        if blank.any():
            at = blank.arg_max() or 0
            raise InputError(f"{self.place(column.name, at)}: is blank; every user needs an id")
        return text

    def classes(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """The class of each user, as an index of the scenario's classes, the default one last."""
        import polars as pl

        accepted = (*classes, DEFAULT_CLASS)
        column = self._column("class").cast(pl.String)
        unknown = ~column.is_in(list(accepted))
        if unknown.any():
            at = unknown.arg_max() or 0
            hint = suggestion(column[at], accepted)
            raise InputError(
                f"{self.place(column.name, at)}: unknown class {column[at][:40]!r}; {hint}"
                f"accepted: {', '.join(accepted)}"
            )
        return column.replace_strict(list(accepted), range(len(accepted)), return_dtype=pl.Int64).to_numpy()


def _check_unique(piece: _Piece, name: str, ids: pl.Series) -> None:
    first = ids.is_first_distinct()
    if first.all():
        return
    at = (~first).arg_max() or 0
    earlier = (ids == ids[at]).arg_max() or 0
    raise InputError(
        f"{piece.path}: column {name!r}, row {at + 1} of {len(ids)}: duplicate id {str(ids[at])[:40]!r}; row "
        f"{earlier + 1} has it already"
    )


def _notes(path: Path, columns: Columns) -> tuple[str, ...]:
    unused = columns.not_used
    return (f"{path}: columns that are not used: {', '.join(unused)[:200]}",) if unused else ()
