"""The topics: ``twins/{id}/updates``, ``twins/{id}/desired``, ``twins/{id}/status``."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from twinhop.scenario.fields import LONGEST_TEXT

FIRST = "twins"
Part = Literal["updates", "desired", "status"]
WILDCARDS = frozenset("+#")
"""Twins with these in their ids have no topics."""
_PARTS: tuple[Part, ...] = ("updates", "desired", "status")


class Topic(NamedTuple):
    """What a topic is about.

    Attributes:
        twin: id.
        part: of the twin.
    """

    twin: str
    part: Part


@lru_cache(20_000)
def parse_topic(text: str) -> Topic | None:
    """The topic of a text; None: there is no such topic.

    >>> parse_topic("twins/car-1/updates")
    Topic(twin='car-1', part='updates')
    >>> parse_topic("twins/a/b/updates") is None, parse_topic("twins/+/updates") is None
    (True, True)
    """
    levels = text.split("/")
    if len(levels) != 3 or levels[0] != FIRST:
        return None
    _, twin, name = levels
    for part in _PARTS:
        if name == part and _is_twin(twin):
            return Topic(twin, part)
    return None


def _is_twin(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST_TEXT and text.isprintable() and not set(text) & WILDCARDS


def desired_topic(twin: str) -> str:
    """Where the desired settings of a twin are sent."""
    return f"{FIRST}/{twin}/desired"
