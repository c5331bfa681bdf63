"""Who calls, and what they may."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from twinhop.errors import InputError

DEVICE = "device:"
"""Before the id of the one twin of a device, in its scope."""
SCOPES = {
    "admin": "everything",
    "operate": "change and read everything but tokens and backups",
    "read": "read everything but tokens and backups",
    "gateway": "create twins, and send updates of any twin; its answers show those twins and their settings",
    "device:ID": "send updates of twin ID, and read that twin",
}
"""The scopes of tokens, and what each allows."""


class Caller(NamedTuple):
    """Who calls.

    Attributes:
        name: of the token; others may have the same.
        scopes: see `SCOPES`.
        token: id of the token, which no other has.
    """

    name: str
    scopes: frozenset[str]
    token: str

    def may(self, scopes: Collection[str], twin: str | None = None) -> bool:
        """Whether the caller has one of some scopes.

        Args:
            scopes: one of which is needed; ``device``: that of the twin.
            twin: which the call is about.

        >>> Caller("car", frozenset({"device:car-1"}), "t3").may({"device"}, "car-2")
        False
        """
        if "admin" in self.scopes:
            return True
        if "read" in scopes and "operate" in self.scopes:
            return True
        return any(
            each in self.scopes if each != "device" else twin is not None and DEVICE + twin in self.scopes
            for each in scopes
        )


def check_scope(scope: str) -> str:
    """A scope as it is.

    Raises:
        InputError: there is no such scope.
    """
    if scope in SCOPES and scope != "device:ID":
        return scope
    if scope.startswith(DEVICE) and scope != DEVICE:
        return scope
    raise InputError(f"scope {scope[:60]!r}: unknown; accepted: {', '.join(SCOPES)}")
