"""Registry and checkpoints in a SQLite file; chunks by digest, with who refers to them."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Any

from twinhop.errors import InputError
from twinhop.live.ports import Checkpoint, Damaged, Versioned, Write
from twinhop.live.sqlite.database import DamagedFile, Database, restorable
from twinhop.live.sqlite.journal import SqliteJournal

TABLES = """
create table registry (
    key text primary key, value blob not null, revision integer not null, checksum integer not null
) without rowid;
create table checkpoint (
    twin text primary key, revision integer not null, epoch integer not null, position integer not null,
    head blob not null, chunks text not null, checksum integer not null
);
create table chunk (digest text primary key, payload blob not null);
create table reference (twin text, digest text, primary key (twin, digest)) without rowid;
create index reference_by_digest on reference (digest);
create table store (
    id integer primary key check (id = 1), revision integer not null, secret blob not null, has_journal integer not null
);
"""
SECRET_BYTES = 32


class SqliteState:
    """See `twinhop.live.ports.Registry` and `Checkpoints`.

    Args:
        database: with the tables.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.errors():
            if not database.rows("select 1 from store"):
                database.rows("insert into store values (1, 0, ?, 0)", (secrets.token_bytes(SECRET_BYTES),))
            self.revision, self.secret, self._has_journal = database.rows(
                "select revision, secret, has_journal from store"
            )[0]
        self._revision = self.revision  # that a commit may still fail to write

    def require_own(self, journal: SqliteJournal) -> bool:
        """Make sure that a journal is that of these checkpoints, or that both are new.

        Returns:
            Whether they are new.

        Raises:
            InputError: it is another one, or older than they are.
        """
        with self._database.errors():
            covered = self._database.rows("select coalesce(max(position), 0) from checkpoint")[0][0]
        is_new = not self._has_journal and not journal.last and not journal.store
        is_other = not is_new and journal.store != self._identity()
        if is_other or covered > journal.last or journal.needs_revision > self.revision:
            raise InputError(
                f"{self._database.path}: is not of the same folder and time as the journal beside it; restore both "
                "files from one backup"
            )
        return is_new

    def take(self, journal: SqliteJournal) -> None:
        """Be the checkpoints of a journal from now on.

        Raises:
            InputError: as `require_own`.
        """
        if self.require_own(journal):
            journal.belong(self._identity())
        if not self._has_journal:
            with self._database.transaction() as connection:
                connection.execute("update store set has_journal = 1")

    def _identity(self) -> bytes:
        return blake2b(self.secret, digest_size=16).digest()

    def _next(self) -> int:
        self._revision += 1
        return self._revision


class SqliteRegistry:
    """See `twinhop.live.ports.Registry`.

    Args:
        state: of the file.
        database: of the file.
    """

    def __init__(self, state: SqliteState, database: Database) -> None:
        self._state, self._database = state, database

    def get(self, key: str) -> Versioned | None:
        """The value of a key; see `Registry.get`."""
        with self._database.errors():
            rows = self._database.rows("select key, value, revision, checksum from registry where key = ?", (key,))
        return self._checked(*rows[0])[1] if rows else None

    def put(self, key: str, value: bytes, expected: int | None) -> int | None:
        """Write a value; see `Registry.put`."""
        with self._database.transaction() as connection:
            rows = list(connection.execute("select revision from registry where key = ?", (key,)))
            if (rows[0][0] if rows else None) != expected:
                return None
            revision = self._state._next()
            row = (key, value, revision, _of_value(key, value, revision))
            connection.execute("insert or replace into registry values (?, ?, ?, ?)", row)
            connection.execute("update store set revision = ?", (revision,))
        self._state.revision = revision
        return revision

    def delete(self, key: str) -> None:
        """Remove a key; see `Registry.delete`."""
        with self._database.transaction() as connection:
            connection.execute("delete from registry where key = ?", (key,))
        self._database.empty_log()

    def items(self, prefix: str) -> list[tuple[str, Versioned]]:
        """The keys that begin so; see `Registry.items`."""
        with self._database.errors():
            rows = self._database.rows(
                "select key, value, revision, checksum from registry where substr(key, 1, ?) = ? order by key",
                (len(prefix), prefix),
            )
        return [self._checked(*row) for row in rows]

    def _checked(self, key: str, value: bytes, revision: int, stated: int) -> tuple[str, Versioned]:
        if not isinstance(value, bytes) or _of_value(key, value, revision) != stated:
            raise InputError(restorable(self._database.path, f"registry: {key!r}: its checksum does not match"))
        return key, Versioned(value, revision)


