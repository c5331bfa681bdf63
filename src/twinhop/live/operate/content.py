"""Whether what a folder holds is whole: every record, every checkpoint, every chunk, and that they belong together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from twinhop.errors import InputError
from twinhop.live.entry import Entry, Kind
from twinhop.live.fold import asides_of_head
from twinhop.live.machine import ERASED_PREFIX, TWIN_PREFIX
from twinhop.live.sqlite.database import Database
from twinhop.live.sqlite.journal import SqliteJournal
from twinhop.live.sqlite.state import SqliteCheckpoints, SqliteRegistry, SqliteState

#: Records read at once.
READ = 5_000
#: Damages that are named; beyond, they are counted.
NAMED = 5


@dataclass
class Content:
    """What a folder holds.

    Attributes:
        records: in the journal.
        mark: its low-water mark.
        last: position of its newest record.
        twins: that are registered.
        erased: tombstones.
        checkpoints: of twins.
        chunks: of their histories.
        set_aside: updates by reason, of all twins.
        most_set_aside: the twins with most of them.
        damages: what is not as it was written, in words.
    """

    records: int = 0
    mark: int = 0
    last: int = 0
    twins: int = 0
    erased: int = 0
    checkpoints: int = 0
    chunks: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    most_set_aside: Counter[str] = field(default_factory=Counter)
    damages: list[str] = field(default_factory=list)


def look_through(journal: Database, state: Database) -> Content:
    """Read everything.

    Args:
        journal: the file of the journal.
        state: the file of registry, checkpoints and chunks.
    """
    content = Content()
    begun = _journal(journal, content)
    with state.errors():
        whole = state.rows("pragma quick_check(1)")[0][0]
    if whole != "ok":
        content.damages.append(f"{state.path}: damaged: {' '.join(whole.split())}")
        return content
    with state.errors():
        if not state.rows("select 1 from store"):
            content.damages.append(f"{state.path}: the row of its store is missing; restore the folder from a backup")
            return content
    written = SqliteState(state)
    _belongs(journal, written, content)
    registered = _registry(SqliteRegistry(written, state), content)
    stored = _checkpoints(state, SqliteCheckpoints(written, state), content)
    for twin in sorted(registered - stored - begun):
        content.damages.append(f"{state.path}: twin {twin!r}: has neither a checkpoint nor a record that begins it")
    return content


def require_whole(journal: Database, state: Database) -> Content:
    """Read everything, and refuse what is damaged.

    Raises:
        InputError: something is; what, and how much besides.
    """
    content = look_through(journal, state)
    if content.damages:
        more = f" (and {len(content.damages) - 1} more)" if len(content.damages) > 1 else ""
        raise InputError(content.damages[0] + more)
    return content


def _journal(database: Database, content: Content) -> set[str]:
    """The twins that its records begin."""
    twins: set[str] = set()
    try:
        with database.errors():
            whole = database.rows("pragma quick_check(1)")[0][0]
        if whole != "ok":
            raise InputError(f"{database.path}: damaged: {' '.join(whole.split())}; restore it from a backup")
        journal = SqliteJournal(database)
        content.mark, content.last = journal.mark, journal.last
        after = journal.mark
        while records := journal.read(after, READ):
            entries = [Entry.decoded(record) for _, record in records]
            twins |= {each.twin for each in entries if each.kind is Kind.CREATE}
            after = records[-1][0]
            content.records += len(records)
    except InputError as error:
        content.damages.append(str(error))
    return twins


def _belongs(journal: Database, state: SqliteState, content: Content) -> None:
    try:
        state.require_own(SqliteJournal(journal))
    except InputError as error:
        if str(error) not in content.damages:
            content.damages.append(str(error))


def _registry(registry: SqliteRegistry, content: Content) -> set[str]:
    try:
        keys = [key for key, _ in registry.items("")]
    except InputError as error:
        content.damages.append(str(error))
        return set()
    twins = {key.removeprefix(TWIN_PREFIX) for key in keys if key.startswith(TWIN_PREFIX)}
    content.twins = len(twins)
    content.erased = sum(key.startswith(ERASED_PREFIX) for key in keys)
    return twins


def _checkpoints(database: Database, checkpoints: SqliteCheckpoints, content: Content) -> set[str]:
    """The twins that have one, whole or not."""
    with database.errors():
        twins = [twin for (twin,) in database.rows("select twin from checkpoint order by twin")]
        digests = {digest for (digest,) in database.rows("select digest from chunk")}
    content.checkpoints, content.chunks = len(twins), len(digests)
    for twin in twins:
        try:
            stored = checkpoints.get(twin)
            assert stored is not None
            digests |= set(stored[0].chunks)
            asides = asides_of_head(stored[0].head, f"{database.path}: checkpoint of twin {twin!r}")
        except InputError as error:
            content.damages.append(str(error))
            continue
        content.set_aside += asides
        if asides:
            content.most_set_aside[twin] = asides.total()
    for digest in sorted(digests):
        try:
            checkpoints.chunk(digest)
        except InputError as error:
            content.damages.append(str(error))
    return set(twins)
