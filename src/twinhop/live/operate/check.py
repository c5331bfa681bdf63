"""What `twinhop doctor DATA_DIR` looks at: whether a folder can be served. It changes nothing in the folder."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from twinhop.diagnosis import Check
from twinhop.errors import InputError
from twinhop.extras import missing_words
from twinhop.io.folder_lock import locked
from twinhop.live.limits import Limits
from twinhop.live.operate.backup import SNAPSHOT_PREFIX
from twinhop.live.sqlite.folder import JOURNAL, STATE
from twinhop.text import counted

TOKENS = "tokens.json"
MIB = 2**20
#: Damages and twins that are named.
NAMED = 5


def folder_checks(folder: Path, limits: Limits | None = None) -> list[Check]:
    """Look at the folder of a host, whether or not it is served just now.

    Args:
        folder: it.
        limits: with which it is to be served.

    Raises:
        InputError: it is not there, or is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; expected the one that `twinhop serve --data` names")
    if not any((folder / name).exists() for name in (JOURNAL, STATE)):
        raise InputError(f"{folder}: is no folder of `twinhop serve`: it has neither {JOURNAL} nor {STATE}")
    return [
        *_place(folder, limits or Limits()),
        *_tokens(folder / TOKENS),
        *_leftovers(folder),
        *_content(folder),
    ]


def _place(folder: Path, limits: Limits) -> Iterator[Check]:
    topic = "folder"
    yield Check(topic, "path", str(folder.resolve()))
    refused = [path.name for path in (folder, *folder.glob("*.db*")) if not os.access(path, os.R_OK | os.W_OK)]
    if refused:
        advice = "serve it as the user who owns it, or give it to that user (chown)"
        yield Check(topic, "access", f"{', '.join(sorted(refused))}: not to be read and written", "problem", advice)
    else:
        yield Check(topic, "access", "can be read and written")
    is_open = stat.S_IMODE(folder.stat().st_mode) & 0o077
    words = "others than its owner may look into it" if is_open else "its owner's alone"
    yield Check(topic, "permissions", words, "note" if is_open else "ok", f"chmod 700 {folder}" if is_open else "")
    free, used = shutil.disk_usage(folder).free, sum(path.stat().st_size for path in folder.glob("*.db*"))
    least = max(limits.free_bytes, used)
    words = f"{free / MIB:.0f} MiB free; the folder has {used / MIB:.1f} MiB"
    if free < limits.free_bytes:
        advice = f"make room: nothing is acknowledged below {limits.free_bytes / MIB:.0f} MiB"
        yield Check(topic, "disk", words, "problem", advice)
    elif free < least:
        yield Check(topic, "disk", words, "note", "a backup while it is served needs as much room as the folder has")
    else:
        yield Check(topic, "disk", words)


def _tokens(path: Path) -> Iterator[Check]:
    topic = "tokens"
    if not path.exists():
        yield Check(topic, path.name, "is not there: the next start makes the first token, unless TWINHOP_TOKEN has it")
        return
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        json.loads(path.read_bytes())
    except OSError as error:
        yield Check(topic, path.name, f"cannot be read: {error.strerror}", "problem", "look at it as its owner")
        return
    except (ValueError, RecursionError):
        yield Check(
            topic, path.name, "is not JSON", "problem", "restore it from a backup, or remove it: all tokens end"
        )
        return
    is_open = bool(mode & 0o077)
    words = f"mode {mode:04o}: others may read the hashes of tokens" if is_open else f"mode {mode:04o}"
    yield Check(topic, path.name, words, "problem" if is_open else "ok", f"chmod 600 {path}" if is_open else "")


def _leftovers(folder: Path) -> Iterator[Check]:
    left = sorted(path.name for path in folder.glob(f"{SNAPSHOT_PREFIX}*"))
    if left:
        words = f"{', '.join(left[:NAMED])}: of a backup that is running, or that a crash ended"
        yield Check("folder", "copies", words, "note", "the next start or backup removes what a crash has left")


def _content(folder: Path) -> Iterator[Check]:
    topic = "content"
    words = missing_words("serve", "twins that live")
    if words:
        yield Check(topic, "packages", words, "problem", "install the extra 'serve'")
        return
    from twinhop.live.operate.stored import stored_files

    logs = [path for path in folder.glob("*.db-wal") if path.stat().st_size]
    try:
        with locked(folder):
            yield Check(topic, "served", "by nobody" + (", and the last end was not orderly" if logs else ""))
            with stored_files(folder) as files:
                yield from _settings()
                yield from _records_and_twins(*files)
    except InputError as error:
        words = str(error)
        if "another run writes here" in words:
            holder = words.partition("(")[2].partition(")")[0]
            yield Check(
                topic,
                "served",
                f"by {holder}: what is in the files was not looked at",
                "note",
                "ask it for /health/ready and /metrics; look at the files of a backup, or again once it has ended",
            )
        else:
            yield Check(topic, "files", words, "problem", "docs/operate-live.md says how a backup is restored")


def _settings() -> Iterator[Check]:
    """Whether SQLite as it is here takes the settings on which promises rest."""
    from twinhop.live.sqlite.database import PRAGMAS, Database

    try:
        with tempfile.TemporaryDirectory() as folder:
            Database(Path(folder) / "settings.db", "create table one (a)").close()
    except InputError as error:
        yield Check("content", "settings", str(error), "problem", "install apsw anew: its SQLite does not take them")
    else:
        yield Check("content", "settings", ", ".join(f"{name} {value}" for name, value in PRAGMAS.items()))


def _records_and_twins(journal, state) -> Iterator[Check]:
    from twinhop.live.operate.content import look_through

    topic = "content"
    content = look_through(journal, state)
    words = f"{counted(content.records, 'record')} above the low-water mark {content.mark}; newest {content.last}"
    yield Check(topic, "journal", words)
    words = f"{counted(content.twins, 'twin')}, {counted(content.checkpoints, 'checkpoint')}"
    yield Check(topic, "twins", f"{words}, {counted(content.chunks, 'chunk')} of histories; {content.erased} erased")
    if content.set_aside:
        reasons = ", ".join(f"{count} {reason}" for reason, count in content.set_aside.most_common())
        most = ", ".join(f"{twin!r} ({count})" for twin, count in content.most_set_aside.most_common(NAMED))
        yield Check(topic, "set aside", f"updates: {reasons}; most of {most}", "note", "see the twins' own counts")
    else:
        yield Check(topic, "set aside", "no update of a twin that is checkpointed")
    for words in content.damages[:NAMED]:
        yield Check(topic, "damaged", words, "problem", "docs/operate-live.md says how a backup is restored")
    if len(content.damages) > NAMED:
        yield Check(topic, "damaged", f"{len(content.damages) - NAMED} more", "problem")
    if not content.damages:
        yield Check(
            topic, "checksums", "of every record, checkpoint, chunk and key: all match, and no record is missing"
        )