class SqliteCheckpoints:
    """See `twinhop.live.ports.Checkpoints`.

    Args:
        state: of the file.
        database: of the file.
    """

    def __init__(self, state: SqliteState, database: Database) -> None:
        self._state, self._database = state, database

    def put(self, writes: Sequence[Write]) -> list[int | None]:
        """Write checkpoints in one commit; see `Checkpoints.put`."""
        revisions: list[int | None] = []
        with self._database.transaction() as connection:
            for write in writes:
                each = write.checkpoint
                rows = list(connection.execute("select revision, epoch from checkpoint where twin = ?", (each.twin,)))
                there, epoch = rows[0] if rows else (None, 0)
                if there != write.expected or epoch > each.epoch:
                    revisions.append(None)
                    continue
                revision = self._state._next()
                revisions.append(revision)
                self._chunks(connection, each, write)
                chunks = json.dumps(each.chunks)
                row = (each.twin, revision, each.epoch, each.position, each.head, chunks, _checksum(each))
                connection.execute("insert or replace into checkpoint values (?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("update store set revision = ?", (self._state._revision,))
        self._state.revision = self._state._revision
        return revisions

    def get(self, twin: str) -> tuple[Checkpoint, int] | None:
        """The checkpoint of a twin; see `Checkpoints.get`."""
        statement = "select epoch, position, head, chunks, checksum, revision from checkpoint where twin = ?"
        rows = self._of_one(statement, twin)
        if not rows:
            return None
        epoch, position, head, chunks, stated, revision = rows[0]
        try:
            checkpoint = Checkpoint(twin, epoch, position, head, tuple(json.loads(chunks)))
            if _checksum(checkpoint) != stated:
                raise ValueError("checksum")
        except (TypeError, ValueError):
            what = f"checkpoint of twin {twin!r}: its checksum does not match"
            raise Damaged(restorable(self._database.path, what)) from None
        return checkpoint, revision

    def chunk(self, digest: str) -> bytes:
        """The chunk of a digest; see `Checkpoints.chunk`."""
        rows = self._of_one("select payload from chunk where digest = ?", digest)
        if not rows or not isinstance(rows[0][0], bytes) or sha256(rows[0][0]).hexdigest() != digest:
            what = "is missing" if not rows else "does not have that digest"
            raise Damaged(restorable(self._database.path, f"chunk {digest}: {what}"))
        return rows[0][0]

    def delete(self, twin: str) -> None:
        """Remove a twin's checkpoint and chunks; see `Checkpoints.delete`."""
        with self._database.transaction() as connection:
            self._release(connection, twin, ())
            connection.execute("delete from checkpoint where twin = ?", (twin,))
        self._database.empty_log()

    def _of_one(self, statement: str, key: str) -> list[tuple[Any, ...]]:
        try:
            with self._database.errors():
                return self._database.rows(statement, (key,))
        except DamagedFile as error:
            raise Damaged(str(error)) from None

    def _chunks(self, connection, each: Checkpoint, write: Write) -> None:
        """Chunks that are new, and references to those that the checkpoint needs; others that nobody needs go."""
        for digest, payload in write.payloads.items():
            connection.execute("insert or ignore into chunk values (?, ?)", (digest, payload))
            connection.execute("insert or ignore into reference values (?, ?)", (each.twin, digest))
        self._release(connection, each.twin, each.chunks)

    @staticmethod
    def _release(connection, twin: str, needed: Sequence[str]) -> None:
        known = {digest for (digest,) in connection.execute("select digest from reference where twin = ?", (twin,))}
        missing = set(needed) - known
        if missing:
            raise InputError(f"checkpoint of twin {twin!r}: chunk {min(missing)} was never given")
        for digest in known - set(needed):
            connection.execute("delete from reference where twin = ? and digest = ?", (twin, digest))
            connection.execute(
                "delete from chunk where digest = ? and not exists (select 1 from reference where digest = ?)",
                (digest, digest),
            )


def _of_value(key: str, value: bytes, revision: int) -> int:
    """CRC-32 of a value of the registry and of what it belongs to."""
    return zlib.crc32(value, zlib.crc32(f"{revision} {key}".encode(errors="replace")))


def _checksum(each: Checkpoint) -> int:
    """CRC-32 of a checkpoint and of what it belongs to; its chunks have digests."""
    belongs = json.dumps([each.twin, each.epoch, each.position, list(each.chunks)]).encode()
    return zlib.crc32(each.head, zlib.crc32(belongs))
