"""A table of demand by user, or cell, and hour: its rows become profiles of the section `load`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.table import Decimal, Table, parse_number, read_table
from twinhop.scenario.column_names import NAMES, spelling
from twinhop.scenario.schema.load_section import HOURS
from twinhop.scenario.validation_errors import MOST_ERRORS
from twinhop.text import plural, suggestion

#: Columns of the long form, beside the one of ids.
HOUR_NAMES = ("hour", "hour_of_day", "h", "stunde", "heure")
VALUE_NAMES = ("value", "factor", "share", "demand", "load", *NAMES["weight"])
_HOUR = re.compile(r"(?:h|hour|stunde)?[ _]?([0-9]{1,2})(?::00)?h?", re.IGNORECASE)
#: Hours and ids named in a message.
NAMED = 5
ACCEPTED = "expected a column of ids and 0 to 23 (or h00 to h23), or the columns id, hour and value"


@dataclass(frozen=True, eq=False)
class HoursTable:
    """The demand of rows of users by hour.

    Attributes:
        name: of the file.
        values: (N, 24) in the order of the users.
        layout: how it is written, in words.
    """

    name: str
    values: NDArray[np.float64]
    layout: str

    def profiles(self, ids: Sequence[str]) -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
        """The profiles by name, and the name of each user's: that of the first user who has the same.

        Args:
            ids: (N,) of the users.
        """
        name_of: dict[tuple[float, ...], str] = {}
        followed = tuple(
            name_of.setdefault(tuple(row), name) for row, name in zip(self.values.tolist(), ids, strict=True)
        )
        return {name: row for row, name in name_of.items()}, followed


def read_hours(
    path: Path, ids: Sequence[str], *, separator: str | None = None, decimal: Decimal | None = None
) -> HoursTable:
    """Read a table of users by hours: a row a user with a column an hour, or a row for each user and hour.

    Args:
        path: the file.
        ids: (N,) of the users; each needs every hour.
        separator: what stands between cells; None: told by the file.
        decimal: the mark of decimals; None: told by the file.

    Raises:
        InputError: an id is unknown, missing or comes twice, an hour is missing or none of a day, or a value is no
            number >= 0, a line each; or all are 0.
    """
    table = read_table(path, "a table of hours", separator=separator, decimal=decimal)
    if not table.rows:
        raise InputError(f"{path}: has no rows below the header; {ACCEPTED}")
    reader = _Reader(table, ids)
    errors = list(reader.read())
    if errors:
        raise InputError("\n".join(errors[:MOST_ERRORS]))
    if not (reader.values > 0).any():
        raise InputError(f"{table.name}: every value is 0: no user has any demand; expected numbers > 0 in some hour")
    return HoursTable(table.name, reader.values, f"{reader.form}, separated by {table.dialect.separated_by}")


class _Reader:
    def __init__(self, table: Table, ids: Sequence[str]):
        self._table, self._ids = table, ids
        self._at = {name: at for at, name in enumerate(ids)}
        self.values = np.full((len(ids), HOURS), np.nan)
        self.form = ""

    def read(self) -> Iterator[str]:
        """Fill the values; what is wrong, a line each."""
        names = self._table.dialect.columns
        where = f"{self._table.name}:{max(1, self._table.dialect.header_line)}"
        hours = {at: int(match[1]) for at, name in enumerate(names) if (match := _HOUR.fullmatch(name.strip()))}
        hour_at, value_at = self._named(names, HOUR_NAMES), self._named(names, VALUE_NAMES)
        if hours:
            self.form = "a row a user"
            id_at = self._id_column(names, set(hours), where)
            wrong = sorted({hour for hour in hours.values() if hour >= HOURS})
            twice = sorted({hour for hour in hours.values() if list(hours.values()).count(hour) > 1})
            missing = sorted(set(range(HOURS)) - set(hours.values()))
            for bad, what in ((wrong, "a day has no"), (twice, "given twice:"), (missing, "missing:")):
                if bad:
                    yield f"{where}: {what} {plural(len(bad), 'hour')} {_few(bad)}; {ACCEPTED}"
                    return
            yield from self._wide(id_at, hours)
        elif hour_at is not None and value_at is not None:
            self.form = "a row for each user and hour"
            yield from self._long(self._id_column(names, {hour_at, value_at}, where), hour_at, value_at)
        else:
            yield f"{where}: no columns of hours (found {', '.join(names)[:80]}); {ACCEPTED}"
            return

    @staticmethod
    def _named(names: Sequence[str], accepted: Sequence[str]) -> int | None:
        spellings = {spelling(each) for each in accepted}
        return next((at for at, name in enumerate(names) if spelling(name) in spellings), None)

    def _id_column(self, names: Sequence[str], taken: set[int], where: str) -> int:
        for accepted in (NAMES["id"], NAMES["user"], NAMES["station"]):
            at = self._named(names, accepted)
            if at is not None and at not in taken:
                return at
        others = [at for at in range(len(names)) if at not in taken]
        if len(others) == 1:
            return others[0]
        raise InputError(f"{where}: no column of ids (found {', '.join(names)[:80]}); {ACCEPTED}")

    def _wide(self, id_at: int, hours: dict[int, int]) -> Iterator[str]:
        first: dict[str, int] = {}
        for row, cells in enumerate(self._table.rows):
            name, place = cells[id_at], self._table.place(row)
            if first.setdefault(name, self._table.lines[row]) != self._table.lines[row]:
                yield f"{place}: duplicate id {name!r}; first on line {first[name]}"
                continue
            if name not in self._at:
                yield self._unknown(place, name)
                continue
            for at, hour in hours.items():
                yield from self._put(place, name, hour, cells[at], at)
        yield from self._missing()

    def _long(self, id_at: int, hour_at: int, value_at: int) -> Iterator[str]:
        for row, cells in enumerate(self._table.rows):
            name, place = cells[id_at], self._table.place(row)
            match = _HOUR.fullmatch(cells[hour_at])
            if name not in self._at:
                yield self._unknown(place, name)
            elif match is None or int(match[1]) >= HOURS:
                yield f"{place}: {self._table.dialect.columns[hour_at]}: got {cells[hour_at][:40]!r}; expected 0 to 23"
            elif not np.isnan(self.values[self._at[name], int(match[1])]):
                yield f"{place}: hour {int(match[1])} of {name!r} comes twice"
            else:
                yield from self._put(place, name, int(match[1]), cells[value_at], value_at)
        yield from self._missing()

    def _put(self, place: str, name: str, hour: int, cell: str, at: int) -> Iterator[str]:
        number = parse_number(self._table.dialect.number_text(cell, at))
        if number is None or not 0 <= number < np.inf:
            got = f"got {cell[:40]!r}" if cell else "is empty"
            column = self._table.dialect.columns[at]
            yield f"{place}: {column}: {got}; expected a number >= 0 for hour {hour} of {name!r}"
            number = 0.0
        self.values[self._at[name], hour] = number

    def _unknown(self, place: str, name: str) -> str:
        return f"{place}: there is no user {name[:40]!r}; {suggestion(name, self._ids)}".rstrip("; ")

    def _missing(self) -> Iterator[str]:
        for at in np.flatnonzero(np.isnan(self.values).any(axis=1)).tolist():
            hours = np.flatnonzero(np.isnan(self.values[at])).tolist()
            what = (
                "has no row" if len(hours) == HOURS else f"lacks {'hour' if len(hours) == 1 else 'hours'} {_few(hours)}"
            )
            yield f"{self._table.name}: user {self._ids[at]!r} {what}; every user needs each hour from 0 to 23"


def _few(hours: Sequence[int]) -> str:
    return ", ".join(map(str, hours[:NAMED])) + (", ..." if len(hours) > NAMED else "")
