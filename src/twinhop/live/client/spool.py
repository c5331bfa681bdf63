"""Updates on the device's disk: what was offered outlives the device's program, and its incarnation rises."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from twinhop.errors import InputError
from twinhop.live.client.outbox import Update, incarnation_of

VERSION = 1
#: Acknowledged updates are removed so many at a time, or with the next one that comes.
REMOVED_AT_ONCE = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS updates (place INTEGER PRIMARY KEY, twin TEXT NOT NULL, incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL, observed_s REAL NOT NULL, spoken TEXT NOT NULL);
"""


class Spool:
    """A file of SQLite with the updates that are not known to be acknowledged, and the incarnation.

    Every update is on disk (`synchronous=FULL`) when `add` returns. What is acknowledged is removed with a later one;
    what a power cut leaves behind is sent again, which is harmless.

    Args:
        path: of the file; made where it is missing.
        now_s: since 1970; the first incarnation of a new file is of it [s].

    Raises:
        InputError: it is no such file, of a newer version, in use, or cannot be written.
    """

    def __init__(self, path: Path | str, now_s: float) -> None:
        self.path = Path(path)
        self._lock, self._gone = threading.Lock(), list[int]()
        try:
            self._file = sqlite3.connect(self.path, timeout=0.2, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
            self._file.execute("PRAGMA journal_mode=WAL").fetchall()
            self._file.execute("PRAGMA synchronous=FULL").fetchall()
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executescript(_TABLES)
            version = self._fact("version")
            if version is not None and version > VERSION:
                raise InputError(f"{path}: a spool of version {version}; this program reads up to {VERSION}")
            self.incarnation = max((self._fact("incarnation") or 0) + 1, incarnation_of(now_s))
            self._set("version", VERSION)
            self._set("incarnation", self.incarnation)
        except sqlite3.Error as error:
            raise InputError(
                f"{path}: cannot be used as a spool: {error}; expected a file of an earlier run, or a free name in "
                "a folder that can be written, and one program at a time"
            ) from None

    def _fact(self, name: str) -> int | None:
        row = self._file.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def _set(self, name: str, value: int) -> None:
        self._file.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def updates(self) -> list[Update]:
        """Those of earlier runs, in order.

        Raises:
            InputError: one is not as it was written.
        """
        rows = self._file.execute(
            "SELECT place, twin, incarnation, seq, observed_s, spoken FROM updates ORDER BY place"
        )
        try:
            return [
                Update(place, twin, incarnation, seq, observed_s, json.loads(spoken))
                for place, twin, incarnation, seq, observed_s, spoken in rows
            ]
        except (sqlite3.Error, ValueError) as error:
            raise InputError(f"{self.path}: an update in it is damaged: {error}") from None

    def add(self, update: Update) -> None:
        """Write an update; it is on disk when this returns.

        Raises:
            InputError: it cannot be written.
        """
        row = (update.order, update.twin, update.incarnation, update.seq, update.observed_s, json.dumps(update.values))
        with self._lock:
            self._commit([("INSERT INTO updates VALUES (?, ?, ?, ?, ?, ?)", row)])

    def remove(self, updates: Iterable[Update]) -> None:
        """Remove updates that are acknowledged or given up, soon."""
        with self._lock:
            self._gone += (each.order for each in updates)
            if len(self._gone) >= REMOVED_AT_ONCE:
                self._commit([])

    def close(self) -> None:
        """Remove what is to be removed, and close the file."""
        with self._lock:
            try:
                self._commit([])
            finally:
                self._file.close()

    def _commit(self, writes: list[tuple[str, tuple[object, ...]]]) -> None:
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                for statement, row in writes:
                    self._file.execute(statement, row)
                self._file.executemany("DELETE FROM updates WHERE place = ?", [(order,) for order in self._gone])
                self._file.execute("COMMIT")
                self._gone.clear()
            except sqlite3.Error:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: cannot be written: {error}; nothing of this update was kept") from None
