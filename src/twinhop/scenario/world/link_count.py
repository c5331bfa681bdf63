"""How many links there are between users and stations, and too many of them to be looked at one by one."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.columns import station_count, user_count
from twinhop.text import counted

MOST_LINKS = 200_000_000
"""What looks at every link refuses more of them: it would take above 12 GB."""


def link_count(scenario: Scenario) -> int:
    """How many links there are between all users and stations.

    >>> from twinhop.scenario.presets.family import family
    >>> link_count(family(100, 10))
    1000
    """
    return user_count(scenario) * station_count(scenario)


def refuse_every_link(scenario: Scenario) -> None:
    """Refuse a scenario of too many links before any array of them is made.

    Raises:
        InputError: it has more than `MOST_LINKS`.
    """
    if link_count(scenario) > MOST_LINKS:
        users, stations = counted(user_count(scenario), "user"), counted(station_count(scenario), "station")
        raise InputError(
            f"{scenario.where}: {users} x {stations} are more links than are looked at one by one ({MOST_LINKS}); "
            "plan, scenario check, show and describe take it, everything else needs fewer users or stations"
        )
