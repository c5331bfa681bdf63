"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: ``ok``; ``note``: worth knowing, and nothing that was asked for is hindered; ``problem``: something is.
Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Check:
    """What was found of one thing.

    Attributes:
        topic: heading that it stands under.
        name: of the thing.
        value: what there is, in words.
        level: whether that hinders.
        advice: what to do; empty where nothing is to be done.
    """

    topic: str
    name: str
    value: str
    level: Level = "ok"
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for machines."""
        return dict(vars(self))
