"""Tokens: what callers show; kept as hashes, with names and scopes."""

from __future__ import annotations

import errno
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.io.json_text import parse_json
from twinhop.live.backup import sync_folder
from twinhop.live.gateway.callers import Caller, check_scope
from twinhop.live.ports import NoRoom
from twinhop.scenario.fields import LONGEST_TEXT

FILE = "tokens.json"
VERSION = 1
LEAST_CHARACTERS, MOST_CHARACTERS = 32, 512
MOST_TOKENS = 200_000
FROM_ENVIRONMENT = "environment"
"""Name and id of the token that the environment gives; it is not in the file."""
_ACCEPTED = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Token:
    """What is kept of a token.

    Attributes:
        id: names it; public.
        name: of who has it.
        scopes: see `SCOPES`.
        made_s: when it was made, since 1970 [s].
        digest: SHA-256 of the token, in hexadecimal digits.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    made_s: float
    digest: str


class Tokens:
    """The tokens of a server.

    A token is 32 random bytes, so that its SHA-256 gives nothing away; the file can be read by its owner alone.

    Args:
        path: of the file, which need not be there.

    Raises:
        InputError: it is no such file, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._by_digest = {each.digest: each for each in _read(path)} if path.exists() else {}
        self._ids = {each.id for each in self._by_digest.values()}
        self._given: str | None = None

    def __len__(self) -> int:
        return len(self._by_digest)

    def give(self, token: str) -> None:
        """Let a token from the environment do everything, until the end of the process.

        Raises:
            InputError: it is too short, or no text of printable ASCII.
        """
        self._given = _digest(checked(token))

    def caller(self, token: str) -> Caller | None:
        """Who shows a token; None: nobody whom the server knows."""
        if not token or len(token) > MOST_CHARACTERS:
            return None
        digest = _digest(token)
        if self._given is not None and hmac.compare_digest(self._given, digest):
            return Caller(FROM_ENVIRONMENT, frozenset({"admin"}), FROM_ENVIRONMENT)
        found = self._by_digest.get(digest)
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        return Caller(found.name, frozenset(found.scopes), found.id)

    def knows(self, caller: Caller) -> bool:
        """Whether the token with which a caller came is still one of this server."""
        return caller.token == FROM_ENVIRONMENT or caller.token in self._ids

    def make(self, name: str, scopes: Iterable[str]) -> tuple[str, Token]:
        """A new token, and what is kept of it, on disk when this returns.

        Raises:
            InputError: the name is no line of text, a scope is unknown, or there are too many.
            NoRoom: the disk is full; there is no new token.
        """
        wanted = tuple(dict.fromkeys(check_scope(each) for each in scopes))
        if not wanted:
            raise InputError("token: scopes: at least one is needed")
        if not name.strip() or len(name) > LONGEST_TEXT or not name.isprintable():
            raise InputError(f"token: name: must be one line of at most {LONGEST_TEXT} printable characters")
        text = secrets.token_urlsafe(32)
        kept = Token(secrets.token_hex(6), name, wanted, round(time.time(), 3), _digest(text))
        with self._lock:
            if len(self._by_digest) >= MOST_TOKENS:
                raise InputError(f"token: there are {MOST_TOKENS} already; delete some")
            self._write({**self._by_digest, kept.digest: kept})
        return text, kept

    def delete(self, token_id: str) -> bool:
        """Remove a token; whether there was one of that id.

        Raises:
            NoRoom: the disk is full; the token is as before.
        """
        with self._lock:
            rest = {digest: each for digest, each in self._by_digest.items() if each.id != token_id}
            if len(rest) == len(self._by_digest):
                return False
            self._write(rest)
        return True

    def all(self) -> list[Token]:
        """Those of the file, the oldest first."""
        return sorted(self._by_digest.values(), key=lambda each: (each.made_s, each.id))

    def _write(self, tokens: dict[str, Token]) -> None:
        body = {"version": VERSION, "tokens": [asdict(each) for each in tokens.values()]}
        beside = self.path.with_suffix(".json.new")
        try:
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(body, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            words = f"{self.path.name}: cannot be written: {error.strerror}"
            raise NoRoom(words) if error.errno in (errno.ENOSPC, errno.EDQUOT) else InputError(words) from None
        self._by_digest = tokens
        self._ids = {each.id for each in tokens.values()}


def checked(token: str) -> str:
    """A token that was chosen by somebody.

    Raises:
        InputError: it is too short or too long, or no text of printable ASCII without spaces.
    """
    if not LEAST_CHARACTERS <= len(token) <= MOST_CHARACTERS or not _ACCEPTED.fullmatch(token):
        raise InputError(
            f"TWINHOP_TOKEN: must be {LEAST_CHARACTERS} to {MOST_CHARACTERS} printable characters of ASCII without "
            f"spaces, such as `openssl rand -hex 32` prints (got {len(token)} characters)"
        )
    return token


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path) -> list[Token]:
    try:
        body: Any = parse_json(path.read_text(encoding="utf-8"), str(path))
        if body["version"] > VERSION:
            raise InputError(f"{path}: of version {body['version']}; this program reads up to {VERSION}")
        return [Token(**{**each, "scopes": tuple(each["scopes"])}) for each in body["tokens"]]
    except (OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is no file of tokens: {error}; move it away to begin without tokens") from None
