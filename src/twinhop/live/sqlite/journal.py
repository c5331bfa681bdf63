"""The journal in a SQLite file: a row a record, with a checksum of position and content."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from apsw import Connection

from twinhop.errors import InputError
from twinhop.live.sqlite.database import Database, restorable

TABLES = """
create table record (position integer primary key, content blob not null, checksum integer not null);
create table mark (
    id integer primary key check (id = 1), position integer not null, store blob not null, checksum integer not null
);
"""
#: Made where it is missing: files without it are of a time when trims had no witness.
WITNESS = "create table if not exists witness (id integer primary key check (id = 1), revision integer not null)"
_POSITION = struct.Struct("<q")
COLUMNS = 3
#: Rows of one statement at most. Each statement lets go of the interpreter and has to get it back, for which it may
#: wait as long as another thread computes; so they are few, and of few lengths, which SQLite prepares once.
MOST_ROWS = 256


class SqliteJournal:
    """See `twinhop.live.ports.Journal`.

    Args:
        database: with the tables.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.witness: Callable[[], int] = lambda: 0
        """Revision of the store of checkpoints that is durable; a mark is raised over what it covers."""
        with database.errors():
            database.rows(WITNESS)
            self.needs_revision: int = database.rows("select coalesce(max(revision), 0) from witness")[0][0]
            rows = database.rows("select position, store, checksum from mark")
            oldest, newest = database.rows("select min(position), max(position) from record")[0]
        self._mark, self._store, stated = rows[0] if rows else (0, b"", _of_mark(0, b""))
        if not isinstance(self._store, bytes) or stated != _of_mark(self._mark, self._store):
            raise InputError(restorable(database.path, "low-water mark: its checksum does not match"))
        if oldest is not None and oldest <= self._mark:
            raise InputError(restorable(database.path, f"record {oldest} is below the low-water mark"))
        self._last = max(self._mark, newest or 0)

    @property
    def store(self) -> bytes:
        """Identity of the store of checkpoints that it belongs to; empty before it belongs to one."""
        return self._store

    def belong(self, store: bytes) -> None:
        """Belong to a store of checkpoints from now on."""
        with self._database.transaction() as connection:
            self._put_mark(connection, self._mark, store)
        self._store = store

    @property
    def last(self) -> int:
        """Position of the newest record ever written."""
        return self._last

    @property
    def mark(self) -> int:
        """The low-water mark."""
        return self._mark

    def append(self, records: Sequence[bytes]) -> list[int]:
        """Write records in one commit; see `Journal.append`."""
        positions = list(range(self._last + 1, self._last + 1 + len(records)))
        values = [each for at, record in zip(positions, records, strict=True) for each in _row(at, record)]
        with self._database.transaction() as connection:
            for first, rows in _parts(len(records)):
                connection.execute(_insert(rows), values[COLUMNS * first : COLUMNS * (first + rows)])
        self._last += len(records)
        return positions

    def read(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The first records above a position; see `Journal.read`."""
        with self._database.errors():
            rows = self._database.rows(
                "select position, content, checksum from record where position > ? order by position limit ?",
                (after, most),
            )
        expected = max(after, self._mark)
        for position, content, stated in rows:
            expected += 1
            if position != expected:
                raise InputError(restorable(self._database.path, f"record {expected} is missing"))
            if not isinstance(content, bytes) or checksum(position, content) != stated:
                raise InputError(restorable(self._database.path, f"record {position}: its checksum does not match"))
        return [(position, content) for position, content, _ in rows]

    def trim(self, mark: int) -> None:
        """Raise the mark and remove the records up to it; see `Journal.trim`."""
        if mark < self._mark:
            raise ValueError(f"mark {mark} below {self._mark}")
        if mark > self._last:
            raise ValueError(f"mark {mark} above the last record {self._last}")
        with self._database.transaction() as connection:
            connection.execute("delete from record where position <= ?", (mark,))
            self._put_mark(connection, mark, self._store)
            connection.execute("insert or replace into witness values (1, ?)", (self.witness(),))
        self._mark = mark
        self._database.empty_log()

    @staticmethod
    def _put_mark(connection: Connection, mark: int, store: bytes) -> None:
        connection.execute("insert or replace into mark values (1, ?, ?, ?)", (mark, store, _of_mark(mark, store)))


def _row(position: int, record: bytes) -> tuple[int, bytes, int]:
    return position, record, checksum(position, record)


def _parts(count: int) -> Iterator[tuple[int, int]]:
    """First row and rows of each statement: as many as there may be in one, then powers of two.

    >>> list(_parts(300)), list(_parts(5))
    ([(0, 256), (256, 32), (288, 8), (296, 4)], [(0, 4), (4, 1)])
    """
    first = 0
    while first < count:
        rows = min(MOST_ROWS, 1 << (count - first).bit_length() - 1)
        yield first, rows
        first += rows


@cache
def _insert(rows: int) -> str:
    return "insert into record values " + ", ".join(rows * ["(?, ?, ?)"])  # noqa: S608  # nothing of a user in it


def _of_mark(mark: int, store: bytes) -> int:
    return checksum(mark, store)


def checksum(position: int, content: bytes) -> int:
    """CRC-32 of a record and of where it stands."""
    return zlib.crc32(content, zlib.crc32(_POSITION.pack(position)))
